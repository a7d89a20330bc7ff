"""Put the words of a stage together: the lowest of weak words, the tense, the words of one phrase."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum

from osint.claims.clauses import Clauses, RungWord
from osint.claims.units import WEAK_ROLES
from osint.register import LADDER

GLUED, _JOINED, _AROUND = 5, 16, 40
"""longest gap, in characters, between two rung words of one phrase: alone, with "or" or "and", around the number"""
ALREADY = re.compile(r"已|目前|现有|累计")
"""words that report what is done"""


class StageWay(StrEnum):
    """How a stage was found where no word right beside the number says it: less sure, and a reader must look."""

    APART = "a word of its clause that stands apart from it"
    MAY_BE = "the words say what may be or what it can hold"
    BEFORE = "a clause before it"
    BEHIND = "a clause behind it"
    LEAD = "the words before the colon"
    BRACKETS = "the brackets around it"
    GOAL = "a goal that the sentence sets"


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a clause says of the state of a thing."""

    rung: str = ""
    """the rung that the words say is reached; "announced" for future and intention; "" where none is stated"""
    aim: str = ""
    """the rung that the future or the intention speaks of ("will be completed": roofed), else `rung`"""
    modality: str = ""
    """has, will, would, can carry; "" where no rung is stated"""
    way: StageWay | None = None
    """how the rung was found; None where a word right beside the number says it, or where there is none"""

    def by(self, way: StageWay) -> Assertion:
        """Return it as found in a way that is less sure than a word beside the number."""
        return replace(self, way=way) if self.rung else self


GOAL = Assertion("announced", "announced", "will", StageWay.GOAL)
"""what a sentence only sets as a goal"""


def of_grid(asserted: Assertion, kind: str) -> Assertion:
    """Return an assertion as that of a line, a transformer or a plant, of which service proves power and no more."""
    is_grid = kind in ("voltage", "transformer", "gen", "battery", "battery_energy")
    return replace(asserted, rung="powered", aim="powered") if is_grid and asserted.rung == LADDER[-1] else asserted


def strong(hits: list[RungWord]) -> list[RungWord]:
    """Return the words that state a rung or the future by themselves."""
    return [hit for hit in hits if hit.role not in WEAK_ROLES]


def settled(text: str, hits: list[RungWord], kind: str) -> list[RungWord]:
    """Return the rung words that speak of a kind; weak ones as the rung that they prove, where no word states one.

    Of several weak words the lowest counts: what 目前已到位 is delivered, and not yet installed.
    """
    hits = [hit for hit in hits if kind in _METERED or not text.startswith(_MEASURED, hit.start)]
    if kind in _COMPUTES and "投运" in text:
        hits = [replace(hit, role="running") if _in_service(text, hit) else hit for hit in hits]
    stated = strong(hits)
    if kind not in MAY_STAND or any(hit.role != "future" for hit in stated):
        return stated
    can = [hit for hit in hits if hit.role in WEAK_ROLES and _proves(text, hit, kind)]
    # 完成安装并移交用户: both are done
    joined = len(can) > 1 and can[-2].role == "stands" and _BOTH.search(text, can[-2].end, can[-1].start)
    lowest = (max if joined else min)((WEAK_ROLES[hit.role] for hit in can), key=LADDER.index, default="")
    return sorted([*stated, *(RungWord(hit.start, hit.end, lowest) for hit in can)], key=lambda hit: hit.start)


def _in_service(text: str, hit: RungWord) -> bool:
    """Say whether a word puts machines into service: 投运 of a hall is 投产, a line or a plant only has power."""
    is_word = hit.role == "powered" and text.startswith("投运", hit.start)
    return is_word and _OF_GRID.search(text, max(0, hit.start - _JOINED), hit.start) is None


_COMPUTES = ("chips", "servers", "racks", "compute")
_OF_GRID = re.compile(r"变[电压]|主变|线路|电站|光伏|风电|储能|电网|千伏|kV")


