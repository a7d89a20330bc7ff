"""Figures of the report: titles follow from the rows, every format is there, text is live, nothing is cut."""

import io
import re
from dataclasses import replace

import lxml.etree
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from osint import geo, model
from osint.model import Dossier
from osint.report import locator, sheets, timeline
from tests.test_answer import answer, changed

NAMES = ("claimed-and-room", "said-over-time", "where", "density", "stages")
SITES = ("AGG-39", "AGG-XJ", "AGG-CN", "XJ01", "XJ02", "XJ03", "XJ09")


@pytest.fixture(scope="module")
def case(register):
    kept = {name: getattr(register, name) for name in ("sites", "claims", "observations")}
    return replace(register, **{name: table[table["site_id"].isin(SITES)] for name, table in kept.items()})


def test_every_figure_is_there_in_every_format(report_folder):
    for name in NAMES:
        for end in (".png", ".svg", ".pdf", "-360.png", ".data.csv", ".passport.json"):
            assert (report_folder / "figures" / f"{name}{end}").stat().st_size > 300, f"{name}{end}"
        with Image.open(report_folder / "figures" / f"{name}.png") as wide:
            assert round(wide.info["dpi"][0]) == 300 and wide.width == 2220
        with Image.open(report_folder / "figures" / f"{name}-360.png") as narrow:
            assert narrow.width == 720


def test_text_of_a_drawing_is_text(report_folder):
    for name in NAMES:
        drawing = lxml.etree.parse(report_folder / "figures" / f"{name}.svg")
        words = " ".join("".join(t.itertext()) for t in drawing.iter("{*}text"))
        assert "Sources:" in words and "CC BY 4.0" in words and len(words) > 200


def test_no_ink_touches_the_rim_of_a_figure(report_folder):
    """A label that is cut runs into the rim; the map has a frame of its own, inside it."""
    for name in NAMES:
        for end in (".png", "-360.png"):
            with Image.open(io.BytesIO((report_folder / "figures" / f"{name}{end}").read_bytes())) as picture:
                grey = np.asarray(picture.convert("L"))
            rim = np.concatenate([grey[:, :6].ravel(), grey[:, -6:].ravel(), grey[:6].ravel(), grey[-3:].ravel()])
            assert (rim > 200).all(), f"{name}{end}"


def test_a_table_stands_behind_each_figure_with_units_and_iso_dates(report_folder):
    for name in NAMES:
        rows = pd.read_csv(report_folder / "figures" / f"{name}.data.csv", dtype=str, keep_default_na=False)
        assert len(rows) and (rows["unit"] != "").all()
        dates = rows.get("date", pd.Series(dtype=str))
        assert all(re.fullmatch(r"\d{4}(-\d{2}){0,2}[~?]?", day) for day in dates if day)


def test_claimed_numbers_stand_as_their_sources_have_them_beside_room_of_the_same_chip(case):
    found = answer(case)
    sheet = sheets.room_sheet(found, Dossier.of(case))
    rows = sheet.rows.set_index("rows")
    assert (rows.loc["C001", "best"], rows.loc["C007", "best"]) == (115_000, 80_500)
    assert rows.loc["C001", "open above"] == "yes" and rows.loc["C007", "open above"] == "no"
    assert rows.loc["C017", "best"] == 140_000 and "median 140,000" in rows.loc["C017", "label"]
    assert "may have come in one year" in rows.loc["C017", "label"]  # "may have been smuggled", says the source
    assert found.paper_there.chip == "H100" and "H100" in rows.loc["C031", "group"]
    (low, _, high), (all_low, _, all_high) = (
        [model.sig(v, 2) for v in room.interval] for room in (found.paper_there, found.paper)
    )
    assert sheet.caption.title == (
        f"On paper there is room for {low:,.0f} to {high:,.0f} H100 chips at Yiwu phase II, buildings 1 and 2 (80,500 "
        "claimed of Yiwu cluster), "
        f"and for {all_low:,.0f} to {all_high:,.0f} at {len(found.paper.sites)} sites (115,000 claimed of all sites)"
    )
    assert "not known" in sheet.rows.loc[sheet.rows["group"].str.contains("seen"), "label"].iloc[0]


