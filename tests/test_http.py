"""The one door to the network: connections, deadlines, proxies, certificates, retries, politeness."""

import contextlib
import dataclasses
import email.utils
import gzip
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import shapely

from osint import imagery, sources
from osint.cli import doctor
from osint.errors import BadInputError, NetworkError, OsintError, RefusedError
from osint.http import (
    CONNECTIONS,
    Answer,
    ByteCache,
    ChangedError,
    Client,
    Limits,
    Politeness,
    Ranges,
    Request,
    Trouble,
    answers,
    client,
    connections,
    forbidden,
    ranges,
)
from osint.imagery import read
from tests import pages as webpages

BODY = bytes(range(256)) * 400
QUICK = dataclasses.replace(ranges.LIMITS, silence_seconds=0.4, head_seconds=0.8, max_seconds=0.8, attempts=1)
PLACE = shapely.box(93.0, 43.0, 93.01, 43.01)
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture
def pages():
    with webpages.served() as served:
        yield served


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in (*PROXIES, *connections.CERTIFICATES, "OSINT_ALLOW_LOOPBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))


# ---- a connection is always given back


def other_range(handler):
    webpages.send(handler, 206, b"x" * 9, {"Content-Range": "bytes 5-13/99"})


def too_long(handler):
    webpages.send(handler, 206, BODY, {"Content-Range": f"bytes 0-99/{len(BODY)}", "ETag": '"1"'})


def cut(handler):
    """Send half a body and close the connection."""
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes 0-99/{len(BODY)}")
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(BODY[:50])
    handler.close_connection = True


KINDS = {
    "403": lambda h: webpages.send(h, 403, b"no", {}),
    "404, a long page": lambda h: webpages.send(h, 404, BODY * 4, {"Content-Type": "text/html"}),
    "416": lambda h: webpages.send(h, 416, b"", {}),
    "500": lambda h: webpages.send(h, 500, b"failed", {}),
    "200 without a range": lambda h: webpages.send(h, 200, BODY * 4, {"Content-Type": "image/tiff"}),
    "302 in a circle": lambda h: webpages.send(h, 302, b"", {"Location": h.path}),
    "302 to a private address": lambda h: webpages.send(h, 302, b"", {"Location": "https://10.0.0.1/a"}),
    "another range": other_range,
    "compressed": lambda h: webpages.send_range(h, BODY, **{"Content-Encoding": "gzip"}),
    "longer than asked": too_long,
    "cut in the middle": cut,
}


@pytest.mark.parametrize("kind", KINDS)
def test_after_70_failed_answers_the_next_is_read_at_once(pages, monkeypatch, kind):
    monkeypatch.setattr(ranges, "LIMITS", dataclasses.replace(ranges.LIMITS, attempts=1))
    pages.files["/bad"], pages.files["/good"] = KINDS[kind], BODY
    source = Ranges(pages.url)
    began = time.monotonic()
    for _ in range(70):  # more than twice the connections to one host
        with pytest.raises((NetworkError, RefusedError)):
            source.get(f"{pages.url}/bad", 0, 100, "full")
    assert source.get(f"{pages.url}/good", 10, 100, "full") == BODY[10:110]
    assert time.monotonic() - began < 15


def test_after_70_changed_files_the_next_is_read_at_once(pages, tmp_path):
    turn = iter(range(10_000))
    pages.files["/new"] = lambda h: webpages.send_range(h, BODY, f'"{next(turn)}"')
    source, changed = Ranges(pages.url, cache=ByteCache(tmp_path)), 0
    while changed < 70:
        try:
            source.get(f"{pages.url}/new", next(turn), 100, "full")
        except ChangedError as error:
            changed += 1
            assert "its ETag changed" in str(error)
    pages.files["/good"] = BODY
    assert source.get(f"{pages.url}/good", 10, 100, "full") == BODY[10:110]


@pytest.mark.parametrize("kind", ["silent", "one byte of the headers at a time", "stops in the middle"])
def test_server_that_does_not_go_on_ends_in_an_error_for_more_askers_than_connections(pages, monkeypatch, kind):
    done = threading.Event()

    def silent(handler):
        done.wait(30)
        handler.close_connection = True

    def trickling(handler):
        while not done.wait(0.1):
            handler.wfile.write(b"H")
        handler.close_connection = True

    def stopping(handler):
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 0-99/{len(BODY)}")
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(BODY[:50])
        done.wait(30)
        handler.close_connection = True

    monkeypatch.setattr(ranges, "LIMITS", QUICK)
    pages.files["/bad"] = {"silent": silent, "stops in the middle": stopping}.get(kind, trickling)
    pages.files["/good"] = BODY
    source = Ranges(pages.url)

    def error_of(start):
        with pytest.raises(NetworkError) as caught:
            source.get(f"{pages.url}/bad", start, 100, "full")
        return str(caught.value)

    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS + 8) as pool:
        said = set(pool.map(error_of, range(CONNECTIONS + 8)))
    assert time.monotonic() - began < 8
    assert all("no byte for" in one or "no whole answer" in one or "50 bytes had come" in one for one in said), said
    assert source.get(f"{pages.url}/good", 10, 100, "full") == BODY[10:110]
    done.set()


