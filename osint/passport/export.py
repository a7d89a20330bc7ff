"""Write a figure with its passport: the core in the file, the code in the footer, the record and the data beside it."""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint import files, fonts
from osint.errors import BadInputError, UnreadableError
from osint.passport import embed, verify
from osint.passport.records import (
    Evidence,
    Imagery,
    Judgement,
    Method,
    Number,
    People,
    PlaceOfFigure,
    plain,
    refuse_private,
)
from osint.register import Claim, Observation, csv_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from PIL.Image import Image

STYLE: dict[str, Any] = {"svg.hashsalt": "osint", "svg.fonttype": "none", "pdf.fonttype": 42, "savefig.bbox": None}
STYLE |= {"savefig.transparent": False, "savefig.facecolor": "auto", "savefig.edgecolor": "auto"}
_COMPRESSION = 3  # of zlib: as small as its usual 6 on figures of text and lines, in two thirds of the time
_NO_CLOCK = {
    "svg": ("Date", "Creator"),
    "pdf": ("CreationDate", "ModDate", "Producer", "Creator"),
}
"""Metadata left out of each format, so that two runs give the same bytes and nothing tells of the machine."""
MEDIA = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf", "csv": "text/csv"}
_EMBED = {"png": embed.in_png, "svg": embed.in_svg, "pdf": embed.in_pdf}
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,80}", re.ASCII)
_PUBLISHERS = 6  # publishers that the footer names
_POINTS, _LINE_INCHES = 6.5, 0.115
"""Size of the footer, and height of one of its lines."""
_POINTS_PER_INCH = 72
_CHARACTERS_PER_INCH = 21  # of the footer, at its size


@dataclass(frozen=True)
class Exported:
    """A figure with its passport, as bytes by file name."""

    code: str
    """Short code, as printed in the footer."""
    passport_id: str
    """Digest of the passport."""
    passport: Mapping[str, Any]
    """Its contents."""
    files: Mapping[str, bytes]
    """All files by name: the formats, the data, the passport."""
    out: Path | None = None
    """Folder that they were written to."""

    def __str__(self) -> str:
        where = f" in {self.out}" if self.out else ""
        return f"{', '.join(self.files)}{where}: {self.code}"


def export(
    figure: Figure,
    name: str,
    *,
    question: str = "",
    numbers: Iterable[Number | Claim] = (),
    evidence: Iterable[Evidence | Claim | Observation] = (),
    out: str | Path = ".",
    **told: Any,
) -> Exported:
    """Write a matplotlib figure as PNG, SVG and PDF with its passport; the one way to hand a figure on.

    Writes `<name>.png`, `.svg`, `.pdf`, `.passport.json`, and `.data.csv` where data are given, to the folder `out`.
    The figure itself is left as it was; two calls give the same bytes. `told` are the other arguments of `stamp`
    (`data`, `caption`, `alt`, `judgement`, ...), which gives the bytes without writing. Raises BadInputError for a
    number without a way back, a derived number that its expression does not give, or a number of the caption that is
    not given.

    >>> osint.export(figure, "room", question="Do they fit?", numbers=[...], evidence=[...])  # doctest: +SKIP
    """
    made = stamp(figure, name, question=question, numbers=numbers, evidence=evidence, **told)
    for file, body in made.files.items():
        files.replace_file(Path(out) / file, body)
    return replace(made, out=Path(out))


