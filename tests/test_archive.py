import hashlib
import io
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from osint import chain
from osint.archive import Archive, Entry, captures_directory, export, verify
from osint.errors import BadInputError, OsintError, UnreadableError
from osint.http import Exchange
from osint.sources import import_saved
from tests.captures import entry, put

URL = "https://x.example/a"


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "captures").open()


def test_body_and_ledger_come_back_as_written(archive):
    first, second = put(archive, b"one"), put(archive, b"two" * 1000)
    assert [e.seq for e in archive.entries()] == [0, 1]
    assert archive.body(first) == b"one" and archive.body(second) == b"two" * 1000
    assert second.prev == first.line_sha256 and first.prev == "0" * 64


def test_warcio_reads_the_archive_and_its_digests_hold(archive):
    put(archive, b"<p>\xc4\xe3\xba\xc3</p>\r\n\r\n")
    with archive.warcs()[0].open("rb") as file:
        kinds, addresses = [], []
        for record in ArchiveIterator(file, check_digests="raise"):
            kinds.append(record.rec_type)
            addresses.append(record.rec_headers.get_header("WARC-Target-URI"))
            body = record.content_stream().read()
            if record.rec_type == "response":
                assert body == b"<p>\xc4\xe3\xba\xc3</p>\r\n\r\n"
    assert kinds == ["response", "request", "metadata"]
    page = "http://portal.example/a"
    assert addresses == [page, page, f"urn:osint-datacentres:capture:{page}"], "a replay would show ours for the page"


def test_body_can_be_cut_out_of_the_warc_by_its_offset_alone(archive):
    done = put(archive, b"plain bytes")
    raw = archive.warcs()[0].read_bytes()
    cut = raw[done.body_offset : done.body_offset + done.bytes]
    assert hashlib.sha256(cut).hexdigest() == done.sha256


def test_whole_but_uncounted_capture_is_counted_by_the_next_opening(archive):
    put(archive, b"one")
    put(archive, b"two")
    lines = archive.ledger.read_bytes().splitlines(keepends=True)
    archive.ledger.write_bytes(lines[0])
    again = Archive(archive.directory).open()
    assert "was whole but not yet counted" in again.repairs[0]
    assert archive.ledger.read_bytes().splitlines(keepends=True) == lines
    assert verify(archive.directory).damage == []


def test_torn_ledger_line_and_torn_capture_are_moved_aside_and_said(archive):
    put(archive, b"one")
    put(archive, b"two")
    warc, ledger = archive.warcs()[0], archive.ledger
    held = ledger.read_bytes()
    ledger.write_bytes(held + b'{"torn":')
    with warc.open("ab") as file:
        file.write(b"WARC/1.1\r\nWARC-Type: response\r\nContent-Le")
    again = Archive(archive.directory).open()
    assert len(again.repairs) == 2
    assert "torn line" in again.repairs[0] and "41 bytes of a torn capture" in again.repairs[1]
    assert ledger.read_bytes() == held
    kept = sorted(path.read_bytes() for path in again.aside.iterdir())
    assert kept == sorted([b'{"torn":', b"WARC/1.1\r\nWARC-Type: response\r\nContent-Le"])
    assert verify(archive.directory).damage == []


def test_every_cut_of_the_files_mends_without_losing_a_recorded_capture(archive, tmp_path):
    first = put(archive, b"one")
    put(archive, b"two")
    warc, ledger = archive.warcs()[0].read_bytes(), archive.ledger.read_bytes()
    end = first.offset + first.length
    line = ledger.index(b"\n") + 1
    rng = random.Random(6)
    for cut in rng.sample(range(end, len(warc)), 40):
        place = tmp_path / f"cut{cut}"
        shutil.copytree(archive.directory, place)
        (place / archive.warcs()[0].name).write_bytes(warc[:cut])
        (place / "ledger.jsonl").write_bytes(ledger[:line])
        again = Archive(place).open()
        assert [e.sha256 for e in again.entries()] == [first.sha256]
        assert again.body(first) == b"one" and verify(place).damage == []
        assert sum(p.stat().st_size for p in again.aside.iterdir()) == cut - end
        put(again, b"three")
        assert verify(place).damage == [] and verify(place).captures == 2