def _proves(text: str, hit: RungWord, kind: str) -> bool:
    """Say whether a weak word speaks of a kind: a loan that was secured buys nothing yet, no money is installed."""
    if hit.role == "meant":
        return True
    if hit.role == "spent":
        return kind.startswith("money")
    if kind in MACHINES:
        return hit.role != "contract"
    if kind in _PLACES:
        return hit.role == "bought" and text.startswith(_TAKEN, hit.start)
    return hit.role == "contract" or (hit.role == "bought" and not _NO_ORDER.match(text, hit.start))


_NO_ORDER = re.compile(
    r"secur|leas|rent|received?s? |in |en |on |have |has |had |arriv|unload|offload|dispatch|despatch|pre-?(?:le|co)|"
    r"backlog|order book|stockpil|到位|订单|抵|卸|入库|库存|清关|通关|驶|送|在路上|"
    r"交货|供货|排产|认购|took|taken",
    re.IGNORECASE,
)
"""words of buying that say nothing of a sum: goods that arrive, places that are let, orders that are counted"""
_TAKEN = (
    "leas", "rent", "took poss", "taken poss", "pre-le", "prele", "bought", "purchas", "acquir", "购", "已购", "租",
)  # fmt: skip
"""how a place is taken"""
_METERED = ("power", "energy", "pue", "share")
_MEASURED = ("draw", "peaked", "实测", "累计消纳", "累计用电", "累计耗电", "实际耗电", "实际用电量", "实际PUE")
"""words of what a meter shows: they say nothing of machines"""
MACHINES = ("chips", "servers", "racks", "compute", "power", "transformer", "battery", "battery_energy")
_PLACES = ("land", "floor")
MAY_STAND = (*MACHINES, *_PLACES, "money_cny", "money_usd", "money_hkd", "money_eur")
_EITHER = re.compile(r"或|和|及|、|\bor\b")
_BE = re.compile(r"\b(?:is|are|was|were)\b")
_BOTH = re.compile(r"并|且|\band\b")
_CARRY = re.compile(r"承载|room for|space for|can (?:house|hold|host|accommodate)|capable of", re.IGNORECASE)
_SITE = re.compile(r"\b(?:land|plot|parcel|site)\b|地块|用地")
_WOULD = re.compile(r"would|could|may|should|力争|有望|争取|可望|打算|希望|hope|want", re.IGNORECASE)
_TO_COME = re.compile(
    r"(?: \w+){0,3} (?:is|are) (?:expected|due|planned|anticipated)(?: to be (?:filed|submitted|lodged|made|issued))?"
    r" (?:in|by|next|this|later|soon|before|within)\b"
)
"""how a sentence goes on that expects a paper: an application for 54 MW is expected in spring"""
_DUTY = re.compile(
    r"(?:(?:须|必须|应当|应于|应在|需于|需在|需完成|must|shall|have to|has to|required to)\s?)+", re.IGNORECASE
)
_BESIDE_HAN, _BESIDE_LATIN = 8, 12
"""characters between a word of a stage and its number up to which it stands beside it (judgement, made while the
labelled sets were in view: 12 and 24 leave twice as many rows above their text at high confidence)"""


def decide(clauses: Clauses, hits: list[RungWord], start: int, end: int) -> Assertion:
    """Return what some rung words of a clause assert of the quantity at [start, end), and whether they stand by it."""
    asserted = _decided(clauses, hits, start, end)
    if asserted.modality in ("would", "can carry"):
        return asserted.by(StageWay.MAY_BE)
    nearest = min(hits, key=lambda hit: _distance(hit, start, end))
    beside = _BESIDE_LATIN if clauses.text[nearest.start].isascii() else _BESIDE_HAN
    return asserted if _distance(nearest, start, end)[0] <= beside else asserted.by(StageWay.APART)


