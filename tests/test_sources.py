import json
from dataclasses import replace
from pathlib import Path

import pytest

from osint import sources
from osint.archive import verify
from osint.errors import OsintError
from osint.filings import project_codes
from osint.http import Request
from osint.portals import (
    NEVER_ASKED,
    SOURCES,
    common_crawl,
    never_asked,
    read_query,
    search_sources,
    search_table,
    wayback,
)
from osint.portals.search import search_source
from osint.portals.wayback import Copy
from tests.portal_server import answer, serve
from tests.portal_server.faults import CODE, NOTICE, notice_html
from tests.portal_server.portals import ARCHIVED, ARCHIVED_URL, GGZY_PATH, sha1_32

WANTED = read_query("智算中心 哈密", "2024-06", "2025-06")


@pytest.fixture
def portal(monkeypatch):
    with serve() as running:
        for name in [source.name for source in SOURCES] + ["wayback", "commoncrawl", "commoncrawl_data", "page"]:
            monkeypatch.setenv(f"OSINT_BASE_{name.upper()}", running.url)
        yield running


def one(name):
    return next(source for source in SOURCES if source.name == name)


def asked_for(session, name, words, start="2024-10-01", end="2024-10-31", **more):
    return search_source(session, one(name), read_query(words, start, end, **more))


def test_search_asks_all_that_fit_side_by_side(portal, session):
    reports = search_sources(session, WANTED)
    said = {report.source: report for report in reports}
    assert said["ggzy"].answer == "content" and said["ggzy"].hits[0].title == NOTICE
    assert said["ggzy"].hits[0].how_found == "title has the words; names 哈密"
    assert said["eastmoney"].answer is None and said["epoint_qinghai"].answer is None
    assert said["wayback:hami.gov.cn"].hits[0].project_code == CODE
    assert said["wayback:hami.gov.cn"].could_not.startswith("5 rows of the index were left out (")
    table = search_table(reports)
    assert " ".join(table.columns) == "title date place kind url source how_found project_code"
    assert set(table["source"]) >= {
        "cninfo",
        "ggzy",
        "epoint_xinjiang",
        "ccgp",
        "sse",
        "szse",
        "chinamobile",
        "wayback",
    }
    assert (table["date"].sort_values(ascending=False).values == table["date"].values).all()
    assert verify(session.archive.directory).damage == []


def test_second_search_asks_nothing(portal, session):
    first = search_table(search_sources(session, WANTED))
    hits = len([hit for hit in portal.hits if "web/" not in hit.path])
    second = search_table(search_sources(session, WANTED))
    assert len([hit for hit in portal.hits if "web/" not in hit.path]) == hits
    assert first.equals(second)


def test_dry_run_asks_nothing(portal):
    lines = sources.plan_search("智算中心 哈密", "2024-06", "2025-06")
    assert len(lines) == 10 and any("FINDTXT=%E6%99%BA" in line for line in lines)
    assert portal.hits == []


def test_cninfo_null_is_an_empty_result(portal, session):
    report = asked_for(session, "cninfo", "无此词")
    assert (report.answer, report.hits) == ("empty result", ())


def test_cninfo_reads_three_pages_of_thirty_with_the_day_of_shanghai(portal, session):
    report = asked_for(session, "cninfo", "智算中心")
    assert report.total == len(report.hits) == 65
    assert report.hits[0].title == "金开新能：关于投资智算中心项目的公告0"
    assert {row.date for row in report.hits} == {"2024-10-09"}
    assert report.hits[0].url.startswith("http://static.cninfo.com.cn/finalpage/2024-10-09/")


def test_cninfo_splits_the_days_when_a_query_holds_too_much(portal, session):
    report = asked_for(session, "cninfo", "很多", "2024-10-01", "2024-10-31", pages=1)
    dates = {hit.form["seDate"] for hit in portal.hits}
    assert "2024-10-01~2024-10-31" in dates and len(dates) == 7
    assert report.total == 31 * 300 and "hits stated" in report.could_not


