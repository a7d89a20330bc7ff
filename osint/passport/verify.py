"""Say of a figure, its passport or a packet what is shown and what is not.

This file stands alone: copied to any computer with Python 3.11 and Pillow, it runs as `python verify.py FILE`. It opens
no link, follows no symbolic link, changes nothing, and bounds what it reads, for files that strangers sent.
A hash shows sameness; it does not show who made a thing, nor that what it says is true.

It reads from the top down, each part using those above it: the verdicts; canonical bytes, codes and arithmetic; what a
file holds; a passport and its numbers; the folder around a file; a figure against the passports that are known; what is
newer than a passport; seals; a file, a passport, a packet; the command.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import html
import io
import itertools
import json
import os
import re
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, DecimalException
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

SCHEMA, PACKET_SCHEMA = "osint-passport/1", "osint-packet/1"
"""What the core of a passport and the list of a packet name as their form."""
KEYWORD = "osint-passport"
"""Keyword of the PNG chunk, id of the SVG element and name of the PDF attachment that hold the core."""
SIDECAR = ".passport.json"
"""Ends the name of the file that holds a passport."""
MOST_BYTES, MOST_PIXELS, MOST_PASSPORT, MOST_PASSPORTS = 64 << 20, 40_000_000, 2 << 20, 300
"""Bytes and pixels of a file that are read, bytes of one passport, passports of one folder."""
MOST_FILES, MOST_UNPACKED = 2000, 256 << 20
"""Files of a packet, and their bytes together."""
TRACE_BITS = 16
"""Bits of 256 by which the difference hash of a copy may differ and still name a figure to look at.

Measured on one small chart: a third of its size as JPEG 12, half of it 7, one data point falsified 18; two unlike line
charts 25. So it never verifies, and even what it names may be another figure that is like it.
"""


class Verdict(StrEnum):
    """What is found of a file; none says that what it shows is true."""

    SEALED = "SEALED"
    INTACT = "INTACT"
    SAME_PICTURE = "SAME PICTURE"
    TRACED = "TRACED"
    STALE = "STALE"
    UNKNOWN = "UNKNOWN"
    CONFLICT = "CONFLICT"


EXIT = {Verdict.TRACED: 3, Verdict.STALE: 4, Verdict.UNKNOWN: 5, Verdict.CONFLICT: 6}
"""Exit status of each verdict; 0 for SEALED, INTACT and SAME PICTURE. Of several files the highest counts."""
MEANS = {
    Verdict.SEALED: "intact, and a seal holds against a root that you named",
    Verdict.INTACT: "byte for byte what its passport describes",
    Verdict.SAME_PICTURE: "saved anew, every pixel as the passport describes",
    Verdict.TRACED: "an altered copy of a known figure: compare it with the original by eye",
    Verdict.STALE: "intact, but there is newer evidence, a correction or a changed source",
    Verdict.UNKNOWN: "no passport was found that fits; this says nothing about truth",
    Verdict.CONFLICT: "passport and file disagree, or its numbers do not follow from each other",
}
"""What each verdict means."""
NEVER_SHOWN = "that what the figure says is true, or who made the passport"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one file."""

    file: str
    """Name of the file, without its folders."""
    verdict: Verdict
    shown: tuple[str, ...] = ()
    """What was shown, a sentence each."""
    not_shown: tuple[str, ...] = ()
    """What was not."""
    code: str = ""
    """Short code of the passport, as printed in the figure."""
    passport_id: str = ""
    """Digest of the passport."""
    original: Path | None = None
    """The picture to compare an altered copy with, if it is at hand."""

    @property
    def status(self) -> int:
        """Exit status."""
        return EXIT.get(self.verdict, 0)

    def to_row(self) -> dict[str, Any]:
        """Return it for JSON."""
        row = {"file": self.file, "verdict": self.verdict.value, "means": MEANS[self.verdict], "code": self.code}
        row |= {"passport_id": self.passport_id, "original": self.original.name if self.original else ""}
        return row | {"shown": list(self.shown), "not_shown": list(self.not_shown)}

    def text(self) -> str:
        """Return it as lines for a person."""
        lines = [f"{self.file}: {self.verdict.value} {self.code}".rstrip(), f"  means: {MEANS[self.verdict]}"]
        lines += [f"  shown: {one}" for one in self.shown] + [f"  not shown: {one}" for one in self.not_shown]
        return "\n".join([*lines, f"  compare with: {self.original}"] if self.original else lines)


class Unreadable(ValueError):  # noqa: N818 - what a file is, not an error of this program
    """A file is broken, too large or not what it says it is."""


# ---------------------------------------------------------------- canonical bytes, codes, arithmetic


def canonical(value: object) -> bytes:
    """Return JSON with sorted keys and no spaces in UTF-8, so that equal values are equal bytes; floats are refused.

    >>> canonical({"b": "1.50", "a": [1, True]})
    b'{"a":[1,true],"b":"1.50"}'
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    body = text.encode("utf-8", "surrogatepass")
    parse(body)
    return body


def parse(body: bytes) -> Any:
    """Read JSON without floats and without a key given twice; raises Unreadable."""

    def refuse(text: str) -> Any:
        raise Unreadable(f"it holds the number {text[:40]}, and a passport writes decimals as text")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise Unreadable("a key is given twice in it")
        return dict(pairs)

    try:
        return json.loads(body, parse_float=refuse, parse_constant=refuse, object_pairs_hook=once)
    except Unreadable:
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(f"it is no JSON that can be read ({type(error).__name__})") from error


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical bytes of a value, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def short_code(core: Mapping[str, Any]) -> str:
    """Return the label of a core: the first 40 bits of its digest in Crockford's base 32, as 'osint:7K3Q-9FMD'."""
    bits = int(digest(core)[:10], 16)
    text = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[bits >> shift & 31] for shift in range(35, -1, -5))
    return f"osint:{text[:4]}-{text[4:]}"


def passport_id(passport: Mapping[str, Any]) -> str:
    """Return the digest of a passport without its id and its seals."""
    return digest({key: value for key, value in passport.items() if key not in ("passport_id", "seals")})


_ARITHMETIC = Context(prec=34, Emax=9999, Emin=-9999)
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)|([A-Za-z_]\w*)|(.))", re.ASCII | re.DOTALL)
_MOST_EXPRESSION, _MOST_DEPTH = 600, 30


def evaluate(
    expression: str, names: Mapping[str, Decimal], columns: Mapping[str, Sequence[Decimal]] | None = None
) -> Decimal:
    """Return the value of an arithmetic expression: + - * / ^ ( ), names, min, max, sqrt, and sum(column).

    Parsed here and not handed to Python. Raises Unreadable for anything else, a name that is not known, or no number.

    >>> str(evaluate("floor_m2 * 0.002 / (1 + 1)", {"floor_m2": Decimal(33000)}))
    '33.000'
    """
    if len(expression) > _MOST_EXPRESSION:
        raise Unreadable(f"an expression has more than {_MOST_EXPRESSION} characters")
    reader = _Arithmetic(_TOKEN.findall(expression.strip()), names, columns or {})
    try:
        value = reader.sum_of(0)
    except (DecimalException, OverflowError) as error:
        raise Unreadable(f"{expression!r} has no value ({type(error).__name__})") from error
    if reader.at != len(reader.tokens):
        raise Unreadable(f"{expression!r} cannot be read from its part {reader.at + 1} on")
    return value


