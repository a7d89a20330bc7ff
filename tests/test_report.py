import hashlib
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from osint import filings, report
from osint.errors import OsintError

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"


@pytest.fixture(scope="module")
def written(register, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "report"
    return report.write_report(register, folder)[0].parent


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


def test_the_page_loads_nothing(written):
    page = Page()
    page.feed((written / "index.html").read_text(encoding="utf-8"))
    assert not page.tags & {"script", "iframe", "link", "object", "form"}
    assert all(link.startswith(("#", "data:image/png")) for link in page.links)


def test_two_runs_give_the_same_bytes(written, register, tmp_path):
    again = report.write_report(register, tmp_path / "report")[0].parent
    assert digests(written) == digests(again)


def test_no_machine_path_and_no_clock(written):
    text = (written / "index.html").read_text(encoding="utf-8")
    assert str(Path.home()) not in text and str(written.parent) not in text


def test_hostile_quote_stays_text(register, tmp_path):
    claims = register.claims.copy()
    claims.loc[0, "quote"] = "<script>alert(1)</script><img src=x onerror=y>"
    claims.loc[1, "claimant"] = "=cmd|' /C calc'!A0"
    page = report.write(replace(register, claims=claims), tmp_path / "r")[0]
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text and "&lt;script&gt;" in text and "<img src=x" not in text


def test_every_number_unfolds_into_its_chain(written, register):
    text = (written / "index.html").read_text(encoding="utf-8")
    for claim in ("C007", "C033", "C120"):
        block = re.search(rf"<b>{claim}</b>.*?</details>", text, re.S).group(0)
        assert "<blockquote" in block and "Rests on:" in block and re.search(r"<li>.* = ", block)


def test_tables_and_maps(written, register):
    found = pd.read_csv(written / "findings.csv")
    assert len(found) == len(register.claims)
    shapes = json.loads((written / "sites.geojson").read_text(encoding="utf-8"))
    assert {f["properties"]["shape"] for f in shapes["features"]} == {"centre", "precision circle"}
    kml = (written / "sites.kml").read_text(encoding="utf-8")
    assert kml.count("<Placemark>") == register.sites["lat"].notna().sum() and "known to" in kml.lower()
    for name in ("a_claimed_and_allowed", "b_ladder", "c_map", "d_calibration"):
        assert all((written / "figures" / f"{name}.{kind}").stat().st_size > 5000 for kind in ("png", "svg", "pdf"))


def test_no_glyph_is_missing(register):
    assert filings.chinese_font() is not None
    text = "".join(register.sites["name_zh"]) + "".join(register.claims["quote"])
    assert not filings.missing_glyphs(text)
    assert filings.missing_glyphs("\U0001f9ff") and filings.drawable("a\U0001f9ff") == "a"


def test_a_failed_report_leaves_nothing_half_written(register, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    out = tmp_path / "derived" / "report"
    out.mkdir(parents=True)
    (out / "index.html").write_text("the last good one")
    monkeypatch.setattr("osint.report.build.replace_file", full)
    with pytest.raises(OsintError, match="No space left"):
        report.write_report(register, out)
    assert [p.name for p in out.parent.iterdir()] == ["report"]
    assert (out / "index.html").read_text() == "the last good one"


def test_summary_names_every_site(register, tmp_path, capsys):
    from osint.cli.main import main

    shutil.copytree(RAW, tmp_path / "raw", ignore=shutil.ignore_patterns("captures"))
    assert main(["report", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert all(s in said for s in register.sites["site_id"]) and "page: " in said
