"""The evidence tables against themselves: every stored number, date and rung against its quote.

The reader here is the test's own, small and strict: a number counts only with its unit beside it.
"""

import calendar
import csv
import hashlib
import re
import unicodedata
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from osint import geo
from osint.model import Dossier
from osint.register import Claim, SiteRow, sites_overview

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"

# SHA-256 over the columns as received, cells joined by U+001F, one row a line; `unit` is taken from unit_as_recorded
AS_RECEIVED = {
    "claims": (212, 19, "83fcf085788f8e6ca8219002b4c38050c520ce581321ba088c7939c65cf9366f"),
    "sites": (48, 17, "60b51f037ec23603b4595ac4fdbe836817a997d557dc95c48315aa8884851983"),
    "calibration": (69, 11, "22aed5865df32a49251543c2a45c33c16e7ed9d582e5532a3bf120215ada305f"),
}

NUMBER = r"(\d[\d,]*(?:\.\d+)?)[\s-]?(万|亿|million|billion|k\b)?[\s-]?"
SCALE = {"万": 1e4, "亿": 1e8, "million": 1e6, "billion": 1e9, "k": 1e3}
WORDS = {"seven": 7}
SIMPLIFIED = str.maketrans("萬億標準機櫃項達約", "万亿标准机柜项达约")

# unit of the table: what may stand behind a number (or around it, where {n} marks the number), and the factor
UNITS = {
    "chips": [(r"(?:[A-Za-z\[\]()'.-]+\s|GB200\s){0,6}?(?:chips|GPUs|processors|H100|卡)", 1), (r"gpuUnits: {n}", 1)],
    "servers": [(r"(?:\w+ ){0,3}servers", 1)],
    "racks": [(r"个?(?:标准)?机(?:架|柜)", 1), (r"机[架柜][达约]?{n}架", 1), (r"(?:equipment )?cabinets", 1)],
    "PFLOPS": [(r"(?:P(?![a-z])|PFlops|PFLOPS|PetaFLOPS|petaflops)", 1), (r"EFLOPS", 1e3)],
    "MW": [(r"(?:MW|megawatts?|兆瓦)", 1), (r"(?:GW|gigawatts?)", 1e3), (r"千瓦(?!时)", 1e-3), (r"mw: {n}", 1)],
    "GWh/yr": [(r"(?:千瓦时|kWh)", 1e-6)],
    "m2": [(r"(?:平方米|平素米|m2)", 1)],
    "mu": [(r"(?:亩|mu\b)", 1)],
    "CNY": [(r"(?:元|yuan)", 1)],
    "USD": [(r"\${n}", 1)],
    "percent": [(r"%", 1)],
    "projects": [(r"(?:(?:\w+ ){0,3}(?:data cent(?:er|re)s?|projects)|of those)", 1), (r"项目", 1)],
    "count": [(r"(?:家(?:算力)?企业|turbines|data centers|(?=of its 30)|planned buildings)", 1)],
    "ratio": [(r"×", 1), (r"(?:PUE|Effectiveness\)?)[^\d]{0,8}{n}", 1)],
    "tce/yr": [(r"(?:吨|tonnes)", 1)],
}