def test_cninfo_stock_is_looked_up(portal, session):
    asked_for(session, "cninfo", "600821 智算中心")
    assert portal.hits[-1].form["stock"] == "600821,gssh0600821"
    with pytest.raises(OsintError, match="lists no stock 999999"):
        asked_for(session, "cninfo", "999999 智算中心")


def test_cninfo_pdf_is_asked_without_the_headers_of_the_interface(portal, session):
    entry = session.ask(portal.url + "/finalpage/2024-10-09/1.PDF")
    assert entry.kind == "content" and entry.signal == "%PDF-"
    with_headers = Request(portal.url + "/finalpage/2024-10-09/1.PDF", headers=one("cninfo").headers)
    assert session.ask(with_headers).kind == "gone"


def test_ggzy_keyword_without_hits_is_told_from_a_result(portal, session):
    report = asked_for(session, "ggzy", "绝无此词")
    assert report.answer == "keyword ignored" and report.hits == ()
    assert [e.kind for e in session.archive.entries()] == ["content", "keyword ignored"]


@pytest.mark.parametrize(("word", "kind"), [("码829", "challenge"), ("码800", "rate-limited"), ("码804", "blocked")])
def test_ggzy_error_inside_200_stops(portal, session, word, kind):
    report = asked_for(session, "ggzy", word)
    assert report.answer == kind and report.by_hand.startswith("https://www.ggzy.gov.cn")
    assert len(portal.hits) == 1


def test_ggzy_text_layer_is_captured_with_its_wrapper(portal, session):
    entries = list(sources.capture(session, portal.url + GGZY_PATH.format("a")))
    assert [e.url.split("/html/")[1][0] for e in entries] == ["a", "b"]
    assert entries[1].project_codes == (CODE,)
    assert sources._companions(portal.url + GGZY_PATH.format("b")) == []


@pytest.mark.parametrize("name", ["epoint_xinjiang", "epoint_bingtuan", "epoint_qinghai"])
def test_epoint_pages_by_row_offset_and_encodes_the_word_twice(portal, session, name):
    report = asked_for(session, name, "智算中心", "2024-09-01", "2024-09-30")
    assert len(report.hits) == report.total == 23
    bodies = [json.loads(hit.body) for hit in portal.hits if hit.method == "POST"]
    assert [body["pn"] for body in bodies] == [0, 10, 20] and bodies[0]["wd"].startswith("%E6")
    assert report.hits[0].url.endswith("/jyxx/001001/0.html") and "<" not in report.hits[0].title


def test_ccgp_list_is_read_and_its_interstitial_is_a_challenge(portal, session):
    report = asked_for(session, "ccgp", "智算中心", "2024-07-01", "2024-07-31")
    row = report.hits[0]
    assert (row.title, row.date, row.kind, row.place) == (NOTICE, "2024-07-12", "公开招标公告", "新疆")
    assert portal.hits[-1].query["start_time"] == "2024:07:01"
    assert asked_for(session, "ccgp", "频繁").answer == "challenge"


@pytest.mark.parametrize("name", ["tzxm", "qhtzxm"])
def test_approval_tables_give_the_project_code(portal, session, name):
    report = asked_for(session, name, "智算中心", "2024-08-01", "2024-08-31", pages=1)
    assert [(row.title, row.project_code, row.kind) for row in report.hits] == [(NOTICE, CODE, "节能审查")]
    assert report.left_out == 1


def test_exchanges_and_operator(portal, session):
    for name in ("sse", "szse", "eastmoney", "chinamobile"):
        report = asked_for(session, name, "600821 智算中心")
        assert len(report.hits) == 1 and report.hits[0].date == "2024-10-09", name
    assert report.left_out == 1, "the operator ignores the dates asked for"


