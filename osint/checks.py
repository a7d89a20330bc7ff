"""What the documents alone can show: claims against themselves, each other, physics, dates and supply.

Each check gives rows with the claims that it rests on and the arithmetic written out. A row marked
`inconsistent` makes those claims inconsistent (verdict.judge); `note` and `strained` are for the editor to read.
"""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd

from osint import edtf, model, network
from osint.errors import OsintError
from osint.model import show
from osint.schemas import LADDER
from osint.tables import Register
from osint.verdict import CAPACITY, comparable, day_of, given_of, quantity_of, question, readings_for, stage_of

COLUMNS = ["check", "site_id", "claim_ids", "finding", "arithmetic", "says", "does_not_say"]
SAME = 0.10  # two numbers within this share are taken for the same figure
WAN = 10_000  # 万
P_PER_KW_FLOOR = 0.4  # kW per P: below every row of chips.csv, even sparse GB200
AGGREGATES = {"AGG-39": ("Xinjiang", "Qinghai"), "AGG-XJ": ("Xinjiang",), "AGG-QH": ("Qinghai",)}
COUNT = r"([0-9][0-9,]*(?:\.[0-9]+)?)"


def run(register: Register, site_ids: list[str] | None = None) -> pd.DataFrame:
    """All cross-checks, for all sites or some; columns COLUMNS, `claim_ids` a list."""
    rows: list[dict] = []
    for check in (own_words, pairs, power_per_chip, compute_per_power, ladder_against_date, slid, parts_and_whole, same_figure_wider, price, missing_wan, supply):
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


def _row(check: str, site: str, claims: list[str], finding: str, arithmetic: str, says: str, not_says: str) -> dict:
    return dict(zip(COLUMNS, [check, site, claims, finding, arithmetic, says, not_says], strict=True))


def _numeric(register: Register) -> pd.DataFrame:
    """Claims with a number of the model, and that number."""
    claims = register.claims.copy()
    claims["quantity"] = [quantity_of(r) for r in claims.to_dict("records")]
    claims["value"] = claims["value_low"].fillna(claims["value_high"])
    return claims[(claims["quantity"] != "") & (claims["value"] > 0)]


def own_words(register: Register) -> list[dict]:
    """Servers and chips in one quote that do not agree at 4 to 16 chips a server."""
    out = []
    for row in register.claims.to_dict("records"):
        servers = re.search(COUNT + r"\s+(?:\S+\s+){0,3}servers", row["quote"])
        chips = re.search(COUNT + r"\s+(?:\S+\s+){0,4}(?:chips|GPUs)", row["quote"])
        if not servers or not chips or servers.start(1) == chips.start(1):
            continue
        s, c = (float(m.group(1).replace(",", "")) for m in (servers, chips))
        if not 4 <= c / s <= 16:
            text = f"{c:,.0f} chips / {s:,.0f} servers = {c / s:.1f} chips a server; an 8-GPU server makes {s * 8:,.0f}"
            out.append(_row("a claim against itself", row["site_id"], [row["claim_id"]], "inconsistent", text, "The two numbers of the sentence cannot both be right.", "Which of the two is right."))
    return out


def pairs(register: Register) -> list[dict]:
    """Two claims of one site: what the first allows for the second, by the network."""
    out = []
    rows = [r for r in _numeric(register).to_dict("records") if given_of(r) is not None and not given_of(r).bound]  # type: ignore[union-attr]
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
    text = f"{a['claim_id']} {given.text()} gives {show(best)} ({show(low)} to {show(high)}) {network.QUANTITIES[q.quantity]}; {b['claim_id']} says {other.text()}"  # type: ignore[union-attr]
    finding = "inconsistent" if a["quote"] == b["quote"] else "strained"  # other sentences may speak of other phases
    says = "Taken together the two figures lie outside what the relations allow (less than 5%)."
    return [_row("two claims of one site", a["site_id"], [a["claim_id"], b["claim_id"]], finding, text, says, "Which of the two is wrong, or whether they speak of different phases.")]


