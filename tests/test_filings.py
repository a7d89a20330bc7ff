import io
import json
import quopri
import time
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from osint import archive, cli, filings
from osint.claims import check_sums, extract, group_syndicated
from osint.errors import OsintError
from osint.filings import html
from osint.filings.ocr import Line, with_readings
from osint.sources import import_saved
from tests import filing_documents as made


@pytest.fixture(scope="module")
def documents():
    return made.documents()


@pytest.fixture(scope="module")
def read(documents):
    return {d.name: (f := filings.parse(d.data, d.name), filings.claims_of(f)) for d in documents}


def by_name(documents, name):
    return next(d for d in documents if d.name == name)


def test_every_document_gives_its_claims_and_no_other(documents, read):
    assert len(documents) >= 20
    for document in documents:
        rows = read[document.name][1].to_dict("records")
        found = sorted((r["kind"], str(round(r["si_low"], 3)), str(round(r["si_high"], 3))) for r in rows)
        truth = [(k, *("nan" if v is None else str(round(float(v), 3)) for v in (a, b))) for k, a, b in document.truth]
        assert [f[0] for f in found] == [t[0] for t in sorted(truth)], document.name
        for got, want in zip(found, sorted(truth), strict=True):
            assert [float(x) for x in got[1:]] == pytest.approx([float(x) for x in want[1:]], rel=1e-4, nan_ok=True)


def test_offsets_give_the_quote_and_lead_to_the_bytes(documents, read):
    for document in documents:
        filing, table = read[document.name]
        for row in table.itertuples():
            assert filing.text[row.start : row.end] == row.quote
            where = filing.where(row.start, row.end)
            if filing.medium in ("html", "text"):
                found = document.data[slice(*where.bytes)]
                found = quopri.decodestring(found) if document.name == "saved.mhtml" else found
                assert found.decode(filing.codec) == row.quote, document.name


def test_a_pdf_claim_has_page_box_and_picture(read):
    filing, table = read["two_pages.pdf"]
    row = table.iloc[0]
    where = filing.where(row["start"], row["end"])
    (left, bottom, right, top), *_ = where.lines
    assert where.page == row["page"] == 2 and right > left and top > bottom
    picture = filing.crop(row["start"], row["end"])
    assert picture.width > 2 * (right - left) and min(picture.convert("L").tobytes()) < 90  # ink


def test_table_cells_are_named_and_take_their_column_unit(read):
    filing, table = read["epoint_table.html"]
    assert "table 1 row 2 column 3" in set(table["page"])
    assert filing.where(int(table["start"].iloc[0]), int(table["end"].iloc[0])).cell.startswith("table 1 row 2")
    assert set(table["si_low"]) >= {231250000.0, 96000000.0}


def test_what_must_add_up_is_added_up_and_never_repaired(read):
    found = {name: check_sums(pair[0].text, pair[0].cells, pair[1]) for name, pair in read.items()}
    assert {name for name, rows in found.items() if rows} == {"ccgp_mismatch.htm", "attachment.docx"}
    assert found["ccgp_mismatch.htm"][0].rule == "summary"
    table = found["attachment.docx"][0]
    assert (table.stated, table.found) == (7.2e8, 7e8)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("总投资20亿元，其中土建5亿元，设备18亿元。", "parts"), ("单价：185万元/台；数量：125台服务器；总价：2312万元。", "product"),
    ],
)  # fmt: skip
def test_sums_inside_a_sentence(text, rule):
    filing = filings.parse(text.encode(), "a.txt")
    assert [m.rule for m in check_sums(filing.text, filing.cells, filings.claims_of(filing))] == [rule]


def test_facts_links_and_date_of_a_notice(read):
    filing, _ = read["ccgp_award_t20250318_1.htm"]
    assert filing.facts.published == date(2025, 3, 18) and filing.facts.title.endswith("中标公告")
    assert read["energy_review.shtml"][0].facts.project_code == "2408-650522-04-01-123456"
    assert ("/", "首页 100P") not in filing.links


