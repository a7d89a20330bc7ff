import base64
import copy
import csv
import hashlib
import io
import itertools
import json
import posixpath
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import lxml.html
import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from matplotlib.text import Annotation, Text
from PIL import Image
from shapely.geometry import Point

from osint import archive, files, fonts, geo, report, sources
from osint.errors import OsintError
from osint.model import Dossier
from osint.passport import Verdict, verify
from osint.report import build, edition, locator
from osint.report.canvas import Caption
from osint.report.on_file import OnFile
from osint.report.page import PAGE_FONT
from osint.report.sources import Sources

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"
HOSTILE = "<script>alert(1)</script><img src=x onerror=y>"


@pytest.fixture(scope="module")
def small(small_register):
    return small_register


@pytest.fixture
def no_figures(monkeypatch):
    """Leave the figures out, which take most of the time: for tests of the words alone."""

    def empty(sheet, _dossier):
        return {f"{sheet.name}{end}": b"" for end in (".png", "-360.png")}

    monkeypatch.setattr(build.canvas, "render", empty)
    monkeypatch.setattr(build, "FEW_SITES", 0)


def page_of(register, folder):
    return report.write_report(register, folder).page.read_text(encoding="utf-8")


def digests(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def all_pages(report_folder):
    files_of = [
        report_folder / "index.html",
        report_folder / "evidence.html",
        *sorted((report_folder / "sites").iterdir()),
    ]
    return {p.relative_to(report_folder).as_posix(): lxml.html.fromstring(p.read_text("utf-8")) for p in files_of}


def test_a_page_loads_nothing_from_outside(all_pages):
    for name, page in all_pages.items():
        assert not {e.tag for e in page.iter()} & {"iframe", "link", "object", "form", "embed", "base"}, name
        loads = page.xpath("//@src | //@srcset | //@data | //@action | //@background")
        assert all(load.startswith("data:image/png;base64,") for load in loads), name
        assert not page.xpath("//@style") and not [a for e in page.iter() for a in e.attrib if a.startswith("on")]


def test_the_content_policy_allows_the_style_and_the_script_of_the_page_alone(all_pages):
    for page in all_pages.values():
        policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
        assert policy.startswith("default-src 'none'; img-src data:; font-src data:") and "unsafe" not in policy
        for tag in ("style", "script"):
            (inline,) = page.xpath(f"//{tag}")
            digest = base64.b64encode(hashlib.sha256(inline.text.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy


def test_every_id_is_a_link_to_an_anchor_that_is_there(all_pages, register):
    anchors = {name: set(page.xpath("//@id")) for name, page in all_pages.items()}
    for name, page in all_pages.items():
        assert len(page.xpath("//@id")) == len(anchors[name]), f"an anchor stands twice in {name}"
        for href in page.xpath("//a/@href"):
            if href.startswith(("http://", "https://")) or href.endswith(
                (".csv", ".json", ".svg", ".pdf", ".png", ".kml", ".geojson")
            ):
                continue
            file, _, anchor = href.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), file)) if file else name
            assert target in anchors and (not anchor or anchor in anchors[target]), f"{name}: {href}"
    front, known = (
        all_pages["index.html"],
        set(register.claims["claim_id"]) | set(register.observations["observation_id"]),
    )
    assert known <= anchors["evidence.html"]
    for element in [
        *front.xpath("//main//*[not(self::a)]"),
        *all_pages["evidence.html"].xpath("//main//*[not(self::a)]"),
    ]:
        for text in [element.text, *(child.tail for child in element)]:
            assert not known & set(re.findall(r"\b[CO]\d{3}\b", text or "")), f"an id without a link: {text[:80]}"