def stamp(
    figure: Figure,
    name: str,
    *,
    question: str = "",
    title: str = "",
    numbers: Iterable[Number | Claim] = (),
    evidence: Iterable[Evidence | Claim | Observation] = (),
    claim_ids: Iterable[str] = (),
    imagery: Iterable[Imagery] = (),
    places: Iterable[PlaceOfFigure] = (),
    method: Method | None = None,
    judgement: Judgement | None = None,
    people: People | None = None,
    no_contradiction: str = "",
    as_of: str = "",
    data: pd.DataFrame | str | None = None,
    caption: str = "",
    alt: str = "",
    credit: str = "",
    licence: str = "",
    footer: str | None = None,
    replaces: str = "",
    reason: str = "",
    formats: Sequence[str] = ("png", "svg", "pdf"),
    dpi: int = 300,
    pdf_fonttype: int = 42,
    png_of_pdf: bool = False,
) -> Exported:
    """Return a figure in several formats with its passport, as bytes by file name.

    Args:
        figure: a matplotlib figure; a footer is drawn below it, and it is left as it was.
        name: name of the files, without folder and ending.
        question: what the figure answers.
        title: what it says; its `suptitle` without one.
        numbers: every number that it prints, each with its way back; a Claim stands for the number that it states.
        evidence: its sources; rows of claims and observations as they are, or Evidence with another role.
        claim_ids: claims that it speaks of, besides those of numbers and evidence.
        imagery: scenes that were read.
        places: positions that it marks.
        method: code, commit, environment, parameters.
        judgement: what was found, how likely, how firm.
        people: who made and who checked it, as roles.
        no_contradiction: where contradicting sources were looked for, if none was found.
        as_of: newest day of the documents that were considered (EDTF), where it is later than those cited.
        data: the values drawn, as a table or as CSV text.
        caption: sentences that are printed with it; each number in them must be one of `numbers`.
        alt: what it shows, for who cannot see it.
        credit: line of credit.
        licence: terms under which it may be used.
        footer: text of the footer before the code; made from the evidence if None, the code alone if empty.
        replaces: id of the passport that this one replaces.
        reason: why.
        formats: of png, svg and pdf, those to draw.
        dpi: dots per inch of the PNG.
        pdf_fonttype: 42 embeds fonts whose text can be edited; 3 embeds them in a tenth of the time.
        png_of_pdf: take the PNG from the PDF, pixel by pixel, in place of drawing it anew: less than half the time for
            lines and text. Pictures in a figure would be sampled twice, so theirs is drawn.

    """
    if not _NAME.fullmatch(name) or set(formats) - set(_EMBED):
        raise BadInputError(
            f"{name!r} in {', '.join(formats)}: a name has letters, digits, _ and -; formats are png, svg, pdf"
        )
    ledger, sources = _ledger(numbers), _sources(evidence)
    title = title or figure.get_suptitle().replace("\n", " ")
    lists: dict[str, Iterable[object]] = {"numbers": ledger, "evidence": sources, "imagery": imagery, "places": places}
    records = {"method": method, "judgement": judgement, "people": people}
    core = _said(
        {"schema": verify.SCHEMA, "title": title, "question": question}
        | {"claim_ids": _claim_ids(claim_ids, ledger, sources), "no_contradiction": no_contradiction, "as_of": as_of}
        | {key: [plain(one) for one in value] for key, value in lists.items()}
        | {key: plain(value) for key, value in records.items() if value is not None}
        | {"simulated": any(n.simulated for n in ledger) or any(e.simulated for e in sources)}
    )
    table = _csv(data)
    _check(core, caption, table)
    code = verify.short_code(core)
    told = footer if footer is not None else _footer(sources, credit)
    line = f"{'SIMULATED. ' if 'simulated' in core else ''}{told} {code}".strip()
    words = {"Title": title, "Description": alt, "Copyright": credit or licence}
    drawn, picture = _draw(figure, line, formats, dpi, pdf_fonttype, png_of_pdf)
    made = {f"{name}.{kind}": _EMBED[kind](body, verify.canonical(core), words) for kind, body in drawn.items()}
    made |= {f"{name}.data.csv": table} if table is not None else {}
    render: dict[str, Any] = {"caption": caption, "alt": alt, "credit": credit, "licence": licence, "footer": line}
    if picture is not None:
        seen = verify.pixels_in(picture)
        render |= {"media_type": MEDIA["png"], "width": seen.width, "height": seen.height}
        render |= {"pixels_sha256": seen.sha256, "difference_hash": seen.difference_hash}
    history = _said({"replaces": replaces, "reason": reason})
    passport = _passport(core, {key: value for key, value in render.items() if value != ""}, history, made)
    made[name + verify.SIDECAR] = sidecar(passport)
    return Exported(passport["code"], passport["passport_id"], passport, made)


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is not empty: a passport has no key without a value."""
    return {key: value for key, value in values.items() if value}


def _passport(
    core: dict[str, Any], render: dict[str, Any], history: dict[str, Any], made: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return the passport of the files of a figure, with its id; raises for what is private."""
    passport: dict[str, Any] = {"schema": verify.SCHEMA, "code": verify.short_code(core), "core": core}
    passport |= {"render": render, "files": [_described(file, body) for file, body in made.items()]}
    passport |= {"history": history} if history else {}
    refuse_private({key: passport[key] for key in ("core", "render", "history") if key in passport})
    passport["passport_id"] = verify.passport_id(passport)
    return passport


def read(path: str | Path) -> dict[str, Any]:
    """Return the contents of a passport; raises UnreadableError for a file that is none."""
    try:
        return verify.read_passport(Path(path), verify.read_file(Path(path), verify.MOST_PASSPORT), {}).values
    except verify.Unreadable as error:
        raise UnreadableError(f"{path} is no passport: {error}; name a file that `osint.export` wrote") from error


