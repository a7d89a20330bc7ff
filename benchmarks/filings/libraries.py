"""Score quantity libraries on the same sentences: value and unit only. Needs them installed; not part of the tests.

quantulum3 0.10, jionlp 1.5 and recognizers-text-suite 1.0.2a2 (with emoji==1.7.0) went into an environment of
their own, because they are old, large, or hold back other packages.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.filings.sentences import Sentence, is_chinese, sentences
from benchmarks.sections import write_section
from osint import claims

_UNITS = {
    "megawatt": 1, "gigawatt": 1e3, "kilowatt": 1e-3, "kilowatt-hour": 1e-6, "gigawatt hour": 1, "gigawatt-hour": 1,
    "terawatt hour": 1e3, "acre": 4046.8564224, "hectare": 1e4, "square metre": 1, "square meter": 1, "square foot": 0.09290304,
    "mu": 2000 / 3, "percentage": 0.01, "%": 0.01, "kilovolt": 1, "megavolt-ampere": 1, "dollar": 1, "us dollar": 1, "united states dollar": 1,
    "renminbi": 1, "chinese yuan": 1, "chinese yuan renminbi": 1, "yuan": 1, "hong kong dollar": 1, "euro": 1, "square kilometer": 1e6, "petaflops": 1,
}  # fmt: skip


def _quantulum3(sentence: Sentence) -> list[float]:
    from quantulum3 import parser

    found = parser.parse(sentence.text)
    return [q.value * _UNITS[q.unit.name.lower()] for q in found if q.unit.name.lower() in _UNITS]


def _jionlp(sentence: Sentence) -> list[float]:
    import jionlp

    numbers = []
    for found in jionlp.ner.extract_money(sentence.text, with_parsing=True):
        value = found["detail"]["num"]
        numbers.append(float(value[0] if isinstance(value, list) else value))
    return numbers


def _recognizers(sentence: Sentence) -> list[float]:
    from recognizers_number_with_unit import recognize_currency, recognize_dimension
    from recognizers_text import Culture

    culture = Culture.Chinese if is_chinese(sentence) else Culture.English
    numbers = []
    for recognize in (recognize_dimension, recognize_currency):
        for found in recognize(sentence.text, culture):
            unit = str(found.resolution.get("unit")).lower()
            if unit in _UNITS and found.resolution.get("value"):
                numbers.append(float(found.resolution["value"]) * _UNITS[unit])
    return numbers


def _ours(sentence: Sentence) -> list[float]:
    found = claims.extract(sentence.text, sentence.published)
    return [c.quantity.si_low if c.quantity.si_low is not None else c.quantity.si_high or 0.0 for c in found]


READERS: dict[str, Callable[[Sentence], list[float]]] = {
    "quantulum3": _quantulum3, "jionlp (money)": _jionlp, "recognizers-text": _recognizers, "osint extract": _ours,
}  # fmt: skip


def score(read: Callable[[Sentence], list[float]], chosen: list[Sentence]) -> tuple[float, float, float]:
    """Return (precision, recall, F1) of values in SI."""
    hits = given = wanted = 0
    for sentence in chosen:
        try:
            numbers = read(sentence)
        except Exception:  # a library that throws on a text has read nothing in it
            numbers = []
        given += len(numbers)
        wanted += len(sentence.labels)
        for label in sentence.labels:
            value = label.low if label.low is not None else label.high or 0.0
            same = [n for n in numbers if abs(n - value) <= 2e-3 * abs(value)]
            if same:
                numbers.remove(same[0])
                hits += 1
    return hits / max(given, 1), hits / max(wanted, 1), 2 * hits / max(given + wanted, 1)


def main() -> None:
    """Print the table and write it into docs/benchmarks.md."""
    rows = []
    for name, read in READERS.items():
        cells = []
        for chinese in (True, False):
            chosen = [s for s in sentences() if is_chinese(s) == chinese]
            cells.append("/".join(f"{value:.2f}" for value in score(read, chosen)))
        rows.append(f"| {name} | {cells[0]} | {cells[1]} |")
    head = "## Quantity libraries on the same sentences\n\nWritten by `python -m benchmarks.filings.libraries`: value in SI right; precision/recall/F1. All sentences, ours developed on most of them.\n"
    section = head + "\n| library | Chinese | English |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    write_section(section)
    print(section)


if __name__ == "__main__":
    main()
