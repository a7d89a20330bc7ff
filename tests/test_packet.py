"""The packet: nothing from outside, the same bytes twice, void sign-offs, and a lint for each line of the list."""

import hashlib
import io
import json
import random
import re
import shutil
import zipfile
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from osint import open_case, packet
from osint.archive import Archive, captures_directory
from osint.case.judged import rescue_judged
from osint.cli.main import main
from osint.errors import BadInputError, OsintError, RefusedError
from osint.packet import LINTS, View, lints
from osint.packet.pictures import on_file
from osint.passport import Evidence, Verdict, stamp, verify
from osint.passport.verify import passport_id, short_code
from osint.register import SCHEMAS, append_rows, load_register
from osint.report import judged_picture
from tests.captures import put
from tests.test_passport import TOLD, chart, numbers


@pytest.fixture(autouse=True)
def quick_font(request, monkeypatch):
    """Cut the Chinese font once, for the packet of the module and its twin: it is most of the time of a page."""
    if "two_packets" not in request.node.name:
        monkeypatch.setattr("osint.fonts.font_subset", lambda _: None)


@pytest.fixture(scope="module")
def written(register, tmp_path_factory):
    out = tmp_path_factory.mktemp("packet") / "XJ03"
    packet.write_packet("XJ03", out, register=register, made_by="desk A", harm="names no private person")
    return out


@pytest.fixture
def copied(written, tmp_path):
    shutil.copytree(written, tmp_path / "XJ03")
    return tmp_path / "XJ03"


class Loads(HTMLParser):
    """Collects what a page loads by itself, and its policy."""

    def __init__(self):
        super().__init__()
        self.loads, self.policy, self.tags = [], "", set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        held = dict(attrs)
        self.loads += [
            v for k, v in attrs if k in ("src", "srcset", "background", "data", "poster", "action", "xlink:href")
        ]
        self.loads += [held["href"]] if tag in ("link", "base") and "href" in held else []
        if (held.get("http-equiv") or "").lower() == "content-security-policy":
            self.policy = held["content"]