# what the quote does not print as such: the stored low and high, and the reason
NOT_PRINTED = {
    "C028": (15, 30, "'15-30x'"),
    "C033": (6, 60000, "6P as printed, or 6万P"),
    "C034": (1.2, 12000, "1.2P as printed, or 1.2万P"),
    "C035": (4.8, 48000, "4.8P as printed, or 4.8万P"),
    "C038": (0.1095, 0.1095, "300 kWh a day x 365"),
    "C042": (1000, 9999, "千P级, the order of a thousand"),
    "C050": (6.5e9, 6.5e9, "65 x 小目标, slang for 100 million yuan"),
    "C077": (10000, None, "超万P, above ten thousand"),
    "C109": (53300, 53300, "5.33 ha x 10,000"),
    "C153": (3541000, 3541000, "875 acres x 4,046.86 m2"),
    "C163": (200000, 200000, "'doubled' the 100,000 of C161, the same text"),
    "C166": (35, 35, "14 x 2.5 MW"),
    "C170": (72929, 72929, "785,000 sq ft x 0.0929030 m2"),
    "C179": (4856000, 4856000, "1,200 acres x 4,046.86 m2"),
    "C181": (18581, None, "200,000 sq ft x 0.0929030 m2"),
    "C120": (10000, 10000, "万卡, ten thousand cards"),
    "C025": (150, None, "'at least 150 of them', of the projects of the sentence"),
    "C177": (500000, 500000, "'nearly 500,000 of Amazon's own Trainium2 chips', where the name holds a number"),
    "C215": (2000000, None, "2 million, of chips named in the sentence before"),
    "C217": (400000, None, "'400,000 H200 chips', where the name holds a number"),
    "C219": (15, 15, "'15 percent', in words"),
    "C223": (1000000, 1000000, "'1 million H20 processors', where the name holds a number"),
    "C224": (600000, 600000, "600,000 of its 910C chips"),
    "C225": (None, 1600000, "1.6 million dies"),
    "C231": (0.012, 0.012, "12kw"),
    "C232": (17000, None, "1.7万(wan)架, with debris of the mirror"),
    "C234": (18, 18, "项目18项"),
    "C237": (10000, 10000, "万卡, ten thousand cards"),
    "C242": (2, 2, "2台柴油发电机"),
    "C246": (140000, 140000, "a median of approximately 140,000 of the chips of the sentence"),
    "C247": (20000, 20000, "20,000 of our hardware"),
    "C248": (22832, 22832, "22832张算力卡"),
    "C249": (16384, 16384, "16384张平头哥算力卡"),
}
CONVERTED = {
    "C038": (300 * 365 / 1e6, "300千瓦时"),
    "C050": (65 * 1e8, "65个小目标"),
    "C109": (5.33 * 1e4, "5.33公顷"),
    "C153": (875 * 4046.856, "875 acres"),
    "C166": (14 * 2.5, "14 generators, outputting 2.5 MW"),
    "C170": (785000 * 0.09290304, "785,000 sq ft"),
    "C179": (1200 * 4046.856, "1,200 acres"),
    "C181": (200000 * 0.09290304, "200,000 square feet"),
}
DATES_NOT_PRINTED = {
    "C069": ("2024-12-31", "去年, the year before the text"),
    "C161": ("2024-07", "in July 2024"),
    "C162": ("2024-07", "in July 2024"),
    "C163": ("2025-02", "by February 2025"),
    "C158": ("2026-09-24", "as of 09/24/2026"),
    "C168": ("2025-09/2025-11", "this fall, of the year of the text"),
    "C218": ("2026-02-24", "day of the hearing, from another report of it"),
    "C220": ("2025-07-31", "on July 31, 2025"),
    "C037": ("2024-11-11", "done by the day of publication"),
    "C061": ("2024-12", "two months (2个月) after the announcement of 8 October 2024"),
    "C089": ("2025-07", "7月份 of the year of the text"),
    "C111": ("2025-06-30", "今年的7月份之前, before July"),
    "C123": ("2025-08", "stands in the text around the shortened quote"),
    "C128": ("2024-06", "截至6月中旬 stands in the text around the quote"),
    "C129": ("2024-06", "截至6月中旬 stands in the text around the quote"),
    "C130": ("2024-12-31", "截至2024年底 stands in the text around the quote"),
    "C131": ("2024-12-31", "截至2024年底 stands in the text around the quote"),
    "C144": ("2024-10-31", "今年10月底前建成 stands in the text around the quote"),
    "C145": ("2024-10-31", "今年10月底前建成 stands in the text around the quote"),
}

