"""A review and a search are sealed: a line that was changed by hand is named and does not count, and no text is code."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from osint import archive, chain, change, filings
from osint.cli.main import main
from osint.errors import BadInputError, OsintError, UnreadableError
from osint.filings import review
from osint.imagery import Pair, Swipe
from tests.test_review import ABOUT, DAY, keys, page, register, table  # noqa: F401 - fixtures

HOSTILE = "<script>alert(1)</script><img src=x onerror=y>\u202e"


def lines_of(log):
    return log.read_text(encoding="utf-8").splitlines()


def edited(log, number, **values):
    """Change values of a line by hand, as an editor of text would, without its seal."""
    lines = lines_of(log)
    lines[number] = json.dumps(
        {**json.loads(lines[number]), **values}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")


def resealed(log, number, **values):
    """Change values of a line and seal it and all that follow anew, as one who knows the format would."""
    rows = [json.loads(line) for line in lines_of(log)]
    rows[number] |= values
    log.unlink()
    chain.append(log, [{k: v for k, v in row.items() if k not in chain.SEALS} for row in rows])


@pytest.fixture
def log(tmp_path, table):  # noqa: F811
    path = tmp_path / "reviews.jsonl"
    for kind in ("compute", "money_cny"):
        review.accept_claim(table, keys(table)[kind], "Li", DAY, translation="in English", log=path)
    return path


def test_a_line_that_was_changed_by_hand_is_named_and_its_row_not_written(tmp_path, log, table, register):  # noqa: F811
    edited(log, 0, si_low=5e21, si_high=5e21)
    with pytest.warns(
        UserWarning,
        match=r"line 1 of reviews.jsonl \(claim .*, by Li\) does not count: the line is not as it was sealed",
    ):
        taken = review.start_review(table, log)
    assert (
        taken.set_index("kind")["decision"].to_dict() | {"compute": "", "money_cny": "accepted"}
        == taken.set_index("kind")["decision"].to_dict()
    )
    assert filings.write_reviewed(taken, register, log, ABOUT) == 1
    assert "5e+21" not in register.read_text()
    again = review.accept_claim(table, keys(table)["compute"], "Wang", DAY, translation="in English", log=log)
    assert filings.review_faults(log) == [] and (again["decision"] == "accepted").sum() == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"decision": HOSTILE}, "decision is"),
        ({"kind": HOSTILE}, "kind is"),
        ({"aim": HOSTILE}, "aim is"),
        ({"modality": HOSTILE}, "modality is"),
        ({"when": HOSTILE}, "when is"),
        ({"si_unit": HOSTILE}, "si_unit is"),
        ({"date": HOSTILE}, "date is"),
        ({"who": " "}, "who is"),
        ({"si_low": "abc"}, "si_low is no number"),
        ({"si_low": True}, "si_low is no number"),
        ({"si_low": {}}, "si_low is no number"),
        ({"start": "0"}, "start is no offset"),
        ({"unit": 5}, "unit is no text"),
    ],
)  # fmt: skip
def test_a_line_that_no_decision_can_be_does_not_count_even_sealed(log, table, values, said):  # noqa: F811
    resealed(log, 0, **values)
    assert said in filings.review_faults(log)[0]
    with pytest.warns(UserWarning, match="does not count"):
        assert "accepted" not in review.start_review(table, log).set_index("kind").loc["compute", "decision"]


def test_infinity_in_a_log_is_no_number(log):
    text = log.read_text(encoding="utf-8")
    held = json.loads(lines_of(log)[0])["si_low"]
    log.write_text(text.replace(f'"si_low":{held}', '"si_low":1e400', 1), encoding="utf-8")
    assert filings.review_faults(log)


def test_accepted_bears_no_value_but_the_one_that_was_read(log, table, register):  # noqa: F811
    resealed(log, 0, si_low=5e21, si_high=5e21)
    assert filings.review_faults(log) == []
    with pytest.warns(UserWarning, match="not the one read"):
        taken = review.start_review(table, log)
    assert taken.set_index("kind").loc["compute", "decision"] == ""
    forged = review.accept_claim(table, keys(table)["compute"], "Li", DAY, translation="in English")
    forged.loc[forged["kind"] == "compute", ["si_low", "si_high"]] = 5e21
    with pytest.raises(BadInputError, match="not the one read"):
        filings.write_reviewed(forged, register, log, ABOUT)


def test_a_line_that_was_taken_out_is_named(log, table):  # noqa: F811
    review.reject_claim(table, keys(table)["money_cny"], "Li", DAY, "a plan", log=log)
    lines = lines_of(log)
    log.write_text("\n".join([lines[0], lines[2]]) + "\n", encoding="utf-8")
    assert "a line was taken out or changed" in filings.review_faults(log)[0]


def test_a_torn_line_loses_only_itself_and_the_next_is_chained_to_it(log, table):  # noqa: F811
    with log.open("ab") as file:
        file.write(b'{"torn":')
    review.reject_claim(table, keys(table)["money_cny"], "Li", DAY, "a plan", log=log)
    assert filings.review_faults(log) == [] and list(filings.read_review_log(log)["decision"]) == [
        "accepted",
        "accepted",
        "rejected",
    ]


def test_verify_compares_the_register_with_the_log(tmp_path, table, register, capsys, monkeypatch):  # noqa: F811
    case = tmp_path / "case"
    (case / "raw").mkdir(parents=True)
    archive.Archive(archive.captures_directory(case)).open()
    claims, log = case / "raw" / "claims.csv", case / "raw" / "reviews.jsonl"
    claims.write_bytes(register.read_bytes())
    done = review.accept_claim(table, keys(table)["compute"], "Li", DAY, translation="in English", log=log)
    filings.write_reviewed(done, claims, log, ABOUT)
    monkeypatch.setenv("OSINT_DATA", str(case))
    assert main(["archive", "verify"]) == 0
    assert "reviews.jsonl: every digest and the chain hold" in capsys.readouterr().out
    good = log.read_bytes()
    for lost in (None, b"", bytes(len(good)), good.splitlines(keepends=True)[0], bytes(9) + b"\n"):
        log.unlink(missing_ok=True)
        if lost is not None:
            log.write_bytes(lost)
        assert main(["archive", "verify"]) == 1, lost
        assert "was let in by a review that no log in raw/ holds" in capsys.readouterr().out
    log.write_bytes(good[:-9])
    assert main(["archive", "verify"]) == 1
    assert "note: reviews.jsonl ends in a torn line" in capsys.readouterr().out
    log.write_bytes(good)
    whole = claims.read_bytes()
    for broken in (bytes(99), b"a,b\n1,2\n", b"\xff\n"):
        claims.write_bytes(broken)
        assert main(["archive", "verify"]) == 1 and "damaged: reviews.jsonl: claims.csv" in capsys.readouterr().out
        with pytest.raises(OsintError, match=r"claims.csv"):
            filings.write_reviewed(done, claims, log, ABOUT)
    claims.write_bytes(whole)
    row = lines_of(claims)[-1]
    claims.write_text(
        claims.read_text(encoding="utf-8").replace(row, row.replace("12000", "5000000")), encoding="utf-8"
    )
    assert main(["archive", "verify"]) == 1
    assert "reviews.jsonl let in" in capsys.readouterr().out
    edited(log, 0, reason="none")
    assert main(["archive", "verify", str(log)]) == 1
    assert "does not count" in capsys.readouterr().out


def test_verify_tells_the_logs_of_a_case_apart(tmp_path, capsys):
    archive.Archive(archive.captures_directory(tmp_path)).open()
    (tmp_path / "derived/packet").mkdir(parents=True)
    (tmp_path / "derived/packet/packet.json").write_text("{}")
    for place in ("derived/a.journal.jsonl", "derived/packet/review.jsonl", "raw/review.jsonl"):
        chain.append(tmp_path / place, [{"part": "a", "rows": []}] if place < "r" else [])
    (tmp_path / "raw/review.jsonl").unlink()
    verb = ["archive", "verify", "--data", str(tmp_path)]
    assert main(verb) == 0
    for place in ("derived/a.journal.jsonl", "derived/packet/review.jsonl"):
        held = (tmp_path / place).read_bytes()
        for lost in (b"", bytes(len(held)), bytes(9) + b"\n", held.replace(b"rows", b"rowz")):
            (tmp_path / place).write_bytes(lost)
            assert main(verb) == 1, (place, lost)
        (tmp_path / place).write_bytes(held)


def test_a_head_that_was_written_down_shows_lines_that_are_gone_with_all_they_speak_of(tmp_path, capsys, monkeypatch):
    """Nothing else can: an older copy of the whole archive is a whole archive."""
    monkeypatch.setenv("OSINT_DATA", str(tmp_path / "case"))
    held, heads = tmp_path / "case" / "raw" / "captures", []
    for name in "ab":
        (tmp_path / f"{name}.html").write_text(f"<p>page {name}")
        about = ["--who", "d", "--when", "2026-11-24", "--where", f"https://x.example/{name}"]
        assert main(["archive", "import", str(tmp_path / f"{name}.html"), *about]) == 0
        heads.append(re.search(r"head ([0-9a-f]{64})", capsys.readouterr().err)[1])
        shutil.copytree(held, tmp_path / f"after-{name}")
    assert main(["archive", "verify", "--expect", heads[0][:16], "--expect", heads[1].upper()]) == 0
    said = capsys.readouterr().out
    assert "is line 1 of 2 in captures/ledger.jsonl" in said and "is line 2 of 2" in said
    shutil.rmtree(held)
    shutil.copytree(tmp_path / "after-a", held)
    assert main(["archive", "verify"]) == 0
    assert main(["archive", "verify", "--expect", heads[0]]) == 0
    assert main(["archive", "verify", "--expect", heads[1]]) == 1
    assert "no line has it" in capsys.readouterr().out
    assert main(["archive", "verify", "--expect", "head"]) == 2
    assert "16 to 64" in capsys.readouterr().err


def test_a_log_of_other_lines_is_not_read_to_its_end(tmp_path):
    """60 MB of them took half a minute in each verb that reads the ledger."""
    (tmp_path / "ledger.jsonl").write_bytes(b"a,b,c\n" * (chain.MOST_ODD + 2))
    with pytest.raises(UnreadableError, match="of no log"):
        list(chain.lines(tmp_path / "ledger.jsonl"))


def test_the_journal_of_a_search_is_sealed(tmp_path):
    journal = tmp_path / "a.tiles.jsonl"
    tile = {"tile": "45T_1_1", "area_km2": 1.0, "state": "searched", "candidates": []}
    chain.append(journal, [{"target": {}}, tile, {**tile, "tile": "45T_1_2"}])
    assert change.journal_faults(journal) == []
    edited(journal, 1, state="failed")
    assert "line 2: the line is not as it was sealed" in change.journal_faults(journal)[0]
    journal.unlink()
    chain.append(
        journal, [{"target": {}}, {**tile, "candidates": [{"outline_id": "../../x"}]}, {**tile, "state": "found"}]
    )
    assert [fault.partition(": ")[2] for fault in change.journal_faults(journal)] == ["it is no result of a tile"] * 2


def test_all_that_a_notebook_shows_is_escaped(page, table):  # noqa: F811
    hostile = table.copy()
    for name in hostile.columns:
        if hostile[name].dtype == object and name not in ("file", "start", "end"):
            hostile[name] = HOSTILE
    hostile["decision"] = HOSTILE
    shown = filings.review_sheet(hostile, {"county.html": page})
    shown += review_state(hostile)
    picture = np.zeros((2, 2, 3), np.float32)
    days = (pd.Timestamp(DAY), pd.Timestamp(DAY))
    pair = Pair((picture, picture), days, (HOSTILE, HOSTILE), (0, 1), (0, 1, 0, 1), "EPSG:32645", HOSTILE, False)
    shown += Swipe.of(pair)._repr_html_()
    assert (
        "<script" not in shown
        and "onerror=y>" not in shown.replace("&gt;", "")
        and "\u202e" not in shown.split("<figure")[0]
    )
    assert "&lt;script&gt;" in shown


def review_state(hostile):
    from osint.filings import review_form

    return review_form._state(hostile.to_dict("records")[0])
