"""Cut a text into sentences and clauses, and find the words in them that speak of a stage."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from osint.claims.aspect import SPENT, aspect, condition, of_completion, works
from osint.claims.governs import ANYWHERE, reach
from osint.claims.retractions import LONGEST_TAKEN_BACK, TakenBack, taken_back
from osint.claims.units import WEAK_ROLES, rung_words

# each of the two begins with one class of characters, so that the search skips at full speed
_END = re.compile(
    r"[。!?！？；;\n.|](?:(?<=[^.|])|(?:(?<=[a-z0-9)%\"']\.)|(?<=[A-Za-z][A-Z]\.))(?=\s+[A-Z\"(]|\s*$)|(?<=[a-z]{4}\.)(?<!prox\.)(?=\s[$€£]?\d)|(?<=\s\|)\s)"
)
_FINITE = "is|are|was|were|will|would|should|could|may|has|have|plans|expects|aims"
_COMMA = re.compile(
    rf"[,:\s](?:(?<=,)(?:(?<!\d,)|(?!\d{{3}}))|(?<=:)(?=\s|[一-龥])|(?<=\s)(?:and\s(?=(?:{_FINITE})\b)|"
    r"and\s(?=[$€¥]?\d[\d.,]{0,15}[^,.;]{0,40}?\s(?:is|are|was|were|will|have|has)\b)|"
    r"(?:said|says)\s(?=(?:it|that|the|they|he|she)\b)|(?:while|whereas|but|after which)\s|(?<=[a-z]\s)--?\s))"
)
_BRACKET = re.compile(r"\([^()\n]{0,160}\)")
_ITEM = re.compile(
    r"、|以及|(?<=[台架张套个块P亩元米瓦栋座安])[和及](?=[一-龥])|,? and (?=(?:about |another |over |some |"
    r"a further )?[$€£]?\d)"
)
_ITEM_MARKS = ("、", "和", "及", " and ")
"""of which every match of `_ITEM` holds one"""
_LEAD = re.compile(r"[^:。\n;；]{2,}:")
_LONGEST_LEAD = 100  # characters before a colon that may say what the list behind it is of (judgement)
_NEGATION_REACH = 12  # characters behind a negation within which it takes a rung word back (judgement)
_NONE_REACH = 60  # the same behind "none of" and "not one of", whose number follows (judgement)
_LOOK_AHEAD = 60  # characters behind a comma or an "and" that say whether a clause ends there (judgement)
REACH = 200  # characters that are read on either side of a quantity (bounds the time)


@dataclass(frozen=True, slots=True)
class RungWord:
    """One word of `rungs.csv` or `works.csv` in a text."""

    start: int
    end: int
    role: str
    """a rung, a weak role or "future"; negated rungs are left out"""
    aim: str = ""
    """the rung that a word of the future names as its condition: roofed of 建成后"""
    low: int = 0
    """offset from which the quantities stand of which the word may speak"""
    high: int = ANYWHERE
    """offset before which they stand"""

    def speaks_of(self, start: int) -> bool:
        """Say whether the word may speak of a quantity at an offset."""
        return self.low <= start < self.high


class Clauses:
    """The sentences and clauses of one folded text, and the rung words in them; clauses are cut when asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.brackets = [m.span() for m in _BRACKET.finditer(text)] if "(" in text else []
        """passages in round brackets, none inside another: what stands there belongs to the words around it"""
        ends = [m.end() for m in _END.finditer(text)]
        self.sentence_ends = [0, *(end for end in ends if not (self.brackets and self.bracket(end - 1))), len(text)]
        self._clause_ends: dict[int, list[int]] = {}
        self._last = self._last_sentence = (0, 0)
        self._hits: dict[int, list[RungWord]] = {}
        self._denied: set[int] = set()
        self._back: dict[int, TakenBack | None] = {}
        self._lists: dict[int, bool] = {}

    def bracket(self, offset: int) -> tuple[int, int] | None:
        """Return the span of the round brackets that hold `offset`, or None."""
        index = bisect_right(self.brackets, offset, key=lambda span: span[0]) - 1
        return self.brackets[index] if index >= 0 and offset < self.brackets[index][1] else None

    def lead(self, offset: int) -> tuple[int, int] | None:
        """Return the span of the words before a colon that the parts of a list, parted by semicolons, stand under."""
        index = bisect_right(self.sentence_ends, self.sentence(offset)[0]) - 1
        while (
            index > 0
            and self.text[self.sentence_ends[index] - 1] in ";；"
            and offset - self.sentence_ends[index] < REACH
        ):
            index -= 1
        first = self.sentence_ends[index]
        colon = _LEAD.match(self.text, first, min(first + _LONGEST_LEAD, offset))
        return colon.span() if colon and colon.end() <= self.sentence(offset)[0] else None

    def item(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the part of a list in one clause that holds the quantity at [start, end): 、, "and"."""
        at, stop = self.clause(start)
        if at not in self._lists:
            self._lists[at] = any(self.text.find(mark, at, stop) >= 0 for mark in _ITEM_MARKS)
        if not self._lists[at] or (self.brackets and self.bracket(start)):
            return at, stop
        marks = [m.span() for m in _ITEM.finditer(self.text, max(at, start - REACH), min(stop, end + REACH))]
        low, high = at, stop
        for mark in marks:
            if mark[1] <= start and counts_itself(self.text, low, mark[0]):
                low = mark[1]
            elif mark[0] >= end and counts_itself(self.text, mark[1], min(stop, mark[1] + REACH)):
                return low, mark[0]
        return low, high

    def sentence(self, offset: int) -> tuple[int, int]:
        """Return the span of the sentence that holds `offset`."""
        if not self._last_sentence[0] <= offset < self._last_sentence[1]:
            ends = self.sentence_ends
            index = bisect_right(ends, offset, 0, len(ends) - 1)
            self._last_sentence = ends[index - 1], ends[index]
        return self._last_sentence

    def taken_back(self, offset: int) -> TakenBack | None:
        """Return what the sentence that holds `offset` takes back; each sentence is read once."""
        start, stop = self.sentence(offset)
        if stop - start > LONGEST_TAKEN_BACK:
            half = LONGEST_TAKEN_BACK // 2
            return taken_back(self.text, max(start, offset - half), min(stop, offset + half))
        if start not in self._back:
            told = _TELLS_ON.match(self.text, stop)
            self._back[start] = taken_back(self.text, start, stop) or (
                taken_back(self.text, stop, min(told.end() + _LOOK_AHEAD, self.sentence(stop)[1])) if told else None
            )
        return self._back[start]

    def clause(self, offset: int) -> tuple[int, int]:
        """Return the span of the clause that holds `offset`."""
        if self._last[0] <= offset < self._last[1]:
            return self._last
        start, stop = self.sentence(offset)
        ends = self._clause_ends.get(start)
        if ends is None:
            cuts = _COMMA.finditer(self.text, start, min(stop + _LOOK_AHEAD, len(self.text)))
            inside = [
                m.end()
                for m in cuts
                if m.end() < stop
                and _separates(self.text, start, m.start(), m.end())
                and not (self.brackets and self.bracket(m.start()))
            ]
            ends = self._clause_ends[start] = [start, *inside, stop]
        index = bisect_right(ends, offset, 0, len(ends) - 1)
        self._last = ends[index - 1], ends[index]
        return self._last

    def hits(self, start: int, stop: int) -> list[RungWord]:
        """Return the rung words of the clause that spans [start, stop); each clause is read once."""
        if start not in self._hits:
            found = _without_negated(self.text, start, stop)
            self._hits[start] = [hit for hit in found if hit.role not in ("none", "denied")]
            if any(hit.role == "denied" for hit in found):
                self._denied.add(start)
        return self._hits[start]

    def denies(self, start: int, stop: int) -> bool:
        """Say whether the clause that spans [start, stop) denies a rung: 尚未开工."""
        self.hits(start, stop)
        return start in self._denied


_TELLS_ON = re.compile(
    r"\s?(?:that|this|it|both)\b(?= (?:has |have |had |was |were |is )?(?:since |now )?[a-z]+(?:ed|n)\b)", re.IGNORECASE
)
"""how a sentence opens that speaks of what stands at the end of the one before it"""
_MEASURED = re.compile(r"\d-[a-z]{2,12}(?:-[a-z]{2,12})?$")
_BARE_MEASURE = re.compile(r"\b(?:an?|the|its|this) (?:new )?[~$€£]?\d[\d.]*\s?(?:[A-Za-z]{1,8})?$", re.IGNORECASE)
_WHICH = re.compile(r"\s?(?:which|who|and|but|or|with)\b")
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|will)\b")


def _separates(text: str, sentence: int, start: int, end: int) -> bool:
    """Say whether a comma or an "and" at [start, end) separates two clauses."""
    if text[end : end + 1].isdigit() and text[start:end].strip() == "and":
        return bool(_VERB.search(text, max(sentence, start - 80), start))  # "two are complete and 300 are in use"
    before, behind = text[max(0, start - 24) : start], text[end : end + 2].lstrip()[:1]
    if text[start] == "," and _MEASURED.search(before) and not _WHICH.match(text, end):
        return False  # "a 715,000-square-foot, two-storey hall"
    is_number = behind and (behind.isdigit() or behind in "$€£~")
    return not (is_number and _BARE_MEASURE.search(before))  # "a $390 million, 20 MW hall"


_TAKES = re.compile(
    r"将[^,。;\d将使让令]{0,8}(?:PUE|能耗|功耗|电耗|电费|成本|时延)(?:值|水平)?[^,。;\d将]{0,6}[降压控减缩优]|"
    r"将[^,。;]{1,20}(?:作为|列[为入]|视为|纳入)|将(?:其|该|原|预算|规模|总?投资额?|数量|[^,。;]{2,30}(?=交由|交给|移交给|出租给|委托))[^,。;\d]{0,8}(?:由|从|交|出租|委托)"
)
"""where 将 is no future: it only takes its object before the verb, 将预算由1亿元上调, 将PUE压降至1.2"""
_REPORTED = re.compile(r"\b(?:reported(?:ly)?|said|believed|understood|thought|known)\b[^,.;]{0,48}\s$")
_BUILDING = re.compile(r"to be (?P<work>building|constructing|erecting)\b|to be \w+ing\b", re.IGNORECASE)
"""what somebody is said to be doing: it goes on, and is no future"""


def _words_in(text: str, start: int, stop: int) -> list[RungWord]:
    words, roles = rung_words()
    found: list[RungWord] = []
    for at, stop_at, word in words.find(text, start, stop):
        end = stop_at
        role, work = roles.get(word, ""), works().get(word)
        if found and at < found[-1].end:
            continue
        if not role and work:
            said = aspect(text, start, stop, at, end, work)
            role, aim, end = said.role, said.aim, said.end or end
        else:
            turned = condition(text, start, stop, at, end, role)
            role, aim = turned[:2] if turned else (of_completion(text, start, stop, at, end) or role, "")
        doing = _BUILDING.match(text, at, stop) if word == "to be" else None
        if doing and _REPORTED.search(text, max(start, at - _LONGEST_LEAD), at):
            if not doing["work"]:
                continue
            role, end = "ground broken", doing.end()
        if role == "future" and text.startswith("将", at) and _TAKES.match(text, at):
            continue
        if role and text[at:end] != "May":
            found.append(_reaching(text, start, stop, RungWord(at, end, role, aim)))
    spent = (
        SPENT.search(text, start, stop)
        if "投" in text or "spent" in text or "vested" in text or "sunk" in text
        else None
    )
    if spent:
        found = sorted([*found, RungWord(*spent.span(), "spent")], key=lambda hit: hit.start)
    return found


def _reaching(text: str, start: int, stop: int, hit: RungWord) -> RungWord:
    """Return a rung word with what the grammar of its clause lets it speak of."""
    said = reach(text, start, stop, hit.start, hit.end, hit.role)
    if said.role == hit.role and said.high == ANYWHERE:
        return hit
    aim = WEAK_ROLES.get(hit.role, hit.role) if said.role == "future" != hit.role else hit.aim
    return RungWord(hit.start, hit.end, said.role, aim, said.low, said.high)


def _without_negated(text: str, start: int, stop: int) -> list[RungWord]:
    """Return the rung words of a clause without negations and what they reach: those behind them, close by."""
    kept: list[RungWord] = []
    negation: RungWord | None = None
    denied = ""
    for hit in _words_in(text, start, stop):
        if denied and hit.role == denied and not text[hit.start].isascii():
            continue  # 未曾批准…节能审查: the object of what was not done
        if hit.role == "negation":
            negation = hit
            continue
        of_none = negation and text.endswith(_FAR, 0, negation.end)
        if of_none and hit.role == "future":
            kept.append(hit)  # "none of its planned halls was built"
            continue
        is_reached = (
            negation
            and hit.start - negation.end <= (_NONE_REACH if of_none else _NEGATION_REACH)
            and not re.search(r",(?!\d)|[。;!?\n]", text[negation.end : hit.start])
        )
        if is_reached or text[max(hit.start - 1, 0) : hit.start] == "不":
            negation = RungWord(hit.start, hit.end, "negation") if is_reached and not of_none else negation
            if hit.role not in ("none", "future"):
                if not text[hit.start].isascii():  # 申报的2000架亦未办理许可: what is asked for is not there
                    kept = [
                        one for one in kept if one.role != hit.role or text[one.start - 1 : one.start + 1].count("已")
                    ]
                kept.append(RungWord(hit.start, hit.end, "denied"))
                denied = hit.role
            continue
        kept.append(hit)
    if negation and _NOT_YET.fullmatch(text, negation.start, negation.end):
        kept.append(RungWord(negation.start, negation.end, "denied"))
    return kept


_FAR = ("one of", "未与", "未就", "未向", "没有与")
"""negations whose verb stands behind their object: 未与任何一方就3000台服务器签订合同"""
_NOT_YET = re.compile(
    r"尚未|暂未|还未|仍未|未能|并未|尚无|not yet|yet to|has(?: not|n't)|have(?: not|n't)|failed to", re.IGNORECASE
)
_PREDICATE = re.compile(
    r"\s?(?:(?:自|从)?20\d\d年|(?:目前|现|当前|如今)|(?:设备|手续|方案|合同|土建|报告|图纸|环评|能评|工程|项目|主体|机房)?(?:上[周月年])?(?:也|现|均|早|业|皆|都)?已|均|全部|正在|仍在|刚|昨|今[天日晨]|同意|一致|日前|近日|当[天日]|上[周月年]|本[周月]|至今|正式|顺利|成功|全面|目前|将|预计|计划|力争|争取|有望|拟|尚|"
    r"应该?|主体|(?:去|今|明|20\d\d)年|\d{1,2}月|"
    r"(?:is|are|was|were|went|will|has|have|due|expected|announced|scheduled|completed|now|which|(?:for|of|"
    r"on) which)\b)"
)


def is_predicate(clauses: Clauses, at: int) -> bool:
    """Say whether the clause at `at` has no subject of its own, so that it speaks of what stands before it."""
    stop = min(clauses.clause(at)[1], at + REACH)
    if counts_itself(clauses.text, at, stop):
        return False
    return bool(_PREDICATE.match(clauses.text, at)) or any(
        hit.start <= at + 1 and hit.role not in (*WEAK_ROLES, "future", "announced")
        for hit in clauses.hits(at, clauses.clause(at)[1])[:1]
    )


def counts_itself(text: str, at: int, stop: int) -> bool:
    """Say whether text[at:stop] holds a quantity of its own."""
    return _COUNTED.search(text, at, stop) is not None


_COUNTED = re.compile(
    r"\d[\d.,]{0,20}\s?(?:[万亿台张架个套块亩元%座栋]|平方米|(?:[EPTMGk]|GPUs?)(?![a-z])|"
    r"(?:[gm]igawatt|[pe][et]aflop|megawatt|exaflop|acre|hectare|rack|chip|server|square |sq ))|"
    r"[一二两三四五六七八九十百千万亿][余多]?(?:[台张架套块亩元]|平方米)"
)
