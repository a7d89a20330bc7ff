"""Read what a text asserts of a quantity: its rung; questions and starting values assert none."""

from __future__ import annotations

import re
from dataclasses import replace

from osint.claims.assertion import GOAL, MAY_STAND, Assertion, decide, of_grid, settled, strong
from osint.claims.ceilings import under_ceiling
from osint.claims.clause_stage import stage
from osint.claims.clauses import Clauses
from osint.claims.folding import fold
from osint.claims.hypothetical import is_imagined, is_of_any
from osint.claims.intentions import GROWS_TO, around, intended, is_goal, promised, sets_goal
from osint.claims.quantities import LocatedQuantity
from osint.claims.reading import FOCUS, Reading
from osint.claims.retractions import taken_back
from osint.register import LADDER, Modality


def stage_of_heading(words: str) -> Assertion:
    """Return the stage that a heading states; none where it denies one, takes it back or only says what is there.

    >>> stage_of_heading("云谷二期正式投产").rung, stage_of_heading("在建项目").rung
    ('running', 'ground broken')
    """
    clauses = Clauses(fold(words).text)
    words = clauses.text
    hits = strong(clauses.hits(0, len(words)))
    is_denied = clauses.denies(0, len(words)) and not (len(hits) == 1 and hits[0].role == "announced")
    if not hits or is_denied or taken_back(words, 0, len(words)):
        return Assertion()
    if all(hit.role == "future" and not hit.aim for hit in hits) and not _PLAN_LABEL.search(words):
        return Assertion()  # 算力中心须顺势而为: a duty or a forecast that names no act
    return decide(clauses, hits, len(words), len(words))


_PLAN_LABEL = re.compile(
    r"计划|规划|目标|拟|远期|后续|预计|预测|待|\b(?:plan\w*|targets?|goals?|roadmap|to be|future)\b", re.I
)
"""words of a heading that call what stands under it a plan"""
_OF_A_LIST = (
    (re.compile(r"前期|储备|可研(?!批)|谋划|招商|in design|concept|pipeline|proposed|\bplan"), "announced"),
    (re.compile(r"(?:计划)?新开工|拟开工"), "announced"),
    (re.compile(r"granted|permitt|consent|contracted"), "filed"),
    (re.compile(r"已签(?:订?合同|约)?(?=[,;]|$)"), "filed"),
    (re.compile(r"(?:机柜|设备|服务器)?已(?:装|竣工)"), "roofed"),
    (re.compile(r"已起租|已计费"), "running"),
)
"""words that state a stage where they stand alone, in a cell or over the rows of a list"""
_NATURE = re.compile(r"新建|扩建|改建|改扩建|迁建|技改")
"""what a project is, and not how far it has come"""
_NUMBERED = re.compile(r"[\s(]*(?:(?:[一二三四五六七八九十]{1,3}|\d{1,2})[)、.]\s?)?")
_AT_WORK, _AT_WORK_LATIN = 8, 24
"""characters up to which a state that names a work means that it is going on: 施工, 运营"""


def stage_of_state(words: str) -> Assertion | None:
    """Return what a cell for the state of a thing says, or a line over the rows of a list; None where it says nothing.

    A state that is denied or taken back has no rung: 未到货, "Refused".  Of what is done and what is to come
    (在建，预计年底送电) the former counts.

    >>> stage_of_state("施工").rung, stage_of_state("在建，预计年底送电").rung, stage_of_state("Refused").modality
    ('ground broken', 'ground broken', 'withdrawn')
    """
    plain = fold(words).text
    plain = plain[_NUMBERED.match(plain).end() :]  # type: ignore[union-attr]
    back = taken_back(plain, 0, len(plain)) or (_REFUSED.match(plain) and Modality.WITHDRAWN)
    if back:
        return Assertion("", "", str(back if isinstance(back, Modality) else back.modality))
    if _NATURE.fullmatch(plain):
        return None
    if _REMAINS.search(plain):
        return Assertion()  # the whole stands in several stages
    parts = [part for part in _STATES.split(plain) if _PART_OF.match(part)]
    if len(parts) > 1:
        said = [found for found in map(stage_of_state, parts) if found]
        is_read = len(said) == len(parts)
        return min(said, key=lambda one: LADDER.index(one.rung) if one.rung else -1) if is_read else None
    alone = next((rung for pattern, rung in _OF_A_LIST if pattern.match(plain.lower())), "")
    if alone:
        return Assertion(alone, alone, "will" if alone == "announced" else "has")
    tries = [plain]
    if len(plain) <= (_AT_WORK_LATIN if plain.isascii() else _AT_WORK):
        tries.append(f"{plain} is continuing" if plain.isascii() else f"{plain}中")
    for tried in tries:
        clauses = Clauses(tried)
        at = 0
        while at < len(tried):
            at, stop = clauses.clause(at)
            hits = settled(tried, clauses.hits(at, stop), "servers")
            if clauses.denies(at, stop) and not strong(hits):
                return Assertion()
            done = [hit for hit in hits if hit.role != "future"]
            if hits:
                return decide(clauses, done if hits[0] in done else hits, stop, stop)
            at = stop
    return None


