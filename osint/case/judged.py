"""Pictures that a person judged: evidence, kept with the rows that rest on them, one file with one digest for each."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from osint import files
from osint.errors import OsintError
from osint.register import Observation
from osint.report import JUDGED, LARGEST_PICTURE


def sha256(body: bytes) -> str:
    """Return the SHA-256 of bytes, as hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()


def joined(pictures: Sequence[bytes]) -> bytes:
    """Return PNG files one below the other as one PNG, the same bytes each time; empty without one."""
    from PIL import Image

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


def keep_judged(case: Path, name: str, body: bytes) -> dict[str, str]:
    """Write a picture (PNG) into the evidence of a case, and return the columns by which rows name it."""
    files.check_case(case)
    digest = sha256(body)
    picture = JUDGED / f"{name}_{digest[:8]}.png"
    files.make_folder((case / picture).parent)
    files.replace_file(case / picture, body, private=True)
    return {"picture": picture.as_posix(), "picture_sha256": digest}


def rescue_judged(case: Path, rows: Iterable[Observation]) -> None:
    """Copy pictures that rows name in derived/, where cases of earlier versions kept them, into the evidence.

    The rows stay as they are: a reader looks in both places, and takes none whose digest is another.
    """
    for row in rows:
        old = Path(row.picture)
        kept = case / JUDGED / old.name
        if old.parts[:1] != ("derived",) or ".." in old.parts or kept.exists():
            continue
        try:
            body = files.read_regular(case / old, LARGEST_PICTURE)
            if sha256(body) == row.picture_sha256:
                files.check_case(case)  # a folder of it may be a link that leads out
                files.make_folder(kept.parent)
                files.replace_file(kept, body, private=True)
        except (OSError, OsintError):  # what cannot be read now is named where it is shown
            continue
