"""A catalogue of scenes on this machine that fails as networks, proxies and catalogues do, when it is told to."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from osint.simulated import demo
from osint.simulated.server import Api, _Handler, _Server

SILENT_S = 3.0
Plan = Callable[[str], str | None]
"""Returns the fault that the answer to a path is to have, None for none."""


class Handler(_Handler):
    """Answers as the demo does, unless the plan of the server names a fault for a path."""

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        fault = self.server.plan(self.path)  # type: ignore[attr-defined]
        if fault is None:
            super()._send(status, body, headers)
        else:
            FAULTS[fault](self, status, body, headers)


@contextlib.contextmanager
def serving(made: demo.Demo) -> Iterator[Any]:
    """Serve a demo; `plan` of what is given may be set at any moment."""
    server: Any = _Server(("127.0.0.1", 0), Handler)
    made.catalogue = f"http://127.0.0.1:{server.server_address[1]}"
    server.api = Api(made.catalogue, (made,))
    server.plan = lambda path: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(h: Any, status: int, body: bytes, headers: dict[str, str], length: int | None = None) -> None:
    h.send_response(status)
    for name, value in headers.items():
        h.send_header(name, value)
    h.send_header("Content-Length", str(len(body) if length is None else length))
    h.end_headers()
    h.wfile.write(body)


def _status(number: int, **extra: str) -> Callable[..., None]:
    body = b"<Error><Code>Fault</Code></Error>"
    kind = {"Content-Type": "application/xml", **{k.replace("_", "-"): v for k, v in extra.items()}}
    return lambda h, status, sent, headers: _answer(h, number, body, kind)


def _reset(h: Any, *_: Any) -> None:
    h.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    h.close_connection = True
    h.connection.close()
    raise ConnectionError


def _closed(h: Any, *_: Any) -> None:
    h.close_connection = True
    with contextlib.suppress(OSError):
        h.connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionError


def _silent(h: Any, *_: Any) -> None:
    time.sleep(SILENT_S)
    h.close_connection = True
    raise ConnectionError


def _trickle(h: Any, status: int, body: bytes, headers: dict[str, str]) -> None:
    h.send_response(status)
    for name, value in headers.items():
        h.send_header(name, value)
    h.send_header("Content-Length", str(len(body)))
    h.end_headers()
    for one in body[:12]:
        h.wfile.write(bytes([one]))
        h.wfile.flush()
        time.sleep(SILENT_S / 12)
    h.close_connection = True
    raise ConnectionError


def _cut(h: Any, status: int, body: bytes, headers: dict[str, str]) -> None:
    _answer(h, status, body[: len(body) // 2], headers, len(body))
    h.close_connection = True


def _other_range(h: Any, status: int, body: bytes, headers: dict[str, str]) -> None:
    stated = re.match(r"bytes (\d+)-(\d+)/(\d+)", headers.get("Content-Range", ""))
    if stated:
        headers = {**headers, "Content-Range": f"bytes {int(stated[1]) + 7}-{int(stated[2]) + 7}/{stated[3]}"}
    _answer(h, status, body, headers)


def _flipped(h: Any, status: int, body: bytes, headers: dict[str, str]) -> None:
    spoiled = bytearray(body)
    for place in range(40, len(spoiled), 97):
        spoiled[place] ^= 0xFF
    _answer(h, status, bytes(spoiled), headers)


def _page(h: Any, status: int, body: bytes, headers: dict[str, str]) -> None:
    _answer(h, 200, b"<html><title>Login</title>please log in</html>" * 20, {"Content-Type": "text/html"})


def _page_in_place(h: Any, status: int, body: bytes, headers: dict[str, str]) -> None:
    _answer(h, status, (b"<html>please log in</html>" * (len(body) // 20 + 1))[: len(body)], headers)


def _redirected(target: str) -> Callable[..., None]:
    def answer(h: Any, *_: Any) -> None:
        where = target if "://" in target else f"{h.server.api.base}{target}"
        _answer(h, 302, b"", {"Location": where})

    return answer


def _list(change: Callable[[dict[str, Any]], Any]) -> Callable[..., None]:
    """Return a fault of a list of scenes; what is none stays as it is."""

    def answer(h: Any, status: int, body: bytes, headers: dict[str, str]) -> None:
        page = json.loads(body)
        _answer(h, status, json.dumps(change(page)).encode() if "features" in page else body, headers)

    return answer


FAULTS: dict[str, Callable[..., None]] = {
    "reset": _reset,
    "closed": _closed,
    "silent": _silent,
    "trickle": _trickle,
    "cut": _cut,
    "shorter than its length": lambda h, s, body, headers: _answer(h, s, body[: len(body) // 2], headers),
    "page for a file": _page,
    "page in place": _page_in_place,
    "zeros": lambda h, s, body, headers: _answer(h, s, bytes(len(body)), headers),
    "flipped bytes": _flipped,
    "other range": _other_range,
    "gzip": lambda h, s, body, headers: _answer(h, s, gzip.compress(body), {**headers, "Content-Encoding": "gzip"}),
    "other file": lambda h, s, body, headers: _answer(h, s, body, {**headers, "ETag": f'"{random.random()}"'}),
    "no such host": _redirected("https://nowhere.invalid/login"),
    "to a login": _redirected("/login.html"),
    **{str(n): _status(n) for n in (401, 403, 404, 409, 410, 416, 429, 500, 502, 503, 504)},
    "429 for an hour": _status(429, Retry_After="3600"),
    "cut JSON": lambda h, s, body, headers: _answer(h, 200, body[: len(body) * 2 // 3], headers),
    "no JSON": _page,
    "empty page": _list(lambda page: {"type": "FeatureCollection", "features": [], "links": []}),
    "empty, but counted": _list(lambda page: {**page, "features": [], "links": []}),
    "a third of it": _list(
        lambda page: {**page, "features": page["features"][: len(page["features"]) // 3], "links": []}
    ),
    "error as JSON": _list(lambda page: {"code": "TimeoutError", "description": "the query was cancelled"}),
    "scenes without files": _list(
        lambda page: {**page, "features": [{k: v for k, v in f.items() if k != "assets"} for f in page["features"]]}
    ),
    "scenes that are null": _list(lambda page: {**page, "features": [None for _ in page["features"]]}),
}
OF_LISTS = list(FAULTS)[list(FAULTS).index("cut JSON") :]
OF_FILES = ["page in place", "zeros", "flipped bytes", "other range", "gzip", "other file", "416"]
