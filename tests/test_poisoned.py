"""A case folder of a stranger: whatever link lies in it, nothing outside of it is written, moved or deleted."""

import argparse
import hashlib
import os
import re
import shutil
import stat
import sys
import time
from pathlib import Path

import pytest
import shapely

from osint import archive, change, files, filings, geo, register, report
from osint.cli.main import build_parser, main
from osint.errors import BadInputError, OsintError, RefusedError
from osint.filings import review
from tests.portal_server import serve

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"
PLACES = (
    "raw",
    "raw/observations.csv",
    "raw/observations.csv.part",
    "raw/.observations.lock",
    "raw/.claims.lock",
    "raw/claims.csv",
    "raw/captures/ledger.jsonl",
    "raw/captures/.lock",
    "raw/captures/captures-00001.warc",
    "raw/captures/captures-00002.warc",
    "raw/captures/incoming",
    "raw/captures/aside",
    "raw/captures",
    "raw/reviews.jsonl",
    "derived",
    "derived/pace.json",
    "derived/pace.lock",
    "derived/report",
    "derived/report.part",
    "derived/report.old",
)
"""Everything in a case that was ever written by its fixed name."""
_watching = []


def _note(event, args):
    """Keep every path that is opened for writing, moved, deleted or cut while a test watches."""
    if not _watching:
        return
    if event == "open" and isinstance(args[0], str | bytes):
        writes = args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        if writes and not (args[2] & os.O_NOFOLLOW and Path(os.fsdecode(args[0])).is_symlink()):
            _watching[0].add(os.path.realpath(os.fsdecode(args[0])))
    elif event in (
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.truncate",
        "os.mkdir",
        "os.link",
        "os.symlink",
        "os.chmod",
    ):
        for one in args[:2]:
            if isinstance(one, str | bytes):
                # the last part of a name that is moved or deleted is not followed
                folder, name = os.path.split(os.fsdecode(one))
                _watching[0].add(os.path.join(os.path.realpath(folder or "."), name))  # noqa: PTH118 - not followed


sys.addaudithook(_note)


@pytest.fixture(scope="module")
def portal():
    with serve() as running:
        yield running


@pytest.fixture
def victims(tmp_path):
    """A file and a folder of the user's, outside of the case."""
    home = tmp_path / "home"
    (home / "folder").mkdir(parents=True)
    (home / "start.sh").write_text("echo mine\n")
    (home / "folder" / "index.html").write_text("mine")
    (home / "folder" / "findings.csv").write_text("mine")
    (home / "folder" / "claims.csv").write_text("mine")
    return home


@pytest.fixture
def case(tmp_path, monkeypatch):
    folder = tmp_path / "case"
    shutil.copytree(RAW, folder / "raw", ignore=shutil.ignore_patterns("captures"))
    (folder / "derived").mkdir()
    store = archive.Archive(archive.captures_directory(folder)).open()
    store.record_file(
        archive.Entry("https://x.example/a", "content", time=archive.utc_now()),
        b"<p>5 MW",
        "text/html",
        "https://x.example/a",
    )
    monkeypatch.setenv("OSINT_DATA", str(folder))
    monkeypatch.setenv("OSINT_ALLOW_LOOPBACK", "1")
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return folder