def test_every_address_is_a_link(all_pages, register):
    """What stands at the end of a sentence belongs to it; no address of the tables is plain text."""
    front = all_pages["evidence.html"]
    linked = set(front.xpath("//section[@id='sources']//a/@href"))
    rows = register.claims[register.claims["source_url"].str.fullmatch(r"https?://\S+")]
    own = {url for url, is_own in zip(rows["source_url"], _is_own(rows), strict=True) if is_own}
    assert own <= linked
    strange = {url for url in rows["source_url"] if url not in own and "//megalodon.jp/" not in url}
    assert strange and {f"https://web.archive.org/web/*/{url}" for url in strange} <= linked
    assert not [t for t in front.xpath("//main//*[not(self::a)]/text()") if re.search(r"https?://[a-z]", t)]
    assert all(
        "archived" in e.text_content().lower()
        for e in front.xpath("//ol[@class='sources']/li")
        if "megalodon" in e.text_content()
    )


def _is_own(rows):
    """Say of each claim whether its row says that the page is at the host of its publisher."""
    retold = rows["source_tier"].isin(
        ["mirror", "secondary", "blog", "unsourced", "tender_digest", "company_filing_copy"]
    )
    return ~retold & ~rows["source_publisher"].str.contains(r"\b(?:copy|mirror|via)\b", case=False)


def _host(url):
    return re.sub(r"^https?://", "", url).split("/")[0].removeprefix("www.")


def test_no_page_leads_to_a_host_that_is_not_known(all_pages, register):
    """Hosts of copies change hands; the list of archived copies stands in their place, whatever table names them."""
    rows = register.claims
    known = {_host(url) for url in rows.loc[_is_own(rows), "source_url"]} | {"web.archive.org", "megalodon.jp"}
    known |= {"arxiv.org", "export.arxiv.org", "docs.nvidia.com", "top500.org", "github.com"}
    strange = {"buttsets.com", "tianshuns.com", "klmysjtglxt.rcsxzx.com", "smarttechworld.top", "zangshuxian.com"}
    assert not strange & known
    for name, page in all_pages.items():
        for href in page.xpath("//a/@href"):
            if href.startswith("http"):
                assert _host(href) in known or re.search(r"[.](?:gov|edu)([.]..)?$", _host(href)), f"{name}: {href}"
    every = " ".join(href for page in all_pages.values() for href in page.xpath("//a/@href"))
    assert all(
        f"https://web.archive.org/web/*/http://{host}" in every.replace("https://" + host, "http://" + host)
        for host in strange
    )


def test_a_number_that_is_no_evidence_says_why(all_pages):
    """Coal that is saved is not coal that is used."""
    for name in ("evidence.html", "sites/QH04.html"):
        (entry,) = all_pages[name].xpath("//div[@id='C119']")
        assert "Not used as evidence: coal saved, not energy used." in entry.text_content(), name


def test_every_quote_stands_open_on_screen_and_on_paper(all_pages, register):
    front = all_pages["evidence.html"]
    assert not front.xpath("//details") and "off{display:revert}" in front.xpath("//style")[0].text
    quotes = {" ".join(q.text_content().split()) for q in front.xpath("//section[@id='quotes']//blockquote")}
    assert {" ".join(q.split()) for q in register.claims["quote"]} <= quotes
    shown = " ".join(front.text_content().split())
    assert all(" ".join(t.split()) in shown for t in register.claims["translation"])


def test_no_sentence_stands_twice_that_is_not_made_from_its_row(all_pages):
    page = copy.deepcopy(all_pages["index.html"])
    for made in page.xpath(
        "//blockquote | //script | //style | //p[@class='tr'] | //*[@class='small'] | //table | //article[contains(@class,'card')]"
    ):
        made.drop_tree()
    sentences = [
        s.strip() for e in page.iter("p", "li", "h2", "h3", "dd") for s in re.split(r"(?<=[.?!]) ", e.text_content())
    ]
    plain = [s for s in sentences if len(s.split()) >= 5 and not re.search(r"\d|[\u4e00-\u9fff]", s)]
    filled = ("No day is named for it", "No order follows")  # by a row, which has no day or an open end
    titles = {b.text_content() for b in page.xpath("//article/p/b")}
    twice = {sentence for sentence, n in Counter(plain).items() if n > 1 and not sentence.startswith(filled)}
    assert twice - titles == set()


