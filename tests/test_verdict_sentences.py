"""Each sentence that decides nothing is true of the rows that it names: their day, place, share and part."""

import datetime as dt
import re
from dataclasses import replace

import numpy as np
import pandas as pd

from osint import verdict
from osint.register import Claim
from osint.verdict import Outcome

DUE = {"has": "2024-06-30", "will": "2025-06-30", "plan": ""}
DAYS = ("2024-06-30", "2024-07-20", "2025-05-01", "2025-06-30", "2025-08-01", "2025-12-01", "2025-05/2025-08")
PLACES = (np.nan, 0.5, 0.92, 0.95, 0.96, 0.99)
SHARES = (np.nan, 0.5, 0.97, 1.0)
PARTS = ("", "", "", "phase 1", "phase 2")
SHOWN = (
    {"not_yet": "roofed"},
    {"not_yet": "powered", "rung": "roofed"},
    {"not_yet": "roofed", "rung": "ground broken"},
    {"rung": "running"},
    {"rung": "roofed", "quantity": "roof_m2", "best": 300.0},
    {"rung": "running", "quantity": "roof_m2", "best": 20_000.0},
    {"quantity": "facility_mw", "best": 0.2},
    {"quantity": "it_mw", "best": 0.0},
)
KINDS = (
    {"quantity_kind": "PFLOPS", "unit": "PFLOPS", "value_low": 60_000.0, "value_high": 60_000.0},
    {"quantity_kind": "power_MW", "unit": "MW", "value_low": 20.0, "value_high": 20.0},
    {"quantity_kind": "floor_m2", "unit": "m2", "value_low": 90_000.0, "value_high": 90_000.0},
    {"quantity_kind": "completion_date", "unit": "date"},
    {"quantity_kind": "investment_CNY", "unit": "CNY", "value_low": 1e9, "value_high": 1e9},
)
SAID = {
    **{"claim_id": "C900", "site_id": "ZZ01", "claimant": "an office", "source_publisher": "an office"},
    **{
        "source_tier": "local_government",
        "source_url": "https://example.org/1",
        "date": "2024-06-30",
        "quote": "words",
    },
    **{"quote_language": "en", "bound": "exact", "rung": "running", "modality": "has", "reading_confidence": "high"},
    **{"independence_group": "G900", "group_reason": "by hand", "evidence_use": "no", "error_test": "no"},
}
PLACE = {"site_id": "ZZ01", "name_en": "a place", "country": "CN", "role": "announced"}
SEEN = {"site_id": "ZZ01", "observer": "desk", "how": "picture", "place_reason": "SIMULATED"}


def table(like, rows):
    blank = {c: np.nan if pd.api.types.is_numeric_dtype(like[c]) else "" for c in like.columns}
    return pd.DataFrame([blank | row for row in rows], columns=like.columns)


def drawn(rng, register):
    """Return a claim of some kind, part and day, and a register with one or two looks at its place."""
    modality = str(rng.choice(list(DUE)))
    claim = SAID | KINDS[rng.integers(len(KINDS))] | {"part": str(rng.choice(PARTS[1:4]))}
    claim |= {"modality": "has"} if modality == "has" else {"modality": "will", "value_date": DUE[modality]}
    rows = []
    for n in range(rng.integers(1, 3)):
        row = SHOWN[rng.integers(len(SHOWN))]
        ends = {"low": 0.95 * row["best"], "high": 1.05 * row["best"]} if "best" in row else {}
        rows.append(
            {
                **{"observation_id": f"O90{n}", "independence_group": f"desk {rng.integers(2)}", **SEEN, **row, **ends},
                **{"date": str(rng.choice(DAYS)), "part": str(rng.choice(PARTS))},
                **{"p_place": rng.choice(PLACES), "searched_share": rng.choice(SHARES)},
            }
        )
    second = SAID | {"claim_id": "C901", "quantity_kind": "status", "part": str(rng.choice(("", "phase 2")))}
    case = replace(
        register,
        sites=table(register.sites, [PLACE]),
        claims=table(register.claims, [claim, second]),
        observations=table(register.observations, rows),
    )
    return Claim.from_row(case.claims.iloc[0].to_dict()), case, {row["observation_id"]: row for row in rows}


