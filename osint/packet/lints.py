"""What an editor must not let pass in a figure and its packet: each lint names the line to mend."""

from __future__ import annotations

import colorsys
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from osint import verdict
from osint.passport import columns_of, decimal, private_in, unlisted_numbers


@dataclass(frozen=True, slots=True)
class Fault:
    """One line to mend."""

    lint: str
    """Name of the lint."""
    where: str
    """File and line, or field of the passport."""
    says: str
    """What is wrong, and what to do."""

    def text(self) -> str:
        """Return it as a line."""
        return f"{self.lint}: {self.where}: {self.says}"


@dataclass(frozen=True)
class View:
    """A packet as the lints see it."""

    core: Mapping[str, Any]
    """Core of the passport."""
    render: Mapping[str, Any] = field(default_factory=dict)
    """What the passport says of the picture."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Files of text by name."""
    data: bytes | None = None
    """The values drawn, as CSV."""
    svg: str = ""
    """The figure with its colours."""
    words: Mapping[str, Any] = field(default_factory=dict)
    """May say, may not say, harm note, of the packet."""
    reviews: tuple[Mapping[str, Any], ...] = ()
    """Sign-offs that hold."""
    newer: tuple[str, ...] = ()
    """What is on file and newer than the figure."""

    def own_words(self) -> Iterator[tuple[str, str]]:
        """Yield our sentences, without quotes of sources: where, and the sentence."""
        judged = self.core.get("judgement", {})
        held = {f"passport, {k}": self.core.get(k, "") for k in ("title", "question", "no_contradiction")}
        held |= {f"passport, {k}": self.render.get(k, "") for k in ("caption", "alt")}
        held |= {f"passport, {k} of the judgement": v for k, v in judged.items()}
        held |= {f"packet, {k}": v for k, v in self.words.items()}
        for where, said in held.items():
            for text in [said] if isinstance(said, str) else said if isinstance(said, list) else ():
                yield from ((where, one) for one in re.split(r"(?<=[.!?])\s+", str(text)) if one)

    def numbers(self) -> list[Mapping[str, Any]]:
        """Return the ledger."""
        return list(self.core.get("numbers", []))

    def evidence(self) -> list[Mapping[str, Any]]:
        """Return the sources."""
        return list(self.core.get("evidence", []))


Found = Iterator[tuple[str, str]]
LINTS: dict[str, Callable[[View], Found]] = {}
"""The lints by name; each yields where, and what to do."""


def _lint(name: str) -> Callable[[Callable[[View], Found]], Callable[[View], Found]]:
    def put(check: Callable[[View], Found]) -> Callable[[View], Found]:
        LINTS[name] = check
        return check

    return put


def lints(view: View) -> list[Fault]:
    """Return the faults of a packet, in the order of LINTS."""
    return [Fault(name, where, says) for name, check in LINTS.items() for where, says in check(view)]


def _lines(view: View) -> Iterator[tuple[str, str]]:
    for name, text in view.texts.items():
        yield from ((f"{name} line {at}", line) for at, line in enumerate(text.splitlines(), 1))


@_lint("SIMULATED")
def simulated(view: View) -> Found:
    """Find a packet that rests on an invented world."""
    if view.core.get("simulated"):
        yield (
            "passport",
            "it rests on rows of an invented world: nothing in it is about a real place, and none is for print",
        )


@_lint("unfinished")
def unfinished(view: View) -> Found:
    """Find a TK or a TODO anywhere."""
    for where, line in _lines(view):
        if found := re.search(r"\b(TK|TKTK|TODO|FIXME|XXX)\b", line):
            yield where, f"it still says {found[0]}; write what belongs there"


@_lint("number without a ledger line")
def loose_number(view: View) -> Found:
    """Find a number of the caption that the ledger does not have."""
    for number in unlisted_numbers(str(view.render.get("caption", "")), view.core):
        yield "passport, caption", f"{number} is no number of the ledger; give it a source or take it out"


_DIGITS = 3  # of a value whose range is wide


@_lint("digits beyond the range")
def digits(view: View) -> Found:
    """Find a value that was not reported, with more than three digits and a range wider than a tenth of it."""
    for row in view.numbers():
        if {"low", "best", "high"} <= set(row) and row.get("kind") != "reported":
            low, best, high = (Decimal(row[k]) for k in ("low", "best", "high"))
            if high - low > abs(best) / 10 and len(best.normalize().as_tuple().digits) > _DIGITS:
                yield (
                    f"passport, number {row.get('label')!r}",
                    f"{row['best']} with a range of {low} to {high}: round it",
                )


