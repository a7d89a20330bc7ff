"""Damage the bytes of a file at random: any byte of it, or what its format is made of.

Bytes damaged anywhere are mostly refused at once, as JSON or XML that cannot be parsed. So most inputs stay well-formed:
a value of JSON, a tag, a cell, a field of a record or of a TIFF is taken out, doubled, moved or replaced by an odd one,
and what is packed or sealed is packed and sealed anew.
"""

from __future__ import annotations

import copy
import functools
import gzip
import io
import json
import random
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any

from lxml import etree

from osint import chain

_ODD = (
    b"\xff\xff\xff\xff",
    b"\x00" * 8,
    b"\x7f\xff\xff\xff",
    b"1e400",
    b"NaN",
    b"null",
    b"-1",
    b"[" * 2000,
    b"9" * 400,
    b"\xed\xa0\x80",
)
_TEXTS = (
    "", " ", "0", "-1", "1e400", "NaN", "inf", "null", "9" * 400, "1,5", "0x10", "２０２４", "2024-13-45", "99999999999999",
    "=1+1", "\x1b[2J", "\u202ea", "\ud800", "a" * 5000, "http://[::1", "../../x", "<b>&amp;", "]]>", "哈密", "{{7*7}}", "$\\frac{",
    "%s%n", "\x00", "1900-01-00", "POLYGON", "sha1:", "true",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, -1e308, float("nan"), float("inf"), 2**63, 2**64, 10**400, 1e-320, [], {}, [[]],
    {"a": {}}, [None], [1, "a"], *_TEXTS,
)  # fmt: skip
_WHOLE = 0.2
"""Share of the inputs that are damaged in any byte."""
_MOST_PLACES = 2000
"""Values of a tree above which no more is put into it."""
_TREES = 0.7
"""Share of the damaged XML that stays well-formed."""


def damaged(seeds: list[bytes], seed: int) -> bytes:
    """Return one of the seeds, damaged; the same bytes for the same number."""
    rng = random.Random(seed)
    body = rng.choice(seeds)
    if rng.random() < _WHOLE:
        return _any_bytes(body, rng)
    try:
        return _by_form(body, rng)
    except (RecursionError, ValueError):  # what was made cannot be written in the format any more
        return _any_bytes(body, rng)


def _any_bytes(seed: bytes, rng: random.Random) -> bytes:
    """Return bytes with some flipped, taken out, put in, doubled or replaced by odd values."""
    body = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(body) + 1)
        match rng.randrange(6):
            case 0 if at < len(body):
                body[at] ^= 1 << rng.randrange(8)
            case 1:
                del body[at : at + rng.choice((1, 4, 50, 4000))]
            case 2:
                body[at:at] = rng.randbytes(rng.choice((1, 2, 8, 64)))
            case 3:
                body[at:at] = body[max(0, at - 200) : at] * rng.choice((1, 3))
            case 4:
                odd = rng.choice(_ODD)
                body[at : at + len(odd)] = odd
            case 5:
                del body[at:]
        body = body or bytearray(b"x")
    return bytes(body)


def _by_form(body: bytes, rng: random.Random) -> bytes:
    """Damage what the format of a file is made of; any byte where the format is not known here."""
    forms: tuple[tuple[bytes, Callable[[bytes, random.Random], bytes]], ...] = (
        (b"PK\x03\x04", _zip),
        (b"\x1f\x8b", lambda packed, rng: gzip.compress(_by_form(gzip.decompress(packed), rng), 1, mtime=0)),
        (b"WARC/", _fields),
        (b"II*\0", _tiff),
        (b"II+\0", _tiff),
        (b"[", _json),
        (b"{", _sealed if b"line_sha256" in body else _json),
        (b"<", _markup),
    )
    for mark, damage in forms:
        if body.startswith(mark):
            return damage(body, rng)
    head = body.partition(b"\n")[0]
    return _cells(body, rng) if b"," in head and b"%PDF" not in head else _any_bytes(body, rng)