def test_no_site_is_said_to_be_of_the_plan_and_what_is_counted_has_its_own_noun(all_pages):
    front, annex = (" ".join(all_pages[n].text_content().split()) for n in ("index.html", "evidence.html"))
    assert "no row says so" in front and "does not say that it is one of the projects of the plan" in front
    assert "C011" not in front.split("no row says so", 1)[1].split("domestic", 1)[0], "a planted error names no chip"
    assert "7 buildings, said to be there" in annex and "number of projects" not in annex and " rung" not in annex


def test_no_word_of_the_code_is_on_a_page(all_pages):
    for name, page in copy.deepcopy(all_pages).items():
        for quote in page.xpath("//blockquote | //script | //style"):
            quote.text = ""
        for link in page.iter("a"):
            link.text = "address" if "://" in (link.text or "") else link.text
        text = page.xpath("//main")[0].text_content()
        assert not re.findall(r"\b[a-z]+_[a-z0-9_]+\b(?!\.)", text), name
        assert not re.search(r"\bNone\b|\bnan\b|\[\]|  ,|; \.|\(\)| ;|\. \.|\d e\+", text), name


def test_two_runs_give_the_same_bytes(small, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "FEW_SITES", 0)  # the figures of a site: test_site_figures
    first, second = (report.write_report(small, tmp_path / name).page.parent for name in ("one", "two"))
    assert digests(first) == digests(second)


def test_a_figure_is_stale_once_a_claim_is_newer_and_not_before(report_folder, tmp_path):
    figure = report_folder / "figures" / "claimed-and-room.png"
    assert verify(figure, against=RAW.parent).verdict == Verdict.INTACT
    (tmp_path / "raw").mkdir()
    text = (RAW / "claims.csv").read_text(encoding="utf-8")
    head = next(csv.reader([text.split("\n", 1)[0]]))
    row = ",".join({"claim_id": "C999", "site_id": "XJ01", "date": "2026-11-20"}.get(name, "") for name in head)
    (tmp_path / "raw" / "claims.csv").write_text(f"{text}{row}\n", encoding="utf-8")
    found = verify(figure, against=tmp_path)
    assert found.verdict == Verdict.STALE and "newer evidence is on file: C999 (2026-11-20)" in found.shown


def test_no_machine_path_and_no_clock(report_folder):
    text = (report_folder / "index.html").read_text(encoding="utf-8")
    text = re.sub(r"data:[a-z/]+;base64,[A-Za-z0-9+/=]+", "", text)  # letters of a picture spell a path now and then
    assert str(Path.home()) not in text and str(report_folder.parent) not in text


@pytest.mark.usefixtures("no_figures")
def test_hostile_text_stays_text(small, tmp_path):
    claims = small.claims.copy()
    first, second = claims.index[:2]
    claims.loc[first, ["quote", "quote_language", "note"]] = [HOSTILE, '"><script>', "{{ 7 * 7 }}"]
    claims.loc[second, ["claimant", "source_url"]] = ["=cmd|' /C calc'!A0", "javascript:alert(1)"]
    page_of(replace(small, claims=claims), tmp_path / "r")
    text = (tmp_path / "r" / "evidence.html").read_text(encoding="utf-8")
    page = lxml.html.fromstring(text)
    assert len(page.xpath("//script")) == 1 and "&lt;script&gt;" in text and "{{ 7 * 7 }}" in text
    assert not page.xpath("//img[@src='x']") and not [h for h in page.xpath("//@href") if h.startswith("javascript")]


@pytest.mark.usefixtures("no_figures")
def test_the_front_page_says_what_was_seen(small, report_folder, tmp_path):
    """The sentences follow from the rows: none of them denies an observation that is in the register."""
    assert "no observation of our own" in (report_folder / "index.html").read_text(encoding="utf-8")
    row = small.observations.iloc[0].to_dict()
    row |= {"observation_id": "O900", "site_id": "XJ03", "observer": "A. Reader", "how": "Sentinel-2 series"}
    row |= {"low": 900.0, "best": 1000.0, "high": 1100.0, "unit": "m2", "scope": ""}
    row |= {
        "source_claim_id": "",
        "quantity": "roof_m2",
        "rung": "roofed",
        "not_yet": "",
        "date": "2026-08-01",
        "part": "",
    }
    seen = replace(small, observations=pd.concat([small.observations, pd.DataFrame([row])], ignore_index=True))
    page = lxml.html.fromstring(page_of(seen, tmp_path / "seen"))
    assert "1 observation of our own" in page.text_content()
    cell = page.xpath("//tr[@id='row-XJ03']/td[@data-label='seen']")[0].text_content()
    assert (
        "roofed, 1,000 (900 to 1,100) m2 roof; Sentinel-2 series, A. Reader, 1 August 2026" in cell and "O900" in cell
    )