def test_the_page_loads_nothing_from_outside(written):
    text = (written / "index.html").read_text(encoding="utf-8")
    page = Loads()
    page.feed(text)
    assert page.policy.startswith("default-src 'none'")
    assert not {"script", "iframe", "object", "embed", "form", "link", "base"} & page.tags
    assert page.loads
    assert all(one.startswith("data:image/png;base64,") for one in page.loads)
    assert all(one.startswith("data:font/woff") for one in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in text
    assert not re.search(r"\son\w+=", re.sub(r"base64,[^\"')]*", "", text))


def test_the_page_has_quotes_beside_translations_and_what_may_be_said(written):
    text = (written / "index.html").read_text(encoding="utf-8")
    assert "1号楼可承载1.2P的算力" in text
    assert "building 1 can carry 1.2P" in text
    for head in (
        "May say",
        "May not say",
        "Against us",
        "The assumption that flips it",
        "Whom it could harm",
        "Right of reply",
    ):
        assert head in text
    assert "that it is there" in text
    against = text[text.index("Against us") : text.index("The assumption that flips it")]
    assert "a missing 万" in against and "none found" not in against, "what the cross-checks remark is told"
    assert "size:A4" in text


def test_a_zip_beside_it_that_is_no_packet_is_left_alone(register, tmp_path):
    (tmp_path / "XJ03.zip").write_bytes(b"mine")
    (tmp_path / "linked.zip").symlink_to(tmp_path / "XJ03.zip")
    for name in ("XJ03", "linked"):
        with pytest.raises((BadInputError, RefusedError), match=r"\.zip is"):
            packet.write_packet("XJ03", tmp_path / name, register=register, made_by="desk A")
        assert not (tmp_path / name).exists()
    assert (tmp_path / "XJ03.zip").read_bytes() == b"mine"


def test_two_packets_are_the_same_bytes_and_the_zip_holds_the_folder(written, register, tmp_path):
    packet.write_packet("XJ03", tmp_path / "XJ03", register=register, made_by="desk A", harm="names no private person")
    names = sorted(p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file())
    assert [(tmp_path / "XJ03" / n).read_bytes() == (written / n).read_bytes() for n in names] == [True] * len(names)
    assert (tmp_path / "XJ03.zip").read_bytes() == written.with_name("XJ03.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "XJ03.zip") as archive:
        assert {n: archive.read(f"XJ03/{n}") for n in names} == {n: (written / n).read_bytes() for n in names}


def test_a_packet_is_checked_whole(copied):
    assert verify(copied).verdict == Verdict.INTACT
    (copied / "index.html").write_text("<p>otherwise</p>")
    assert verify(copied).verdict == Verdict.CONFLICT
    assert any("index.html is not as listed" in one for one in verify(copied).shown)


@pytest.mark.parametrize("how", ["added", "missing", "link", "passport", "log"])
def test_a_packet_that_was_touched_is_not_verified(copied, how):
    if how == "added":
        (copied / "extra.html").write_text("x")
    elif how == "missing":
        (copied / "ro-crate-metadata.json").unlink()
    elif how == "link":
        (copied / "extra.html").symlink_to("/etc/passwd")
    elif how == "passport":
        path = next(copied.glob("*.passport.json"))
        path.write_text(path.read_text().replace("XJ03", "XJ04"))
    else:
        (copied / "review.jsonl").write_text('{"who":"B"}\n')
    assert verify(copied).verdict in (Verdict.CONFLICT, Verdict.UNKNOWN)
    with pytest.raises(OsintError):
        packet.sign_off(copied, role="checker", decision="approve", who="B")


@pytest.mark.parametrize("name", ["../out.txt", "/etc/x", "XJ03/../../x", "XJ03/a\\b", "C:x", "XJ03//x"])
def test_a_zip_that_leads_elsewhere_is_refused(written, tmp_path, name):
    body = written.with_name("XJ03.zip").read_bytes()
    path = tmp_path / "a.zip"
    path.write_bytes(body)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    found = verify(path)
    assert (found.verdict, "leads elsewhere" in found.not_shown[0]) == (Verdict.UNKNOWN, True)
    with pytest.raises(OsintError, match="leads elsewhere"):
        packet.open_packet(path)


@pytest.mark.parametrize("kind", ["link", "twice", "bomb", "cut"])
def test_a_hostile_zip_is_refused(written, tmp_path, kind):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == "link":
            one = zipfile.ZipInfo("p/packet.json")
            one.external_attr = 0o120777 << 16
            archive.writestr(one, b"/etc/passwd")
        elif kind == "bomb":
            archive.writestr("p/packet.json", bytes(300 << 20))
        else:
            archive.writestr("p/packet.json", b"{}")
            archive.writestr("p/Packet.json" if kind == "twice" else "p/x", b"{}")
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-30])
    assert verify(path).verdict == Verdict.UNKNOWN


def test_a_sign_off_is_void_when_the_packet_changes(copied):
    with pytest.raises(RefusedError, match="somebody else"):
        packet.sign_off(copied, role="checker", decision="approve", who="Desk A")
    packet.sign_off(copied, role="checker", decision="approve", who="B", time="2026-11-29T00:00:00Z")
    assert any("checker B: approve" in one for one in verify(copied).shown)
    with pytest.raises(RefusedError, match="somebody else"):
        packet.sign_off(copied, role="maker", decision="approve", who="b")
    packet.sign_off(copied, role="editor", decision="hold", who="C", note="wait for the county")
    log = (copied / "review.jsonl").read_bytes()
    (copied / "review.jsonl").write_bytes(log.replace(b"approve", b"changes"))
    assert verify(copied).verdict == Verdict.CONFLICT
    (copied / "review.jsonl").write_bytes(log)
    listing = json.loads((copied / "packet.json").read_text())
    listing["words"]["harm"] = "otherwise"
    (copied / "packet.json").write_text(json.dumps(listing))
    found = verify(copied)
    assert found.verdict == Verdict.INTACT
    assert sum("is void" in one for one in found.not_shown) == 2
    assert not any("signed off" in one for one in found.shown)