def _same_sentence(register: Register, first: set[str], second: set[str]) -> list[tuple[dict, dict]]:
    """Pairs of claims from one quote, or of one site and group, by quantity."""
    rows = _numeric(register).to_dict("records")
    return [
        (a, b)
        for a in rows
        for b in rows
        if a["quantity"] in first and b["quantity"] in second and a["site_id"] == b["site_id"] and a["independence_group"] == b["independence_group"] and a["date"] == b["date"] and a["part"] == b["part"]
    ]


def power_per_chip(register: Register) -> list[dict]:
    """Power and chips of one statement, against the lowest and highest row of chips.csv and the measurements."""
    chips = register.chips.set_index("chip")
    out = []
    for p, c in _same_sentence(register, {"power_mw", "it_mw", "facility_mw"}, {"chips"}):
        kw = p["value"] * 1000 / c["value"]
        names = [n for n in question(c, register).families if n in chips.index] or list(chips.index)
        low = min(0.60 * chips.loc[n, "it_kw_low"] for n in names)
        high = max(1.5 * chips.loc[n, "it_kw_high"] for n in names)
        if not low <= kw <= high:
            text = f"{p['value']:g} MW / {c['value']:,.0f} chips = {kw:.2f} kW a chip; {' or '.join(names)} span {low:.2f} (measured) to {high:.2f} (facility)"
            says = "The power is outside every row for that chip, measured or nameplate." if kw < low else "The power is more than the chips named would draw, cooling included."
            out.append(_row("power per chip", p["site_id"], [p["claim_id"], c["claim_id"]], "inconsistent" if kw < low else "strained", text, says, "Whether the power or the count is wrong."))
    return out


def compute_per_power(register: Register) -> list[dict]:
    """P per chip and kW per P of one statement or site, against every chip's row."""
    out = []
    per_chip = register.chips["fp16_dense_pflops"].dropna()
    for p, c in _same_sentence(register, {"pflops"}, {"chips"}):
        ratio = p["value"] / c["value"]
        nearest = register.chips.loc[(np.log(per_chip) - np.log(ratio)).abs().idxmin(), "chip"]
        text = f"{p['value']:,.0f} P / {c['value']:,.0f} chips = {ratio:.3f} P a chip; chips.csv spans {per_chip.min():.3f} to {per_chip.max():.3f} dense FP16, nearest {nearest}"
        inside = per_chip.min() <= ratio <= 2 * per_chip.max()
        out.append(_row("P per chip", p["site_id"], [p["claim_id"], c["claim_id"]], "note", text, "Inside the rows of known chips." if inside else "Outside the rows of known chips.", "Which chip it is."))
    for p, m in _same_sentence(register, {"it_mw", "facility_mw", "power_mw"}, {"pflops"}):
        kw = p["value"] * 1000 / m["value"]
        finding = "inconsistent" if kw < P_PER_KW_FLOOR else "note"
        text = f"{p['value']:g} MW / {m['value']:,.0f} P = {kw:.2f} kW a P; no chip is below {P_PER_KW_FLOOR} kW a P, even sparse"
        out.append(_row("kW per P", p["site_id"], [p["claim_id"], m["claim_id"]], finding, text, "Compared with every chip's row.", "Which chip it is."))
    return out


def ladder_against_date(register: Register) -> list[dict]:
    """One figure that a later text puts on a lower rung than an earlier one."""
    out = []
    rows = [r for r in _numeric(register).to_dict("records") if r["rung"] and r["date"] and r["error_test"] != "yes"]
    for a, b in itertools.permutations(rows, 2):
        same = a["site_id"] == b["site_id"] and a["quantity"] == b["quantity"] and abs(a["value"] / b["value"] - 1) <= SAME
        if not same or a["value_date"] or b["value_date"] or edtf.bounds(a["date"])[1] >= edtf.bounds(b["date"])[0]:
            continue
        if a["rung"] in LADDER[3:] and b["rung"] in LADDER[:2] and a["evidence_use"] == b["evidence_use"] == "yes":
            text = f"{a['date']}: {show(a['value'], 3)} {a['unit']} {a['rung']} ({a['claim_id']}); {b['date']}: {show(b['value'], 3)} {b['unit']} {b['rung']} ({b['claim_id']})"
            out.append(_row("ladder against date", a["site_id"], [a["claim_id"], b["claim_id"]], "inconsistent", text, "The later text puts the same figure on a lower rung.", "Which text is right; a second phase of equal size would explain it."))
    return out