class _Arithmetic:
    """A reader of one expression, part by part."""

    def __init__(
        self, tokens: list[tuple[str, str, str]], names: Mapping[str, Decimal], columns: Mapping[str, Sequence[Decimal]]
    ) -> None:
        self.tokens, self.names, self.columns, self.at = tokens, names, columns, 0

    def taken(self, marks: str) -> str:
        """Return the mark that comes next if it is one of these, and pass it."""
        mark = self.tokens[self.at][2] if self.at < len(self.tokens) else ""
        found = mark if mark and mark in marks else ""
        self.at += bool(found)
        return found

    def sum_of(self, depth: int) -> Decimal:
        value = self.product(depth)
        while mark := self.taken("+-"):
            other = self.product(depth)
            value = _ARITHMETIC.add(value, other) if mark == "+" else _ARITHMETIC.subtract(value, other)
        return value

    def product(self, depth: int) -> Decimal:
        value = self.power(depth)
        while mark := self.taken("*/"):
            other = self.power(depth)
            value = _ARITHMETIC.multiply(value, other) if mark == "*" else _ARITHMETIC.divide(value, other)
        return value

    def power(self, depth: int) -> Decimal:
        if depth > _MOST_DEPTH:
            raise Unreadable(f"an expression is nested more than {_MOST_DEPTH} deep")
        if self.taken("-"):
            return -self.power(depth + 1)
        value = self.atom(depth + 1)
        return _ARITHMETIC.power(value, self.power(depth + 1)) if self.taken("^") else value

    def atom(self, depth: int) -> Decimal:
        if self.taken("("):
            value = self.sum_of(depth)
            return self.closed(value)
        number, name, other = self.tokens[self.at] if self.at < len(self.tokens) else ("", "", "its end")
        self.at += 1
        if number:
            return Decimal(number)
        if not name:
            raise Unreadable(f"an expression has {other!r} where a number or a name belongs")
        if self.taken("("):
            return self.called(name, depth)
        if name not in self.names:
            raise Unreadable(f"an expression names {name}, which is no number of the passport")
        return self.names[name]

    def called(self, name: str, depth: int) -> Decimal:
        if name == "sum":
            column = self.tokens[self.at][1] if self.at < len(self.tokens) else ""
            self.at += 1
            if column not in self.columns:
                raise Unreadable(f"an expression sums the column {column!r}, which the data do not have")
            return self.closed(_sum(tuple(self.columns[column])))
        values = [self.sum_of(depth)]
        while self.taken(","):
            values.append(self.sum_of(depth))
        known: dict[str, Callable[[], Decimal]] = {
            "min": lambda: min(values),
            "max": lambda: max(values),
            "sqrt": lambda: _ARITHMETIC.sqrt(values[0]),
        }
        if name not in known:
            raise Unreadable(f"an expression calls {name}; it may call {', '.join(known)} and sum")
        return self.closed(known[name]())

    def closed(self, value: Decimal) -> Decimal:
        if not self.taken(")"):
            raise Unreadable("an expression lacks a closing parenthesis")
        return value