def days(row):
    """First and last day of a row, as text that sorts."""
    first, _, last = row["date"].partition("/")
    return (first + "-01", last + "-31") if last else (first, first)


def later(row, due):
    return days(row)[0] > due


def earlier(row, due):
    return days(row)[1] <= due


def covers(row, part):
    return row["part"] in {"", part}


def p(row):
    return 0.0 if np.isnan(row["p_place"]) else row["p_place"]


def nothing_there(row):
    return bool(row["not_yet"]) or row.get("best") == 0


def may_be_before(row, due):
    """It may be of a day before the due one, and is not surely older than the text."""
    return (not due or days(row)[0] < due) and days(row)[1] >= SAID["date"]


TRUE_OF = {
    "not there before its day": lambda row, due, part: may_be_before(row, due) and p(row) >= 0.9,
    "no room yet before its day": lambda row, due, part: may_be_before(row, due) and p(row) >= 0.9,
    "too small where it was looked at": lambda row, due, part: bool(due) and days(row)[0] >= due and p(row) >= 0.9,
    "how much was looked at is not stated": lambda row, due, part: np.isnan(row["searched_share"]),
    "not all of the place was looked at": lambda row, due, part: not row["searched_share"] >= 0.95 <= p(row),
    "the place is not sure enough": lambda row, due, part: p(row) >= 0.9,
    "the place is not confirmed": lambda row, due, part: p(row) < 0.9,
    "a part of it was not there": lambda row, due, part: (
        earlier(row, due) if covers(row, part) else nothing_there(row) and days(row)[0] >= due
    ),
    "no size was measured": lambda row, due, part: bool(row["rung"]) and earlier(row, due) and p(row) >= 0.95,
    "a size that need not be of all parts": lambda row, due, part: not row["part"] and row["quantity"] == "roof_m2",
    "the size leaves little room": lambda row, due, part: earlier(row, due),
    "seen after its day alone": lambda row, due, part: later(row, due) and covers(row, part),
    "seen before its day alone": lambda row, due, part: earlier(row, due) and covers(row, part),
    "seen before and after its day": lambda row, due, part: covers(row, part),
    "seen about its day": lambda row, due, part: days(row)[0] <= due < days(row)[1],
    "another part was seen": lambda row, due, part: not covers(row, part),
    "the ground does not show it": lambda row, due, part: days(row)[0] >= due and nothing_there(row),
    "no day is named for it": lambda row, due, part: not due and covers(row, part),
}
"""What each sentence says of every row on which it rests or that it names, by the name of its rule."""
SAYS_NO_ROW = {"a figure that no size tests", "nothing observed bears on it", "on paper alone"} | {
    "a conflict over something else",
    "it asserts nothing of the ground",
}
BLANK = {"rung": "", "not_yet": "", "quantity": ""}
DRAWN = 100


def test_what_decides_nothing_says_nothing_false(register):
    """Random looks on either side of the day, sure and not, of all of it and of a part: no sentence is beside them."""
    rng, reached = np.random.default_rng(14), set()
    for _ in range(DRAWN):
        claim, case, rows = drawn(rng, register)
        found = verdict.judge(claim, case)
        if found.rule.name not in TRUE_OF:
            assert found.outcome not in {Outcome.UNTESTED, Outcome.NOT_REACHED} or found.rule.name in SAYS_NO_ROW
            continue
        reached.add(found.rule.name)
        due = dt.date.fromordinal(found.asserts.day).isoformat() if found.asserts.day else ""
        named = [s.row.observation_id for s in found.decided_by] or re.findall(r"O90\d", found.shown())
        assert named, found.shown()
        for row in (BLANK | rows[name] for name in named):
            assert TRUE_OF[found.rule.name](row, due, claim.part), (found.rule.name, due, rows, found.shown())
    assert len(reached) > len(TRUE_OF) / 2