def test_the_title_of_room_follows_the_floor(case):
    small = changed(case, "C031", value_low=3_300.0, value_high=3_300.0)
    _, _, high = (model.sig(v, 2) for v in answer(small).paper_there.interval)
    title = sheets.room_sheet(answer(small), Dossier.of(small)).caption.title
    assert high < 80_500 and f"to {high:,.0f} H100 chips at Yiwu phase II, " in title
    none = replace(case, claims=case.claims[~case.claims["claim_id"].isin(["C031", "C032", "C045", "C046"])])
    assert "nothing on file gives the size" in sheets.room_sheet(answer(none), Dossier.of(none)).caption.title


def test_density_is_power_of_the_chips_over_the_floor(case):
    sheet = sheets.density_sheet(answer(case), Dossier.of(case), case.relation_support)
    chip = case.chips.set_index("chip").loc["H100"]
    for number, row in zip((80_500, 115_000), sheet.rows.to_dict("records"), strict=False):
        for side in ("low", "best", "high"):
            assert row[side] == pytest.approx(number * chip[f"it_kw_{side}"] / 33_000)
    unnamed = changed(changed(case, "C001", chip_model=""), "C203", chip_model="")
    empty = sheets.density_sheet(answer(unnamed), Dossier.of(unnamed), case.relation_support).rows.iloc[0]
    assert np.isnan(empty["best"]) and "chip is not named" in empty["reason if empty"]


def test_stages_add_the_largest_of_each_site_once(case):
    rows = sheets.stages_sheet(Dossier.of(case)).rows.set_index("label")
    labels = " ".join(rows.index)
    assert "said to be there: 18,000P, sum of 2 sites" in labels  # 17,000 of Karamay, 1,000 of Yiwu; 128 lies in Yiwu
    assert "halls built, as said able to carry: 60,000P, sum of 1 site" in labels
    assert "at least 10,000 PFLOPS: the whole of Xinjiang" in labels
    more = changed(case, "C040", value_low=5_000.0, value_high=5_000.0)
    assert "said to be there: 22,000P" in " ".join(sheets.stages_sheet(Dossier.of(more)).rows["label"])


def test_the_contradiction_is_drawn_where_there_is_one(case):
    sheet = timeline.timeline_sheet(answer(case), Dossier.of(case))
    against = sheet.rows.set_index("row")["does not fit with"]
    assert "C044" in against["C069"] and "C077" in against["C069"] and "17,000P at Karamay park" in sheet.caption.title
    assert "cannot both be true" not in sheet.caption.title  # no harder than its check
    gone = replace(case, claims=case.claims[~case.claims["claim_id"].isin(["C044", "C077"])])
    calm = timeline.timeline_sheet(answer(gone), Dossier.of(gone))
    assert (calm.rows["does not fit with"] == "").all() and "none is found to contradict" in calm.caption.title


def test_the_map_counts_what_has_no_place(register):
    sheet = locator.map_sheet(geo.places(register), Dossier.of(register))
    announced = register.sites[register.sites["role"] == "announced"]
    assert sheet.caption.title.startswith(f"{announced['lat'].notna().sum()} of {len(announced)} announced sites")
    assert f"{announced['lat'].isna().sum()} have no place on file" in sheet.caption.title


def test_a_figure_without_numbers_is_drawn(case):
    none = replace(case, claims=case.claims[case.claims["quantity_kind"].isin(["status", "location"])])
    found, dossier = answer(none), Dossier.of(none)
    for sheet in (
        sheets.room_sheet(found, dossier),
        timeline.timeline_sheet(found, dossier),
        sheets.stages_sheet(dossier),
    ):
        assert sheet.caption.title and sheet.draw(True) is not None


def test_titles_say_of_which_place_and_on_what_ground_a_number_is(case):
    """115,000 is claimed of all sites together, a tender is no hall, and sums of sites are no total of a region."""
    dossier, told = Dossier.of(case), answer(case)
    density = sheets.density_sheet(told, dossier, case.relation_support)
    assert "80,500 chips would take" in density.caption.title and "4.8" not in density.caption.title
    assert "115,000 H100 chips (C001, claimed of all sites together)" in " ".join(density.rows["label"])
    stages = sheets.stages_sheet(dossier).caption
    assert stages.title.startswith("At single sites of") and "texts say" in stages.title
    assert stages.title.endswith("P are announced")  # what is filed at other sites is planned too, and not in it
    assert "said of a whole region stands apart" in stages.note
    assert "hall on file" not in " ".join((told.text(), sheets.room_sheet(told, dossier).caption.title))
