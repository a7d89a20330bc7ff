"""Score what is read beyond the numbers: stages of passages below their headings, parties and codes of notices, chip models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from benchmarks import extraction
from osint import filings

HERE = Path(__file__).parent
PASSAGES, NOTICES = HERE / "passages.txt", HERE / "notices.txt"


@dataclass(frozen=True)
class Stage:
    """What a passage says of the stage of one quantity; aim and modality are None where they are not scored."""

    kind: str
    value: float
    rung: str
    aim: str | None
    modality: str | None


@dataclass(frozen=True)
class Passage:
    """Some words below their heading."""

    published: date
    heading: str
    text: str
    stages: tuple[Stage, ...]


def passages(path: Path = PASSAGES) -> list[Passage]:
    """Return the labelled passages of a file."""
    found: list[Passage] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            day, heading, text = (part.strip() for part in line[1:].split("|"))
            found.append(Passage(date.fromisoformat(day), heading, text, ()))
        elif line and not line.startswith("#"):
            kind, value, *words = line.split()
            rung, aim, modality = (word.replace("_", " ").strip("-") for word in words)
            stage = Stage(kind, float(value), rung, aim or None, modality or None)
            found[-1] = replace(found[-1], stages=(*found[-1].stages, stage))
    return found


@dataclass(frozen=True)
class StageScore:
    """How the stages of passages were read."""

    right: int = 0
    stated: int = 0
    silent: int = 0
    more: int = 0
    unread: int = 0
    modality_wrong: int = 0
    total: int = 0


def stage_faults(passage: Passage) -> list[tuple[Stage, dict[str, object] | None]]:
    """Return (label, row or None) for each quantity of a passage, read as a page with its heading."""
    head = f"<h1>{passage.heading}</h1>" if passage.heading else ""
    page = filings.parse(f"<meta charset=utf-8>{head}<p>{passage.text}</p>".encode(), "a.html")
    rows = filings.claims_of(page, passage.published).to_dict("records")
    found = []
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


if __name__ == "__main__":
    height = {"": -1, **{rung: n for n, rung in enumerate(extraction.LADDER)}}
    right = stated = silent = more = unread = mods = total = empty_right = 0
    for passage in passages():
        for stage, row in stage_faults(passage):
            total += 1
            if row is None:
                unread += 1
                print("UNREAD", passage.heading, "|", passage.text, stage)
                continue
            stated += bool(stage.rung)
            right += bool(stage.rung) and row["rung"] == stage.rung
            silent += bool(stage.rung) and not row["rung"]
            over = height[row["rung"]] > height[stage.rung]
            more += over
            bad_aim = stage.aim is not None and row["aim"] != stage.aim
            bad_mod = stage.modality is not None and row["modality"] != stage.modality
            mods += bad_aim or bad_mod
            if row["rung"] != stage.rung or bad_aim or bad_mod:
                print("MORE" if over else "wrong", passage.heading, "|", passage.text, stage, "| got", row["rung"], row["aim"], row["modality"], row["confidence"], row["rung_reason"])
    print(f"stated {stated} right {right} silent {silent} more {more} of {total} unread {unread} aim/mod wrong {mods}")
    text = NOTICES.read_text(encoding="utf-8")
    ok = dict(code=0, buyer=0, supplier=0); of = dict(code=0, buyer=0, supplier=0); allright = n = 0
    for block in text.split("\n== ")[1:]:
        name, _, rest = block.partition("\n")
        keys, _, page = rest.partition("\n\n")
        truth = {"code": [], "buyer": [], "supplier": []}
        for line in keys.splitlines():
            k, _, v = line.partition(": ")
            truth[k].append(v)
        facts = filings.about(filings.parse(f"<meta charset=utf-8>{page}".encode(), "a.html")).facts
        got = {"code": [facts.project_code] * bool(facts.project_code), "buyer": [facts.buyer] * bool(facts.buyer), "supplier": [f"{s.lot} | {s.name}" if s.lot else s.name for s in facts.suppliers]}
        n += 1
        good = True
        for key in truth:
            of[key] += 1
            hit = truth[key] == got[key]
            ok[key] += hit
            good &= hit
            if not hit:
                print(name, key, "want", truth[key], "got", got[key])
        allright += good
    print(ok, of, "all right", allright, "of", n)