def digest(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        found[str(path)] = (stat.S_IMODE(path.lstat().st_mode), path.read_bytes() if path.is_file() else None)
    return found


def verbs(portal, tmp_path):
    saved = tmp_path / "saved.html"
    saved.write_text("<p>a page that was saved")
    who = ["--who", "desk", "--when", "2026-11-24", "--where", "https://x.example/b"]
    yield ["capture", portal.url + "/good"]
    yield ["archive", "import", str(saved), *who]
    yield ["captures", "https://x.example/a"]
    yield ["notice", "https://x.example/a"]
    yield ["extract", "https://x.example/a"]
    yield ["archive", "verify"]
    yield ["archive", "export", str(tmp_path / "exported")]


def observation(case):
    known = register.read_table(case / "raw" / "observations.csv", "observations").iloc[0].to_dict()
    return {**known, "observation_id": "", "note": "another row"}


def review_of(case):
    page = filings.parse("<p>1号楼可承载算力1.2万P。".encode(), "a.html")
    table = review.start_review(filings.claims_of(page))
    key = table["key"].iloc[0]
    review.accept_claim(table, key, "Li", "2026-11-24", translation="in English", log=case / "raw" / "reviews.jsonl")


@pytest.mark.parametrize("place", PLACES)
def test_no_link_in_a_case_is_written_through(case, victims, portal, tmp_path, place, capsys):
    to = "start.sh" if Path(place).suffix else "folder"
    link = case / place
    if link.is_dir():
        shutil.move(link, tmp_path / "moved")
    link.unlink(missing_ok=True)
    link.symlink_to(victims / to)
    before, writes = digest(victims), set()
    _watching[:] = [writes]
    try:
        status = {" ".join(verb[:2]): main(verb) for verb in list(verbs(portal, tmp_path))[:2]}
        for call in (
            lambda: register.append_rows(case, "observations", [observation(case)]),
            lambda: review_of(case),
            lambda: review.write_reviewed(
                review.start_review(filings.claims_of(filings.parse(b"<p>", "a.html"))),
                case / "raw" / "claims.csv",
                case / "raw" / "reviews.jsonl",
                {},
            ),
            lambda: main(["report"]),
        ):
            try:
                call()
            except OsintError:
                continue
    finally:
        _watching.clear()
    assert digest(victims) == before
    outside = [path for path in writes if Path(path).is_relative_to(victims.resolve())]
    assert not outside
    assert status[f"capture {portal.url}/good"] == status["archive import"] == 2
    said = capsys.readouterr().err
    assert link.name in said and "only read" in said and "Traceback" not in said
    assert link.is_symlink()


def test_verbs_that_read_write_nothing(case, portal, tmp_path):
    with (case / "raw/captures/captures-00001.warc").open("ab") as file:
        file.write(b"a torn capture")
    before, writes = digest(case), set()
    _watching[:] = [writes]
    try:
        for verb in list(verbs(portal, tmp_path))[2:]:
            main(verb)
    finally:
        _watching.clear()
    assert digest(case) == before
    assert not [path for path in writes if Path(path).is_relative_to(case)]


def test_a_pipe_in_a_case_is_not_waited_for(case):
    pipe = case / "raw" / "claims.csv"
    pipe.unlink()
    os.mkfifo(pipe)
    with pytest.raises(OsintError, match="no ordinary file"):
        register.load_register(case)
    with pytest.raises(RefusedError, match="no ordinary file"):
        archive.Archive(archive.captures_directory(case)).open()
    warc = case / "raw/captures/captures-00001.warc"
    warc.unlink()
    os.mkfifo(warc)
    assert main(["notice", "https://x.example/a"]) == 2 and main(["archive", "verify"]) == 1
    for place in ("captures/ledger.jsonl", "reviews.jsonl"):
        (case / "raw" / place).unlink(missing_ok=True)
        os.mkfifo(case / "raw" / place)
        assert main(["archive", "verify"]) == 2


def test_a_link_that_leads_to_itself_is_one_sentence(case, capsys):
    table = case / "raw" / "sites.csv"
    table.unlink()
    table.symlink_to(table)
    assert main(["sites"]) == 2
    assert "sites.csv cannot be read" in (said := capsys.readouterr().err) and "fault of the program" not in said


def test_new_files_of_a_case_are_for_their_owner_and_exports_for_all(case, portal, tmp_path):
    old = os.umask(0o002)
    try:
        (case / "raw/observations.csv").chmod(0o664)
        main(["capture", portal.url + "/good"])
        register.append_rows(case, "observations", [observation(case)])
        review_of(case)
        main(["archive", "export", "out"])
        geo.write_outlines(_outlines(), tmp_path / "a.kml")
    finally:
        os.umask(old)
    made = [case / "raw/reviews.jsonl", case / "raw/captures/ledger.jsonl"]
    made.append(case / "raw/captures/captures-00001.warc")
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert stat.S_IMODE((case / "raw/captures").stat().st_mode) == 0o700
    assert stat.S_IMODE((case / "raw/observations.csv").stat().st_mode) == 0o664
    out = [p for p in (tmp_path / "out").rglob("*") if p.is_file()] + [tmp_path / "a.kml"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in out} == {0o644}


def _outlines():
    import geopandas as gpd

    return gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(93, 43, 93.01, 43.01)], crs=4326)


