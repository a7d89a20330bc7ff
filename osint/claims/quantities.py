"""Find every quantity in a folded text: number, scale, unit, kind, range and qualifier, in linear time."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from osint.claims.atoms import Atom, read_atoms
from osint.claims.folding import NumberDoubt, Plain
from osint.claims.named import NAMED_MODEL, is_beside, without_names
from osint.claims.nouns import noun_behind
from osint.claims.numbers import qualifier, scale_factor
from osint.claims.ranges import TIMES, join
from osint.claims.units import CellUnit, Unit, declared_units


class Quantity(NamedTuple):
    """A value with its bounds, as written and in SI units."""

    low: float | None
    """lowest value, in `unit` as written; None where the words leave it open"""
    high: float | None
    """highest value, in `unit` as written; None where the words leave it open"""
    unit: str
    """the unit as written, with its scale word: 亿元, 万P, $bn"""
    si_low: float | None
    """lowest value in `si_unit`"""
    si_high: float | None
    """highest value in `si_unit`"""
    si_unit: str
    """one of count, PFLOPS, MW, MVA, kV, GWh, tce, m2, ratio, CNY, USD, HKD, EUR"""
    qualifier: str
    """exact, about, more than, at least, up to, less than or range"""
    chip_model: str = ""
    """chip model named next to the number, as written"""


class LocatedQuantity(NamedTuple):
    """A quantity and where it stands in the folded text."""

    start: int
    """offset of its first character"""
    end: int
    """offset behind its last character"""
    quantity: Quantity
    measure: Unit
    """what its unit measures"""
    remarks: tuple[str, ...]
    """what was odd in its characters"""

    family: str
    """the family of its unit, which `kind_of` resolves to a kind"""


_NOUN_CAN_FOLLOW = re.compile(r"[ \-\[(\n×xX*\u00a0]\s?[\[(×xX*]?\s?[A-Za-z]")


def find_quantities(plain: Plain, unit: CellUnit | None = None) -> list[LocatedQuantity]:
    """Return the quantities of a folded text in reading order, families not yet resolved to kinds.

    `unit` is what a table gives the bare numbers of a cell.

    >>> from osint.claims.folding import fold
    >>> [found] = find_quantities(fold("用电负荷20至30兆瓦"))
    >>> found.quantity.si_low, found.quantity.si_high, found.quantity.si_unit, found.quantity.qualifier
    (20.0, 30.0, 'MW', 'range')
    """
    text = plain.text
    atoms = read_atoms(text)
    atoms = [atom for atom in without_names(atoms, text) if not is_beside(atom, text)]
    for atom in atoms:
        if not atom.family and (_NOUN_CAN_FOLLOW.match(text, atom.end) or atom.scale in ("k", "K", "m", "M")):
            named = NAMED_MODEL.match(text, atom.end)
            noun = noun_behind(text, named.end()) if named else None
            noun = noun or noun_behind(text, atom.end)
            if noun:
                atom.end, atom.unit, atom.chip_model = noun
                atom.measure = Unit(atom.unit, "count")
    if unit is None and ("亿" in text or "万" in text):
        _sums_without_currency(atoms, text)
    for index, atom in enumerate(atoms if unit else ()):
        following = atoms[index + 1].start if index + 1 < len(atoms) else 0
        if following and TIMES.fullmatch(text, atom.end, following):
            continue  # the 2 of 2×180 MVA
        if unit and not atom.family and not (atom.scale and unit.scale):
            atom.scale, atom.unit, atom.measure = atom.scale or unit.scale, unit.spelling, unit.measure
    joined = (
        (first, last or (replace(first, number=first.upto) if first.upto else first))
        for first, last in join(atoms, text)
    )
    located = (_located(first, last, plain) for first, last in joined)
    return [found for found in located if found]


_MONEY_WORD = re.compile(
    r"(?:投资|融资|投入|预算|亏损|盈利|营收|金额|造价|估值|斩获|注资|拨款|出资|募资|贷款|花费?|花掉|砸|豪掷|掷|掏|扔进去|耗费|合同额|产值|收入|利润|耗资|斥资|总价|报价)"
    r"[^\d,。;;!?]{0,6}$"
)
_ORDERED = re.compile(r"(?:的?(?:订单|投资|融资|资金|合同|贷款|大单|补贴))")
_COUNTER = re.compile(r"\s?[人户次吨里辆件份家只名头亩平千瓦度台架张卡块个栋座项年月天P]")


_NO_SUM = re.compile(r"(?:参数|用户|人口|人次|播放|下载|访问|点击|词元|token|产量|销量)[^,。;]{0,8}$", re.IGNORECASE)
_STANDS_ALONE = re.compile(r"(?:[,。;、!?)]|$)")
_LINE_OPENS = re.compile(r"(?:\A|\n)[\s#*·【\[-]{0,5}$")
_HEADLINE = re.compile(
    r"\s?[,:!|]\s?[^\n。]{0,60}(?:招标|采购|中标|成交|候选人|开标|竞标|竞买|签约|签订|融资|投资|总承包|EPC)"
)
"""how a headline goes on that a sum without a currency opens: 3.6亿,某市算力中心招标"""
_SUM_REACH = 80
"""characters from a sum without a currency in which another one needs no word of money of its own (judgement)"""


def _sums_without_currency(atoms: list[Atom], text: str) -> None:
    """Give the sums of a text that lack a currency the one that is meant, by words of money or a sum beside them."""
    for atom in atoms:
        _sum_without_currency(atom, text)
    sums = [atom.start for atom in atoms if atom.remark == NumberDoubt.NO_CURRENCY]
    for atom in atoms if sums else ():
        if atom.family or atom.currency or text[atom.end - 1] != "亿" or not _STANDS_ALONE.match(text, atom.end):
            continue
        is_near = any(abs(atom.start - start) <= _SUM_REACH for start in sums)
        if is_near and not _NO_SUM.search(text, max(0, atom.start - 16), atom.start):
            atom.measure, atom.remark = declared_units()["元"], NumberDoubt.NO_CURRENCY


def _sum_without_currency(atom: Atom, text: str) -> None:
    """Give a number with 万 or 亿 behind a word of money, or before an order, the currency that is meant."""
    if atom.family or atom.currency or text[atom.end - 1] not in "万亿":
        return
    if _COUNTER.match(text, atom.end):
        return
    opens = text[atom.end - 1] == "亿" and _LINE_OPENS.search(text, max(0, atom.start - 6), atom.start)
    if opens and _HEADLINE.match(text, atom.end):
        atom.measure, atom.remark = declared_units()["元"], NumberDoubt.NO_CURRENCY
        return
    if _MONEY_WORD.search(text, max(0, atom.start - 14), atom.start) or _ORDERED.match(text, atom.end):
        atom.measure, atom.remark = declared_units()["元"], NumberDoubt.NO_CURRENCY


def _located(first: Atom, last: Atom, plain: Plain) -> LocatedQuantity | None:
    """Return the quantity from one number to another, or the same; None for nothing and for money that is not read."""
    text, is_range = plain.text, last is not first
    value, family = last.value, last.measure.family
    if value == 0 or family in ("foreign", ""):
        return None
    word = "range" if is_range else qualifier(text, first.start, last.end, first.more)
    if family == "duration" and text[max(0, first.start - 5) : first.start].lower() == "over ":
        word = "exact"  # "over five years" is a span, not a bound
    scale, factor, low = scale_factor(last.scale), last.measure.factor, first.value
    if is_range and first.unit != last.unit and first.measure.factor != factor:
        low = low * first.measure.factor / factor
    highest = _rounded(value, scale, factor)
    lowest = highest if low == value else _rounded(low, scale, factor)
    if word in ("up to", "less than"):
        lowest = None, None
    elif word in ("more than", "at least"):
        highest = None, None
    written = f"{last.currency}{last.scale}{last.unit}"
    quantity = Quantity(
        lowest[0], highest[0], written, lowest[1], highest[1], last.measure.si_unit, word, last.chip_model
    )
    odd = {remark for at, remark in plain.remarks.items() if first.start <= at <= last.end} if plain.remarks else set()
    odd.update(atom.remark for atom in (first, last) if atom.remark)
    remarks = tuple(sorted(odd)) if odd else ()
    return LocatedQuantity(first.start, last.end, quantity, last.measure, remarks, family)


def _rounded(value: float, scale: float, factor: float) -> tuple[float | None, float | None]:
    """Return a value as written and in SI units, without the dust of binary fractions."""
    return float(f"{value / scale:.12g}"), float(f"{value * factor:.12g}")