# words that name a rung, in the order of the ladder; a quote may hold several
RUNG_WORDS = {
    "announced": r"签约|簽約|规划|規劃|策划|拟建设|为目标|计划|即将|布局",
    "filed": r"备案|招标|中标|合同|tenders|approved|green-lit",
    "ground broken": r"开工|在建|进场|正在加速建设|投建|cranes|under construction",
    "roofed": r"封顶|建成|可承载|可承載|space for|完成|拔地而起|建设期",
    "powered": r"投运|试运行",
    "running": r"点亮|投产|上线|up and running|\blive\b|operational",
}
RUNG_BY_HAND = {
    "C245": "running are seven of the 30 planned buildings",
    "C061": "behind the 建设期 of compute comes its 运营周期: what is complete has power",
    "C069": "建成 of compute: what is built has power",
    "C074": "拔地而起 of compute: what is built has power",
    "C077": "建成 of compute: what is built has power",
    "C078": "完成 of compute: what is complete has power",
    "C079": "完成 of compute: what is complete has power",
    "C080": "建成 of compute: what is built has power",
    "C092": "建成 and 备案 stand beside it; the compute is to be built",
    "C062": "规划 and 计划, in the announcement of a bid won (中标)",
    "C063": "规划 and 计划, in the announcement of a bid won (中标)",
    "C068": "建成 belongs to the racks; the P are expected by the end of the year",
    "C130": "在建 belongs to the racks; the P are said to be reached",
}


