import hashlib
import socket
import threading
import time

import pytest
from warcio.archiveiterator import ArchiveIterator

from osint import sources
from osint.archive import Archive, verify
from osint.http import Limits, Request, check_url, fetch, forbidden, strip_secrets, user_agent
from tests.portal_server import answer, serve
from tests.portal_server.faults import BOMB, CHUNKED_GZIP, NOTICE, notice_html

LIMITS = Limits(max_bytes=2 << 20, max_seconds=0.8, silence_seconds=0.5)


@pytest.fixture(scope="module")
def portal():
    with serve() as running:
        yield running


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setenv("OSINT_ALLOW_LOOPBACK", "1")
    return sources.open_session(tmp_path, limits=LIMITS)


def stored(session):
    return b"".join(path.read_bytes() for path in session.archive.warcs()) + session.archive.ledger.read_bytes()


@pytest.mark.parametrize(
    ("path", "kind", "size"),
    [
        ("/slow-loris", "timeout", None),
        ("/silent", "timeout", None),
        ("/endless", "incomplete", 2 << 20),
        ("/bomb", "incomplete", len(BOMB)),
        ("/truncated", "incomplete", 500),
        ("/chunked-cut", "incomplete", 28),
        ("/gzip-cut", "incomplete", 3000),
        ("/gzip", "content", len(notice_html().encode())),
        ("/deflate", "content", len(notice_html().encode())),
        ("/chunked", "content", len(notice_html().encode())),
        ("/chunked-gzip", "incomplete", len(CHUNKED_GZIP)),
        ("/part", "incomplete", 9),
        ("/part-of-200", "incomplete", 9),
        ("/reset", "blocked", None),
        ("/empty-reply", "rate-limited", None),
        ("/garbage", "unreachable", None),
        ("/redirect-loop", "refused", 5),
        ("/redirect-file", "refused", 5),
        ("/redirect-private", "refused", 5),
        ("/redirect-metadata", "refused", 5),
        ("/redirect-good", "content", len(notice_html().encode())),
    ],
)
def test_fault_has_its_class_and_its_bytes_are_kept(portal, session, path, kind, size):
    entry = session.ask(portal.url + path)
    assert (entry.kind, entry.bytes) == (kind, size), entry.signal
    if size is not None:
        assert hashlib.sha256(session.archive.body(entry)).hexdigest() == entry.sha256
    assert verify(session.archive.directory).damage == []


@pytest.mark.parametrize("stated", ["-5", "+690", "1_0", "x"])
def test_a_length_that_is_no_number_leaves_nothing_to_tell_whether_the_body_is_whole(portal, session, stated):
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {stated}\r\n\r\n"
    portal.pages["/length"] = head.encode() + notice_html().encode()
    entry = session.ask(portal.url + "/length")
    assert entry.kind == "incomplete" and f"no number of bytes ({stated})" in entry.signal
    assert entry.truncated and session.archive.body(entry)


def test_early_hints_are_not_the_answer(portal, session):
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<p>ab"
    portal.pages["/hints"] = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + final
    entry = session.ask(portal.url + "/hints")
    assert entry.kind == "incomplete" and "an interim answer, without the final one" in entry.signal


def test_slow_body_keeps_what_came(portal, session):
    entry = session.ask(portal.url + "/slow-body")
    assert entry.kind == "timeout" and entry.truncated == "time"
    assert session.archive.body(entry).startswith(b"<html><p>slow")


def test_every_hop_is_in_the_warc_and_tokens_are_not(portal, session):
    entry = session.ask(portal.url + "/redirect-good?api_key=topsecret&page=2")
    assert entry.final_url.endswith("/good?token=stripped")
    assert entry.url.endswith("?api_key=stripped&page=2")
    assert entry.redirects[0].status == 302
    held = stored(session)
    assert held.count(b"WARC-Type: response") == 2 and b"302 Found" in held
    assert b"topsecret" not in held and b"secret123" not in held
    assert portal.hits[-1].query == {"token": "secret123"}, "the host itself was asked with its token"


@pytest.mark.parametrize("path", ["/redirect-loopback", "/redirect-loopback-hex"])
def test_redirect_to_loopback_through_a_proxy_is_not_followed(portal, tmp_path, monkeypatch, path):
    # the portal plays a public host behind a proxy; loopback is not allowed
    monkeypatch.delenv("OSINT_ALLOW_LOOPBACK", raising=False)
    target = "http://0x7f000001/secret" if "hex" in path else f"{portal.url}/secret"
    portal.pages["http://public.example/go"] = answer(b"moved", status="302 Found", headers=[("Location", target)])
    portal.pages["/go"] = portal.pages["http://public.example/go"]
    monkeypatch.setenv("http_proxy", portal.url)
    at = sources.open_session(tmp_path, limits=LIMITS, robots=False)
    before = len(portal.hits)
    entry = at.ask("http://public.example/go")
    assert entry.kind == "refused" and "loopback" in entry.signal
    assert len(portal.hits) == before + 1, "the secret was never asked for"