def test_a_sign_off_goes_into_the_zip_of_its_packet_and_into_no_other(copied, written):
    zipped = copied.with_name(copied.name + ".zip")
    assert packet.sign_off(copied, role="checker", decision="approve", who="B").zip is None and not zipped.exists()
    original = written.with_name("XJ03.zip").read_bytes()
    zipped.write_bytes(original)
    assert packet.sign_off(copied, role="editor", decision="approve", who="C").zip == zipped
    found = verify(zipped)
    assert found.verdict == Verdict.INTACT and sum("signed off for this packet" in one for one in found.shown) == 2
    with zipfile.ZipFile(zipped) as held:
        assert held.read(f"{copied.name}/review.jsonl") == (copied / "review.jsonl").read_bytes()
    for other in (b"mine", original[:-30], zipped.read_bytes().replace(b"checker", b"chequer")):
        zipped.write_bytes(other)
        assert packet.sign_off(copied, role="editor", decision="approve", who="C").zip is None
        assert zipped.read_bytes() == other


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"role": "owner"}, "a role is one of"),
        ({"decision": "yes"}, "a decision one of"),
        ({"decision": "hold"}, "needs a `note`"),
        ({"who": ""}, "a name or a pseudonym"),
        ({"who": "b@desk.example"}, "without an e-mail"),
    ],
)
def test_a_sign_off_that_says_nothing_is_refused(copied, told, why):
    with pytest.raises(BadInputError, match=why):
        packet.sign_off(copied, **{"role": "checker", "decision": "approve", "who": "B", **told})


def test_what_somebody_signed_or_changed_is_not_replaced(copied, register):
    packet.sign_off(copied, role="checker", decision="approve", who="B")
    with pytest.raises(BadInputError, match="holds sign-offs"):
        packet.write_packet("XJ03", copied, register=register)
    (copied / "review.jsonl").unlink()
    (copied / "notes.txt").write_text("mine")
    with pytest.raises(BadInputError, match="no packet as it was written"):
        packet.write_packet("XJ03", copied, register=register)


def test_the_assumption_that_flips_a_finding_is_named(register):
    from osint.packet.flips import flips

    (one,) = (found for found in flips(register, ["C206", "C031"]) if "pue" in found.assumption)
    assert (one.claim_id, one.now, one.then) == ("C206", "could fit", "not reached")
    assert "pue peak at 1.4 MW facility per MW IT" in one.text()


def test_a_dossier_with_another_network_keeps_nothing_that_was_worked_out_with_the_old(register):
    from osint import model, verdict

    dossier = model.Dossier.of(register)
    claim = next(one for one in dossier.all_claims if one.claim_id == "C206")
    before = verdict.judge(claim, dossier).interval
    table = register.relations.copy()
    table.loc[table["relation"] == "pue_peak", ["low", "best", "high"]] = [1.40, 1.405, 1.41]
    network = model.Network.of(replace(register, relations=table))
    fresh = verdict.judge(claim, replace(model.Dossier.of(register), network=network)).interval
    assert verdict.judge(claim, replace(dossier, network=network)).interval == fresh != before


def test_the_packets_of_the_shipped_case_have_nothing_to_mend(register, tmp_path):
    for name in ("XJ07",):
        made = packet.write_packet(name, tmp_path / name, register=register, made_by="A", harm="names nobody")
        assert [one.text() for one in made.faults] == []


def test_every_outcome_has_what_may_and_may_not_be_said(register):
    from osint import verdict
    from osint.packet.says import _ROWS, says

    assert set(_ROWS) == set(verdict.Outcome)
    for finding in verdict.check(register, ["XJ03", "US01", "XJ07", "AGG-39"]).judged:
        said = says(finding)
        assert said.may
        assert any("chip" in one for one in said.may_not)
        assert not any("{" in one for one in (*said.may, *said.may_not))


