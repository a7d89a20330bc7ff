"""Find the dates a text speaks of and write them as EDTF, anchored on the date of the document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from osint.claims.numbers import numeral_value
from osint.claims.units import Words, latin_words, word_set
from osint.register import valid_date

_MONTH_NAMES = (
    "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
    "september sept sep", "october oct", "november nov", "december dec",
)  # fmt: skip
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_MONTH = r"(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_RELATIVE = {"今": 0, "本": 0, "当": 0, "去": -1, "上": -1, "明": 1, "后": 2, "前": -2, "次": 1}
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_HOLIDAYS = {"五一": "05-01", "十一": "10-01", "国庆": "10-01", "元旦": "01-01", "七一": "07-01"}
_PART_ZH = (
    r"(?P<part>年底|年末|底(?!层)|末|年初|初|年中|上半年|下半年|第?[一二三四1-4]季度?末?|"
    r"(?:前|头)三季度|Q[1-4]|春节|[\"“「]?(?:五一|十一|国庆|元旦|七一)[\"”」]?(?!期)|[春夏秋冬]季?天?|中旬|上旬|下旬)?"
)
_ZH = re.compile(
    r"(?=[0-9二一三四今本当去明后前次年上下昨日十“\"民国元五七])(?:"  # a cheap look before the alternatives
    r"(?:(?P<year>(?:19|20)\d\d|[二一][〇零九][〇零一二三四五六七八九]{2})\s?年(?:度)?|"
    r"(?P<rel>[今本当去明后前次])年(?:度)?的?(?!产|均))\s?"
    r"(?:(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s?月份?(?:\s?(?P<day>3[01]|[12]\d|0?[1-9])\s?[日号])?)?\s?"
    + _PART_ZH
    + r"|(?<![\d.年/-])(?P<month2>1[0-2]|0?[1-9])\s?月份?(?!\s?[内份]内)"
    r"(?:\s?(?P<day2>3[01]|[12]\d|0?[1-9])\s?[日号])?(?P<part2>底|末|初|中旬|上旬|下旬)?"
    r"|(?P<alone>年底|年末|年初|上半年|下半年)(?=[前,可将达建完投实,。;、预有]|$|\s)|(?<![一-龥])(?P<half>[上下]半年)"
    r"|(?<![年第\d])(?P<quarter>[一二三四]季度末?)"
    r"|[“\"]?十(?P<plan>[四五六])五[”\"]?(?:规划)?(?:期?末|收官)"
    r"|民国\s?(?P<roc>\d{2,3})\s?年(?:(?P<roc_month>1[0-2]|0?[1-9])月)?|(?P<month_rel>[上本当下次])月[底末初]?(?![均度])"
    r"|(?P<holiday>国庆|元旦|五一|七一)节?前"
    r"|(?<![年月\d,.至~-])(?P<day3>3[01]|[12]\d|[1-9])日(?![内历前起])(?=[一-龥,])"
    r"|(?P<day_rel>今日|今天|昨日|昨天|当日|日前))"
)
_ISO = re.compile(
    r"(?=[12])(?<![\d/.-])(?P<y>(?:19|20)\d\d)(?P<s>[-/.])(?P<m>0?[1-9]|1[0-2])"
    r"(?:(?P=s)(?P<d>3[01]|[12]\d|0?[1-9]))?(?![\d/-]|\.\d)"
)
_YEARS = re.compile(
    r"(?=[12])(?<![\d.,$-])(?P<y1>(?:19|20)\d\d)\s?年?\s?(?:-|~|至|到|to|through)\s?"
    r"(?P<y2>(?:19|20)\d\d)(?![\d,.]\d|\d|-)\s?年?"
)
_MONTH_RANGE = re.compile(
    r"(?P<y>(?:19|20)\d\d)年(?P<m1>1[0-2]|0?[1-9])月?(?:-|~|至|到)(?:(?P<y2>(?:19|20)\d\d)年)?(?P<m2>1[0-2]|0?[1-9])月"
)
_EN = re.compile(
    rf"(?:(?P<pre>early|mid|late|the end of|end of|end|year-end|spring|summer|fall|autumn|winter|the start of|"
    r"(?:the )?(?:first|second) half of|(?:the )?first (?:three|six|nine) months of|H[12]|Q[1-4]|"
    r"(?:the )?(?:first|second|third|fourth) quarter of)[\s-]+(?:of\s)?)?"
    rf"(?:(?P<d1>3[01]|[12]\d|[1-9])(?:st|nd|rd|th)?\s(?:of\s)?(?P<mon1>{_MONTH})(?:,?\s(?P<y1>(?:19|20)\d\d))?"
    rf"|(?P<mon2>{_MONTH})"
    r"(?:\s(?P<d2>3[01]|[12]\d|[1-9])(?:st|nd|rd|th)?(?!\d|[.,]\d|\s?(?:MW|GW|%|million|billion)))?"
    r"(?:,?\s(?P<y2>(?:19|20)\d\d))?"
    r"|(?P<y3>(?:19|20)\d\d)(?![\d%]|[.,]\d|-?(?:\s)(?:servers|chips|GPUs|MW|racks)|P\b)"
    r"|(?P<rel>this|last|next|the)\s(?P<unit>year|month|spring|summer|fall|autumn|winter|week)"
    rf"|(?P<wd>(?:on|last)\s(?:{'|'.join(_WEEKDAYS)}))|(?P<day_rel>today|yesterday)\b"
    r"|(?P<now>year-end|the year's end|the end of the year|year's end))",
    re.IGNORECASE,
)
# the day of a report is not one that its claims speak of
_REPORTED = re.compile(r"(?:消息|讯|电[,:\s]|获悉|报道|发布消息)")
# words that end the reach of an earlier date in the same sentence
_NOW = re.compile(r"截至目前|目前|现在|如今|现已|currently|\bnow\b|\bso far\b|to date")
_NOW_WORDS = ("目前", "现在", "如今", "现已", "currently", "now", "so far", "to date")
_FUTURE = re.compile(r"将|预计|计划|力争|拟|will|expected|plan", re.IGNORECASE)
_AHEAD = re.compile(
    r"\b(?:will|would|could|should|due|expect\w*|plan\w*|slated|scheduled|aim\w*|by|to be|until|before|"
    r"set to|is to|next|target\w*)\b"
)
_MONTHS_OF_A_YEAR = 12
_FIRST_YEAR_OF_ROC = 1912
_END_OF_PLAN = {"四": 2025, "五": 2030, "六": 2035}
"""last year of a five-year plan: 十五五末"""
_QUARTERS = ((1, 3), (4, 6), (7, 9), (10, 12))
_SEASONS = {
    name: (first, first + 2)
    for first, names in {3: "spring 春", 6: "summer 夏", 9: "fall autumn 秋", 12: "winter 冬"}.items()
    for name in names.split()
}
"""first and last month, northern half; month 14 is the February after"""
_PERIODS = _SEASONS | {
    name: months
    for months, names in {
        (1, 1): "年初|初|start",
        (6, 6): "年中|mid",
        (12, 12): "年底|年末|底|末|end|year-end",
        (1, 6): "上半年|h1|first half|first six months",
        (7, 12): "下半年|h2|second half",
        (1, 9): "前三季度|头三季度|first nine months",
        (1, 3): "early|q1|first quarter|first three months",
        (4, 6): "q2|second quarter",
        (7, 9): "q3|third quarter",
        (10, 12): "late|q4|fourth quarter",
    }.items()
    for name in names.split("|")
}
"""first and last month of the part of a year that a word names"""
_QUARTER_ZH = re.compile(r"第?([一二三四1-4])季|Q([1-4])")


@dataclass(frozen=True, slots=True)
class Mention:
    """One date in a text; offsets are those of the text given."""

    start: int
    end: int
    edtf: str


def mentions(text: str, document: date | None = None, start: int = 0, stop: int | None = None) -> list[Mention]:
    """Return the dates of a folded text as EDTF (ISO 8601-2), in reading order, without overlaps.

    Half-years, quarters and "early" or "late" parts of a year are intervals of months; a month
    without a year is anchored on `document` (or on the last full year in the text before it), and
    left out where there is neither.  "Now" and its like are mentions with an empty date.
    Only text[start:stop] is read.

    >>> [mention.edtf for mention in mentions("明年6月底建成,2027年投产", date(2025, 3, 1))]
    ['2026-06', '2027']
    """
    found: list[Mention] = []
    stop = len(text) if stop is None else stop
    words = text[start:stop]
    if any(word in words for word in _NOW_WORDS):
        found += [Mention(match.start(), match.end(), "") for match in _NOW.finditer(text, start, stop)]
    for matches, read in _readers(words):
        for match in matches(text, start, stop):
            edtf = read(match, _anchor(document, text, match.start()), text)
            if edtf and valid_date(edtf) and not _is_report(text, match):
                found.append(Mention(match.start(), match.end(), edtf))
    found.sort(key=lambda mention: (mention.start, -mention.end))
    kept: list[Mention] = []
    for mention in found:
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept


def _is_report(text: str, match: re.Match[str]) -> bool:
    """Say whether a date is that of a report: "8月18日讯", "said on Tuesday"."""
    said = text[match.start() - 1 : match.start()] == " " and _SAID.search(
        text, max(0, match.start() - 16), match.start()
    )
    return bool(said or _REPORTED.match(text, match.end()))


_SAID = re.compile(r"\b(?:said|told|wrote|reported)(?: on)? $")
_Reader = Callable[["re.Match[str]", "date | None", str], str]
_Finder = Callable[[str, int, int], "Iterator[re.Match[str]]"]
_LATIN_HINT = re.compile(r"[A-Za-z]{2}|[QH][1-4]")
_HAN_HINT = re.compile(r"[年月日]|十[四五六]五|国庆前|元旦前|五一前|七一前|今天|昨天|当天|季度")
_YEAR = re.compile(r"(?:19|20)\d\d")


def _readers(text: str) -> list[tuple[_Finder, _Reader]]:
    """Return the finders that can find anything in a text; most sentences need few of them."""
    readers: list[tuple[_Finder, _Reader]] = []
    digits = _YEAR.search(text) is not None
    han = _HAN_HINT.search(text) is not None
    if digits:
        readers += [(_MONTH_RANGE.finditer, _month_range)] if han else []
        readers += [(_YEARS.finditer, _year_range), (_ISO.finditer, _iso), (_HALF.finditer, _half)]
    if han:
        readers.append((_ZH.finditer, _zh))
    if _LATIN_HINT.search(text) and (digits or not _EN_NAMES_LATIN.isdisjoint(latin_words(text.lower()))):
        readers.append((_en_dates, _en))
    return readers


_EN_NAMES = word_set(
    f"{' '.join(_MONTHS)} {' '.join(_WEEKDAYS)} "
    "year month week q h half quarter spring summer fall autumn winter today yesterday"
)
"""words of which an English date without a year has one"""
_EN_NAMES_LATIN = {name.encode() for name in _EN_NAMES}
_EN_FIRST = Words(_EN_NAMES | word_set("early mid late the end first second third fourth this last next on"))
_DAY_OR_YEAR = re.compile(r"[1-9](?<![0-9A-Za-z].)(?:\d?(?:st|nd|rd|th)?\s(?:of\s)?[A-Za-z]|(?<=[12])[09]\d\d)")


def _en_dates(text: str, start: int, stop: int) -> Iterator[re.Match[str]]:
    """Yield what reads like an English date; only where one can begin is it tried."""
    end = start
    words = [word[0] for word in _EN_FIRST.find(text, start, stop) if not text[word[0] - 1 : word[0]].isdigit()]
    for at in sorted((*words, *(match.start() for match in _DAY_OR_YEAR.finditer(text, start, stop)))):
        match = _EN.match(text, at, stop) if at >= end else None
        if match:
            end = match.end()
            yield match


def _anchor(document: date | None, text: str, at: int) -> date | None:
    """Return the date that relative words count from."""
    if document:
        return document
    years = re.findall(r"(?<!\d)((?:19|20)\d\d)(?=\s?年|-\d\d-|[,.]?\s|$)", text[max(0, at - 200) : at])
    return date(int(years[-1]), 6, 30) if years else None


def _month_range(match: re.Match[str], anchor: date | None, text: str) -> str:
    return f"{match['y']}-{int(match['m1']):02d}/{match['y2'] or match['y']}-{int(match['m2']):02d}"


_HALF = re.compile(r"(?=[12])(?<![\d.,])(?P<y>(?:19|20)\d\d)\s?(?P<part>H[12]|Q[1-4])(?!\w)")


def _half(match: re.Match[str], anchor: date | None, text: str) -> str:
    return _months(int(match["y"]), *_PERIODS[match["part"].lower()])


def _year_range(match: re.Match[str], anchor: date | None, text: str) -> str:
    return f"{match['y1']}/{match['y2']}" if int(match["y1"]) < int(match["y2"]) else ""


def _iso(match: re.Match[str], anchor: date | None, text: str) -> str:
    if match["s"] == "." and not match["d"]:
        return ""
    return _ymd(int(match["y"]), int(match["m"]), _whole(match["d"]))


def _ymd(year: int, month: int = 0, day: int = 0) -> str:
    """Return a year, month or day as EDTF, 0 for what is not known; `mentions` leaves out what no calendar has."""
    return "-".join([f"{year:04d}", *(f"{part:02d}" for part in (month, day) if part)]) if year else ""


def _zh(match: re.Match[str], anchor: date | None, text: str) -> str:
    if match["day_rel"]:
        back = 1 if match["day_rel"].startswith("昨") else 0
        return (anchor - timedelta(days=back)).isoformat() if anchor and match["day_rel"] != "日前" else ""
    if match["plan"] or match["roc"] or match["holiday"] or match["month_rel"]:
        return _by_name(match, anchor)
    part = match["alone"] or match["half"] or match["quarter"]
    if part:
        found = _part(anchor.year, 0, part) if anchor else ""
        past = anchor and found[:7] > anchor.isoformat()[:7] and text.endswith("截至", 0, match.start())
        return _part(anchor.year - 1, 0, part) if anchor and past else found
    if match["day3"] or match["month2"]:
        if not anchor:
            return ""
        if match["day3"]:  # in the month of the document, or in the one before it
            day = int(match["day3"])
            month = anchor if day <= anchor.day else anchor.replace(day=1) - timedelta(days=1)
            return _ymd(month.year, month.month, day)
        alone = int(match["month2"])
        later = alone + 6 < anchor.month and _FUTURE.search(text[match.end() : match.end() + 30])
        past = alone > anchor.month and text.endswith("截至", 0, match.start())
        return _ymd(anchor.year + bool(later) - past, alone, _whole(match["day2"]))
    if match["year"]:
        year = _whole(match["year"])
    elif anchor:
        year = anchor.year + _RELATIVE[match["rel"]]
    else:
        return ""
    return _part(year, _whole(match["month"]), match["part"] or "", _whole(match["day"]))


def _by_name(match: re.Match[str], anchor: date | None) -> str:
    """Return the end of a five-year plan, a year of the Republic of China, a holiday, or last and next month."""
    if match["plan"]:
        return str(_END_OF_PLAN[match["plan"]])
    if match["roc"]:
        return _ymd(_FIRST_YEAR_OF_ROC + int(match["roc"]) - 1, _whole(match["roc_month"]))
    if match["holiday"]:
        return f"{anchor.year}-{_HOLIDAYS[match['holiday']]}" if anchor else ""
    if not anchor:
        return ""
    step = {"上": -1, "下": 1, "次": 1}.get(match["month_rel"], 0)
    year, months = divmod(anchor.year * _MONTHS_OF_A_YEAR + anchor.month - 1 + step, _MONTHS_OF_A_YEAR)
    return _ymd(year, months + 1)


def _whole(numeral: str | None) -> int:
    """Return the value of a numeral in digits or Chinese characters, 0 for none."""
    return int(numeral_value(numeral) or 0) if numeral else 0


def _part(year: int, month: int, part: str, day: int = 0) -> str:
    """Return a year, or the part of it that a word names, as EDTF."""
    if month or not part:
        return _ymd(year, month, day)
    part = part.strip('"“”「」')
    if part in _HOLIDAYS:
        return f"{year}-{_HOLIDAYS[part]}"
    quarter = _QUARTER_ZH.match(part)
    if quarter:
        first, last = _QUARTERS["一二三四1234".index(quarter[1] or quarter[2]) % 4]
        return _months(year, last if part.endswith("末") else first, last)
    if part != "春节" and (part in _PERIODS or part[0] in _SEASONS):
        return _months(year, *_PERIODS.get(part, _PERIODS.get(part[0], (0, 0))))
    return f"{year}"


def _en(match: re.Match[str], anchor: date | None, text: str) -> str:
    pre = (match["pre"] or "").lower()
    if match["now"]:
        return _ymd(anchor.year, 12) if anchor else ""
    if match["day_rel"]:
        return (anchor - timedelta(days=match["day_rel"].lower() == "yesterday")).isoformat() if anchor else ""
    if match["wd"]:
        if not anchor:
            return ""
        back = (anchor.weekday() - _WEEKDAYS.index(match["wd"].split()[-1].lower())) % 7
        return (anchor - timedelta(days=back)).isoformat()
    if match["rel"]:
        return _relative(match, anchor, pre)
    if match["y3"]:
        return _en_part(int(match["y3"]), pre) if pre or _is_year(match, text) else ""
    name = (match["mon1"] or match["mon2"]).lower().rstrip(".")
    if not match["d1"] and not match["d2"] and not match["y2"] and not pre and not _is_month(match, text):
        return ""
    year, day = match["y1"] or match["y2"], match["d1"] or match["d2"]
    known = int(year) if year else anchor.year if anchor else 0
    if known and not year and anchor and _MONTHS[name] > anchor.month:
        ahead = _AHEAD.search(text, max(0, match.start() - 80), match.end() + 40)
        known -= ahead is None  # "approved in November", written in June
    return _ymd(known, _MONTHS[name], _whole(day))


_YEAR_FOLLOWS = re.compile(
    r"(?:in|by|of|since|until|till|from|for|during|through|before|after|late|early|mid|year|and|to|around|fiscal|fy|"
    r"to-?)[\s-]$"
)


def _is_year(match: re.Match[str], text: str) -> bool:
    """Say whether four digits are a year: by the word before, or a border of the clause."""
    before = text[max(0, match.start() - 14) : match.start()].lower()
    return bool(_YEAR_FOLLOWS.search(before)) or not before.strip()


def _is_month(match: re.Match[str], text: str) -> bool:
    """Say whether a month name alone is a date ("in July"), and "may" not a verb."""
    word = match["mon2"]
    before = text[max(0, match.start() - 10) : match.start()].lower()
    return word[0].isupper() and bool(
        re.search(r"(?:in|by|since|until|of|last|this|next|from|between|and|late|early|mid)[\s-]$", before)
    )


def _relative(match: re.Match[str], anchor: date | None, pre: str) -> str:
    if not anchor:
        return ""
    if match["rel"].lower() == "the" and match["unit"].lower() == "year" and "end" in pre:
        return _ymd(anchor.year, 12)
    if match["rel"].lower() == "the" and not ("month" in pre or "half" in pre or "quarter" in pre):
        return ""
    step = {"this": 0, "the": 0, "last": -1, "next": 1}[match["rel"].lower()]
    unit = match["unit"].lower()
    if unit == "year":
        return _en_part(anchor.year + step, pre)
    if unit == "month":
        year, month = divmod(anchor.year * _MONTHS_OF_A_YEAR + anchor.month - 1 + step, _MONTHS_OF_A_YEAR)
        return _ymd(year, month + 1)
    return "" if unit == "week" else _months(anchor.year + step, *_SEASONS[unit])


def _months(year: int, first: int, last: int) -> str:
    """Return one month, or an interval of months, as EDTF; month 13 is the January after."""
    if first == last:
        return _ymd(year, first)
    over, month = divmod(last - 1, _MONTHS_OF_A_YEAR)
    return f"{_ymd(year, first)}/{_ymd(year + over, month + 1)}"


def _en_part(year: int, pre: str) -> str:
    return _months(year, *_PERIODS[pre.removeprefix("the ").removesuffix(" of")]) if pre else str(year)