@_lint("nothing drawn as zero")
def zeros(view: View) -> Found:
    """Find a zero in the data where the ledger has none: a missing value is empty."""
    known = any(Decimal(row[k]) == 0 for row in view.numbers() for k in ("low", "best", "high") if k in row)
    for name, values in (columns_of(view.data) if view.data and not known else {}).items():
        if any(value == 0 for value in values):
            yield f"data, column {name}", "0 is drawn and no number of the ledger is 0; leave empty what is missing"


_BUILT = re.compile(r"\b(has|have|houses?|holds?|operates?|runs|installed|deployed|is home to)\b", re.IGNORECASE)
_CHIPS = re.compile(r"\b(chips?|GPUs?|servers?|processors?)\b", re.IGNORECASE)
_PLAN = re.compile(
    r"\b(plan\w*|intend\w*|approv\w*|would|will|claim\w*|sa(?:y|ys|id)|announce\w*|room|if|no|not)\b", re.I
)


@_lint("planned worded as installed")
def planned(view: View) -> Found:
    """Find a sentence that says of chips that they are there, where all claims speak of plans."""
    stages = {one.get("stage") for one in view.evidence() if one.get("role") == "claims"} - {None}
    if stages != {"plan"}:
        return
    for where, said in view.own_words():
        if _BUILT.search(said) and _CHIPS.search(said) and not _PLAN.search(said):
            yield where, f"{said!r} says that it is there, and every source speaks of a plan; say planned or claimed"


@_lint("precision not named")
def precision(view: View) -> Found:
    """Find chips that were worked out from PFLOPS without a word on the number format."""
    units = {row.get("id"): str(row.get("unit", "")) for row in view.numbers()}
    for row in view.numbers():
        text = f"{row.get('label', '')} {row.get('note', '')} {row.get('written', '')} {row.get('unit', '')}"
        names = set(re.findall(r"[A-Za-z_]\w*", str(row.get("expression", "")))) | set(row.get("from", []))
        flops = any(re.search(r"\b(P|PFLOPS|EFLOPS)\b", units.get(name, ""), re.IGNORECASE) for name in names)
        if flops and "chip" in str(row.get("unit")) and not re.search(r"dense|sparse|FP\d|BF16|INT8|TF32", text):
            yield f"passport, number {row.get('label')!r}", "P became chips: name the precision, as dense FP16"


_WORDS = [word for _, word in verdict.BANDS]
_CONFIDENCE = re.compile(r"\b(low|moderate|high) confidence\b|\bconfiden(ce|t)\b", re.IGNORECASE)
_LIKELY = re.compile(
    "|".join([r"\b(un)?likely\b", r"\bprobab\w+\b", r"\bchance\b", *map(re.escape, _WORDS)]), re.IGNORECASE
)


@_lint("likelihood and confidence in one sentence")
def mixed(view: View) -> Found:
    """Find a sentence with both."""
    for where, said in view.own_words():
        if _CONFIDENCE.search(said) and _LIKELY.search(said):
            yield where, f"{said!r} has a likelihood and a confidence; make two sentences"


_OFF_SCALE = re.compile(
    r"\b(probably|improbabl[ey]|possibly|perhaps|maybe|presumably|apparently|conceivabl[ey]|doubtless|undoubtedly|"
    r"(?:highly|extremely|quite|most|rather|fairly) (?:un)?likely|(?:good|real|slim|fair) chance|"
    r"cannot be ruled out)\b",
    re.IGNORECASE,
)


@_lint("probability word off the scale")
def off_scale(view: View) -> Found:
    """Find a word of probability that has no fixed meaning."""
    for where, said in view.own_words():
        if found := _OFF_SCALE.search(said):
            yield where, f"{found[0]!r} has no fixed meaning; use one of: {', '.join(_WORDS)}"


@_lint("one story counted twice")
def twice(view: View) -> Found:
    """Find a number that rests on two sources of one independence group."""
    group = {str(e.get("id")): str(e["independence_group"]) for e in view.evidence() if e.get("independence_group")}
    for row in view.numbers():
        counts = Counter(group[source] for source in row.get("from", []) if source in group)
        if row.get("kind") == "reported" and counts and max(counts.values()) > 1:
            yield (
                f"passport, number {row.get('label')!r}",
                f"two of its sources are one story ({counts.most_common(1)[0][0]}); name one",
            )


