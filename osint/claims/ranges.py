"""Join numbers to ranges, lists and products, and give them the unit that is said once."""

from __future__ import annotations

import re
from itertools import pairwise

from osint.claims.atoms import Atom
from osint.claims.folding import NumberDoubt
from osint.claims.numbers import HAN_SCALE, scale_factor
from osint.claims.units import Unit, declared_units, spelling_key

_PUE_FROM = re.compile(r"(?:PUE|power usage effectiveness)[^;.]{0,80}\bfrom (?:[a-z]+ ){0,3}$", re.IGNORECASE)
_PUE_UNIT = Unit("pue", "ratio")
_PUE_LOW, _PUE_HIGH = 1.0, 3.0  # no power usage effectiveness is outside (1 by definition; judgement)
_NEAR = 8  # longest gap between two numbers of one range, list or product, in characters (judgement)
_AGAIN_REACH = 120  # longest gap between a number and another that counts the same again, in characters (judgement)
_HEAD = re.compile(r"[(\[](?:单位:)?([^()\[\]\s]{1,8})[)\]][ \t]{0,2}(?:为|是)?[: \t|]{0,3}[约¥]?$")
_PUE = re.compile(r"(?:PUE|[电][能力]?[利使]用效率|power usage effectiveness)[^0-9;。]{0,32}$", re.IGNORECASE)


def _take_unit(atom: Atom, label: str) -> None:
    """Give a number the unit, and where it has none the scale, that a label names."""
    scaled = re.match(HAN_SCALE, label)
    scale = scaled.group() if scaled else ""
    label = label.partition("/")[0]  # 万元/套: the price of one
    known = declared_units().get(spelling_key(label[len(scale) :]))
    if known:
        atom.unit, atom.scale, atom.measure = label[len(scale) :], atom.scale or scale, known


