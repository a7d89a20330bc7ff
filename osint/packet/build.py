"""Write the packet of a figure, a site or a claim: one folder and one zip, the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osint import archive, files
from osint.errors import BadInputError, OsintError, UnreadableError
from osint.packet import crate
from osint.packet.flips import flips
from osint.packet.lints import Fault, View, lints
from osint.packet.page import Extras, page
from osint.packet.pictures import on_file, read_pictures
from osint.packet.remeasure import remeasure
from osint.packet.says import leading, says
from osint.packet.subject import Subject, crops, subject, tidy
from osint.passport import (
    LIST,
    PACKET_SCHEMA,
    REVIEW,
    SIDECAR,
    Checked,
    Passport,
    Unreadable,
    check_packet,
    check_passport,
    digest_of,
    newer_than,
    packet_files,
    parse_json,
    read_passport,
    reviews_that_hold,
    unpacked,
)
from osint.register import Register, data_dir, load_register

PAGE = "index.html"
_DATA_URI = re.compile(r"data:[\w/+.-]{1,40};base64,[A-Za-z0-9+/=]*")
_MOST_TEXT = 8 << 20
_MOST_BYTES = 64 << 20
"""Of a zip that is read."""


@dataclass(frozen=True)
class Packet:
    """A packet that was written."""

    folder: Path
    zip: Path
    code: str
    passport_id: str
    faults: tuple[Fault, ...]
    """What the lints found."""


def write_packet(
    name: str,
    out: str | Path,
    *,
    data: str | Path | None = None,
    register: Register | None = None,
    pictures: Sequence[Sequence[str]] = (),
    outlines: Sequence[str | Path] = (),
    harm: str = "",
    replies: Sequence[str] = (),
    made_by: str = "",
    since: str | Path | None = None,
) -> Packet:
    """Write what an editor needs to sign a figure: a folder `out`, and beside it a zip of the same name.

    Args:
        name: a site by id or name, a claim by its id, or the path of a figure that `osint.export` wrote.
        out: the folder; a packet that stands there as it was written is replaced, anything else is refused.
        data: the data folder (holds raw/); OSINT_DATA or ./data without it.
        register: the tables, if they are read already.
        pictures: kind (before, after, unmarked, marked, other), file, day and credit of each.
        outlines: two files of outlines, the second drawn without seeing the first.
        harm: whom printing this could harm, and what was done about it.
        replies: who was asked, when, and what they answered.
        made_by: who made it, as a role or a name; it goes into the passport of a site or a claim.
        since: an earlier packet to compare with.

    """
    out, case = Path(out), data_dir(data)
    register = register or load_register(data)
    _check_free(out)
    about = subject(name, register, case, made_by)
    given = read_pictures(pictures)
    seen, wrong = on_file(register, [str(e.get("id")) for e in about.core.get("evidence", [])], case)
    given = [*given, *seen]
    if len(outlines) not in (0, 2):
        raise BadInputError(f"a second measurement needs two files of outlines, not {len(outlines)}")
    measured = remeasure(*outlines).text() if outlines else ""
    changed = _changed(about.core, since) if since is not None else None
    turned = flips(register, [f.claim.claim_id for f in about.findings])
    last = archive.Archive(archive.captures_directory(case)).last_entry()
    held_until = last if last and last.seq is not None else None
    extras = Extras(given, crops(about.core, case), turned, measured, harm, tuple(replies), changed, held_until)
    made = dict(about.figure_files) | {p.name: p.body for p in given}
    held = read_passport(Path(about.passport_name), made[about.passport_name], {n: _of(b) for n, b in made.items()})
    checked = check_passport(held)
    words = _words(about, harm)
    newer = newer_than(held, case)
    view = View(about.core, about.render, {}, _named(made, ".data.csv"), _text(_named(made, ".svg")), words, (), newer)
    laid = page(about, checked, (), extras, font=False)
    view = View(**{**view.__dict__, "texts": _texts({**made, PAGE: laid})})
    faults = [*(Fault("picture not as recorded", "case", said) for said in wrong), *lints(view)]
    made[PAGE] = page(about, checked, faults, extras)
    licence = str(about.render.get("licence", "")) or "terms not stated"
    made[crate.NAME] = crate.crate(
        made, about.title, "A figure, its sources and what was checked.", about.core, licence, held=held_until
    )
    made[LIST] = _list(made, about, checked, words)
    _write(out, made)
    return Packet(out, zip_of(out), checked.code, checked.passport_id, tuple(faults))


def _of(body: bytes) -> Any:
    return lambda: body


def _named(made: Mapping[str, bytes], ending: str) -> bytes:
    return next((body for name, body in sorted(made.items()) if name.endswith(ending)), b"")


def _text(body: bytes) -> str:
    return body[:_MOST_TEXT].decode("utf-8", "replace")


def _texts(made: Mapping[str, bytes]) -> dict[str, str]:
    """Return the files of text, without the pictures in them."""
    endings = (".html", ".csv", SIDECAR)
    return {name: _DATA_URI.sub("", _text(body)) for name, body in sorted(made.items()) if name.endswith(endings)}


def _words(about: Subject, harm: str) -> dict[str, Any]:
    told = [says(f) for f in leading(about.findings, 3)]
    words = {"may_say": [t for one in told for t in one.may], "may_not_say": [t for one in told for t in one.may_not]}
    return {key: value for key, value in {**words, "harm": harm}.items() if value}


def _list(made: Mapping[str, bytes], about: Subject, checked: Checked, words: Mapping[str, Any]) -> bytes:
    """Return the list of a packet: its files with their digests, its passport, and its words."""
    rows = [{"name": n, "bytes": len(b), "sha256": hashlib.sha256(b).hexdigest()} for n, b in sorted(made.items())]
    held: dict[str, Any] = {
        "schema": PACKET_SCHEMA,
        "subject": about.name,
        "passport": about.passport_name,
        "words": words,
    }
    held |= {"passport_id": checked.passport_id, "code": checked.code, "files": rows}
    return (json.dumps(held, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _write(out: Path, made: Mapping[str, bytes]) -> None:
    """Write a folder, and a zip with the same files in one folder."""
    with files.folder_beside(out) as part:
        for name, body in made.items():
            files.replace_file(part / name, body)
    files.replace_file(zip_of(out), _zipped(out.name, made))


def zip_of(folder: Path) -> Path:
    """Return where the zip of a packet lies: beside its folder, with its name."""
    return folder.with_name(folder.name + ".zip")


def _zipped(name: str, made: Mapping[str, bytes]) -> bytes:
    """Return a zip of files in one folder, stored as they are and without times."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for file, body in sorted(made.items()):
            one = zipfile.ZipInfo(f"{name}/{file}", (1980, 1, 1, 0, 0, 0))
            one.create_system, one.external_attr = 3, 0o644 << 16
            archive.writestr(one, body)
    return packed.getvalue()