def test_any_flipped_bit_is_damage_of_its_capture_or_line(archive):
    for n in range(4):
        put(archive, random.Random(n).randbytes(3000))
    rng = random.Random(1)
    for path in (archive.warcs()[0], archive.ledger):
        good = path.read_bytes()
        for _ in range(12):
            offset, bit = rng.randrange(len(good)), rng.randrange(8)
            bad = bytearray(good)
            bad[offset] ^= 1 << bit
            path.write_bytes(bad)
            found = [one.where for one in verify(archive.directory).damage]
            line = good[:offset].count(b"\n") + 1
            seq = next(e.seq for e in archive.entries() if offset < e.offset + e.length) if "warc" in path.name else 0
            wanted = f"capture {seq} " if path.suffix == ".warc" else f"line {line}"
            assert any(wanted in where for where in found), (path.name, offset, bit, found)
        path.write_bytes(good)
    assert verify(archive.directory).damage == []


def test_flipped_newline_removed_line_and_missing_file_are_damage(archive):
    for n in range(3):
        put(archive, b"x%d" % n)
    good = archive.ledger.read_bytes()
    lines = good.splitlines(keepends=True)
    nan = good.replace(b'"status":200', b'"status":NaN', 1)
    for bad in (nan, good.replace(b"\n", b"\x0b", 1), lines[0] + lines[2], lines[1] + lines[0] + lines[2]):
        archive.ledger.write_bytes(bad)
        assert verify(archive.directory).damage
    archive.ledger.write_bytes(good)
    archive.warcs()[0].unlink()
    assert "missing" in verify(archive.directory).damage[0].what