def _unit_before(atom: Atom, text: str) -> None:
    """Give a bare number the unit that its label carries: "(万元): 668.79", "PUE 1.2"."""
    may_be_pue = _PUE_LOW <= atom.number <= _PUE_HIGH and not atom.scale
    if may_be_pue and (
        _PUE.search(text, max(0, atom.start - 48), atom.start)
        or ("." in text[atom.start : atom.end] and _PUE_FROM.search(text, max(0, atom.start - 120), atom.start))
    ):
        atom.measure = _PUE_UNIT
        return
    near = text[max(0, atom.start - 6) : atom.start]
    head = _HEAD.search(text, max(0, atom.start - 16), atom.start) if ")" in near or "]" in near else None
    if head:
        _take_unit(atom, head[1])
        return
    named = (
        _NAMED.search(text, max(0, atom.start - _CHANGE_REACH // 2), atom.start)
        if text[atom.end : atom.end + 1] in _ENDS
        else None
    )
    if named and atom.number not in _YEARLIKE and not atom.currency:
        atom.measure, atom.remark = (
            Unit("racks" if named[1] else "servers" if named[2] else "chips", "count"),
            NumberDoubt.NO_COUNTER,
        )


_ENDS = (*",;。、)", "")
_NAMED = re.compile(
    r"(?:(机[架柜])|(服务器)|(?:加速|GPU|显|算力|智算)卡|GPU)"
    r"(?:(?:总?(?:数量?|规模|量)|保有量|存量)(?:已|共|约|达到?|超过?|突破|为|是|有|增至|[: ])*|"
    r"(?:已|共)?(?:约|达到?|超过?|突破|增至)+)$"
)
"""what counts machines without a counter: 标准机架规模达3.4万"""

_RANGE = re.compile(r"\s{0,2}(?:-|~|—{1,2}|--|至|到|to(?: (?:over|about|around|nearly|almost|more than))?)\s{0,2}")
_WIDEST_RANGE = 10_000
"""times that the upper end of a range is its lower one at most, where the lower has no unit (judgement)"""
_BOUNDED = re.compile(r",?(?:且|并且|但)?不得?(?:超过|高于|大于|多于)")
"""what stands between the two ends of 不低于A且不超过B"""
_AT_LEAST = re.compile(r"不(?:得)?(?:低于|少于|小于)(?:人民币)?$")
_PUE_RANGE, _PUE_LIST = re.compile(rf"{_RANGE.pattern}|\sand\s"), re.compile(r"[、,和及与]\s?|, and ")
_PUE_CHANGES = re.compile(
    r"(?:下?降低?|压[降减]|调[整低减]?|优化|改善|变更)?[至到为]|"
    r"(?:\sin (?:20|19)\d\d)?\sto (?:a |an )?(?:record low |average |low |just |about )?(?:of )?"
)
"""what stands between what a PUE was and what it becomes"""
_LIST = re.compile(r"\s{0,2}(?:、|/|和|及|与|或|,?\s?and|,?\s?or|&|,)\s{0,2}")
_AND_OR_TO, _TO = re.compile(r"\s(?:and|to)\s"), re.compile(r"to|到|至")
MULTIPLIED = ("transformer", "power", "gen", "battery")
"""what 2×180 is 360 of; two lines of 110 kV are no 220 kV, and 8×16 of other things may be either"""
TIMES = re.compile(r"\s?[×xX*]\s?")
_ORDINAL = re.compile(r"(?:phases?|buildings?|no\.|blocks?|figure|table|section|lots?|units?|tranche|halls?)\s?$", re.I)
_GROWS = re.compile(
    r"提升|(?<!新)增|扩|升|降|\b(?:increas|expand|grow|grew|rais|rise|rising|rose|ramp|scal|went|go(?:es|ing)?\b|mov|jump|"
    r"climb|soar|surg|boost|upgrad|fell|fall|drop|cut|reduc|lower|declin|bring|brought|tak(?:es|ing)|took)",
    re.IGNORECASE,
)
"""verbs of a change"""
_FROM = re.compile(r"(?:\bfrom(?: (?!of)[\w'’]+){0,3}|从|由)\W{0,2}约?$", re.IGNORECASE)
_SPANS = re.compile(r"\b(?:rang\w+|var(?:y|ies|ying)|anywhere|between)\b", re.IGNORECASE)
_CHANGE_REACH = 40
"""characters before a number in which the verb of its change stands (judgement)"""
_YEARLIKE = range(1990, 2051)
# "racks, taking the total to 8,200", "15,000 petaflops, up from 600": what was counted is not said again
_AGAIN = re.compile(
    r"\b(?:(?:up|down) from|(?:batch|batches|tranche|tranches) of|compared (?:with|to)|"
    r"(?:taking|bringing|lifting) (?:the|its) (?:total|tally|count) to|for a total of)\s$"
)
_MORE_OF_IT = (" add ", "adds ", " further ", " additional ", " another ", " than ")
_BEFORE_AGAIN = ("from ", "with ", " to ", " of ", "only ", *_MORE_OF_IT)
_THEN = re.compile(
    r"(?: more)?(?: (?:had|have|has|were|was|are|is|will|would|followed|by|in|this|next|at|later|more)\b|[.;,](?!\d)|$)"
)
_VERB = re.compile(r" (?:had|have|has|was|were|are|is)\b")
_OF_THE = re.compile(r"\b[Oo]f (?:the |its )?$")
_END_OF_SENTENCE = re.compile(r"[。;\n]|\.\s")


def _complete(atoms: list[Atom], text: str) -> None:
    """Give bare numbers the unit that stands before them, or that of the number they repeat."""
    for atom in atoms:
        if not atom.family:
            _unit_before(atom, text)
    for atom, following in pairwise(atoms):
        if atom.family == "pue" and not following.family and _PUE_LOW <= following.number <= _PUE_HIGH:
            between = text[atom.end : following.start] if following.start - atom.end <= _NEAR else "far"
            in_list = "." in text[following.start : following.end] and _PUE_LIST.fullmatch(between)
            if in_list or _PUE_RANGE.fullmatch(between) or _PUE_CHANGES.fullmatch(between):
                following.measure = atom.measure
    named: Atom | None = None
    for atom in atoms:
        if named and not (atom.family or atom.scale) and _counts_again(named, atom, text):
            atom.measure, atom.unit, atom.chip_model = named.measure, named.unit, named.chip_model
        named = atom if atom.family else named


def join(atoms: list[Atom], text: str) -> list[tuple[Atom, Atom | None]]:
    """Return (first, last) for ranges and (atom, None) for single quantities, units shared along lists."""
    _complete(atoms, text)
    joined: list[tuple[Atom, Atom | None]] = []
    right: Atom | None = None  # the number to the right of the present one, if it has a unit
    for atom in reversed(atoms):
        if right is not None and 0 <= right.start - atom.end <= _NEAR:
            gap = text[atom.end : right.start]
            single = bool(joined) and joined[-1] == (right, None)
            if single and right.family in ("voltage", "pue") and TIMES.fullmatch(gap):
                right = None  # three lines of 110 kV are no 330 kV
                continue
            if single and not atom.family and TIMES.fullmatch(gap):
                right.number *= atom.number
                right.remark = right.remark or ("" if right.family in MULTIPLIED else NumberDoubt.PRODUCT)
                right.start = atom.start
                continue
            if single and _is_range(atom, right, gap, text):
                _share(atom, right)
                joined[-1] = (atom, right)
                right = None
                continue
            if _shares_unit(atom, right, gap, text):
                _share(atom, right)
        if atom.family:
            joined.append((atom, None))
        right = atom if atom.family else None
    return joined[::-1]


def _counts_again(atom: Atom, following: Atom, text: str) -> bool:
    """Say whether a bare number counts again what `atom` counts."""
    start = following.start
    if following.number in _YEARLIKE and "," not in text[start : following.end]:
        return False
    if text[start - 2 : start] == ", " and _OF_THE.search(text, max(0, atom.start - 8), atom.start):
        return _THEN.match(text, following.end) is not None and start - atom.end <= _AGAIN_REACH
    if atom.family in _MACHINES and _left_out(atom, following, text):
        return True
    if not text.endswith(_BEFORE_AGAIN, 0, start) or atom.currency:
        return False
    if start - atom.end > _AGAIN_REACH:
        return False
    if text.endswith(_MORE_OF_IT, 0, start):
        return bool(_THEN.match(text, following.end)) and "." not in text[atom.end : start]
    if _END_OF_SENTENCE.search(text, atom.end, start):
        return False
    only = text.endswith("only ", 0, start) and _VERB.match(text, following.end)
    return bool(only or _AGAIN.search(text, atom.end, start))


_MACHINES = ("chips", "servers", "racks")
_LEAST_BARE = 100  # bare numbers below are days, halls, lots (judgement)
_TAKES_COUNT = re.compile(
    r"\b(?:[Tt]he(?: first| last| next| remaining| other| initial| outstanding)?|[Aa]nother|"
    r"(?:ship|order|own|rent|install|deploy|receive|add|return|reject|cancel|deliver)(?:s|ed)?|put|placed|"
    r"bought|buys?|has|have|had|takes?|took|of which)(?: only| some| about| another)? $"
)
"""what stands before a number whose noun was said with the number before it"""
_OPENS_CLAUSE = re.compile(r"(?:[;:,.] (?:[Jj]ust )?|\b(?:that|but|maybe|only|just|some) )$")
_OWN_VERB = re.compile(
    r"(?: or so| more)? (?:of them|(?:are|were|had|have)(?! (?:in|\d))|made it|remain|sit|went|came|arrived|shipped)\b"
)
"""what stands around a number that is the subject of its clause, its noun said before: 3,300 made it through"""
_LEFT_OUT = re.compile(
    r"(?: more| or so)?(?: (?:as|into|that|which|are|were|is|was|had|have|has|will|would|by|in|at|and|this|next|last|"
    r"of them|\w+ed|went|came)\b|[.;,:](?!\d)|$)"
)


def _left_out(atom: Atom, following: Atom, text: str) -> bool:
    """Say whether a bare number leaves out the noun of `atom`: ordered 6,000 GPUs; the first 1,500 arrived."""
    start = following.start
    if following.number < _LEAST_BARE or start - atom.end > _AGAIN_REACH or following.currency:
        return False
    if _OWN_VERB.match(text, following.end) and _OPENS_CLAUSE.search(text, max(0, start - 8), start):
        return True
    takes = _TAKES_COUNT.search(text, max(0, start - 24), start) is not None
    return takes and _LEFT_OUT.match(text, following.end) is not None


def _is_range(atom: Atom, following: Atom, gap: str, text: str) -> bool:
    """Say whether two numbers are the ends of one range."""
    bounded = _BOUNDED.fullmatch(gap) and _AT_LEAST.search(text, max(0, atom.start - 8), atom.start)
    if not (_RANGE.fullmatch(gap) or bounded) and not (
        _AND_OR_TO.fullmatch(gap) and text[max(0, atom.start - 9) : atom.start].rstrip().lower().endswith("between")
    ):
        return False
    if atom.family and atom.family != following.family:
        return False
    if not atom.family and (atom.number in _YEARLIKE and following.family == "duration"):
        return False
    if "-" in gap and text[atom.start - 1 : atom.start] == "-":
        return False
    if _TO.search(gap) and _is_change(atom, gap, text):
        return False
    low = atom.value * (atom.measure if atom.family else following.measure).factor
    high = following.value * following.measure.factor
    if not atom.family and 0 < atom.number * _WIDEST_RANGE < following.number:
        return False  # 包1-2610000元: the number of a lot
    return low <= high or (not atom.scale and atom.number <= high)


def _is_change(atom: Atom, gap: str, text: str) -> bool:
    """Say whether a number before "to" is what something changed from: grew from 1.9k to 10.9k GPUs."""
    before = re.split("[,;。]", text[max(0, atom.start - _CHANGE_REACH) : atom.start])[-1]
    if _SPANS.search(before) or ("from " in before and not _FROM.search(before)):
        return False
    if atom.unit or atom.currency:
        return (_FROM.search(before) or _GROWS.search(before)) is not None
    return _FROM.search(before) is not None and _GROWS.search(before + gap) is not None


def _shares_unit(atom: Atom, following: Atom, gap: str, text: str) -> bool:
    """Say whether a bare number is one of a list whose unit stands behind its last number."""
    is_change = _TO.search(gap) is not None and _is_change(atom, gap, text)
    if atom.family or not (is_change or _LIST.fullmatch(gap)) or following.family in ("pue", "duration", "foreign"):
        return False
    if _ORDINAL.search(text[max(0, atom.start - 12) : atom.start]):
        return False
    if gap.strip() == "," and not following.shared:
        return False  # "50, 75 and 100 MW", but not "in 2024, 100 MW"
    return atom.number not in _YEARLIKE


def _share(atom: Atom, following: Atom) -> None:
    """Give `atom` the unit, and where it has none the scale, of the atom behind it."""
    if atom.family:
        if atom.currency and not atom.scale and following.scale and not atom.unit:
            atom.scale = following.scale
        return
    atom.measure, atom.unit, atom.currency = following.measure, following.unit, atom.currency or following.currency
    atom.shared = True
    if not atom.scale and following.scale and atom.number * scale_factor(following.scale) <= following.value:
        atom.scale = following.scale