def test_waiting_for_a_free_connection_does_not_count_as_the_server_being_slow(pages, monkeypatch):
    def slow(handler):
        time.sleep(0.5)
        webpages.send_range(handler, BODY)

    monkeypatch.setattr(connections, "CONNECTIONS", 3)
    patient = dataclasses.replace(QUICK, silence_seconds=1.9, head_seconds=1.9, max_seconds=1.9)
    monkeypatch.setattr(ranges, "LIMITS", patient)
    pages.files["/slow"] = slow
    source = Ranges(pages.url)
    with ThreadPoolExecutor(18) as pool:
        got = list(pool.map(lambda n: source.get(f"{pages.url}/slow", n, 100, "full"), range(18)))
    assert got == [BODY[n : n + 100] for n in range(18)]


def test_connections_are_kept_over_small_failures(pages):
    opened = []
    pages.files["/small"] = lambda h: (opened.append(h.client_address), webpages.send(h, 404, b"not here", {}))
    source = Ranges(pages.url)
    for _ in range(20):
        with pytest.raises(NetworkError, match="status 404"):
            source.get(f"{pages.url}/small", 0, 100, "full")
    assert len(set(opened)) == 1


# ---- proxies and certificates, for every fetcher


def capture_page(tmp_path):
    session = sources.open_session(tmp_path)
    session.robots = False
    return session.ask("https://portal.example/notice").signal


def read_range(tmp_path):
    Ranges("https://catalogue.example").get("https://pictures.example/a.tif", 0, 100, "full")


def read_tile(tmp_path):
    imagery.map_tiles(PLACE, 12, "https://tiles.example/{z}/{x}/{y}.png", cache=False)


def get_token(tmp_path):
    read.SasTokens("https://tokens.example").token("account/container")


def search_catalogue(tmp_path):
    imagery.scenes(PLACE, "2024-01-01", "2024-02-01", catalogue="https://stac.example/v1")


def ask_overpass(tmp_path):
    imagery.mapped_power(PLACE)


def run_doctor(tmp_path):
    return " ".join(row["says"] for row in doctor.examine() if row["what"] in doctor.HOSTS)


FETCHERS = (capture_page, read_range, read_tile, get_token, search_catalogue, ask_overpass, run_doctor)


