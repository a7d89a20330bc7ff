"""Cross-checks of a claim against its surroundings: region, other sites, prices, the supply of chips."""

from __future__ import annotations

import numpy as np
import pandas as pd

from osint.model.evidence import day_of, quantity_of
from osint.model.givens import show
from osint.register import LADDER, Register

COLUMNS = ["check", "site_id", "claim_ids", "finding", "arithmetic", "says", "does_not_say"]


SAME = 0.10  # two numbers within this share are taken for the same figure


WAN = 10_000  # 万


AGGREGATES = {"AGG-39": ("Xinjiang", "Qinghai"), "AGG-XJ": ("Xinjiang",), "AGG-QH": ("Qinghai",)}


def check_row(
    check: str, site: str, claims: list[str], finding: str, arithmetic: str, says: str, not_says: str
) -> dict:
    """One row of COLUMNS."""
    return dict(zip(COLUMNS, [check, site, claims, finding, arithmetic, says, not_says], strict=True))


def numeric(register: Register) -> pd.DataFrame:
    """Claims with a number of the model, and that number."""
    claims = register.claims.copy()
    claims["quantity"] = [quantity_of(r) for r in claims.to_dict("records")]
    claims["value"] = claims["value_low"].fillna(claims["value_high"])
    return claims[(claims["quantity"] != "") & (claims["value"] > 0)]


def same_sentence(register: Register, first: set[str], second: set[str]) -> list[tuple[dict, dict]]:
    """Pairs of claims from one quote, or of one site and group, by quantity."""
    rows = numeric(register).to_dict("records")
    return [
        (a, b)
        for a in rows
        for b in rows
        if a["quantity"] in first
        and b["quantity"] in second
        and a["site_id"] == b["site_id"]
        and a["independence_group"] == b["independence_group"]
        and a["date"] == b["date"]
        and a["part"] == b["part"]
    ]


def parts_and_whole(register: Register) -> list[dict]:
    """A site whose figure is above the figure given for its whole region."""
    out = []
    figures = numeric(register)
    place = register.sites.set_index("site_id")["province"]
    for whole in figures[figures["site_id"].isin(AGGREGATES)].to_dict("records"):
        inside = figures[
            figures["site_id"].map(place).isin(AGGREGATES[whole["site_id"]]) & ~figures["site_id"].str.startswith("AGG")
        ]
        for part in inside[inside["quantity"] == whole["quantity"]].to_dict("records"):
            standing = (
                whole["rung"] in LADDER[3:]
                and part["rung"] in LADDER[3:]
                and whole["modality"] == part["modality"] == "has"
                and part["error_test"] != "yes"
                and whole["evidence_use"] == "yes"
            )
            if standing and part["value"] > whole["value"] * (1 + SAME) and 0 < day_of(part) <= day_of(whole):
                floor = whole["bound"] == "at least"
                text = f"{part['site_id']} alone {show(part['value'], 3)} {part['unit']} ({part['claim_id']}, {part['date']}); {whole['site_id']} as a whole {'above ' if floor else ''}{show(whole['value'], 3)} ({whole['claim_id']}, {whole['date']})"
                says = "The part is above the figure for the whole." + (
                    " The whole is worded as a floor, so both can be true; the floor says little." if floor else ""
                )
                out.append(
                    check_row(
                        "part against whole",
                        part["site_id"],
                        [part["claim_id"], whole["claim_id"]],
                        "strained" if floor else "inconsistent",
                        text,
                        says,
                        "Which office counts what.",
                    )
                )
    return out


def same_figure_wider(register: Register) -> list[dict]:
    """A figure given for one place that other sources give for a wider one."""
    out = []
    claims = register.claims
    wide = claims[claims["site_id"].isin(AGGREGATES) & claims["value_low"].notna() & (claims["error_test"] != "yes")]
    narrow = claims[~claims["site_id"].str.startswith("AGG") & claims["value_low"].notna()]
    for a in narrow.to_dict("records"):
        province = register.site(a["site_id"])["province"]
        match = wide[(wide["quantity_kind"] == a["quantity_kind"]) & (wide["value_low"] == a["value_low"])]
        match = match[
            (match["independence_group"] == a["independence_group"])
            & np.array([province in AGGREGATES[s] for s in match["site_id"]], dtype=bool)
        ]
        if len(match) and a["value_low"] >= 10:
            b = match.iloc[0]
            text = f"{show(a['value_low'], 3)} {a['unit']} for {a['site_id']} ({a['claim_id']}); the same figure for {b['site_id']} ({', '.join(match['claim_id'])})"
            out.append(
                check_row(
                    "same figure for a wider place",
                    a["site_id"],
                    [a["claim_id"], b["claim_id"]],
                    "inconsistent",
                    text,
                    "The figure belongs to the wider place; the narrower wording contradicts it.",
                    "What the figure for the narrower place is.",
                )
            )
    return out