@functools.lru_cache(maxsize=64)
def _sum(values: tuple[Decimal, ...]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = _ARITHMETIC.add(total, value)
    return total


def agrees(written: str, value: Decimal) -> bool:
    """Return whether a value is the written number, to half a unit of its last digit.

    >>> agrees("60", Decimal("59.86")), agrees("1.15E+5", Decimal(114700)), agrees("60", Decimal("60.6"))
    (True, True, False)
    """
    number = Decimal(written)
    last = int(number.as_tuple().exponent)
    room = max(Decimal((0, (5,), last - 1)), abs(number) * Decimal("1e-9"))
    return value.is_finite() and abs(_ARITHMETIC.subtract(value, number)) <= room


# ---------------------------------------------------------------- what a file holds


def read_file(path: Path, limit: int = MOST_BYTES) -> bytes:
    """Return a whole ordinary file of at most `limit` bytes; a link is refused and a pipe not waited for."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise Unreadable("it is a link, or it cannot be opened") from error
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise Unreadable("it is no ordinary file")
        if state.st_size > limit:
            raise Unreadable(f"it has {state.st_size:,} bytes, more than the {limit:,} that are read")
        return file.read(limit)


def png_chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of a PNG, kind and content; raises Unreadable where a length or a check sum does not hold."""
    at, number = 8, 0
    while at + 12 <= len(body) and (number := number + 1) < _MOST_CHUNKS:
        (length,) = struct.unpack(">I", body[at : at + 4])
        kind, content = body[at + 4 : at + 8], body[at + 8 : at + 8 + length]
        if len(content) != length or body[at + 8 + length : at + 12 + length] != struct.pack(
            ">I", zlib.crc32(kind + content)
        ):
            raise Unreadable("a chunk of the PNG is damaged")
        yield kind, content
        at += 12 + length
        if kind == b"IEND":
            return
    raise Unreadable("the PNG has no end, or too many chunks")


def _inflated(body: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, MOST_PASSPORT)
    except zlib.error:
        return b""


def _cores_of_png(body: bytes) -> Iterator[bytes]:
    for kind, content in png_chunks(body):
        if kind in (b"iTXt", b"tEXt", b"zTXt") and content.partition(b"\0")[0] == KEYWORD.encode():
            if kind != b"iTXt":
                raise Unreadable("a chunk holds a passport in a form that is not written")
            packed, *parts = content[len(KEYWORD) + 1 : len(KEYWORD) + 2], *content[len(KEYWORD) + 3 :].split(b"\0", 2)
            yield _inflated(parts[-1]) if packed == b"\1" else parts[-1]


_PDF_STREAM = re.compile(rb"\bstream\r?\n")
_MOST_STREAMS, _MOST_CHUNKS, _MOST_TAG, _MOST_SVG = 4000, 100_000, 400, 4 << 20


def _cores_of_svg(body: bytes) -> Iterator[bytes]:
    mark, at = b'id="' + KEYWORD.encode() + b'"', -1
    for _ in range(3):
        at = body.find(mark, at + 1)
        begin = body.rfind(b"<", max(0, at - _MOST_TAG), at) if at >= 0 else -1
        if begin < 0:
            return
        tag, _, text = body[begin : at + _MOST_TAG + MOST_PASSPORT].partition(b">")
        if re.match(rb"<(\w{1,20}:)?metadata\b", tag):
            yield html.unescape(text.partition(b"<")[0].decode("utf-8", "replace")).strip().encode()


def _cores_of_pdf(body: bytes) -> Iterator[bytes]:
    unpacked, at = 0, 0
    for _ in range(_MOST_STREAMS):
        found = _PDF_STREAM.search(body, at)
        at = body.find(b"endstream", found.end()) if found else -1
        if found is None or at < 0 or unpacked > MOST_BYTES:
            return
        raw = body[found.end() : at].rstrip(b"\r\n")
        plain = raw if raw[:1] == b"{" else _inflated(raw)
        unpacked += len(plain)
        if plain[:1] == b"{" and SCHEMA.encode() in plain:
            yield plain


def letters_of(svg: bytes) -> str:
    """Return the digest of the letters and digits that an SVG draws as text, whatever their order; empty without any.

    Programs that save an SVG anew break its lines and order elsewhere, and keep its letters, or draw them as shapes.
    """
    if len(svg) > _MOST_SVG:
        return ""
    texts = (part.partition(b"</text>")[0] for part in svg.split(b"<text")[1:])
    plain = b"".join(re.sub(rb"<[^<>]*>", b"", b"<" + text) for text in texts).decode("utf-8", "replace")
    drawn = "".join(sorted("".join(html.unescape(plain).split())))
    return hashlib.sha256(drawn.encode()).hexdigest() if drawn else ""


class Kind(StrEnum):
    """What a file is, by its bytes."""

    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WEBP"
    SVG = "SVG"
    PDF = "PDF"
    ZIP = "ZIP"
    JSON = "JSON"
    OTHER = "other"


RASTER = (Kind.PNG, Kind.JPEG, Kind.WEBP)
_CORES = {Kind.PNG: _cores_of_png, Kind.SVG: _cores_of_svg, Kind.PDF: _cores_of_pdf}
_BEGINS = {b"\x89PNG\r\n\x1a\n": Kind.PNG, b"\xff\xd8\xff": Kind.JPEG, b"%PDF": Kind.PDF, b"PK\x03\x04": Kind.ZIP}


def kind_of(body: bytes) -> Kind:
    """Return what bytes are, by how they begin."""
    for begin, kind in _BEGINS.items():
        if body.startswith(begin):
            return kind
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return Kind.WEBP
    head = body[:4096].lstrip()
    return Kind.SVG if b"<svg" in head else Kind.JSON if head[:1] == b"{" else Kind.OTHER


def embedded_core(body: bytes) -> dict[str, Any] | None:
    """Return the core that a figure carries, None without one; raises Unreadable for a damaged one or two of them."""
    reader = _CORES.get(kind_of(body))
    found = list(reader(body)) if reader else []
    if len(found) > 1:
        raise Unreadable("the file carries more than one passport")
    if not found:
        if SCHEMA.encode() in body:
            raise Unreadable("the file carries a passport that cannot be read")
        return None
    core = parse(found[0])
    if not isinstance(core, dict):
        raise Unreadable("the passport in the file is no record")
    return core


@dataclass(frozen=True, slots=True)
class Pixels:
    """A decoded picture: size, digest, difference hash, and whether the file would show something else than it."""

    width: int
    height: int
    sha256: str
    difference_hash: str
    other_look: str = ""
    """What makes viewers show something else than these pixels; empty if nothing does."""


_LOOKS = {b"gAMA": "gamma", b"iCCP": "a colour profile", b"cHRM": "primaries", b"cICP": "a colour space"}
_LOOKS |= {b"eXIf": "an orientation", b"acTL": "an animation", b"mDCV": "a display", b"cLLI": "a light level"}
_PLAIN_GAMMA = struct.pack(">I", 45455)
_ORIENTATION = 0x0112  # tag of EXIF
_SCANS = 15  # scans of a JPEG of the largest size; more of a smaller one


def open_picture(body: bytes) -> Image:
    """Return a decoded picture of at most MOST_PIXELS; raises Unreadable."""
    from PIL import Image

    try:
        with _quiet():
            if kind_of(body) == Kind.PNG:
                for _ in png_chunks(body):
                    pass
            picture = Image.open(io.BytesIO(body), formats=[k.value for k in RASTER])
            scans = body.count(b"\xff\xda") if picture.format == Kind.JPEG else 1  # begin of a scan
            if max(picture.width * picture.height, scans * picture.width * picture.height // _SCANS) > MOST_PIXELS:
                raise Unreadable(f"it has {picture.width} x {picture.height} pixels in {scans} scans, too many to read")
            picture.load()
    except Unreadable:
        raise
    except Exception as error:  # what a decoder raises on a hostile file is not a closed list
        raise Unreadable(f"it is no picture that can be read ({type(error).__name__})") from error
    return picture


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def pixels_of(body: bytes) -> Pixels:
    """Return size and digests of a picture: SHA-256 over width, height and the RGBA of each row; raises Unreadable."""
    try:
        picture = open_picture(body)
        return pixels_in(picture, _other_look(picture, body))
    except (ValueError, OSError, MemoryError) as error:
        raise error if isinstance(error, Unreadable) else Unreadable(f"its pixels cannot be read ({error})") from error


def pixels_in(picture: Image, other_look: str = "") -> Pixels:
    """Return size and digests of a decoded picture, those that `pixels_of` returns for its file."""
    from PIL import Image

    total = hashlib.sha256(f"{picture.width} {picture.height} RGBA\n".encode())
    for top in range(0, picture.height, 256):
        strip = picture.crop((0, top, picture.width, min(top + 256, picture.height)))
        total.update(strip.convert("RGBA").tobytes())
    flat = picture if picture.mode == "L" else _on_white(picture)
    grey = flat.resize((17, 16), Image.Resampling.BOX).tobytes()
    bits = "".join(str(int(grey[17 * y + x] > grey[17 * y + x + 1])) for y in range(16) for x in range(16))
    return Pixels(picture.width, picture.height, total.hexdigest(), f"{int(bits, 2):064x}", other_look)


def _other_look(picture: Image, body: bytes) -> str:
    """Return what makes viewers show other pixels than those that were decoded, or decoders disagree on them."""
    if getattr(picture, "n_frames", 1) > 1:
        return "several frames"
    if kind_of(body) != Kind.PNG:
        turned = picture.getexif().get(_ORIENTATION, 1) != 1
        return "a colour profile" if picture.info.get("icc_profile") else "an orientation" if turned else ""
    kinds, at = [], 8
    for kind, content in png_chunks(body):
        kinds.append(kind)
        at += 12 + len(content)
        if kind in _LOOKS and not (kind == b"gAMA" and content == _PLAIN_GAMMA):
            return _LOOKS[kind]
        if kind == b"IHDR" and content[8:9] > b"\x08":
            return "16 bits a channel"  # of which decoders take the upper or the lower ones
    runs = [kind for kind, _ in itertools.groupby(kinds)]
    once = all(runs.count(kind) <= 1 and kinds.count(kind) <= 1 for kind in (b"IHDR", b"PLTE", b"tRNS"))
    if not once or runs.count(b"IDAT") != 1 or kinds[0] != b"IHDR":
        return "an order of parts on which decoders disagree"
    return "what follows behind its end" if at != len(body) else ""


def _on_white(picture: Image) -> Image:
    """Return a picture in grey, small, with what is transparent as white."""
    from PIL import Image

    small = picture.convert("RGBA") if picture.mode in ("P", "LA", "PA") else picture
    small = small.resize((min(small.width, 272), min(small.height, 256)), Image.Resampling.BOX).convert("RGBA")
    white = Image.new("RGBA", small.size, "white")
    white.alpha_composite(small)
    return white.convert("L")


def bits_apart(one: str, other: str) -> int:
    """Return by how many bits two difference hashes differ; 256 where one is none."""
    try:
        return (int(one, 16) ^ int(other, 16)).bit_count()
    except (TypeError, ValueError):
        return 256


# ---------------------------------------------------------------- a passport and its numbers


@dataclass(frozen=True)
class Passport:
    """A passport as it was found beside a figure or in a folder of passports."""

    path: Path | PurePosixPath
    body: bytes
    values: dict[str, Any]
    folder: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    """Reads the files that lie beside it, by name."""

    @property
    def core(self) -> dict[str, Any]:
        """What the code depends on."""
        return _record(self.values.get("core"))

    @property
    def render(self) -> dict[str, Any]:
        """What is said of the picture."""
        return _record(self.values.get("render"))

    @property
    def files(self) -> list[dict[str, Any]]:
        """Files that it describes: name, sha256, bytes."""
        return _records(self.values.get("files"))

    @functools.cached_property
    def code(self) -> str:
        """Short code."""
        return short_code(self.core)

    @functools.cached_property
    def id(self) -> str:
        """Digest by which it is named."""
        return passport_id(self.values)

    def listed(self, name: str) -> dict[str, Any]:
        """Return what is said of the file of a name; empty if nothing is."""
        return next((one for one in self.files if one.get("name") == name), {})

    def is_of(self, pixels: Pixels | None) -> bool:
        """Return whether these are the pixels that it describes."""
        return pixels is not None and pixels.sha256 == self.render.get("pixels_sha256")

    def bits_to(self, pixels: Pixels | None) -> int:
        """Return by how many bits of 256 a picture differs from its own."""
        return bits_apart(pixels.difference_hash, self.render.get("difference_hash", "")) if pixels else 256


def _record(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _records(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _told(value: object) -> list[dict[str, str]]:
    """Return the records of a list with the fields that are texts."""
    return [{key: text for key, text in one.items() if isinstance(text, str)} for one in _records(value)]


def read_passport(path: Path | PurePosixPath, body: bytes, folder: Mapping[str, Callable[[], bytes]]) -> Passport:
    """Return a passport; raises Unreadable if the bytes are none."""
    values = parse(body)
    if not isinstance(values, dict) or values.get("schema") != SCHEMA or not isinstance(values.get("core"), dict):
        raise Unreadable(f"it is no passport of the form {SCHEMA}")
    return Passport(path, body, values, folder)


_MOST_CAPTION = 20_000
_NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]{0,30}(?:\.\d{1,30})?(?![\w-]{0,30}[A-Za-z])")
_DATE = re.compile(r"\b(?:19|20)\d\d(?:-\d\d){0,2}\b|\b\d{1,2} [A-Z][a-z]{2,8} (?:19|20)\d\d\b")


def numbers_in(text: str) -> list[str]:
    """Return the numbers that a sentence prints, without dates, ids and names of chips.

    >>> numbers_in("In 2025 C013 claimed 115,000 H100 and 1.5 MW (90%)")
    ['115000', '1.5', '90']
    """
    return [found.replace(",", "") for found in _NUMBER.findall(_DATE.sub(" ", text[:_MOST_CAPTION]))]


def unlisted_numbers(text: str, core: Mapping[str, Any]) -> list[str]:
    """Return the numbers of a sentence that are no low, best, high or written number of a core."""
    rows = _records(core.get("numbers"))
    known = {_plain_number(str(row[k])) for row in rows for k in ("low", "best", "high") if k in row}
    for row in rows:
        said = f"{row.get('written', '')} {row.get('label', '')} {row.get('unit', '')}"
        known |= {_plain_number(n) for n in numbers_in(said)}
    return [number for number in numbers_in(text) if _plain_number(number) not in known]


def _plain_number(text: str) -> str:
    try:
        number = Decimal(text)
        return f"{number.normalize():f}" if abs(number.adjusted()) < 40 else text
    except (DecimalException, ValueError):
        return text


def columns_of(body: bytes) -> dict[str, list[Decimal]]:
    """Return the columns of a CSV that hold numbers alone, without empty cells, by name; none of what is no CSV."""
    import csv

    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig", "replace"), newline="")))
    columns: dict[str, list[Decimal]] = {}
    for at, name in enumerate(rows[0] if rows else ()):
        cells = [row[at] for row in rows[1:] if len(row) > at and row[at] != ""]
        with contextlib.suppress(DecimalException, ValueError):
            columns[name] = [Decimal(cell) for cell in cells]
    return columns


_MOST_NUMBERS, _MOST_ARITHMETIC = 2000, 60_000
"""Numbers of a passport, and characters of all their expressions."""


def recompute(core: Mapping[str, Any], data: bytes | None) -> tuple[list[str], list[str], list[str]]:
    """Return (faults, shown, not shown) of the derived numbers of a core."""
    faults: list[str] = []
    rows = _records(core.get("numbers"))
    names: dict[str, Decimal] = {}
    for row in rows:
        with contextlib.suppress(DecimalException, TypeError, ValueError):
            names[str(row.get("id", ""))] = Decimal(str(row["best"])) if "best" in row else Decimal("NaN")
    columns = columns_of(data) if data is not None else {}
    done, elsewhere, sums = 0, 0, 0
    if len(rows) > _MOST_NUMBERS or sum(len(str(row.get("expression", ""))) for row in rows) > _MOST_ARITHMETIC:
        return ["it has more numbers or more arithmetic than are recomputed"], [], []
    for row in rows:
        expression = row.get("expression", "")
        elsewhere += bool(not expression and row.get("kind") == "derived")
        if not expression:
            continue
        if data is None and re.search(r"\bsum\s*\(", str(expression)):
            sums += 1
            continue
        try:
            if not agrees(str(row.get("best")), evaluate(str(expression), names, columns)):
                faults.append(
                    f"the number {row.get('label')!r} is printed as {row.get('best')}, not as {expression} gives"
                )
            done += 1
        except (Unreadable, DecimalException, ValueError) as error:
            faults.append(f"the number {row.get('label')!r} cannot be recomputed: {error}")
    shown = [f"{done} derived number{'s were' if done != 1 else ' was'} recomputed and came out as printed"] * bool(
        done
    )
    left = [f"{elsewhere} number{'s' * (elsewhere > 1)} that only the named function of the library gives"] * bool(
        elsewhere
    )
    left += [f"{sums} number{'s' * (sums > 1)} from sums over data that are not at hand"] * bool(sums)
    return faults, [] if faults else shown, left


def faults_of(passport: Passport) -> tuple[list[str], list[str], list[str]]:
    """Return (faults, shown, not shown) of a passport by itself and with the data beside it."""
    faults, shown, left = [], [], []
    if passport.values.get("passport_id") != passport.id:
        faults.append("the passport was changed after it was made: its id is not that of its contents")
    if passport.values.get("code") != passport.code:
        faults.append("the code of the passport is not that of its contents")
    data = None
    for one in passport.files:
        name = str(one.get("name", ""))
        if not name.endswith(".csv"):
            continue
        if name not in passport.folder:
            left.append(f"the data {name}, which are not beside the passport")
            continue
        with contextlib.suppress(Unreadable):
            data = passport.folder[name]()
        if data is None or hashlib.sha256(data).hexdigest() != one.get("sha256"):
            faults.append(f"the data {name} beside the passport are not those that were drawn")
        else:
            shown.append(f"the data {name} are those that were drawn")
    wrong, recomputed, open_ = recompute(passport.core, data)
    loose = unlisted_numbers(str(passport.render.get("caption", "")), passport.core)
    wrong += [f"the caption says {number}, which is no number of the passport" for number in loose]
    return faults + wrong, shown + recomputed, left + open_


# ---------------------------------------------------------------- the folder around a file


def beside(path: Path) -> dict[str, Callable[[], bytes]]:
    """Return what reads the ordinary files of a folder, by name; links are left out."""
    found: dict[str, Callable[[], bytes]] = {}
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        for number, entry in enumerate(entries):
            if number > MOST_FILES:
                break
            if entry.is_file(follow_symlinks=False):
                found[entry.name] = _reader(Path(entry.path))
    return found


def _reader(path: Path) -> Callable[[], bytes]:
    return lambda: read_file(path)


def passports_in(folder: Mapping[str, Callable[[], bytes]], where: Path, first: str = "") -> list[Passport]:
    """Return the passports of a folder by name, that of `first` before all; what is none is left out."""
    found: list[Passport] = []
    left = 4 * MOST_PASSPORT
    for name in sorted((n for n in folder if n.endswith(SIDECAR)), key=lambda n: (n != first + SIDECAR, n)):
        with contextlib.suppress(Unreadable):
            body = folder[name]()
            left -= len(body)
            if left < 0 or len(found) >= MOST_PASSPORTS:
                break
            found.append(read_passport(where / name, body, folder))
    return found


# ---------------------------------------------------------------- a figure against the passports that are known


@dataclass(frozen=True)
class _Case:
    """One figure under test, with what is known of it."""

    name: str
    body: bytes
    kind: Kind
    pixels: Pixels | None
    core: dict[str, Any] | None
    broken: str
    """Why the file, its pixels or the passport in it cannot be read; empty if they can."""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem


def _case_of(name: str, body: bytes) -> _Case:
    kind, pixels, core, broken = kind_of(body), None, None, ""
    try:
        pixels = pixels_of(body) if kind in RASTER else None
    except Unreadable as error:
        broken = str(error)
    try:
        core = embedded_core(body)
    except Unreadable as error:
        broken = broken or str(error)
    return _Case(name, body, kind, pixels, core, broken)


def check_figure(name: str, body: bytes, known: Sequence[Passport], code: str = "") -> Checked:
    """Return what is found of a figure, given the passports that are known; `code` is what a person reads in it."""
    case = _case_of(name, body)
    own = next((p for p in known if p.path.name == case.stem + SIDECAR), None)
    fits = next((p for p in known if case.sha256 in [one.get("sha256") for one in p.files]), None)
    fits = fits or next((p for p in known if p.is_of(case.pixels)), None)
    if own is not None and fits is not None and own.id != fits.id:
        said = f"the passport beside it, {own.path.name}, is of another figure; {fits.path.name} describes this one"
        return _checked(case, Verdict.CONFLICT, own, (said,))
    if own is not None and (own.listed(name) or own.is_of(case.pixels)):
        return _against(case, own)
    if fits is not None:
        return _against(case, fits)
    named = short_code(case.core) if case.core is not None else code
    by_code = next((p for p in known if named and p.code == named), None)
    if by_code is not None:
        return _against(case, by_code) if case.core is not None else _traced(case, by_code, f"the code {code}")
    if case.core is not None:
        return _unknown(case, own)
    cut = next(((p, at) for p in _few(known) if (at := _cut_from(case, p))), None)
    if cut is not None:
        return _traced(case, cut[0], f"every pixel of it, which is a part of the original at {cut[1]}")
    near = min(known, key=lambda p: p.bits_to(case.pixels), default=None)
    if near is not None and near.bits_to(case.pixels) <= TRACE_BITS:
        return _traced(
            case,
            near,
            f"a likeness ({near.bits_to(case.pixels)} of 256 bits differ), which another figure may have too",
        )
    return _unknown(case, own)


def _unknown(case: _Case, own: Passport | None) -> Checked:
    if case.broken:
        return Checked(case.name, Verdict.UNKNOWN, (), (f"anything: {case.broken}", NEVER_SHOWN))
    shown: tuple[str, ...] = ()
    if case.core is not None:
        faults, *_ = recompute(case.core, None)
        if faults:
            return Checked(case.name, Verdict.CONFLICT, tuple(faults), (NEVER_SHOWN,), short_code(case.core))
        shown = (f"the file carries the core of {short_code(case.core)}; ask its maker for that passport",)
    elif own is not None:
        shown = (f"{own.path.name} bears its name, and is of a picture that is not like it",)
    return Checked(case.name, Verdict.UNKNOWN, shown, (NEVER_SHOWN,), short_code(case.core) if case.core else "")


def _checked(case: _Case, verdict: Verdict, of: Passport, shown: Sequence[str], left: Sequence[str] = ()) -> Checked:
    known = verdict in (Verdict.TRACED, Verdict.CONFLICT)
    return Checked(
        case.name, verdict, tuple(shown), (*left, NEVER_SHOWN), of.code, of.id, _original(of) if known else None
    )


def _original(of: Passport) -> Path | None:
    """Return the picture of a passport, if it lies beside it."""
    names = [str(one.get("name", "")) for one in of.files]
    at_hand = [n for n in names if n.endswith(".png") and n in of.folder]
    return of.path.parent / at_hand[0] if at_hand and isinstance(of.path, Path) else None


def _traced(case: _Case, of: Passport, by: str) -> Checked:
    faults, *_ = faults_of(of)
    if faults:
        return _checked(case, Verdict.CONFLICT, of, faults)
    size = f"; the original has {of.render.get('width')} x {of.render.get('height')} pixels" if case.pixels else ""
    here = f", this one {case.pixels.width} x {case.pixels.height}" if case.pixels else ""
    left = "that its numbers, marks and words are those of the original: compare by eye, point by point"
    return _checked(case, Verdict.TRACED, of, (f"{of.code} was found by {by}{size}{here}",), (left,))


def _against(case: _Case, of: Passport) -> Checked:
    """Return what is found of a figure that its name, its bytes, its pixels or its core tie to a passport."""
    faults, shown, left = faults_of(of)
    if case.core is not None and canonical(case.core) != canonical(of.core):
        faults.append("the passport inside the file is another than the one beside it")
    if faults:
        return _checked(case, Verdict.CONFLICT, of, faults, left)
    if case.sha256 in [one.get("sha256") for one in of.files]:
        return _checked(case, Verdict.INTACT, of, (f"the bytes of the file are those of {of.path.name}", *shown), left)
    if case.broken:
        return _checked(case, Verdict.CONFLICT, of, (f"the file is damaged or changed: {case.broken}",), left)
    if of.is_of(case.pixels) and case.pixels is not None:
        if case.pixels.other_look:
            said = f"its pixels are those of the original, and {case.pixels.other_look} makes viewers show others"
            return _checked(case, Verdict.CONFLICT, of, (said,), left)
        said = f"every one of its {case.pixels.width} x {case.pixels.height} pixels is as {of.path.name} says"
        return _checked(
            case, Verdict.SAME_PICTURE, of, (said, *shown), (*left, "the original file, which was saved anew")
        )
    size = (of.render.get("width"), of.render.get("height"))
    altered = case.pixels is not None and (case.kind != Kind.PNG or (case.pixels.width, case.pixels.height) != size)
    if altered and of.bits_to(case.pixels) <= TRACE_BITS:
        return _traced(case, of, f"its name or the passport in it ({of.bits_to(case.pixels)} of 256 bits differ)")
    if altered and (at := _cut_from(case, of)):
        return _traced(case, of, f"every pixel of it, which is a part of the original at {at}")
    if altered:
        return _checked(case, Verdict.CONFLICT, of, ("it bears this passport, and is not like its picture",), left)
    if case.pixels is not None:
        return _checked(case, Verdict.CONFLICT, of, (_where_apart(case, of),), left)
    return _redrawn(case, of)


def _redrawn(case: _Case, of: Passport) -> Checked:
    """Return what is found of an SVG or PDF with other bytes: it has no pixels, so its letters are compared, if any."""
    if case.core is None:
        said = "it bears the name of a figure of the passport, its bytes are others, and no passport is in it"
        return _checked(case, Verdict.CONFLICT, of, (said,))
    letters = letters_of(case.body) if case.kind == Kind.SVG else ""
    recorded = {one.get("letters_sha256") for one in of.files} - {None}
    if letters and recorded and letters not in recorded:
        said = "the letters and digits that it draws as text are not those of the figure that the passport describes"
        return _checked(case, Verdict.CONFLICT, of, (said,))
    same = ", and draws the same letters and digits" if letters in recorded else ""
    return _traced(
        case, of, f"the passport in it{same}; a harmless saving anew and a moved mark look alike in such a file"
    )


def _where_apart(case: _Case, of: Passport) -> str:
    """Return where a picture of the same size differs from the original, if that is at hand."""
    from PIL import ImageChops

    said = "the picture is not the one that the passport describes: it has the same size, and other pixels"
    path = _original(of)
    few = case.pixels is not None and case.pixels.width * case.pixels.height <= MOST_PIXELS // 4
    with contextlib.suppress(Unreadable, ValueError, OSError):
        if (
            few
            and path is not None
            and pixels_of(original := of.folder[path.name]()).sha256 == of.render.get("pixels_sha256")
        ):
            one, other = (open_picture(body).convert("RGB") for body in (case.body, original))
            box = ImageChops.difference(one, other).getbbox()
            return f"{said} within left {box[0]}, top {box[1]}, right {box[2]}, bottom {box[3]}" if box else said
    return said


def _few(known: Sequence[Passport]) -> Iterator[Passport]:
    """Yield passports until their originals have MOST_PIXELS together: each is decoded to find a cut in it."""
    left = MOST_PIXELS
    for one in known:
        width, height = one.render.get("width"), one.render.get("height")
        left -= width * height if isinstance(width, int) and isinstance(height, int) else 0
        if left < 0:
            return
        yield one


_MOST_TRIES, _FEWEST_COLOURS = 40, 4
"""Places that are compared in full; colours in one row of a cut below which it is like any blank."""


def _cut_from(case: _Case, of: Passport) -> str:
    """Return where a picture was cut from the original of a passport, pixel by pixel; empty if it was not."""
    path, render = _original(of), of.render
    if case.pixels is None or path is None or case.pixels.width < 16 or case.pixels.height < 16:
        return ""
    width, height = render.get("width"), render.get("height")
    if not isinstance(width, int) or not isinstance(height, int):
        return ""
    if case.pixels.width > width or case.pixels.height > height or width * height > MOST_PIXELS // 4:
        return ""
    with contextlib.suppress(Unreadable, ValueError, OSError, MemoryError):
        whole, part = (open_picture(body).convert("RGBA") for body in (of.folder[path.name](), case.body))
        return _place_of(part, whole)
    return ""


def _place_of(part: Image, whole: Image) -> str:
    rows = [part.crop((0, y, part.width, y + 1)).tobytes() for y in range(part.height)]
    colours = [len(set(memoryview(row).cast("I"))) for row in rows]
    telling, tries = colours.index(max(colours)), 0
    if max(colours) < _FEWEST_COLOURS:
        return ""
    for y in range(telling, whole.height - part.height + telling + 1):
        line = whole.crop((0, y, whole.width, y + 1)).tobytes()
        at = line.find(rows[telling])
        while at >= 0 and tries < _MOST_TRIES:
            tries += 1
            left, top = at // 4, y - telling
            box = (left, top, left + part.width, top + part.height)
            if at % 4 == 0 and whole.crop(box).tobytes() == b"".join(rows):
                return f"left {left}, top {top}"
            at = line.find(rows[telling], at + 1)
    return ""


# ---------------------------------------------------------------- what is newer than a passport


_COMPARED = {"quote": "quote", "translation": "translation", "date": "published", "source_url": "source_url"}
_COMPARED |= {"source_publisher": "source_publisher", "independence_group": "independence_group"}
"""Column of claims.csv -> what a passport holds of it."""


def newer_than(passport: Passport, case: str | Path | None, known: Sequence[Passport] = ()) -> tuple[str, ...]:
    """Return what a case folder (holding raw/) or other passports have that a passport does not know yet."""
    said = [
        f"{p.path.name} replaces it" + (f": {why}" if (why := _record(p.values.get("history")).get("reason")) else "")
        for p in known
        if _record(p.values.get("history")).get("replaces") == passport.id
    ]
    if case is None:
        return tuple(said)
    raw = Path(case) / "raw"
    folder = beside(raw if raw.is_dir() else Path(case))
    claims, seen = _rows(folder, "claims.csv"), _rows(folder, "observations.csv")
    if claims:
        said += _changed_rows(passport.core, {row.get("claim_id", ""): row for row in claims})
    said += _later(passport.core, [*claims, *seen])
    return (*said, *_drifted(passport.core, beside(raw / "captures")))


def _rows(folder: Mapping[str, Callable[[], bytes]], name: str) -> list[dict[str, str]]:
    import csv

    if name not in folder:
        return []
    with contextlib.suppress(Unreadable, csv.Error):
        text = folder[name]().decode("utf-8-sig", "replace")
        return [{str(k): str(v or "") for k, v in row.items()} for row in csv.DictReader(io.StringIO(text, newline=""))]
    return []


def _changed_rows(core: Mapping[str, Any], claims: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return which cited claims are gone or say something else now."""
    said = []
    for one in _told(core.get("evidence")):
        row = claims.get(one.get("id", ""))
        if row is None:
            said += [f"claim {one.get('id')} is no longer on file"] * bool(re.fullmatch(r"C\d+", one.get("id", "")))
            continue
        other = [column for column, key in _COMPARED.items() if one.get(key, "") != row.get(column, "")]
        said += [f"claim {one.get('id')} was corrected: {', '.join(other)}"] * bool(other)
    for one in _told(core.get("numbers")):
        row = claims.get(one.get("id", ""))
        stated = {_plain_number(row[c]) for c in ("value_low", "value_high") if row.get(c)} if row else set()
        stated |= {_plain_number(part) for part in row.get("readings", "").split("|") if part} if row else set()
        held = {_plain_number(str(one[k])) for k in ("low", "best", "high") if k in one}
        said += [f"the number of claim {one.get('id')} was corrected"] * bool(row and held - stated)
    return said


def _later(core: Mapping[str, Any], rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the rows on file of the same sites that are dated after all that a passport considered."""
    cited = _told(core.get("evidence"))
    days = [one.get("published", "") for one in cited] + [str(core.get("as_of", ""))]
    last = max((day.replace("/", " ").split(" ")[-1][:10] for day in days if day), default="")
    sites, ids = {one.get("site_id") for one in cited} - {None, ""}, {one.get("id") for one in cited}
    later = []
    for row in rows:
        name, day = row.get("claim_id") or row.get("observation_id") or "", row.get("date", "")
        if last and row.get("site_id") in sites and name not in ids and day[:10] > last and day[:4].isdigit():
            later.append(f"{name} ({day[:21]})")
    return [f"newer evidence is on file: {', '.join(later[:12])}"] if later else []


def _drifted(core: Mapping[str, Any], captures: Mapping[str, Callable[[], bytes]]) -> list[str]:
    """Return the cited pages that were captured again later, with other bytes."""
    cited = {e["source_url"]: e for e in _told(core.get("evidence")) if e.get("sha256") and e.get("source_url")}
    said, body = {}, b""
    if "ledger.jsonl" in captures and cited:
        with contextlib.suppress(Unreadable):
            body = captures["ledger.jsonl"]()
    for line in body.splitlines():
        row: Any = None
        with contextlib.suppress(ValueError, RecursionError):
            row = json.loads(line)
        one = cited.get(str(row.get("url", ""))) if isinstance(row, dict) else None
        if one is None or row.get("class") != "content" or row.get("sha256") in ("", None, one["sha256"]):
            continue
        if str(row.get("time", "")) > str(one.get("captured", "")):
            said[one["source_url"]] = f"the page of {one.get('id')} changed: captured again {str(row['time'])[:10]}"
    return list(said.values())


# ---------------------------------------------------------------- seals


def sealed_by(passport: Passport, root: str | Path) -> str:
    """Return when a time stamp beside a passport was given, if `openssl` finds that it holds against a root; else "".

    Raises Unreadable where openssl is not there or refuses.
    """
    import subprocess
    import tempfile

    names = [str(s.get("file", "")) for s in _records(passport.values.get("seals")) if s.get("kind") == "rfc3161"]
    token = next((passport.folder[n]() for n in names if n in passport.folder), None)
    if token is None:
        return ""
    if _record(passport.core.get("method")).get("dirty"):
        raise Unreadable("the figure was made from files that differ from their commit, and such a one is not sealed")
    with tempfile.TemporaryDirectory() as held:
        file = Path(held) / "token.tsr"
        file.write_bytes(token)
        ask = ["openssl", "ts", "-verify", "-digest", passport.id, "-in", str(file), "-CAfile", str(root)]
        told = ["openssl", "ts", "-reply", "-in", str(file), "-text"]
        try:
            done = subprocess.run(ask, capture_output=True, timeout=5, check=False)
            text = subprocess.run(told, capture_output=True, timeout=5, check=False).stdout.decode("utf-8", "replace")
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unreadable("the time stamp needs the program openssl, which did not answer") from error
    if done.returncode:
        raise Unreadable("the time stamp is of another passport, or not by an authority under the root that you named")
    when = re.search(r"Time stamp: ([^\n]{1,40})", text)
    return when[1] if when else "a time that it does not say"


# ---------------------------------------------------------------- a file, a passport, a packet


def verify(
    path: str | Path,
    *,
    passports: str | Path | None = None,
    code: str = "",
    expect: str = "",
    against: str | Path | None = None,
    root: str | Path | None = None,
) -> Checked:
    """Return what is shown of a figure, a copy of one, a passport or a packet.

    Args:
        path: the file, or the folder of a packet.
        passports: a passport or a folder of them, besides what lies beside the file.
        code: the short code that a person reads in the picture.
        expect: the passport id that came by another way, as by telephone.
        against: a case folder (holding raw/), in which newer evidence, corrections and changed pages are looked for.
        root: certificate (PEM) of an authority that you trust to give the time.

    """
    path = Path(path)
    known: list[Passport] = []
    try:
        if path.is_dir() or (body := read_file(path))[:4] == b"PK\x03\x04":
            found, passport = check_packet(path.name, packet_files(path) if path.is_dir() else unpacked(body))
        else:
            known = _known(path, passports)
            if kind_of(body) == Kind.JSON or path.name.endswith(SIDECAR):
                passport = read_passport(path, body, beside(path.parent))
                found = check_passport(passport)
            else:
                found = check_figure(path.name, body, known, code)
                passport = next((p for p in known if p.id == found.passport_id), None)
        return _later_found(found, passport, known, expect, against, root)
    except Unreadable as error:
        return Checked(path.name, Verdict.UNKNOWN, (), (f"anything: {error}", NEVER_SHOWN))


def _later_found(
    found: Checked,
    passport: Passport | None,
    known: Sequence[Passport],
    expect: str,
    against: str | Path | None,
    root: str | Path | None,
) -> Checked:
    """Return a finding after the id that is expected, newer evidence and seals were looked at."""
    if passport is None or found.verdict not in (Verdict.INTACT, Verdict.SAME_PICTURE):
        return found
    if expect and found.passport_id != expect.lower():
        said = f"its passport has the id {found.passport_id}, and not the one that you expect"
        return replace(found, verdict=Verdict.CONFLICT, shown=(said,))
    newer = newer_than(passport, against, known)
    if newer:
        return replace(found, verdict=Verdict.STALE, shown=(*newer, *found.shown))
    left = (
        found.not_shown
        if against
        else (*found.not_shown, "whether newer evidence is on file: name a case with --against")
    )
    if root is not None and (when := sealed_by(passport, root)):
        said = f"the passport is not later than {when}, trusted by: {Path(root).name}"
        return replace(found, verdict=Verdict.SEALED, shown=(said, *found.shown), not_shown=left)
    return replace(found, not_shown=left)


def _known(path: Path, passports: str | Path | None) -> list[Passport]:
    found = passports_in(beside(path.parent), path.parent, path.stem)
    if passports is not None:
        other = Path(passports)
        if other.is_dir():
            return found + passports_in(beside(other), other, path.stem)
        found.append(read_passport(other, read_file(other, MOST_PASSPORT), beside(other.parent)))
    return found


def check_passport(passport: Passport) -> Checked:
    """Return what is found of a passport by itself, and of the files beside it that it describes."""
    faults, shown, left = faults_of(passport)
    for one in passport.files[:MOST_FILES]:
        name = str(one.get("name", ""))
        if name.endswith(".csv"):
            continue
        if name not in passport.folder:
            left.append(f"the file {name}, which is not beside it")
        elif _digest_of(passport.folder[name]) != one.get("sha256"):
            faults.append(f"the file {name} beside it is not the one that it describes")
        else:
            shown.append(f"the file {name} is the one that it describes")
    verdict = Verdict.CONFLICT if faults else Verdict.INTACT
    shown = faults or ["its id and its code are those of its contents", *shown]
    return Checked(passport.path.name, verdict, tuple(shown), (*left, NEVER_SHOWN), passport.code, passport.id)


def _digest_of(read: Callable[[], bytes]) -> str:
    with contextlib.suppress(Unreadable):
        return hashlib.sha256(read()).hexdigest()
    return ""


def digest_of(body: bytes) -> str:
    """Return the SHA-256 of bytes, in hex."""
    return hashlib.sha256(body).hexdigest()


LIST, REVIEW = "packet.json", "review.jsonl"
"""Names in a packet: the list of its files with their digests, and the log of sign-offs, which is not listed."""
_MOST_DEPTH_OF_FOLDERS = 6


def packet_files(folder: Path) -> dict[str, Callable[[], bytes]]:
    """Return what reads the files of a folder, by their path in it; raises Unreadable for a link or too many files."""
    found: dict[str, Callable[[], bytes]] = {}
    waiting = [(folder, "", 0)]
    while waiting:
        where, begin, depth = waiting.pop()
        try:
            entries = list(itertools.islice(os.scandir(where), MOST_FILES + 1))
        except OSError as error:
            raise Unreadable(f"its folder {begin or where.name} cannot be read") from error
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and depth < _MOST_DEPTH_OF_FOLDERS:
                waiting.append((Path(entry.path), f"{begin}{entry.name}/", depth + 1))
            elif entry.is_file(follow_symlinks=False):
                found[begin + entry.name] = _reader(Path(entry.path))
            else:
                raise Unreadable(f"{begin}{entry.name} in it is a link or no ordinary file; take it out")
        if len(found) + len(waiting) > MOST_FILES:
            raise Unreadable(f"it holds more than {MOST_FILES} files")
    return found


def unpacked(body: bytes) -> dict[str, Callable[[], bytes]]:
    """Return what reads the files of a zip, by their path below its one folder; nothing is written.

    Raises Unreadable for names that lead elsewhere, links, files given twice, too many or too large ones.
    """
    at = len(body) - 22 if body[-22:-18] == b"PK\5\6" else body.rfind(b"PK\5\6")
    tail = body[at : at + 22]
    if at < 0 or len(tail) < 22 or b"PK\6\7" in body[max(0, at - 20) : at]:
        raise Unreadable("it is no zip that is read")
    count, size = struct.unpack("<HI", tail[10:16])
    if count > MOST_FILES or size > 1 << 20:
        raise Unreadable(f"it holds more than {MOST_FILES} files")
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
        members = [one for one in archive.infolist() if not one.is_dir()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Unreadable("it is no zip that can be read") from error
    if len(members) > MOST_FILES or sum(one.file_size for one in members) > MOST_UNPACKED:
        raise Unreadable(f"it unpacks to more than {MOST_UNPACKED:,} bytes or {MOST_FILES} files")
    for one in members:
        _check_member(one)
    tops = {one.filename.partition("/")[0] + "/" for one in members}
    top = tops.pop() if len(tops) == 1 and all("/" in one.filename for one in members) else ""
    names = [one.filename.removeprefix(top) for one in members]
    if len({name.casefold() for name in names}) != len(names):
        raise Unreadable("it holds two files of one name")
    return {name: _member(archive, one) for name, one in zip(names, members, strict=True)}


def _check_member(one: zipfile.ZipInfo) -> None:
    parts = one.filename.split("/")
    outside = one.filename.startswith("/") or ".." in parts or "" in parts or re.search(r"[\\:\x00-\x1f]", one.filename)
    if outside or stat.S_ISLNK(one.external_attr >> 16):
        raise Unreadable(f"its file {one.filename[:80]!r} leads elsewhere")
    if one.flag_bits & 1 or one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable("it is encrypted, or packed in a way that is not read")


def _member(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(one) as file:
                body = file.read(MOST_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError) as error:
            raise Unreadable(f"its file {one.filename[:80]!r} is damaged") from error
        if len(body) > MOST_BYTES:
            raise Unreadable(f"its file {one.filename[:80]!r} has more than {MOST_BYTES:,} bytes")
        return body

    return read


def check_packet(name: str, folder: Mapping[str, Callable[[], bytes]]) -> tuple[Checked, Passport | None]:
    """Return what is found of a packet, and its passport: each file against its list, the passport, the sign-offs."""
    if LIST not in folder:
        raise Unreadable(f"it is no packet: it has no {LIST}")
    listing = folder[LIST]()
    held = parse(listing)
    if not isinstance(held, dict) or held.get("schema") != PACKET_SCHEMA:
        raise Unreadable(f"{LIST} in it is no list of the form {PACKET_SCHEMA}")
    listed = {str(one.get("name")): one.get("sha256") for one in _records(held.get("files"))}
    faults = [f"{one} is not in its list" for one in sorted(set(folder) - {*listed, LIST, REVIEW})[:20]]
    faults += [f"{one} is missing" for one in sorted(set(listed) - set(folder))[:20]]
    faults += [
        f"{n} is not as listed" for n in sorted(set(listed) & set(folder)) if _digest_of(folder[n]) != listed[n]
    ][:20]
    where = str(held.get("passport", ""))
    if where not in folder or where not in listed:
        return Checked(name, Verdict.CONFLICT, (*faults, "the passport that it names is missing"), (NEVER_SHOWN,)), None
    passport = read_passport(PurePosixPath(where), folder[where](), folder)
    own = check_passport(passport)
    faults += [] if held.get("passport_id") == passport.id else ["the passport is not the one that its list names"]
    faults += own.shown if own.verdict == Verdict.CONFLICT else ()
    log = folder[REVIEW]() if REVIEW in folder else b""
    wrong, reviewed, open_ = reviews_of(log, passport.id, hashlib.sha256(listing).hexdigest())
    faults += wrong
    verdict = Verdict.CONFLICT if faults else Verdict.INTACT
    shown = faults or [f"all {len(listed)} files are those of its list", *own.shown, *reviewed]
    left = (*open_, *own.not_shown, "who wrote a sign-off: a log shows no hand")
    return Checked(name, verdict, tuple(shown), left, own.code, own.passport_id), passport


def reviews_of(log: bytes, of_passport: str, of_packet: str) -> tuple[list[str], list[str], list[str]]:
    """Return (faults, sign-offs that hold, sign-offs that are void) of a log whose lines are chained."""
    faults, rows = _review_rows(log)
    shown, left = [], []
    for row in rows:
        said = f"{row.get('role')} {row.get('who')}: {row.get('decision')}, {str(row.get('time', ''))[:10]}"
        if row.get("passport_id") == of_passport and row.get("packet_sha256") == of_packet:
            shown.append(f"signed off for this packet: {said}")
        else:
            left.append(f"a sign-off that is void, because what was signed has changed since: {said}")
    return faults, shown, left


def reviews_that_hold(log: bytes, of_passport: str, of_packet: str) -> list[dict[str, Any]]:
    """Return the sign-offs of a log that name this passport and this list."""
    rows = _review_rows(log)[1]
    return [r for r in rows if r.get("passport_id") == of_passport and r.get("packet_sha256") == of_packet]


def _review_rows(log: bytes) -> tuple[list[str], list[dict[str, Any]]]:
    """Return what is wrong with a log of sign-offs, and the lines before that."""
    faults: list[str] = []
    rows: list[dict[str, Any]] = []
    previous = "0" * 64
    for number, line in enumerate(log.split(b"\n")[:-1][:MOST_FILES], 1):
        try:
            row = parse(line)
            body = {k: v for k, v in row.items() if k != "line_sha256"} if isinstance(row, dict) else {}
            whole = canonical(row) == line and body.get("prev") == previous and row.get("line_sha256") == digest(body)
        except Unreadable:
            row, whole = {}, False
        if not whole:
            faults.append(f"line {number} of {REVIEW} was changed, put in or follows a line that was taken out")
            break
        previous = row["line_sha256"]
        rows.append(row)
    if log and not log.endswith(b"\n"):
        faults.append(f"{REVIEW} ends within a line")
    return faults, rows


# ---------------------------------------------------------------- the command


def main(argv: Sequence[str] | None = None) -> int:
    """Check files and print what is found; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0] if __doc__ else "")
    add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="JSON on the standard output")
    args = parser.parse_args(argv)
    found = check_all(args)
    told = json.dumps([one.to_row() for one in found], indent=1) if args.json else text_of(found)
    sys.stdout.write("".join(c if c.isprintable() or c == "\n" else f"[U+{ord(c):04X}]" for c in told) + "\n")
    return max(one.status for one in found)


def text_of(found: Sequence[Checked]) -> str:
    """Return findings as text for a person."""
    return "\n".join(one.text() for one in found)


def check_all(args: argparse.Namespace) -> list[Checked]:
    """Return what is found of the files that arguments name."""
    how = {key: getattr(args, key) for key in ("passports", "code", "expect", "against", "root")}
    return [verify(file, **how) for file in args.files]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this check to a parser."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="figure, copy of one, passport, packet (folder or zip)"
    )
    parser.add_argument("--passports", metavar="PATH", help="a passport or a folder of them, besides those beside FILE")
    parser.add_argument("--code", default="", metavar="CODE", help="short code that you read in the picture")
    parser.add_argument("--expect", default="", metavar="ID", help="passport id that came to you by another way")
    parser.add_argument(
        "--against", metavar="DIR", help="case folder in which newer evidence and corrections are sought"
    )
    parser.add_argument("--root", metavar="PEM", help="certificate of an authority that you trust to give the time")


if __name__ == "__main__":
    sys.exit(main())
