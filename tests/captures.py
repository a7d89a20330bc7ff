"""Captures of an invented page, for tests and measurements of the archive; light to import, as processes are killed."""

import hashlib
import io

from osint.archive import Entry
from osint.http import Exchange


def entry(body, url="http://portal.example/a"):
    return Entry(
        url,
        "content",
        time="2026-11-24T10:00:00.000000Z",
        role="fetched",
        final_url=url,
        method="GET",
        status=200,
        media_type="text/html",
        bytes=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
    )


def put(archive, body, url="http://portal.example/a"):
    message = [("User-Agent", "x")], b"", "200 OK", [("Content-Type", "text/html")]
    return archive.record(entry(body, url), [Exchange(url, "GET", *message, body=io.BytesIO(body))])
