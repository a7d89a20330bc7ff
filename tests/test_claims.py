from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import extraction
from osint.claims import COLUMNS, extract, frame
from osint.vocabulary import SI_UNITS

WHEN = date(2025, 6, 28)
KINDS = frozenset(
    [
        "chips",
        "servers",
        "racks",
        "compute",
        "power",
        "gen",
        "battery",
        "transformer",
        "voltage",
        "energy",
        "energy_gen",
        "battery_energy",
        "tce",
        "land",
        "floor",
        "area_other",
        "pue",
        "money_cny",
        "money_usd",
        "money_hkd",
        "money_eur",
        "share",
        "count",
        "duration",
    ]
)


def only(text, when=WHEN):
    found = extract(text, when)
    assert len(found) == 1, found
    return found[0]


def test_labelled_sentences_reach_the_goals():
    sentences = extraction.sentences()
    for chinese in (True, False):
        chosen = [s for s in sentences if extraction.is_chinese(s) == chinese]
        result = extraction.score(chosen)
        assert result["F1"] >= 0.95 and result["qualifier"] >= 0.95
        assert result["rung"] >= 0.90 and result["date"] >= 0.90
        assert result["both_bounds"] >= 0.97


def test_every_claim_keeps_the_fixed_names_and_exact_offsets():
    for sentence in extraction.sentences():
        for claim in extract(sentence.text, sentence.published):
            assert claim.kind in KINDS and claim.si_unit in SI_UNITS
            assert sentence.text[claim.start : claim.end] == claim.quote
            assert claim.qualifier in ("exact", "about", "more than", "at least", "up to", "less than", "range")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("worth $2bn", 2e9), ("worth $483m", 4.83e8), ("worth $2\nbn", 2e9), ("a $390-million centre", 3.9e8),
        ("￥668.79 万元", 6687900), ("￥668.790000 】万元", 6687900), ("中标金额：【668.79】万元", 6687900),
        ("中标金额（万元）：668.79", 6687900), ("投资１２．５亿元", 1.25e9), ("投资12.5\n亿元", 1.25e9), ("Rmb5bn", 5e9),
        ("2000多億元", 2e11), ("人民币叁亿伍仟万元整", 3.5e8), ("HK$1.2 billion", 1.2e9), ("US$5.3bn", 5.3e9),
        ("5 billion yuan", 5e9), ("20亿元", 2e9), ("達(dá)100億元", 1e10), ("共计65个小目标", 6.5e9), ("€85m", 8.5e7),
    ],
)  # fmt: skip
def test_money_keeps_its_scale(text, value):
    claim = only(text)
    assert (claim.si_low, claim.kind[:5]) == (value, "money")


@pytest.mark.parametrize(
    ("text", "kind", "si_low", "si_high", "qualifier"),
    [
        ("机架超萬架", "racks", 10000, None, "more than"), ("10 万 P", "compute", 1e5, 1e5, "exact"),
        ("1+ GW of power", "power", 1000, None, "more than"), ("PUE值不高于1.15", "pue", None, 1.15, "up to"),
        ("715,000-square-foot hall", "floor", 66425.6736, 66425.6736, "exact"), ("标煤4.21万吨", "tce", 42100, 42100, "exact"),
        ("110kV线路", "voltage", 110, 110, "exact"), ("主变2×240MVA", "transformer", 480, 480, "exact"),
        ("20% – 30% load", "share", 0.2, 0.3, "range"), ("between 10,000 and 20,000 chips", "chips", 1e4, 2e4, "range"),
        ("100,000 H100", "chips", 1e5, 1e5, "exact"), ("签约90亿元", "money_cny", 9e9, 9e9, "exact"),
        ("近20亿元", "money_cny", 2e9, 2e9, "about"), ("不足百台服务器", "servers", None, 100, "less than"),
        ("三百亩", "land", 200000, 200000, "exact"), ("1亿亿次浮点运算", "compute", 10, 10, "exact"),
    ],
)  # fmt: skip
def test_quantities_that_libraries_misread(text, kind, si_low, si_high, qualifier):
    claim = only(text)
    assert claim.kind == kind and claim.qualifier == qualifier
    assert claim.si_low == (pytest.approx(si_low) if si_low is not None else None)
    assert claim.si_high == (pytest.approx(si_high) if si_high is not None else None)