def rows(name):
    with (RAW / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CLAIMS = rows("claims")
with (RAW.parent / "corrections.csv").open(encoding="utf-8", newline="") as corrections:
    CORRECTIONS = list(csv.DictReader(corrections))
BY_ID = {row["claim_id"]: row for row in CLAIMS}


def plain(quote):
    return unicodedata.normalize("NFKC", quote).translate(SIMPLIFIED)


def read(quote, unit):
    """All quantities of one unit that a quote prints."""
    text = plain(quote)
    for word, value in WORDS.items():
        text = re.sub(rf"\b{word}\b", str(value), text, flags=re.I)
    found = set()
    for pattern, factor in UNITS[unit]:
        whole = pattern.replace("{n}", NUMBER) if "{n}" in pattern else NUMBER + pattern
        for match in re.finditer(whole, text):
            number, scale = match.group(1), match.group(2)
            found.add(round(float(number.replace(",", "")) * SCALE.get(scale or "", 1) * factor, 6))
    return found


def stored(row):
    return [float(row[k]) for k in ("value_low", "value_high") if row[k]]


@pytest.mark.parametrize("name", AS_RECEIVED)
def test_columns_as_received_differ_by_the_corrections_alone(name):
    """The first rows are those of the collection, but for the cells that corrections.csv lists; later rows are ours."""
    count, width, digest = AS_RECEIVED[name]
    with (RAW / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        head, *body = csv.reader(file)
    assert len(body) >= count
    named = head.index("calibration_id") if name == "calibration" else 0
    was = {(c["row"], c["column"]): c["was"] for c in CORRECTIONS if c["table"] == f"{name}.csv"}
    seen = hashlib.sha256()
    for cells in (head, *body[:count]):
        given = [was.get((cells[named], column), cell) for column, cell in zip(head, cells, strict=True)]
        kept = given[:width]
        if name == "claims" and cells is not head:
            kept[head.index("unit")] = given[head.index("unit_as_recorded")]
        seen.update("\x1f".join(kept).encode() + b"\n")
    assert seen.hexdigest() == digest


def test_every_correction_is_in_the_table_and_has_a_reason():
    assert len({(c["table"], c["row"], c["column"]) for c in CORRECTIONS}) == len(CORRECTIONS)
    for c in CORRECTIONS:
        assert c["column"] not in {"quote", "claim_id", "source_url"} and c["was"] != c["now"] and c["reason"]
        row = next(r for r in rows(c["table"].removesuffix(".csv")) if c["row"] in r.values())
        assert row[c["column"]] == c["now"], (c["row"], c["column"])


def test_tables_are_plain_text_and_no_cell_is_a_formula():
    for path in sorted(RAW.glob("*.csv")):
        body = path.read_bytes()
        assert b"\r" not in body and not body.startswith(b"\xef\xbb\xbf") and body.endswith(b"\n"), path.name
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for line in csv.reader(file) for cell in line]
        assert not [c for c in cells if re.match(r"[=+@\t]|-(?!\d+(\.\d+)?$)", c)], path.name


@pytest.mark.parametrize(
    ("quote", "unit", "value"),
    [
        ("算力规模1.7万P", "PFLOPS", 17000),
        ("1.6萬卡", "chips", 16000),
        ("1.26亿千瓦时", "GWh/yr", 126),
        ("120万千瓦风电", "MW", 1200),
        ("6.7EFLOPS", "PFLOPS", 6700),
        ("over 5 billion yuan", "CNY", 5e9),
        ("$390-million data centre", "USD", 390e6),
        ("at least seven of those projects", "projects", 7),
    ],
)
def test_the_reader_itself(quote, unit, value):
    assert value in read(quote, unit)


def test_the_reader_wants_the_unit_beside_the_number():
    assert read("128P智算中心", "MW") == set() and read("占地1400亩", "m2") == set()


@pytest.mark.parametrize("row", [r for r in CLAIMS if stored(r)], ids=lambda r: r["claim_id"])
def test_every_number_follows_from_its_quote(row):
    if row["claim_id"] in NOT_PRINTED:
        low, high, reason = NOT_PRINTED[row["claim_id"]]
        assert stored(row) == [v for v in (low, high) if v is not None], reason
        return
    missing = [v for v in stored(row) if not any(abs(v - n) <= 1e-6 * v for n in read(row["quote"], row["unit"]))]
    assert not missing, (missing, row["unit"], read(row["quote"], row["unit"]), row["quote"])


@pytest.mark.parametrize("factor", [10, 0.1, 1e4, 1e-4, 2, 1.1])
def test_a_slip_in_a_stored_number_would_be_seen(factor):
    for row in (r for r in CLAIMS if stored(r) and r["claim_id"] not in NOT_PRINTED):
        found = read(row["quote"], row["unit"])
        assert not [v for v in stored(row) if any(abs(v * factor - n) <= 1e-6 * v * factor for n in found)]


def test_no_exception_is_idle():
    """An exception for a row whose numbers the reader finds would hide a later slip."""
    idle = [
        i
        for i in NOT_PRINTED
        if all(any(abs(v - n) <= 1e-6 * v for n in read(BY_ID[i]["quote"], BY_ID[i]["unit"])) for v in stored(BY_ID[i]))
    ]
    assert idle == []


@pytest.mark.parametrize("claim", CONVERTED)
def test_conversions_are_arithmetic_on_the_quote(claim):
    value, printed = CONVERTED[claim]
    assert printed in plain(BY_ID[claim]["quote"])
    assert stored(BY_ID[claim])[-1] == pytest.approx(value, rel=2e-4)


def test_two_readings_are_kept_where_the_text_allows_two():
    for claim in ("C033", "C034", "C035"):
        row = BY_ID[claim]
        assert "万" not in row["quote"] and re.search(r"\dP", row["quote"])
        assert [float(x) for x in row["readings"].split("|")] == stored(row)
        assert stored(row)[1] == pytest.approx(1e4 * stored(row)[0])
    assert {r["claim_id"] for r in CLAIMS if r["readings"]} == {"C033", "C034", "C035"}


def dates_of(row):
    """Dates that a quote can mean, counted from the year of its text."""
    text = plain(row["quote"])
    own = int((row["date"] or "0")[:4])
    years = {int(y) for y in re.findall(r"\b(20\d\d)\b|(20\d\d)(?=\s?年)", text) for y in y if y}
    years = years or ({own + 1} if "明年" in text or "next year" in text else {own})
    out = set()
    for year in years:
        out |= {str(year), f"{year}-12-31"}
        out |= {f"{year}-06-30"} if "mid-" in text else set()
        out |= {f"{year}-05-01"} if "五一" in text else set()
        for month, day in re.findall(r"(\d{1,2})月(?:(\d{1,2})日)?", text):
            out.add(f"{year}-{int(month):02d}" + (f"-{int(day):02d}" if day else ""))
            if "月底" in text:
                out.add(f"{year}-{int(month):02d}-{calendar.monthrange(year, int(month))[1]}")
    return out


@pytest.mark.parametrize("row", [r for r in CLAIMS if r["value_date"]], ids=lambda r: r["claim_id"])
def test_every_date_follows_from_its_quote(row):
    if row["claim_id"] in DATES_NOT_PRINTED and row["value_date"] not in dates_of(row):
        assert row["value_date"] == DATES_NOT_PRINTED[row["claim_id"]][0]
        return
    assert row["value_date"] in dates_of(row)


@pytest.mark.parametrize("row", CLAIMS, ids=lambda r: r["claim_id"])
def test_rung_is_one_that_the_words_name(row):
    """Where the words of a quote name rungs, the row carries one of them; no rung without a reason."""
    named = [rung for rung, words in RUNG_WORDS.items() if re.search(words, row["quote"])]
    assert row["rung_reason"]
    if named and row["rung"] and row["claim_id"] not in RUNG_BY_HAND:
        assert row["rung"] in named, (named, row["rung_reason"], row["quote"])


@pytest.mark.parametrize("row", [r for r in CLAIMS if r["bound"] == "about"], ids=lambda r: r["claim_id"])
def test_about_is_said_and_not_part_of_another_word(row):
    """签约 (sign) and 节约 (save) hold the character of 约 (about)."""
    text = re.sub("签约|簽約|节约", "", row["quote"])
    assert re.search(r"约|約|\babout\b|around|roughly|approximately|nearly|necessitate", text, re.I)


def test_one_quote_one_group():
    groups = {}
    for row in CLAIMS:
        groups.setdefault(row["quote"], set()).add(row["independence_group"])
        assert re.fullmatch(r"G\d{3}", row["independence_group"])
        assert re.match(r"(computed|by hand): .", row["group_reason"])
    assert all(len(g) == 1 for g in groups.values())


def test_computed_groups_are_what_they_say():
    members = {}
    for row in CLAIMS:
        members.setdefault(row["independence_group"], []).append(row)
    for row in CLAIMS:
        others = [r for r in members[row["independence_group"]] if r is not row]
        reason = row["group_reason"]
        if reason == "computed: one source":
            assert not others, row["claim_id"]
        if reason.startswith("computed: same quote"):
            assert any(r["quote"] == row["quote"] for r in others), row["claim_id"]
        if reason.startswith("computed: same source_url"):
            assert any(r["source_url"] == row["source_url"] for r in others), row["claim_id"]


def test_one_address_is_split_only_by_hand():
    """Rows of one address and date are one group, unless a person said why not."""
    pages = {}
    for row in CLAIMS:
        if row["source_url"] and "not identified" not in row["source_url"]:
            pages.setdefault((row["source_url"], row["date"]), []).append(row)
    for page in pages.values():
        if len({r["independence_group"] for r in page}) > 1:
            assert any(r["group_reason"].startswith("by hand") for r in page) or page[0]["claim_id"] == "C007"


def test_copies_of_the_story_count_once():
    story = "C001 C002 C003 C004 C005 C006 C007 C010 C011 C012 C013 C054 C055 C056 C057 C198 C199 C200 C203 C204"
    assert {BY_ID[c]["independence_group"] for c in story.split()} == {"G001"}
    own = {BY_ID[c]["independence_group"] for c in ("C058", "C059", "C060", "C061")}
    assert len(own) == 1 and own != {"G001"}  # the company's own announcement


def test_what_is_no_evidence():
    """Error tests, maps without a source and national context never bear on a site."""
    tests = {r["claim_id"] for r in CLAIMS if "error-propagation" in r["note"]}
    assert tests == {r["claim_id"] for r in CLAIMS if r["error_test"] == "yes"} and len(tests) == 4
    barred = [r for r in CLAIMS if r["claim_id"] in tests | {"C014", "C015", "C007"} or r["site_id"] == "AGG-CN"]
    assert {r["evidence_use"] for r in barred} == {"no"} and all(r["evidence_reason"] for r in CLAIMS)


WORD_OF_BOUND = {"at least": "at least", "at most": "up to", "about": "about", "nearly": "nearly"}
MONEY = {"billion": 10**9, "million": 10**6}


def numbers_of(text):
    """The numbers of a text as exact decimals, with million and billion."""
    found = re.finditer(r"(?<![A-Za-z\d])(\d[\d,]*(?:\.\d+)?)(?: (million|billion))?", text)
    return [Decimal(n[1].replace(",", "")) * MONEY.get(n[2] or "", 1) for n in found]


@pytest.mark.parametrize("row", CLAIMS, ids=lambda r: r["claim_id"])
def test_a_claim_is_printed_with_all_its_digits_its_bound_and_its_unit(row):
    """Nothing of the stored number is lost, and no number stands there that is neither stored nor in the quote."""
    text = Claim.from_row(row).written()
    ends = list(dict.fromkeys(Decimal(row[k]) for k in ("value_low", "value_high") if row[k]))
    if not ends:
        assert text == ""
        return
    printed = numbers_of(text)
    assert printed[: len(ends)] == ends
    assert all(str(n) in row["quote"].replace(",", "") for n in printed[len(ends) :])
    bound = next((word for word in set(WORD_OF_BOUND.values()) if text.startswith(f"{word} ")), "")
    assert bound == WORD_OF_BOUND.get(row["bound"], "")
    assert ("both readings kept" in text) == bool(row["readings"])
    assert ("dense" in text) == (row["precision"] == "dense")
    assert not re.search(r"FP16|all-in|nameplate|design peak|gross|a year", text)


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        ({"value_low": "3579", "value_high": "3579", "unit_as_recorded": "P"}, "3,579 PFLOPS, stated in P"),
        ({"value_low": "109737.88", "value_high": "109737.88", "unit": "m2"}, "109,737.88 m2"),
        ({"value_low": "14373000000", "value_high": "14373000000", "unit": "CNY"}, "14.373 billion CNY"),
        ({"value_low": "451000001", "value_high": "451000001", "unit": "CNY"}, "451.000001 million CNY"),
        ({"value_low": "0.1", "value_high": "0.3", "bound": "range", "unit": "MW"}, "0.1 to 0.3 MW"),
        ({"value_high": "80", "bound": "at most", "unit": "percent"}, "up to 80 percent"),
        ({"value_low": "7", "unit": "count", "unit_as_recorded": "座"}, "at least 7 座"),
        (
            {"value_low": "2e12", "value_high": "3e12", "bound": "about", "unit": "USD"},
            "about 2,000 billion to 3,000 billion USD",
        ),
        ({"value_low": "16000", "value_high": "16000", "unit": "chips", "unit_as_recorded": "卡"}, "16,000 chips (卡)"),
        ({"value_low": "1e-07", "value_high": "1e-07", "unit": "MW"}, "0.0000001 MW"),
        ({"value_low": "120", "value_high": "120", "unit": "MW", "unit_as_recorded": "千瓦"}, "120 MW, stated in 千瓦"),
    ],
)
def test_any_number_is_written_in_full(cells, written):
    blank = BY_ID["C058"] | {"value_low": "", "value_high": "", "bound": "exact", "unit_as_recorded": ""}
    assert Claim.from_row(blank | cells).written() == written