@functools.lru_cache(64)
def _parts(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as box:
        return {name: box.read(name) for name in box.namelist()}


def _zip(body: bytes, rng: random.Random) -> bytes:
    """Damage one file of a zip, take it out or double it, and pack it anew, so that its reader gets past the sums."""
    held = _parts(body)
    chosen, what = rng.choice(list(held)), rng.randrange(12)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as box:
        for name, part in held.items():
            if name == chosen and what == 0:
                continue
            if name == chosen and what == 1:
                box.writestr(_plain(rng) or "x", part)
            elif name == chosen:
                part = part or b"x"  # noqa: PLW2901 - an empty part is given a byte to damage
                box.writestr(name, _by_form(part, rng) if what > 3 else _any_bytes(part, rng))
            else:
                box.writestr(name, part)
    return out.getvalue()


def _json(body: bytes, rng: random.Random) -> bytes:
    tree = copy.deepcopy(_parsed(body))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        tree = _changed(tree, rng)
    return json.dumps(tree, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


@functools.lru_cache(64)
def _parsed(body: bytes) -> Any:
    return json.loads(body)


def _changed(tree: Any, rng: random.Random) -> Any:
    """Change one value of a tree, at any depth, in its place."""
    places: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting and len(places) < _MOST_PLACES:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            places.append((one, key))
            waiting.append(one[key])
    if len(places) >= _MOST_PLACES:
        return tree
    if not places or rng.random() < 0.01:
        return rng.choice(_VALUES)
    inside, key = rng.choice(places)
    match rng.randrange(8):
        case 0:
            del inside[key]
        case 1:
            other, name = rng.choice(places)
            inside[key] = copy.deepcopy(other[name])
        case 2 if isinstance(inside, list):
            inside[key:key] = [copy.deepcopy(inside[key])] * rng.choice((1, 3, 50))
        case 3:
            for _ in range(rng.choice((1, 3, 100))):
                inside[key] = [inside[key]] if rng.random() < 0.7 else {"a": inside[key]}
        case 4 if isinstance(inside, dict):
            inside[rng.choice(_TEXTS)] = inside.pop(key)
        case _:
            inside[key] = rng.choice(_VALUES)
    return tree


def _sealed(body: bytes, rng: random.Random) -> bytes:
    """Damage the lines of a chained log, mostly sealed anew, so that its reader gets past the seals."""
    rows = [json.loads(line) for line in body.splitlines()]
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(rows))
        rows[at] = _changed(rows[at], rng)
    if rng.random() < 0.2:
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    previous, out = chain.GENESIS, b""
    for row in rows:
        plain = {key: value for key, value in row.items() if key not in chain.SEALS} if isinstance(row, dict) else {}
        try:
            sealed, line = chain.seal(plain, previous)
        except (ValueError, TypeError):
            out += json.dumps(row).encode() + b"\n"
            continue
        previous, out = sealed["line_sha256"], out + line
    return out


def _markup(body: bytes, rng: random.Random) -> bytes:
    """Damage tags, their attributes and the text between them; XML mostly stays well-formed."""
    if rng.random() < _TREES and (tree := _elements(body)) is not None:
        root = copy.deepcopy(tree)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            _change_element(root, rng)
        return bytes(etree.tostring(root))
    pieces = [piece for piece in re.split(rb"(<[^>]*>)", body) if piece]
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(pieces))
        match rng.randrange(8):
            case 0:
                del pieces[at]
            case 1:
                pieces[at:at] = [pieces[at]] * rng.choice((1, 3, 300))
            case 2:
                other = rng.randrange(len(pieces))
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case 3:
                pieces[at:at] = pieces[at : at + rng.choice((2, 6))]
            case 4:
                pieces[at] = re.sub(rb'"[^"]*"', lambda _: b'"' + _text(rng) + b'"', pieces[at])
            case 5:
                pieces[at] = re.sub(rb"[\d.]+", lambda _: _text(rng)[:400], pieces[at])
            case 6:
                pieces[at] = pieces[at].replace(b"\n", b"") + rng.choice(
                    (b"&#0;", b"&x;", b"<!--", b"<![CDATA[", b"]]>")
                )
            case _:
                pieces[at] = _text(rng)
        pieces = pieces or [b"<a>"]
    return b"".join(pieces)


@functools.lru_cache(64)
def _elements(body: bytes) -> Any:
    try:
        return etree.fromstring(body)
    except etree.XMLSyntaxError:
        return None


def _change_element(root: Any, rng: random.Random) -> None:
    """Change one element of a tree in its place."""
    parents = [one for one in root.iter() if len(one)]
    if not parents:
        root.text = _plain(rng)
        return
    parent = rng.choice(parents)
    at = rng.randrange(len(parent))
    one = parent[at]
    match rng.randrange(8):
        case 0:
            del parent[at]
        case 1:
            parent[at:at] = [copy.deepcopy(one) for _ in range(rng.choice((1, 3, 100)))]
        case 2:
            parent[at] = copy.deepcopy(rng.choice(list(root.iter())))
        case 3 if one.attrib:
            one.set(rng.choice(list(one.attrib)), _plain(rng))
        case 4:
            one.tag = rng.choice(list(root.iter())).tag
        case 5:
            for _ in range(rng.choice((1, 3, 60))):
                held = parent[at]
                parent[at] = etree.Element(one.tag)
                parent[at].append(held)
        case 6 if one.text:
            one.text = re.sub(r"[\d.]+", lambda _: _plain(rng)[:400], one.text)
        case _:
            one.text = _plain(rng)