@pytest.mark.parametrize("name", ["a.geojson", "a.kml", "a.csv", "a.gpkg"])
def test_a_result_takes_the_place_of_an_older_one_only_when_it_is_whole(tmp_path, monkeypatch, name):
    path = geo.write_outlines(_outlines(), tmp_path / name)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        geo.write_outlines(_outlines(), path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == [name]


def test_a_result_is_not_written_through_a_link(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "a.geojson").symlink_to(tmp_path / "mine.txt")
    with pytest.raises(RefusedError, match="is a link"):
        geo.write_outlines(_outlines(), tmp_path / "a.geojson")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_disk_that_is_full_and_a_name_that_is_too_long_are_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (
        main(
            ["scenes", "93", "43", "--start", "2024", "--end", "2024", "--catalogue", str(tmp_path), "--out", "x" * 300]
        )
        == 2
    )
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("content", ["mine", '{"target": 1}', "no newline"])
def test_a_journal_of_somebody_else_is_not_overwritten(tmp_path, content):
    journal = tmp_path / "a.tiles.jsonl"
    journal.write_text(content)
    target = change.Target("2020-01-01", "2024-01-01", "2021-01-01", "2023-01-01", 1000.0, 2000.0)
    with pytest.raises(OsintError):
        change.locate(lambda place: None, shapely.box(93, 43, 93.001, 43.001), target, journal)
    assert journal.read_text() == content
    journal.unlink()
    journal.symlink_to(tmp_path / "mine")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(OsintError):
        change.locate(lambda place: None, shapely.box(93, 43, 93.001, 43.001), target, journal)
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.fixture
def written(tmp_path_factory):
    """A small folder as the writer of reports leaves it."""
    folder = tmp_path_factory.mktemp("written") / "report"
    made = {"index.html": b"<p>a page", "figures/a.png": b"a picture"}
    for name, body in {**made, report.build.SUMS: report.build._sums(made)}.items():
        files.replace_file(folder / name, body)
    return folder


def test_a_folder_that_is_not_a_report_as_it_was_written_is_left_alone(written, tmp_path):
    mine = tmp_path / "f"
    mine.mkdir()
    (mine / "mine.txt").write_text("mine")
    look_alike = tmp_path / "g"
    look_alike.mkdir()
    for name in ("index.html", "findings.csv", "checks.csv"):
        (look_alike / name).write_text("mine")
    added, edited, linked = (tmp_path / name for name in ("added", "edited", "linked"))
    for folder in (added, edited):
        shutil.copytree(written, folder)
    (added / "notes.txt").write_text("mine")
    (edited / "index.html").write_text("my own words")
    linked.symlink_to(mine)
    before = digest(tmp_path)
    for folder in (mine, look_alike, added, edited, linked, mine / "mine.txt"):
        with pytest.raises((BadInputError, RefusedError), match=r"f|g|notes|index|link"):
            report.build._check_free(folder)
    assert digest(tmp_path) == before


def test_a_report_as_it_was_written_may_be_replaced(written):
    (written / ".DS_Store").write_text("left by a file manager")
    report.build._check_free(written)


def test_a_report_lists_its_files(report_folder):
    listed = dict(line.split("  ")[::-1] for line in (report_folder / "SHA256SUMS").read_text().splitlines()[1:])
    there = {p.relative_to(report_folder).as_posix(): p.read_bytes() for p in report_folder.rglob("*") if p.is_file()}
    there.pop("SHA256SUMS")
    assert listed == {name: hashlib.sha256(body).hexdigest() for name, body in there.items()}
    report.build._check_free(report_folder)


@pytest.mark.parametrize("can_swap", [True, False])
def test_a_folder_is_swapped_whole_or_not_at_all(tmp_path, monkeypatch, can_swap):
    if not can_swap:
        monkeypatch.setattr(files, "_EXCHANGE", {})
    out = tmp_path / "out"
    for word in ("one", "two"):
        with files.folder_beside(out) as part:
            (part / word).write_text(word)
        assert [path.name for path in out.iterdir()] == [word]
    with pytest.raises(ZeroDivisionError), files.folder_beside(out) as part:
        (part / "three").write_text("three")
        raise ZeroDivisionError
    assert [path.name for path in out.iterdir()] == ["two"] and [path.name for path in tmp_path.iterdir()] == ["out"]


LINKS = ("raw/review", "raw/reviews.jsonl", "derived/looks", "derived/packet", "derived/packet.zip", "derived/report")
WRITING = {
    "observed": ["observed", "XJ03", "--who", "Li", "--how", "a visit", "--date", "2025-06-01", "--rung", "roofed",
                 "--p-place", "0.9", "--place-reason", "seen"],
    "extract": ["extract", "saved.html", "--into", "case", "--site", "XJ03"],
    "review": ["review", "--accept", "abc", "--who", "Li", "--evidence", "yes", "--translation", "x"],
    "watch": ["watch"],
    "capture": ["capture", "http://127.0.0.1:9/a"],
    "packet": ["packet", "XJ03", "--out", "case/derived/packet"],
    "report": ["report", "--out", "case/derived/report"],
    "new": ["new", "case", "--at", "93,43", "--name", "A"],
    "signoff": ["signoff", "case/derived/packet", "--role", "editor", "--decision", "approve", "--who", "Li"],
    "look": ["look", "XJ03", "--take", "1", "--as", "hall", "--who", "Li"],
}  # fmt: skip
SPAN, OUTLINES = ["--start", "2024", "--end", "2024"], str(RAW.parent.parent / "samples/outlines.geojson")
EXPORTING = {
    "scenes": ["XJ01", *SPAN], "fetch": ["XJ01", *SPAN], "pair": ["XJ01", "--before", "2023", "--after", "2025"],
    "sheet": ["XJ01", *SPAN], "pictures": [OUTLINES, "--before", "2023-05", "--after", "2024-09"], "tiles": ["XJ01"],
    "power": ["XJ01"], "observe": ["XJ01", *SPAN], "date": [OUTLINES, *SPAN], "measure": [OUTLINES, *SPAN],
    "locate": ["XJ01", *SPAN], "validate": [OUTLINES, *SPAN], "search": ["a", *SPAN], "report": [], "packet": ["XJ03"],
    "archive": ["export"], "seal": ["a.png", "--chain", "a.pem", "--key", "a.key"],
}  # fmt: skip
READING = (
    ["doctor"], ["review"], ["watch", "--dry-run"], ["lint", "case/derived/packet"], ["show", "XJ03"], ["sites"],
    ["claims", "XJ01"], ["check", "C007"], ["fits", "XJ03", "chips=115000", "--chip", "H100"], ["total", "AGG-39"],
    ["estimate", "it_mw", "--given", "floor_m2=33000", "--country", "CN"], ["next", "XJ01"], ["verify", "saved.html"],
    ["captures", "https://x.example/a"], ["notice", "https://x.example/a"], ["archive", "verify"],
)  # fmt: skip
TOLD = {"help", "completion", "score", "demo"}
"""Verbs that take no folder: they print what is in the program, or serve an invented world."""


@pytest.fixture
def poisoned(case, victims, tmp_path):
    for place in LINKS:
        (case / place).symlink_to(victims / ("start.sh" if Path(place).suffix else "folder"))
    (tmp_path / "saved.html").write_text("<p>1号楼可承载算力1.2万P。")
    return case


def watched(call):
    writes = set()
    _watching[:] = [writes]
    try:
        return call(), writes
    finally:
        _watching.clear()


@pytest.mark.parametrize("verb", WRITING)
def test_each_verb_that_writes_refuses_a_case_with_links(poisoned, victims, capsys, verb):
    before = digest(victims)
    status, writes = watched(lambda: main(WRITING[verb]))
    assert digest(victims) == before
    assert not [path for path in writes if Path(path).is_relative_to(victims.resolve())]
    said = capsys.readouterr()
    assert status == 2 and "Traceback" not in said.err, (said.out, said.err)


@pytest.mark.parametrize("verb", EXPORTING)
def test_each_verb_that_is_given_a_place_behind_a_link_of_a_case_refuses_it(case, victims, capsys, verb):
    (case / "derived/out").symlink_to(victims / "folder")
    before, option = digest(victims), [] if verb == "archive" else ["--out"]
    words = [verb, *EXPORTING[verb], *option, "case/derived/out/sub/new.png"]
    status, writes = watched(lambda: main(words))
    assert digest(victims) == before
    assert not [path for path in writes if Path(path).is_relative_to(victims.resolve())]
    assert status == 2 and "is a link" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [WRITING["report"], WRITING["packet"], ["scenes", "XJ01", *SPAN, "--out", "a.csv"]])
