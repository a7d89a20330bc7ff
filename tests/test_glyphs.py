"""A font that draws other digits than its text says is caught; usual fonts of every kind raise no alarm."""

import io
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import font_manager

from osint import filings, fonts
from osint.errors import OsintError
from osint.filings import glyphs, pdf

WORDS = "总投资1234567890元，占地5000亩"


@cache
def paper(words=WORDS, kind=42, **text):
    """A one-page PDF whose fonts are embedded as TrueType (42) or as drawn glyphs (3), its streams in the clear."""
    out = io.BytesIO()
    if not words.isascii():
        text["fontproperties"] = font_manager.FontProperties(fname=str(fonts.chinese_font()), size=12)
    with plt.rc_context({"pdf.fonttype": kind, "pdf.compression": 0}):
        figure = plt.figure(figsize=(6, 2))
        figure.text(0.05, 0.5, words, **text)
        figure.savefig(out, format="pdf", metadata={"CreationDate": None})
        plt.close(figure)
    return out.getvalue()


def remapped(data, order="4567890123"):
    """The same page with another table from glyphs to characters: the drawn 0 says order[0], and so on."""
    old = b" ".join(b"<%04x>" % code for code in range(48, 58))
    assert data.count(old) == 1
    return data.replace(old, b" ".join(b"<%04x>" % ord(letter) for letter in order))


def standard(face, words, mode=0, colour=b"0 g"):
    """A PDF in one of the fourteen fonts that no PDF needs to carry."""
    stream = b"%s BT /F1 12 Tf %d Tr 20 50 Td (%s) Tj ET" % (colour, mode, words)
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>" % face,
    ]  # fmt: skip
    body = b"".join(b"%d 0 obj%s endobj\n" % (i, part) for i, part in enumerate(parts, 1))
    return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R>>\n%%EOF"


@pytest.mark.parametrize("order", ["1234567890", "0123456798", "5678901234"])
def test_a_font_that_draws_other_digits_is_named_and_its_values_are_refused(order):
    filing = filings.parse(remapped(paper(), order), "a.pdf")
    assert any("text layer and picture disagree" in remark for remark in filing.remarks)
    table = filings.claims_of(filing)
    assert len(table) >= 1 and table[["low", "high", "si_low", "si_high"]].isna().all(axis=None)
    assert table["warning"].str.contains("text layer and picture disagree").all() and set(table["confidence"]) == {
        "low"
    }
    rows = filings.start_review(table)
    with pytest.raises(OsintError, match="disagree"):
        filings.accept_claim(rows, rows["key"].iloc[0], "A", "2026-11-24")


@pytest.mark.parametrize("kind", [3, 42])
@pytest.mark.parametrize("family", ["chinese", "DejaVu Serif", "STIXGeneral", "cmr10", "DejaVu Sans Mono"])
def test_embedded_fonts_raise_no_alarm(kind, family):
    own = {} if family == "chinese" else {"fontfamily": family}
    words = WORDS if family == "chinese" else "It cost $1234567890 and draws 300 MW of 5000 MW"
    filing = filings.parse(paper(words, kind, **own), "a.pdf")
    assert (
        not filing.remarks and filings.claims_of(filing)["si_low"].notna().all() and len(filings.claims_of(filing)) > 1
    )


@pytest.mark.parametrize(
    "face", [b"Helvetica", b"Times-Roman", b"Courier", b"Helvetica-BoldOblique", b"Times-BoldItalic"]
)
def test_the_standard_fonts_raise_no_alarm(face):
    filing = filings.parse(standard(face, b"It cost $1234567890 and draws 300 MW"), "a.pdf")
    assert not filing.remarks and filings.claims_of(filing)["si_low"].tolist() == [1234567890, 300]


def test_turned_and_tinted_text_raises_no_alarm():
    for own in ({"rotation": 90}, {"rotation": 30}, {"color": "tab:orange"}, {"fontstyle": "italic", "fontsize": 6}):
        assert not filings.parse(paper("1234567890 MW", **own), "a.pdf").remarks, own
    for turn in (b"90", b"180", b"270"):
        turned = paper("1234567890 MW").replace(b"/MediaBox [ 0 0", b"/Rotate %s /MediaBox [ 0 0" % turn)
        assert b"/Rotate" in turned and not filings.parse(turned, "a.pdf").remarks
        assert filings.parse(remapped(turned), "a.pdf").remarks


def test_text_that_is_not_drawn_is_refused_and_a_layer_over_a_scan_is_warned_of():
    white = filings.parse(standard(b"Helvetica", b"It draws 300 MW", colour=b"1 g"), "a.pdf")
    assert filings.claims_of(white)["si_low"].isna().all() and "disagree" in white.remarks[0]
    layer = filings.claims_of(filings.parse(standard(b"Helvetica", b"It draws 300 MW", mode=3), "a.pdf"))
    assert "invisibly" in layer["warning"].iloc[0] and layer["confidence"].iloc[0] == "low"


def test_the_crop_of_a_refused_number_shows_what_is_drawn():
    data = remapped(paper())
    filing = filings.parse(data, "a.pdf")
    row = filings.claims_of(filing).iloc[0]
    honest = filings.parse(paper(), "a.pdf")
    same = honest.crop(row["start"], row["end"])
    assert np.array_equal(np.asarray(filing.crop(row["start"], row["end"])), np.asarray(same))


def test_each_reference_digit_is_its_own_and_a_swap_of_any_two_is_seen():
    shapes, _ = glyphs.references()
    for font in shapes:
        fit = np.array([(shapes @ digit).max(axis=0) for digit in font])
        assert (fit.argmax(axis=1) == np.arange(10)).all()
    path = fonts.chinese_font()
    ink = [glyphs.drawn_digit(path, str(digit)) for digit in range(10)]
    for one in range(10):
        assert not glyphs.disagrees(ink[one], one)
        for other in range(one):
            assert glyphs.disagrees(ink[one], other) or glyphs.disagrees(ink[other], one)
    assert glyphs.disagrees(np.zeros((20, 20)), 3)


def test_offsets_of_doubt_lie_on_the_digits():
    read, _ = pdf.read_pdf(remapped(paper()), "a.pdf")
    assert (
        [read.text[start:end].isdigit() for start, end in ((d.start, d.end) for d in read.doubtful)]
        == [True] * len(read.doubtful)
        != []
    )
