"""Every id that is printed can be asked for, in any spelling; help, completion and the last resort."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from osint import verdict
from osint.cli.main import build_parser, main
from osint.errors import OsintError
from osint.model import Dossier, parse_given
from osint.register import chip_families, country_code, find_claims, load_register, match_id, split_names
from osint.shown import table_text, width_of


def said(capsys, *words, status=0):
    assert main(list(words)) == status
    out, err = capsys.readouterr()
    return out if status == 0 else err


@pytest.mark.parametrize(
    "word", ["XJ03", "xj03", "xj3", "XJ 3", "xj-003", "伊吾县先进计算集群二期 1号楼/2号楼", "数算电"]
)
def test_a_site_is_found_by_what_people_call_it(word, capsys):
    rows = json.loads(said(capsys, "sites", word, "--json"))["sites"]
    assert [row["site_id"] for row in rows] == ["XJ03"]


def test_several_sites_are_listed_and_none_is_guessed(capsys):
    listed = json.loads(said(capsys, "sites", "Yiwu", "--json"))["sites"]
    assert len(listed) > 3 and {row["county"] for row in listed} <= {"Yiwu", "Yiwu (Naomaohu)"}
    told = said(capsys, "next", "Yiwu", status=2)
    assert "say which" in told and "XJ01" in told and told.count("\n") == 1
    assert "spelt nearly so: XJ07" in said(capsys, "check", "nyocr", status=2)


def test_lists_by_comma_are_taken_by_check(capsys):
    found = json.loads(said(capsys, "check", "xj7，C007,qh12", "--json"))["findings"]
    assert {row["site_id"] for row in found} == {"XJ07", "XJ01"}
    assert [row["claim_id"] for row in found if row["site_id"] == "XJ01"] == ["C007"]
    assert split_names(["XJ01,xj7", "伊吾、哈密；"]) == ["XJ01", "xj7", "伊吾", "哈密"]


def test_check_of_a_claim_says_what_a_reporter_needs(capsys, register):
    told = said(capsys, "check", "c31")
    claim = register.claims.set_index("claim_id").loc["C031"]
    site = register.site("XJ03")
    for words in (claim["quote"], claim["translation"], claim["claimant"], claim["date"], claim["source_url"]):
        assert words in told
    for words in (site["name_en"], site["name_zh"], "known to 16 km", "about 33,000 m2", "(rule: "):
        assert words in told
    assert "what would change it: " in told
    row = json.loads(said(capsys, "check", "C031", "--json"))["findings"][0]
    assert row["quote"] == claim["quote"] and row["claimed"] == 33000 and row["finding"] in told
    assert {"rule", "probability", "allowed_low", "room_for", "p_place", "rests_on", "would_change"} <= set(row)


def test_check_says_once_who_looked_and_a_sentence_once(capsys):
    told = said(capsys, "check", "XJ01")
    assert told.count("Bloomberg reporter, ground visit, July 2025, as relayed in C200") == 1
    assert "  seen: O008 (Bloomberg reporter" in told and "O008 shows ground broken" in told
    assert told.count("is by the claimant or from the same group of reports") == 1 and "alone): as C006." in told


def test_a_claim_of_another_site_is_told_where_it_belongs(capsys):
    assert "C123 is a claim of QH05" in said(capsys, "next", "XJ01", "--claim", "C123", status=2)
    told = said(capsys, "next", "XJ01", "--claim", "C999", status=2)
    assert "there is no claim 'C999'" in told and "C199" in told


@pytest.mark.parametrize(
    "name", ["C007", "c7", "O002", "G001", "floor_cn", "H100", "昇腾910B", "K027", "XJ03", "伊吾云"]
)
def test_every_id_that_is_printed_can_be_asked_for(name, capsys):
    assert json.loads(said(capsys, "show", name, "--json"))["rows"][0]["row" if name != "G001" else "linked"]


def test_show_has_the_group_and_what_rests_on_a_row(capsys):
    told = said(capsys, "show", "C031")
    assert "finding on C033: untested" in told and "told by the same source" in told
    told = said(capsys, "show", "O001")
    assert "rests on it:" in told and "finding on C151" in told and "C156" in told
    assert "spelt nearly so: C" in said(capsys, "show", "C9999", status=2)


def test_a_capture_is_found_by_the_beginning_of_its_digest(tmp_path, capsys, monkeypatch):
    saved = tmp_path / "saved.html"
    saved.write_text("<p>哈密智算中心</p>", encoding="utf-8")
    where = ["--data", str(tmp_path)]
    about = ["--who", "desk", "--when", "2026-11-24", "--where", "browser", "--url", "https://example.org/a"]
    said(capsys, "archive", "import", str(saved), *about, *where)
    entry = json.loads(said(capsys, "captures", "https://example.org/a", "--json", *where))
    raw = tmp_path / "raw"
    for table in ("sites", "claims", "observations"):
        (raw / f"{table}.csv").write_bytes((load_path() / f"{table}.csv").read_bytes())
    told = said(capsys, "show", entry["sha256"][:10], *where)
    assert "https://example.org/a" in told and entry["sha256"] in told


def load_path():
    from osint.register import data_dir

    return data_dir() / "raw"


def test_claims_by_a_word_of_their_quote(capsys, register):
    assert len(find_claims(register, "XJ03")) == 10
    assert set(find_claims(register, "115,000")["claim_id"]) >= {"C001"}
    assert "no claim is of a site" in said(capsys, "claims", "zzzzqq", status=2)
    assert "C007" in said(capsys, "claims", "80,500")


def test_help_names_every_verb_with_an_example_and_is_status_0(capsys):
    told = said(capsys)
    assert told == said(capsys, "help")
    assert "What is on file?" in told and "osint check C007" in told
    for verb in ("sites", "claims", "show", "check", "estimate", "next", "locate", "search", "doctor", "completion"):
        assert f"\n  {verb} " in told
    assert "it_mw" in said(capsys, "help", "estimate") and "try: " in said(capsys, "help", "check")
    assert "did you mean check?" in said(capsys, "help", "chek", status=2)
    assert "did you mean check?" in said(capsys, "chek", "XJ01", status=2)
    assert "`osint help scenes`" in said(capsys, "scenes", "--wrong", status=2)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_offers_verbs_and_options(shell, capsys):
    script = said(capsys, "completion", shell)
    assert "complete -o filenames -F _osint osint" in script and ("bashcompinit" in script) == (shell == "zsh")
    asked = f'{script}\nCOMP_WORDS=(osint check --j); COMP_CWORD=2; _osint; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", asked.replace("autoload", ": autoload").replace("&& bashcompinit", "")],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.split()[:1] == ["--json"]


def test_a_fault_of_the_program_is_one_sentence(capsys, monkeypatch):
    from osint import case

    def broken(*_args):
        raise ZeroDivisionError("division by\nzero")

    monkeypatch.setattr(case, "open_case", broken)
    told = said(capsys, "check", "XJ01", status=70)
    assert told.count("\n") == 1 and "fault of the program" in told and "ZeroDivisionError: division by zero" in told
    monkeypatch.setenv("OSINT_TRACE", "1")
    with pytest.raises(ZeroDivisionError):
        main(["check", "XJ01"])


def test_a_terminal_without_chinese_gets_escapes_and_a_closed_pipe_is_quiet():
    line = [sys.executable, "-m", "osint", "claims", "伊吾"]
    done = subprocess.run(line, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=True)
    assert b"\\u" in done.stdout and done.stdout.isascii()
    piped = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m osint claims | head -1"], capture_output=True, check=True
    )
    assert piped.stdout and not piped.stderr


def test_tables_fit_the_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "72")
    assert max(map(width_of, said(capsys, "claims", "XJ01").splitlines())) <= 72
    assert table_text(("a", "b"), [("哈密市伊吾县", "x" * 40)], 30).splitlines()[1].endswith("…")


@pytest.mark.parametrize(
    ("typed", "low", "high"),
    [
        ("floor_m2=33000㎡", 33000, 33000),
        ("floor_m2=33000m2", 33000, 33000),
        ("floor_m2=3.3万", 33000, 33000),
        ("floor_m2=3.3万平方米", 33000, 33000),
        ("floor_m2=30000-40000", 30000, 40000),
        ("floor_m2=30000..40000", 30000, 40000),
        ("floor_m2=3万至4万平方米", 30000, 40000),
        ("floor_m2=33,000", 33000, 33000),
        ("Floor-m2=1.5 million", 1.5e6, 1.5e6),
        ("chips=8.05万张", 80500, 80500),
        ("pflops=6万P", 60000, 60000),
        ("cost_cny=4.51亿元", 4.51e8, 4.51e8),
        ("energy_gwh_per_yr=1.26亿千瓦时", 126, 126),
        ("racks=5000个标准机柜", 5000, 5000),
        ("it_mw=120 kW", 0.12, 0.12),
        ("it_mw=１００", 100, 100),
        ("floor_m2=超过3万平方米", 30000, None),
        ("it_mw≤85", None, 85),
    ],
)
def test_numbers_are_read_as_filings_write_them(typed, low, high):
    given = parse_given(typed)
    assert (given.low, given.high) == (low, high)


@pytest.mark.parametrize("typed", ["floor_m2=33.000", "floor_m2=33.000㎡", "floor_m2=30,000..80.500"])
def test_a_point_that_may_part_thousands_is_asked_for(typed):
    with pytest.raises(OsintError, match=r"can be (33|80\.5) or (33|80),[05]00, as its point is read"):
        parse_given(typed)
    assert parse_given("floor_m2=33.125").low == 33.125


def test_chips_and_countries_have_one_table_of_names(register):
    assert {chip: chip_families(chip) for chip in register.chips["chip"]} == {c: (c,) for c in register.chips["chip"]}
    for name in ("昇腾910B", "Ascend910B", "ascend-910b", "910B", "华为 昇腾 910B 加速卡"):
        assert chip_families(name) == ("Ascend 910B",)
    for name in ("Nvidia H100", "英伟达H100", "NVIDIA H100 80GB SXM5", "h100 GPU"):
        assert chip_families(name) == ("H100",)
    assert not chip_families("H100-eq") and not chip_families("H1000")
    assert [country_code(name) for name in ("cn", "china", "中国", "US", "uk")] == ["CN", "CN", "CN", "US", "GB"]
    with pytest.raises(OsintError, match="'XX' is no country"):
        country_code("XX")


def test_what_was_not_said_is_a_line_of_the_answer(capsys):
    told = said(capsys, "estimate", "chips", "--given", "it_mw=85")
    assert "assumed: no country was named" in told and "assumed: no chip was named" in told
    assert "if all are H100" in said(capsys, "estimate", "chips", "--given", "pflops=6万P")
    of_site = json.loads(said(capsys, "estimate", "chips", "--given", "it_mw=85", "--site", "伊吾云", "--json"))
    china = json.loads(said(capsys, "estimate", "chips", "--given", "it_mw=85", "--country", "china", "--json"))
    assert of_site["chips"] == china["chips"] and not any("country" in line for line in china["assumed"])
    told = said(capsys, "estimate", "it_mw", "--given", "facility_mw=190", "--given", "it_mw=60")
    assert told.startswith("CONTRADICTION") and "together" not in told
    told = said(capsys, "estimate", "it_mw", "--given", "floor_m2=33000", "--country", "CN")
    assert told.splitlines()[0].startswith("it_mw: 60 (") and told.splitlines()[1].endswith("= 60 MW IT, nameplate")
    assert "Almost all of the uncertainty is how many MW IT there are per m2 gross floor" in told
    assert "weight" not in told


def test_every_verb_of_the_help_is_one_and_has_an_example():
    from osint.cli import _help

    verbs = _help.verbs_of(build_parser())
    shown = {verb: example for _, group in _help.GROUPS for verb, example in group}
    assert all(example for example in shown.values()) and set(shown) == set(verbs)
    assert "--name" in shown["new"] and shown["packet"].split()[-1] == shown["lint"].split()[-1]
    assert match_id("c7", ["C070", "C007"]) == "C007" and len(verbs) > 20
    assert not load_register().claims.empty


def test_a_number_is_set_against_what_is_on_file_for_the_site(capsys, register):
    """115,000 and 80,500 against the 33,000 m2 of Yiwu: what they need, and where they lie in the room."""
    from osint import model

    found = {n: json.loads(said(capsys, "fits", "伊吾县先进计算集群二期 1号楼/2号楼", f"chips={n}", "--chip", "Nvidia H100", "--json"))
             for n in (80_500, 115_000)}  # fmt: skip
    rows = {n: one["fits"][0] for n, one in found.items()}
    assert {row["quantity"] for row in rows.values()} == {"floor_m2"} and rows[80_500]["ids"] == ["C031"]
    assert rows[115_000]["times_best"] > rows[80_500]["times_best"] > 1
    assert rows[115_000]["needs"]["best"] > rows[80_500]["needs"]["best"] > 33_000
    fit = model.fits("XJ03", parse_given("chips=80500"), register, chip="H100").fits[0]
    room = model.estimate("chips", [fit.on_file], chip="H100", country="CN", elevation_m=1730, register=register)
    assert fit.room == pytest.approx((room.low, room.best, room.high))
    assert fit.times_best == pytest.approx(80_500 / room.best)
    assert "80,500 lies in the upper half of that 90% range, at 3 times its best estimate" in said(
        capsys, "fits", "XJ03", "chips=80500", "--chip", "H100"
    )
    assert "bound or a range" in said(capsys, "fits", "XJ03", "chips>=80500", status=2)


def test_every_line_that_next_prints_can_be_typed(register):
    """A verb that is there, with options that it has; and no look at a place that the verb would refuse."""
    parser, dossier = build_parser(), Dossier.of(register)
    sites = dossier.sites
    lines = {(site, step.run) for site in sites for step in verdict.steps_in_order(site, dossier) if step.run}
    assert {line.split()[1] for _, line in lines} >= {"search", "locate", "look", "tiles"}
    for site_id, line in lines:
        words = shlex.split(line)[1:]
        parser.parse_args(words)
        assert words[0] != "look" or sites[site_id].is_near_enough, line
        assert not {"--from", "--to"} & set(words)