def test_direct_question_to_loopback_is_refused_without_leave(portal, tmp_path, monkeypatch):
    monkeypatch.delenv("OSINT_ALLOW_LOOPBACK", raising=False)
    at = sources.open_session(tmp_path)
    before = len(portal.hits)
    port = portal.server_address[1]
    hosts = ("127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0")
    for host in hosts:
        entry = at.ask(f"http://{host}:{port}/secret")
        assert entry.kind == "refused" and entry.seq is None
    assert len(portal.hits) == before and list(at.archive.entries()) == []


def test_name_that_resolves_to_a_private_address_is_refused_at_connecting(session, monkeypatch):
    def resolver(host, port, *rest):
        good = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))
        bad = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.168.1.1", port))
        return [good, bad]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    session.robots = False
    entry = session.ask("http://two-faced.example/")
    assert entry.kind == "refused" and "private" in entry.signal


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.8.8.8", "loopback"),
        ("::1", "loopback"),
        ("10.1.1.1", "private"),
        ("172.16.0.1", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fd00::1", "private"),
        ("224.0.0.1", "private"),
        ("0.0.0.0", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::7f00:1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("93.184.216.34", ""),
        ("2606:4700::1111", ""),
    ],
)
def test_address_is_judged(address, reason, monkeypatch):
    monkeypatch.delenv("OSINT_ALLOW_LOOPBACK", raising=False)
    assert forbidden(address) == reason
    monkeypatch.setenv("OSINT_ALLOW_LOOPBACK", "1")
    assert forbidden(address) == ("" if reason == "loopback" else reason), "leave lifts loopback alone"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x.example/", "gopher://x.example/", "//x", "http://", "x"]
)
def test_other_schemes_are_refused(url):
    assert check_url(url)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://user:pw@h.example/a#frag", "http://h.example/a"),
        ("http://h.example/?token=a&q=b", "http://h.example/?token=stripped&q=b"),
        (
            "http://h.example/?X-Amz-Signature=a&acw_sc__v2=",
            "http://h.example/?X-Amz-Signature=stripped&acw_sc__v2=",
        ),
        ("http://h.example/a;jsessionid=12?p=1", "http://h.example/a;jsessionid=stripped?p=1"),
        ("http://h.example/?keyword=%E6%99%BA&monkey=1", "http://h.example/?keyword=%E6%99%BA&monkey=1"),
        ("http://h.example/?searchkey=a", "http://h.example/?searchkey=a"),
    ],
)
def test_secrets_are_stripped_and_nothing_else(url, kept):
    assert strip_secrets(url) == kept


