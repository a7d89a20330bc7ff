"""Random edits of a figure with its passport, each with what is true of it by another decoder."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from osint.passport import Verdict, verify
from osint.passport.export import sidecar
from osint.passport.verify import passport_id

VERIFIED = (Verdict.SEALED, Verdict.INTACT, Verdict.SAME_PICTURE)


@dataclass(frozen=True)
class Edit:
    """What one edit did, and what was found of it."""

    way: str
    verdict: Verdict
    false: bool
    """Whether it was verified though something that a reader relies on had changed."""


def good_pixels(body: bytes) -> str:
    """Return the digest of the pixels of a PNG by libpng through GDAL, without Pillow; empty if it cannot be read."""
    import warnings

    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError
    from rasterio.io import MemoryFile

    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    try:
        with rasterio.Env(GDAL_PAM_ENABLED="NO"), MemoryFile(body, ext=".png") as memory, memory.open() as data:
            bands = data.read()
            opaque = np.full((4 - len(bands), *data.shape), 255, bands.dtype)  # RGB is RGBA without holes
            return hashlib.sha256(np.concatenate([bands, opaque]).tobytes() + repr(data.shape).encode()).hexdigest()
    except (RasterioError, ValueError):
        return ""


def _flip(chance, body):
    out = bytearray(body)
    for _ in range(chance.choice([1, 1, 2, 5])):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def _pixels(chance, body):
    image = Image.open(io.BytesIO(body)).convert(chance.choice(["RGB", "RGBA"]))
    way = chance.randrange(5)
    x, y = chance.randrange(image.width - 20), chance.randrange(image.height - 20)
    if way == 0:
        value = list(image.getpixel((x, y)))
        value[0] ^= 1 << chance.randrange(8)
        image.putpixel((x, y), tuple(value))
    elif way == 1:
        ImageDraw.Draw(image).text((x, y), chance.choice(["155,000", "0", "%"]), fill="black")
    elif way == 2:
        part = image.crop((x, y, x + 15, y + 12))
        image.paste(part, (chance.randrange(image.width - 20), chance.randrange(image.height - 20)))
    elif way == 3:
        image = image.resize((int(image.width * (0.4 + chance.random())), int(image.height * (0.4 + chance.random()))))
    out = io.BytesIO()
    kind = chance.choice(["PNG", "PNG", "JPEG", "WEBP"])
    image.convert("RGB" if kind == "JPEG" else image.mode).save(out, kind, **({"quality": 80} if kind != "PNG" else {}))
    return out.getvalue()


def _chunk(chance, body):
    kind = chance.choice([b"gAMA", b"tEXt", b"iTXt", b"eXIf", b"cHRM", b"tIME", b"iCCP"])
    content = {b"gAMA": struct.pack(">I", chance.choice([45455, 100000])), b"tEXt": b"note\0x"}.get(
        kind, chance.randbytes(32)
    )
    made = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return body[:33] + made + body[33:]


def _text(chance, body):
    """Change one digit of a file of text: SVG, PDF, CSV, JSON."""
    digits = [at for at, one in enumerate(body) if 48 <= one <= 57]
    at = chance.choice(digits)
    return body[:at] + bytes([48 + (body[at] - 48 + chance.randrange(1, 10)) % 10]) + body[at + 1 :]


def _passport(chance, body):
    """Change one value of a passport as a forger would, with its id made anew half the time."""
    values = json.loads(body)
    spots = []

    def walk(node, path):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(value, dict | list):
                walk(value, [*path, key])
            elif isinstance(value, str | int) and not isinstance(value, bool):
                spots.append(([*path, key], value))

    walk(values, [])
    path, value = chance.choice(spots)
    node = values
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value + 1 if isinstance(value, int) else value[:-1] + ("0" if value[-1:] != "0" else "1")
    if chance.random() < 0.5 and path != ["passport_id"]:
        values["passport_id"] = passport_id(values)
    return sidecar(values)


EDITS = {
    "flip": (_flip, ("png", "svg", "pdf", "data.csv", "passport.json")),
    "pixels": (_pixels, ("png",)),
    "chunk": (_chunk, ("png",)),
    "digit": (_text, ("svg", "pdf", "data.csv", "passport.json")),
    "forge": (_passport, ("passport.json",)),
}


def edited(chance, folder, made) -> Edit:
    """Edit one file of a figure in a folder, verify a file, put the folder back."""
    way = chance.choice(list(EDITS))
    change, endings = EDITS[way]
    ending = chance.choice(endings)
    name = f"claimed.{ending}"
    before = made.files[name]
    after = change(chance, before)
    renamed = ending == "png" and chance.random() < 0.3
    target = folder / ("renamed.png" if renamed else name)
    target.write_bytes(after)
    looked = target if ending in ("png", "svg", "pdf") else folder / chance.choice(["claimed.png", "claimed.svg"])
    found = verify(looked)
    target.unlink() if renamed else target.write_bytes(before)
    false = found.verdict in VERIFIED and after != before and not _harmless(way, ending, before, after, found, made)
    return Edit(f"{way} {ending}", found.verdict, false)


def _harmless(way, ending, before, after, found, made) -> bool:
    """Say whether a verified edit left all that a reader relies on as it was."""
    if ending == "png":
        return found.verdict == Verdict.SAME_PICTURE and good_pixels(after) == good_pixels(before) != ""
    if ending == "passport.json":
        try:  # white space and the spelling of an escape say the same
            values = json.loads(after)
        except ValueError:
            return False
        forged_id = values != json.loads(before)
        return not forged_id or (way == "forge" and found.passport_id != made.passport_id)
    return False