def test_html_where_the_interface_owes_json_is_a_challenge(portal, session, monkeypatch):
    portal.pages["/api/disc/announcement/annList"] = answer(notice_html().encode())
    report = asked_for(session, "szse", "智算中心")
    assert report.answer == "challenge" and "JSON was due" in report.signal


def test_wayback_leaves_out_bad_rows_and_says_that_the_list_goes_on(portal, session):
    listing = wayback.wayback_copies(session, wayback.wayback_request("xjyiwu.example/*", limit=500))
    assert [copy.timestamp for copy in listing.copies] == ["20240615083000", "20240618083000"], "by time"
    assert listing.bad_rows == 5 and listing.goes_on
    assert any("another host (elsewhere.example)" in reason for reason in listing.reasons)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("header-only.example", "empty result"),
        ("empty-body.example", "empty result"),
        ("none.example", "empty result"),
        ("blocked-site.example", "blocked"),
        ("too-many.example", "rate-limited"),
    ],
)
def test_wayback_without_rows_says_why(portal, session, url, kind):
    assert wayback.wayback_copies(session, wayback.wayback_request(url)).classified.kind == kind


def test_live_search_reads_the_list_of_a_government_site(portal, session):
    page = "<html><body><ul><li><a href='/zfxx/202406/t20240630_1.shtml' title='智算中心公告'>智算...</a>"
    page += "<li><a href='/zfxx/202406/t20240629_2.shtml'>别的公告</a></ul>" + "<p>新疆维吾尔自治区</p>" * 30
    portal.pages["/xjfgw/c108396/common_list.shtml"] = answer(page.encode())
    asked = read_query("智算中心 新疆", "2024-06", "2024-06")
    (report,) = search_sources(session, asked, names=("wayback",), live=True)
    assert (report.source, report.answer) == ("xjdrc.xinjiang.gov.cn", "content")
    assert [(hit.title, hit.date, hit.url) for hit in report.hits] == [
        ("智算中心公告", "2024-06-30", portal.url + "/zfxx/202406/t20240630_1.shtml")
    ]


def test_wayback_copy_is_checked_against_the_index(portal, session):
    good = wayback.take_wayback(session, Copy(ARCHIVED_URL, "20240615083000", "text/html", sha1_32(ARCHIVED)))
    assert good.kind == "content" and good.copy_digest_holds and session.archive.body(good) == ARCHIVED
    bad = Copy("http://bad-digest.example/", "20240701000000", "text/html", "A" * 32)
    entry = wayback.take_wayback(session, bad)
    assert entry.kind == "incomplete" and entry.copy_digest_holds is False
    assert [e.entry.seq for e in sources.history(session.archive, ARCHIVED_URL)] == [good.seq]


def test_common_crawl_record_is_taken_out_of_its_range(portal, session):
    listing = common_crawl.commoncrawl_copies(session, "crawled.example/a")
    assert len(listing.copies) == 1 and listing.bad_rows == 1
    entry = common_crawl.take_commoncrawl(session, listing.copies[0])
    assert entry.role == "copy" and entry.copy_digest_holds and session.archive.body(entry) == ARCHIVED
    for other, said in (
        ({"digest": "A" * 32}, "the digest"),
        ({"timestamp": "20190101000000"}, "not of 20190101000000"),
    ):
        entry = common_crawl.take_commoncrawl(session, replace(listing.copies[0], **other))
        assert entry.kind == "incomplete" and said in entry.signal
    assert common_crawl.commoncrawl_copies(session, "nowhere.example").classified.kind == "empty result"
    assert verify(session.archive.directory).damage == []


def test_neutral_copy_goes_before_the_live_host(portal, session, monkeypatch):
    told = []
    session.say = told.append
    entries = list(sources.capture(session, ARCHIVED_URL, expect=NOTICE))
    assert [e.copy_of for e in entries] == [ARCHIVED_URL] and entries[0].captured is True
    assert "--live" in told[-1] and all("xjyiwu" not in hit.headers["host"] for hit in portal.hits)
    assert "xjyiwu.example" in sources.plan(ARCHIVED_URL, live=True)[-1]


