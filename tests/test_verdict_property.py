"""No legal row of any quantity and size makes the main job crash: random small registers, drawn from the schema."""

import itertools
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from osint import verdict
from osint.register import CLAIM_KINDS, QUANTITIES, SCHEMAS, Rung, check_table

SIZES = (0, 1e-300, 1e-9, 1e-3, 0.5, 1, 7, 40, 3000, 115_000, 1e7, 1e10, 1e15)
DAYS = ("2023", "2024-06", "2025-01-31", "2025-08~", "2026-06?", "2025-01/..", "2024-06/2024-11", "2026-10-31", "2030")
PARTS = ("", "", "phase 1", "building 2")
KINDS = sorted({(k.kind, k.unit) for k in CLAIM_KINDS.values() if k.kind})
CELLS = {
    "chip_model": ("", "H100", "H20", "Ascend 910B", "domestic", "no such chip"),
    "scope": ("", "IT", "facility", "grid", "per building", "H100-equivalent", "generation"),
    "part": PARTS,
    "independence_group": ("G1", "G2", "G3"),
    "county": ("Yiwu", "Changji"),
    "readings": ("", "", "6|60000", "0|1"),
    "covers": ("", "", "Yiwu|Changji", "Xinjiang"),
    "province": ("Xinjiang", "Qinghai"),
    "country": ("CN", "CN", "US"),
    "role": ("announced", "announced", "announced", "comparator", "aggregate"),
}
"""Cells that a choice of words in the schema does not draw."""
PLAIN = (("chips", "chips"), ("PFLOPS", "PFLOPS"), ("power_MW", "MW"))
EMPTY = 0.4
"""Share of the cells that are left empty where they may be."""


def drawn(rng, table, ids, **fixed):
    """Return a legal row of a table as text: every column by its kind, some empty."""
    row = {}
    low, high = sorted(rng.choice(SIZES, 2))
    for column in SCHEMAS[table].columns:
        name, kind = column.name, column.kind
        if name in fixed:
            row[name] = fixed[name]
        elif name in CELLS:
            row[name] = str(rng.choice(CELLS[name]))
        elif not column.required and rng.random() < EMPTY:
            row[name] = ""
        elif any(column.allowed):
            row[name] = str(rng.choice(column.allowed))
        elif kind == "date":
            row[name] = rng.choice(DAYS)
        elif kind == "number":
            size = {"value_low": low, "low": low, "value_high": high, "high": high, "best": rng.choice((low, high))}
            bounded = min(max(float(size.get(name, rng.choice(SIZES))), column.low), column.high)
            row[name] = str(bounded)
        else:
            row[name] = rng.choice(ids) if name.endswith("_claim_id") else "text"
    return row


def small_register(register, sites, claims, looks):
    """Return a register of a few rows, checked as files would be."""
    tables = {"sites": sites, "claims": claims, "observations": looks}
    return replace(register, **{k: check_table(pd.DataFrame(v, dtype=str).fillna(""), k) for k, v in tables.items()})


def odd_register(register, rng):
    """Return a register of one to three sites whose rows say anything that the schema allows."""
    sites, ids = [f"S{n}" for n in range(rng.integers(1, 4))], [f"C{n}" for n in range(4)]
    under = {s: sites[0] if s != sites[0] and rng.random() < 0.4 else "" for s in sites}
    places = [drawn(rng, "sites", ids, site_id=s, lat="", lon="", parent=under[s]) for s in sites]
    said = []
    for claim in ids:
        kind, unit = KINDS[rng.integers(len(KINDS))]
        fixed = {"quantity_kind": kind, "claim_id": claim, "site_id": str(rng.choice(sites)), "translation": "text"}
        said.append(drawn(rng, "claims", ids, **fixed, **({"unit": unit} if unit else {})))
    seen = [
        drawn(
            rng, "observations", ids, observation_id=f"O{n}", site_id=str(rng.choice(sites)), quantity=str(q), unit=""
        )
        for n, q in enumerate(rng.choice(["", *QUANTITIES], 3))
    ]
    for row in seen:  # a size has a quantity, and no row denies a stage below the one that it shows
        if not row["quantity"]:
            row |= {"low": "", "best": "", "high": ""}
        if row["rung"] and row["not_yet"]:
            row["rung"], row["not_yet"] = sorted((row["rung"], row["not_yet"]), key=lambda r: Rung(r).height)
    return small_register(register, places, said, seen)


def plain_register(register, quantity, sizes):
    """Return sites of which one claim each says what runs there, and one quantity was measured on a sure place."""
    said = {"claimant": "county", "source_publisher": "county", "source_tier": "mirror", "quote": "words"}
    said |= {"quote_language": "en", "reading_confidence": "high", "group_reason": "by hand", "evidence_use": "yes"}
    said |= {"date": "2026-03", "value_date": "2026-03", "modality": "has", "phase": "operating", "rung": "running"}
    places, claims, looks = [], [], []
    for n, (size, (kind, unit)) in enumerate(zip(sizes, itertools.cycle(PLAIN))):
        site = {"site_id": f"S{n}"}
        places.append({**site, "name_en": "hall", "country": "CN", "role": "announced"})
        claims.append({**said, **site, "claim_id": f"C{n}", "quantity_kind": kind, "unit": unit, "value_low": "3000",
                       "value_high": "3000", "independence_group": f"G{n}"})  # fmt: skip
        looks.append({**site, "observation_id": f"O{n}", "observer": "desk", "how": "picture", "date": "2026-03-15",
                      "quantity": quantity, "low": str(0.9 * size), "best": str(size), "high": str(1.1 * size),
                      "independence_group": "desk", "p_place": "0.99", "rung": "roofed"})  # fmt: skip
    rows = ((name, {c: r.get(c, "") for c in SCHEMAS[name].names}) for name, t in
            (("sites", places), ("claims", claims), ("observations", looks)) for r in t)  # fmt: skip
    tables = defaultdict(list)
    for name, row in rows:
        tables[name].append(row)
    return small_register(register, tables["sites"], tables["claims"], tables["observations"])


def judged(register):
    found = verdict.check(register)
    assert len(found.judged) == len(register.claims)
    for row in found.findings.to_dict("records"):
        p = row["probability"]
        assert p is None or np.isnan(p) or 0 <= p <= 1
    assert isinstance(found.text(), str)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_no_size_of_any_quantity_is_too_much(register, quantity):
    first = list(QUANTITIES).index(quantity)
    judged(plain_register(register, quantity, (0, *SIZES[1 + first % 5 :: 5])))


@pytest.mark.parametrize("seed", range(12))
def test_no_legal_register_is_too_odd(register, seed):
    judged(odd_register(register, np.random.default_rng([seed, 14])))
