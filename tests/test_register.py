"""The evidence tables against themselves: every stored number against its quote, by a reader of its own."""

import hashlib
import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"
SCALE = {"万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8, "million": 1e6, "billion": 1e9, "E": 1e3, "k": 1e3}
WORDS = {"seven": 7, "one": 1}
# quotes from which the number follows by arithmetic or a word, with the arithmetic
DERIVED = {
    "C077": "超万: above ten thousand",
    "C120": "萬卡: ten thousand cards",
    "C003": "14,000 servers", "C009": "12,000, or 24,000 P / 0.989", "C034": "reading kept", "C035": "reading kept", "C033": "reading kept",
    "C038": "300 kWh a day x 365 = 0.1095 GWh", "C042": "千P级: 1,000 to 9,999", "C050": "65 x 100 million (slang)", "C011": "2,000 to 625 x 8",
    "C103": "nearly 23,000", "C134": "above 95%, at most 100%", "C153": "875 acres x 4,046.86", "C166": "14 x 2.5 MW", "C170": "785,000 sq ft x 0.092903",
    "C179": "1,200 acres x 4,046.86", "C181": "200,000 sq ft x 0.092903", "C163": "doubled from 100,000", "C204": "nearly 40 is the 39 of C002",
    "C005": "seven", "C109": "5.33 ha", "C177": "nearly 500,000", "C052": "120万千瓦", "C085": "500P", "C014": "gpuUnits", "C039": "6.8亿元", "C197": "90億元",
}  # fmt: skip
UNITS = {"GW": 1e3, "gigawatts": 1e3, "billion": 1e9, "million": 1e6, "EFLOPS": 1e3, "千瓦": 1e-3, "公顷": 1e4}


def readable(quote):
    """All numbers that a quote can mean: as printed, and with a scale word behind it."""
    text = unicodedata.normalize("NFKC", quote)
    found = {float(WORDS[w]) for w in WORDS if w in text}
    for match in re.finditer(
        r"(\d[\d,]*(?:\.\d+)?)\s*(万|萬|亿|億|million|billion|k\b)?\s*-?(GW|gigawatts|EFLOPS|千瓦时|千瓦|公顷|million|吨)?",
        text,
    ):
        try:
            value = float(match.group(1).replace(",", "").rstrip("."))
        except ValueError:
            continue
        scaled = value * SCALE.get(match.group(2) or "", 1)
        found |= {value, scaled, scaled * UNITS.get(match.group(3) or "", 1)}
        found |= {scaled * 1e-6} if match.group(3) == "千瓦时" or "kWh" in text else set()
        found |= {scaled * 10000 if match.group(2) is None and "万元" in text else scaled}
    return found


def test_the_original_columns_are_untouched():
    """Ids, claimants, sources, dates, quotes and numbers as they were received."""
    table = pd.read_csv(RAW / "claims.csv", dtype=str, keep_default_na=False)
    kept = table[
        [
            "claim_id",
            "site_id",
            "claimant",
            "source_url",
            "date",
            "quote",
            "value_low",
            "value_high",
            "unit_as_recorded",
            "value_date",
            "note",
        ]
    ]
    assert len(kept) == 212
    digest = hashlib.sha256(kept.to_csv(index=False).encode()).hexdigest()
    assert digest == "4be289ec7b4affa91bf04beb469f6f6a7fae9bcdf79e26c595ee9059a1d1cc7d"


def test_every_number_is_in_its_quote(register):
    wrong = []
    for row in register.claims.to_dict("records"):
        if row["claim_id"] in DERIVED or row["quantity_kind"] in {"start_date", "milestone_date", "completion_date"}:
            continue
        numbers = readable(row["quote"])
        for value in (row["value_low"], row["value_high"]):
            if value == value and not any(abs(value / n - 1) < 1e-6 for n in numbers if n):
                wrong.append((row["claim_id"], value, row["quote"]))
    assert not wrong


def test_six_p_keeps_both_readings(register):
    claims = register.claims.set_index("claim_id")
    assert {c: claims.loc[c, "readings"] for c in ("C033", "C034", "C035")} == {
        "C033": "6|60000",
        "C034": "1.2|12000",
        "C035": "4.8|48000",
    }
    assert (
        claims.loc[["C033", "C034", "C035"], "value_high"] / claims.loc[["C033", "C034", "C035"], "value_low"]
    ).round(6).tolist() == [1e4] * 3


def test_one_quote_one_group(register):
    groups = register.claims.groupby("quote")["independence_group"].nunique()
    assert (groups == 1).all()
    assert (register.claims["independence_group"] != "").all() and (register.claims["group_reason"] != "").all()


def test_copies_of_the_story_count_once(register):
    claims = register.claims.set_index("claim_id")
    story = ["C001", "C002", "C003", "C006", "C007", "C011", "C012", "C013", "C054", "C203", "C204"]
    assert claims.loc[story, "independence_group"].nunique() == 1
    assert (
        claims.loc["C058", "independence_group"] != claims.loc["C054", "independence_group"]
    )  # the company's own filing


@pytest.mark.parametrize(
    ("claim", "rung"),
    [
        ("C034", "roofed"),
        ("C037", "roofed"),
        ("C040", "running"),
        ("C091", "filed"),
        ("C090", "running"),
        ("C044", "roofed"),
        ("C064", "filed"),
        ("C051", "announced"),
        ("C096", "filed"),
    ],
)
def test_rungs_read_from_the_words(register, claim, rung):
    assert register.claims.set_index("claim_id").loc[claim, "rung"] == rung


def test_error_tests_never_enter_the_evidence(register):
    kept = register.claims[register.claims["note"].str.contains("error-propagation")]
    assert len(kept) == 4 and (kept["evidence_use"] == "no").all()


def test_no_government_text_is_an_observation(register):
    tiers = register.claims.set_index("claim_id")["source_tier"]
    assert (
        not tiers[register.observations["source_claim_id"]]
        .isin(["primary_government", "local_government", "state_media"])
        .any()
    )


def test_relations_and_chips_say_how_they_are_known(register):
    assert (register.relations["source"].str.len() > 10).all() and (register.chips["source"].str.len() > 10).all()
    assert {"H100", "H200", "H20", "A100", "H800", "B200", "GB200", "Ascend 910B", "Ascend 910C"} <= set(
        register.chips["chip"]
    )
    assert register.chips["prior_cn"].sum() == pytest.approx(1) and register.chips[
        "prior_other"
    ].sum() == pytest.approx(1)