_REMAINS = re.compile(r"\b(?:remainder|the rest)\b|其余|余下|剩余", re.IGNORECASE)
_STATES, _PART_OF = (
    re.compile(r"[,;、]\s?"),
    re.compile(r"(?:[A-Z]\d?|\d{1,2}号|[一二三四五六]期|\d#)[楼栋座区]?(?=[一-龥])"),
)
"""the states of several parts in one cell: of the whole the lowest counts"""
_REFUSED = re.compile(
    r"(?:\w+ )?(?:refused|rejected|declined|cancelled|withdrawn|lapsed)|"
    r"(?:已(?:自行)?)?(?:不予|退回|流拍|收回|销户|解除|撤资)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?:是否|能否)(?![^。]{0,16}(?:不确定|取决|有待|存疑|未知|待定|尚))|有没有|[吗么]\s?\??$|\bwhether\b"
)


def _asks(found: LocatedQuantity, reading: Reading) -> bool:
    """Say whether the sentence of a quantity asks: it asserts nothing."""
    first, last = reading.clauses.sentence(found.start)
    if first not in reading.asking:
        sentence = reading.clauses.text[first:last].rstrip() if last - first < FOCUS else ""
        reading.asking[first] = sentence.endswith("?") or _ASKS.search(sentence) is not None
    return reading.asking[first]


_NOT_SO = re.compile(
    r"未(?![来经批必])[^,。;\d]{1,6}的[^,。;\d]{0,4}$|所谓[的“\"]?[^,。;]{0,6}$|(?<!尚)(?<!暂)未(?![来经批必])[^,。;\d]{0,4}(?:提供|办理|采购|取得|购买|安装|部署|建设|供应|交付|兑现|完成)[^,。;\d]{0,6}$|"
    r"第[二三四五]\s?(?:名|(?:中标|成交)?候选人)|\bso-called |\bnothing to do with (?:the |its )?$"
)
"""what stands before a number that is doubted, or the object of what was not done"""


def _is_not_so(near: str) -> bool:
    """Say whether the words before a number doubt it, or deny what was done with it."""
    return ("未" in near or "谓" in near or "第" in near or "so-" in near or "noth" in near) and (
        _NOT_SO.search(near) is not None
    )


def _is_not_held(clause: str) -> bool:
    """Say whether a clause is about what was meant, is rumoured, did not come to be, or is asked of a bidder."""
    if clause.isascii():
        return ("umo" in clause or "once " in clause or "ly " in clause) and _NOT_HELD.search(clause) is not None
    return not _MAY_NOT_BE_HELD.isdisjoint(clause) and _NOT_HELD.search(clause) is not None


