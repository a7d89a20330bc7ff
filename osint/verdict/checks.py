"""What the documents alone can show: claims against themselves, each other, physics, dates and supply.

Each check gives rows with the claims that it rests on and the arithmetic written out. A row marked
`inconsistent` makes those claims inconsistent (verdict.judge); `note` and `strained` are for the editor to read.
"""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd

from osint import model
from osint.errors import OsintError
from osint.model import network
from osint.model.estimate import show
from osint.model.evidence import CAPACITY, comparable, day_of, given_of, question, readings_for, stage_of
from osint.register import LADDER, Register, date_bounds
from osint.verdict.context import (
    COLUMNS,
    SAME,
    check_row,
    missing_wan,
    numeric,
    parts_and_whole,
    price,
    same_figure_wider,
    same_sentence,
    supply,
)

P_PER_KW_FLOOR = 0.4  # kW per P: below every row of chips.csv, even sparse GB200
COUNT = r"(?<!\w)([0-9][0-9,]*(?:\.[0-9]+)?)"


def run(register: Register, site_ids: list[str] | None = None) -> pd.DataFrame:
    """All cross-checks, for all sites or some; columns COLUMNS, `claim_ids` a list."""
    rows: list[dict] = []
    for check in (
        own_words,
        pairs,
        power_per_chip,
        compute_per_power,
        ladder_against_date,
        slid,
        parts_and_whole,
        same_figure_wider,
        price,
        missing_wan,
        supply,
    ):
        rows += check(register)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame[frame["site_id"].isin(site_ids)].reset_index(drop=True) if site_ids else frame


def contradictions(checks: pd.DataFrame) -> dict[str, list[str]]:
    """Claims that a check found inconsistent, with the names of the checks and the other claims."""
    out: dict[str, list[str]] = {}
    for row in checks[checks["finding"] == "inconsistent"].to_dict("records"):
        for claim in row["claim_ids"][:1] if row["check"] in {"same figure for a wider place"} else row["claim_ids"]:
            others = [c for c in row["claim_ids"] if c != claim]
            out.setdefault(claim, []).append(" with ".join([row["check"], *([" and ".join(others)] if others else [])]))
    return out


def own_words(register: Register) -> list[dict]:
    """Servers and chips in one quote that do not agree at 4 to 16 chips a server."""
    out = []
    for row in register.claims.to_dict("records"):
        servers = re.search(COUNT + r"\s+(?:[A-Za-z]\S*\s+){0,3}servers", row["quote"])
        chips = re.search(COUNT + r"\s+(?:[A-Za-z]\S*\s+){0,4}(?:chips|GPUs)", row["quote"])
        if not servers or not chips or servers.start(1) == chips.start(1):
            continue
        s, c = (float(m.group(1).replace(",", "")) for m in (servers, chips))
        if not 4 <= c / s <= 16:
            text = f"{c:,.0f} chips / {s:,.0f} servers = {c / s:.1f} chips a server; an 8-GPU server makes {s * 8:,.0f}"
            out.append(
                check_row(
                    "a claim against itself",
                    row["site_id"],
                    [row["claim_id"]],
                    "inconsistent",
                    text,
                    "The two numbers of the sentence cannot both be right.",
                    "Which of the two is right.",
                )
            )
    return out


def pairs(register: Register) -> list[dict]:
    """Two claims of one site: what the first allows for the second, by the network."""
    out = []
    rows = [r for r in numeric(register).to_dict("records") if given_of(r) is not None and not given_of(r).bound]  # type: ignore[union-attr]
    rows.sort(key=lambda r: r["site_id"])
    for site, members in itertools.groupby(rows, key=lambda r: r["site_id"]):
        if site.startswith("AGG"):
            continue
        for a, b in itertools.combinations(list(members), 2):
            if a["quantity"] == b["quantity"] or not {a["quantity"], b["quantity"]} & CAPACITY:
                continue
            if not comparable(stage_of(a), day_of(a), a["part"], b, a["quantity"]):
                continue
            out += _pair(a, b, register)
    return out


def _pair(a: dict, b: dict, register: Register) -> list[dict]:
    given, other = given_of(a), given_of(b)
    q = question(b, register)
    if q.country != "CN" and "cost_cny" in {a["quantity"], b["quantity"]}:
        return []
    try:
        found = readings_for(q, [given], register)  # type: ignore[list-item]
    except OsintError:  # no relation joins the two
        return []
    answer, _ = model.posterior(q.quantity, [given], found)  # type: ignore[list-item]
    below = float(answer.cdf(np.log(other.low))[0])  # type: ignore[union-attr, arg-type]
    above = 1 - float(answer.cdf(np.log(other.high))[0])  # type: ignore[union-attr, arg-type]
    tail = 2 * min(1 - below, 1 - above)
    if tail >= 0.05:
        return []
    low, best, high = np.exp(answer.quantile([0.05, 0.5, 0.95]))
    text = f"{a['claim_id']} {given.text()} gives {show(best)} ({show(low)} to {show(high)}) {network.unit_of(q.quantity)}; {b['claim_id']} says {other.text()}"  # type: ignore[union-attr]
    finding = "inconsistent" if a["quote"] == b["quote"] else "strained"  # other sentences may speak of other phases
    says = "Taken together the two figures lie outside what the relations allow (less than 5%)."
    return [
        check_row(
            "two claims of one site",
            a["site_id"],
            [a["claim_id"], b["claim_id"]],
            finding,
            text,
            says,
            "Which of the two is wrong, or whether they speak of different phases.",
        )
    ]