def test_contact_is_sent_but_not_kept_and_netrc_is_not_read(portal, session, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("OSINT_CONTACT", "desk@paper.example")
    assert user_agent().endswith("(+desk@paper.example)")
    session.ask(portal.url + "/good")
    assert "desk@paper.example" in portal.hits[-1].headers["user-agent"]
    assert "authorization" not in portal.hits[-1].headers
    assert b"desk@paper" not in stored(session)


def test_cookies_are_not_kept(portal, session):
    portal.pages["/cookie"] = answer(notice_html().encode(), headers=[("Set-Cookie", "session=abc123; Path=/")])
    session.ask(portal.url + "/cookie")
    assert b"abc123" not in stored(session) and b"Set-Cookie: stripped" in stored(session)


def test_tls_failure_is_unreachable_with_its_reason(portal, session):
    session.robots = False
    entry = session.ask(portal.url.replace("http:", "https:") + "/good")
    assert entry.kind == "unreachable" and "TLS" in entry.signal


def test_refused_connection_is_unreachable(session):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        session.robots = False
        entry = session.ask(f"http://127.0.0.1:{port}/")
    assert entry.kind == "unreachable" and "refused" in entry.signal


def test_robots_is_obeyed_only_where_it_is_a_robots_file(portal, session):
    entry = session.ask(portal.url + "/forbidden-by-robots")
    assert entry.kind == "refused" and "robots.txt" in entry.signal and entry.seq is None
    with serve() as other:
        other.pages["/robots.txt"] = answer(b"<html>Disallow: /</html>")
        assert session.ask(other.url + "/good").kind == "content"
    session.robots = False
    assert session.ask(portal.url + "/forbidden-by-robots").kind == "content"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"])
def test_a_robots_file_that_cannot_be_read_forbids_all_and_says_what_to_do(session, said):
    with serve() as other:
        other.pages["/robots.txt"] = said
        entry = session.ask(other.url + "/good")
        assert entry.kind == "refused" and entry.seq is None
        assert "robots.txt of 127.0.0.1 could not be read" in entry.signal and "--no-robots" in entry.signal
        session.robots = False
        assert session.ask(other.url + "/good").kind == "content"


def test_a_connection_that_the_host_was_told_to_close_is_not_used_again(session):
    """The host closes it late, at the next question: that would read as an empty reply."""

    def late(listener):
        for _ in range(2):
            client, _ = listener.accept()
            with client:
                client.recv(65536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ntext")
                client.recv(65536)  # the end of the connection, or a second question

    session.robots = False
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        thread = threading.Thread(target=late, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert [session.ask(url).bytes for _ in range(2)] == [4, 4]
    session.ask(url)  # ends the wait of the thread for the last connection
    thread.join()


def test_retry_after_is_kept_between_runs(portal, tmp_path, monkeypatch):
    monkeypatch.setenv("OSINT_ALLOW_LOOPBACK", "1")
    first = sources.open_session(tmp_path).ask(portal.url + "/429-after")
    assert first.kind == "rate-limited" and "Retry-After 120" in first.signal
    hits = sum(hit.path == "/429-after" for hit in portal.hits)
    second = sources.open_session(tmp_path).ask(portal.url + "/429-after")
    assert second.kind == "rate-limited" and "wants no request before" in second.signal
    assert sum(hit.path == "/429-after" for hit in portal.hits) == hits and second.seq is None


def test_bucket_is_shared_by_all_who_use_the_data_directory(tmp_path):
    waits = [sources.open_session(tmp_path).politeness.wait_seconds("archive.example", 24) for _ in range(5)]
    assert waits[:3] == [0, 0, 0] and waits[3] == pytest.approx(2.5, abs=0.3)
    assert waits[4] == pytest.approx(5.0, abs=0.3)


def test_bodies_in_flight_are_files_that_go_when_done(portal, session):
    with fetch(Request(portal.url + "/good"), session.archive.spool, LIMITS) as held:
        assert len(list(session.archive.incoming.glob("*.part"))) == 1
        assert NOTICE.encode() in held.body
    assert list(session.archive.incoming.iterdir()) == []


def test_threads_share_one_archive(portal, session):
    def work():
        for _ in range(5):
            session.ask(portal.url + "/good")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.seq for e in Archive(session.archive.directory).entries()] == list(range(15))
    assert verify(session.archive.directory).damage == []


def _socks5(listener, portal, names):
    """A SOCKS5 proxy of one connection that leads every name to the portal."""
    client, _ = listener.accept()
    with client, socket.create_connection(portal.server_address) as onward:
        client.recv(300)
        client.sendall(b"\x05\x00")
        asked = client.recv(300)
        names.append(asked[5 : 5 + asked[4]].decode())
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        onward.sendall(client.recv(65536))
        while piece := onward.recv(65536):
            client.sendall(piece)


def test_tor_gets_the_name_and_no_local_lookup_is_made(portal, tmp_path, monkeypatch):
    pytest.importorskip("socks")
    monkeypatch.delenv("OSINT_ALLOW_LOOPBACK", raising=False)
    names = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_socks5, args=(listener, portal, names))
        thread.start()
        monkeypatch.setenv("all_proxy", f"socks5h://127.0.0.1:{listener.getsockname()[1]}")
        at = sources.open_session(tmp_path, limits=LIMITS, robots=False)
        entry = at.ask("http://hidden.example/good")
        thread.join()
    assert entry.kind == "content" and names == ["hidden.example"]


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://h.example:99999/", "", "h.example/a", "http://", "http://\x00/", "http://a b/"],
)
def test_what_is_no_url_is_refused_in_one_line(session, url):
    session.robots = False
    entry = session.ask(url)
    assert entry.kind in ("refused", "unreachable"), entry


def test_chinese_in_paths_and_headers_is_kept(portal, session):
    path = "/%E5%85%AC%E5%91%8A"
    portal.pages[path] = answer(notice_html().encode(), headers=[("X-Name", "x")])
    raw = "HTTP/1.1 302 Found\r\nLocation: /公告\r\nX-Note: 名\r\nContent-Length: 0\r\n\r\n".encode()
    portal.pages["/to-chinese"] = raw
    portal.pages["/gbk-header"] = answer(notice_html().encode()).replace(
        b"Connection", "名: 字\r\nConnection".encode("gbk")
    )
    for asked in ("/公告", "/公告?词=智算 中心", "/to-chinese", "/gbk-header"):
        entry = session.ask(portal.url + asked, expect=NOTICE)
        assert entry.captured is True, (asked, entry.kind, entry.signal)
    assert verify(session.archive.directory).damage == []
    with session.archive.warcs()[0].open("rb") as file:
        assert sum(1 for _ in ArchiveIterator(file, check_digests="raise")) == 14


def test_trickled_headers_and_bodies_are_given_up_long_before_the_limit_of_a_download(portal, session):
    session.limits = Limits(max_seconds=60, head_seconds=0.5, silence_seconds=5)
    started = time.monotonic()
    assert session.ask(portal.url + "/slow-loris").bytes is None
    entry = session.ask(portal.url + "/slow-body")
    assert entry.kind == "timeout" and "trickled" in entry.signal
    assert time.monotonic() - started < 4