def _decided(clauses: Clauses, hits: list[RungWord], start: int, end: int) -> Assertion:
    future = [hit for hit in hits if hit.role == "future"]
    plain = [hit for hit in hits if hit.role != "future"]
    if plain and all(
        clauses.text[hit.start : hit.end].lower() == "planned" and _BE.search(clauses.text, hit.end, plain[-1].start)
        for hit in future
    ):
        future = []  # "seven of its 30 planned buildings were up": the adjective is not a tense
    if future and any(hit.end <= start for hit in plain) and all(hit.start >= end for hit in future):
        future, plain = [], [hit for hit in plain if hit.end <= start]
    if all(hit.role == "filed" for hit in plain) and _TO_COME.match(clauses.text, end):
        return Assertion("announced", "filed" if plain else "announced", "will")
    future = [hit for hit in future if not _waits(clauses.text, plain, hit)]
    if future:
        words = " ".join(clauses.text[hit.start : hit.end] for hit in future)
        filed = [hit for hit in plain if hit.role == "filed"]
        if filed and _DUTY.fullmatch(words):  # a duty in a contract: the contract is on paper
            return Assertion("filed", max((hit.role for hit in plain), key=LADDER.index), "will")
        aims = [hit.role for hit in plain] + [hit.aim for hit in future if hit.aim]
        return Assertion(
            "announced", max(aims, key=LADDER.index, default="announced"), "would" if _WOULD.search(words) else "will"
        )
    nearest = min(plain, key=lambda hit: _distance(hit, start, end))
    chain = _chain(plain, nearest, clauses.text, end)
    words = clauses.text[chain[0].start : chain[-1].end]
    if _CARRY.search(clauses.text[nearest.start : nearest.end]):
        if _SITE.search(clauses.text, max(0, nearest.start - 40), nearest.start):
            return Assertion("announced", "announced", "can carry")  # bare land
        return Assertion(nearest.role, nearest.role, "can carry")
    # "built or under construction" asserts only the lower of the two, "built and operational" the higher
    pick = min if _EITHER.search(words) else max
    rung = pick((hit.role for hit in chain), key=LADDER.index)
    return Assertion(rung, rung, "will" if rung == "announced" else "has")


def _waits(text: str, plain: list[RungWord], hit: RungWord) -> bool:
    """Say whether a word of the future only says what a thing that is done waits for: 已到货待安装."""
    return any(
        hit.start - GLUED <= one.end <= hit.start and ALREADY.search(text, max(0, one.start - GLUED), one.end)
        for one in plain
    )


def _distance(hit: RungWord, start: int, end: int) -> tuple[int, int]:
    return (start - hit.end, 0) if hit.end <= start else (max(hit.start - end, 0), 1)


def _chain(hits: list[RungWord], nearest: RungWord, text: str, end: int) -> list[RungWord]:
    """Return the words that stand together with the nearest one ("建成投运", "completed and operational")."""
    low = high = hits.index(nearest)

    def together(one: RungWord, other: RungWord) -> bool:
        between = text[one.end : other.start]
        if len(between) <= GLUED:
            return True
        if len(between) <= _JOINED and _EITHER.search(between):
            return True
        return one.end <= end <= other.start and len(between) <= _AROUND and bool(_BOTH.search(between[-6:]))

    while low > 0 and together(hits[low - 1], hits[low]):
        low -= 1
    while high + 1 < len(hits) and together(hits[high], hits[high + 1]):
        high += 1
    return hits[low : high + 1]


_SOME = 20  # rung words that are read on either side of a quantity (bounds the time)


def words_near(hits: list[RungWord], start: int) -> list[RungWord]:
    """Return the hits around `start`: a clause may hold any number of them, and any number of quantities."""
    middle = bisect_right(hits, start, key=lambda hit: hit.start)
    return hits if len(hits) <= 2 * _SOME else hits[max(0, middle - _SOME) : middle + _SOME]