def test_a_mirror_joins_its_source_and_shows_what_it_changed(read):
    import pandas as pd

    rows = pd.concat(
        [
            read["county_news.html"][1].assign(published="2025-06-28", source_tier="local_government"),
            read["mirror_news.html"][1].assign(published="2026-02-01", source_tier="mirror"),
            read["provincial.txt"][1].assign(published="2025-06-01", source_tier="primary_government"),
        ]
    )
    grouped = group_syndicated(rows)
    lost = grouped[(grouped["file"] == "mirror_news.html") & (grouped["kind"] == "compute")].iloc[0]
    assert lost["earliest"] == lost["most_official"] == "county_news.html" and "万 was lost" in lost["mutation"]
    servers = grouped[(grouped["kind"] == "servers")]
    assert servers["independence_group"].nunique() == 1 and set(servers["mutation"]) == {""}
    assert set(grouped[grouped["file"] == "provincial.txt"]["independence_group"]).isdisjoint(
        grouped[grouped["file"] != "provincial.txt"]["independence_group"]
    )


# ------------------------------------------------------------ hostile files


def test_deep_nesting_and_unclosed_things_are_read():
    deep = b"<html>" + b"<div>" * 100_000 + "投资3亿元".encode() + b"</div>" * 100_000
    assert filings.claims_of(filings.parse(deep, "a.html"))["si_low"].tolist() == [3e8]
    for tail in ("<!-- ", "<script>", "<a href='", "<td", "<![CDATA["):
        page = html.read_html("<p>投资3亿元</p>" + tail * 1000)
        assert "3亿元" in page.text


def test_a_pdf_that_says_it_is_html_and_the_reverse(documents):
    filing = filings.parse(by_name(documents, "announcement.pdf").data, "a.html")
    assert filing.medium == "pdf" and "is a PDF" in filing.remarks[-1]
    refusal = filings.parse(b"<html><body>denied by bot</body></html>", "a.pdf")
    assert refusal.medium == "html" and "web page" in refusal.remarks[0]


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"%PDF-1.4 broken", "a.pdf", "cannot be read"), (b"\x89PNG\r\n", "a.png", "picture"), (b"PK\x03\x04 nothing", "a.docx", "not a readable"),
    ],
)  # fmt: skip
def test_unreadable_files_are_named(data, name, words):
    with pytest.raises(OsintError, match=words):
        filings.parse(data, name)


def test_encrypted_pdf_is_named():
    body = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        b"3 0 obj<</Filter/Standard/V 1/R 2/P -4/O(" + b"a" * 32 + b")/U(" + b"b" * 32 + b")>>endobj\n"
        b"trailer<</Root 1 0 R/Encrypt 3 0 R/ID[(aaaaaaaaaaaaaaaa)(aaaaaaaaaaaaaaaa)]>>\n%%EOF"
    )
    with pytest.raises(OsintError, match="encrypted"):
        filings.parse(body, "secret.pdf")


def test_a_scan_is_named():
    filing = filings.parse(made.pdf([]), "scan.pdf")
    assert "no text layer" in filing.remarks[0] and filings.claims_of(filing).empty and filing.unread == (1,)


def test_zip_slip_and_bombs():
    out = io.BytesIO(made.docx(["投资3亿元"], []))
    with zipfile.ZipFile(out, "a") as file:
        file.writestr("../../evil.sh", "x")
    assert "outside itself" in filings.parse(out.getvalue(), "a.docx").remarks[0]
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("word/document.xml", b"0" * 130_000_000)
    with pytest.raises(OsintError, match="bomb"):
        filings.parse(bomb.getvalue(), "a.docx")
    entities = '<!DOCTYPE d [<!ENTITY a "3亿元"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>'
    with pytest.raises(OsintError, match="document type"):
        filings.parse(made._zip({"word/document.xml": entities}), "a.docx")