_MAY_NOT_BE_HELD = frozenset("标请应曾本险网传谣坊umlyc")
"""characters of which the words of `_NOT_HELD` hold one each, which is asked before the pattern"""
_NOT_HELD = re.compile(
    r"(?:投标|申请|响应|应答)(?:人|单位|方)[^,。]{0,6}(?:具有|具备|自有|拥有|承接|完成过|不低于|不少于)|"
    r"供应商[^,。]{0,4}(?:具有|具备|自有|拥有)|"
    r"曾(?:经)?(?:规划|计划|打算|拟|宣布|承诺|设想|号称)|本(?:该|应|可以)|"
    r"险些|网[传友上]|传[闻言]|据传|谣传|坊间|\b(?:rumou?r(?:ed|s)?|(?:once|originally|previously|"
    r"initially) (?:planned|pitched|"
    r"promised|proposed|announced|billed|touted))\b"
)
"""words of a clause about what was meant, is rumoured, did not come to be, or is asked of a bidder"""
_ROOM_FOR = re.compile(r"(?:可|能够?|足以)(?:容纳|部署|安装|放置|安放|摆放)[^,。;]{0,16}$")
_BEFORE_GROWTH = re.compile(
    r"(?:\b(?:up|down|grew|rose|increase[ds]?|expand(?:ed)?|rising|growing) from (?:just |only |about )?|"
    r"\bfrom (?:just |only |about |the current )?|"
    r"原[一-龥]{1,4}的|[从由](?:原[一-龥]{0,5}的|年初的?|(?:[去前上]年|20\d\d年)[底末初]?的?|目前的?|原来的?|原有的?|现有的?|约|机[柜架]|服务器|算力|规模|数量)?\s?|"
    r"revised from |"
    r"compared with )"
    r"[$€¥]?$"
)
_MISSING = re.compile(
    r"(?:(?:去年|上年)同期[^,。;\d]{0,8}[为达]|[还尚仍]差|[还尚仍]缺|缺口[达为约]?|每(?:投运|新增|上架|部署|建成|投产|安装))[约近]?$|"
    r"每投[入资][^。;]{0,16}$|\bper [$€¥£]?$|"
    r"\b(?:one|an?|each|every|(?:a )?single) (?:rack|cabinet|server|GPU|chip|card) (?:draws|uses|consumes|needs) "
    r"(?:about |up to |some )?$",
    re.IGNORECASE,
)
"""what stands before a number that is wanting, or that of one unit"""
_OVER = re.compile(
    r"\b(?:any|all|every|each|facilities|projects|centers|centres|those|loads|sites|customers|users|"
    r"companies|firms|operators|businesses|tenants|buildings|entities)\b[^.;]{0,90}"
    r"\b(?:more than|over|above|at least|exceeding|(?:larg|great|bigg|small)er than|below|under|less than) $",
    re.IGNORECASE,
)
_WITH = re.compile(
    r"\b(?:with|using|requesting|whose|(?:that|which) (?:are|have|exceed|use|draw|need|request)) ", re.IGNORECASE
)
"""what describes a class by its size: loads with a demand greater than"""
_LIMIT = re.compile(
    r"[\s-](?:limit|cap|ceiling|threshold)\b| per [$€¥£]?\d|(?: \([^()]{1,8}\))?(?: [\w-]+){0,3} market\b"
)
_SIZED = re.compile(r"\b(?:larg|great|bigg|small|high|low)er than (?:about )?[$€¥£]?$")
"""what compares a thing, or all of a kind, to a number: with a demand greater than"""
_RULE = re.compile(
    r"[^.;]{0,60}\b(?:must|shall|needs?|(?:is|are) required|only|may|qualif\w+|pays?|faces?|eligible|exempt)\b",
    re.IGNORECASE,
)
_RULE_HAN = re.compile(
    r"及?以[上下]的(?:企业|用户|客户|单位)|(?:及?以[上下])?的?(?:企业|项目|机柜|用户|单位|园区|数据中心|机房|中心)?[^。;]{0,10}"
    r"(?:给予|须|应当|优先|予以(?:补|奖)|补[助贴]|奖[励补]|可享|方可|实行)|的?(?:上限|门槛|红线|限制|限值|限额)"
)
"""what a rule says of whoever is above or below a number"""
_REFUSES = re.compile(
    r"(?:不再|暂停|停止|不予|限制|禁止|严禁|不得|不准)(?:核供|核准|核批|受理|审批|批准|新[增建]|供[电应]?|接入|建设|报装)?"
    r"[^,。;\d]{0,10}$"
)
"""what stands before the bound of a rule that says what is not allowed: 不再核供5MW以上"""
_NEAR_RULE, _NEAR_MISSING, _NEAREST = 140, 48, 12
_OF_RULES = ("more than", "at least", "up to", "less than")
_BOUNDS = ("than ", "over ", "above ", "least ", "exceeding ", "below ", "under ")
"""how a bound opens, which is asked before the pattern of a rule"""


def _is_bound(found: LocatedQuantity, text: str) -> bool:
    """Say whether a number is the bound of a rule, what is wanting, or what one unit draws: nothing has come to it."""
    if _MISSING.search(text[max(0, found.start - _NEAR_MISSING) : found.start]):
        return True
    if not text[found.end : found.end + _NEAR_MISSING].isascii() and _RULE_HAN.match(text, found.end):
        return True
    if _LIMIT.match(text, found.end) or _SIZED.search(text, max(0, found.start - 24), found.start):
        return True
    if found.quantity.qualifier in _OF_RULES and _REFUSES.search(text, max(0, found.start - _NEAREST * 2), found.start):
        return True
    before = text[max(0, found.start - _NEAR_RULE) : found.start]
    over = _OVER.search(before) if before[-_NEAREST:].lower().endswith(_BOUNDS) else None
    return over is not None and (_WITH.search(over[0]) or _RULE.match(text, found.end)) is not None