def renew_zip(folder: Path) -> Path | None:
    """Write the zip beside a packet anew, so that it holds the sign-offs of the folder, and return it.

    None, and nothing is written, where no zip lies there, or one that is not of this packet.
    """
    path = zip_of(folder)
    files.refuse_link(path)
    if not path.is_file():
        return None
    here = {name: read() for name, read in packet_files(folder).items()}
    try:
        held = unpacked(files.read_regular(path, _MOST_BYTES))
        earlier = held[REVIEW]() if REVIEW in held else b""
        if set(held) - {REVIEW} != set(here) - {REVIEW} or not here.get(REVIEW, b"").startswith(earlier):
            return None
        if any(held[name]() != body for name, body in here.items() if name != REVIEW):
            return None
    except (Unreadable, OsintError):
        return None
    files.replace_file(path, _zipped(folder.name, here))
    return path


def _check_free(out: Path) -> None:
    """Raise BadInputError unless nothing is here, an empty folder, or a packet as it was written and not signed.

    The same holds of the zip that is put beside it.
    """
    zipped = zip_of(out)
    for path in (out, zipped):
        files.check_place(path)
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file, and a packet is a folder; name another with --out")
    found = [out] if out.exists() and any(out.iterdir()) else []
    for path in (*found, *([zipped] if zipped.exists() else [])):
        if not _as_written(path):
            why = "holds sign-offs" if _is_signed(path) else "is no packet as it was written"
            raise BadInputError(f"{path} {why}, so it is not replaced; move it away, or name another folder with --out")


