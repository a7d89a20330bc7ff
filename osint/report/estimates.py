"""What each figure on file would allow, site by site, and the summary of the main job."""

from __future__ import annotations

import numpy as np
import pandas as pd

from osint import model
from osint.model import Dossier, show
from osint.register import Modality, Register, Role
from osint.verdict import Found, counted_chips, national

BASES = {
    "floor": ("floor_m2",),
    "power": ("it_mw", "facility_mw", "power_mw", "average_mw", "energy_gwh_per_yr"),
    "racks": ("racks",),
    "compute": ("pflops",),
    "money": ("cost_cny",),
}
"""Basis of an estimate -> quantities that count for it."""
HORIZON_DAYS = 366
"""Days after the latest text beyond which a target is not compared with what is on file (judgement)."""


def estimates(register: Register) -> pd.DataFrame:
    """Return the chips of H100 class that each figure on file would allow, site by site.

    Columns: site_id, label, basis, given, claim_ids, low, best, high, unit, arithmetic, claimed_low, claimed_high.
    One row per basis: the claim for the whole site that is latest; NaN claimed where no chips are claimed.
    """
    dossier, rows = Dossier.of(register), []
    for site in (s for s in dossier.sites.values() if s.role in {Role.ANNOUNCED, Role.COMPARATOR}):
        claims = [c for c in dossier.claims[site.site_id] if not c.error_test]
        chips = [c for c in claims if c.quantity == "chips" and c.modality != Modality.DENIED]
        top = max(chips, key=lambda c: c.claimed, default=None)
        written = [c.date.last.toordinal() for c in claims if c.date]
        horizon = max(written, default=0) + HORIZON_DAYS
        for basis, quantities in BASES.items():
            if basis == "money" and site.country != "CN":
                continue
            options = [
                (c.day, c.claim_id, given)
                for c in claims
                if not c.part and c.quantity in quantities and c.day <= horizon
                for given in [model.given_of(c)]
                if given is not None and not given.bound
            ]
            if not options:
                continue
            given = max(options, key=lambda option: option[:2])[2]
            answer = model.estimate("chips", [given], chip="H100", country=site.country, register=register)
            rows.append(
                {
                    "site_id": site.site_id,
                    "label": site.name_display,
                    "basis": basis,
                    "given": given.text(),
                    "claim_ids": "; ".join(given.ids),
                    "low": model.sig(answer.low),
                    "best": model.sig(answer.best),
                    "high": model.sig(answer.high),
                    "unit": "chips of H100 class",
                    "arithmetic": answer.chain[0],
                    "claimed_low": top.claimed if top else np.nan,
                    "claimed_high": top.value_high if top and top.value_high is not None else np.nan,
                }
            )
    return pd.DataFrame(rows)


def summarise(register: Register, found: Found, per_site: pd.DataFrame) -> pd.DataFrame:
    """One row a site: claims, findings by name, chips claimed, chips that the figures on file would allow."""
    rows = []
    for site in register.sites.to_dict("records"):
        mine = found.findings[found.findings["site_id"] == site["site_id"]] if len(found.findings) else found.findings
        counts = mine["finding"].value_counts() if len(mine) else {}
        on_paper = per_site[per_site["site_id"] == site["site_id"]]
        claimed = on_paper["claimed_low"].dropna()
        rows.append(
            {
                "site": site["site_id"],
                "name": site["name_display"],
                "claims": len(mine),
                "findings": ", ".join(f"{n} {name}" for name, n in counts.items()) or "no claim on file",
                "chips claimed": show(claimed.iloc[0], 3) if len(claimed) else "",
                "H100-class chips on paper": f"{show(on_paper['low'].min())} to {show(on_paper['high'].max())}"
                if len(on_paper)
                else "",
            }
        )
    return pd.DataFrame(rows)


def supply_in_country(register: Register) -> list[tuple[str, float, float]]:
    """Return published estimates of restricted chips in China, one per group, as (label, low, high)."""
    dossier, out = Dossier.of(register), []
    for c in counted_chips(dossier, national(dossier, "CN")):
        high = c.figure * 1.0001 if c.value_high is None else c.value_high
        out.append((f"{c.claim_id} {c.claimant[:34]}", c.figure, high))
    return out