def _is_of_none(found: LocatedQuantity, kind: str, reading: Reading) -> bool:
    """Say whether a number is told of any thing of its kind, or of what is only imagined, and of no place."""
    text, clauses = reading.clauses.text, reading.clauses
    if kind in _OF_INDUSTRY and _INDUSTRY.search(text, *_clause_before(found, clauses)):
        return True
    if kind in _OF_ANY and is_of_any(text, found.start, found.end, clauses.clause(found.start)[0]):
        return True
    return is_imagined(text, clauses.sentence(found.start), found.start, kind)


def _clause_before(found: LocatedQuantity, clauses: Clauses) -> tuple[int, int]:
    return max(clauses.clause(found.start)[0], found.start - _NEAR_RULE), found.start


_OF_INDUSTRY = ("pue", "energy", "energy_gen", "money_cny", "money_usd", "money_hkd", "money_eur")
_INDUSTRY = re.compile(
    r"行业|业界|产业规模|市场(?:规模|空间|需求)|(?:全国|全球|我国|全省|全市)[^,。;]{0,12}(?:平均|PUE|用电|耗电|能耗)|"
    r"\b(?:industry|national|global|worldwide|world|typical)(?:[- ]wide)? average|"
    r"\bmarket (?:size|worth|value)|\bmarket\b.{0,24}\b(?:valued|worth)\b",
    re.IGNORECASE,
)
"""words of a clause whose number is that of a whole industry or market, and of no place"""


def grows_from(text: str, start: int, end: int) -> bool:
    """Say whether a text only names the number at [start, end) to say what came after it: 由300台调整为500台."""
    near = text[max(0, start - 32) : start]
    grows = TARGET.match(text, end) or _TARGET_DATED.match(text, end)
    return grows is not None and _BEFORE_GROWTH.search(near) is not None


def stage_of(found: LocatedQuantity, kind: str, when: str, reading: Reading) -> Assertion:
    """Return what is asserted of a quantity; what the text dates after its own day is a promise.

    What something grew from takes no rung from the verb of its clause, a question asserts none, and nothing does of
    what is said of any thing of a kind.
    """
    asserted = _stage_of(found, kind, when, reading)
    asserted = under_ceiling(asserted, kind, found, reading.clauses.text, around(found, reading))
    if asserted.rung == LADDER[-1]:
        stop = min(reading.clauses.clause(found.start)[1], found.end + _NEAR_RULE)
        if _CLOSED.search(reading.clauses.text, found.end, stop):
            return Assertion()
    return Assertion() if asserted.rung and _is_of_none(found, kind, reading) else asserted


def _stage_of(found: LocatedQuantity, kind: str, when: str, reading: Reading) -> Assertion:
    text = reading.clauses.text
    near = text[max(0, found.start - 32) : found.start]
    if ("是" in near or "非" in near or "not " in near) and _IS_DENIED.search(near):
        return Assertion("", "", "denied")
    is_start = grows_from(text, found.start, found.end)
    compared = any(word in near for word in ("from ", "with ", "than ", "red to ")) and _UP_FROM.search(near)
    whole = OF_WHOLE.search(near) if " of " in near else None
    if is_start or compared or whole:
        return GOAL if whole and whole[1] else Assertion()
    if _asks(found, reading) or _is_bound(found, text) or _is_not_so(near):
        return Assertion()
    at, stop = around(found, reading)
    if _is_not_held(text[at:stop]) or (text.find(" have ", at, stop) >= 0 and _NEVER_WAS.search(text, at, stop)):
        return Assertion()
    if text[found.start - 1 : found.start] == " " and GROWS_TO.search(text, at, found.start):
        return GOAL
    asserted = intended(
        stage(reading.clauses, found.start, found.end, found.family in APART, kind), reading.clauses, found.start
    )
    day = when[:10]
    if not asserted.modality and kind in MAY_STAND and "目标" in text[found.end : stop] and sets_goal(text, found):
        return GOAL
    if (
        asserted.modality in ("", "has")
        and kind in _METERED
        and _MEASURED.search(near)
        and not _NOT_MEASURED.search(text, at, stop)
    ):
        asserted = Assertion("running", "running", "has")
    if asserted.modality == "has" and ("可" in near or "能" in near or "足以" in near) and _ROOM_FOR.search(near):
        asserted = replace(asserted, modality="can carry")
    if asserted.modality in ("", "has", "can carry") and _IN_A_YEAR.search(text, at, found.start):
        asserted = replace(asserted, rung="announced", modality="will")
    asserted = of_grid(asserted, kind)
    if reading.document and day > reading.document.isoformat()[: len(day)]:
        return promised(asserted, reading.clauses, found.start)
    if not reading.document and kind in MAY_STAND and is_goal(found, reading):
        return promised(asserted, reading.clauses, found.start) if asserted.modality else GOAL
    return asserted


