import hashlib
import itertools
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.text import Annotation, Text
from shapely.geometry import Point

from osint import files, filings, geo, report
from osint.errors import OsintError
from osint.model import Dossier
from osint.report import build, figures

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"
HOSTILE = "<script>alert(1)</script><img src=x onerror=y>"


@pytest.fixture(scope="module")
def small(small_register):
    return small_register


def page_of(register, folder):
    return report.write_report(register, folder).page.read_text(encoding="utf-8")


def digests(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [v for k, v in attrs if k in {"src", "href", "action", "data"}]


def test_the_page_loads_nothing(report_folder):
    page = Page()
    page.feed((report_folder / "index.html").read_text(encoding="utf-8"))
    assert not page.tags & {"script", "iframe", "link", "object", "form"}
    assert all(link.startswith(("#", "data:image/png")) for link in page.links)


def test_two_runs_give_the_same_bytes(small, tmp_path):
    first, second = (report.write_report(small, tmp_path / name).page.parent for name in ("one", "two"))
    assert digests(first) == digests(second)


def test_no_machine_path_and_no_clock(report_folder):
    text = (report_folder / "index.html").read_text(encoding="utf-8")
    assert str(Path.home()) not in text and str(report_folder.parent) not in text


def test_hostile_text_stays_text(small, tmp_path):
    claims = small.claims.copy()
    first, second = claims.index[:2]
    claims.loc[first, ["quote", "quote_language", "note"]] = [HOSTILE, '"><script>', "{{ 7 * 7 }}"]
    claims.loc[second, "claimant"] = "=cmd|' /C calc'!A0"
    text = page_of(replace(small, claims=claims), tmp_path / "r")
    assert "<script" not in text and "&lt;script&gt;" in text and "<img src=x" not in text and "{{ 7 * 7 }}" in text


def test_every_number_unfolds_into_its_chain(report_folder):
    text = (report_folder / "index.html").read_text(encoding="utf-8")
    for claim in ("C007", "C033", "C120"):
        block = re.search(rf"<b>{claim}</b>.*?</details>", text, re.S).group(0)
        assert "<blockquote" in block and "Rests on:" in block and re.search(r"<li>.* = ", block)


def test_the_page_says_what_was_seen_and_by_whom(small, report_folder, tmp_path):
    """The sentences follow from the rows: none of them denies an observation that is in the register."""
    text = (report_folder / "index.html").read_text(encoding="utf-8")
    assert "none was made for this register" in text and "<b>No chip has been seen.</b>" in text
    assert "satellite estimate" in text and "no picture from space" not in text and "no imagery" not in text
    row = small.observations.iloc[0].to_dict()
    row |= {"observation_id": "O900", "site_id": "XJ03", "observer": "A. Reader", "how": "Sentinel-2 series"}
    row |= {"source_claim_id": "", "quantity": "", "rung": "roofed", "not_yet": "", "date": "2026-08-01"}
    seen = replace(small, observations=pd.concat([small.observations, pd.DataFrame([row])], ignore_index=True))
    text = page_of(seen, tmp_path / "seen")
    assert "1 was made for this register (Sentinel-2 series; sites XJ03)" in text and "none was made" not in text


def test_sentences_of_what_was_seen(small):
    def said(*changes):
        rows = [small.observations.iloc[0].to_dict() | change for change in changes]
        return build.Seen.of(
            Dossier.of(replace(small, observations=pd.DataFrame(rows, columns=small.observations.columns)))
        )

    own = {"source_claim_id": "", "how": "radar backscatter"}
    assert said().short() == "no observations by others, none of our own"
    assert said({}).ladder() == "Nothing here was seen by us." and said({}).chips() == "No chip has been seen"
    assert said({}, own).short() == "1 observation by others, 1 of our own (radar backscatter)"
    assert said(own, own).ladder() == "2 own observations are not drawn."
    assert said(own).ladder() == "1 own observation is not drawn."
    assert said({"observation_id": "O7", "quantity": "chips"}).chips() == "Chips are counted in O7"


@pytest.mark.parametrize("span", [0.05, 8.0])
def test_the_map_fits_its_sites_and_no_label_covers_another(register, span):
    """Sites close together in one county, and sites over a continent south of the equator."""
    steps = [(span * (k % 4), span * (k // 4) / 2) for k in range(12)]
    places = geo.places(register).iloc[:12].assign(precision_km=span)
    places = places.set_geometry([Point(-70 + x, -30 + y) for x, y in steps], crs="EPSG:4326")
    circles = geo.circles(places)
    axes = figures.site_map(places, circles, "source").axes[0]
    axes.figure.draw_without_rendering()
    west, south, east, north = circles.total_bounds
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert left < west < east < right < east + 0.2 * (east - west) and bottom < south < north < top
    labels = [c for c in axes.get_children() if isinstance(c, Annotation) and not c.get_text().endswith(" km")]
    boxes = [Text.get_window_extent(label) for label in labels]
    assert len(boxes) == len(places) and all(axes.bbox.padded(2).contains(*box.min) for box in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_a_map_without_positions_says_so(register):
    nowhere = geo.places(register).iloc[:0]
    assert "No site has a position" in figures.site_map(nowhere, nowhere, "source").get_suptitle()


def test_importing_the_report_loads_neither_matplotlib_nor_a_client():
    code = "import sys, osint.report; print(sorted({'matplotlib', 'requests', 'urllib3'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_tables_and_maps(report_folder, register):
    found = pd.read_csv(report_folder / "findings.csv")
    assert len(found) == len(register.claims)
    shapes = json.loads((report_folder / "sites.geojson").read_text(encoding="utf-8"))
    assert {f["properties"]["shape"] for f in shapes["features"]} == {"centre", "precision circle"}
    kml = (report_folder / "sites.kml").read_text(encoding="utf-8")
    assert kml.count("<Placemark>") == register.sites["lat"].notna().sum() and "known to" in kml.lower()
    for name in ("a_claimed_and_allowed", "b_ladder", "c_map", "d_calibration"):
        files = [report_folder / "figures" / f"{name}.{kind}" for kind in ("png", "svg", "pdf")]
        assert all(file.stat().st_size > 5000 for file in files)


def test_no_glyph_is_missing(register):
    assert filings.chinese_font() is not None
    text = "".join(register.sites["name_zh"]) + "".join(register.claims["quote"])
    assert not filings.missing_glyphs(text)
    assert filings.missing_glyphs("\U0001f9ff") and filings.drawable("a\U0001f9ff") == "a"


def test_a_failed_report_leaves_nothing_half_written(small, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    out = tmp_path / "derived" / "report"
    made = {"index.html": b"the last good one"}
    for name, body in {**made, build.SUMS: build._sums(made)}.items():
        files.replace_file(out / name, body)
    before = digests(out)
    monkeypatch.setattr("osint.files.replace_file", full)
    with pytest.raises(OsintError, match="No space left"):
        report.write_report(small, out)
    assert [p.name for p in out.parent.iterdir()] == ["report"]
    assert digests(out) == before


def test_what_is_not_an_older_report_is_not_replaced(small, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("kept", encoding="utf-8")
    with pytest.raises(OsintError, match="is a file, and the report is a folder"):
        report.write_report(small, mine)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "mine.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(OsintError, match=r"holds mine.txt and no SHA256SUMS"):
        report.write_report(small, folder)
    assert mine.read_text(encoding="utf-8") == (folder / "mine.txt").read_text(encoding="utf-8") == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "mine.txt"]


def test_summary_names_every_site(small, tmp_path, capsys):
    from osint.cli.main import main

    shutil.copytree(RAW, tmp_path / "raw", ignore=shutil.ignore_patterns("captures"))
    for name in ("sites", "claims", "observations"):
        table = pd.read_csv(tmp_path / "raw" / f"{name}.csv", dtype=str, keep_default_na=False)
        table[table["site_id"].isin(small.sites["site_id"])].to_csv(tmp_path / "raw" / f"{name}.csv", index=False)
    assert main(["report", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert all(s in said for s in small.sites["site_id"]) and "page: " in said