def test_no_result_is_written_into_a_case_that_holds_a_link_anywhere(case, victims, capsys, verb):
    (case / "raw/reviews.jsonl").symlink_to(victims / "start.sh")
    before = digest(victims), digest(case)
    assert main(verb) == 2 and (digest(victims), digest(case)) == before
    assert "reviews.jsonl is a link" in capsys.readouterr().err


def test_a_bare_name_is_not_written_into_a_linked_folder_of_a_case(case, victims, capsys):
    shutil.rmtree(case / "derived")
    (case / "derived").symlink_to(victims / "folder")
    before = digest(victims)
    assert main(["scenes", "XJ01", *SPAN, "--out", "new.csv"]) == 2
    assert digest(victims) == before and "derived is a link" in capsys.readouterr().err


def test_every_verb_is_tried_on_a_case_with_links():
    verbs = next(one for one in build_parser()._actions if isinstance(one, argparse._SubParsersAction)).choices
    tried = {words[0] for words in (*WRITING.values(), *READING)}
    assert set(verbs) == tried | set(EXPORTING) | TOLD
    exports = {verb for verb, parser in verbs.items() if "--out" in parser._option_string_actions}
    assert exports <= set(EXPORTING)


def test_each_verb_that_reads_leaves_a_case_with_links_as_it_is(poisoned, victims, capsys):
    before = digest(victims), digest(poisoned)
    for verb in READING:
        _, writes = watched(lambda verb=verb: main(verb))
        assert not [path for path in writes if Path(path).is_relative_to(poisoned) or "home" in Path(path).parts], verb
    assert (digest(victims), digest(poisoned)) == before
    assert "Traceback" not in capsys.readouterr().err