def test_the_reading_of_the_model_stands_apart():
    read = {i: Claim.from_row(BY_ID[i]).read_as() for i in BY_ID}
    assert read["C058"] == "read as PFLOPS, FP16: judgement, the number format is not stated"
    assert read["C045"] == "read as 933,333 m2 land"
    assert read["C066"] == read["C067"] == read["C115"] == ""
    assert read["C001"] == read["C149"] == read["C043"] == read["C138"] == ""


def test_units_keep_what_was_recorded():
    for row in CLAIMS:
        assert (row["precision"] != "") == (row["unit"] == "PFLOPS"), row["claim_id"]
        assert (row["scope"] != "") >= (row["quantity_kind"] == "power_MW"), row["claim_id"]
    assert BY_ID["C097"]["precision"] == "dense"
    facility = {r["claim_id"] for r in CLAIMS if r["scope"] == "facility" and r["claimant"] == "Epoch AI"}
    assert facility == {"C156", "C171", "C182", "C184", "C186"}


def test_observations_are_their_claims_seen_by_a_third_party():
    official = {"primary_government", "local_government", "state_media", "company_release", "company_filing"}
    for row in rows("observations"):
        claim = BY_ID[row["source_claim_id"]]
        assert (row["quote"], row["source_url"], row["site_id"], row["independence_group"]) == (
            claim["quote"],
            claim["source_url"],
            claim["site_id"],
            claim["independence_group"],
        )
        assert claim["source_tier"] not in official
        if row["how"] == "satellite estimate":
            low, best, high = (float(row[k]) for k in ("low", "best", "high"))
            assert best == stored(claim)[0]
            assert high / best == pytest.approx(1.54, rel=2e-3) and best / low == pytest.approx(1.54, rel=2e-3)
    board = next(r for r in rows("observations") if r["how"] == "broadcast picture")
    assert board["rung"] == "" and "not a count of chips" in board["note"]