@pytest.mark.parametrize("fetcher", FETCHERS)
@pytest.mark.parametrize("scheme", ["http", "socks5h", "socks5"])
def test_nothing_goes_around_a_proxy_that_cannot_be_reached(monkeypatch, tmp_path, fetcher, scheme):
    pytest.importorskip("socks")
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:secret@127.0.0.1:9")
    names, connected, connect = set(), set(), socket.socket.connect

    def look_up(host, port, *rest, **more):
        names.add(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    def note(self, address):
        connected.add(address)
        return connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", note)
    try:
        said = fetcher(tmp_path)
    except OsintError as error:
        said = str(error)
    assert names == {"127.0.0.1"} and connected == {("127.0.0.1", 9)}
    assert "the proxy" in said and "127.0.0.1:9 did not pass the request on" in said
    assert "secret" not in said


@pytest.mark.parametrize("fetcher", FETCHERS)
def test_proxy_of_an_unknown_kind_is_refused_by_name(monkeypatch, tmp_path, fetcher):
    monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1:9")
    try:
        said = fetcher(tmp_path)
    except BadInputError as error:
        said = str(error)
    assert "the proxy gopher://127.0.0.1:9 of the environment cannot be used: its scheme is gopher" in said


def test_catalogue_on_this_machine_is_read_without_the_proxy(pages, monkeypatch):
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
    pages.files["/good"] = BODY
    assert Ranges(pages.url).get(f"{pages.url}/good", 0, 100, "full") == BODY[:100]


@pytest.fixture
def secure(pages, tmp_path):
    """Serve the same pages over TLS with a certificate that no authority of this machine knows."""
    if not subprocess.run(["which", "openssl"], capture_output=True, check=False).stdout:
        pytest.skip("openssl is not installed")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    made += [
        "-addext",
        "subjectAltName=IP:127.0.0.1,DNS:pictures.example",
        "-keyout",
        tmp_path / "key.pem",
        "-out",
        tmp_path / "own.pem",
    ]
    subprocess.run(made, capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        onward = tuple(pages.url.removeprefix("http://").split(":"))
        threading.Thread(target=_relay, args=(listener, context, onward), daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


def _relay(listener, context, onward):
    def one(plain):
        try:
            with context.wrap_socket(plain, server_side=True) as line, socket.create_connection(onward) as server:
                server.sendall(line.recv(65536).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                while piece := server.recv(65536):
                    line.sendall(piece)
        except OSError:
            plain.close()

    while True:
        try:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()
        except OSError:
            return


@pytest.mark.parametrize("variable", connections.CERTIFICATES)
def test_certificates_of_the_office_count_for_all(secure, pages, monkeypatch, tmp_path, variable):
    monkeypatch.setenv("OSINT_ALLOW_LOOPBACK", "1")
    pages.files["/good"], pages.files["/page"] = BODY, lambda h: webpages.send(h, 200, b"<p>words</p>", {})
    session = sources.open_session(tmp_path)
    session.robots = False
    assert "TLS failed" in session.ask(f"{secure}/page").signal
    with pytest.raises(NetworkError, match="TLS failed"):
        Ranges(secure).get(f"{secure}/good", 0, 100, "full")
    monkeypatch.setenv(variable, str(tmp_path / "own.pem"))
    assert session.ask(f"{secure}/page").kind == "content"
    assert Ranges(secure).get(f"{secure}/good", 0, 100, "full") == BODY[:100]
    pages.get_only = True
    monkeypatch.setattr(pages, "url", secure)
    assert len(imagery.scenes(PLACE, "2024-01-01", "2024-02-01", catalogue=secure)) == 0
    monkeypatch.setenv(variable, "/nowhere.pem")
    with pytest.raises(BadInputError, match=rf"{variable} names /nowhere\.pem, which does not exist"):
        Ranges(secure).get(f"{secure}/good", 0, 100, "full")


@pytest.mark.parametrize("variable", connections.CERTIFICATES)
@pytest.mark.parametrize("text", ["this is not a certificate", ""])
def test_a_file_that_holds_no_certificates_is_named_with_its_variable(monkeypatch, tmp_path, variable, text):
    (tmp_path / "notes.txt").write_text(text)
    monkeypatch.setenv(variable, str(tmp_path / "notes.txt"))
    with pytest.raises(
        BadInputError, match=rf"^{variable} names .*notes\.txt, which cannot be read .*PEM certificates"
    ):
        Client().ask(Request("https://host.invalid/"))


def _proxy(listener, target, asked):
    """Lead whoever asks, by CONNECT or by SOCKS5, to one server; `asked` gets the names."""

    def pump(source, sink):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)

    def one(near):
        with contextlib.suppress(OSError), near, socket.create_connection(target) as far:
            first = near.recv(300)
            if first.startswith(b"CONNECT"):
                asked.append(first.split()[1].decode())
                near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                near.sendall(b"\x05\x00")
                wish = near.recv(300)
                asked.append(f"{wish[5 : 5 + wish[4]].decode()}:{int.from_bytes(wish[-2:])}")
                near.sendall(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=pump, args=(far, near), daemon=True)
            back.start()
            pump(near, far)
            far.shutdown(socket.SHUT_RDWR)
            back.join()

    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()


@pytest.mark.parametrize("scheme", ["http", "socks5h", "socks5"])
def test_proxy_gets_the_name_and_tls_goes_through_it(secure, pages, monkeypatch, tmp_path, scheme):
    pytest.importorskip("socks")
    asked, names = [], []
    target = ("127.0.0.1", int(secure.rpartition(":")[2]))
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *r, **m: (names.append(host), look_up(host, *r, **m))[1])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    pages.files["/good"] = BODY
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_proxy, args=(listener, target, asked), daemon=True).start()
        monkeypatch.setenv("https_proxy", f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
        got = Ranges("https://catalogue.example").get("https://pictures.example/good", 5, 100, "full")
    assert got == BODY[5:105]
    assert asked == ["pictures.example:443"] and set(names) == {"127.0.0.1"}


# ---- addresses


def test_each_address_of_a_name_is_tried_in_turn(pages, monkeypatch):
    tried = []

    def two(host, port, *rest, **more):
        dead = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.77", port))
        tried.append(host)
        return [dead, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    pages.files["/good"] = BODY
    own = pages.url.replace("127.0.0.1", "localhost")
    assert Ranges(own).get(f"{own}/good", 0, 100, "full") == BODY[:100]
    assert tried == ["localhost"]


def test_only_the_server_that_was_named_may_be_on_this_machine(pages):
    pages.files["/good"] = BODY
    assert Client(named=pages.url).ask(Request(f"{pages.url}/good", headers={"Range": "bytes=0-9"})).status == 206
    answer = Client().ask(Request(f"{pages.url}/good"))
    assert answer.trouble is Trouble.REFUSED and "loopback" in answer.detail and answer.requests == 0


@pytest.mark.parametrize("target", ["http://[::1", "http://127.0.0.1:99999/", "https://10.0.0.1/a"])
def test_redirect_to_what_may_not_be_asked_is_named_as_a_redirect(pages, target):
    pages.files["/go"] = lambda h: webpages.send(h, 302, b"", {"Location": target})
    answer = Client(named=pages.url).ask(Request(f"{pages.url}/go"))
    assert answer.trouble is Trouble.REFUSED
    assert answer.detail.startswith(f"it redirected to {target}, which was not asked: ")
    with pytest.raises(
        RefusedError, match=r"/go was not read: it redirected to http.* which was not asked: "
    ) as caught:
        Ranges(pages.url).get(f"{pages.url}/go", 0, 100, "full")
    assert "item" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "fd00::1"]
)
def test_addresses_inside_a_network_are_forbidden_and_public_ones_are_not(address):
    assert forbidden(address) and not forbidden("93.184.215.14")


@pytest.mark.parametrize("chunked", [False, True])
def test_bytes_that_came_before_a_silence_are_counted(pages, chunked):
    done = threading.Event()

    def stopping(handler):
        handler.send_response(200)
        handler.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", "100")))
        handler.end_headers()
        handler.wfile.write(b"28\r\n" + BODY[:40] + b"\r\n" if chunked else BODY[:40])
        done.wait(10)
        handler.close_connection = True

    pages.files["/b"] = stopping
    answer = Client(QUICK, named=pages.url).ask(Request(f"{pages.url}/b"))
    done.set()
    assert answer.fault == "no byte for 0.4 s; 40 bytes had come"
    assert answer.body == BODY[:40] and answer.received == 40


@pytest.mark.parametrize("value", [0, -3, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["max_bytes", "max_seconds", "head_seconds", "silence_seconds", "attempts"])
def test_a_limit_that_lets_nothing_through_is_refused(name, value):
    with pytest.raises(BadInputError, match=rf"the limit `{name}` must be more than 0 and finite, got {value:g}"):
        Limits(**{name: value})


# ---- asked again, politely


def test_retry_after_is_read_in_both_forms():
    moment = datetime.now(UTC) + timedelta(seconds=90)
    assert answers.retry_after_seconds("120") == 120.0
    assert answers.retry_after_seconds(email.utils.format_datetime(moment, usegmt=True)) == pytest.approx(90, abs=2)
    past = email.utils.format_datetime(moment - timedelta(days=1), usegmt=True)
    assert answers.retry_after_seconds(past) == 0.0
    assert answers.retry_after_seconds("soon") is None and answers.retry_after_seconds("") is None


def test_a_pause_of_many_days_is_not_said_to_be_one_of_seconds(pages):
    for when in ("Thu, 01 Jan 2099 00:00:00 GMT", "9" * 12):
        pages.files["/b"] = lambda h, when=when: webpages.send(h, 503, b"busy", {"Retry-After": when})
        fault = Client(named=pages.url).ask(Request(f"{pages.url}/b")).fault
        assert fault == "it answered status 503; it wants to be left alone for a day or more"


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_busy_host_is_asked_again_when_it_says_so(pages, monkeypatch, form):
    monkeypatch.setattr(client, "BACKOFF_S", 0.01)
    when = (
        "1" if form == "seconds" else email.utils.format_datetime(datetime.now(UTC) + timedelta(hours=20), usegmt=True)
    )
    slept = []
    monkeypatch.setattr(time, "sleep", lambda seconds: slept.append(seconds) if seconds > connections.TICK_S else None)
    turn = iter((503, 200))

    def busy(handler):
        if next(turn) == 503:
            webpages.send(handler, 503, b"busy", {"Retry-After": when})
        else:
            webpages.send_range(handler, BODY)

    pages.files["/b"] = busy
    source = Ranges(pages.url)
    if form == "seconds":
        assert source.get(f"{pages.url}/b", 0, 100, "full") == BODY[:100]
        assert slept == [1.0] and source.cost.total_requests == 2
    else:
        # 20 hours are too long to wait: it ends at once and says when
        with pytest.raises(NetworkError, match=r"status 503; ask again in 7[12]\d\d\d s"):
            source.get(f"{pages.url}/b", 0, 100, "full")
        assert slept == [] and source.cost.total_requests == 1


def test_dropped_connection_is_asked_again_and_each_request_is_counted(pages, monkeypatch):
    monkeypatch.setattr(client, "BACKOFF_S", 0.01)
    turn = iter((True, True, False))
    pages.files["/b"] = lambda h: cut(h) if next(turn) else webpages.send_range(h, BODY)
    source = Ranges(pages.url)
    assert source.get(f"{pages.url}/b", 0, 100, "full") == BODY[:100]
    assert source.cost.total_requests == 3


def test_contact_of_the_user_goes_with_every_request(pages, monkeypatch):
    monkeypatch.setenv("OSINT_CONTACT", "desk@paper.example")
    pages.files["/good"] = BODY
    Ranges(pages.url).get(f"{pages.url}/good", 0, 100, "full")
    imagery.scenes(PLACE, "2024-01-01", "2024-02-01", catalogue=pages.url)
    agents = {headers["User-Agent"] for _, _, headers in pages.asked}
    assert len(agents) == 1 and agents.pop().endswith("(+desk@paper.example)")


def test_small_body_that_unpacks_beyond_the_limit_is_stopped(pages):
    bomb = gzip.compress(bytes(40 << 20))
    pages.files["/bomb"] = lambda h: webpages.send(h, 200, bomb, {"Content-Encoding": "gzip"})
    answer = Client(Limits(max_bytes=8 << 20), named=pages.url).ask(Request(f"{pages.url}/bomb"))
    assert answer.trouble is Trouble.LENGTH and answer.received == len(bomb)
    with pytest.raises(NetworkError, match="decompression passed the limit"):
        Ranges(pages.url).whole(f"{pages.url}/bomb", "list", 8 << 20)


def rules(tmp_path, body, status=200, kind="text/plain"):
    politeness = Politeness(tmp_path / "pace.json")
    politeness.learn_robots(
        "https://h", Answer("https://h/robots.txt", status=status, headers={"content-type": kind}, body=body)
    )
    return [politeness.robots_allow("https://h", f"https://h/{path}") for path in ("a.pdf", "a/private/b", "a/open/b")]


@pytest.mark.parametrize(
    "held",
    [
        '{"h": {"hold": 9e9}}', '{"h": {"hold": 1e308}}', '{"h": {"at": 9e9}}', '{"h": {"tokens": -1e308}}', '{"h": "x"}',
        '{"h": {"tokens": "a", "at": null, "hold": [1]}}', "[1]", "[" * 100_000, '{"h": {"at": NaN}}',
    ],
)  # fmt: skip
def test_a_pace_of_a_stranger_or_of_a_clock_that_was_set_back_makes_nobody_wait(tmp_path, held):
    (tmp_path / "pace.json").write_text(held)
    politeness = Politeness(tmp_path / "pace.json")
    assert politeness.held_until("h") == 0.0 and politeness.wait_seconds("h", 20) == 0.0
    assert politeness.hold("h", "5") == politeness.held_until("h") > 0


def test_robots_txt_is_read_with_wildcards_and_the_longest_rule(tmp_path):
    assert rules(tmp_path, b"User-agent: *\nDisallow: /*.pdf$\nDisallow: /*/private/\n") == [False, False, True]
    longest = b"User-agent: *\nDisallow: /a/\nAllow: /a/open/\n"
    assert rules(tmp_path, longest) == [True, False, True]


def test_robots_txt_of_a_server_that_fails_forbids_all_and_a_missing_one_nothing(tmp_path):
    assert rules(tmp_path, b"", 503) == [False] * 3
    assert rules(tmp_path, b"not here", 404) == [True] * 3
    assert rules(tmp_path, b"<html>Disallow: /</html>", 200) == [True] * 3


def test_the_room_and_what_stands_on_it_load_without_fcntl():
    code = "import sys; sys.modules['fcntl'] = None; import osint.http, osint.imagery, osint.archive, osint.sources"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
