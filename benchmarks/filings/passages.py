"""Score what is read beyond the numbers: stages of passages below their headings, parties and codes of notices."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from osint import filings
from osint.register import LADDER

HERE = Path(__file__).parent
PASSAGES, NOTICES = HERE / "passages.txt", HERE / "notices.txt"
_HEIGHT = {"": -1, **{rung: n for n, rung in enumerate(LADDER)}}


@dataclass(frozen=True)
class Stage:
    """What a passage says of the stage of one quantity; aim and modality are empty where they are not scored."""

    kind: str
    value: float
    rung: str
    aim: str
    modality: str


@dataclass(frozen=True)
class Passage:
    """Some words below their heading."""

    published: date
    heading: str
    text: str
    stages: tuple[Stage, ...]
    part: str


def passages(path: Path = PASSAGES) -> list[Passage]:
    """Return the labelled passages of a file; "##" begins a part."""
    found: list[Passage] = []
    part = "first"
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("##"):
            part = line[2:].partition(",")[0].strip()
        elif line.startswith("@"):
            day, heading, text = (words.strip() for words in line[1:].split("|"))
            found.append(Passage(date.fromisoformat(day), heading, text, (), part))
        elif line and not line.startswith("#"):
            kind, value, *words = line.split()
            rung, aim, modality = (word.replace("_", " ").strip("-") for word in words)
            stage = Stage(kind, float(value), rung, aim, modality)
            found[-1] = replace(found[-1], stages=(*found[-1].stages, stage))
    return found


def read_stages(passage: Passage) -> list[tuple[Stage, dict[str, Any] | None]]:
    """Return (label, row or None) for each quantity of a passage, read as a page with its heading."""
    head = f"<h1>{passage.heading}</h1>" if passage.heading else ""
    page = filings.parse(f"<meta charset=utf-8>{head}<p>{passage.text}</p>".encode(), "a.html")
    rows = filings.claims_of(page, passage.published).to_dict("records")
    found: list[tuple[Stage, dict[str, Any] | None]] = []
    for stage in passage.stages:
        near = [
            row
            for row in rows
            if row["kind"] == stage.kind
            and any(abs((row[end] or 0) - stage.value) <= 2e-3 * stage.value for end in ("si_low", "si_high"))
        ]
        found.append((stage, near[0] if near else None))
        if near:
            rows.remove(near[0])
    return found


def stage_line(chosen: list[Passage]) -> str:
    """Return how the stages of some passages were read."""
    pairs = [pair for passage in chosen for pair in read_stages(passage)]
    read = [(stage, row) for stage, row in pairs if row is not None]
    stated = [(stage, row) for stage, row in read if stage.rung]
    right = sum(row["rung"] == stage.rung for stage, row in stated)
    silent = sum(not row["rung"] for _, row in stated)
    more = sum(_HEIGHT[row["rung"]] > _HEIGHT[stage.rung] for stage, row in read)
    return f"rung right {right} of {len(stated)} stated, silent {silent}; more than the words {more} of {len(read)}"


@dataclass(frozen=True)
class Notice:
    """A page and what it says of itself."""

    name: str
    part: str
    truth: dict[str, list[str]]
    page: str

    def said(self) -> dict[str, list[str]]:
        """Return what `--about` says: code, buyer and suppliers, each as a list."""
        facts = filings.about(filings.parse(f"<meta charset=utf-8>{self.page}".encode(), "a.html")).facts
        sellers = [f"{one.lot} | {one.name}" if one.lot else one.name for one in facts.suppliers]
        return {"code": list(filter(None, [facts.project_code])), "buyer": list(filter(None, [facts.buyer])),
                "supplier": sellers}  # fmt: skip


def notices(path: Path = NOTICES) -> list[Notice]:
    """Return the labelled notices of a file; "##" begins a part."""
    found, part = [], "first"
    for written in path.read_text(encoding="utf-8").split("\n== ")[1:]:
        block, _, following = written.partition("\n## ")
        head, _, page = block.partition("\n\n")
        name, *keys = head.splitlines()
        truth: dict[str, list[str]] = {"code": [], "buyer": [], "supplier": []}
        for key, _, value in (line.partition(": ") for line in keys):
            truth[key].append(value)
        found.append(Notice(name, part, truth, page))
        part = following.partition(",")[0] or part
    return found


def notice_line(chosen: list[Notice]) -> str:
    """Return how many notices are all right, and how many of their fields."""
    fields = [one.said()[key] == wanted for one in chosen for key, wanted in one.truth.items()]
    whole = sum(one.said() == one.truth for one in chosen)
    return f"{whole} of {len(chosen)} notices all right; code, buyer, suppliers {sum(fields)} of {len(fields)}"


def faults() -> None:
    """Print what was read otherwise than labelled."""
    for passage in passages():
        for stage, row in read_stages(passage):
            got = (row["rung"], row["aim"], row["modality"]) if row else None
            wanted = (stage.rung, stage.aim, stage.modality)
            if got is None or any(a != b for a, b in zip(got, wanted, strict=True) if b or b is stage.rung):
                print(passage.part, passage.heading, "|", passage.text, stage, "| got", got)
    for one in notices():
        for key, got in one.said().items():
            if got != one.truth[key]:
                print(one.part, one.name, key, "wanted", one.truth[key], "got", got)


def main() -> None:
    """Print the measures of each part; with --faults, what went wrong."""
    if "--faults" in sys.argv:
        faults()
    for part in dict.fromkeys(passage.part for passage in passages()):
        print(part, stage_line([passage for passage in passages() if passage.part == part]))
    for part in dict.fromkeys(one.part for one in notices()):
        print(part, notice_line([one for one in notices() if one.part == part]))


if __name__ == "__main__":
    main()
