from datetime import date
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.filings import sentences as labelled
from osint.claims import CLAIM_COLUMNS, SI_UNITS, claims_frame, extract
from osint.claims import units as unit_tables
from osint.errors import BadInputError

WHEN = date(2025, 6, 28)
KINDS = {
    "chips", "servers", "racks", "compute", "power", "gen", "battery", "transformer", "voltage", "energy",
    "energy_gen", "battery_energy", "tce", "land", "floor", "area_other", "pue", "money_cny", "money_usd",
    "money_hkd", "money_eur", "share", "count", "duration",
}  # fmt: skip
BOUNDS = ("exact", "about", "more than", "at least", "up to", "less than", "range")


def only(text, when=WHEN):
    found = extract(text, when)
    assert len(found) == 1, found
    return found[0]


def test_labelled_sentences_reach_the_goals():
    sentences = labelled.sentences()
    for chinese in (True, False):
        chosen = [s for s in sentences if labelled.is_chinese(s) == chinese]
        result = labelled.score(chosen)
        assert result["F1"] >= 0.95 and result["qualifier"] >= 0.95
        assert result["rung"] >= 0.90 and result["date"] >= 0.90
        assert result["both_bounds"] >= 0.97


def test_every_claim_keeps_the_fixed_names_and_exact_offsets():
    for sentence in labelled.sentences():
        for claim in extract(sentence.text, sentence.published):
            assert claim.kind in KINDS and claim.quantity.si_unit in SI_UNITS
            assert sentence.text[claim.start : claim.end] == claim.quote
            assert claim.quantity.qualifier in BOUNDS


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("worth $2bn", 2e9), ("worth $483m", 4.83e8), ("worth $2\nbn", 2e9), ("a $390-million centre", 3.9e8),
        ("￥668.79 万元", 6687900), ("￥668.790000 】万元", 6687900), ("中标金额：【668.79】万元", 6687900),
        ("中标金额（万元）：668.79", 6687900), ("投资１２．５亿元", 1.25e9), ("投资12.5\n亿元", 1.25e9), ("Rmb5bn", 5e9), ("rmb5bn", 5e9),
        ("2000多億元", 2e11), ("人民币叁亿伍仟万元整", 3.5e8), ("HK$1.2 billion", 1.2e9), ("US$5.3bn", 5.3e9),
        ("5 billion yuan", 5e9), ("20亿元", 2e9), ("達(dá)100億元", 1e10), ("共计65个小目标", 6.5e9), ("€85m", 8.5e7),
    ],
)  # fmt: skip
def test_money_keeps_its_scale(text, value):
    claim = only(text)
    assert (claim.quantity.si_low, claim.kind[:5]) == (value, "money")


@pytest.mark.parametrize("text", ["采购320台GPU伺服器", "採購330台英偉達H800GPU系列算力伺服器", "采购320台GPU服务器"])
def test_machines_with_chips_are_counted_as_machines_in_either_script(text):
    assert [claim.kind for claim in extract(text)] == ["servers"]


