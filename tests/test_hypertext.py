"""What stands beside a text makes no claims, and digits that a web font redraws are named."""

import base64
import io
import time
from functools import cache

import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager

from osint import filings
from osint.errors import OsintError
from osint.filings import mhtml
from tests import filing_documents as made

PAGES = [d for d in made.documents() if d.name.endswith((".html", ".htm", ".shtml"))]


@pytest.mark.parametrize("around", [made.GOVERNMENT, made.PLAIN, made.PRESS], ids=["government", "plain", "press"])
def test_menus_footers_and_other_news_make_no_claims(around):
    assert len(PAGES) >= 12
    for page in PAGES:
        alone = filings.claims_of(filings.parse(page.data, page.name))
        document = made.surrounded(page, around)
        filing = filings.parse(document.data, page.name)
        inside = filings.claims_of(filing)
        for column in ("kind", "quote", "si_low", "si_high", "date", "rung"):
            assert inside[column].astype(str).tolist() == alone[column].astype(str).tolist(), (page.name, column)
        for row in inside.itertuples():
            first, last = filing.where(row.start, row.end).bytes
            assert document.data[first:last].decode(filing.codec) == row.quote
        assert any("left out" in remark for remark in filing.remarks)


def test_a_page_of_links_gives_rows_that_say_so():
    items = "".join(f"<li><a href='/{i}'>某地投资{i}亿元建算力中心</a></li>" for i in range(3, 9))
    table = filings.claims_of(filings.parse(f"<html><body><ul>{items}</ul></body></html>".encode(), "list.html"))
    assert len(table) == 6 and set(table["warning"]) == {"stands in a link or next to the text"}


@pytest.mark.parametrize(
    "shell",
    [
        "<body class='has-sidebar nav-open'>{}</body>",
        "<div class='main-content with-menu'>{}</div>",
        "<p><a href='/x'>见此</a>{}</p>",
    ],
)
def test_a_wrapper_named_after_its_menu_keeps_its_text(shell):
    page = shell.format("<p>总投资3亿元，建设机柜500架。</p>")
    assert len(filings.claims_of(filings.parse(f"<html>{page}</html>".encode(), "a.html"))) == 2


# ------------------------------------------------------------ web fonts


@cache
def font(order="0123456789"):
    """A web font of ten digits; the shape of i stands under order[i]."""
    from fontTools.subset import Options, Subsetter

    face = TTFont(font_manager.findfont("DejaVu Sans"), recalcTimestamp=False)
    cutter = Subsetter(Options(flavor="woff", layout_features=[], notdef_outline=True))
    cutter.populate(text="0123456789")
    cutter.subset(face)
    glyphs = {i: face.getBestCmap()[48 + i] for i in range(10)}
    for table in face["cmap"].tables:
        if table.isUnicode():
            table.cmap = {ord(letter): glyphs[i] for i, letter in enumerate(order)}
    face.flavor = "woff"
    out = io.BytesIO()
    face.save(out)
    return "data:font/woff;base64," + base64.b64encode(out.getvalue()).decode()


def page(source, body="投资<span class='n'>36</span>亿元，占地500亩", rule=".n{{font-family:'odd',serif}}"):
    style = f"<style>@font-face{{font-family:'odd';src:url({source}) format('woff')}}{rule.format()}</style>"
    return filings.parse(f"<html><head>{style}</head><body><p>{body}</p></body></html>".encode(), "a.html")


def test_a_web_font_that_draws_other_digits_is_read_from_the_page_and_its_values_refused():
    filing = page(font("5678901234"))
    money, land = filings.claims_of(filing).to_dict("records")
    assert "disagree" in filing.remarks[0] and money["low"] != money["low"] and "disagree" in money["warning"]
    assert land["low"] == 500 and not land["warning"]
    inline = page(font("5678901234"), "投资<b style=\"font-family:'odd'\">36</b>亿元", rule="")
    assert filings.claims_of(inline)["low"].isna().all()
    quoted = page(font("5678901234"), '投资<b style="font-family:&quot;odd&quot;">36</b>亿元', rule="")
    assert filings.claims_of(quoted)["low"].isna().all()


def test_an_honest_web_font_raises_no_alarm():
    filing = page(font())
    assert not filing.remarks and set(filings.claims_of(filing)["warning"]) == {""}


@pytest.mark.parametrize("source", ["/fonts/a.woff2", "data:font/woff;base64,bm90IGEgZm9udA=="])
def test_a_web_font_that_cannot_be_read_is_named_and_keeps_the_value(source):
    filing = page(source)
    money = filings.claims_of(filing).iloc[0]
    assert "font of the page's own" in filing.remarks[0] and money["low"] == 36 and "compare" in money["warning"]