def price(register: Register) -> list[dict]:
    """Money per P of one statement, against the other sites: a shared price is a template, not a purchase."""
    found = []
    rows = numeric(register).to_dict("records")
    for m in (r for r in rows if r["quantity"] == "cost_cny" and r["evidence_use"] == "yes"):
        same = [
            p for p in rows if p["quantity"] == "pflops" and p["site_id"] == m["site_id"] and p["date"] == m["date"]
        ]
        same = [p for p in same if p["independence_group"] == m["independence_group"]]
        for own in ([p for p in same if p["quote"] == m["quote"]], [p for p in same if p["part"] == m["part"]], same):
            if len(own) == 1:  # with several P beside one sum it is not said which of them the money buys
                found.append((m, own[0], m["value"] / own[0]["value"]))
                break
    middle = float(np.median([x for *_, x in found])) if found else np.nan
    out = []
    for m, p, each in found:
        others = [o for o in found if o[0]["site_id"] != m["site_id"] and abs(o[2] / each - 1) <= SAME]
        text = f"CNY {m['value']:,.0f} / {p['value']:,.0f} P = {show(each, 3)} a P, {show(each * 8, 3)} a server of 8P; median of {len(found)} statements {show(middle, 3)}"
        if m["part"] != p["part"]:
            text += f" (the sum is for {m['part'] or 'the whole'}, the P for {p['part'] or 'the whole'})"
        says = (
            f"Within 10% of {', '.join(sorted({o[0]['site_id'] for o in others}))}: the same price a P at unrelated sites looks like a template."
            if others
            else f"{each / middle:.1f} times the median."
        )
        out.append(
            check_row(
                "price per P",
                m["site_id"],
                [m["claim_id"], p["claim_id"]],
                "note",
                text,
                says,
                "What was paid; a filed investment is not a purchase.",
            )
        )
    return out


def missing_wan(register: Register) -> list[dict]:
    """A P figure that agrees with another of its site only if 万 (10,000) was dropped."""
    out = []
    rows = numeric(register)
    rows = rows[rows["quantity"] == "pflops"]
    county = register.sites.set_index("site_id")[["county", "province"]].agg("/".join, axis=1)
    for a in rows[rows["value"] < 100].to_dict("records"):
        near = rows[(rows["site_id"].map(county) == county[a["site_id"]]) & (rows["value"] >= 1000)]
        near = near[(near["value"] / (a["value"] * WAN)).between(1 / 1.5, 1.5)]
        alone = f"{a['claim_id']}: printed {a['value']:g} P, with 万 {a['value'] * WAN:,.0f} P"
        agrees = "; ".join(f"{r['claim_id']} {show(r['value'], 3)} P" for _, r in near.iterrows())
        says = (
            "Only the reading with 万 agrees with other texts of the same county."
            if agrees
            else "No other text of the county settles it; both readings are kept."
        )
        out.append(
            check_row(
                "a missing 万",
                a["site_id"],
                [a["claim_id"], *near["claim_id"]],
                "note",
                alone + (f"; agrees with {agrees}" if agrees else ""),
                says,
                "What the office meant; the quote is kept as printed.",
            )
        )
    return out


def supply(register: Register) -> list[dict]:
    """Planned restricted chips against the published estimates of such chips in the country, by group."""
    claims = register.claims[(register.claims["quantity_kind"] == "chips") & (register.claims["error_test"] != "yes")]
    planned = claims[(claims["site_id"] == "AGG-39")].drop_duplicates("independence_group")
    there = claims[(claims["site_id"] == "AGG-CN") & claims["value_low"].notna()].drop_duplicates("independence_group")
    out = []
    for p in planned.to_dict("records"):
        for s in there.to_dict("records"):
            high = (
                f" to {s['value_high']:,.0f}"
                if np.isfinite(s["value_high"]) and s["value_high"] != s["value_low"]
                else " or more"
                if np.isnan(s["value_high"])
                else ""
            )
            text = f"planned {p['value_low']:,.0f} or more ({p['claim_id']}) / estimated {s['value_low']:,.0f}{high} ({s['claim_id']}, {s['unit']}, {s['claimant']}) = {p['value_low'] / s['value_low']:.1f}"
            says = (
                "The plan is larger than this estimate of what is in the country."
                if p["value_low"] > s["value_low"]
                else "The plan is smaller than this estimate of what is in the country."
            )
            out.append(
                check_row(
                    "plan against supply",
                    p["site_id"],
                    [p["claim_id"], s["claim_id"]],
                    "note",
                    text,
                    says,
                    "Where the chips in the country are; the estimates differ by more than ten times.",
                )
            )
    return out
