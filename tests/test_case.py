"""A case from nothing to a finding: begun, a site found by name, looked at, taken, and every verb reads what is there."""

import hashlib
import io
import json
import tomllib
import types

import geopandas as gpd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from shapely import affinity

import osint
from osint import cli, geo
from osint.case import look as looks
from osint.case.changed import OTHER_PART
from osint.case.judged import rescue_judged
from osint.errors import BadInputError, NotFoundError, RefusedError
from osint.register import QUANTITIES, Rung, find_sites, load_register, one_site
from osint.simulated import demo

AT = {"lon": 94.70, "lat": 43.25}


def run(capsys, *line):
    """Run a line of the command; return its status, output and errors."""
    code = cli.main([str(word) for word in line])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return code, told.out, told.err


@pytest.fixture(scope="module")
def small_world(tmp_path_factory):
    """Make the SIMULATED world smaller and shorter, so that a look costs seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "PLACE_PX", 96)
        patch.setattr(demo, "FIRST_DAY", "2024-01-01")
        patch.setattr(looks, "DRAWN", 2)
        patch.setenv("OSINT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def looked(small_world, tmp_path_factory):
    """A demo case of one site, and its look."""
    case = osint.case.new_case(tmp_path_factory.mktemp("own") / "case", name="North park", demo=True, **AT)
    return case, case.site("north park").look(demo=True)


def sure(look):
    """Return the number of a measured building of which nothing but the kind is in doubt."""
    rows = [(one.number, one.rows[0]) for one in look.candidates if one.is_building and len(one.rows) == 1]
    return next(n for n, row in rows if row["doubts"] in (None, "OPEN_KIND") and row["roof_area_m2_best"] > 0)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("XJ03", ["XJ03"]),
        ("xj3", ["XJ03"]),
        ("xj 03", ["XJ03"]),
        ("伊吾县先进计算集群二期 1号楼/2号楼", ["XJ03"]),
        ("1号楼", ["XJ03"]),
        ("Yiwu phase II, buildings 1 and 2", ["XJ03"]),
        ("yiwu PHASE ii", ["XJ03"]),
        ("Ｃｏｌｏｓｓｕｓ 1", ["US02"]),
        ("colossus", ["US02", "US03"]),
        ("Shelby", ["US02", "US03"]),
        ("ei", []),
    ],
)
def test_a_site_answers_to_what_a_person_calls_it(register, text, ids):
    assert [site.site_id for site in find_sites(register, text)] == ids


def test_a_site_is_never_guessed(register):
    with pytest.raises(BadInputError, match=r"names 6 sites, say which: XJ01 .*; XJ05 .*REF-NMH"):
        one_site(register, "Yiwu")
    with pytest.raises(NotFoundError, match=r"spelt nearly so: .*XJ09"):
        one_site(register, "Karamai")
    with pytest.raises(NotFoundError, match="no site answers to 'zzzzqq'"):
        one_site(register, "zzzzqq")
    with pytest.raises(BadInputError, match="name a site"):
        one_site(register, "  ")


# ---------------------------------------------------------------- begin


def test_the_shipped_register_opens_by_default(monkeypatch):
    monkeypatch.delenv("OSINT_DATA", raising=False)
    case = osint.open_case()
    site = case.site("xj3")
    assert (site.id, site.parent.id, site.is_simulated) == ("XJ03", "XJ01", False)
    assert {part.id for part in site.parent.parts} == {"XJ02", "XJ03", "XJ04", "XJ05"}
    assert site.claims and all(claim.site_id == "XJ03" for claim in site.claims)
    assert "XJ03" in str(site) and "33,000" in site._repr_html_()
    assert {hit.table for hit in case.find("伊吾")} == {"sites", "claims"}
    assert [hit.row_id for hit in case.find("C031")] == ["C031"]


def test_a_case_is_begun_outside_the_repository(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("OSINT_DATA", raising=False)
    code, out, _ = run(
        capsys, "new", tmp_path / "own", "--at", "94.70,43.25", "--name", "North park", "--name-zh", "北园"
    )
    assert code == 0 and "SITE01" in out
    own = sorted(path.name for path in (tmp_path / "own" / "data" / "raw").iterdir())
    assert own == ["claims.csv", "observations.csv", "sites.csv"]
    assert len(tomllib.loads((tmp_path / "own" / "data" / "case.toml").read_text())["tables"]) == 5
    case = osint.open_case(tmp_path / "own")
    row = case.site("site1").row
    assert (row.lon, row.lat, row.coord_precision_km, row.datum, row.country) == (94.70, 43.25, 1.0, "unknown", "CN")
    # the folder of the case is the data folder too, and the one where one stands
    monkeypatch.chdir(tmp_path / "own")
    assert [site.id for site in osint.open_case().sites] == ["SITE01"]
    code, _, err = run(capsys, "new", tmp_path / "own")
    assert code == 2 and "not empty" in err


def test_a_site_of_the_register_comes_along_with_all_that_it_refers_to(tmp_path, capsys):
    made = osint.case.new_case(tmp_path / "own", site="us01")
    assert [site.id for site in made.sites] == ["US01"] and made.site("Abilene").observations
    assert made.site("US01").check().findings.equals(osint.open_case().site("US01").check().findings)
    assert not osint.case.new_case(tmp_path / "demo", site="us01", demo=True).site("US01").observations
    code, _, err = run(capsys, "new", tmp_path / "other", "--site", "nowhere at all")
    assert code == 2 and "no site answers" in err and not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["--at", "94.7,43.2"], "needs a name"),
        (["--at", "94.7,43.2", "--site", "XJ01"], "one site"),
        (["--at", "194.7,43.2", "--name", "x"], "globe"),
        (["--at", "-90.1,35.1", "--name", "x"], "country"),
        (["--at", "94.7,43.2", "--name", "x", "--datum", "moon"], "datum"),
        (["--at", "94.7,43.2", "--name", "x", "--precision-km", "-1"], "coord_precision_km"),
        (["--at", "94.7,43.2", "--name", "x", "--country", "=1+1"], "is no country"),
    ],
)
def test_a_case_that_no_verb_could_read_is_not_made(tmp_path, capsys, line, words):
    code, _, err = run(capsys, "new", tmp_path / "own", *line)
    assert code == 2 and words in err and not (tmp_path / "own").exists()


def test_a_case_says_when_the_tables_of_the_model_have_changed(tmp_path):
    case = osint.case.new_case(tmp_path / "own")
    assert "changed since" not in str(case)
    told = tmp_path / "own" / "data" / "case.toml"
    told.write_text(told.read_text().replace('relations = "', 'relations = "0'))
    assert "relations.csv changed since" in str(osint.open_case(tmp_path / "own"))
    assert "relations.csv" in osint.open_case(tmp_path / "own")._repr_html_()
    told.write_bytes(b"\xff[")
    assert osint.open_case(tmp_path / "own").version is None


def test_notebooks_of_a_case_begin_at_its_site(tmp_path):
    osint.case.new_case(tmp_path / "own", site="XJ03")
    books = sorted((tmp_path / "own" / "notebooks").glob("*.ipynb"))
    assert books
    for book in books:
        cells = [cell for cell in json.loads(book.read_text())["cells"] if cell["cell_type"] == "code"]
        assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)
        for line in "".join(cells[0]["source"]).splitlines():
            assert not line.startswith("SITE =") or line.startswith('SITE = "XJ03"')
            assert not line.startswith("CASE =") or line.startswith('CASE = ".."')


# ---------------------------------------------------------------- empty tables


@pytest.mark.parametrize("filled", [False, True])
def test_every_verb_reads_a_case_without_claims(tmp_path, capsys, filled):
    own = tmp_path / "own"
    osint.case.new_case(own, **({"name": "North park", **AT} if filled else {}))
    lines = [["check", "SITE01"], ["next", "SITE01"], ["total", "SITE01"]] if filled else [["report"], ["total"]]
    for line in [["check"], *lines]:
        code, _, err = run(capsys, *line, "--data", own)
        assert code == 0, err
    case = osint.open_case(own)
    assert "no claim is on file" in case.check().text()
    assert list(case.check().findings.columns)[:2] == ["claim_id", "site_id"]
    assert case._repr_html_() and str(case)


# ---------------------------------------------------------------- the look


def test_candidates_have_numbers_and_pictures(looked):
    case, look = looked
    assert look.simulated and look.candidates and str(look).startswith("SIMULATED")
    first = look.candidates[0]
    assert first.is_building and look.candidate(first.number).outline_id == f"S{first.number:03d}"
    assert any(name.endswith("_pair.png") for name in first.pictures) and "place_pair.png" in look.pictures
    with pytest.raises(NotFoundError, match=r"no candidate 99.*the numbers are"):
        look.candidate(99)
    html = look._repr_html_()
    assert html.count("SIMULATED") > 1 and "data:image/png" in html
    again = case.site("SITE01").last_look()
    assert str(again) == str(look) and again.pictures == look.pictures
    assert [one.number for one in again.candidates] == [one.number for one in look.candidates]


def test_what_is_taken_is_on_file_with_its_picture_and_its_finding(looked, tmp_path):
    case, look = looked
    claim = {
        "site_id": "SITE01",
        "claimant": "county",
        "source_publisher": "county site",
        "source_tier": "local_government",
    }
    claim |= {
        "quote": "已部署12000张H100",
        "quote_language": "zh",
        "translation": "12,000 H100 deployed",
        "date": "2024-06-30",
    }
    claim |= {"quantity_kind": "chips", "value_low": 12000, "value_high": 12000, "unit": "chips", "chip_model": "H100"}
    claim |= {"reading_confidence": "high", "rung": "running", "modality": "has", "bound": "exact"}
    claim |= {"independence_group": "G1", "group_reason": "by hand", "evidence_use": "yes"}
    from osint.register import SCHEMAS

    entered = case.enter("claims", [{**dict.fromkeys(SCHEMAS["claims"].names, ""), **claim}])
    assert entered.ids == ("C001",) and entered.changed[0].before is None
    number = sure(look)
    with pytest.raises(BadInputError, match="who chose"):
        look.take([number], who=" ")
    with pytest.raises(BadInputError, match="needs a reason"):
        look.take([number], who="A. Reader", p_place=0.9)
    assert not case.site("SITE01").observations
    doubted = next((c.number for c in look.candidates if not c.is_building), None)
    if doubted is not None:
        with pytest.raises(NotFoundError) as none:
            look.take([doubted], who="A. Reader", p_place=0.95, place_reason="its gate is in the film")
        assert "osint observed" in str(none.value) and "--p-place" not in str(none.value)  # it was stated
    rows = look.take([number], who="A. Reader", as_part="hall 2", p_place=0.95, place_reason="its gate is in the film")
    assert rows and set(rows) == set(case.site("SITE01").observations)
    assert {(r.part, r.p_place, r.simulated, r.observer) for r in rows} == {("hall 2", 0.95, True, "A. Reader")}
    assert {r.searched_share for r in rows} == {look.searched_share}
    assert any(r.quantity == "roof_m2" for r in rows)
    picture = case.path / rows[0].picture
    drawn = [io.BytesIO(look.pictures[name]) for name in look.candidate(number).pictures]
    assert len(drawn) == 2  # before and after, and the series: both stand on the page of the site
    assert Image.open(io.BytesIO(picture.read_bytes())).height == sum(Image.open(body).height for body in drawn)
    assert rows[0].picture.startswith("raw/judged/")  # evidence: it stays when derived/ is deleted
    assert osint.case.judged.sha256(picture.read_bytes()) == rows[0].picture_sha256
    assert [change.claim.claim_id for change in rows.changed] == ["C001"]
    assert "C001" in str(rows) and "SIMULATED" in rows.changed[0].text()
    assert case.site("SITE01").is_simulated and "SIMULATED" in case.site("SITE01")._repr_html_()
    page = case.site("SITE01").report(tmp_path / "page").read_text(encoding="utf-8")
    assert "12,000" in page and "SIMULATED" in page


def test_simulated_pictures_do_not_enter_a_real_case(small_world, looked, tmp_path, monkeypatch):
    from dataclasses import replace

    real = osint.case.new_case(tmp_path / "real", name="Real", **AT)
    _, look = looked
    own = replace(look, site=real.site("Real"))
    for act in (lambda: own.take([look.candidates[0].number], who="A"), lambda: own.nothing_there(who="A")):
        with pytest.raises(RefusedError, match="SIMULATED"):
            act()
    assert not (real.path / "derived" / "looks").exists() and not real.site("Real").observations
    # and a real look is refused by a demo case
    case = osint.case.new_case(tmp_path / "demo", name="Demo", demo=True, **AT)
    honest = replace(look, site=case.site("Demo"), simulated=False, frame=look.frame.drop(columns="simulated"))
    with pytest.raises(RefusedError, match="demo case"):
        honest.nothing_there(who="A", p_place=0.5, place_reason="seen")


def test_nothing_there_is_an_answer_and_what_was_not_read_is_none(looked, tmp_path):
    from dataclasses import replace

    case = osint.case.new_case(tmp_path / "own", name="Bare", demo=True, **AT)
    look = replace(looked[1], site=case.site("Bare"))
    bare = replace(look, frame=look.frame.iloc[:0])
    with pytest.raises(BadInputError, match="are more likely buildings than not"):
        look.nothing_there(who="A. Reader")
    with pytest.raises(BadInputError, match="does not show that 'ground broken'"):
        bare.nothing_there(who="A. Reader", rung="ground broken")
    with pytest.raises(BadInputError, match="not a rung"):
        bare.nothing_there(who="A. Reader", rung="built")
    with pytest.raises(RefusedError, match="no absence"):
        replace(bare, unread="3 scenes could not be read").nothing_there(who="A", p_place=0.9, place_reason="x")
    assert not case.site("Bare").observations
    (row,) = bare.nothing_there(who="A. Reader", place_reason="the plot is fenced")
    assert (row.not_yet, row.date.text, row.searched_share) == (Rung.ROOFED, look.until, look.searched_share)
    assert row.p_place < 0.98 and row.place_reason.endswith("A. Reader adds: the plot is fenced") and row.picture
    (row,) = bare.nothing_there(who="A. Reader", rung="ground broken", p_place=0.9, place_reason="I was there")
    assert (row.not_yet, row.p_place) == (Rung.GROUND_BROKEN, 0.9)


def test_the_verb_lists_and_takes(looked, tmp_path, capsys, monkeypatch):
    own = tmp_path / "own"
    monkeypatch.setattr(osint.case.looking, "look_at", lambda *_, **options: looked[1] if options["demo"] else None)
    run(capsys, "new", own, "--at", "94.70,43.25", "--name", "North park", "--demo")
    code, _, err = run(capsys, "look", "north", "--take", "1", "--who", "A. Reader", "--data", own)
    assert code == 2 and "not looked at yet" in err
    code, out, _ = run(capsys, "look", "north", "--json", "--data", own)
    found = json.loads(out)
    assert code == 0 and found["simulated"] and found["candidates"]
    number = sure(looked[1])
    line = ["look", "SITE1", "--take", number, "--as", "hall 2", "--who", "A. Reader", "--data", own]
    code, out, _ = run(capsys, *line, "--p-place", "90%", "--place-reason", "the gate is its own")
    assert code == 0 and "written: O001" in out
    code, _, err = run(capsys, *line, "--p-place", "0.9", "--place-reason", "the gate is its own")
    assert code == 2 and "already" in err
    code, _, err = run(capsys, *line, "--nothing-there")
    assert code == 2 and "contradict" in err
    code, _, err = run(capsys, "look", "north", "--take", "one", "--who", "A", "--data", own)
    assert code == 2 and "as 1,3" in err
    code, out, _ = run(capsys, "check", "SITE01", "--data", own)
    assert code == 0


def test_an_outline_that_a_person_draws_is_a_candidate_as_any_other(looked, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(osint.change, "draw_structure", lambda *_: [])  # its pictures are drawn as those of any other
    case, look = looked
    own = look.candidate(sure(look))
    drawn = own.outline.envelope
    geo.write_outlines(gpd.GeoDataFrame({"outline_id": ["x"]}, geometry=[drawn], crs=4326), tmp_path / "roof.geojson")
    code, out, err = run(
        capsys, "look", "SITE01", "--outline", tmp_path / "roof.geojson", "--json", "--data", case.path.parent
    )
    assert code == 0, err
    more = case.site("SITE01").last_look()
    assert len(json.loads(out)["candidates"]) == len(more.candidates) == len(look.candidates) + 1
    (new,) = (one for one in more.candidates if one.is_drawn)
    assert new.number == max(one.number for one in look.candidates) + 1
    # dated and measured on the same ground as the outline that was found there
    assert new.rows[0]["roofed_low"] <= own.rows[0]["roofed_high"]
    assert own.rows[0]["roofed_low"] <= new.rows[0]["roofed_high"]
    assert abs(new.rows[0]["roof_area_m2_best"] / own.rows[0]["roof_area_m2_best"] - 1) < 0.15
    stated = {"who": "A. Reader", "p_place": 0.9, "place_reason": "its gate is in the film"}
    with pytest.raises(BadInputError, match="cover the same ground"):
        more.rows_if_taken([own.number, new.number], **stated)
    rows = more.rows_if_taken([new.number], **stated)
    assert {row["how"] for row in rows} == {"Sentinel-2 series, outline drawn by a person"}
    assert {row["simulated"] for row in rows} == {"yes"} and any(row["quantity"] == "roof_m2" for row in rows)
    with pytest.raises(BadInputError, match="leaves the place"):
        osint.case.look_at_outline(look, affinity.translate(drawn, xoff=0.1))


def test_a_site_that_is_known_badly_is_sent_to_locate(capsys):
    code, _, err = run(capsys, "look", "xj3", "--start", "2024-01-01", "--end", "2025-12-31")
    assert code == 2 and "osint locate XJ03" in err
    code, _, err = run(capsys, "look", "US02")
    assert code == 2 and "--start" in err
    code, _, err = run(capsys, "look", "US02", "--exhaustive", "--bbox", "1,2,3")
    assert code == 2 and "--bbox" in err


def test_the_case_is_loaded_again_after_a_write(tmp_path):
    case = osint.case.new_case(tmp_path / "own")
    site = case.add_site("Second park", 94.70, 43.25, name_zh="二园", county="Yiwu")
    assert [s.id for s in case.sites] == [site.id] == ["SITE01"]
    assert case.add_site("Third", country="US").id == "SITE02"
    assert load_register(tmp_path / "own").sites["name_zh"].tolist() == ["二园", ""]
    with pytest.raises(BadInputError, match="no column colour"):
        case.add_site("x", country="US", colour="red")


# ---------------------------------------------------------------- documents

NEWS = """<!doctype html><html><head><meta charset="utf-8"><title>北园智算中心一期投入运行</title></head><body>
<h1>北园智算中心一期投入运行</h1><p>发布时间：2024-09-30　来源：县人民政府</p>
<p>北园智算中心一期建筑面积9800平方米，2024年6月封顶。目前园区已部署英伟达H100芯片12000张，已投入运行。</p>
<p>项目总投资8亿元。</p></body></html>"""
WORDS = "The park has deployed 12,000 Nvidia H100 chips, in operation."


@pytest.fixture
def read_into(tmp_path, capsys):
    """A case with one document read into its review."""
    (tmp_path / "news.html").write_text(NEWS, encoding="utf-8")
    run(capsys, "new", tmp_path / "own", "--at", "94.70,43.25", "--name", "North park")
    line = ["extract", tmp_path / "news.html", "--into", tmp_path / "own", "--site", "north"]
    code, out, err = run(
        capsys, *line, "--tier", "local_government", "--url", "https://example.org/news", "--date", "2024-09-30"
    )
    assert code == 0, err
    assert "3 of 3 claims are open, of 1 document" in out
    return tmp_path / "own"


def test_a_chinese_page_becomes_claims_by_a_person_and_no_python(read_into, capsys):
    own = read_into
    code, out, _ = run(capsys, "review", "--data", own, "--json")
    keys = {row["kind"]: row["key"] for row in json.loads(out)["open"]}
    assert set(keys) == {"floor", "chips", "money_cny"}
    signed = ["--who", "A. Reader", "--data", own]
    for line, words in (
        (["--accept", keys["chips"], "--translation", WORDS], "evidence yes or"),
        (["--accept", keys["chips"], "--evidence", "yes"], "translation"),
        (["--accept", "zzzz", "--evidence", "yes"], "no claim has such a key"),
        (["--accept", keys["chips"], "--reject", keys["floor"], "--evidence", "yes"], "one decision at a time"),
        (["--reject", keys["floor"]], "reason"),
        (["--change", keys["floor"], "--evidence", "yes", "--set", "low", "--reason", "x"], "NAME=VALUE"),
        (["--change", keys["floor"], "--evidence", "yes", "--set", "low=many", "--reason", "x"], "is a number"),
        (["--change", keys["floor"], "--evidence", "yes", "--set", "low=3,3", "--reason", "x"], "part no thousands"),
        (["--change", keys["floor"], "--evidence", "yes", "--set", "low=3.3万", "--reason", "x"], "--set unit"),
    ):
        code, _, err = run(capsys, "review", *line, *signed)
        assert code == 2 and words in err, err
    assert not osint.open_case(own).site("north").claims
    code, out, err = run(
        capsys, "review", "--accept", keys["chips"][:6], "--evidence", "yes", "--translation", WORDS, *signed
    )
    assert code == 0 and "written: C001" in out and "C001 12,000 chips" in out and "new -> untested" in out, err
    line = ["--change", keys["money_cny"], "--set", "low=9", "--set", "high=9", "--reason", "read anew"]
    code, out, err = run(
        capsys, "review", *line, "--evidence", "no", "--translation", "A total of 0.9 bn yuan.", *signed
    )
    assert code == 0 and "written: C002" in out, err
    code, out, _ = run(capsys, "review", "--reject", keys["floor"], "--reason", "of another park", *signed)
    assert code == 0 and "1 rejected" in out
    chips, money = osint.open_case(own).site("north").claims
    assert (chips.claimed, chips.chip_model, chips.rung, chips.evidence_use) == (12000, "H100", Rung.RUNNING, True)
    assert (chips.source_publisher, chips.source_url) == ("县人民政府", "https://example.org/news")
    assert (money.claimed, money.evidence_use) == (900e6, False)
    assert chips.independence_group == money.independence_group
    assert "0 of 3 claims are open" in run(capsys, "review", "--data", own)[1]
    assert "12000" in osint.open_case(own).review()._repr_html_()
    code, _, err = run(capsys, "review", "--accept", keys["floor"], "--evidence", "yes", "--translation", "x", *signed)
    assert code == 0 and len(osint.open_case(own).site("north").claims) == 3  # a rejection can be taken back


def test_a_claim_of_a_part_is_tested_by_what_was_seen_of_that_part(read_into, capsys):
    own, signed = read_into, ["--who", "A. Reader", "--data", read_into]
    told = run(capsys, "review", "--data", own)[1]
    assert "from news.html: 2024-09-30, 县人民政府, local_government, https://example.org/news" in told
    keys = {row["kind"]: row["key"] for row in json.loads(run(capsys, "review", "--data", own, "--json")[1])["open"]}
    line = ["--evidence", "yes", "--translation", WORDS, *signed]
    assert run(capsys, "review", "--accept", keys["chips"], *line)[0] == 0
    seen = ["observed", "north", "--date", "2025-06-01", "--rung", "roofed", "--quantity", "roof_m2", "--low", "90",
            "--best", "100", "--high", "110", "--part", "hall 1", "--how", "visit", "--p-place", "0.95"]  # fmt: skip
    code, out, err = run(capsys, *seen, "--place-reason", "its gate", *signed)
    assert code == 0 and "C001: if the claim speaks of the part that was seen" in out, err
    assert run(capsys, "review", "--accept", keys["floor"], "--part", "Hall 1", *line)[0] == 0
    whole, hall = osint.open_case(own).site("north").check().judged
    assert (whole.claim.part, hall.claim.part) == ("", "Hall 1")
    assert whole.rule.name == OTHER_PART and hall.rule.name != OTHER_PART


def test_the_notebooks_of_a_real_case_ask_for_real_pictures(tmp_path):
    for invented in (True, False):
        made = osint.case.new_case(tmp_path / str(invented), name="North park", demo=invented, **AT)
        for path in (made.path.parent / "notebooks").glob("*.ipynb"):
            assert f"DEMO = {invented}  #" in "".join(
                json.loads(path.read_text(encoding="utf-8"))["cells"][1]["source"]
            )


def test_a_document_needs_a_site_and_a_publisher(tmp_path, capsys):
    osint.case.new_case(tmp_path / "own", name="North park", **AT)
    (tmp_path / "page.txt").write_text("The park has deployed 12,000 H100 chips.", encoding="utf-8")
    line = ["extract", tmp_path / "page.txt", "--into", tmp_path / "own"]
    for more, words in (
        ([], "--site NAME"),
        (["--site", "south"], "no site answers"),
        (["--site", "north"], "--publisher"),
        (["--site", "north", "--publisher", "desk", "--tier", "rumour"], "kind of publisher"),
        (["--site", "north", "--publisher", "desk", "--date", "2025/13/40"], "2025/13/40"),
    ):
        code, _, err = run(capsys, *line, *more)
        assert code == 2 and words in err
    code, out, _ = run(capsys, *line, "--site", "north", "--publisher", "desk", "--claimant", "the county")
    assert code == 0 and "1 of 1 claims" in out


def test_a_document_of_the_review_that_was_tampered_with_is_named(read_into, capsys):
    kept = next((read_into / "data" / "raw" / "review").glob("*.bin"))
    kept.write_bytes(kept.read_bytes() + b" ")
    code, _, err = run(capsys, "review", "--data", read_into)
    assert code == 2 and "does not fit its document" in err
    kept.with_suffix(".json").write_text("[1")
    code, _, err = run(capsys, "review", "--data", read_into)
    assert code == 2 and "damaged" in err


# ---------------------------------------------------------------- what is taken is read


ODD = st.sampled_from([0.0, 1e-9, 1.0, 4700.0, 1e9, 1e17]) | st.floats(0, 1e18, allow_nan=False)
ROWS = st.fixed_dictionaries(
    {
        "quantity": st.sampled_from(["", "backscatter_ratio", *sorted(QUANTITIES)]),
        "ends": st.lists(ODD, min_size=3, max_size=3).map(sorted),
        "p_place": st.sampled_from([None, 0.0, 0.5, 0.98]),
        "searched_share": st.sampled_from([None, 0.0, 0.5, 1.0]),
        "rung": st.sampled_from([None, "ground broken", "powered"]),
        "not_yet": st.sampled_from([None, "running"]),
        "date": st.sampled_from(["2026-05-01", "2025", "../2024-06", "2024-06/2026-01"]),
    }
)


def read_all(case, rows):
    """Append observations of XJ03, have every question answered, and take them back."""
    from osint import change

    made = []
    for number, given_ in enumerate(rows):
        known = dict(given_)
        ends = known.pop("ends")
        if known["quantity"]:  # a size of nothing is not taken
            known |= dict(zip(("low", "best", "high"), ends, strict=True))
        known |= {} if known["quantity"] or known["rung"] else {"not_yet": "roofed"}  # nor is a row that shows nothing
        known["place_reason"] = "by hand" if known.get("p_place") is not None else ""
        made.append(change.observation_row("XJ03", f"desk {number}", "picture", known.pop("date"), **known))
    raw = case.path / "raw" / "observations.csv"
    before = raw.read_bytes()
    try:
        entered, site = case.enter("observations", made), case.site("XJ03")
        assert len(entered) == len(rows)
        assert all([str(entered), str(case), case._repr_html_(), site._repr_html_(), site.check().text(), site.next()])
        assert site.total()
    finally:
        raw.write_bytes(before)
        case._load()


@pytest.mark.parametrize(
    ("quantity", "ends"),
    [
        ("roof_m2", (0.0, 0.0, 0.0)),
        ("average_mw", (0.0, 0.0, 0.0)),
        ("facility_mw", (4.0, 5.0, 6.0)),
        ("it_mw", (0.0, 0.0, 1e-9)),
        ("roof_m2", (1e17, 1e17, 1e17)),
        ("chips", (0.0, 1.0, 1e18)),
        ("backscatter_ratio", (1.0, 2.0, 3.0)),
    ],
)
def test_what_append_takes_every_verb_reads(copied, quantity, ends):
    """K6: a number that one door lets in stops no other."""
    read_all(copied, [{"quantity": quantity, "ends": ends, "p_place": 0.98, "date": "2026-05-01"}])


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(row=ROWS)
def test_what_append_takes_every_verb_reads_whatever_it_is(copied, row):
    read_all(copied, [row])


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    return osint.case.new_case(tmp_path_factory.mktemp("copied") / "case", site="XJ03")


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e19", "x"])
def test_a_number_that_is_none_is_refused_at_the_door(copied, value):
    from osint import change

    row = change.observation_row(
        "XJ03", "desk", "picture", "2026-05-01", quantity="roof_m2", low=value, best="1", high="2"
    )
    before = (copied.path / "raw" / "observations.csv").read_bytes()
    with pytest.raises(BadInputError, match=r"observations.csv: row \d+ .* column low has"):
        copied.enter("observations", [row])
    assert (copied.path / "raw" / "observations.csv").read_bytes() == before


def test_an_estimate_of_a_site_is_that_of_the_verb(monkeypatch, capsys):
    monkeypatch.delenv("OSINT_DATA", raising=False)
    asked = osint.open_case().site("XJ03").estimate("it_mw", floor_m2=33_000)
    code, out, _ = run(capsys, "estimate", "it_mw", "--given", "floor_m2=33000", "--site", "XJ03")
    assert code == 0 and out.startswith(repr(asked))
    with pytest.raises(BadInputError, match="say what to estimate"):
        osint.open_case().site("XJ03").estimate("it_mw")


def test_an_old_picture_is_copied_into_the_evidence_and_never_through_a_link(tmp_path):
    body, outside = b"picture", tmp_path / "outside"
    outside.mkdir()
    row = types.SimpleNamespace(picture="derived/looks/a.png", picture_sha256=hashlib.sha256(body).hexdigest())
    for name in ("honest", "linked"):
        (tmp_path / name / "derived" / "looks").mkdir(parents=True)
        (tmp_path / name / "derived" / "looks" / "a.png").write_bytes(body)
        (tmp_path / name / "raw").mkdir()
    (tmp_path / "linked" / "raw" / "judged").symlink_to(outside)
    for name in ("honest", "linked"):
        rescue_judged(tmp_path / name, [row])
    assert (tmp_path / "honest" / "raw" / "judged" / "a.png").read_bytes() == body
    assert not list(outside.iterdir())
