"""Decode the bytes of a page or a text file: one rule for captures and for filings."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple


class Decoded(NamedTuple):
    """The text of some bytes and how it was found."""

    text: str
    """the characters; bytes that cannot be read are U+FFFD"""
    codec: str
    """Python's name of the codec"""
    remarks: tuple[str, ...]
    """what a reader must know: a wrong label, bytes that cannot be read"""


_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LABEL = re.compile(rb"""(?:charset|encoding)\s{0,4}=\s{0,4}["']?\s{0,4}([A-Za-z0-9_.:-]{2,20})""", re.IGNORECASE)
_ALIASES = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}
_TRIED = ("gb18030", "big5hkscs", "euc_kr", "shift_jis", "cp1252")
"""codecs that are compared where the bytes are not UTF-8; the first wins a draw"""
_UNPROVEN = frozenset(["ascii", "utf-7", "iso8859-1"])
"""labels that many servers send for whatever they have; Latin-1 is compared as its superset cp1252"""
_HEAD_BYTES = 4096
_SCORED_BYTES = 1 << 17
_LABEL_BONUS = 0.2
"""by how much another codec must score better than the one that the label names"""

# letters that stand on almost every page of a language: a wrong decoding has few of them
_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民"
    "得经三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社"
    "义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通"
    "并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九"
    "區強放決西被幹做必戰先回則任取據處隊南給色光門即保治北造百規熱領七海口東導器壓志世金增爭濟階油思術極交受聯什認六共權收證"
    "改清己美再採轉更單風切打白教速花帶安場身車例真務具萬每目至達走積示議聲報鬥完類八離華名確才科張信馬節話米整空元況今集溫傳"
    "招标采购项目中心公告公司算服务器区强决网站信息页面访问您对时发这个们关开号书东实图万专业华标询购訊網頁應電這個對時發來們會"
    "關開號計書實圖專標項詢建設數據資額億準投数据资额亿准单位间价格容积机柜"
    "이다는을의에가지고하한로도사기리대인어시를자서정으해부여일제수원과라장보구들아나은전주상스안터년계획발표만조억"
)  # fmt: skip


def decode(data: bytes, label: str = "") -> Decoded:
    """Decode `data`: byte-order mark, strict UTF-8, the label if the bytes fit it, then the likeliest codec.

    `label` is the charset or the whole Content-Type of the HTTP answer; without one, the page's own is taken.
    The label is overruled where another codec gives clearly more of the letters that its language uses most,
    because a page in Big5 often decodes as gb18030 without an error.  Nothing is overruled without a remark.

    >>> decode("标准机柜".encode("gbk"), "text/html; charset=iso-8859-1").codec
    'gb18030'
    """
    for mark, codec in _MARKS.items():
        if data.startswith(mark):
            return Decoded(data.decode(codec, "replace"), codec, ())
    named = _named(data, label)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _damaged_utf8(data, error) or _compared(data, named)
    wrong = named and named not in ("utf-8", "ascii") and not text.isascii()
    return Decoded(text, "utf-8", (f"labelled {named}, but the bytes are UTF-8",) if wrong else ())


def _named(data: bytes, label: str) -> str:
    """Return the codec that the answer or the page itself names; empty where none is known."""
    own = _LABEL.search(data[:_HEAD_BYTES])
    header = _LABEL.search(label.encode("ascii", "ignore"))
    words = [header[1].decode() if header else "" if "/" in label else label, own[1].decode() if own else ""]
    for word in filter(None, words):
        try:
            name = codecs.lookup(word).name
        except LookupError:
            name = {"gb_2312-80": "gb2312", "x-gbk": "gbk", "x-x-big5": "big5"}.get(word.lower(), "")
        if name:
            return _ALIASES.get(name, name)
    return ""


def _damaged_utf8(data: bytes, error: UnicodeDecodeError) -> Decoded | None:
    """Return the text of bytes that are UTF-8 but for a few; None where they are something else."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    cut_off = error.start > max(64, len(data) - 4)
    beyond = sum(letter > "\x7f" for letter in text[: 4 * _SCORED_BYTES])
    if cut_off or (broken * 50 < len(text) and beyond > 5 * broken):
        remark = f"{broken} bytes are not UTF-8 and were left out; the first stands at byte {error.start}"
        return Decoded(text, "utf-8", (remark,))
    return None


def _compared(data: bytes, named: str) -> Decoded:
    """Return the text under the label, or under the codec that gives more of the letters of its language."""
    sample = data[:_SCORED_BYTES]
    names = [named] if named and named not in _UNPROVEN else []
    scores = {name: _score(sample, name) for name in dict.fromkeys([*names, *_TRIED])}
    codec = max(scores, key=lambda name: scores[name] + (_LABEL_BONUS if name in names else 0.0))
    if named in _UNPROVEN and codec == "cp1252":
        codec = "cp1252" if re.search(rb"[\x80-\x9f]", data) else "iso8859-1"
    text = data.decode(codec, "replace")
    remarks = []
    if named and codec != named and not (named in _UNPROVEN and codec == "cp1252"):
        remarks.append(f"labelled {named}, read as {codec}, whose common letters it has")
    if "\ufffd" in text:
        remarks.append(f"{text.count(chr(0xFFFD))} characters cannot be read as {codec}")
    return Decoded(text, codec, tuple(remarks))


def _score(sample: bytes, codec: str) -> float:
    """Return the share of letters beyond ASCII that are usual in the codec's languages, less what cannot be read."""
    try:
        text = sample.decode(codec, "replace").rstrip("\ufffd")
    except (LookupError, UnicodeError):
        return -1e9
    letters = [c for c in text if c > "\x7f" and not ("\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uff60")]
    if not letters:
        return 0.0
    unread = sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" for c in letters)
    if codec in ("gb18030", "big5hkscs", "euc_kr", "shift_jis"):
        usual = sum(c in _COMMON or "\u3041" <= c <= "\u30fe" for c in letters)
    else:  # alphabets: words are mostly in small letters, a wrong decoding is capitals and signs
        runs = re.findall(r"[^\x00-\x7f]+", text)
        usual = sum(1 if c.isalpha() and (len(run) == 1 or not c.isupper()) else -1 for run in runs for c in run)
    return (usual - 20 * unread) / len(letters)
