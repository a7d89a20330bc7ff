"""A server that speaks as the portals do, faults included: real HTTP over loopback, one thread a connection.

Everything it serves is invented. `python -m tests.portal_server PORT` runs it for a walk-through.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    form: dict[str, str] = field(default_factory=dict)


def answer(body: bytes, kind="text/html; charset=utf-8", status="200 OK", headers=()):
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            asked = _read(self.request)
            if asked is None:
                return
            self.server.hits.append(asked)
            self.server.route(self.request, asked, self.server)


def _read(sock):
    held = b""
    while b"\r\n\r\n" not in held:
        piece = sock.recv(65536)
        if not piece:
            return None
        held += piece
        if held[:1] == b"\x16":
            return None  # a TLS greeting: this server speaks none
    head, _, body = held.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += sock.recv(65536)
    parts = urlsplit(target)
    query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
    form = {k: v[0] for k, v in parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True).items()}
    return Asked(method, parts.path, query, headers, body, form)


class PortalServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port=0):
        from tests.portal_server import faults, portals

        super().__init__(("127.0.0.1", port), _Handler)
        self.hits: list[Asked] = []
        self.pages: dict[str, bytes] = {}
        """Ready responses by path, for a test to set and change."""
        self.routes = {**faults.ROUTES, **portals.ROUTES}
        self.stop = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def route(self, sock, asked, server):
        if asked.path in self.pages:
            sock.sendall(self.pages[asked.path])
            return
        best = max((p for p in self.routes if asked.path.startswith(p)), key=len, default=None)
        made = self.routes[best](sock, asked, server) if best else answer(b"not here", status="404 Not Found")
        if made is not None:
            sock.sendall(made)

    def handle_error(self, request, client_address):
        """Say nothing: a client that goes away is what many tests do."""

    def shutdown_request(self, request):
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_WR)
        self.close_request(request)


@contextlib.contextmanager
def serve(port=0):
    with PortalServer(port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stop.set()
            server.shutdown()
            thread.join()