def test_private_use_digits_are_refused_and_icons_are_not():
    for words in ("投资\ue6015亿元", "投资5\ue601亿元", "投资\ue601\uf2b3亿元"):
        filing = filings.parse(f"<p>{words}</p>".encode(), "a.html")
        table = filings.claims_of(filing)
        assert table.empty or table["low"].isna().all(), words
        assert any("private-use" in remark for remark in filing.remarks)
    icon = filings.parse("<p><i>\ue601</i> 投资5亿元</p>".encode(), "a.html")
    assert filings.claims_of(icon)["low"].tolist() == [5] and not icon.remarks


# ------------------------------------------------------------ hostile pages


@pytest.mark.parametrize(
    "unit",
    ["<div class='nav'>", "<a href='x'>1", "<style>@font-face{", "<style>@font-face{font-family:a}</style>", "<p style='font-family:a'>", "\ue6011", "<td>3亿元", "&#", "<b id='menu'>3亿元\n"],
)  # fmt: skip
def test_reading_grows_with_length_and_not_faster(unit):
    def seconds(size):
        source = "<style>@font-face{font-family:a;src:url(x)} .b{font-family:a}</style>" + unit * (size // len(unit))
        begun = time.process_time()
        filings.parse(source.encode(), "a.html")
        return time.process_time() - begun

    seconds(1000)
    short, long = min(seconds(20_000) for _ in range(2)), min(seconds(80_000) for _ in range(2))
    assert long < 9 * short + 0.05


def test_a_huge_page_is_refused_by_name_and_an_empty_one_read():
    with pytest.raises(OsintError, match="limit of 64 MB"):
        filings.parse(b"<html>" + b" " * 65_000_000, "a.html")
    for data, name in ((b"", "a.html"), (b"<", "a.html"), (b"", "a.txt"), ("<p>投资3亿".encode()[:-1], "a.html")):
        assert filings.claims_of(filings.parse(data, name)).empty


@pytest.mark.parametrize("coding", ["quoted-printable", "base64", "8bit"])
def test_bytes_of_an_mhtml_file_lead_into_the_file(coding):
    import quopri

    body = "<html><body><p>该中心已投运机架1800架，IT负荷约25MW。</p></body></html>".encode()
    code = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes, "8bit": bytes}[coding](body)
    head = f'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: {coding}\r\n\r\n'
    data = head.encode() + code + b"\r\n--b--\r\n"
    filing = filings.parse(data, "a.mhtml")
    for row in filings.claims_of(filing).itertuples():
        found = data[slice(*filing.where(row.start, row.end).bytes)]
        if coding == "base64":
            at = mhtml.mhtml_bytes(data, 0, len(body))
            assert base64.b64decode(data[slice(*at)] + b"==") == body and found in data
        else:
            assert quopri.decodestring(found).decode() == row.quote


# ------------------------------------------------------------ what the rules of the portals see


def test_the_visible_text_of_a_page_is_that_of_the_filing():
    raw = (
        "<html><title>公告</title><nav><a href='/'>首页</a></nav><p>总投资3<b>亿</b>元</p><div style='display:none'>暂无数据</div>"
        "<table><tr><td>机柜</td><td>500架</td></tr></table><script>var a</script></html>"
    ).encode()
    page = filings.Page(raw, "text/html")
    assert (page.title, page.visible) == ("公告", "首页 总投资3亿元 机柜 500架")
    assert page.text_outside_links == "总投资3亿元 机柜 500架" and page.lines == ["首页", "总投资3亿元", "机柜 500架"]
    assert set(page.visible.split()) <= set(filings.parse(raw, "a.html").text.replace("|", " ").split())


@pytest.mark.parametrize(
    ("attributes", "seen"),
    [
        ("style='display: none'", ""),
        ("hidden", ""),
        ("hidden=''", ""),
        ("class='a hidden b'", "投资3亿元"),
        ("id=hidden", "投资3亿元"),
    ],
)
def test_what_a_style_hides_is_not_visible_and_named_in_a_filing(attributes, seen):
    raw = f"<html><body><div {attributes}>投资3亿元</div></body></html>".encode()
    assert filings.Page(raw, "text/html").visible == seen
    assert bool(filings.parse(raw, "a.html").remarks) == (not seen)


def test_importing_filings_loads_no_client_and_nothing_that_draws():
    import subprocess
    import sys

    heavy = "{'matplotlib', 'requests', 'urllib3', 'jinja2', 'docx', 'openpyxl', 'ipywidgets', 'fontTools'}"
    code = f"import sys, osint.filings; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
