"""Copies in web archives: a copy is of the time and the page that answered, and a row that cannot be is left out."""

import json

import pytest

from osint import sources
from osint.cli.main import main
from osint.portals import common_crawl, wayback, webarchives
from osint.portals.wayback import Copy
from tests.portal_server import answer, serve
from tests.portal_server.faults import notice_html
from tests.portal_server.portals import HEADER, sha1_32

URL = "http://x.example/n.html"
PAGE = notice_html().encode()
TIME = "20240615083000"
MEMENTO = [("Memento-Datetime", "Sat, 15 Jun 2024 08:30:00 GMT")]


@pytest.fixture
def portal(monkeypatch):
    with serve() as running:
        for name in ("wayback", "commoncrawl", "commoncrawl_data"):
            monkeypatch.setenv(f"OSINT_BASE_{name.upper()}", running.url)
        yield running


def row(time=TIME, url=URL, status="200", media="text/html", digest="A" * 32, length="1200"):
    return ["example,x)/n.html", time, url, media, status, digest, length]


def listed(portal, session, rows):
    portal.pages["/cdx/search/cdx"] = answer(json.dumps(rows).encode(), "application/json")
    return wayback.wayback_copies(session, wayback.wayback_request(URL))


def test_the_newest_is_the_last_time_that_the_page_was_seen_also_unchanged(portal, session):
    unchanged = row("20260101000000", status="-", media="warc/revisit")
    listing = listed(
        portal,
        session,
        [HEADER, unchanged, row("20190101000000"), row("20200101000000", status="-", media="warc/revisit")],
    )
    assert [copy.timestamp[:4] for copy in listing.copies] == ["2019", "2020", "2026"]
    assert "last seen 2026-01-01, unchanged since 2019-01-01 or before" in webarchives._answered(listing)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(url="http://evil.example/n.html"), "of another host (evil.example)"),
        (row(url="http://notx.example/n.html"), "of another host"),
        (row(time="29990101000000"), "of a time that cannot be"),
        (row(time="19010101000000"), "of a time that cannot be"),
        (row(time="20240230000000"), "without a time"),
        (row(time="2024061508300"), "without a time"),
        (row(time=20240615083000.5), "without a time"),
        (row(url=""), "no URL"),
        (row(url="file:///etc/passwd"), "no URL"),
        (row(url={"a": 1}), "no URL"),
        (row(status="404"), "was no success"),
        (row(status="-"), "was no success"),
        (row(length="0"), "of no length"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_left_out_and_named(portal, session, bad, reason):
    listing = listed(portal, session, [HEADER, bad, row()])
    assert [copy.url for copy in listing.copies] == [URL] and listing.bad_rows == 1
    assert reason in listing.reasons[0] and reason in webarchives._answered(listing)


@pytest.mark.parametrize(
    "body", [5, [5], ["a"], [[5, 6], [7]], [[["original"]]], {"a": 1}, [{"a": 1}], [HEADER, 5], [HEADER, "tail"], [[], []], "[" * 100_000]
)  # fmt: skip
def test_what_is_no_index_is_said_to_be_none(portal, session, body):
    sent = body if isinstance(body, str) else json.dumps(body)
    portal.pages["/cdx/search/cdx"] = answer(sent.encode(), "application/json")
    listing = wayback.wayback_copies(session, wayback.wayback_request(URL))
    assert listing.copies == [] and listing.classified.kind in ("challenge", "content", "empty result", "blocked")


def moved(to):
    return answer(b"", status="302 Found", headers=[("Location", to)])


@pytest.mark.parametrize("digest", ["-", "", "A" * 32])
@pytest.mark.parametrize(
    ("time", "page"), [("20190101000000", URL), (TIME, "http://evil.example/"), ("20190101000000", "http://evil.example/n.html")]
)  # fmt: skip
def test_a_memento_of_another_date_or_page_is_what_it_is(portal, session, time, page, digest):
    portal.pages[f"/web/{TIME}id_/{URL}"] = moved(f"/web/{time}id_/{page}")
    portal.pages[f"/web/{time}id_/{page}"] = answer(PAGE, headers=MEMENTO)
    entry = wayback.take_wayback(session, Copy(URL, TIME, "text/html", digest))
    assert (entry.kind, entry.copy_time, entry.copy_of) == ("incomplete", time, page)
    assert entry.served.startswith(f"{time[:4]}-{time[4:6]}")
    assert not [r for r in sources.history(session.archive, URL) if r.entry.is_content]


def test_no_index_is_asked_for_an_address_with_a_secret_which_is_another_page_without_it(portal, session):
    for secret in ("http://li:zz1@x.example/n.html?token=zz2", "http://x.example/n.html?x=tq8ZbX0vR2mK9s3d"):
        entry, said = webarchives.take_copy(session, secret)
        wayback.wayback_copies(session, wayback.wayback_request(secret))
        common_crawl.commoncrawl_copies(session, secret)
        assert entry is None and "no web archive was asked" in said[0]
    assert not [hit for hit in portal.hits if "url" in hit.query]


def test_an_address_that_was_kept_without_its_secret_is_not_asked_again(session):
    with serve() as server:
        session.ask(f"{server.url}/good?token=zz2")
        (again,) = sources.watch(session)
        assert again.entry.kind == "refused" and "without what may be a secret" in again.entry.signal
        (again,) = sources.watch(session, [f"{server.url}/good?token=zz3"])
        assert again.entry.kind == "content" and again.difference == [sources.SAME_BYTES]


@pytest.mark.parametrize("digest", ["-", sha1_32(PAGE)])
def test_what_is_no_copy_of_the_archive_is_content_by_its_digest_alone(portal, session, digest):
    portal.pages[f"/web/{TIME}id_/{URL}"] = moved("/login")
    portal.pages["/login"] = answer(PAGE)
    entry = wayback.take_wayback(session, Copy(URL, TIME, "text/html", digest))
    assert (entry.kind, "no copy of the archive" in entry.signal) == (
        ("incomplete", True) if digest == "-" else ("content", False)
    )
    portal.pages["/login"] = moved(f"/web/{TIME}id_/http://[::1/n.html")
    assert not wayback.take_wayback(session, Copy(URL, TIME, "text/html", digest)).is_content


def test_a_memento_that_moved_and_has_the_stated_digest_is_content_of_its_own_time(portal, session):
    portal.pages[f"/web/{TIME}id_/{URL}"] = moved(f"/web/20190101000000id_/{URL}")
    portal.pages[f"/web/20190101000000id_/{URL}"] = answer(PAGE, headers=MEMENTO)
    entry = wayback.take_wayback(session, Copy(URL, TIME, "text/html", sha1_32(PAGE)))
    assert (entry.kind, entry.copy_time) == ("content", "20190101000000")


@pytest.mark.parametrize(
    "same", ["https://x.example/n.html", "http://www.x.example:80/n.html", "http://x.example/n.html/"]
)
def test_a_memento_of_the_same_page_spelt_otherwise_is_content(portal, session, same):
    portal.pages[f"/web/{TIME}id_/{URL}"] = moved(f"/web/{TIME}id_/{same}")
    portal.pages[f"/web/{TIME}id_/{same}"] = answer(PAGE, headers=MEMENTO)
    assert wayback.take_wayback(session, Copy(URL, TIME, "text/html", "-")).kind == "content"


@pytest.mark.parametrize(
    ("status", "kind"),
    [("429 Too Many Requests", "rate-limited"), ("404 Not Found", "gone"), ("403 Forbidden", "blocked")],
)
def test_an_archived_refusal_is_of_the_page_and_holds_nobody(portal, session, status, kind):
    held = []
    session.politeness.hold = lambda *args, **more: held.append(args)
    portal.pages[f"/web/{TIME}id_/{URL}"] = answer(b"no", status=status, headers=MEMENTO)
    entry = wayback.take_wayback(session, Copy(URL, TIME, "text/html", "-"))
    assert entry.kind == kind and "so the page answered on Sat, 15 Jun 2024" in entry.signal
    assert "nothing here shows" not in entry.signal and not held
    portal.pages[f"/web/{TIME}id_/{URL}"] = answer(b"no", status="429 Too Many Requests")
    assert "the page answered" not in wayback.take_wayback(session, Copy(URL, TIME, "text/html", "-")).signal
    assert held


def job(**said):
    return answer(json.dumps(said).encode(), "application/json")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(wayback, "SAVE_STEP_S", 0.01)


def test_a_copy_that_was_asked_for_has_its_receipt(portal, session, quick, monkeypatch):
    monkeypatch.setenv("OSINT_WAYBACK_KEYS", "access:zz-secret-zz")
    portal.pages["/save"] = job(url=URL, job_id="spn2-1")
    portal.pages["/save/status/spn2-1"] = job(status="success", timestamp=TIME, original_url=URL)
    receipt = sources.save_copy(session, URL)
    assert (receipt.kind, receipt.copy_of, receipt.copy_time) == ("receipt", URL, TIME)
    assert receipt.signal == f"saved: https://web.archive.org/web/{TIME}/{URL}"
    assert portal.hits[-1].headers["authorization"] == "LOW access:zz-secret-zz"
    kept = b"".join(path.read_bytes() for path in session.archive.directory.iterdir() if path.is_file())
    assert b"zz-secret-zz" not in kept and b"spn2-1" in kept
    listed = sources.history(session.archive, URL)
    assert [r.entry.kind for r in listed] == ["receipt", "receipt"] and not any(r.difference for r in listed)


@pytest.mark.parametrize(
    ("asked", "status", "kind", "said"),
    [
        (job(url=URL, job_id="1"), job(status="pending", job_id="1"), "receipt", "had not finished"),
        (job(url=URL, job_id="1"), job(status="error", message="Too many captures"), "blocked", "Too many captures"),
        (job(url=URL, job_id="1"), job(status="success", timestamp="2999", original_url=URL), "incomplete", "at 2999"),
        (job(url=URL, job_id="1"), job(status="success", timestamp=TIME, original_url="http://evil.example/"), "incomplete", "saved http://evil"),
        (job(url=URL, job_id="1"), job(status="pending"), "receipt", "asked, job 1, which had not finished"),
        (job(url=URL, job_id="1"), answer(b"no", status="502 Bad Gateway"), "receipt", "not to be learned (unreachable: status 502"),
        (job(url=URL, job_id="1"), answer(b"<p>Saved!"), "receipt", "not to be learned"),
        (job(url=URL, timestamp=TIME), job(), "blocked", "neither a job nor a copy"),
        (job(message="You need to log in"), job(), "blocked", "log in"),
        (answer(b"[5]", "application/json"), job(), "blocked", "neither a job"),
        (answer(b"no", status="401 Unauthorized"), job(), "blocked", "status 401"),
        (answer(b"no", status="429 Too Many Requests"), job(), "rate-limited", "429"),
    ],
)  # fmt: skip
def test_a_copy_that_was_not_taken_is_said_not_to_be(portal, session, quick, monkeypatch, asked, status, kind, said):
    monkeypatch.setattr(wayback, "SAVE_WAIT_S", 0.02)
    portal.pages |= {"/save": asked, "/save/status/1": status}
    receipt = sources.save_copy(session, URL)
    assert receipt.kind == kind and said in receipt.signal and not receipt.copy_time


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/a", "http://x.example/?token=a", "http://u:p@x.example/", "http://10.0.0.1/"]
)
def test_what_is_secret_or_private_is_not_given_away(portal, session, url):
    receipt = sources.save_copy(session, url)
    assert receipt.kind == "refused" and receipt.seq is None and not portal.hits


def test_watch_says_what_changed_since_the_last_content(portal, session, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("OSINT_DATA", str(tmp_path))
    with serve() as host:
        for path in ("/a", "/b", "/c"):
            host.pages[path] = answer(PAGE)
            assert session.ask(host.url + path).is_content
        host.pages["/api"] = answer(b'{"rows": [1]}', "application/json")
        session.ask(host.url + "/api")
        assert sources.watched(session.archive) == [host.url + path for path in ("/a", "/b", "/c")]
        host.pages["/b"] = answer(PAGE.replace(b"</body>", "<p>新的一行字</body>".encode()))
        host.pages["/c"] = answer(b"gone", status="404 Not Found")
        before = len(host.hits)
        assert main(["watch", "--dry-run"]) == 0 and len(host.hits) == before
        capsys.readouterr()
        assert main(["watch"]) == 1
        out, err = capsys.readouterr()
        assert "the same bytes" in out and "+新的一行字" in out and "gone\t" in out
        assert "3 addresses: 1 changed, 1 not read, 1 as before" in err
        assert main(["watch", host.url + "/a"]) == 0
        assert main(["capture", host.url + "/a", "--also-wayback"]) == 1
    assert "not given to the Wayback Machine" in capsys.readouterr().out