READ_BY = {
    "raw/sites.csv": ["sites"], "raw/claims.csv": ["claims", "XJ03"], "raw/observations.csv": ["show", "XJ03"],
    "raw/captures/ledger.jsonl": ["captures", "https://x.example/a"],
    "raw/captures/captures-00001.warc": ["notice", "https://x.example/a"], "raw/reviews.jsonl": ["archive", "verify"],
    "derived/pace.json": ["watch", "--dry-run"],
}  # fmt: skip
"""A verb that reads each file; a sweep of all verbs over 27 files and 32 contents is too long for a test."""
HOSTILE = {
    "empty": lambda good: b"", "NULs": lambda good: bytes(5000), "cut": lambda good: good[: len(good) // 2],
    "UTF-16": lambda good: good.decode("utf-8", "replace").encode("utf-16"), "deep": lambda good: b"[" * 100_000,
    "long": lambda good: good[:200] + b"x" * (10 << 20) + b"\n", "rows": lambda good: good + b"a,b,c\n" * 200_000,
    "bidi": lambda good: good.replace(b"a", "a\u202e\x1b[31m".encode(), 60), "list": lambda good: b"[1,2,3]\n",
    "other columns": lambda good: b"a,b\n1,2\n", "numbers": lambda good: re.sub(rb"\b[0-9]+\b", b"1e308", good),
}  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", bytes(300), b'file\n"a.png', b"file,west\na.png,1e999\n", b"a" * 200_000]
)
def test_a_table_of_pictures_that_is_none_is_one_sentence(tmp_path, capsys, content, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(RAW.parent.parent / "samples" / "screenshots", "mine")
    Path("mine/pictures.csv").write_bytes(content)
    assert main(["pictures", "mine", "--before", "2023-05", "--after", "2024-09", "--out", "a.png"]) == 2
    assert "fault of the program" not in capsys.readouterr().err


def test_a_pipe_in_the_place_of_a_picture_or_of_outlines_is_not_waited_for(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(RAW.parent.parent / "samples" / "screenshots", "mine")
    Path("mine/2023-05-01.png").unlink()
    for name in ("mine/2023-05-01.png", "a.kml", "a.geojson", "a.csv"):
        os.mkfifo(name)
    assert main(["pictures", "mine", "--before", "2023-05", "--after", "2024-09", "--out", "a.png"]) == 2
    assert "2023-05-01.png is no ordinary file" in capsys.readouterr().err
    for name in ("a.kml", "a.geojson", "a.csv"):
        with pytest.raises(OsintError):
            geo.read_outlines(name)


@pytest.mark.parametrize("content", HOSTILE)
def test_whatever_stands_in_a_file_of_a_case_is_read_or_one_sentence(case, capsys, content):
    review_of(case)
    (case / "derived/pace.json").write_text('{"x.example": 12.5}')
    for place, words in READ_BY.items():
        path = case / place
        good = path.read_bytes()
        path.write_bytes(HOSTILE[content](good))
        before, begun = digest(case), time.process_time()
        assert main(words) in (0, 1, 2), place
        said = "".join(capsys.readouterr())
        assert not [sign for sign in ("Traceback", "fault of the program", "\x1b", "\u202e") if sign in said], place
        assert digest(case) == before and time.process_time() - begun < 10, place
        path.write_bytes(good)
