"""Say of a figure, its passport or a packet what is shown and what is not.

This file stands alone: copied to any computer with Python 3.11 and Pillow, it runs as `python verify.py FILE`. It opens
no link, follows no symbolic link, changes nothing, and bounds what it reads, for files that strangers sent.
A hash shows sameness; it does not show who made a thing, nor that what it says is true.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import html
import io
import json
import os
import re
import stat
import struct
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
MOST_BYTES, MOST_PIXELS, MOST_PASSPORT, MOST_PASSPORTS = 64 << 20, 40_000_000, 4 << 20, 300
"""Bytes and pixels of a file that are read, bytes of one passport, passports of one folder."""
MOST_FILES, MOST_UNPACKED = 2000, 256 << 20
"""Files of a packet, and their bytes together."""
TRACE_BITS = 40
"""Bits of 256 by which the difference hash of a copy may differ and still name a figure to look at; never more."""


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
    '33.0000'
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
            total = Decimal(0)
            for value in self.columns[column]:
                total = _ARITHMETIC.add(total, value)
            return self.closed(total)
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
    at = 8
    while at + 12 <= len(body):
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
    raise Unreadable("the PNG has no end")


def _inflated(body: bytes, limit: int = MOST_PASSPORT) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, limit)
    except zlib.error:
        return b""


def _cores_of_png(body: bytes) -> Iterator[bytes]:
    for kind, content in png_chunks(body):
        if kind in (b"iTXt", b"tEXt", b"zTXt") and content.partition(b"\0")[0] == KEYWORD.encode():
            if kind != b"iTXt":
                raise Unreadable("a chunk holds a passport in a form that is not written")
            packed, *parts = content[len(KEYWORD) + 1 : len(KEYWORD) + 2], *content[len(KEYWORD) + 3 :].split(b"\0", 2)
            yield _inflated(parts[-1]) if packed == b"\1" else parts[-1]


_SVG_CORE = re.compile(rb'<(?:\w{1,20}:)?metadata\b[^>]{0,400}\bid="' + KEYWORD.encode() + rb'"[^>]{0,400}>([^<]*)<')
_PDF_STREAM = re.compile(rb"\bstream\r?\n")
_MOST_STREAMS = 4000


def _cores_of_svg(body: bytes) -> Iterator[bytes]:
    for found in _SVG_CORE.finditer(body):
        yield html.unescape(found[1].decode("utf-8", "replace")).strip().encode()


def _cores_of_pdf(body: bytes) -> Iterator[bytes]:
    unpacked = 0
    for number, found in enumerate(_PDF_STREAM.finditer(body)):
        end = body.find(b"endstream", found.end())
        if end < 0 or number > _MOST_STREAMS or unpacked > MOST_BYTES:
            return
        raw = body[found.end() : end].rstrip(b"\r\n")
        plain = raw if raw[:1] == b"{" else _inflated(raw)
        unpacked += len(plain)
        if plain[:1] == b"{" and SCHEMA.encode() in plain:
            yield plain


class Kind(StrEnum):
    """What a file is, by its bytes."""

    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WEBP"
    GIF = "GIF"
    SVG = "SVG"
    PDF = "PDF"
    ZIP = "ZIP"
    JSON = "JSON"
    OTHER = "other"


RASTER = (Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF)
_CORES = {Kind.PNG: _cores_of_png, Kind.SVG: _cores_of_svg, Kind.PDF: _cores_of_pdf}
_BEGINS = {b"\x89PNG\r\n\x1a\n": Kind.PNG, b"\xff\xd8\xff": Kind.JPEG, b"GIF8": Kind.GIF, b"%PDF": Kind.PDF}
_BEGINS |= {b"PK\x03\x04": Kind.ZIP}


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


def open_picture(body: bytes) -> Image:
    """Return a decoded picture of at most MOST_PIXELS; raises Unreadable."""
    from PIL import Image

    try:
        with _quiet():
            picture = Image.open(io.BytesIO(body), formats=[k.value for k in RASTER])
            if picture.width * picture.height > MOST_PIXELS:
                raise Unreadable(f"it has {picture.width} x {picture.height} pixels, more than are read")
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
        return _pixels_of(body)
    except (ValueError, OSError, MemoryError) as error:
        raise error if isinstance(error, Unreadable) else Unreadable(f"its pixels cannot be read ({error})") from error


def _pixels_of(body: bytes) -> Pixels:
    from PIL import Image

    picture = open_picture(body)
    look = "several frames" if getattr(picture, "n_frames", 1) > 1 else ""
    if not look and kind_of(body) == Kind.PNG:
        odd = [n for k, v in png_chunks(body) if (n := _LOOKS.get(k)) and not (k == b"gAMA" and v == _PLAIN_GAMMA)]
        look = ", ".join(odd)
    total = hashlib.sha256(f"{picture.width} {picture.height} RGBA\n".encode())
    for top in range(0, picture.height, 256):
        strip = picture.crop((0, top, picture.width, min(top + 256, picture.height)))
        total.update(strip.convert("RGBA").tobytes())
    flat = picture if picture.mode == "L" else _on_white(picture)
    grey = flat.resize((17, 16), Image.Resampling.BOX).tobytes()
    bits = "".join(str(int(grey[17 * y + x] > grey[17 * y + x + 1])) for y in range(16) for x in range(16))
    return Pixels(picture.width, picture.height, total.hexdigest(), f"{int(bits, 2):064x}", look)


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

    @property
    def code(self) -> str:
        """Short code."""
        return short_code(self.core)

    @property
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


def read_passport(path: Path | PurePosixPath, body: bytes, folder: Mapping[str, Callable[[], bytes]]) -> Passport:
    """Return a passport; raises Unreadable if the bytes are none."""
    values = parse(body)
    if not isinstance(values, dict) or values.get("schema") != SCHEMA or not isinstance(values.get("core"), dict):
        raise Unreadable(f"it is no passport of the form {SCHEMA}")
    return Passport(path, body, values, folder)


_CHIP_OR_ID = r"(?<![\w.,-])"
_NUMBER = re.compile(_CHIP_OR_ID + r"\d[\d,]*(?:\.\d+)?(?![\w-]*[A-Za-z])")
_DATE = re.compile(r"\b(?:19|20)\d\d(?:-\d\d){0,2}\b|\b\d{1,2} [A-Z][a-z]{2,8} (?:19|20)\d\d\b")


def numbers_in(text: str) -> list[str]:
    """Return the numbers that a sentence prints, without dates, ids and names of chips.

    >>> numbers_in("In 2025 C013 claimed 115,000 H100 and 1.5 MW (90%)")
    ['115000', '1.5', '90']
    """
    return [found.replace(",", "") for found in _NUMBER.findall(_DATE.sub(" ", text))]


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
    """Return the columns of a CSV that hold numbers alone, without empty cells, by name."""
    import csv

    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig", "replace"), newline="")))
    columns: dict[str, list[Decimal]] = {}
    for at, name in enumerate(rows[0] if rows else ()):
        cells = [row[at] for row in rows[1:] if len(row) > at and row[at] != ""]
        with contextlib.suppress(DecimalException, ValueError):
            columns[name] = [Decimal(cell) for cell in cells]
    return columns


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
    left = [f"{elsewhere} number(s) that only the named function of the library gives"] * bool(elsewhere)
    left += [f"{sums} number(s) that are sums over data that are not at hand"] * bool(sums)
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


def passports_in(folder: Mapping[str, Callable[[], bytes]], where: Path | PurePosixPath) -> list[Passport]:
    """Return the passports of a folder, sorted by name; what is none is left out."""
    found = []
    for name in sorted(n for n in folder if n.endswith(SIDECAR))[:MOST_PASSPORTS]:
        with contextlib.suppress(Unreadable):
            body = folder[name]()
            if len(body) <= MOST_PASSPORT:
                found.append(read_passport(where / name, body, folder))
    return found


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
    cut = next(((p, at) for p in known if (at := _cut_from(case, p))), None)
    if cut is not None:
        return _traced(case, cut[0], f"every pixel of it, which is a part of the original at {cut[1]}")
    near = min(known, key=lambda p: p.bits_to(case.pixels), default=None)
    if near is not None and near.bits_to(case.pixels) <= TRACE_BITS:
        return _traced(case, near, f"a likeness ({near.bits_to(case.pixels)} of 256 bits differ)")
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
    if altered:
        return _traced(case, of, "its name or the passport in it" + f" ({of.bits_to(case.pixels)} of 256 bits differ)")
    if case.pixels is not None:
        return _checked(case, Verdict.CONFLICT, of, (_where_apart(case, of),), left)
    said = "its bytes are not those of the passport; a harmless saving anew cannot be told from a change in such a file"
    return _checked(case, Verdict.CONFLICT, of, (said,), left)


def _where_apart(case: _Case, of: Passport) -> str:
    """Return where a picture of the same size differs from the original, if that is at hand."""
    from PIL import ImageChops

    said = "the picture is not the one that the passport describes: it has the same size, and other pixels"
    path = _original(of)
    with contextlib.suppress(Unreadable, ValueError, OSError):
        if path is not None and pixels_of(original := of.folder[path.name]()).sha256 == of.render.get("pixels_sha256"):
            one, other = (open_picture(body).convert("RGB") for body in (case.body, original))
            box = ImageChops.difference(one, other).getbbox()
            return f"{said} within left {box[0]}, top {box[1]}, right {box[2]}, bottom {box[3]}" if box else said
    return said


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


# ---------------------------------------------------------------- a file, a passport, a packet


def verify(path: str | Path, *, passports: str | Path | None = None, code: str = "", expect: str = "") -> Checked:
    """Return what is shown of a figure, a copy of one, a passport or a packet.

    `passports` is a passport or a folder of them, besides what lies beside the file; `code` is the short code that a
    person reads in the picture; `expect` is the passport id that came by another way, as by telephone.
    """
    path = Path(path)
    try:
        body = read_file(path)
        if kind_of(body) == Kind.JSON or path.name.endswith(SIDECAR):
            found = check_passport(read_passport(path, body, beside(path.parent)))
        else:
            found = check_figure(path.name, body, _known(path, passports), code)
    except Unreadable as error:
        return Checked(path.name, Verdict.UNKNOWN, (), (f"anything: {error}", NEVER_SHOWN))
    if expect and found.passport_id and found.passport_id != expect.lower():
        said = f"its passport has the id {found.passport_id}, and not the one that you expect"
        return Checked(found.file, Verdict.CONFLICT, (said,), found.not_shown, found.code, found.passport_id)
    return found


def _known(path: Path, passports: str | Path | None) -> list[Passport]:
    found = passports_in(beside(path.parent), path.parent)
    if passports is not None:
        other = Path(passports)
        if other.is_dir():
            return found + passports_in(beside(other), other)
        found.append(read_passport(other, read_file(other, MOST_PASSPORT), beside(other.parent)))
    return found


def check_passport(passport: Passport) -> Checked:
    """Return what is found of a passport by itself, and of the files beside it that it describes."""
    faults, shown, left = faults_of(passport)
    for one in passport.files:
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


def main(argv: Sequence[str] | None = None) -> int:
    """Check files and print what is found; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0] if __doc__ else "")
    add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="JSON on the standard output")
    args = parser.parse_args(argv)
    found = [verify(file, passports=args.passports, code=args.code, expect=args.expect) for file in args.files]
    told = (
        json.dumps([one.to_row() for one in found], indent=1) if args.json else "\n".join(one.text() for one in found)
    )
    sys.stdout.write("".join(c if c.isprintable() or c == "\n" else f"[U+{ord(c):04X}]" for c in told) + "\n")
    return max(one.status for one in found)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this check to a parser."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="figure, copy of one, passport, packet (folder or zip)"
    )
    parser.add_argument("--passports", metavar="PATH", help="a passport or a folder of them, besides those beside FILE")
    parser.add_argument("--code", default="", metavar="CODE", help="short code that you read in the picture")
    parser.add_argument("--expect", default="", metavar="ID", help="passport id that came to you by another way")


if __name__ == "__main__":
    sys.exit(main())