def slid(register: Register) -> list[dict]:
    """A dated target that a later text puts off, alone or together with what it says stands already."""
    out = []
    rows = [r for r in _numeric(register).to_dict("records") if r["date"] and r["evidence_use"] == "yes"]
    for a in (r for r in rows if r["value_date"]):
        for b in (r for r in rows if r["value_date"] and r["site_id"] == a["site_id"] and r["quantity"] == a["quantity"]):
            later = edtf.bounds(b["date"])[0] > edtf.bounds(a["date"])[1] and edtf.bounds(b["value_date"])[0] > edtf.bounds(a["value_date"])[1]
            standing = [r for r in rows if r["site_id"] == a["site_id"] and r["quantity"] == a["quantity"] and r["date"] == b["date"] and r["rung"] in LADDER[4:]]
            for extra in [None, *standing]:
                total = b["value"] + (extra["value"] if extra else 0)
                if later and abs(total / a["value"] - 1) <= SAME:
                    days = (edtf.bounds(b["value_date"])[1] - edtf.bounds(a["value_date"])[1]).days
                    ids = [a["claim_id"], b["claim_id"], *([extra["claim_id"]] if extra else [])]
                    text = f"{show(a['value'], 3)} {a['unit']} due {a['value_date']}; later {' + '.join(show(x['value'], 4) for x in (b, extra) if x)} due {b['value_date']}: {days} days later"
                    out.append(_row("a target that slid", a["site_id"], ids, "note", text, "The date was put off.", "Whether the new date was kept."))
    return out


def parts_and_whole(register: Register) -> list[dict]:
    """A site whose figure is above the figure given for its whole region."""
    out = []
    numeric = _numeric(register)
    place = register.sites.set_index("site_id")["province"]
    for whole in numeric[numeric["site_id"].isin(AGGREGATES)].to_dict("records"):
        inside = numeric[numeric["site_id"].map(place).isin(AGGREGATES[whole["site_id"]]) & ~numeric["site_id"].str.startswith("AGG")]
        for part in inside[inside["quantity"] == whole["quantity"]].to_dict("records"):
            standing = whole["rung"] in LADDER[4:] and part["rung"] in LADDER[4:] and part["error_test"] != "yes" and whole["evidence_use"] == "yes"
            if standing and part["value"] > whole["value"] * (1 + SAME) and 0 < day_of(part) <= day_of(whole):
                floor = whole["bound"] == "at least"
                text = f"{part['site_id']} alone {show(part['value'], 3)} {part['unit']} ({part['claim_id']}, {part['date']}); {whole['site_id']} as a whole {'above ' if floor else ''}{show(whole['value'], 3)} ({whole['claim_id']}, {whole['date']})"
                says = "The part is above the figure for the whole." + (" The whole is worded as a floor, so both can be true; the floor says little." if floor else "")
                out.append(_row("part against whole", part["site_id"], [part["claim_id"], whole["claim_id"]], "strained" if floor else "inconsistent", text, says, "Which office counts what."))
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
        match = match[(match["independence_group"] == a["independence_group"]) & np.array([province in AGGREGATES[s] for s in match["site_id"]], dtype=bool)]
        if len(match) and a["value_low"] >= 10:
            b = match.iloc[0]
            text = f"{show(a['value_low'], 3)} {a['unit']} for {a['site_id']} ({a['claim_id']}); the same figure for {b['site_id']} ({', '.join(match['claim_id'])})"
            out.append(_row("same figure for a wider place", a["site_id"], [a["claim_id"], b["claim_id"]], "inconsistent", text, "The figure belongs to the wider place; the narrower wording contradicts it.", "What the figure for the narrower place is."))
    return out


