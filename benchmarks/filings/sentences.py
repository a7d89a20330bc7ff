"""Score the reading of claims on the sentences of this folder: per quantity, rung, qualifier, date, offsets, speed."""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.sections import write_section
from osint import claims, filings
from osint.register import LADDER

HERE = Path(__file__).parent
SENTENCES = HERE / "sentences.txt"
HAN = "据介绍该地区近来依托丰富的风光资源和区位优势积极推进产业发展不断完善基础设施优化营商环境吸引众多企业前来考察洽谈合作"
LATIN = [
    "the", "region", "has", "drawn", "interest", "from", "operators", "because", "of", "cheap", "land", "and", "a",
    "cool", "climate", "officials", "say",
]  # fmt: skip


@dataclass(frozen=True)
class Label:
    """One quantity that a sentence holds."""

    kind: str
    low: float | None
    high: float | None
    qualifier: str
    rung: str
    date: str
    also: Mapping[str, str]
    """chip, per and mod: chip model, what it is per, and denied or withdrawn, where they are labelled"""


@dataclass(frozen=True)
class Sentence:
    """One labelled sentence."""

    text: str
    published: date
    labels: tuple[Label, ...]
    optional: frozenset[str]
    """kinds that may be given or left out"""
    part: str
    """first, held out, new, third, ...: the words of its "##" heading"""


def sentences(path: Path = SENTENCES) -> list[Sentence]:
    """Return the labelled sentences of a file."""
    found: list[Sentence] = []
    head: tuple[str, date] | None = None
    labels: list[Label] = []
    part, optional = "first", set[str]()

    def close() -> None:
        if head:
            found.append(Sentence(head[0], head[1], tuple(labels), frozenset(optional), part))

    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            close()
            head, labels, optional = (line[12:], date.fromisoformat(line[1:11])), [], set()
        elif line.startswith("##"):
            close()
            head, part = None, line[3:].partition(",")[0]
        elif line and not line.startswith("#"):
            kind, low, high, qualifier, rung, when, *more = line.split()
            also = {key: value.replace("_", " ") for key, _, value in (word.partition("=") for word in more)}
            if qualifier == "skip":
                optional.add(kind)
                continue
            numbers = [None if value == "-" else float(value) for value in (low, high)]
            words = [("" if value == "-" else value.replace("_", " ")) for value in (qualifier, rung)]
            labels.append(Label(kind, numbers[0], numbers[1], words[0], words[1], "" if when == "-" else when, also))
    close()
    return found


