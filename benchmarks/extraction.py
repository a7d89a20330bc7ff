"""Score the reading of claims on the sentences of this folder: per quantity, rung, qualifier, date, offsets, speed."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from osint import claims

HERE = Path(__file__).parent
SENTENCES = HERE / "sentences.txt"


@dataclass(frozen=True)
class Label:
    """One quantity that a sentence holds."""

    kind: str
    low: float | None
    high: float | None
    qualifier: str
    rung: str
    date: str


@dataclass(frozen=True)
class Sentence:
    """One labelled sentence."""

    text: str
    published: date
    labels: tuple[Label, ...]
    optional: bool
    held_out: bool


def sentences(path: Path = SENTENCES) -> list[Sentence]:
    """Return the labelled sentences of a file."""
    found: list[Sentence] = []
    head: tuple[str, date] | None = None
    labels: list[Label] = []
    held_out = optional = False

    def close() -> None:
        if head:
            found.append(Sentence(head[0], head[1], tuple(labels), optional, held_out))

    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            close()
            head, labels, optional = (line[12:], date.fromisoformat(line[1:11])), [], False
        elif line.startswith("##"):
            close()
            head, held_out = None, True
        elif line and not line.startswith("#"):
            kind, low, high, qualifier, rung, when = line.split()
            if qualifier == "skip":
                optional = True  # a count of this kind may be given or left out
                continue
            numbers = [None if value == "-" else float(value) for value in (low, high)]
            words = [("" if value == "-" else value.replace("_", " ")) for value in (qualifier, rung)]
            labels.append(Label(kind, numbers[0], numbers[1], words[0], words[1], "" if when == "-" else when))
    close()
    return found


def _close_to(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else abs(a - b) <= 2e-3 * max(abs(a), abs(b))


def match(sentence: Sentence) -> tuple[list[tuple[Label, claims.Claim]], list[Label], list[claims.Claim]]:
    """Return (pairs, missed labels, claims too many) of one sentence."""
    given = claims.extract(sentence.text, sentence.published)
    pairs, missed = [], []
    for label in sentence.labels:
        for claim in given:
            mine = claim.si_low if claim.si_low is not None else claim.si_high
            yours = label.low if label.low is not None else label.high
            if claim.kind == label.kind and _close_to(mine, yours):
                pairs.append((label, claim))
                given.remove(claim)
                break
        else:
            missed.append(label)
    if sentence.optional:
        given = [claim for claim in given if claim.kind != "count"]
    return pairs, missed, given


def score(chosen: list[Sentence]) -> dict[str, float]:
    """Return the measures of a list of sentences."""
    hits = missed = extra = empty = empty_hit = rungs = qualifiers = dates = bounds = 0
    for sentence in chosen:
        pairs, lost, more = match(sentence)
        hits, missed, extra = hits + len(pairs), missed + len(lost), extra + len(more)
        if not sentence.labels:
            empty += 1
            empty_hit += bool(more)
        for label, claim in pairs:
            rungs += label.rung == claim.rung
            qualifiers += label.qualifier == claim.qualifier
            dates += label.date == claim.date
            bounds += _close_to(label.low, claim.si_low) and _close_to(label.high, claim.si_high)
    found = max(hits, 1)
    return {
        "sentences": len(chosen), "quantities": hits + missed, "F1": 2 * hits / max(2 * hits + missed + extra, 1),
        "false_on_empty": empty_hit / max(empty, 1), "both_bounds": bounds / found, "rung": rungs / found,
        "qualifier": qualifiers / found, "date": dates / found,
    }  # fmt: skip


def is_chinese(sentence: Sentence) -> bool:
    """Say whether a sentence is Chinese."""
    return bool(re.search("[一-龥]", sentence.text))


def speed() -> float:
    """Return megabytes of UTF-8 text read per second."""
    text = "\n".join(sentence.text for sentence in sentences()) * 40
    begun = time.perf_counter()
    claims.extract(text, date(2025, 1, 1))
    return len(text.encode()) / 1e6 / (time.perf_counter() - begun)


def main() -> None:
    """Print the table; with --faults, what went wrong in the part that development looks at."""
    everything = sentences()
    for name, held in (("development", False), ("held out", True)):
        for tongue, chinese in (("zh", True), ("en", False)):
            chosen = [s for s in everything if s.held_out == held and is_chinese(s) == chinese]
            print(name, tongue, {key: round(value, 3) for key, value in score(chosen).items()})
    print("MB/s", round(speed(), 2))
    for sentence in everything if "--faults" in sys.argv else ():
        if sentence.held_out and "--all" not in sys.argv:
            continue
        pairs, missed, more = match(sentence)
        wrong = [(a, b) for a, b in pairs if (a.rung, a.qualifier, a.date) != (b.rung, b.qualifier, b.date)
                 or not (_close_to(a.low, b.si_low) and _close_to(a.high, b.si_high))]  # fmt: skip
        if missed or more or wrong:
            print(sentence.text)
            for label in missed:
                print("   missed", label)
            for claim in more:
                print("   extra ", claim.kind, claim.si_low, claim.si_high, claim.quote)
            for label, claim in wrong:
                print("   wrong ", label, "| got", claim.si_low, claim.si_high, claim.qualifier, claim.rung, claim.date)


if __name__ == "__main__":
    main()