@pytest.mark.parametrize(
    ("text", "kind", "si_low", "si_high", "qualifier"),
    [
        ("机架超萬架", "racks", 10000, None, "more than"), ("10 万 P", "compute", 1e5, 1e5, "exact"),
        ("1+ GW of power", "power", 1000, None, "more than"), ("PUE值不高于1.15", "pue", None, 1.15, "up to"),
        ("715,000-square-foot hall", "floor", 66425.6736, 66425.6736, "exact"), ("标煤4.21万吨", "tce", 42100, 42100, "exact"),
        ("110kV线路", "voltage", 110, 110, "exact"), ("主变2×240MVA", "transformer", 480, 480, "exact"),
        ("投资7亿元(含税)左右", "money_cny", 7e8, 7e8, "about"), ("30家上下游企业", "count", 30, 30, "exact"),
        ("20% – 30% load", "share", 0.2, 0.3, "range"), ("between 10,000 and 20,000 chips", "chips", 1e4, 2e4, "range"),
        ("100,000 H100", "chips", 1e5, 1e5, "exact"), ("签约90亿元", "money_cny", 9e9, 9e9, "exact"),
        ("近20亿元", "money_cny", 2e9, 2e9, "about"), ("不足百台服务器", "servers", None, 100, "less than"),
        ("costing $2-3bn", "money_usd", 2e9, 3e9, "range"), ("投资¥2-3亿元", "money_cny", 2e8, 3e8, "range"),
        ("10000-15000个机柜", "racks", 1e4, 1.5e4, "range"), ("half a million GPUs", "chips", 5e5, 5e5, "exact"),
        ("a 100MW-plus campus", "power", 100, None, "more than"), ("483m kWh consumed", "energy", 483, 483, "exact"),
        ("a cluster of eight-GPU servers", "chips", 8, 8, "exact"), ("a PUE between 1.1 and 1.2", "pue", 1.1, 1.2, "range"),
        ("三十萬千伏安", "transformer", 300, 300, "exact"), ("港幣18.8億元", "money_hkd", 1.88e9, 1.88e9, "exact"),
        ("one and a half billion dollars", "money_usd", 1.5e9, 1.5e9, "exact"), ("利用率长期不足三成", "share", None, 0.3, "less than"),
        ("an eight-GPU H20 machine", "chips", 8, 8, "exact"), ("The PUE will stay under 1.2 year-round.", "pue", None, 1.2, "less than"),
        ("a campus spread over 300 acres", "land", 1214056.92672, 1214056.92672, "exact"),
        ("品名：GPU服务器；数量：32台", "servers", 32, 32, "exact"), ("装机功率60兆瓦的数据中心", "power", 60, 60, "exact"),
        ("三百亩", "land", 200000, 200000, "exact"), ("1亿亿次浮点运算", "compute", 10, 10, "exact"),
    ],
)  # fmt: skip
def test_quantities_that_libraries_misread(text, kind, si_low, si_high, qualifier):
    claim = only(text)
    assert claim.kind == kind and claim.quantity.qualifier == qualifier
    assert claim.quantity.si_low == (pytest.approx(si_low) if si_low is not None else None)
    assert claim.quantity.si_high == (pytest.approx(si_high) if si_high is not None else None)


@pytest.mark.parametrize(
    "text",
    [
        "联系电话：0902-6722123", "项目代码：2408-650522-04-01-123456", "“十四五”期间", "新政发〔2023〕12号", "合同金额：0元",
        "合同期限：年", "2024年6月12日上午10时", "存储56PB", "营收同比增长35.6%", "the H100 has 80GB", "Call 1-800-555-0199",
        "1080P高清视频", "第三座", "rented 2,000 H100 hours", "shares added 3%", "海拔1740米", "version 3.2", "《公司法》第一百一十二条", "新台币百亿元", "换手率5.6%", "序号01 GPU", "beat forecasts by 4 percent",
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
        ("110千伏变电站送电", "powered", "powered"), ("已建成100P并投运", "running", "running"), ("总投资10亿元", "", ""),
        ("The 100MW hall is operational", "running", "running"), ("It will have 100MW", "announced", "announced"),
        ("Work on the 48MW hall has not started", "", ""), ("seven buildings were built or under construction", "ground broken", "ground broken"),
        ("a data center powered by 625 H100 servers", "", ""), ("The hall can house 60,000 chips", "roofed", "roofed"),
        ("外送电量120亿度", "", ""),
    ],
)  # fmt: skip
def test_rungs_by_clause_tense_and_negation(text, rung, aim):
    claim = only(text)
    assert (claim.rung, claim.aim) == (rung, aim)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("平均PUE分别为1.25、1.22、1.18", [1.25, 1.22, 1.18]), ("It runs 52 racks, taking the total to 210.", [52, 210]),
        ("It had 15,000 petaflops by June, up from 600 a year earlier.", [15000, 600]),
        ("Of the 8,000 servers ordered, only 1,200 had arrived.", [8000, 1200]),
        ("It ordered 1 million chips, with the first tranche of 35,000 approved.", [1e6, 35000]),
        ("seven of its 30 planned buildings were up and running", [7, 30]), ("5台GPU服务器、交换机8台", [5]),
    ],
)  # fmt: skip
def test_what_is_counted_is_found_though_it_is_said_once(text, values):
    assert [claim.quantity.si_low for claim in extract(text, WHEN)] == values


@pytest.mark.parametrize(
    ("text", "rung", "date"),
    [
        ("力争到2026年底，建成标准机架10万架", "announced", "2026-12"), ("2026年12月投产5000P", "announced", "2026-12"),
        ("首批4000张卡已于4月交付", "", "2025-04"), ("储能规模50MW，采用锂电池，已于6月10日并网", "powered", "2025-06-10"),
        ("截至三季度末，在用机架4.9万架", "running", "2024-09"), ("首个万P集群15日点亮", "running", "2025-06-15"),
        ("The 36MW hall was approved in November.", "filed", "2024-11"), ("A 36MW hall is due to open in November.", "announced", "2025-11"),
        ("It had 360 MW of active power and 32 halls at year-end 2024.", "", "2024-12"),
        ("It spent on 300 servers in the first three months of the year.", "", "2025-01/2025-03"),
        ("合同签订后交付服务器40台", "", ""),
    ],
)  # fmt: skip
def test_dates_and_rungs_that_a_sentence_says_elsewhere(text, rung, date):
    claim = extract(text, WHEN)[0]
    assert (claim.rung, claim.date) == (rung, date)