def _close_to(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else abs(a - b) <= 2e-3 * max(abs(a), abs(b))


def match(sentence: Sentence) -> tuple[list[tuple[Label, claims.TextClaim]], list[Label], list[claims.TextClaim]]:
    """Return (pairs, missed labels, claims too many) of one sentence."""
    given = claims.extract(sentence.text, sentence.published)
    pairs, missed = [], []
    for label in sentence.labels:
        for claim in given:
            mine = claim.quantity.si_low if claim.quantity.si_low is not None else claim.quantity.si_high
            yours = label.low if label.low is not None else label.high
            if claim.kind == label.kind and _close_to(mine, yours):
                pairs.append((label, claim))
                given.remove(claim)
                break
        else:
            missed.append(label)
    if sentence.optional:
        given = [claim for claim in given if claim.kind not in sentence.optional]
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
            qualifiers += label.qualifier == claim.quantity.qualifier
            dates += label.date == claim.date
            bounds += _close_to(label.low, claim.quantity.si_low) and _close_to(label.high, claim.quantity.si_high)
    found = max(hits, 1)
    return {
        "sentences": len(chosen), "quantities": hits + missed, "F1": 2 * hits / max(2 * hits + missed + extra, 1),
        "false_on_empty": empty_hit / max(empty, 1), "both_bounds": bounds / found, "rung": rungs / found,
        "qualifier": qualifiers / found, "date": dates / found,
    }  # fmt: skip


def says_more(chosen: list[Sentence]) -> tuple[int, int]:
    """Return (claims whose rung stands above the one of their label, claims that were compared)."""
    height = {"": -1, **{rung: n for n, rung in enumerate(LADDER)}}
    pairs = [pair for sentence in chosen for pair in match(sentence)[0]]
    return sum(height[claim.rung] > height[label.rung] for label, claim in pairs), len(pairs)


def is_chinese(sentence: Sentence) -> bool:
    """Say whether a sentence is Chinese."""
    return bool(re.search("[一-龥]", sentence.text))


def offsets_exact(chosen: list[Sentence]) -> float:
    """Return the share of claims whose quote is the text between their offsets."""
    right = [s.text[c.start : c.end] == c.quote for s in chosen for c in claims.extract(s.text, s.published)]
    return sum(right) / len(right)


def money_errors(chosen: list[Sentence]) -> int:
    """Return how many sums of money are wrong by a factor of ten or more."""
    wrong = 0
    for sentence in chosen:
        _, missed, more = match(sentence)
        for label in missed:
            value = (label.low if label.low is not None else label.high) or 1
            given = [c.quantity.si_low or c.quantity.si_high or 0 for c in more if c.kind == label.kind]
            wrong += sum(not 0.1 < number / value < 10 for number in given)
    return wrong


def dense_text() -> str:
    """Return the sentences one after another, forty times."""
    return "\n".join(sentence.text for sentence in sentences()) * 40


def varied_text(seed: int = 7, size: int = 1_500_000) -> str:
    """Return an article-like text in which nothing repeats: each labelled sentence, its digits drawn anew, in filler."""
    draw = random.Random(seed)
    texts, written, out = [s.text for s in sentences()], 0, []
    while written < size:
        text = "".join(draw.choice("3456789") if c in "3456789" else c for c in draw.choice(texts))
        if re.search("[一-龥]", text):
            filler = "".join("".join(draw.sample(HAN, 45)) + "。" for _ in range(4))
        else:
            filler = " ".join(" ".join(draw.sample(LATIN, 14)) + "." for _ in range(6))
        out.append(f"{text}{filler}")
        written += len(out[-1].encode())
    return "\n".join(out)


def mixed_text(seed: int = 11, size: int = 600_000) -> str:
    """Return the labelled sentences with filler between them, their digits drawn anew, so that nothing repeats.

    There is about one quantity for 60 characters of Chinese and 110 of English, as in a notice.
    """
    draw = random.Random(seed)
    labelled, written, out = [s for s in sentences() if s.labels], 0, []
    while written < size:
        sentence = draw.choice(labelled)
        text = "".join(draw.choice("3456789") if c in "3456789" else c for c in sentence.text)
        if is_chinese(sentence):
            rest = 60 * len(sentence.labels) - len(text)
            text += "".join("".join(draw.sample(HAN, 20)) + draw.choice("，。") for _ in range(rest // 21))
        else:
            rest = 110 * len(sentence.labels) - len(text)
            text += " ".join(" ".join(draw.sample(LATIN, 12)) + "." for _ in range(rest // 70))
        out.append(text)
        written += len(text.encode())
    return "\n".join(out)


def dense_varied_text(seed: int = 9, size: int = 600_000) -> str:
    """Return the labelled sentences one after another, the digits of each drawn anew, so that nothing repeats."""
    draw, texts, written, out = random.Random(seed), [s.text for s in sentences()], 0, []
    while written < size:
        out.append("".join(draw.choice("3456789") if c in "3456789" else c for c in draw.choice(texts)))
        written += len(out[-1].encode())
    return "\n".join(out)


def speed(text: str) -> float:
    """Return megabytes of UTF-8 read per second of processor time on one core."""
    claims.extract("1 MW in 2024", date(2025, 1, 1))
    begun = time.process_time()
    claims.extract(text, date(2025, 1, 1))
    return len(text.encode()) / 1e6 / (time.process_time() - begun)


def pdf_seconds(pages: int = 200) -> float:
    """Return seconds of processor time for a PDF with text of that many pages."""
    from tests.filing_documents import pdf

    line = "{}号项目总投资约12.6亿元，建设标准机柜5{:04d}个，一期算力规模2000P，计划2025年底投运。"
    data = pdf([line.format(i, i) for i in range(40 * pages)], width=60)
    begun = time.process_time()
    filing = filings.parse(data, "long.pdf")
    table = filings.claims_of(filing)
    seconds = time.process_time() - begun
    assert table["page"].max() >= pages and len(table) >= 3 * 39 * pages
    return seconds


def rungs(chosen: list[Sentence]) -> str:
    """Return how often the rung is right where the label states one, silent there, and above the label."""
    pairs = [pair for sentence in chosen for pair in match(sentence)[0]]
    stated = [(label, claim) for label, claim in pairs if label.rung]
    right, silent = sum(a.rung == b.rung for a, b in stated), sum(not b.rung for _, b in stated)
    more, compared = says_more(chosen)
    return f"right {right} of {len(stated)}, silent {silent}; above the label {more} of {compared}"


def rows() -> list[str]:
    """Return the rows of the table."""
    everything, out = sentences(), []
    for tongue, chinese in (("Chinese", True), ("English", False)):
        chosen = [s for s in everything if is_chinese(s) == chinese]
        r = score(chosen)
        out.append(
            f"| {tongue}, all eight sets, after repair: {r['sentences']} sentences, {r['quantities']} quantities: "
            f"F1; rung; qualifier; date | {r['F1']:.3f}; {r['rung']:.3f}; {r['qualifier']:.3f}; {r['date']:.3f} |"
        )
    labelled_open = "four of them are 采购 before a count, and the price beside it, which their labels leave open"
    out.append(f"| rungs of all eight sets, after repair | {rungs(everything)} ({labelled_open}) |")
    empty = [s for s in everything if not s.labels]
    yielding = sum(bool(match(s)[2]) for s in empty)
    out.append(f"| sentences without a quantity that yield one, after repair | {yielding} of {len(empty)} |")
    out.append(f"| offsets exact | {offsets_exact(everything):.1%} |")
    out.append(f"| sums of money wrong by ten or more, after repair | {money_errors(everything)} |")
    for words, text in (
        ("an article in which nothing repeats, a quantity every 390 bytes", varied_text(size=600_000)),
        ("the same, a quantity every 124 bytes (71 characters)", mixed_text()),
        ("nothing but quantities, one every 52 bytes (36 characters)", dense_varied_text()),
        ("the sentences forty times over (paragraphs that repeat are read once)", dense_text()),
    ):
        out.append(f"| MB of UTF-8 a second: {words} | {speed(text):.1f} |")
    out.append(f"| 200-page PDF with text, 24,000 claims | {pdf_seconds():.1f} s |")
    return out


def main() -> None:
    """Print and write the table; with --faults, print what went wrong instead."""
    if "--faults" not in sys.argv:
        head = "## Reading filings\n\nWritten by `python -m benchmarks.filings.sentences` (processor time, one core).\n"
        section = head + "\n| measured | value |\n|---|---|\n" + "\n".join(rows()) + "\n"
        print(section)
        write_section(section)
        return
    for sentence in sentences():
        pairs, missed, more = match(sentence)
        wrong = [(a, b) for a, b in pairs if (a.rung, a.qualifier, a.date) != (b.rung, b.quantity.qualifier, b.date)
                 or not (_close_to(a.low, b.quantity.si_low) and _close_to(a.high, b.quantity.si_high))]  # fmt: skip
        if missed or more or wrong:
            print(sentence.text)
            for label in missed:
                print("   missed", label)
            for claim in more:
                print("   extra ", claim.kind, claim.quantity.si_low, claim.quantity.si_high, claim.quote)
            for label, claim in wrong:
                print("   wrong ", label, "| got", claim.quantity, claim.rung, claim.date)


if __name__ == "__main__":
    main()