def stranger(tmp_path):
    """A figure of a stranger whose texts attack the page."""
    rows = [
        Evidence(
            "C003",
            "claims",
            source_publisher="<script>alert(1)</script>",
            source_url="javascript:alert(1)",
            quote='"><img src=x onerror=y>',
        ),
        Evidence("C004", "contradicts", source_url="https://example.org/", quote="八万\u202e", translation="80,000"),
    ]
    made = stamp(chart(), "claimed", numbers=numbers(), evidence=rows, dpi=50, **TOLD)
    for name, body in made.files.items():
        (tmp_path / name).write_bytes(body)
    return tmp_path / "claimed.png"


def test_a_figure_of_a_stranger_is_laid_out_and_nothing_of_it_runs(tmp_path, register):
    made = packet.write_packet(str(stranger(tmp_path)), tmp_path / "out", register=register)
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    page = Loads()
    page.feed(text)
    assert "script" not in page.tags
    assert all(one.startswith("data:image/png") for one in page.loads)
    assert 'href="javascript' not in text
    assert "[U+202E]" in text
    assert made.code in text
    (tmp_path / "claimed.data.csv").write_text("site,chips\n")
    with pytest.raises(BadInputError, match="CONFLICT"):
        packet.write_packet(str(tmp_path / "claimed.png"), tmp_path / "again", register=register)
    for name, why in (("XJ99", "no site answers"), ("QH12", "no claim on file"), ("C031,C032", "names several")):
        with pytest.raises(OsintError, match=why):
            packet.write_packet(name, tmp_path / "again", register=register, pictures=[["none", "is", "read"]])


def test_pictures_stand_side_by_side_at_one_size_without_what_a_camera_wrote(tmp_path, register):
    exif = Image.Exif()
    exif[0x010F] = "SECRET CAMERA"
    for name, size in (("a.jpg", (64, 48)), ("b.jpg", (64, 48)), ("c.jpg", (60, 48))):
        Image.new("RGB", size, "grey").save(tmp_path / name, exif=exif)
    given = [
        ("before", str(tmp_path / "a.jpg"), "2023-06-01", "Contains modified Copernicus Sentinel data 2023"),
        ("after", str(tmp_path / "b.jpg")),
    ]
    packet.write_packet(str(stranger(tmp_path)), tmp_path / "p", register=register, pictures=given)
    text = (tmp_path / "p" / "index.html").read_text(encoding="utf-8")
    assert "before, 2023-06-01" in text
    assert "after, day not stated" in text
    held = (tmp_path / "p" / "pictures" / "1-before.png").read_bytes()
    assert Image.open(io.BytesIO(held)).size == (64, 48)
    assert b"SECRET" not in b"".join(p.read_bytes() for p in (tmp_path / "p").rglob("*") if p.is_file())
    with pytest.raises(BadInputError, match="at one scale"):
        packet.write_packet(
            "C031", tmp_path / "q", register=register, pictures=[given[0], ("after", str(tmp_path / "c.jpg"))]
        )
    with pytest.raises(BadInputError, match="KIND one of"):
        packet.write_packet("C031", tmp_path / "q", register=register, pictures=[("x.png",)])


def square(path, west, south, east, north):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    shape = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [shape]}))
    return path


def test_a_second_measurement_has_overlap_and_difference(tmp_path):
    first = square(tmp_path / "a.geojson", 94.0, 43.0, 94.001, 43.001)
    second = square(tmp_path / "b.geojson", 94.0, 43.0, 94.001, 43.0005)
    found = packet.remeasure(first, second)
    assert found.overlap == pytest.approx(0.5, abs=1e-3)
    assert found.difference == pytest.approx(2 / 3, abs=1e-3)
    row = found.to_observation("XJ03", date="2026-06-01", observer="A and B")
    assert (row["low"], row["best"], row["high"]) == pytest.approx(
        (found.second_m2, 0.75 * found.first_m2, found.first_m2), rel=1e-2
    )
    assert row["p_place"] == ""
    same = packet.remeasure(first, first)
    assert (same.overlap, same.difference) == (1, 0)
    with pytest.raises(BadInputError, match="do not overlap"):
        packet.remeasure(first, square(tmp_path / "c.geojson", 95.0, 43.0, 95.001, 43.001))