def power_per_chip(register: Register) -> list[dict]:
    """Power and chips of one statement, against the lowest and highest row of chips.csv and the measurements."""
    chips = register.chips.set_index("chip")
    out = []
    for p, c in same_sentence(register, {"power_mw", "it_mw", "facility_mw"}, {"chips"}):
        kw = p["value"] * 1000 / c["value"]
        names = [n for n in question(c, register).families if n in chips.index] or list(chips.index)
        low = min(0.60 * chips.loc[n, "it_kw_low"] for n in names)
        high = max(1.5 * chips.loc[n, "it_kw_high"] for n in names)
        if not low <= kw <= high:
            text = f"{p['value']:g} MW / {c['value']:,.0f} chips = {kw:.2f} kW a chip; {' or '.join(names) if len(names) < 4 else 'all chips of chips.csv'} span {low:.2f} (measured) to {high:.2f} (facility)"
            says = (
                "The power is outside every row for that chip, measured or nameplate."
                if kw < low
                else "The power is more than the chips named would draw, cooling included."
            )
            out.append(
                check_row(
                    "power per chip",
                    p["site_id"],
                    [p["claim_id"], c["claim_id"]],
                    "inconsistent" if kw < low else "strained",
                    text,
                    says,
                    "Whether the power or the count is wrong.",
                )
            )
    return out


def compute_per_power(register: Register) -> list[dict]:
    """P per chip and kW per P of one statement or site, against every chip's row."""
    out = []
    per_chip = register.chips["fp16_dense_pflops"].dropna()
    for p, c in same_sentence(register, {"pflops"}, {"chips"}):
        ratio = p["value"] / c["value"]
        nearest = register.chips.loc[(np.log(per_chip) - np.log(ratio)).abs().idxmin(), "chip"]
        text = f"{p['value']:,.0f} P / {c['value']:,.0f} chips = {ratio:.3f} P a chip; chips.csv spans {per_chip.min():.3f} to {per_chip.max():.3f} dense FP16, nearest {nearest}"
        inside = per_chip.min() <= ratio <= 2 * per_chip.max()
        out.append(
            check_row(
                "P per chip",
                p["site_id"],
                [p["claim_id"], c["claim_id"]],
                "note",
                text,
                "Inside the rows of known chips." if inside else "Outside the rows of known chips.",
                "Which chip it is.",
            )
        )
    for p, m in same_sentence(register, {"it_mw", "facility_mw", "power_mw"}, {"pflops"}):
        kw = p["value"] * 1000 / m["value"]
        finding = "inconsistent" if kw < P_PER_KW_FLOOR else "note"
        text = f"{p['value']:g} MW / {m['value']:,.0f} P = {kw:.2f} kW a P; no chip is below {P_PER_KW_FLOOR} kW a P, even sparse"
        out.append(
            check_row(
                "kW per P",
                p["site_id"],
                [p["claim_id"], m["claim_id"]],
                finding,
                text,
                "Compared with every chip's row.",
                "Which chip it is.",
            )
        )
    return out


def ladder_against_date(register: Register) -> list[dict]:
    """One figure that a later text puts on a lower rung than an earlier one."""
    out = []
    rows = [r for r in numeric(register).to_dict("records") if r["rung"] and r["date"] and r["error_test"] != "yes"]
    for a, b in itertools.permutations(rows, 2):
        same = (
            a["site_id"] == b["site_id"] and a["quantity"] == b["quantity"] and abs(a["value"] / b["value"] - 1) <= SAME
        )
        if not same or a["value_date"] or b["value_date"] or date_bounds(a["date"])[1] >= date_bounds(b["date"])[0]:
            continue
        if a["rung"] in LADDER[3:] and b["rung"] in LADDER[:2] and a["evidence_use"] == b["evidence_use"] == "yes":
            text = f"{a['date']}: {show(a['value'], 3)} {a['unit']} {a['rung']} ({a['claim_id']}); {b['date']}: {show(b['value'], 3)} {b['unit']} {b['rung']} ({b['claim_id']})"
            out.append(
                check_row(
                    "ladder against date",
                    a["site_id"],
                    [a["claim_id"], b["claim_id"]],
                    "inconsistent",
                    text,
                    "The later text puts the same figure on a lower rung.",
                    "Which text is right; a second phase of equal size would explain it.",
                )
            )
    return out


def slid(register: Register) -> list[dict]:
    """A dated target that a later text puts off, alone or together with what it says stands already."""
    out = []
    rows = [r for r in numeric(register).to_dict("records") if r["date"] and r["evidence_use"] == "yes"]
    for a in (r for r in rows if r["value_date"]):
        for b in (
            r for r in rows if r["value_date"] and r["site_id"] == a["site_id"] and r["quantity"] == a["quantity"]
        ):
            later = (
                date_bounds(b["date"])[0] > date_bounds(a["date"])[1]
                and date_bounds(b["value_date"])[0] > date_bounds(a["value_date"])[1]
            )
            standing = [
                r
                for r in rows
                if r["site_id"] == a["site_id"]
                and r["quantity"] == a["quantity"]
                and r["date"] == b["date"]
                and r["rung"] in LADDER[4:]
            ]
            for extra in [None, *standing]:
                total = b["value"] + (extra["value"] if extra else 0)
                if later and abs(total / a["value"] - 1) <= SAME:
                    days = (date_bounds(b["value_date"])[1] - date_bounds(a["value_date"])[1]).days
                    ids = [a["claim_id"], b["claim_id"], *([extra["claim_id"]] if extra else [])]
                    text = f"{show(a['value'], 3)} {a['unit']} due {a['value_date']}; later {' + '.join(show(x['value'], 4) for x in (b, extra) if x)} due {b['value_date']}: {days} days later"
                    out.append(
                        check_row(
                            "a target that slid",
                            a["site_id"],
                            ids,
                            "note",
                            text,
                            "The date was put off.",
                            "Whether the new date was kept.",
                        )
                    )
    return out