def _as_written(path: Path) -> bool:
    """Say whether a folder or a zip is a packet as this tool wrote it, and not signed."""
    try:
        folder = _files_of(path)
        return REVIEW not in folder and check_packet(path.name, folder)[0].status == 0
    except (Unreadable, OsintError):
        return False


def _is_signed(path: Path) -> bool:
    try:
        return REVIEW in _files_of(path)
    except (Unreadable, OsintError):
        return False


def _files_of(path: Path) -> Mapping[str, Callable[[], bytes]]:
    return packet_files(path) if path.is_dir() else unpacked(files.read_regular(path, _MOST_BYTES))


# ---------------------------------------------------------------- a packet that is there


@dataclass(frozen=True)
class Opened:
    """A packet that was read, and found to be as its list says or not."""

    checked: Checked
    passport: Passport
    listing: bytes
    """The list of its files."""
    words: Mapping[str, Any]
    view: View


def open_packet(path: str | Path, data: str | Path | None = None) -> Opened:
    """Return a packet (folder or zip) with what its check found; nothing in it is followed or written.

    `data` is a case folder in which newer evidence is looked for. Raises UnreadableError for what is no packet.
    """
    path = Path(path)
    try:
        folder = _files_of(path)
        checked, passport = check_packet(path.name, folder)
        if passport is None:
            raise Unreadable(checked.shown[-1])
        listing = folder[LIST]()
        held = parse_json(listing)
        bodies = {name: read() for name, read in folder.items() if name.endswith((".html", ".csv", ".svg", SIDECAR))}
        log = folder[REVIEW]() if REVIEW in folder else b""
    except FileNotFoundError as error:
        raise UnreadableError(
            f"there is no packet {path}; name the folder or the zip that `osint packet` wrote"
        ) from error
    except Unreadable as error:
        raise UnreadableError(f"{path} is no packet that can be read: {error}") from error
    words = held.get("words") if isinstance(held.get("words"), dict) else {}
    reviews = reviews_that_hold(log, passport.id, digest_of(listing))
    newer = newer_than(passport, data) if data is not None else ()
    view = View(
        tidy(passport.core),
        tidy(passport.render),
        _texts(bodies),
        _named(bodies, ".data.csv"),
        _text(_named(bodies, ".svg")),
        words,
        tuple(reviews),
        newer,
    )
    return Opened(checked, passport, listing, words, view)


def lint(path: str | Path, data: str | Path | None = None) -> list[Fault]:
    """Return what the lints find in a packet; with a case folder also what is newer there."""
    opened = open_packet(path, data)
    broken = (
        [Fault("packet", opened.checked.file, said) for said in opened.checked.shown] if opened.checked.status else []
    )
    return broken + lints(opened.view)


def _changed(core: Mapping[str, Any], since: str | Path) -> list[str]:
    """Return what changed since an earlier packet: numbers and sources."""
    before = open_packet(since).view.core
    said = []
    then, now = ({n.get("id"): n for n in c.get("numbers", [])} for c in (before, core))
    for name in sorted({*then, *now}, key=str):
        old, new = then.get(name), now.get(name)
        if old is None or new is None:
            said.append(f"number {(new or old or {}).get('label')}: {'added' if old is None else 'dropped'}")
        elif [old.get(k) for k in ("low", "best", "high")] != [new.get(k) for k in ("low", "best", "high")]:
            ends = [" to ".join(str(row[k]) for k in ("low", "best", "high") if k in row) for row in (old, new)]
            said.append(f"number {new.get('label')}: {ends[0]} became {ends[1]}")
    ids = [{e.get("id") for e in c.get("evidence", [])} for c in (before, core)]
    said += [f"source {one}: added" for one in sorted(ids[1] - ids[0], key=str)]
    return said + [f"source {one}: dropped" for one in sorted(ids[0] - ids[1], key=str)]
