"""What a case keeps behind its rows: captured pages of its documents, and the pictures that people judged."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint import files
from osint.errors import BadInputError, RefusedError, UnreadableError
from osint.model import Dossier
from osint.register import Observation

if TYPE_CHECKING:
    from PIL import Image

CAPTURES = Path("raw") / "captures"
"""Folder of a case for what was captured."""
LARGEST_PICTURE = 16 << 20  # bytes of a picture that is read
JUDGED = Path("raw") / "judged"
"""Folder of a case for the pictures that people judged; cases of earlier versions name theirs in derived/."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture on which observations rest."""

    observation_ids: tuple[str, ...]
    name: str
    """Its file in the case."""
    sha256: str
    """Digest that the observations name."""
    source: str
    """Its bytes as an address of the page; empty where they cannot be shown."""
    fault: str
    """Why they cannot be shown; empty where they are."""
    simulated: bool


@dataclass(frozen=True)
class OnFile:
    """Captures and pictures of a case; empty for tables without a folder."""

    captures: Mapping[str, str] = field(default_factory=dict)
    """By address: when the page was captured last, and the digest of what came."""
    pictures: Mapping[str, tuple[Seen, ...]] = field(default_factory=dict)
    """By site."""

    @classmethod
    def of(cls, case: str | Path | None, dossier: Dossier) -> OnFile:
        """Look up what the folder of a case (that which holds raw/) keeps of the sources and observations of a dossier.

        The shipped tables have no captures and no pictures.
        """
        if case is None:
            return cls()
        urls = {c.source_url for c in dossier.all_claims if c.source_url}
        pictures = {site: _seen(Path(case), rows) for site, rows in dossier.observations.items()}
        return cls(_captures(Path(case), urls), {site: seen for site, seen in pictures.items() if seen})


def _captures(case: Path, urls: set[str]) -> dict[str, str]:
    if not (case / CAPTURES).is_dir():
        return {}
    from osint import archive  # loads a network client, which a report without captures never needs

    found = archive.newest_contents(case, urls)
    return {url: f"{entry.served[:10]}, SHA-256 {entry.sha256}" for url, entry in found.items()}


def _seen(case: Path, rows: Iterable[Observation]) -> tuple[Seen, ...]:
    grouped: dict[tuple[str, str], list[Observation]] = {}
    for row in rows:
        if row.picture:
            grouped.setdefault((row.picture, row.picture_sha256), []).append(row)
    return tuple(_picture(case, name, digest, of) for (name, digest), of in grouped.items())


def _picture(case: Path, name: str, digest: str, rows: list[Observation]) -> Seen:
    told: dict[str, Any] = {"observation_ids": tuple(r.observation_id for r in rows), "name": name, "sha256": digest}
    told["simulated"] = any(r.simulated for r in rows)
    try:
        body = png_of(judged_picture(case, name, digest))
    except BadInputError as error:
        return Seen(**told, source="", fault=str(error))
    return Seen(**told, source=f"data:image/png;base64,{base64.b64encode(body).decode()}", fault="")


def judged_picture(case: Path, name: str, sha256: str) -> Image.Image:
    """Return the picture that an observation names, opened.

    Raises BadInputError, with the reason as half a sentence, for one that leads out of the case, is not there, is no
    picture, or is not that with the digest that was recorded.
    """
    from osint import passport  # loads Pillow, which a report without pictures never needs

    try:
        body = files.read_regular(_place_of(case, name), LARGEST_PICTURE)
        if passport.digest_of(body) != sha256:
            raise BadInputError("it is not the one that was recorded")
        return passport.open_picture(body)
    except passport.Unreadable as error:
        raise BadInputError(str(error)) from error
    except (OSError, RefusedError, UnreadableError) as error:
        raise BadInputError("it is not on file, or too large") from error


def _place_of(case: Path, name: str) -> Path:
    """Return where a picture lies: as its row names it, or where `derived/` was deleted, its copy in the evidence."""
    if Path(name).is_absolute() or ".." in Path(name).parts or re.search(r"[\\:]", name):
        raise BadInputError("its name leads out of the case")
    places = (Path(name), JUDGED / Path(name).name)
    for place in places:
        if any((case / Path(*place.parts[:n])).is_symlink() for n in range(1, len(place.parts) + 1)):
            raise BadInputError("its name leads out of the case")
    return next((case / place for place in places if (case / place).is_file()), case / name)


def png_of(picture: Image.Image) -> bytes:
    """Return a picture as PNG, without what its file tells of a machine."""
    body = io.BytesIO()
    picture.convert("RGB").save(body, "PNG")
    return body.getvalue()