def sidecar(passport: Mapping[str, Any]) -> bytes:
    """Return a passport as the bytes of its file: JSON that a person can read, keys sorted."""
    return (json.dumps(passport, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _ledger(numbers: Iterable[Number | Claim]) -> list[Number]:
    """Return numbers with an id each."""
    rows = [Number.of_claim(one) if isinstance(one, Claim) else one for one in numbers]
    rows = [one if one.id else replace(one, id=f"n{at}") for at, one in enumerate(rows, start=1)]
    ids = [one.id for one in rows]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise BadInputError(f"two numbers have the id {twice[0]}; give one of them another `id`")
    return rows


def _sources(evidence: Iterable[Evidence | Claim | Observation]) -> list[Evidence]:
    return [one if isinstance(one, Evidence) else Evidence.of(one) for one in evidence]


def _claim_ids(given: Iterable[str], ledger: Sequence[Number], sources: Sequence[Evidence]) -> list[str]:
    named = {source for one in ledger for source in one.sources} | {one.id for one in sources}
    return sorted({*given, *(one for one in named if re.fullmatch(r"C\d+", one))})


def _csv(data: pd.DataFrame | str | None) -> bytes | None:
    if data is None or isinstance(data, str):
        return data.encode() if data is not None else None
    return csv_text(data).encode()


def _check(core: Mapping[str, Any], caption: str, table: bytes | None) -> None:
    """Raise BadInputError where a number does not follow from its expression, or the caption says another."""
    faults, *_ = verify.recompute(core, table)
    if faults:
        raise BadInputError(f"{faults[0]}; mend the expression, or `best`")
    loose = verify.unlisted_numbers(caption, core)
    if loose:
        raise BadInputError(
            f"the caption says {loose[0]}, which is none of `numbers`; give it a Number with its source"
        )


def _described(name: str, body: bytes) -> dict[str, Any]:
    kind = MEDIA[name.rpartition(".")[2]]
    letters = verify.letters_of(body) if kind == MEDIA["svg"] else ""
    return {"name": name, "media_type": kind, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()} | _said(
        {"letters_sha256": letters}
    )


def _footer(sources: Sequence[Evidence], credit: str) -> str:
    """Return sources, their days and the credit in one sentence each."""
    publishers = list(dict.fromkeys(one.source_publisher for one in sources if one.source_publisher))
    more = f" and {len(publishers) - _PUBLISHERS} more" if len(publishers) > _PUBLISHERS else ""
    days = sorted(one.published for one in sources if one.published)
    dated = f", {days[0]}" + f" to {days[-1]}" * (days[0] != days[-1]) if days else ""
    said = f"Sources: {'; '.join(publishers[:_PUBLISHERS])}{more}{dated}." if publishers else ""
    return f"{said} {credit.rstrip('.')}{'.' * bool(credit)}".strip()


def _draw(
    figure: Figure, line: str, formats: Sequence[str], dpi: int, pdf_fonttype: int, png_of_pdf: bool
) -> tuple[dict[str, bytes], Image | None]:
    """Return a figure by format, with a footer below it, and the picture in its PNG; the figure is left as it was."""
    import matplotlib as mpl
    from matplotlib.colors import to_rgb
    from matplotlib.transforms import Bbox

    with mpl.rc_context(STYLE | {"pdf.fonttype": pdf_fonttype}):  # type: ignore[arg-type]
        width, height = (float(one) for one in figure.get_size_inches())
        lines = textwrap.wrap(fonts.drawable(line), max(20, int(width * _CHARACTERS_PER_INCH)), break_on_hyphens=False)
        strip = 0.06 + _LINE_INCHES * len(lines)
        dark = sum(to_rgb(figure.get_facecolor())) < 1.5  # half of white, by three colours
        style: dict[str, Any] = {
            "fontsize": _POINTS,
            "family": fonts.families_for(line),
            "va": "top",
            "linespacing": 1.25,
        }
        text = figure.text(0.01, 0, "\n".join(lines), color="#dddddd" if dark else "#444444", **style)
        text.set_in_layout(False)
        box = Bbox.from_bounds(0, -strip, width, height + strip)

        def saved(kind: str) -> bytes:
            body = BytesIO()
            bare = dict.fromkeys(_NO_CLOCK[kind]) if kind in _NO_CLOCK else None
            figure.savefig(body, format=kind, dpi=dpi, metadata=bare, bbox_inches=box)
            return body.getvalue()

        try:
            made = {kind: saved(kind) for kind in formats if kind != "png"}
            if "png" not in formats:
                return made, None
            if png_of_pdf:
                picture = _rasterised(made.get("pdf") or saved("pdf"), dpi)
            else:
                picture = _picture(saved("raw"), int(width * dpi))
        finally:
            text.remove()
    return {"png": _png(picture, dpi)} | made, picture


def _rasterised(pdf: bytes, dpi: int) -> Image:
    """Return the page of a PDF as pixels."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        scale = dpi / _POINTS_PER_INCH * (1 - 1e-6)  # its pixels are rounded up: 259.2 pt at 200 dpi would be 721
        picture: Image = document[0].render(scale=scale).to_pil().convert("RGB")
        return picture
    finally:
        document.close()


def _picture(rgba: bytes, width: int) -> Image:
    """Return rows of RGBA as a picture, without the fourth channel where all of it is opaque."""
    from PIL import Image

    picture = Image.frombuffer("RGBA", (width, len(rgba) // (4 * width)), rgba, "raw", "RGBA", 0, 1)
    return picture.convert("RGB") if picture.getchannel("A").getextrema() == (255, 255) else picture


def _png(picture: Image, dpi: int) -> bytes:
    body = BytesIO()
    picture.save(body, format="PNG", dpi=(dpi, dpi), compress_level=_COMPRESSION)
    return body.getvalue()
