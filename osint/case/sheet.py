"""Join pictures into one file, so that a row names one picture with one digest."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

from PIL import Image


def sha256(body: bytes) -> str:
    """Return the SHA-256 of bytes, as hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()


def joined(pictures: Sequence[bytes]) -> bytes:
    """Return PNG files one below the other as one PNG, the same bytes each time; empty without one."""
    if len(pictures) <= 1:
        return pictures[0] if pictures else b""
    images = [Image.open(io.BytesIO(body)).convert("RGB") for body in pictures]
    whole = Image.new("RGB", (max(i.width for i in images), sum(i.height for i in images)), "white")
    top = 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    out = io.BytesIO()
    whole.save(out, "PNG")
    return out.getvalue()