def _plain(rng: random.Random) -> str:
    """Return an odd text that XML may hold."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]", "", rng.choice(_TEXTS))


def _text(rng: random.Random) -> bytes:
    return rng.choice(_TEXTS).encode("utf-8", "surrogatepass")


def _cells(body: bytes, rng: random.Random) -> bytes:
    """Damage the cells, rows and columns of a table, its quotes and its coding."""
    rows = [line.split(b",") for line in body.splitlines()]
    for _ in range(rng.choice((1, 1, 2, 4))):
        row = rng.choice(rows)
        if not row:
            continue
        at = rng.randrange(len(row))
        match rng.randrange(9):
            case 0:
                del row[at]
            case 1:
                rows.insert(rng.randrange(len(rows)), list(row))
            case 2:
                row[at] = b'"' + row[at]
            case 3:
                for one in rows:
                    del one[at : at + 1]
            case _:
                row[at] = b'"' + _text(rng) + b'"' if rng.random() < 0.3 else _text(rng)
    joint = rng.choice((b",",) * 8 + (b";", b"\t"))
    whole = rng.choice((b"\n",) * 8 + (b"\r", b"\r\n")).join(joint.join(row) for row in rows) + b"\n"
    return rng.choice((b"",) * 8 + (b"\xef\xbb\xbf", b"\xff\xfe")) + whole


def _fields(body: bytes, rng: random.Random) -> bytes:
    """Damage the lines of the heads of WARC records: their names, numbers, digests, and the chunks of a body."""
    lines = body.split(b"\r\n")
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(lines))
        name, colon, value = lines[at].partition(b":")
        match rng.randrange(7):
            case 0:
                del lines[at]
            case 1:
                lines.insert(rng.randrange(len(lines)), lines[at])
            case 2 if colon:
                lines[at] = name + b": " + _text(rng)
            case 3:
                lines[at] = re.sub(rb"\d+", lambda _: rng.choice((b"0", b"1", b"-1", b"9" * 14, b"7")), lines[at])
            case 4 if colon:
                name = rng.choice(
                    (b"Content-Encoding", b"Transfer-Encoding", b"WARC-Truncated", b"WARC-Type", b"Content-Type")
                )
                lines[at] = (
                    name + b": " + rng.choice((b"gzip", b"br", b"chunked", b"revisit", b"length", b"application/http"))
                )
            case _:
                lines[at] = value or _text(rng)
        lines = lines or [b"WARC/1.1"]
    return b"\r\n".join(lines)


def _tiff(body: bytes, rng: random.Random) -> bytes:
    """Damage fields of the directories of a TIFF (little-endian): tag, type, count, value or offset."""
    big = body[2] == 43
    start = struct.unpack_from("<Q", body, 8)[0] if big else struct.unpack_from("<I", body, 4)[0]
    count = struct.unpack_from("<Q" if big else "<H", body, start)[0]
    first, size = start + (8 if big else 2), 20 if big else 12
    out = bytearray(body)
    whole = "Q" if big else "I"
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = first + size * rng.randrange(count)
        number = rng.choice(
            (0, 1, 2, 7, 64, 255, 65535, 1 << 20, (1 << 31) - 1, (1 << 32) - 1, rng.randrange(len(body)))
        )
        match rng.randrange(5):
            case 0:
                struct.pack_into(
                    "<H", out, at, rng.choice((256, 257, 258, 259, 277, 317, 322, 324, 325, 339, 33550, 42113))
                )
            case 1:
                struct.pack_into("<H", out, at + 2, rng.randrange(20))
            case 2:
                struct.pack_into(f"<{whole}", out, at + 4, number)
            case 3:
                struct.pack_into(f"<{whole}", out, at + (12 if big else 8), number)
            case _:
                place = struct.unpack_from(f"<{whole}", body, at + (12 if big else 8))[0] + 4 * rng.randrange(4)
                if place + 4 <= len(out):
                    struct.pack_into("<I", out, place, number)
    return bytes(out)