LOST = {
    "removed": lambda body: None,
    "emptied": lambda body: b"",
    "NULs": lambda body: bytes(len(body)),
    "NULs in a line": lambda body: bytes(len(body) - 1) + b"\n",
    "NULs at the end": lambda body: body[: len(body) // 2] + bytes(len(body) // 2),
    "cut at the front": lambda body: body[100:],
    "first line gone": lambda body: body.partition(b"\n")[2],
    "last lines gone": lambda body: body.splitlines(keepends=True)[0],
}
"""What a disk, an editor or an older copy does to a log of three lines."""


@pytest.mark.parametrize("kind", LOST)
def test_a_ledger_that_is_lost_is_damage_and_is_written_anew_from_whole_warcs(archive, kind):
    for n in range(3):
        put(archive, b"x%d" % n)
    good, body = archive.ledger.read_bytes(), LOST[kind](archive.ledger.read_bytes())
    archive.ledger.unlink()
    if body is not None:
        archive.ledger.write_bytes(body)
    found = verify(archive.directory)
    assert found.damage and "the WARC files are whole without the ledger: 3 captures" in found.notes[-1]
    archive.ledger.unlink(missing_ok=True)
    Archive(archive.directory).open()
    assert archive.ledger.read_bytes() == good and verify(archive.directory).damage == []


def test_warcs_that_were_emptied_lengthened_or_taken_away_are_damage_and_no_name_is_used_twice(archive, monkeypatch):
    monkeypatch.setattr("osint.archive.store.WARC_LIMIT_BYTES", 1)
    for n in range(3):
        put(archive, b"x%d" % n)
    first, *_, last = archive.warcs()
    good = first.read_bytes()
    for body in (b"", good + bytes(9)):
        first.write_bytes(body)
        assert [one.where for one in verify(archive.directory).damage] == [first.name]
    first.unlink()
    assert put(archive, b"more").warc == "captures-00004.warc"
    last.unlink()
    archive.ledger.unlink()
    assert [one.where for one in verify(archive.directory).damage] == [first.name, last.name, archive.ledger.name]


def test_rewritten_line_with_a_good_seal_breaks_the_chain(archive):
    for n in range(3):
        put(archive, b"x%d" % n)
    lines = archive.ledger.read_bytes().splitlines()
    forged = json.loads(lines[1])
    forged["class"] = "gone"
    forged.pop("line_sha256")
    prev = forged.pop("prev")
    lines[1] = chain.seal(forged, prev)[1][:-1]
    archive.ledger.write_bytes(b"\n".join(lines) + b"\n")
    assert any("does not follow" in d.what for d in verify(archive.directory).damage)


def test_damage_in_a_warc_starts_a_new_file_and_new_captures_are_kept(archive):
    first = put(archive, b"one")
    warc = archive.warcs()[0]
    warc.write_bytes(warc.read_bytes()[:-10])
    again = Archive(archive.directory).open()
    assert "shorter than the ledger says" in again.repairs[0]
    second = put(again, b"two")
    assert second.warc != first.warc and again.body(second) == b"two"
    assert again.body(first) == b"one"
    assert len(verify(archive.directory).damage) >= 1


WORKER = """
import os, sys
sys.path.insert(0, os.getcwd())
from osint import chain
from osint.archive import Archive
from tests.captures import put
archive = Archive(sys.argv[1]).open()
for n in range(int(sys.argv[3])):
    body = (sys.argv[2] + str(n)).encode() * 400
    done = put(archive, body, "http://portal.example/" + sys.argv[2])
    print(done.seq, done.sha256, flush=True)
"""


def test_archive_works_without_fcntl_and_without_folders_that_can_be_synced(tmp_path):
    windows = "import os, sys; sys.modules['fcntl'] = None; del os.O_DIRECTORY\nimport osint.sources\n"
    command = [sys.executable, "-W", "ignore", "-c", windows + WORKER, tmp_path / "captures", "w", "2"]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout.count("\n") == 2
    done = verify(tmp_path / "captures")
    assert done.damage == [] and done.captures == 2


def test_two_processes_at_once_lose_nothing(tmp_path):
    place = tmp_path / "captures"
    runs = [
        subprocess.Popen([sys.executable, "-c", WORKER, place, name, "25"], stdout=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    printed = {line for run in runs for line in run.communicate()[0].splitlines()}
    assert [run.returncode for run in runs] == [0, 0]
    held = {f"{e.seq} {e.sha256}" for e in Archive(place).entries()}
    assert printed == held and len(held) == 50
    assert verify(place).damage == [] and verify(place).notes == []


def test_killed_at_random_points_every_printed_capture_is_there(tmp_path):
    place = tmp_path / "captures"
    rng = random.Random(9)
    printed = []
    for _ in range(3):
        run = subprocess.Popen([sys.executable, "-c", WORKER, place, "k", "5000"], stdout=subprocess.PIPE, text=True)
        printed.append(run.stdout.readline())
        time.sleep(rng.random() * 0.1)
        run.kill()
        printed += run.communicate()[0].splitlines(keepends=True)
    printed = [line.split() for line in printed if line.endswith("\n")]
    again = Archive(place).open()
    held = {(str(e.seq), e.sha256): e for e in again.entries()}
    assert len(printed) > 3
    for seq, sha256 in printed:
        assert hashlib.sha256(again.body(held[seq, sha256])).hexdigest() == sha256
    assert [e.seq for e in again.entries()] == list(range(len(held)))
    assert verify(place).damage == [] and verify(place).notes == []


def test_full_disk_is_said_and_nothing_is_half_counted(tmp_path):
    place = tmp_path / "captures"
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60000, {resource.RLIM_INFINITY}))\n"
    run = subprocess.run(
        [sys.executable, "-c", limit + WORKER, place, "d", "99"], capture_output=True, check=False, text=True
    )
    assert run.returncode == 1 and "nothing half-done was counted: free some space" in run.stderr
    again = Archive(place).open()
    assert again.repairs == [] and verify(place).damage == [] and verify(place).notes == []
    assert run.stdout.splitlines() == [f"{e.seq} {e.sha256}" for e in again.entries()]
    assert put(again, b"after").seq == len(run.stdout.splitlines())


def test_interrupted_download_is_moved_aside_but_a_running_one_is_left(archive):
    with archive.spool() as running:
        running.write(b"still coming")
        (archive.incoming / "dead.part").write_bytes(b"half a page")
        again = Archive(archive.directory).open()
        assert again.repairs == ["11 bytes of an interrupted download were moved to aside/download-dead.bin"]
        assert len(list(archive.incoming.glob("*.part"))) == 1
    assert (archive.aside / "download-dead.bin").read_bytes() == b"half a page"


def test_unwritable_place_is_an_error_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OsintError, match="could not be written"):
        Archive(tmp_path / "file" / "captures").open()


