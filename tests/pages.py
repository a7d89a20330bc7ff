"""A loopback server for tests: STAC answers, range files, and every misbehaviour a test asks for."""

import contextlib
import json
import re
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Pages:
    """`files` maps a path to bytes or to a callable(handler); `items` are what a search finds."""

    def __init__(self):
        self.files, self.items, self.asked, self.etags = {}, [], [], {}
        self.url, self.page, self.get_only, self.statuses = "", 100, False, []


@contextmanager
def served():
    pages = Pages()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"pages": pages}))
    server.daemon_threads = True
    pages.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pages = None

    def do_GET(self):
        self.pages.asked.append((self.command, self.path, dict(self.headers)))
        path = urlsplit(self.path).path
        found = self.pages.files.get(path)
        if callable(found):
            found(self)
        elif found is not None:
            send_range(self, found, self.pages.etags.get(path, f'"{len(found)}"'))
        else:
            query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
            self._stac(path.rstrip("/"), query)

    def do_POST(self):
        self.pages.asked.append((self.command, self.path, dict(self.headers)))
        found = self.pages.files.get(urlsplit(self.path).path)
        if callable(found):
            found(self)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._stac(urlsplit(self.path).path.rstrip("/"), json.loads(body))

    def _stac(self, path, asked):
        pages = self.pages
        if path == "/search" and pages.statuses:
            send(self, pages.statuses.pop(0), b"busy", {})
            return
        if path == "/search":
            start = int(asked.get("token") or 0)
            body = {
                "type": "FeatureCollection",
                "features": pages.items[start : start + pages.page],
                "links": [],
            }
            if start + pages.page < len(pages.items):
                after = start + pages.page
                link = {"rel": "next", "href": f"{pages.url}/search?token={after}", "method": "GET"}
                if not pages.get_only:
                    more = {**asked, "token": str(after)}
                    link = {"rel": "next", "href": f"{pages.url}/search", "method": "POST", "body": more}
                body["links"] = [link]
        elif not path:
            methods = ("GET",) if pages.get_only else ("GET", "POST")
            links = [
                {"rel": "search", "type": "application/geo+json", "method": m, "href": f"{pages.url}/search"}
                for m in methods
            ]
            links += [{"rel": "self", "href": pages.url}, {"rel": "root", "href": pages.url}]
            links += [{"rel": "data", "href": f"{pages.url}/collections"}]
            kinds = ("core", "collections", "item-search")
            conforms = [f"https://api.stacspec.org/v1.0.0/{kind}" for kind in kinds]
            body = {"type": "Catalog", "id": "t", "stac_version": "1.0.0", "description": "t", "links": links}
            body["conformsTo"] = conforms
        else:
            send(self, 404, b'{"code": "NotFoundError"}', {})
            return
        send(self, 200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def handle(self):
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *args):
        pass


def send(handler, status, body, headers):
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def send_range(handler, body, etag='"1"', **headers):
    start, end = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers["Range"]).groups()
    part = body[int(start) : int(end) + 1]
    if not part:
        send(handler, 416, b"", {})
        return
    place = f"bytes {start}-{int(start) + len(part) - 1}/{len(body)}"
    send(handler, 206, part, {"Content-Range": place, "ETag": etag, **headers})


def drip(handler):
    """Begin an answer and then say nothing more."""
    handler.send_response(206)
    handler.send_header("Content-Range", "bytes 0-16383/20000")
    handler.send_header("Content-Length", "16384")
    handler.end_headers()
    handler.wfile.write(b"II*\0")
    handler.wfile.flush()
    time.sleep(3)
    handler.close_connection = True