def price(register: Register) -> list[dict]:
    """Money per P of one statement, against the other sites: a shared price is a template, not a purchase."""
    stated: dict[str, list[tuple[dict, dict]]] = {}
    for m, p in _same_sentence(register, {"cost_cny"}, {"pflops"}):
        if m["evidence_use"] == "yes":
            stated.setdefault(m["claim_id"], []).append((m, p))
    found = []
    for options in stated.values():
        own = [(m, p) for m, p in options if m["quote"] == p["quote"]] or options
        if len(own) == 1:  # with several P beside one sum it is not said which of them the money buys
            found.append((*own[0], own[0][0]["value"] / own[0][1]["value"]))
    middle = float(np.median([x for *_, x in found])) if found else np.nan
    out = []
    for m, p, each in found:
        others = [o for o in found if o[0]["site_id"] != m["site_id"] and abs(o[2] / each - 1) <= SAME]
        text = f"CNY {m['value']:,.0f} / {p['value']:,.0f} P = {show(each, 3)} a P, {show(each * 8, 3)} a server of 8P; median of {len(found)} statements {show(middle, 3)}"
        says = f"Within 10% of {', '.join(sorted({o[0]['site_id'] for o in others}))}: the same price a P at unrelated sites looks like a template." if others else f"{each / middle:.1f} times the median."
        out.append(_row("price per P", m["site_id"], [m["claim_id"], p["claim_id"]], "note", text, says, "What was paid; a filed investment is not a purchase."))
    return out


def missing_wan(register: Register) -> list[dict]:
    """A P figure that agrees with another of its site only if 万 (10,000) was dropped."""
    out = []
    rows = _numeric(register)
    rows = rows[rows["quantity"] == "pflops"]
    county = register.sites.set_index("site_id")[["county", "province"]].agg("/".join, axis=1)
    for a in rows[rows["value"] < 100].to_dict("records"):
        near = rows[(rows["site_id"].map(county) == county[a["site_id"]]) & (rows["value"] >= 1000)]
        near = near[(near["value"] / (a["value"] * WAN)).between(1 / 1.5, 1.5)]
        alone = f"{a['claim_id']}: printed {a['value']:g} P, with 万 {a['value'] * WAN:,.0f} P"
        agrees = "; ".join(f"{r['claim_id']} {show(r['value'], 3)} P" for _, r in near.iterrows())
        says = "Only the reading with 万 agrees with other texts of the same county." if agrees else "No other text of the county settles it; both readings are kept."
        out.append(_row("a missing 万", a["site_id"], [a["claim_id"], *near["claim_id"]], "note", alone + (f"; agrees with {agrees}" if agrees else ""), says, "What the office meant; the quote is kept as printed."))
    return out


def supply(register: Register) -> list[dict]:
    """Planned restricted chips against the published estimates of such chips in the country, by group."""
    claims = register.claims[(register.claims["quantity_kind"] == "chips") & (register.claims["error_test"] != "yes")]
    planned = claims[(claims["site_id"] == "AGG-39")].drop_duplicates("independence_group")
    there = claims[(claims["site_id"] == "AGG-CN") & claims["value_low"].notna()].drop_duplicates("independence_group")
    out = []
    for p in planned.to_dict("records"):
        for s in there.to_dict("records"):
            high = f" to {s['value_high']:,.0f}" if np.isfinite(s["value_high"]) and s["value_high"] != s["value_low"] else " or more" if np.isnan(s["value_high"]) else ""
            text = f"planned {p['value_low']:,.0f} or more ({p['claim_id']}) / estimated {s['value_low']:,.0f}{high} ({s['claim_id']}, {s['unit']}, {s['claimant']}) = {p['value_low'] / s['value_low']:.1f}"
            says = "The plan is larger than this estimate of what is in the country." if p["value_low"] > s["value_low"] else "The plan is smaller than this estimate of what is in the country."
            out.append(_row("plan against supply", p["site_id"], [p["claim_id"], s["claim_id"]], "note", text, says, "Where the chips in the country are; the estimates differ by more than ten times."))
    return out