def test_the_crate_names_every_file(written):
    graph = json.loads((written / "ro-crate-metadata.json").read_text())["@graph"]
    by_id = {one["@id"]: one for one in graph}
    assert by_id["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    parts = {one["@id"] for one in by_id["./"]["hasPart"]}
    assert parts | {"packet.json", "ro-crate-metadata.json"} == {p.name for p in written.iterdir()}
    assert all(one in by_id for one in parts)


def test_the_verbs_of_an_editor(tmp_path, capsys, monkeypatch):
    out = str(tmp_path / "c")
    told = ["--made-by", "desk A", "--harm", "none", "--reply", "asked on 2026-11-20: no answer"]
    assert main(["packet", "C031", "--out", out, *told]) == 0
    outlines = [str(square(tmp_path / n, 94.0, 43.0, 94.001, 43.001)) for n in ("a.geojson", "b.geojson")]
    Image.new("RGB", (40, 40)).save(tmp_path / "x.png")
    further = ["--outlines", *outlines, "--picture", "other", str(tmp_path / "x.png"), "2026-06-01", "Photo: A. Reader"]
    assert main(["packet", "C031", "--out", out + "2", "--since", out, *further]) == 0
    text = (tmp_path / "c2" / "index.html").read_text(encoding="utf-8")
    assert "No number and no source has changed" in text
    assert "100% of what either drew" in text
    assert "harm note missing" in capsys.readouterr().out
    assert main(["lint", out, "--against", "data"]) == 0
    assert main(["lint", out + "2"]) == 1
    assert main(["signoff", out, "--role", "checker", "--decision", "changes", "--who", "B", "--note", "round it"]) == 0
    assert main(["verify", out, "--against", "data", "--json"]) == 0
    assert main(["verify", str(tmp_path / "x.png"), "--passports", out, "--code", "osint:AAAA-AAAA"]) == 5
    assert main(["verify", out, "--expect", "00", "--root", "none.pem"]) == 6
    assert main(["signoff", out, "--role", "checker", "--decision", "approve", "--who", "desk a"]) == 2


# ---------------------------------------------------------------- lints

GOOD = View(
    core={
        "title": "Of 115,000 chips claimed, none has been seen",
        "numbers": [
            {
                "id": "a",
                "label": "claimed",
                "best": "115000",
                "unit": "chips",
                "kind": "reported",
                "from": ["C001", "C002"],
            },
            {"id": "p", "label": "compute", "best": "6", "unit": "PFLOPS", "kind": "reported", "from": ["C003"]},
            {
                "id": "c",
                "label": "chips of dense FP16",
                "best": "6",
                "low": "2",
                "high": "9",
                "unit": "chips",
                "kind": "derived",
                "expression": "p / 1",
                "from": [],
            },
        ],
        "evidence": [
            {
                "id": "C001",
                "role": "claims",
                "stage": "plan",
                "independence_group": "G1",
                "quote": "x",
                "quote_language": "en",
            },
            {
                "id": "C002",
                "role": "claims",
                "stage": "plan",
                "independence_group": "G2",
                "quote": "八万",
                "translation": "80,000",
            },
            {"id": "C003", "role": "contradicts", "independence_group": "G1"},
        ],
        "places": [
            {
                "site_id": "XJ01",
                "lon": "93",
                "lat": "43",
                "coord_precision_km": "2",
                "marked_m": "2000",
                "source_datum": "WGS-84",
            }
        ],
        "imagery": [
            {"item": "S2B_46TGN", "sensor": "Sentinel-2", "credit": "Contains modified Copernicus Sentinel data 2025"}
        ],
        "judgement": {"finding": "It is unlikely.", "because": "The ground is laid with low confidence."},
        "people": {"made_by": "A"},
    },
    render={"caption": "Of 115,000 chips none was seen.", "alt": "One bar."},
    texts={"index.html": "<p>TKO in the 3rd round; see https://example.org/home/a</p>"},
    data=b"site,chips\nXJ01,115000\nXJ02,\n",
    svg="#0072B2 #E69F00 #D55E00 #009E73",
    words={"harm": "names nobody", "may_say": ["A county says that it plans 115,000 chips."]},
    reviews=({"role": "checker", "who": "B"},),
)


def core(**told):
    return replace(GOOD, core={**GOOD.core, **told})


def number(at, **told):
    rows = [dict(one) for one in GOOD.core["numbers"]]
    rows[at].update(told)
    return core(numbers=rows)


def source(at, **told):
    rows = [dict(one) for one in GOOD.core["evidence"]]
    rows[at].update(told)
    return core(evidence=rows)


BAD = {
    "SIMULATED": [core(simulated=True)],
    "unfinished": [replace(GOOD, texts={"index.html": "a\nTODO: source"}), replace(GOOD, texts={"x.csv": "TK"})],
    "number without a ledger line": [replace(GOOD, render={**GOOD.render, "caption": "Of 116,000 chips."})],
    "digits beyond the range": [number(2, best="5.1234")],
    "nothing drawn as zero": [replace(GOOD, data=b"site,chips\nXJ01,115000\nXJ02,0\n")],
    "planned worded as installed": [core(title="The desert holds 115,000 chips")],
    "precision not named": [number(2, label="chips")],
    "likelihood and confidence in one sentence": [core(judgement={"because": "It is unlikely, with low confidence."})],
    "probability word off the scale": [
        core(judgement={"because": "It is highly likely."}),
        core(title="Probably there"),
    ],
    "one story counted twice": [source(1, independence_group="G1")],
    "quote without translation": [source(1, translation="")],
    "marker finer than the place is known": [core(places=[{**GOOD.core["places"][0], "marked_m": "50"}])],
    "datum not known": [core(places=[{**GOOD.core["places"][0], "source_datum": "unknown"}])],
    "Copernicus credit missing": [core(imagery=[{"item": "S2B_46TGN", "credit": "ESA"}])],
    "alt text missing": [replace(GOOD, render={"caption": ""})],
    "red against green": [replace(GOOD, svg="#d62728 #2ca02c")],
    "path or address of a person": [
        replace(GOOD, texts={"index.html": "see /home/ann/x"}),
        replace(GOOD, texts={"index.html": "ask ann@desk.example"}),
        replace(GOOD, texts={"index.html": r"C:\Users\ann"}),
    ],
    "evidence newer than the figure": [replace(GOOD, newer=("newer evidence is on file: C300",))],
    "same maker and checker": [
        replace(GOOD, reviews=({"role": "checker", "who": "a"},)),
        core(people={"made_by": "A", "checked_by": "A"}),
    ],
    "no contradicting source": [source(2, role="claims")],
    "harm note missing": [replace(GOOD, words={})],
    "made from files that were not committed": [core(method={"dirty": True})],
}


def test_a_good_packet_has_no_fault():
    assert [one.text() for one in lints(GOOD)] == []


def test_every_lint_has_a_case():
    assert set(BAD) == set(LINTS)


@pytest.mark.parametrize(("name", "view"), [(name, view) for name, views in BAD.items() for view in views])
def test_a_lint_names_its_line_and_no_other_speaks(name, view):
    found = lints(view)
    assert {one.lint for one in found} == {name}, [one.text() for one in found]
    assert all(one.where and one.says for one in found)


@pytest.mark.parametrize(
    "view",
    [
        core(title="The county says that the hall will hold 115,000 chips"),
        core(title="It has room for 115,000 chips"),
        core(judgement={"because": "It is very likely. Confidence is low."}),
        core(no_contradiction="looked for in the register"),
        number(2, best="5.12", low="5.11", high="5.13"),
        replace(GOOD, data=None),
        core(imagery=[{"item": "x", "sensor": "Maxar"}]),
    ],
)
def test_near_misses_pass(view):
    assert [one.text() for one in lints(view)] == []


# ---------------------------------------------------------------- a case with captures and pictures


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A copy of the shipped tables, with a captured page and an observation with its picture."""
    data = tmp_path_factory.mktemp("case") / "data"
    shutil.copytree("data/raw", data / "raw", ignore=shutil.ignore_patterns("captures"))
    url = "http://xjyiwu.gov.cn/xjyiwu/c119606/202411/a676d7a682b34a28bc6d982e984b70c7.shtml"
    page = data.parent / "saved.html"
    text = "<html><meta charset=utf-8><body><p>据介绍,1号楼可承载1.2P的算力、2号楼可承载4.8P的算力。<script>x()</script></p>"
    page.write_text(text, encoding="utf-8")
    told = ["--who", "desk", "--when", "2026-11-24", "--where", url, "--data", str(data)]
    assert main(["archive", "import", str(page), *told]) == 0
    image = saved_png()
    (data / "derived" / "looks").mkdir(parents=True)
    (data / "derived" / "looks" / "x.png").write_bytes(image)
    row = {"site_id": "XJ03", "observer": "desk", "how": "picture of 0.5 m", "date": "2026-06-01", "not_yet": "roofed"}
    row |= {"p_place": 0.97, "place_reason": "by hand: trial", "searched_share": 1, "independence_group": "G999"}
    row |= {"picture": "derived/looks/x.png", "picture_sha256": hashlib.sha256(image).hexdigest()}
    append_rows(data, "observations", [dict.fromkeys(SCHEMAS["observations"].names, "") | row])
    return data


def saved_png():
    out = io.BytesIO()
    Image.new("RGB", (50, 40), "navy").save(out, "PNG")
    return out.getvalue()


def test_words_stand_as_in_the_captured_page_and_pictures_on_file_are_shown(case, tmp_path):
    made = packet.write_packet("C034", tmp_path / "p", data=case, harm="none")
    text = (tmp_path / "p" / "index.html").read_text(encoding="utf-8")
    crop = text[text.index('<div class="crop">') :][:600]
    assert "1号楼可承载1.2P的算力" in crop
    assert "<script" not in text
    held = json.loads(next((tmp_path / "p").glob("*.passport.json")).read_text())["core"]["evidence"]
    claim = next(one for one in held if one["id"] == "C034")
    assert len(claim["sha256"]) == 64
    assert claim["captured"] == "2026-11-24"
    (picture,) = (tmp_path / "p" / "pictures").iterdir()
    assert picture.stem.startswith("O")
    assert f"{picture.stem}, desk, picture of 0.5 m" in text
    assert not [one for one in made.faults if "picture" in one.lint]
    assert packet.lint(tmp_path / "p", case) == []
    register = load_register(case)
    twice = register.observations.loc[
        [n for n in register.observations.index if register.observations.at[n, "picture"]]
    ]
    register.observations.loc[len(register.observations)] = {**twice.iloc[0].to_dict(), "observation_id": "O998"}
    (once,), wrong = on_file(register, [picture.stem, "O998"], case)
    assert once.credit.startswith(f"{picture.stem}, O998, desk") and not wrong, "one picture of two rows stands once"


def test_a_picture_that_an_older_case_kept_in_derived_is_not_lost_with_it(case, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(case, data)
    (row,) = [r for r in open_case(data).site("XJ03").observations if r.picture]
    others = [replace(row, picture="derived/looks/../../other.png"), replace(row, picture_sha256="0")]
    rescue_judged(data, [*others, row])
    shutil.rmtree(data / "derived")
    assert [p.name for p in (data / "raw" / "judged").iterdir()] == ["x.png"]
    assert judged_picture(data, row.picture, row.picture_sha256).size == (50, 40)
    with pytest.raises(BadInputError, match="not the one that was recorded"):
        judged_picture(data, row.picture, "0" * 64)


@pytest.mark.parametrize(
    "name", ["derived/looks/x.png", "../x.png", "/etc/passwd", "derived/looks/link.png", "derived/none.png"]
)
def test_a_picture_that_is_not_as_recorded_is_left_out_and_named(case, tmp_path, name):
    register = load_register(case)
    rows = register.observations
    at = rows.index[rows["picture"] != ""][0]
    rows.loc[at, "picture"] = name
    rows.loc[at, "picture_sha256"] = "0" * 64
    link = case / "derived" / "looks" / "link.png"
    link.unlink(missing_ok=True)
    link.symlink_to(case / "derived" / "looks" / "x.png")
    made, (wrong,) = on_file(register, [rows.loc[at, "observation_id"]], case)
    link.unlink()
    assert not made
    assert rows.loc[at, "observation_id"] in wrong


def test_a_second_measurement_becomes_an_observation(case, tmp_path):
    outlines = [square(tmp_path / n, 94.0, 43.0, 94.001, 43.001) for n in ("a.geojson", "b.geojson")]
    row = packet.remeasure(*outlines).to_observation("XJ03", date="2026-06-01", observer="A and B")
    append_rows(case, "observations", [{**row, "independence_group": "G998"}])
    (found,) = load_register(case).observations.query("observer == 'A and B'").to_dict("records")
    assert (found["quantity"], found["best"], found["note"][:9]) == ("roof_m2", row["best"], "The first")


def test_a_signed_packet_that_another_tool_packs_is_checked(copied, tmp_path):
    packet.sign_off(copied, role="checker", decision="approve", who="B")
    for base, root in (("a", copied.parent), ("b", copied)):
        path = shutil.make_archive(str(tmp_path / base), "zip", root, "XJ03" if base == "a" else ".")
        found = verify(path)
        assert found.verdict == Verdict.INTACT, found
        assert any("checker B: approve" in one for one in found.shown)


ODD = [
    None,
    True,
    -1,
    10**30,
    "",
    "x",
    "1e999999999",
    "NaN",
    [],
    {},
    [[]],
    [{}],
    {"a": 1},
    "../../etc/passwd",
    "9" * 400,
]


def test_a_passport_of_any_form_is_refused_or_laid_out_and_never_a_traceback(tmp_path, register, monkeypatch):
    """A stranger seals a passport in which values have other types; what is not refused is written and linted."""
    monkeypatch.setattr("osint.packet.build.flips", lambda *_: [])
    chance = random.Random(5)
    for at in range(3):
        folder = tmp_path / str(at)
        folder.mkdir()
        stranger(folder)
        path = folder / "claimed.passport.json"
        values = json.loads(path.read_text())
        spots = []

        def walk(node, spots=spots):
            for key, value in node.items() if isinstance(node, dict) else enumerate(node):
                spots.append((node, key))
                if isinstance(value, dict | list):
                    walk(value)

        walk(values["core"])
        for node, key in chance.sample(spots, 3):
            node[key] = chance.choice(ODD)
        for name in ("claimed.png", "claimed.svg", "claimed.pdf"):
            (folder / name).unlink()
        values |= {"code": short_code(values["core"]), "passport_id": passport_id(values)}
        values["passport_id"] = passport_id(values)
        path.write_text(json.dumps(values))
        assert verify(path, against="data").status in (0, 4, 5, 6)
        try:
            packet.write_packet(str(path), folder / "out", register=register)
        except OsintError:
            continue
        packet.lint(folder / "out", "data")


def test_a_packet_states_the_head_of_the_archive_which_verify_finds_until_lines_are_gone(tmp_path, capsys):
    case = tmp_path / "case"
    shutil.copytree("data/raw", case / "raw")
    store = Archive(captures_directory(case)).open()
    for number in range(3):
        put(store, b"<p>5 MW", f"https://x.example/{number}")
    made = [packet.write_packet("C031", tmp_path / name / "p", data=case, made_by="desk A") for name in "ab"]
    assert made[0].zip.read_bytes() == made[1].zip.read_bytes()
    graph = json.loads((made[0].folder / "ro-crate-metadata.json").read_text())["@graph"]
    (held,) = (one for one in graph if one["@id"] == "#archive")
    assert held["collectionSize"] == 3 and held["identifier"] == store.last_entry().line_sha256
    assert f"--expect {held['identifier']}" in (made[0].folder / "index.html").read_text()
    put(store, b"<p>6 MW", "https://x.example/4")
    assert main(["archive", "verify", "--data", str(case), "--expect", held["identifier"]]) == 0
    assert "is line 3 of 4 in captures/ledger.jsonl" in capsys.readouterr().out
    lines = store.ledger.read_bytes().splitlines(keepends=True)
    store.ledger.write_bytes(b"".join(lines[:2]))
    assert main(["archive", "verify", "--data", str(case), "--expect", held["identifier"]]) == 1
