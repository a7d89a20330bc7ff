"""One decoder for captures and filings; charset-normalizer is the second opinion where it is installed."""

import pytest

from osint.filings import decode, parse

PAGES = [
    ("Société d'énergie à Genève, 500 serveurs", "iso-8859-1"),
    ("RÉSULTATS D'ÉNERGIE, GENÈVE", "iso-8859-1"),
    ("Größe 500 m², 20 °C im Rechenzentrum", "cp1252"),
    ("데이터센터 서버 500대 설치 계획 발표", "euc_kr"),
    ("サーバー500台を設置する計画を発表した", "shift_jis"),
    ("Центр обработки данных, 500 серверов", "cp1251"),
    ("智慧計算中心伺服器採購案，請投標廠商於期限內提出文件。", "big5"),
    ("标准机柜项目公司建设投资3亿元", "gb18030"),
    ("𠮷野智算中心总投资3亿元", "gb18030"),
    ("标准机柜项目公司建设投资3亿元", "utf-8"),
]


@pytest.mark.parametrize(("text", "codec"), PAGES)
@pytest.mark.parametrize("form", ["{}", "text/html; charset={}"])
def test_a_true_label_gives_the_text_that_was_written(text, codec, form):
    found = decode(text.encode(codec), form.format(codec))
    assert found.text == text and not found.remarks


@pytest.mark.parametrize(("text", "codec"), [page for page in PAGES if page[1] != "cp1251"])
@pytest.mark.parametrize("label", ["", "iso-8859-1", "utf-8", "gb2312", "big5"])
def test_a_missing_or_false_label_is_overruled_and_remarked(text, codec, label):
    if text.isupper() and label:  # capitals alone: nothing tells a codec of letters from one of characters
        return
    found = decode(text.encode(codec), label)
    assert found.text == text
    label_is_right = found.codec == {"gb2312": "gb18030", "big5": "big5hkscs"}.get(label, label)
    assert not label or found.remarks or label_is_right or codec in ("cp1252", "iso-8859-1")


def test_captures_and_filings_read_one_text(tmp_path):
    raw = '<meta charset="euc-kr"><p>서울 데이터센터 투자 3조원, 서버 2000대</p>'.encode("euc_kr")
    assert decode(raw, "text/html").text in decode(raw).text
    assert "서버 2000대" in parse(raw, "a.html").text


@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig", "gb18030", "big5", "euc_kr"])
def test_offsets_lead_to_the_bytes_in_every_codec(codec):
    words = "서버 500대" if codec == "euc_kr" else "機櫃公司項目500架"
    raw = f"<html><body><p>a &amp; b</p><p>{words}</p></body></html>".encode(codec)
    filing = parse(raw, "a.html")
    at = filing.text.index(words)
    first, last = filing.where(at, at + len(words)).bytes
    assert raw[first:last] == words.encode(codec.replace("utf-16", "utf-16-le").removesuffix("-sig"))


def test_damaged_and_cut_utf8_is_still_utf8():
    text = "标准机柜项目公司建设投资3亿元。" * 20
    for raw in (text.encode() + b"\xff\xfe", text.encode()[:-1], "é".encode() * 200 + b"\xff"):
        found = decode(raw, "gb2312")
        assert found.codec == "utf-8" and "not UTF-8" in found.remarks[0]


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_a_mark_at_the_front_decides(mark):
    found = decode("标准机柜".encode(mark), "gb2312")
    assert found.text == "标准机柜" and found.codec == mark


@pytest.mark.parametrize("codec", ["gb18030", "big5", "euc_kr", "shift_jis"])
def test_charset_normalizer_agrees_on_long_pages_without_a_label(codec):
    referee = pytest.importorskip("charset_normalizer")
    raw = " ".join(text for text, own in PAGES if own == codec).encode(codec) * 40
    assert str(referee.from_bytes(raw).best()) == decode(raw).text