@_lint("quote without translation")
def untranslated(view: View) -> Found:
    """Find a quote in another language without its translation."""
    for one in view.evidence():
        foreign = one.get("quote_language", "") not in ("", "en") or re.search(r"[\u3400-\u9fff]", one.get("quote", ""))
        if one.get("quote") and foreign and not one.get("translation"):
            yield f"passport, evidence {one.get('id')}", "its quote has no translation"


@_lint("marker finer than the place is known")
def marker(view: View) -> Found:
    """Find a mark that is smaller than the doubt of its position."""
    for one in view.core.get("places", []):
        known, drawn = (decimal(one[k]) if k in one else None for k in ("coord_precision_km", "marked_m"))
        if "lon" in one and (known is None or (drawn is not None and drawn < known * 1000)):
            how = "not stated" if known is None else f"{known} km"
            yield f"passport, place {one.get('site_id')}", f"the position is good to {how}; draw a circle as wide"


@_lint("datum not known")
def datum(view: View) -> Found:
    """Find a position without a datum."""
    for one in view.core.get("places", []):
        if "lon" in one and one.get("source_datum", "unknown") == "unknown":
            yield (
                f"passport, place {one.get('site_id')}",
                "its datum is not known: up to 1,100 m off in China; say so or find it",
            )


@_lint("Copernicus credit missing")
def credit(view: View) -> Found:
    """Find Sentinel imagery without the credit that its licence asks for."""
    for one in view.core.get("imagery", []):
        made_by = f"{one.get('sensor', '')} {one.get('collection', '')} {one.get('item', '')}"
        if re.search(r"sentinel|\bS[12][ABC]_", made_by, re.IGNORECASE) and "Copernicus" not in one.get("credit", ""):
            yield f"passport, scene {one.get('item')}", "write 'Contains modified Copernicus Sentinel data YEAR'"


@_lint("alt text missing")
def alt(view: View) -> Found:
    """Find a figure without words for who cannot see it."""
    if not view.render.get("alt"):
        yield "passport, alt", "say in two sentences what the figure shows"


@_lint("red against green")
def colours(view: View) -> Found:
    """Find a red and a green of like lightness in one figure."""
    reds: list[tuple[str, float]] = []
    greens: list[tuple[str, float]] = []
    for code in sorted(set(re.findall(r"#[0-9a-fA-F]{6}\b", view.svg))):
        hue, light, full = colorsys.rgb_to_hls(*(int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)))
        if full > 0.4 and 0.15 < light < 0.75:
            (reds if hue < 0.05 or hue > 0.95 else greens if 0.22 < hue < 0.42 else []).append((code, light))
    for red, one in reds:
        for green, other in greens:
            if abs(one - other) < 0.25:
                yield "figure", f"{red} against {green}: one reader in twelve sees no difference; take blue and orange"
                return


@_lint("path or address of a person")
def private(view: View) -> Found:
    """Find a path of a machine or an e-mail address in any text."""
    for where, line in _lines(view):
        if found := private_in(line):
            yield where, f"it holds {found}; take it out"


@_lint("evidence newer than the figure")
def newer(view: View) -> Found:
    """Find what is on file and newer, corrected or changed."""
    yield from (("case", said) for said in view.newer)


@_lint("same maker and checker")
def same(view: View) -> Found:
    """Find one person in both parts."""
    people = view.core.get("people", {})
    maker = str(people.get("made_by", ""))
    makers = {str(r.get("who", "")).casefold() for r in view.reviews if r.get("role") == "maker"} | {maker.casefold()}
    checkers = {str(r.get("who", "")) for r in view.reviews if r.get("role") == "checker"} | {
        people.get("checked_by", "")
    }
    for who in sorted(one for one in checkers if one and one.casefold() in makers):
        yield "people", f"{who} made it and checked it; somebody else must check"


@_lint("no contradicting source")
def one_sided(view: View) -> Found:
    """Find a figure that names nothing against itself, and does not say where that was looked for."""
    against = any(one.get("role") == "contradicts" for one in view.evidence())
    if view.evidence() and not against and not view.core.get("no_contradiction"):
        yield "passport, no_contradiction", "name a source that contradicts it, or say where none was found"


@_lint("harm note missing")
def harm(view: View) -> Found:
    """Find a packet without a word on whom it could harm."""
    if not view.words.get("harm"):
        yield "packet, harm", "say who could be harmed by printing this, and what was done about it"


@_lint("made from files that were not committed")
def dirty(view: View) -> Found:
    """Find a figure that nobody can make again."""
    if view.core.get("method", {}).get("dirty"):
        yield "passport, method", "commit, and export again: nobody can make this figure from the commit it names"