def test_a_missing_wan_is_offered_as_another_reading():
    assert "60000" in only("项目建成后,能达到6P的算力").alternatives
    assert only("能达到6000P的算力").alternatives == ""


@pytest.mark.parametrize(
    ("text", "value", "warned"),
    [("算力6\u200b0P", 60, True), ("算力500Р", 500, True), ("算力１２０Ｐ", 120, False), ("占地１２０㎡", 120, False)],
)
def test_odd_characters_are_read_right_and_named(text, value, warned):
    claim = only(text)
    assert claim.quantity.si_low == value and bool(claim.warning) == warned
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
    table = claims_frame(extract("more than 100 MW of power", WHEN), "a.txt")
    assert list(table.columns) == list(CLAIM_COLUMNS)
    assert table["si_high"].isna().all() and table["si_low"].tolist() == [100.0]
    assert claims_frame([]).empty and list(claims_frame([]).columns) == list(CLAIM_COLUMNS)


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
        assert (
            claim.quantity.si_low is None
            or claim.quantity.si_high is None
            or claim.quantity.si_low <= claim.quantity.si_high
        )
    assert all(a.start <= b.start for a, b in pairwise(found))


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 9_999_999), st.sampled_from(["", "万", "亿"]), st.sampled_from(["元", "P", "亩", "张GPU卡"]))
def test_written_numbers_are_read_back(number, scale, unit):
    factor = {"": 1, "万": 1e4, "亿": 1e8}[scale] * {"亩": 2000 / 3}.get(unit, 1)
    assume((number, scale, unit) not in [(lines, "", "P") for lines in (480, 720, 1080, 2160, 4320)])  # video
    for digits in (str(number), f"{number:,}"):
        assert only(f"共有{digits}{scale}{unit}").quantity.si_low == pytest.approx(number * factor, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("The cluster delivers up to 4 exaflops of compute.", "cluster"), ("Some 2,000 servers went live", "servers"),
        ("A substation with two 300 MVA transformers", "substation"), ("Its annualised PUE was 1.18", "annualised PUE"),
        ("年用电量10.4亿千瓦时", "年用电量"), ("主变压器2×63MVA", "主变压器"), ("配置储能15万千瓦", "配置储能"),
        ("该园区将提供不少于120兆瓦的电力", "该园区"), ("2台240MVA变压器", "变压器"),
    ],
)  # fmt: skip
def test_the_subject_is_the_noun_phrase_in_front(text, subject):
    assert extract(text, WHEN)[-1].subject == subject


@pytest.mark.parametrize(
    ("text", "rungs"),
    [
        ("The 40MW hall is live, and the project cost $3bn.", ["running", ""]),
        ("The campus is under construction, and it covers 300 acres.", [""]),
        ("It said it had secured a $3bn loan to build a 1.2GW campus.", ["", "announced"]),
        ("The 60 racks are complete and 5,000 servers are in service.", ["roofed", "running"]),
        ("A $390-million, 20-megawatt data centre opened in Johor.", ["", "running"]),
        ("其中开工9个项目、投运4个项目", ["ground broken", "powered"]),
    ],
)
def test_a_neighbouring_clause_lends_its_rung_only_where_its_verb_governs(text, rungs):
    assert [claim.rung for claim in extract(text, WHEN)] == rungs


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("family", "powr", "line 2: family 'powr' is not one of chips, servers"),
        ("si_unit", "kW", "line 2: si_unit 'kW' is not one of count"),
    ],
)
def test_a_unit_of_an_unknown_family_is_refused(monkeypatch, column, cell, words):
    """A word that no table declares would drop every number with that unit."""
    own = {"spellings": "MW", "family": "power", "si_unit": "MW", "factor": "1", "needs": ""}
    read = unit_tables.table_rows
    made = own
    monkeypatch.setattr(
        unit_tables, "table_rows", lambda name, room: iter([made]) if name == "units.csv" else read(name, room)
    )
    assert list(unit_tables.declared_units.__wrapped__()) == ["MW"]
    made = own | {column: cell}
    with pytest.raises(BadInputError, match=words):
        unit_tables.declared_units.__wrapped__()
