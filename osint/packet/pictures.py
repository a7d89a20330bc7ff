"""Pictures of a packet: before and after, and the unmarked crop beside the marked one, each pair at one scale."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image

from osint.errors import BadInputError
from osint.files import read_regular
from osint.passport import Unreadable, open_picture
from osint.register import Register
from osint.report import judged_picture, png_of

MOST_BYTES = 40 << 20
_WIDEST = 1600


class PictureKind(StrEnum):
    """What a picture is for."""

    BEFORE = "before"
    AFTER = "after"
    UNMARKED = "unmarked"
    MARKED = "marked"
    OTHER = "other"


PAIRS = ((PictureKind.BEFORE, PictureKind.AFTER), (PictureKind.UNMARKED, PictureKind.MARKED))
"""Kinds that stand side by side."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that goes into a packet, without what its file tells of a machine."""

    kind: PictureKind
    name: str
    """Name in the packet."""
    body: bytes
    """PNG."""
    width: int
    height: int
    date: str
    """Day of the picture (EDTF)."""
    credit: str

    @property
    def caption(self) -> str:
        """What it is and of which day, in words."""
        what = "what was judged" if self.kind == PictureKind.OTHER else str(self.kind)
        return f"{what}, {self.date}" if self.date else what


def read_pictures(given: Sequence[Sequence[str]]) -> list[Picture]:
    """Return pictures from kind, file, date and credit of each; date and credit can be left out.

    They are decoded and written anew as PNG, so that no position, name or camera of the file travels with them. Raises
    BadInputError where a kind is not known, a file is no picture, or two that are compared differ in size.
    """
    made = [_read(one, at) for at, one in enumerate(given, 1)]
    for first, second in PAIRS:
        one, other = (next((p for p in made if p.kind == kind), None) for kind in (first, second))
        if one and other and (one.width, one.height) != (other.width, other.height):
            raise BadInputError(
                f"{first} has {one.width} x {one.height} pixels and {second} {other.width} x {other.height}; cut one "
                "place at one scale, as `osint pair` does"
            )
    return made


def _read(given: Sequence[str], at: int) -> Picture:
    kind, path, date, credit = [*given, "", "", ""][:4]
    if kind not in set(PictureKind) or not path or len(given) > len(("kind", "file", "date", "credit")):
        raise BadInputError(
            f"a picture is KIND FILE DATE 'CREDIT', KIND one of {', '.join(PictureKind)}, not {' '.join(given)!r}"
        )
    try:
        picture = open_picture(read_regular(Path(path), MOST_BYTES)).convert("RGB")
    except FileNotFoundError as error:
        raise BadInputError(f"there is no picture {path}; name a PNG, JPEG or WebP") from error
    except Unreadable as error:
        raise BadInputError(f"{path}: {error}; name a PNG, JPEG or WebP") from error
    if picture.width > _WIDEST:
        picture = picture.resize((_WIDEST, round(picture.height * _WIDEST / picture.width)), Image.Resampling.BOX)
    body = io.BytesIO()
    picture.save(body, "PNG")
    kind = PictureKind(kind)
    return Picture(kind, f"pictures/{at}-{kind}.png", body.getvalue(), picture.width, picture.height, date, credit)


def on_file(register: Register, observation_ids: Sequence[str], case: Path) -> tuple[list[Picture], list[str]]:
    """Return the pictures that observations name, each once, and what is wrong with those that are not as recorded.

    `case` is the data folder. A name that leads out of it is not followed, and nothing but a picture with the recorded
    digest is taken.
    """
    made: list[Picture] = []
    wrong: list[str] = []
    named: dict[tuple[str, str], list[dict[str, object]]] = {}
    rows = register.observations
    for row in rows[rows["observation_id"].isin(observation_ids)].to_dict("records"):
        if row.get("picture"):
            named.setdefault((str(row["picture"]), str(row.get("picture_sha256"))), []).append(row)
    for (name, digest), of in named.items():
        told, row = ", ".join(str(one["observation_id"]) for one in of), of[0]
        try:
            picture = judged_picture(case, name, digest)
        except BadInputError as error:
            wrong.append(f"the picture of {told}: {error}")
            continue
        size = (picture.width, picture.height)
        credit = f"{told}, {row['observer']}, {row['how']}"
        credit = f"SIMULATED. {credit}" if row.get("simulated") == "yes" else credit
        day = str(row["date"]) if len(of) == 1 else ""
        file = f"pictures/{row['observation_id']}.png"
        made.append(Picture(PictureKind.OTHER, file, png_of(picture), *size, day, credit))
    return made, wrong
