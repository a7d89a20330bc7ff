"""The figures of one site: nothing cut, nothing over anything, the finding as title, the same bytes twice."""

import dataclasses
from io import BytesIO

import matplotlib as mpl
import pytest
from matplotlib.text import Text

from osint import verdict
from osint.errors import NotFoundError
from osint.model import Dossier
from osint.report import site_figures

SITES = ("XJ01", "QH01", "US01", "AGG-39", "QH12")


@pytest.fixture(scope="module")
def dossier(register):
    return Dossier.of(register)


@pytest.fixture(scope="module")
def found(dossier):
    return {site: verdict.check(dossier, [site]) for site in SITES}


def drawn(found, dossier, site):
    return {
        "time": site_figures.claims_in_time(found[site], dossier, site),
        "room": site_figures.claimed_and_seen(found[site], dossier, site),
        "map": site_figures.locator(dossier, site, [("found 1", 94.75, 43.21)] if site == "XJ01" else []),
    }


def bytes_of(figure):
    with mpl.rc_context(site_figures.STYLE):
        body = BytesIO()
        figure.savefig(body, format="png", dpi=60, metadata={"Software": None})
    return body.getvalue()


def boxes(figure):
    """Return every written text of a figure with its box in pixels; ticks outside of the range are not drawn."""
    figure.draw_without_rendering()
    outside = set()
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = (*axis.get_major_ticks(), *axis.get_minor_ticks())
        outside |= {label for t in ticks if not low <= t.get_loc() <= high for label in (t.label1, t.label2)}
    texts = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible() and t not in outside]
    return [(" ".join(t.get_text().split()), Text.get_window_extent(t)) for t in texts]


@pytest.mark.parametrize("site", SITES)
def test_labels_are_inside_and_none_covers_another(found, dossier, site):
    for name, figure in drawn(found, dossier, site).items():
        held = figure.bbox
        found_boxes = [(t, b) for t, b in boxes(figure) if b.width > 1]
        for text, box in found_boxes:
            inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= held.x1 + 1 and box.y1 <= held.y1 + 1
            assert inside, (site, name, text)
        for i, (text, box) in enumerate(found_boxes):
            for other, second in found_boxes[i + 1 :]:
                over = box.shrunk(0.98, 0.9).overlaps(second.shrunk(0.98, 0.9))
                assert not over or text == other, (site, name, text, other)


def test_two_runs_give_the_same_bytes_and_every_figure_has_words_for_who_does_not_see_it(found, dossier):
    first, second = (drawn(found, dossier, "XJ01") for _ in range(2))
    for name in first:
        assert bytes_of(first[name]) == bytes_of(second[name])
        assert first[name].get_label()


def test_the_title_says_the_finding_and_documents_are_apart(found, dossier):
    room = site_figures.claimed_and_seen(found["US01"], dossier, "US01")
    texts = " ".join(" ".join(t.split()) for t, _ in boxes(room))
    assert "had room for at most 350,000 chips (90%); C151 claims about 400,000 chips: not reached" in texts
    assert "on paper only: decides nothing" in texts
    nothing = site_figures.claimed_and_seen(found["XJ01"], dossier, "XJ01")
    assert any("nothing that was seen bears on about 80,500 chips (C007)" in t for t, _ in boxes(nothing))


def test_a_contradiction_is_drawn_between_its_two_claims(dossier):
    found = verdict.check(dossier, ["XJ07"])
    (agree,) = [c for c in found.tests if c.check_id == "agree:C055:C056"]
    clash = dataclasses.replace(agree, finding=verdict.CheckFinding.INCONSISTENT)
    figure = site_figures.claims_in_time(dataclasses.replace(found, tests=(clash,)), dossier, "XJ07")
    red = [line for line in figure.axes[0].lines if line.get_color() == site_figures.RED]
    assert len(red) == 1 and len(red[0].get_xdata()) == 2
    texts = " ".join(t for t, _ in boxes(figure))
    assert "1 certain contradiction" in texts and "C055 and C056" in texts
    planted = dataclasses.replace(clash, pair=verdict.Pair.PLANTED)
    plain = site_figures.claims_in_time(dataclasses.replace(found, tests=(planted,)), dossier, "XJ07")
    assert not [line for line in plain.axes[0].lines if line.get_color() == site_figures.RED]


def test_a_place_without_claims_and_one_without_a_position_say_so(found, dossier):
    figures = drawn(found, dossier, "QH12")
    assert "no claim on file" in figures["time"].get_label() or "none on file" in figures["time"].get_label()
    assert "no position is on file" in figures["map"].get_label()
    with pytest.raises(NotFoundError):
        site_figures.locator(dossier, "XX99")


def test_hostile_words_of_a_row_are_marked_and_never_steer(dossier):
    claims = [dataclasses.replace(c, claimant="a\u202eb\x1b[2J $x^2$ " + "w" * 90) for c in dossier.claims["XJ07"]]
    hostile = dataclasses.replace(dossier, claims={**dossier.claims, "XJ07": tuple(claims)})
    figure = site_figures.claims_in_time(verdict.check(dossier, ["XJ07"]), hostile, "XJ07")
    texts = " ".join(t for t, _ in boxes(figure))
    assert "\u202e" not in texts and "\x1b" not in texts