@pytest.mark.usefixtures("no_figures")
def test_a_page_without_a_contradiction_says_so(small, tmp_path):
    gone = small.claims[~small.claims["error_test"].eq("yes") & ~small.claims["claim_id"].isin(["C018"])]
    page = lxml.html.fromstring(page_of(replace(small, claims=gone), tmp_path / "r"))
    assert not page.xpath("//section[@id='misfits']//article")
    assert "No two statements on these sites were found to contradict each other." in page.text_content()


def test_the_box_holds_edition_licence_contact_corrections_and_how_to_cite(all_pages, register):
    for page in all_pages.values():
        (box,) = page.xpath("//aside[@class='box']")
        assert len(box.xpath("p")) == 5 and edition.digest(register)[:12] in box.text_content()
        assert all(word in box.text_content() for word in ("CC BY 4.0", "corrections.csv", "Cite as", "2026-09-24"))


def test_the_data_version_follows_the_tables(small):
    other = replace(small, claims=small.claims.assign(note="x"))
    assert edition.digest(small) == edition.digest(replace(small)) != edition.digest(other)


@pytest.mark.parametrize("span", [0.05, 8.0])
def test_the_map_fits_its_sites_and_no_label_covers_another(register, span):
    """Sites close together in one county, and sites over a continent south of the equator."""
    steps = [(span * (k % 4), span * (k // 4) / 2) for k in range(12)]
    places = geo.places(register).iloc[:12].assign(precision_km=span, county=[f"County {k}" for k in range(12)])
    places = places.set_geometry([Point(-70 + x, -30 + y) for x, y in steps], crs="EPSG:4326")
    caption = Caption("A title", "A unit", "A source", "A doubt", "Words")
    axes = locator.draw(places, caption).axes[0]
    axes.figure.draw_without_rendering()
    west, south, east, north = geo.circles(places).total_bounds
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert left < west < east < right and bottom < south < north < top
    labels = [c for c in axes.get_children() if isinstance(c, Annotation) and c.get_text().startswith("County")]
    boxes = [Text.get_window_extent(label) for label in labels]
    assert len(boxes) == len(places) and all(axes.bbox.padded(2).contains(*box.min) for box in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_a_map_without_positions_says_so(register):
    nowhere = replace(register, sites=register.sites.assign(lat=float("nan"), lon=float("nan")))
    assert (
        "None of 31 announced sites has a place"
        in locator.map_sheet(geo.places(nowhere), Dossier.of(nowhere)).caption.title
    )


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


def test_the_font_of_a_page_has_every_table_that_a_browser_demands():
    whole = fonts.font_subset("伊吾县智算中心")
    cut = TTFont(io.BytesIO(fonts.font_subset("伊吾", whole)))
    demanded = {"cmap", "head", "hhea", "hmtx", "maxp", "name", "OS/2", "post", "glyf", "loca"}
    assert demanded <= set(cut.keys()) and set(cut.getBestCmap()) == {ord("伊"), ord("吾")}


def test_no_glyph_is_missing(register):
    assert fonts.chinese_font() is not None
    text = "".join(register.sites["name_zh"]) + "".join(register.claims["quote"])
    assert not fonts.missing_glyphs(text)
    assert fonts.missing_glyphs("\U0001f9ff") and fonts.drawable("a\U0001f9ff") == "a"


@pytest.mark.usefixtures("no_figures")
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


@pytest.mark.usefixtures("no_figures")
def test_summary_names_every_site(small, tmp_path, capsys):
    from osint.cli.main import main

    shutil.copytree(RAW, tmp_path / "raw", ignore=shutil.ignore_patterns("captures"))
    for name in ("sites", "claims", "observations"):
        table = pd.read_csv(tmp_path / "raw" / f"{name}.csv", dtype=str, keep_default_na=False)
        table[table["site_id"].isin(small.sites["site_id"])].to_csv(tmp_path / "raw" / f"{name}.csv", index=False)
    assert main(["report", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert all(s in said for s in small.sites["site_id"]) and "page: " in said


def picture_bytes():
    body = io.BytesIO()
    Image.new("RGB", (7, 5), (9, 8, 7)).save(body, "PNG")
    return body.getvalue()


def with_a_picture(register, case, body, digest, name="raw/pictures/a.png"):
    """Put a picture into a case, and name it in the first observation; return the tables and its site."""
    (case / name).parent.mkdir(parents=True, exist_ok=True)
    (case / name).write_bytes(body)
    seen = register.observations.copy()
    seen.loc[0, ["picture", "picture_sha256"]] = [name, digest]
    return replace(register, observations=seen), seen.loc[0, "site_id"]


@pytest.mark.usefixtures("no_figures")
def test_the_page_of_a_site_shows_the_picture_that_was_judged(small, tmp_path):
    body = picture_bytes()
    tables, site = with_a_picture(small, tmp_path / "case", body, hashlib.sha256(body).hexdigest())
    folder = report.write_report(tables, tmp_path / "out", tmp_path / "case").page.parent
    text = next(p for p in (folder / "sites").iterdir() if p.name.startswith(site)).read_text("utf-8")
    assert "The picture that was judged for" in text
    sources = lxml.html.fromstring(text).xpath("//figure/img/@src")
    shown = [Image.open(io.BytesIO(base64.b64decode(s.partition(",")[2]))) for s in sources]
    assert [one.getpixel((0, 0)) for one in shown if one.size == (7, 5)] == [(9, 8, 7)]


@pytest.mark.parametrize(
    ("body", "digest", "name", "fault"),
    [
        (b"other", "0" * 64, "raw/a.png", "not the one that was recorded"),
        (b"<svg onload=alert(1)>", None, "raw/a.png", "picture"),
        (b"\x89PNG\r\n\x1a\n", None, "../a.png", "leads out of the case"),
    ],
)
def test_a_picture_that_is_not_the_one_that_was_judged_is_named_and_not_shown(
    small, tmp_path, body, digest, name, fault
):
    digest = digest or hashlib.sha256(body).hexdigest()
    tables, site = with_a_picture(small, tmp_path / "case", body, digest, name)
    seen = OnFile.of(tmp_path / "case", Dossier.of(tables)).pictures[site]
    assert [(fault in one.fault, one.source) for one in seen] == [(True, "")]


def test_sources_say_when_this_case_captured_them(small, tmp_path):
    url = next(u for u in small.claims["source_url"] if u.startswith("http"))
    page = tmp_path / "page.html"
    page.write_text("<p>a page that was saved by hand</p>")
    store = archive.Archive(archive.captures_directory(tmp_path)).open()
    sources.import_saved(store, page, by="A. Reader", obtained="2026-09-01", origin="a browser", url=url)
    kept = OnFile.of(tmp_path, Dossier.of(small))
    digest = hashlib.sha256(page.read_bytes()).hexdigest()
    assert kept.captures == {url: f"2026-09-01, SHA-256 {digest}"}
    assert [s.captured for s in Sources.of(Dossier.of(small), kept.captures).listed if s.address == url] == [
        kept.captures[url]
    ]


def test_the_font_of_the_page_is_asked_before_those_of_the_system(all_pages):
    """Behind a font of the system, Chromium shows boxes for the first Chinese text of a page and does not mend them."""
    for name, page in all_pages.items():
        family = re.search(r"body\{font:[^\"]*([^;]*)", "".join(page.xpath("//style/text()")))[1]
        assert family.startswith(f'"{PAGE_FONT}"'), name