def test_each_portal_has_a_row_in_the_document_and_a_name_of_its_own():
    document = (Path(__file__).parents[1] / "docs/sources.md").read_text(encoding="utf-8")
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    for source in SOURCES:
        assert f"| `{source.name}` | {source.title} `{source.base}` | {source.known} | {source.limits} |" in document
    for name, _, advice in NEVER_ASKED:
        assert f"| {name} | never asked | | {advice} |" in document


def test_sites_that_want_no_machine_are_explained(portal, session):
    for url in ("http://www.ccgp-xinjiang.gov.cn/x", "https://ctbpsp.com/#/a", "https://archive.ph/x"):
        assert "by hand" in never_asked(url)
        entry = next(sources.capture(session, url, live=True))
        assert entry.kind == "refused" and entry.seq is None
    assert never_asked("http://www.ccgp.gov.cn/") == "" and portal.hits == []


def test_changed_page_is_a_second_capture_with_the_difference(portal, session):
    url = portal.url + "/changing"
    portal.pages["/changing"] = answer("<html><p>装机容量 100 兆瓦。</p><p>位于伊吾。</p></html>".encode())
    session.ask(url)
    portal.pages["/changing"] = answer(b"x", status="403 Forbidden")
    session.ask(url)
    portal.pages["/changing"] = answer("<html><p>装机容量 50 兆瓦。</p><p>位于伊吾。</p></html>".encode())
    session.ask(url)
    told = sources.history(session.archive, url)
    assert [e.entry.kind for e in told] == ["content", "blocked", "content"]
    assert told[2].difference == ["-装机容量 100 兆瓦。", "+装机容量 50 兆瓦。"] and told[1].difference == []


def test_404_is_gone_only_if_it_was_ever_there(portal, session):
    url = portal.url + "/vanishing"
    assert "nothing here shows" in session.ask(url).signal
    portal.pages["/vanishing"] = answer(notice_html().encode())
    session.ask(url)
    del portal.pages["/vanishing"]
    assert "it was there on" in session.ask(url).signal


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (f"项目代码：{CODE}，再次{CODE}", [CODE]),
        ("项目代码 24066505220401123456。", [CODE]),
        ("电话 0990-1234567，编号 12345678901234567890", []),
        (f"12{CODE}", []),
    ],
)
def test_project_code_is_found_in_text(text, codes):
    assert project_codes(text) == codes


@pytest.mark.parametrize(
    ("words", "start", "end", "match"),
    [
        ("", "2024", "2025", "nothing to search"),
        ("a", "2025", "2024", "after"),
        ("a", "2024-13", "2025", "not a date of the calendar"),
        ("a", "2024-W26-1", "2025", "week date"),
        ("a", "2024-06", "20240631", "not a date of the calendar"),
        ("a", "../2024", "2025", "is open"),
    ],
)
def test_wrong_query_says_what_to_do(words, start, end, match):
    with pytest.raises(OsintError, match=match):
        read_query(words, start, end)


def test_month_means_first_and_last_day():
    made = read_query("智算中心 哈密 600821", "2024-02", "2024-02")
    assert (made.start.isoformat(), made.end.isoformat()) == ("2024-02-01", "2024-02-29")
    assert (made.words, made.places, made.stock) == (("智算中心",), ("哈密",), "600821")


def test_expected_text_decides_captured(portal, session):
    assert session.ask(portal.url + "/gbk", expect=NOTICE).captured is True
    assert session.ask(portal.url + "/gbk", expect="别的").captured is False
    assert session.ask(portal.url + "/gbk").captured is None
    assert session.ask(portal.url + "/aliyun", expect=NOTICE).captured is False
