"""Whatever is typed, the answer is an answer or one sentence: never a trace, never a fault of the program."""

import contextlib
import io
import re
from functools import reduce
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import osint
from osint import claims, geo, model, register
from osint.cli.main import OUR_FAULT, main
from osint.errors import OsintError

ROOT = Path(__file__).parent.parent
NAMES = st.one_of(
    st.sampled_from(
        ["XJ01", "xj1", "c7", "C999", "O002", "G001", "伊吾", "Yiwu", "Nyocor", "floor_cn", "H100", "昇腾910B", "K027", "deadbeef00"]
    ),
    st.text(min_size=1, max_size=8),
    st.text("XJQHCOGK0123456789-_ ,，、.", min_size=1, max_size=8),
)  # fmt: skip
NUMBERS = st.one_of(
    st.text("0123456789.,万亿千百十-~至eE+㎡m2MWP元 张台", min_size=1, max_size=12),
    st.floats().map(str),
    st.integers(-(10**30), 10**30).map(str),
    st.text(max_size=6),
)
DATES = st.one_of(
    st.sampled_from(
        ["2024", "2024-06", "2024年6月", "2024-13-01", "June", "today", "../2024", "2024-06/..", "0000", "9999"]
    ),
    st.text("0123456789-/年月日.~?", max_size=12),
    st.dates().map(str),
)
PLACES = st.one_of(
    st.tuples(st.floats(-400, 400), st.floats(-400, 400)).map(lambda pair: f"{pair[0]:.4f},{pair[1]:.4f}"),
    st.text("0123456789.,-NSEWnsew° ", min_size=1, max_size=16),
    st.sampled_from(
        ["https://uri.amap.com/marker?position=94.7,43.2", "https://map.baidu.com/@1,2,3z", "amap.com/?q=1", "http://[::1"]
    ),
    NAMES,
)  # fmt: skip
QUANTITY = st.one_of(
    st.sampled_from(sorted(register.QUANTITIES)), st.text(max_size=6), st.sampled_from(["MW", "floor"])
)
SIGN = st.sampled_from(["=", ">=", "<=", "≥", "=="])
MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def typed(words, encoding="utf-8"):
    """Run a line as from a terminal of an encoding; return what it said wrongly."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(words)
        except SystemExit as ended:  # --help and --version
            assert ended.code in (0, None)
            return ""
    err.flush()
    said = err.buffer.getvalue().decode(encoding)
    assert status != OUR_FAULT, said
    assert "Traceback" not in said
    if status == 2:
        assert said.count("\n") >= 1 and said.splitlines()[-1].startswith("osint")
    return said


def answers_or_says_why(call, *args):
    """Call a reader of what is typed; anything but an answer is an OsintError."""
    with contextlib.suppress(OsintError):
        return call(*args)


@MANY
@given(QUANTITY, SIGN, NUMBERS)
def test_a_quantity(name, sign, number):
    made = answers_or_says_why(model.parse_given, f"{name}{sign}{number}")
    if made is not None:
        assert model.parse_given(made.text()).quantity == made.quantity


@MANY
@given(NUMBERS, st.sampled_from(["count", "m2", "MW", "MVA", "GWh", "PFLOPS", "CNY"]))
def test_a_number(number, unit):
    found = answers_or_says_why(claims.read_typed, number, unit)
    assert found is None or found[0] is None or found[1] is None or found[0] <= found[1]


@MANY
@given(PLACES, st.sampled_from(["WGS-84", "gcj02", "百度", "unknown", "ed50", ""]))
def test_a_place(place, datum):
    def read():
        return geo.read_point(place, geo.datum_named(datum))

    found = answers_or_says_why(read)
    assert found is None or (-180.1 <= found[0] <= 180.1 and -90.1 <= found[1] <= 90.1)


@MANY
@given(st.text(max_size=12))
def test_a_chip_and_a_country(text):
    register.chip_families(text)
    register.near_chips(text)
    code = answers_or_says_why(register.country_code, text)
    assert code is None or len(code) == 2


@FEW
@given(NAMES, st.sampled_from(["utf-8", "ascii", "gbk"]), st.sampled_from(["sites", "claims", "next --claim C999"]))
def test_a_name(name, encoding, verb):
    typed([*verb.split(), "--", name], encoding)


@FEW
@given(PLACES, DATES, DATES)
def test_a_place_and_two_dates(place, start, end):
    typed(["scenes", f"--start={start}", f"--end={end}", "--offline", "--", place])
    typed(["pair", f"--at={place}", f"--before={start}", f"--after={end}", "--offline", "--out", "p.png"])


@FEW
@given(QUANTITY, NUMBERS, DATES, st.text(max_size=6))
def test_an_estimate(target, number, date, chip):
    line = ["estimate", f"--given=floor_m2={number}", f"--date={date}", f"--country={chip}", "--", target]
    typed(line, "ascii")
    typed(["estimate", f"--given=it_mw={number}", f"--chip={chip}", "--", "chips"], "ascii")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=6), st.sampled_from(["--json", "--data", "--at", "--out", "help"])), max_size=4)
)
def test_any_words_at_all(words):
    if words and words[0] in {"demo", "doctor", "report", "score", "check", "new"}:
        return
    typed(words)


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8"])
def test_chinese_goes_to_any_terminal(encoding):
    typed(["show", "XJ03"], encoding)
    typed(["claims", "伊吾"], encoding)
    assert "osint" in typed(["next", "没有这个地方"], encoding)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("extract", "empty.pdf"), "the file is empty"),
        (("verify", "missing.png"), "missing.png: no such file"),
        (("pictures", "missing", "--out", "m.png"), "missing is not there"),
        (("pictures", "empty.pdf", "--out", "m.png"), "empty.pdf is a file; name the folder"),
        (("pair", "93.0,43.2", "--demo", "--before", "2025-07", "--after", "2023-07"), "exchange the two"),
        (("observed", "XJ03", "--date", "2026-06-31", "--not-yet", "roofed", "--who", "A", "--how", "B", "--dry-run"),
         "not a date of the calendar"),
    ],
)  # fmt: skip
def test_a_wrong_file_or_day_is_one_sentence_and_no_answer(tmp_path, monkeypatch, capsys, line, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.pdf").touch()
    assert main(list(line)) != 0
    assert words in capsys.readouterr().err


def test_the_earliest_copy_is_the_one_whose_last_possible_day_is_earliest():
    """A text of "2025-07" may be of the 31st: it is not put before one of 8 July."""
    from osint import notebook

    rows = notebook.copies(notebook.begin(None, "XJ01", demo=True)).text().splitlines()
    story = next(row for row in rows if row.startswith("G001"))
    assert story.split(" | ")[2:4] == ["iHeart (Bloomberg Big Take Asia transcript)", "2025-07-08"]


def test_a_rewrite_is_not_cited_for_the_story_that_it_copies():
    """115,000 and 400,000 also stand in an unsigned blog article: the notebook cites the news that it rewrites."""
    from osint import notebook

    said = {site: notebook.begin(None, site, demo=True) for site in ("AGG-39", "US01")}
    assert {site: desk.principal.claim.claim_id for site, desk in said.items()} == {"AGG-39": "C001", "US01": "C151"}


def test_a_claim_without_an_address_is_given_no_captures_of_other_pages():
    from osint import notebook

    claim = SimpleNamespace(source_url="", claim_id="C001")
    desk = SimpleNamespace(principal=SimpleNamespace(claim=claim))
    assert "No address is on file for the page of C001" in str(notebook.the_bytes(desk))


@pytest.mark.parametrize(
    "page",
    sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("notebooks/*.ipynb"))),
    ids=lambda page: page.name,
)
def test_every_function_that_a_page_names_is_there(page):
    """`osint.case.new_case(...)` in a text or an output can be typed as it stands."""
    for path in set(re.findall(r"(?<![\w./])osint((?:\.[a-z_]\w*)+)\(", page.read_text("utf-8"))):
        assert reduce(getattr, path.strip(".").split("."), osint), path