_CLOSED = re.compile(
    r"\b(?:and|but|before|until it) (?:was |were |has since |since |later )*(?:closed|shut|ceased|"
    r"demolished|decommissioned|went offline)\b|(?:已|后|又|并)(?:全部|于[^,。;]{1,10})?(?:关停|停运|拆除|退役|关闭)"
)
"""what says that a thing that ran runs no more: opened in 2016 and closed in 2023"""
_IN_A_YEAR = re.compile(
    r"20\d\d年(?![^,。;]{0,20}(?:已|现有|目前))[^,。;]{0,24}可(?:达到?|实现|形成|承载|提供|支撑)[^,。;\d]{0,8}$"
)
"""what can be reached in a year is a forecast: 2031年算力可达2万P"""
_OF_ANY = ("power", "energy", "energy_gen", "compute", "pue", "chips", "servers", "racks", "money_usd", "money_cny")
"""kinds of which the words say what any one of a kind uses, holds or costs"""
_METERED = ("pue", "energy", "energy_gen", "power")
_MEASURED = re.compile(
    r"(?:年均|实时|平均|年度|全年|实测|上年|去年|上月)[^,。;]{0,8}PUE(?:值)?(?:仅|只)?(?:为|是|达到?|降至)?\s?$|"
    r"PUE(?:值)?(?:已|仅|只|现)(?:为|是|达到?|降[至到])\s?$|PUE (?:was|averaged|improved to|fell to|came in at) $|"
    r"(?:最大|实测|实际|峰值|最高)(?:用电)?负荷[^,。;\d]{0,4}$|"
    r"\b(?:peak|metered|existing|current|actual) (?:[\w']+ ){0,3}(?:load|demand|draw)(?: (?!capacity)\w+){0,4} "
    r"(?:of|was|is|reached|hit|at) $|"
    r"(?:日均|月均|去年|上半年|全年|\d年|月份?)[^,。;]{0,4}(?<!年)[用耗售发]电量?(?:达到?|为)?$|"
    r"\b(?:consumption (?:reached|totall?ed|was|hit)|consumed|used) (?:about )?$"
)
_NOT_MEASURED = re.compile(
    r"预计|设计|可|将|拟|目标|承诺|要求|不高于|控制|力争|估算|建成后|投产后|折合|\b(?:would|will|design|target|expected)\b"
)
"""what a meter shows, and what is only reckoned"""
_IS_DENIED = re.compile(
    r"(?:不是|并非|而非|绝非|并不是)\s?[\"“'‘]?$|\bnot (?:(?:asking for|the|a|some|about) )?[$€¥£]?$"
)
"""what stands before a number that is said not to be so: 不是1万P，是1000P"""
OF_WHOLE = re.compile(
    r"(?<!phase )(?<!stage )\b\d[\d,.]*\s?(?:[A-Za-z]{1,4} )?(?:out )?of (?:the |its |some |about |an? )?(?:total )?$|"
    r"\bof (?:the |its |an? )?(planned|eventual|proposed|promised|ultimate|intended) $",
    re.IGNORECASE,
)
_NEVER_WAS = re.compile(
    r"\b(?:would|could|must|shall|should) have "
    r"(?!(?:an?|the|its|about|up|over|some|more|only|no|\d\S*)\s)(?:been )?[a-z]+"
)
"""what would have been and was not, or what a bidder must have done"""
_UP_FROM = re.compile(
    r"\b(?:up|down|revised|amended|reduced|cut|lowered|raised|changed) from (?:just |only |about )?[$€¥]?$|"
    r"\bfrom (?:its |the |their |an? )?(?:current|existing|present|previous|earlier) (?:\w+ ){0,3}(?:of )?[$€¥]?$|"
    r"compared (?:with|to) [$€¥]?$|\bthan (?:[A-Z][\w.]*['’]s? |the |its )+$"
)
TARGET = re.compile(
    r"(?:负荷|规模|机[柜架]|投资|面积|算力|容量)(?:调整|变更|调减|核减|改)[为到至]|"
    r"\s?[\"”]?(?:to\b|增|提|扩|升|到|至|涨|跃|攀|调[减增整]|缩减|压减|减|降|更正|改为|变更|变为|调为|核[减增])"
)
_TARGET_DATED = re.compile(r" in (?:19|20)\d\d to\b")
# what a sentence adds at its end about the whole, after the milestones of its parts
APART = ("money_cny", "money_usd", "money_hkd", "money_eur", "land", "area", "feet", "duration", "pue", "share")