def test_export_is_checked_by_sha256sum_and_is_the_same_twice(archive, tmp_path):
    put(archive, b"<p>one</p>")
    put(archive, b"=cmd()", url="http://portal.example/=b")
    for name in ("first", "second"):
        assert export(archive, tmp_path / name) == {"captures": 2, "files": 2}
    run = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "first", capture_output=True, check=False, text=True
    )
    assert run.returncode == 0 and run.stdout.count(": OK") == 2
    for path in (tmp_path / "first").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "second" / path.relative_to(tmp_path / "first")).read_bytes()
    with (tmp_path / "first" / "captures.warc.gz").open("rb") as file:
        assert sum(1 for _ in ArchiveIterator(file, check_digests="raise")) == 6
    with pytest.raises(OsintError, match="not empty"):
        export(archive, tmp_path / "first")


def test_import_of_pdf_page_and_warc_keeps_who_when_where(archive, tmp_path):
    put(archive, b"<p>one</p>")
    export(archive, tmp_path / "out")
    saved = tmp_path / "saved by jane doe"
    saved.mkdir()
    (saved / "notice.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    (saved / "page.mhtml").write_bytes(b"From: <Saved>\nMIME-Version: 1.0\n\n<p>text</p>")
    shutil.copy(tmp_path / "out" / "captures.warc.gz", saved / "a.warc.gz")
    done = import_saved(
        archive, saved, by="desk", obtained="2026-11-20", origin="https://x.example/?token=zz-secret-zz"
    )
    done = done.entries
    assert [e.media_type for e in done] == ["text/html", "application/pdf", "multipart/related"]
    assert {e.role for e in done} == {"imported"} and {e.by for e in done} == {"desk"}
    assert done[0].url == "http://portal.example/a" and done[1].url.startswith("urn:sha256:")
    assert [archive.body(e) for e in done[:2]] == [b"<p>one</p>", b"%PDF-1.4\n%%EOF\n"]
    assert b"jane" not in archive.ledger.read_bytes() and b"zz-secret-zz" not in archive.ledger.read_bytes()
    assert verify(archive.directory).damage == []


@pytest.mark.parametrize("when", ["yesterday", "24.11.2026", "", "2024-99-99", "2024-06-31", "2024-06-30T25:00"])
def test_import_without_a_day_of_the_calendar_is_refused(archive, tmp_path, when):
    with pytest.raises(BadInputError, match="--when"):
        import_saved(archive, tmp_path, by="desk", obtained=when, origin="x")


def test_import_of_a_hostile_warc_is_an_error_and_keeps_what_came_before(archive, tmp_path):
    put(archive, b"<p>one</p>")
    raw = archive.warcs()[0].read_bytes()
    (tmp_path / "bad.warc").write_bytes(raw + b"WARC/1.1\r\nContent-Length: -5\r\n\r\nrubbish")
    done = import_saved(archive, tmp_path / "bad.warc", by="d", obtained="2026", origin="x")
    assert "cannot be read to the end" in done.faults[0]
    assert [(e.role, archive.body(e)) for e in archive.entries()] == [
        ("fetched", b"<p>one</p>"),
        ("imported", b"<p>one</p>"),
    ]
    assert verify(archive.directory).damage == []


def test_entry_is_read_from_its_line_as_it_was_written(archive):
    done = put(archive, b"one")
    row = json.loads(archive.ledger.read_bytes())
    assert done.to_row() == row and Entry.from_row(row) == done
    assert row["status"] == 200 and row["class"] == "content" and "copy_of" not in row and "captured" not in row
    refused = Entry.unasked("http://portal.example/", "refused", "robots.txt")
    assert "seq" not in refused.to_row() and refused.captured is False


@pytest.mark.parametrize(
    ("key", "value"),
    [("offset", "7"), ("bytes", True), ("class", None), ("redirects", "x"), ("redirects", ["x"]), ("sha256", "../x")],
)
def test_sealed_line_with_a_value_of_another_type_is_damage(archive, key, value):
    row = json.loads(archive.ledger.read_bytes()) if put(archive, b"one") else {}
    row = {name: held for name, held in row.items() if name not in ("prev", "line_sha256")} | {key: value}
    archive.ledger.write_bytes(chain.seal(row, chain.GENESIS)[1])
    assert any(f"the ledger says {key} = {value!r}" in one.what for one in verify(archive.directory).damage)
    assert list(archive.entries()) == [] and Archive(archive.directory).open().repairs


@pytest.mark.parametrize("link", [["x"], {"a": 1}, 5, None])
def test_a_sealed_line_whose_link_is_no_text_is_damage(archive, link):
    row = {name: held for name, held in put(archive, b"one").to_row().items() if name not in ("prev", "line_sha256")}
    row["prev"] = link
    row["line_sha256"] = hashlib.sha256(chain.canonical(row)).hexdigest()
    archive.ledger.write_bytes(chain.canonical(row) + b"\n")
    assert any("does not follow" in one.what for one in verify(archive.directory).damage)
    assert [line.fault != "" for line in chain.read(archive.ledger)] == [True]


@pytest.mark.parametrize("named", ["", ".", "..", "ledger.jsonl", "../captures-00001.warc", "captures-1.warc"])
def test_a_sealed_line_that_names_no_warc_file_is_damage(archive, named):
    row = {name: held for name, held in put(archive, b"one").to_row().items() if name not in ("prev", "line_sha256")}
    archive.ledger.write_bytes(chain.seal({**row, "warc": named}, chain.GENESIS)[1])
    assert any("no WARC file" in one.what for one in verify(archive.directory).damage)


def test_a_line_that_was_edited_is_no_content_and_a_log_without_end_is_not_read(archive):
    put(archive, b"one")
    archive.ledger.write_bytes(archive.ledger.read_bytes().replace(b'"http://portal', b'"http://other'))
    assert [(e.kind, "not as it was sealed" in e.signal) for e in archive.entries()] == [("incomplete", True)]
    with archive.ledger.open("ab") as file:
        file.truncate(chain.LONGEST + (1 << 20))
    for read in (lambda: list(archive.entries()), lambda: chain.tail(archive.ledger)):
        with pytest.raises(UnreadableError, match="which no log has"):
            read()


def test_body_that_is_not_as_recorded_is_not_handed_out(archive):
    done = put(archive, b"one")
    warc = archive.warcs()[0]
    warc.write_bytes(warc.read_bytes().replace(b"one", b"0ne"))
    with pytest.raises(UnreadableError, match="not those recorded"):
        archive.body(done)
    for size in (-5, 1 << 62, 1 << 70):
        with pytest.raises(UnreadableError, match="not those recorded"):
            archive.body(replace(done, bytes=size, length=size))
    warc.unlink()
    with pytest.raises(UnreadableError, match="not those recorded"):
        archive.body(done)


def test_a_clock_that_was_set_back_is_noted_and_is_no_damage(archive):
    for time_ in ("2026-11-24T10:00:00.000000Z", "2026-11-24T09:30:00.000000Z", "1970-01-01T00:00:00.000000Z"):
        archive.record_file(Entry(URL, "content", time=time_), time_.encode(), "text/plain", URL)
    found = verify(archive.directory)
    assert found.damage == [] and [note.split(" is dated ")[0] for note in found.notes] == ["capture 2"]
    assert "set back" in found.notes[0]


def test_import_of_a_warc_says_which_bodies_were_cut(archive, tmp_path):
    body = b"<p>the first half of a notice</p>"
    headers = [("Content-Type", "text/html")]
    url = "http://portal.example/a"
    cut = Exchange(url, "GET", [], b"", "200 OK", headers, truncated="time", body=io.BytesIO(body))
    archive.record(entry(body, url), [cut])
    raw = archive.warcs()[0].read_bytes()
    (tmp_path / "a.warc").write_bytes(raw)
    done = import_saved(archive, tmp_path / "a.warc", by="d", obtained="2026", origin="x")
    assert [(e.kind, e.truncated, archive.body(e)) for e in done.entries] == [("incomplete", "time", body)]
    (tmp_path / "b.warc").write_bytes(raw[: raw.index(b"half")])
    done = import_saved(archive, tmp_path / "b.warc", by="d", obtained="2026", origin="x")
    assert [(e.kind, archive.body(e)) for e in done.entries] == [("incomplete", b"<p>the first ")]


def test_data_directory_is_named_by_argument_then_variable(monkeypatch):
    monkeypatch.setenv("OSINT_DATA", "elsewhere")
    assert captures_directory() == Path("elsewhere/raw/captures")
    assert captures_directory("here") == Path("here/raw/captures")
    monkeypatch.delenv("OSINT_DATA")
    assert captures_directory() == Path("data/raw/captures")


def test_nothing_of_this_machine_is_in_the_archive(archive):
    put(archive, b"one")
    held = archive.ledger.read_bytes() + archive.warcs()[0].read_bytes()
    for personal in (os.uname().nodename, str(Path.home()), str(archive.directory)):
        assert personal.encode() not in held