@pytest.mark.parametrize(
    "text",
    [
        "联系电话：0902-6722123", "项目代码：2408-650522-04-01-123456", "“十四五”期间", "新政发〔2023〕12号", "合同金额：0元",
        "合同期限：年", "2024年6月12日上午10时", "存储56PB", "营收同比增长35.6%", "the H100 has 80GB", "Call 1-800-555-0199",
        "1080P高清视频", "第三座", "海拔1740米", "version 3.2",
    ],
)  # fmt: skip
def test_what_is_near_a_claim_stays_out(text):
    assert extract(text, WHEN) == []


@pytest.mark.parametrize(
    ("text", "rung", "aim"),
    [
        ("项目尚未投产，规模100P", "", ""), ("算力100P，尚未建成", "", ""), ("已建成算力100P", "roofed", "roofed"),
        ("可承载100P算力", "roofed", "roofed"), ("预计年底建成100P", "announced", "roofed"), ("100P智算中心将点亮", "announced", "running"),
        ("100P智算中心点亮", "running", "running"), ("签约算力100P", "announced", "announced"), ("备案算力100P", "filed", "filed"),
        ("在建算力100P", "ground broken", "ground broken"), ("已建在建机架100架", "ground broken", "ground broken"),
        ("110千伏变电站送电", "powered", "powered"), ("已建成100P并投运", "powered", "powered"), ("总投资10亿元", "", ""),
        ("The 100MW hall is operational", "running", "running"), ("It will have 100MW", "announced", "announced"),
        ("Work on the 48MW hall has not started", "", ""), ("seven buildings were built or under construction", "ground broken", "ground broken"),
        ("a data center powered by 625 H100 servers", "", ""), ("The hall can house 60,000 chips", "roofed", "roofed"),
        ("外送电量120亿度", "", ""),
    ],
)  # fmt: skip
def test_rungs_by_clause_tense_and_negation(text, rung, aim):
    claim = only(text)
    assert (claim.rung, claim.aim) == (rung, aim)


def test_a_missing_wan_is_offered_as_another_reading():
    assert "60000" in only("项目建成后,能达到6P的算力").alternatives
    assert only("能达到6000P的算力").alternatives == ""


@pytest.mark.parametrize(
    ("text", "value", "warned"),
    [("算力6\u200b0P", 60, True), ("算力500Р", 500, True), ("算力１２０Ｐ", 120, False), ("占地１２０㎡", 120, False)],
)
def test_odd_characters_are_read_right_and_named(text, value, warned):
    claim = only(text)
    assert claim.si_low == value and bool(claim.warning) == warned
    assert text[claim.start : claim.end] == claim.quote


@pytest.mark.parametrize("text", ["算力\u202e321\u202cP", "算力10⁴P", "算力1①P", "\u2067100MW\u2069 power"])
def test_reordered_text_powers_and_circled_digits_are_refused(text):
    assert extract(text, WHEN) == []


def test_a_sum_without_its_scale_is_marked():
    claim = only("总投资：668.79元")
    assert "without" in claim.warning and claim.confidence == "low"


def test_same_bytes_same_claims_and_repeats_are_shifted():
    text = "该中心已投运机架1800架。\n总投资3亿元。\n" * 3
    found = extract(text, WHEN)
    assert found == extract(text, WHEN) and len(found) == 6
    assert all(text[c.start : c.end] == c.quote for c in found)


def test_frame_has_its_columns_and_open_bounds_are_missing():
    table = frame(extract("more than 100 MW of power", WHEN), "a.txt")
    assert list(table.columns) == list(COLUMNS)
    assert table["si_high"].isna().all() and table["si_low"].tolist() == [100.0]
    assert frame([]).empty and list(frame([]).columns) == list(COLUMNS)


@settings(max_examples=150, deadline=None)
@given(
    st.text(
        alphabet="0123456789.,-~至 万亿千百余多约超近元PMWkVAh%$¥￥(（【】)）年月日底将已建成不足个台张m²㎡bnH\n\u200b\u202eР①、和to",
        max_size=60,
    )
)
def test_any_text_gives_offsets_inside_it(text):
    found = extract(text, WHEN)
    for claim in found:
        assert text[claim.start : claim.end] == claim.quote != ""
        assert claim.si_low is None or claim.si_high is None or claim.si_low <= claim.si_high
    assert all(a.start <= b.start for a, b in pairwise(found))


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 9_999_999), st.sampled_from(["", "万", "亿"]), st.sampled_from(["元", "P", "亩", "张GPU卡"]))
def test_written_numbers_are_read_back(number, scale, unit):
    factor = {"": 1, "万": 1e4, "亿": 1e8}[scale] * {"亩": 2000 / 3}.get(unit, 1)
    for digits in (str(number), f"{number:,}"):
        assert only(f"共有{digits}{scale}{unit}").si_low == pytest.approx(number * factor, rel=1e-9)
