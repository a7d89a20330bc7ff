"""Turn the bytes of a page into text: label, strict UTF-8, gb18030 behind any GBK label, Big5."""

from __future__ import annotations

import re

_LABEL = re.compile(rb"""(?:charset|encoding)\s{0,4}=\s{0,4}["']?\s{0,4}([A-Za-z0-9_-]{2,20})""")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ALIASES = {"gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030", "big5-hkscs": "big5hkscs",
            "big5": "big5hkscs", "utf8": "utf-8"}  # fmt: skip
# characters that stand in almost every Chinese page, in both scripts: a wrong decoding has few of them
_COMMON = frozenset("的一是不在了有和人这中大为上个国我以要时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
                    "項目公司建設數據中心資金額萬億標準招標投項目建设数据中心资金额万亿标准招标公告单位时间价格电力容量面积总计算服务器机柜")  # fmt: skip


def decode(data: bytes, label: str = "") -> tuple[str, str, list[str]]:
    """Return (text, codec, remarks) of the bytes of a page.

    `label` is what the HTTP header said.  Strict UTF-8 wins when it fits; a Chinese codec is chosen
    among label, gb18030 and Big5 by the share of common characters, because a page in Big5 often
    decodes as gb18030 without an error.  Bytes that no codec reads become U+FFFD, with a remark.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return data.decode(codec, "replace"), codec, []
    found = _LABEL.search(data[:4096])
    said = (label or (found[1].decode("ascii") if found else "")).lower()
    said = _ALIASES.get(said, said)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(data, said, error)
    remarks = (
        [f"labelled {said}, but the bytes are UTF-8"]
        if said and said not in ("utf-8", "ascii") and not text.isascii()
        else []
    )
    return text, "utf-8", remarks


def _not_utf8(data: bytes, said: str, error: UnicodeDecodeError) -> tuple[str, str, list[str]]:
    mostly = data.decode("utf-8", "replace")
    broken = mostly.count("\ufffd")
    if broken * 50 < len(mostly) and _commonness(mostly) > 0.05:
        return (
            mostly,
            "utf-8",
            [f"{broken} bytes are not UTF-8 and were left out; the first stands at byte {error.start}"],
        )
    best: tuple[float, str, str] | None = None
    for codec in dict.fromkeys((said, "gb18030", "big5hkscs")):
        try:
            text = data.decode(codec, "replace")
        except LookupError:
            continue
        mark = _commonness(text) - 20 * text.count("\ufffd") / max(len(text), 1) + (0.01 if codec == said else 0)
        if best is None or mark > best[0]:
            best = (mark, codec, text)
    assert best is not None
    _, codec, text = best
    remarks = []
    if said and said != codec:
        remarks.append(f"labelled {said}, read as {codec}, whose common characters it has")
    if "\ufffd" in text:
        remarks.append(f"{text.count(chr(0xFFFD))} characters cannot be read as {codec}")
    return text, codec, remarks


def _commonness(text: str) -> float:
    """Return the share of common Chinese characters among those beyond ASCII."""
    beyond = [letter for letter in text[:200_000] if letter > "\x7f"]
    return sum(letter in _COMMON for letter in beyond) / max(len(beyond), 1)
