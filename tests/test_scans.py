"""Numbers read from pictures: two readings must agree, slips that are known are refused, all carry a warning."""

import io
import math

import pytest
from PIL import Image, ImageDraw, ImageFont

from osint import filings
from osint.errors import OsintError
from osint.filings import ocr, review_form
from osint.filings.ocr import Line
from osint.fonts import chinese_font

LINES = [
    "项目总投资23.8亿元，建设标准机柜6,000架。",
    "总建筑面积48,600.5平方米，IT负荷90兆瓦。",
    "The build costs $390 million and draws 96 MW.",
]


def line(text, row=0):
    return Line(text, (0, 20 * row, 600, 20 * row + 16))


def read_twice(first, second):
    picture = filings.parse(b"\x89PNG", "a.png", pictures=True)
    filing = ocr.with_readings(picture, [(1, [line(first)], [line(second)])])
    return list(filings.claims_of(filing).itertuples())


def scan(dots=150):
    """A page drawn as a picture, and the same as a PDF without a text layer."""
    picture = Image.new("L", (round(7 * dots), round(1.6 * dots)), 255)
    font = ImageFont.truetype(str(chinese_font()), round(11 * dots / 72))
    for row, words in enumerate(LINES):
        ImageDraw.Draw(picture).text((dots // 3, dots // 4 + row * dots // 3), words, font=font, fill=20)
    out = [io.BytesIO(), io.BytesIO()]
    picture.save(out[0], "PNG")
    picture.save(out[1], "PDF", resolution=dots)
    return [one.getvalue() for one in out]


def test_a_number_on_which_two_readings_agree_is_kept_with_a_warning():
    (claim,) = read_twice("建设机柜6，000架", "建设机柜6000架")
    assert claim.si_low == 6000 and claim.confidence == "low" and "read by machine" in claim.warning


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("总投资12.6亿元", "总投资2.6亿元"), ("建设机柜6,000架", "建设机柜6.000架"), ("负荷90兆瓦", "负荷9兆瓦"), ("投资5亿元", "投资5万元"), ("投资5亿元", "投资五亿元"),
        ("投资5亿元，机柜5架", "投资5亿元，机柜架"),
    ],
)  # fmt: skip
def test_a_number_on_which_they_differ_has_no_value(first, second):
    found = read_twice(first, second)
    assert found and math.isnan(found[-1].si_low) and "two readings disagree" in found[-1].warning


@pytest.mark.parametrize(
    "words", ["总投资2.000亿元", "机柜1.234.567架", "合同金额3580元", "建筑面积600m", "服务器012台"]
)
def test_known_slips_are_refused_though_both_readings_have_them(words):
    found = read_twice(words, words)
    assert all(math.isnan(claim.si_low) and "check:" in claim.warning for claim in found)


def test_a_price_for_each_may_be_small():
    (price,) = read_twice("电价0.28元/千瓦时", "电价0.28元/千瓦时")
    assert (price.quote, price.si_low) == ("0.28元", 0.28)


def test_latin_words_are_parted_from_numbers():
    assert (
        ocr.spaced("delivers1,600PFLOPS in2,400racks for5.38billionyuan")
        == "delivers 1,600PFLOPS in 2,400 racks for 5.38 billion yuan"
    )
    assert ocr.spaced("Nvidia H100, FP16, 48MW") == "Nvidia H100, FP16, 48MW"


def test_without_the_extra_a_picture_is_named_and_the_way_told():
    with pytest.raises(OsintError, match="--ocr"):
        filings.parse(scan()[0], "a.png")
    with pytest.raises(OsintError, match="cannot be read"):
        filings.parse_with_ocr(b"\x89PNG\r\n", "a.png")


def test_a_picture_that_is_too_large_says_so_alone(monkeypatch):
    from osint.filings import pdf_pictures

    held = io.BytesIO()
    Image.new("L", (30, 20)).save(held, "PNG")
    monkeypatch.setattr(pdf_pictures, "_MAX_PIXELS", 599)
    with pytest.raises(OsintError) as caught:
        pdf_pictures.page_picture(held.getvalue(), "a.png", 1)
    assert str(caught.value) == "a.png: a picture of 30 by 20 pixels is too large; cut it into parts"


def test_an_enormous_picture_is_refused():
    head = b"P5 90000 90000 255\n"
    with pytest.raises(OsintError, match=r"too large|cannot be read"):
        from osint.filings import pdf_pictures

        pdf_pictures.page_picture(head + b"0", "a.pgm", 1)


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1], ids=["picture", "pdf"])
def test_a_clean_page_is_read_and_cropped(which):
    pytest.importorskip("rapidocr_onnxruntime")
    data = scan()[which]
    filing = filings.parse_with_ocr(data, ("a.png", "a.pdf")[which])
    table = filings.claims_of(filing)
    assert sorted(table["si_low"]) == [90, 96, 6000, 48600.5, 3.9e8, 2.38e9]
    assert table["warning"].str.contains("read by machine").all() and set(table["confidence"]) == {"low"}
    row = table[table["si_low"] == 6000].iloc[0]
    picture = filing.crop(row["start"], row["end"])
    assert min(picture.convert("L").tobytes()) < 90 and picture.height < 200
    assert "data:image/png" in review_form.crop_html(filing, row["start"], row["end"])