def test_calibration_roles_follow_where_the_truth_comes_from():
    table = rows("calibration")
    assert [r["calibration_id"] for r in table] == [f"K{i:03d}" for i in range(1, 70)]
    for row in table:
        note = row["note"]
        if row["observable_kind"].startswith("TOP500"):
            chip, form = re.match(r"(\w+); class ([\w-]+);", note).groups()
            assert (row["chip"], row["form"], row["role"]) == (chip, form.replace("HGX-8", "8-GPU"), "independent")
        if re.search(r"Epoch (chiller|cooling)?-?(based )?estimate|ESTIMATE|not independent", note):
            assert row["role"] == "consistency", row["calibration_id"]
        if "CLAIM TEST" in note or "grid" in row["observable_kind"] or "substation" in row["observable_kind"]:
            assert row["role"] == "control", row["calibration_id"]
        if "PLAN" in note:
            assert row["truth_is"] == "design", row["calibration_id"]
    assert sum(r["role"] == "independent" for r in table) == 40


def test_parents_and_elevations_say_where_they_come_from(register):
    table = rows("sites")
    parents = {r["site_id"]: r["parent"] for r in table if r["parent"]}
    named = {"XJ02": "XJ01", "XJ03": "XJ01", "XJ04": "XJ01", "XJ05": "XJ01", "XJ10": "XJ09", "XJ11": "XJ09"}
    assert parents == named | {"XJ18": "XJ15", "QH02": "QH01", "QH08": "QH12"}
    for row in table:
        assert (row["parent"] == "") or row["parent_reason"].startswith("by hand: "), row["site_id"]
        assert (row["elevation_m"] == "") == (row["elevation_source"] == ""), row["site_id"]
    sites = [SiteRow.from_row(row) for row in register.sites.to_dict("records")]
    assert {s.site_id for s in sites if s.parent} == set(parents)
    assert next(s for s in sites if s.site_id == "QH05").elevation_m == 2980
    assert next(s for s in sites if s.site_id == "US01").elevation_m is None


def test_relations_and_chips_say_how_they_are_known(register):
    assert (register.relations["source"].str.len() > 10).all() and (register.chips["source"].str.len() > 10).all()
    named = {"H100", "H200", "H20", "A100", "H800", "B200", "GB200", "Ascend 910B", "Ascend 910C"}
    assert named <= set(register.chips["chip"])
    assert register.chips["prior_cn"].sum() == pytest.approx(1)
    assert register.chips["prior_other"].sum() == pytest.approx(1)


def test_how_well_a_place_is_known_is_the_same_number_everywhere(register):
    """A point without a datum is known to 16 km where 15 are stated, in the register, on the map and in a list."""
    sites = Dossier.of(register).sites
    assert sites["XJ01"].known_to == "16 km" and sites["US02"].known_to == "0.5 km" and sites["XJ12"].known_to == ""
    for row in register.sites.to_dict("records"):
        known = sites[row["site_id"]].known_km
        assert known is None if np.isnan(row["lat"]) else known == pytest.approx(geo.precision_km(row))
    listed = {row["site_id"]: row["precision_km"] for row in sites_overview(register)}
    assert listed["XJ01"] == pytest.approx(16.2) and listed["XJ12"] is None
