"""Tell numbers that are part of a name, an address, a slot or a definition from quantities."""

from __future__ import annotations

import re

from osint.claims.atoms import Atom

NAMED_MODEL = re.compile(r" [A-Z][A-Za-z]{1,15} \d{1,4}(?= [a-z])")
_NAMED_SIZE = re.compile(r"[十百千万]{1,3}(?:卡|P)$")
_OF_PROGRAMME = re.compile(
    r"(?:级|国产|智算|算力|超)*(?:集群)?(?:扩建|建设|升级|改造|配套|[一二三四]期)*(?:计划|工程|行动|专项|战略|时代|项目)"
)
_CLASS = re.compile(r"[十百千万]{1,3}(?:卡|[千兆吉]瓦)级")
"""a round size that only names a class: 千万千瓦级基地, 万卡级集群"""
_QUOTES = ("“", '"', "「", "『")
_CLUSTER = re.compile(r"集群(?!已|预计|将|建|投|上线|点亮|稳定|正式|于|在)")
_HAS = re.compile(r"[建投营]|拥有|部署|点亮|上线|首个|打造|形成|交付|国产")
"""what makes 万卡集群 one that there is, or is to be"""
_STATED = re.compile(r"\d\s?[万千]?(?:[张块枚]|卡)")
_NEAR = 60
"""characters on either side of a round size in which a stated count makes it a name (judgement)"""


def _is_named_size(atom: Atom, text: str) -> bool:
    """Say whether a round size only names a cluster or a programme: “万卡集群”, 万卡计划, 万卡 beside 3840张."""
    behind = text[atom.end - 1 : atom.end + 1]
    if text[atom.start - 1 : atom.start] in _QUOTES or _OF_PROGRAMME.match(text, atom.end):
        return True
    if behind[:1] == "P":
        return text[atom.start - 2 : atom.start] == "万卡"
    if _CLUSTER.match(text, atom.end) and not _HAS.search(text, max(0, atom.start - 12), atom.start):
        return True
    return _STATED.search(text, max(0, atom.start - _NEAR), atom.end + _NEAR) is not None


_ORDINAL_NAME = re.compile(
    r"\b(?:Gen|Generation|Phase|Hall|Level|Tier|Lot|Block|Building|Unit|Stage|Version|Mark|Series|Type|Class|Zone|Room|Row|"
    r"Pod|Line|Floor|Figure|Table|Section|Chapter|Step|Round|Batch|Module|"
    r"Trainium|Inferentia|TPU|Gaudi|Maia|Ascend|MTIA) $"
)
_COUNTS = ("", "count", "chips", "servers", "racks", "thing")
_LARGEST_ORDINAL = 99
_PROGRAMME = re.compile(r"[”\"」』]\s?(?:计划|工程|行动|专项|项目)")
_AREA_WORD = re.compile(r"面积|建面|占地|用地|建筑|厂房|机房|园区|土地|楼|场地|空间|房")
_PLACE_BEHIND = re.compile(r"[镇乡村台街路向山]")
_STOREY_BEHIND = re.compile(r"\s?\d{1,4}\s?[-楼层号室单]")
_SLOT_BEHIND = re.compile(r"\s?(?:GPU|显卡|加速卡|PCIe|网|硬盘)?\s?(?:插槽|接口|端口|槽位|卡槽|插口)")
_DEFINES = re.compile(r"\s?(?:算力)?\s?(?:等于|相当于|即|=|equals)")
_DEFINED = re.compile(r"(?:等于|相当于|即|=|equals)\s?(?:每秒)?\s?$")
_ROUND = re.compile(r"[十百千万亿]+次")
_EXPLAINS = re.compile(r"[A-Za-z]\s?\((?:即|指|意为)?每秒$")
"""how a bracket opens that says what the unit before it means: EFLOPS(每秒百亿亿次浮点运算)"""
_LOT = re.compile(r"(?:标段|标包|合同包|采购包|分包|包件|子包|地块|机楼|楼栋|厂房|附件|附表)$")
_ENDS_LOT = frozenset("段标包件块楼栋房表")
_LIKENED = re.compile(r"\b(?:as|like|into|form(?:s|ing)?|becom(?:es?|ing))\s$")
_GIANT = re.compile(r"\s(?:giant|massive|huge|big|virtual|unified|logical|enormous)\b")
"""what makes "one" of many things a figure of speech: 72 of them act as one giant GPU"""


def is_beside(atom: Atom, text: str) -> bool:
    """Say whether a number belongs to an address, a slot or the definition of a unit."""
    family, first = atom.measure.family, max(0, atom.start - 24)
    if family == "area" and atom.unit in ("平", "平方", "坪"):
        no_area = _AREA_WORD.search(text, first, atom.start) is None
        return no_area or _PLACE_BEHIND.match(text, atom.end) is not None
    if family in ("thing", "cards", "chips"):
        behind = _STOREY_BEHIND if atom.unit in ("栋", "幢", "座") else _SLOT_BEHIND
        return behind.match(text, atom.end) is not None
    if family == "compute":
        if _ROUND.fullmatch(text, atom.start, atom.end) and _EXPLAINS.search(text, first, atom.start):
            return True
        defines = atom.number == 1 and _DEFINES.match(text, atom.end) is not None
        return defines or _DEFINED.search(text, first, atom.start) is not None
    return False


def without_names(atoms: list[Atom], text: str) -> list[Atom]:
    """Leave out numbers that are part of a name: Gen 4 servers, the 6 of 90,000 TPU 6 chips, “十万卡”计划."""
    bare = [atom.end for atom in atoms if not atom.measure.family and text[atom.end : atom.end + 1] == " "]
    named = [match.end() for match in (NAMED_MODEL.match(text, end) for end in bare) if match]
    return [
        atom
        for atom in atoms
        if not (named and any(atom.start < end <= max(atom.end, atom.start + 4) for end in named))
        and not _is_name(text[atom.start - 1 : atom.start], atom, text)
    ]


def _is_name(before: str, atom: Atom, text: str) -> bool:
    """Say whether a number is an ordinal or the round size of a cluster; `before` is the character in front of it."""
    is_one = not atom.measure.family and text.startswith(("one ", "One "), atom.start)
    if is_one and (_LIKENED.search(text, max(0, atom.start - 10), atom.start) or _GIANT.match(text, atom.end)):
        return True
    is_short = before in _ENDS_LOT and atom.number <= _LARGEST_ORDINAL and not atom.unit
    if is_short and _LOT.search(text, max(0, atom.start - 4), atom.start):
        return True
    if before == " " and atom.number <= _LARGEST_ORDINAL and atom.measure.family in _COUNTS:
        return _ORDINAL_NAME.search(text, max(0, atom.start - 12), atom.start) is not None
    if before in _QUOTES and _PROGRAMME.match(text, atom.end):
        return True
    if text[atom.start] in "十百千万" and _CLASS.match(text, atom.start):
        return True
    is_size = text[atom.start] in "十百千万" and _NAMED_SIZE.fullmatch(text, atom.start, atom.end)
    return bool(is_size) and _is_named_size(atom, text)