def test_time_grows_with_length_and_not_faster():
    def seconds(pattern, size):
        text = pattern * (size // len(pattern))
        best = 9.0
        for _ in range(2):
            begun = time.process_time()
            extract(text, date(2025, 1, 1))
            best = min(best, time.process_time() - begun)
        return best

    extract("1MW")
    for pattern in (
        "1,", "1-", "$1 ", "1P,", "一", "9 Nvidia ", "2×", "1 to ", "(万元)", "\u202e1", "will ", "投资1亿元,占地3亩、", "PUE ",
    ):  # fmt: skip
        short, long = seconds(pattern, 4_000), seconds(pattern, 16_000)
        assert long < 9 * short + 0.05, pattern


def test_a_mixed_page_says_what_was_left_out():
    filing = filings.parse("标准机柜项目公司建设投资3亿元。".encode() * 20 + b"\xff\xfe", "a.txt")
    assert "not UTF-8" in filing.remarks[0] and len(filings.claims_of(filing)) == 20


# ------------------------------------------------------------ the command


def test_extract_prints_json_lines_for_many_files(tmp_path, capsys):
    for number in (1, 2):
        (tmp_path / f"{number}.txt").write_text(f"已建成机架{number}000架。", encoding="utf-8")
    assert cli.main(["extract", "--json", *(str(tmp_path / f"{n}.txt") for n in (1, 2))]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["si_low"] for row in rows] == [1000, 2000]
    assert rows[0]["file"].endswith("1.txt") and rows[0]["rung"] == "roofed" and rows[0]["quote"] == "1000架"
    assert {
        "kind",
        "low",
        "high",
        "unit",
        "si_low",
        "si_high",
        "si_unit",
        "rung",
        "qualifier",
        "subject",
        "date",
        "start",
        "end",
        "quote",
    } <= set(rows[0])


def test_about_says_what_the_document_says_of_itself(tmp_path, capsys):
    page = tmp_path / "t20250318_7.html"
    page.write_text(
        "<html><title>沙岭县算力项目中标公告</title><body><p>来源：沙岭县政府 2025-03-18</p><p>项目代码：2408-650522-04-01-123456</p>"
        "<p>建设地点：沙岭县工业园</p><p>采购人：沙岭县大数据局</p><p>中标供应商：青石科技有限公司</p>"
        "<p>附件：<a href='/files/a.pdf'>采购文件</a></p><p><a href='/1.htm'>招标公告</a> <a href='/'>首页</a></p></body></html>", encoding="utf-8"
    )  # fmt: skip
    assert cli.main(["extract", "--about", "--json", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["title"], found["published"], found["publisher"]) == (
        "沙岭县算力项目中标公告",
        "2025-03-18",
        "沙岭县政府",
    )
    assert (found["project_code"], found["place"]) == ("2408-650522-04-01-123456", "沙岭县工业园")
    assert (found["buyer"], found["supplier"]) == ("沙岭县大数据局", "青石科技有限公司")
    assert found["attachments"] == [{"address": "/files/a.pdf", "words": "采购文件"}]
    assert found["related"] == [{"address": "/1.htm", "words": "招标公告"}]
    assert cli.main(["extract", "--about", str(page)]) == 0
    assert "buyer: 沙岭县大数据局" in capsys.readouterr().out


def test_about_makes_addresses_absolute_and_finds_the_tabs_of_ggzy():
    name = "https://www.ggzy.gov.cn/information/deal/html/a/650000/0202/20250318/0065.html"
    body = "<html><body><h4 class='h4_o'>算力中心成交公告</h4><a onclick=\"showDetail(this,'0201','/information/deal/html/b/1.html')\" href='#'>招标公告</a><a href='a.docx'>附件</a></body></html>"
    found = filings.about(filings.parse(body.encode(), name))
    assert [one.address for one in found.attachments] == [name.replace("0065.html", "a.docx")]
    assert "https://www.ggzy.gov.cn/information/deal/html/b/1.html" in [one.address for one in found.related]


def test_extract_goes_on_after_a_file_it_cannot_read(tmp_path, capsys):
    good = tmp_path / "good.txt"
    good.write_text("投资3亿元", encoding="utf-8")
    assert cli.main(["extract", "--json", str(tmp_path / "none.txt"), str(good)]) == 2
    said = capsys.readouterr()
    assert "no such file" in said.err and json.loads(said.out)["si_low"] == 3e8


def test_extract_anchors_on_the_date_given(tmp_path, capsys):
    path = tmp_path / "a.txt"
    path.write_text("预计明年“五一”建成2000P", encoding="utf-8")
    cli.main(["extract", "--json", "--date", "2024-09-15", str(path)])
    assert json.loads(capsys.readouterr().out)["date"] == "2025-05-01"


def test_a_number_is_printed_with_its_bound_and_what_it_is_a_price_of(capsys):
    assert cli.main(["extract", str(Path(__file__).parent.parent / "samples" / "notice.html")]) == 0
    out = capsys.readouterr().out
    assert "about 2.1 万平方米: floor" in out and "285 万元 per 台: money_cny" in out and "  45 亿元: money_cny" in out


@pytest.mark.parametrize("args", [["extract", "FILE", "--date"], ["demo", "--port", "0", "--start"]])
def test_a_week_date_is_refused_at_the_command(capsys, args):
    """A week of ISO 8601 is no day that the library reads, whatever Python reads."""
    assert cli.main([*args, "2024-W01-1"]) == 2
    assert "'2024-W01-1' is a week date" in capsys.readouterr().err


def test_a_capture_is_read_by_number_and_address(tmp_path, monkeypatch):
    monkeypatch.setenv("OSINT_DATA", str(tmp_path))
    page = tmp_path / "page.html"
    page.write_bytes("<html><body><p>总投资3亿元</p></body></html>".encode())
    with pytest.raises(OsintError, match="not among the captures"):
        filings.open_filing("https://example.org/none")
    store = archive.Archive(archive.captures_directory()).open()
    address = "https://example.org/cggg/t20250318_1.htm"
    entry = next(
        iter(
            import_saved(store, page, by="A. Reader", obtained="2026-11-24", origin="the browser", url=address).entries
        )
    )
    for name in (entry.url, str(entry.seq), entry.sha256[:12]):
        filing = filings.open_filing(name)
        assert filings.claims_of(filing)["si_low"].tolist() == [3e8] and filing.facts.published == date(2025, 3, 18)


def test_a_scan_number_never_goes_without_a_warning():
    lines = [Line("总投资2.000亿元，占地面积 600m", (0, 0, 1, 1)), Line("机柜5000架", (0, 20, 1, 30))]
    filing = with_readings(filings.parse(b"\x89PNG", "a.png", pictures=True), [(1, lines, lines)])
    found = filings.claims_of(filing)
    assert len(found) == 2 and set(found["confidence"]) == {"low"} and not filing.unread
    assert found["warning"].str.contains("read by machine").all() and "three decimals" in found["warning"].iloc[0]


@pytest.mark.parametrize("name", ["page.html", "page.txt"])
def test_bytes_that_are_no_text_are_refused(name):
    noise = np.random.default_rng(5).integers(0, 256, 50_000, dtype=np.uint8).tobytes()
    with pytest.raises(OsintError, match="no text in any codec"):
        filings.parse(noise, name)
    assert "the file is empty" in " ".join(filings.parse(b" \r\n", name).remarks)
    assert filings.parse(
        "总投资\x006.8亿元，服务器500台，机柜1200架，占地面积30亩。项目位于工业园区，分两期建设。".encode(), name
    ).text


SHELL = "<!doctype html><meta charset=utf-8><title>公告</title><body>{}</body>"
SAID = "云川市算力中心项目总投资6.2亿元，部署机柜900架。"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<ul><li>首页</li></ul><div id=root></div><footer>电话：0991-1234567</footer><script src=a.js></script>", "SCRIPT"),
        ("<h1>Sign in</h1><form><input type='password'></form><p>© 2025 Portal v3.2</p>", "LOGIN"),
        ("<p>请使用CA数字证书登录后查看公告</p><p>技术支持：400-998-0000</p>", "LOGIN"),
        ("<p>访问过于频繁，请输入验证码</p>", "REFUSED"),
        ("<h1>403 Forbidden</h1><p>您的请求被安全策略拦截，事件ID：8f3a2201</p>", "REFUSED"),
        ("<iframe src='/detail?id=42'></iframe>", "FRAME"),
        (f"<p>{SAID.encode().decode('latin-1')}</p>", "TWICE"),
        ("<p>??????????????6.2????????900????</p>", "LOST"),
        ("", "EMPTY"),
        (f"<a href=/login>登录</a><p>{SAID}</p><script src=a.js></script>", None),
        ("<p>Société d’énergie : capacité 45 MW, développée à l’étranger où l’été a été sec</p>", None),
        ("<p>机柜900架</p><script src=a.js></script>", None),
    ],
)  # fmt: skip
def test_a_page_that_holds_nothing_says_why_and_what_to_do(body, reason):
    filing = filings.parse(SHELL.format(body).encode(), "a.html")
    assert (filing.blocked.name if filing.blocked else None) == reason
    assert filing.remarks[:1] == ((str(filing.blocked),) if reason else ())


def test_a_plain_text_that_was_decoded_twice_or_is_empty_says_so():
    for data, reason in ((SAID.encode().decode("cp1252", "ignore").encode(), "TWICE"), (b" \n", "EMPTY")):
        assert filings.parse(data, "a.txt").blocked.name == reason
