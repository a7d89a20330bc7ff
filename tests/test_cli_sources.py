import csv
import hashlib
import json
import os
import resource
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from osint import portals
from osint.cli.main import main
from tests.portal_server import answer, serve
from tests.portal_server.faults import NOTICE, aliyun_challenge


@pytest.fixture(scope="module")
def portal():
    with serve() as running:
        yield running


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("OSINT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("OSINT_ALLOW_LOOPBACK", "1")
    return tmp_path / "data"


def test_capture_prints_one_line_each_and_status_1_for_a_block(portal, capsys):
    assert main(["capture", portal.url + "/good", portal.url + "/aliyun", "--expect", NOTICE]) == 1
    out, err = capsys.readouterr()
    lines = [line.split("\t") for line in out.splitlines()]
    assert [line[0] for line in lines] == ["content", "challenge"]
    body = aliyun_challenge().encode()
    assert lines[1][1:3] == [f"{len(body)} bytes", hashlib.sha256(body).hexdigest()]
    assert lines[0][3].startswith("captures-00001.warc:0+") and lines[0][5].startswith("captured: ")
    assert "open " + portal.url + "/aliyun by hand" in err
    assert main(["capture", portal.url + "/good"]) == 0


def test_capture_json_is_the_line_of_the_ledger(portal, capsys, data):
    main(["capture", portal.url + "/good", "--json", "--vantage", "EU"])
    printed = json.loads(capsys.readouterr().out)
    held = json.loads((data / "raw/captures/ledger.jsonl").read_text())
    assert printed.pop("captured") is None and printed == held and held["vantage"] == "EU"


def test_dry_run_writes_and_asks_nothing(portal, capsys, data):
    before = len(portal.hits)
    assert main(["capture", "http://www.hami.gov.cn/a", "--dry-run"]) == 0
    assert main(["search", "智算中心 哈密", "--from", "2024-06", "--to", "2025-06", "--dry-run"]) == 0
    assert "web.archive.org/cdx/search/cdx?url=http" in capsys.readouterr().out
    assert len(portal.hits) == before and not data.exists()


@pytest.mark.parametrize(
    ("verb", "status", "said"),
    [
        (["extract", "https://example.org/a"], 2, "not among the captures"),
        (["captures", "https://example.org/a"], 1, "no capture of"),
        (["notice", "https://example.org/a"], 1, "https://example.org/a"),
        (["archive", "verify"], 2, "there is no archive in"),
        (["archive", "export", "out"], 2, "there is no archive in"),
    ],
)
def test_a_verb_that_reads_makes_no_archive(verb, status, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OSINT_DATA")
    assert main(verb) == status
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_verify_names_the_damaged_capture_and_exits_1(portal, capsys, data):
    main(["capture", portal.url + "/good"])
    assert main(["archive", "verify"]) == 0
    path = data / "raw/captures/captures-00001.warc"
    held = bytearray(path.read_bytes())
    held[700] ^= 16
    path.write_bytes(held)
    assert main(["archive", "verify"]) == 1
    assert "damaged: captures-00001.warc capture 0 (" in capsys.readouterr().out
    assert main(["archive", "verify", "--json"]) == 1


def test_export_import_and_captures(portal, capsys, data, tmp_path):
    url = portal.url + "/good"
    main(["capture", url, url])
    assert main(["archive", "export", str(tmp_path / "out")]) == 0
    saved = next((tmp_path / "out/files").iterdir())
    who = ["--who", "desk", "--when", "2026-11-24", "--where", "browser", "--url", url]
    assert main(["archive", "import", str(saved), *who]) == 0
    capsys.readouterr()
    assert main(["captures", url]) == 0
    out = capsys.readouterr().out
    assert out.count("the same bytes") == 2 and out.count("imported") == 1
    assert main(["captures", "http://never.example/"]) == 1


def test_search_prints_rows_and_what_each_source_said(portal, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("OSINT_BASE_GGZY", portal.url)
    days = ["--from", "2024-06", "--to", "2025-06", "--source", "ggzy", "--pages", "1"]
    assert main(["search", "智算中心 哈密", *days, "--csv", str(tmp_path / "rows.csv")]) == 0
    out = capsys.readouterr().out
    assert NOTICE in out and "ggzy: content (JSON); 2 rows of 2 stated" in out
    assert (tmp_path / "rows.csv").read_text().startswith("title,date,place,kind,url,source,how_found,project_code\n")
    assert main(["search", "智算中心", *days, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sources"][0]["answer"] == "content"


@pytest.mark.parametrize(
    ("path", "option", "kind"),
    [
        ("/forbidden-by-robots", ["--no-robots"], "content"),
        ("/forbidden-by-robots", [], "refused"),
        ("/endless", ["--max-mb", "1"], "incomplete"),
        ("/silent", ["--max-seconds", "0.5"], "timeout"),
        ("/good", ["--live"], "content"),
    ],
)
def test_options_of_capture(portal, capsys, path, option, kind):
    main(["capture", portal.url + path, *option])
    assert capsys.readouterr().out.startswith(f"{kind}\t")


def test_refresh_asks_again_and_legacy_tls_is_for_its_host_alone(portal, monkeypatch):
    monkeypatch.setenv("OSINT_BASE_SZSE", portal.url)
    monkeypatch.setenv("OSINT_BASE_SSE", portal.url.replace("127.0.0.1", "localhost"))
    asked = []
    fetch = portals.session.fetch
    monkeypatch.setattr(portals.session, "fetch", lambda request, *more: asked.append(request) or fetch(request, *more))
    search = ["search", "智算中心", "--start", "2024-10", "--end", "2024-10", "--source", "szse", "--source", "sse"]
    assert main([*search, "--legacy-tls", "localhost"]) == main(search) == 0
    assert {(urlsplit(one.url).hostname, one.legacy_tls) for one in asked} == {
        ("127.0.0.1", False),
        ("localhost", True),
    }
    before = len(asked)
    assert main([*search, "--refresh"]) == 0
    assert len(asked) == 2 * before


def test_csv_of_a_search_runs_no_formula_and_holds_no_impossible_day(portal, monkeypatch, tmp_path):
    monkeypatch.setenv("OSINT_BASE_SZSE", portal.url)
    rows = [{"title": "=1+1 智算中心", "publishTime": "2024-13-45", "attachPath": "/a.PDF"}]
    raw = json.dumps({"announceCount": 1, "data": rows}).encode()
    monkeypatch.setitem(portal.pages, "/api/disc/announcement/annList", answer(raw, "application/json"))
    path = tmp_path / "rows.csv"
    assert main(["search", "智算中心", "--start", "2024", "--end", "2024", "--source", "szse", "--csv", str(path)]) == 0
    with path.open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["title"], row["date"]) == ("'=1+1 智算中心", "")


@pytest.mark.parametrize("day", ["2024-W26-1", "2024-06-31", "../2024"])
def test_search_for_an_impossible_day_is_an_error(capsys, day):
    assert main(["search", "a", "--from", day, "--to", "2025", "--dry-run"]) == 2
    assert day in capsys.readouterr().err


def test_wrong_source_is_an_error_with_the_options(capsys):
    assert main(["search", "a", "--from", "2024", "--to", "2025", "--source", "nowhere"]) == 2
    assert "options are ccgp, chinamobile, cninfo" in capsys.readouterr().err


def test_notice_prints_the_fields_of_the_last_content(portal, capsys):
    url = portal.url + "/good"
    assert main(["notice", url]) == 1
    main(["capture", url])
    capsys.readouterr()
    assert main(["notice", url]) == 0
    assert f"title\t{NOTICE}" in capsys.readouterr().out


def test_full_disk_in_the_middle_of_a_download_is_one_sentence_and_status_2(portal, data):
    def only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))

    command = [sys.executable, "-m", "osint.cli", "capture", portal.url + "/good", portal.url + "/bomb"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=only, env=os.environ)
    assert run.returncode == 2 and run.stdout.startswith("content\t")
    assert run.stderr.count("\n") == 1 and "free some space" in run.stderr
    assert main(["archive", "verify"]) == 0
    kept = [path.stat().st_size for path in (data / "raw/captures/incoming").iterdir()]
    assert kept == [100_000], "what had come is kept"
