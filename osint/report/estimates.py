"""What each figure on file would allow, site by site, and the summary of the main job."""

from __future__ import annotations

import numpy as np
import pandas as pd

from osint import model
from osint.model import evidence
from osint.model.givens import show
from osint.register import Register, date_bounds
from osint.verdict.run import Found

BASES = {
    "floor": ("floor_m2",), "power": ("it_mw", "facility_mw", "power_mw", "average_mw", "energy_gwh_per_yr"), "racks": ("racks",), "compute": ("pflops",),
    "money": ("cost_cny",),
}  # fmt: skip


HORIZON_DAYS = 366


def estimates(register: Register) -> pd.DataFrame:
    """Chips of H100 class that each figure on file would allow, site by site.

    Columns: site_id, label, basis, given, claim_ids, low, best, high, unit, arithmetic, claimed_low, claimed_high.
    One row a basis: the claim for the whole site that is latest; NaN claimed where no chips are claimed.
    """
    rows = []
    for site in register.sites[register.sites["role"].isin(["announced", "comparator"])].to_dict("records"):
        claims = [r for r in register.rows("claims", site["site_id"]) if r["error_test"] != "yes"]
        chips = [r for r in claims if evidence.quantity_of(r) == "chips" and r["modality"] != "denied"]
        top = max(chips, key=evidence.claimed, default=None)
        written = [date_bounds(r["date"])[1].toordinal() for r in claims if r["date"]]
        horizon = max(written, default=0) + HORIZON_DAYS  # targets further off are not set beside what is on file
        for basis, quantities in BASES.items():
            if basis == "money" and site["country"] != "CN":
                continue
            options = [
                (evidence.day_of(r), r["claim_id"], given)
                for r in claims
                if not r["part"] and evidence.quantity_of(r) in quantities
                for given in [evidence.given_of(r)]
                if given is not None and not given.bound and evidence.day_of(r) <= horizon
            ]
            if not options:
                continue
            given = max(options, key=lambda o: o[:2])[2]
            answer = model.estimate("chips", [given], chip="H100", country=site["country"], register=register)
            rows.append(
                {
                    "site_id": site["site_id"], "label": site["name_display"], "basis": basis, "given": given.text(), "claim_ids": "; ".join(given.ids),
                    "low": model.sig(answer.low), "best": model.sig(answer.best), "high": model.sig(answer.high), "unit": "chips of H100 class",
                    "arithmetic": answer.chain[0], "claimed_low": evidence.claimed(top) if top else np.nan,
                    "claimed_high": top["value_high"] if top else np.nan,
                }
            )  # fmt: skip
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
    """Published estimates of restricted chips in the country, one a group, as (label, low, high)."""
    rows = register.claims[
        (register.claims["site_id"] == "AGG-CN")
        & (register.claims["quantity_kind"] == "chips")
        & (register.claims["error_test"] != "yes")
    ]
    out = []
    for r in rows.drop_duplicates("independence_group").to_dict("records"):
        open_end = not np.isfinite(r["value_high"])
        high = r["value_low"] * 1.0001 if open_end else r["value_high"]
        out.append((f"{r['claim_id']} {r['claimant'][:34]}", r["value_low"], high))
    return out
