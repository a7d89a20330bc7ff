import json
import threading
from pathlib import Path

import pandas as pd
import pytest

from osint import filings
from osint.errors import OsintError
from osint.filings import review, review_form
from osint.register import READ_KINDS, Scope, read_table
from tests import filing_documents as made

DAY = "2026-11-24"
ABOUT = {
    "site_id": "S1", "claimant": "county", "source_publisher": "county page", "source_tier": "local_government", "translation": "invested",
    "independence_group": "G1", "group_reason": "one page", "date": "2025-06-28",
}  # fmt: skip
PAGE = "<p>1号楼已经封顶，可承载算力1.2万P。今年该企业投资6.8亿元，预计年底前上架服务器1500台。110kV变电站。</p>"


@pytest.fixture(scope="module")
def page():
    return filings.parse(PAGE.encode(), "county.html")


@pytest.fixture
def table(page):
    return review.start_review(filings.claims_of(page))


@pytest.fixture
def register(tmp_path):
    source = Path(__file__).resolve().parent.parent / "data" / "raw" / "claims.csv"
    target = tmp_path / "claims.csv"
    target.write_bytes(source.read_bytes())
    return target


def keys(table):
    return dict(zip(table["kind"], table["key"], strict=False))


def test_a_stage_that_a_person_gives_says_how_the_text_asserts_it(table):
    """Without the modality the row would assert nothing, and no look at the ground would ever test it."""
    bare = table.assign(modality="")
    key = keys(bare)["compute"]
    said = ("A. Reader", DAY, "topped out")
    with pytest.raises(OsintError, match="give modality too"):
        review.change_claim(bare, key, *said, translation="in English", rung="roofed")
    done = review.change_claim(bare, key, *said, translation="in English", rung="roofed", modality="has")
    row = done.set_index("key").loc[key]
    assert (row["rung"], row["modality"]) == ("roofed", "has")


def test_only_reviewed_rows_enter_the_register_with_who_and_when(tmp_path, table, register):
    log, before = tmp_path / "reviews.jsonl", register.read_bytes()
    assert review.write_reviewed(table, register, log, ABOUT) == 0 and register.read_bytes() == before
    key = keys(table)
    table = review.accept_claim(table, key["compute"], "A. Reader", DAY, translation="in English", log=log)
    table = review.change_claim(
        table,
        key["money_cny"],
        "A. Reader",
        DAY,
        "another sum",
        translation="invested",
        si_low=6.9e8,
        si_high=6.9e8,
        log=log,
    )
    table = review.reject_claim(table, key["servers"], "A. Reader", DAY, "counted twice", log=log)
    for number in (2, 0):
        assert review.write_reviewed(table, register, log, ABOUT) == number
    added = register.read_bytes()[len(before) :].decode().splitlines()
    assert register.read_bytes().startswith(before) and len(added) == 2
    assert f"accepted by A. Reader on {DAY}" in added[0] and "690000000" in added[1]
    assert filings.read_review_log(log)["decision"].tolist() == ["accepted", "changed", "rejected"]


def test_decisions_without_a_log_are_logged_when_they_are_written(tmp_path, table, register):
    table = review.accept_claim(table, keys(table)["compute"], "A", DAY, translation="in English")
    assert review.write_reviewed(table, register, tmp_path / "log", ABOUT) == 1
    assert filings.read_review_log(tmp_path / "log")["who"].tolist() == ["A"]


def test_each_decision_is_on_the_disk_before_the_call_returns_and_a_torn_line_loses_only_itself(tmp_path, table, page):
    log, key = tmp_path / "reviews.jsonl", keys(table)
    review.accept_claim(table, key["compute"], "A", DAY, translation="in English", log=log)
    review.reject_claim(table, key["servers"], "A", DAY, "no", log=log)
    whole = log.read_bytes()
    log.write_bytes(whole[: len(whole) - 40])  # the power failed in the second press
    again = review.start_review(filings.claims_of(page), log)
    assert again["decision"].tolist() == ["accepted", "", "", ""]
    again = review.reject_claim(again, key["servers"], "B", DAY, "no", log=log)
    assert review.start_review(filings.claims_of(page), log)["who"].tolist() == ["A", "", "B", ""]
    assert len(filings.read_review_log(log)) == 2


def test_the_last_decision_counts_and_the_log_keeps_all(tmp_path, table, page):
    log, key = tmp_path / "log", keys(table)["compute"]
    review.accept_claim(table, key, "A", DAY, translation="in English", log=log)
    review.change_claim(
        table, key, "B", DAY, "the 万 belongs to another number", translation="in English", low=1.2, unit="P", log=log
    )
    row = review.start_review(filings.claims_of(page), log).set_index("key").loc[key]
    assert (row["decision"], row["who"], row["si_low"]) == ("changed", "B", 1.2)
    assert len(filings.read_review_log(log)) == 2


def test_a_claim_whose_reading_changed_is_open_again(tmp_path, table, page):
    log = tmp_path / "log"
    review.accept_claim(table, keys(table)["compute"], "A", DAY, translation="in English", log=log)
    claims = filings.claims_of(page)
    claims.loc[0, "si_low"] = 1.2
    assert set(review.start_review(claims, log)["decision"]) == {""}


def test_what_was_written_is_not_decided_again_in_silence(tmp_path, table, register):
    log, key = tmp_path / "log", keys(table)["compute"]
    table = review.accept_claim(table, key, "A", DAY, translation="in English", log=log)
    review.write_reviewed(table, register, log, ABOUT)
    after = register.read_bytes()
    table = review.reject_claim(table, key, "B", DAY, "wrong building", log=log)
    with pytest.raises(OsintError, match="rejected since by B"):
        review.write_reviewed(table, register, log, ABOUT)
    assert register.read_bytes() == after


def test_a_row_that_breaks_the_schema_leaves_register_and_log_alone(tmp_path, table, register):
    before = register.read_bytes()
    table = review.accept_claim(table, keys(table)["compute"], "A", DAY, translation="can carry 12,000 P")
    with pytest.raises(OsintError, match="source_tier"):
        review.write_reviewed(table, register, tmp_path / "log", {**ABOUT, "source_tier": "rumour"})
    assert register.read_bytes() == before and not (tmp_path / "log").exists()
    assert review.write_reviewed(table, register, tmp_path / "log", {**ABOUT, "translation": ""}) == 1


def test_a_missing_translation_is_asked_for_at_accept(tmp_path, table):
    key, log = keys(table)["compute"], tmp_path / "log"
    for decide in (
        lambda: review.accept_claim(table, key, "A", DAY, log=log),
        lambda: review.change_claim(table, key, "A", DAY, "as the crop shows", low=6, unit="万P", log=log),
    ):
        with pytest.raises(OsintError, match="translation first"):
            decide()
    assert not log.exists()
    done = review.accept_claim(table, key, "A", DAY, translation="can carry", log=log)
    again = review.change_claim(done, key, "A", DAY, "as the crop shows", date="2026-05", log=log)
    assert again.loc[again["key"] == key, "translation"].item() == "can carry"
    assert review.reject_claim(table, key, "A", DAY, "counted twice")["decision"].tolist().count("rejected") == 1


def test_every_field_that_is_put_right_stands_in_the_register(tmp_path, table, register):
    key, log = keys(table)["compute"], tmp_path / "log"
    table = review.change_claim(
        table, key, "A", DAY, "as the crop shows", translation="can carry", log=log, chip_model="H20", date="2026-05",
        modality="withdrawn", aim="", rung="", precision="FP16 sparse", qualifier="at least",
        filed={"site_id": "XJ03", "part": "hall 1", "evidence_use": "yes"},
    )  # fmt: skip
    assert review.write_reviewed(table, register, log, ABOUT) == 1
    row = pd.read_csv(register, dtype=str, keep_default_na=False).iloc[-1]
    assert (row["chip_model"], row["value_date"], row["modality"], row["rung"]) == ("H20", "2026-05", "withdrawn", "")
    assert (row["precision"], row["bound"]) == ("sparse", "at least")
    assert (row["site_id"], row["part"], row["evidence_use"]) == ("XJ03", "hall 1", "yes")
    assert filings.compare_with_register(log, register) == []


@pytest.mark.parametrize(
    "new", [{"date": "May"}, {"modality": "perhaps"}, {"qualifier": "some"}, {"aim": "built"}, {"kind": "gpus"}]
)
def test_a_field_takes_only_what_the_register_knows(tmp_path, table, new):
    with pytest.raises(OsintError, match=r"give one of|no date"):
        review.change_claim(table, keys(table)["compute"], "A", DAY, "x", translation="t", log=tmp_path / "log", **new)
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("new", "si"),
    [
        ({"low": 6, "high": 6, "unit": "万P"}, 60000), ({"low": 6.0, "high": 6.0}, 60000), ({"low": 3, "high": 3, "unit": "EFLOPS"}, 3000),
        ({"low": 20, "high": 20, "unit": "MW", "kind": "power"}, 20), ({"low": 2, "high": 2, "unit": "$bn", "kind": "money_usd"}, 2e9), ({"si_low": 7.0, "si_high": 7.0, "kind": "racks"}, 7),
    ],
)  # fmt: skip
def test_a_changed_value_in_its_unit_becomes_si(table, new, si):
    row = review.change_claim(
        table, keys(table)["compute"], "A", DAY, "as the crop shows", translation="in English", **new
    ).iloc[0]
    assert row["si_low"] == row["si_high"] == si and row["si_unit"] == READ_KINDS[row["kind"]].si_unit


def test_a_changed_rung_is_what_the_register_takes(tmp_path, table, register):
    table = review.change_claim(
        table, keys(table)["compute"], "A", DAY, "only ground broken", translation="in English", rung="ground broken"
    )
    review.write_reviewed(table, register, tmp_path / "log", ABOUT)
    assert pd.read_csv(register, dtype=str).iloc[-1]["rung"] == "ground broken"


def test_decisions_that_cannot_be_are_refused(table):
    key = keys(table)
    compute = key["compute"]
    for call in (
        lambda: review.accept_claim(table, compute, "", DAY), lambda: review.accept_claim(table, compute, "A", "today"), lambda: review.reject_claim(table, compute, "A", DAY, " "),
        lambda: review.accept_claim(table, "nokey", "A", DAY), lambda: review.change_claim(table, compute, "A", DAY, "x", quote="y"), lambda: review.change_claim(table, compute, "A", DAY, "x"),
        lambda: review.accept_claim(table, key["voltage"], "A", DAY), lambda: review.change_claim(table, compute, "A", DAY, "x", kind="servers"),
        lambda: review.change_claim(table, compute, "A", DAY, "x", low=1, unit="furlong"), lambda: review.change_claim(table, compute, "A", DAY, "x", rung="built"),
    ):  # fmt: skip
        with pytest.raises(OsintError):
            call()


def test_a_refused_value_cannot_be_accepted_but_corrected(table):
    table.loc[0, ["low", "high", "si_low", "si_high"]] = float("nan")
    table.loc[0, "warning"] = "text layer and picture disagree"
    key = table["key"].iloc[0]
    with pytest.raises(OsintError, match="text layer and picture disagree"):
        review.accept_claim(table, key, "A", DAY, translation="in English")
    assert (
        review.change_claim(
            table, key, "A", DAY, "as the crop shows", translation="in English", low=8, high=8, unit="万P"
        )["si_low"].iloc[0]
        == 80000
    )


def reviewed(text, tmp_path, register):
    """The rows that the register takes of a text in which every claim is accepted."""
    table = review.start_review(filings.claims_of(filings.parse(text.encode(), "a.txt")))
    for key in table["key"]:
        table = review.accept_claim(table, key, "A", DAY, translation="as it says")
    added = review.write_reviewed(table, register, tmp_path / "log", ABOUT)
    return pd.read_csv(register, dtype=str, keep_default_na=False).tail(added), table


def test_a_quote_stays_as_it_was_read_and_the_writer_disarms_it(tmp_path, register):
    text = "-20℃ 年均气温下，光伏年发电量2亿千瓦时"
    rows, table = reviewed(text, tmp_path, register)
    assert table["sentence"].tolist() == [text] and rows["quote"].tolist() == ["'" + text]
    assert read_table(register, "claims")["quote"].iloc[-1] == text


def test_energy_that_is_generated_is_not_written_as_used(tmp_path, register):
    rows, _ = reviewed("光伏年发电量2亿千瓦时，机房年用电量1亿千瓦时。", tmp_path, register)
    assert rows["quantity_kind"].tolist() == ["energy_GWh_per_yr"] * 2
    assert [Scope.read(scope) for scope in rows["scope"]] == [Scope.GENERATION, Scope.SITE]


def test_what_is_said_of_one_machine_is_no_total_of_the_site(tmp_path, register):
    """A price of one server that passed for the investment would contradict every honest count of servers."""
    text = "采购250台服务器，每台285万元，总价7.125亿元，每机柜功率8千瓦，年用电量1亿千瓦时/年。"
    rows, _ = reviewed(text, tmp_path, register)
    scopes = dict(zip(rows["unit_as_recorded"], (Scope.read(scope) for scope in rows["scope"]), strict=True))
    each = {unit for unit, scope in scopes.items() if scope == Scope.EACH}
    assert each == {"万元", "千瓦"} and set(scopes) > each
    assert {scope for unit, scope in scopes.items() if unit not in each} == {Scope.SITE}


def test_a_tidied_note_does_not_bring_the_claim_in_twice(tmp_path, table, register):
    table, log = (
        review.accept_claim(table, keys(table)["compute"], "A", DAY, translation="in English"),
        tmp_path / "log",
    )
    assert review.write_reviewed(table, register, log, ABOUT) == 1
    rows = pd.read_csv(register, dtype=str, keep_default_na=False)
    rows.loc[rows.index[-1], "note"] = "seen by A"
    rows.to_csv(register, index=False)
    assert review.write_reviewed(table, register, log, ABOUT) == 0
    with pytest.raises(OsintError, match="the review log does not say so"):
        review.write_reviewed(table, register, tmp_path / "another log", ABOUT)
    assert len(pd.read_csv(register)) == len(rows)


def test_a_crash_between_log_and_register_loses_no_claim(tmp_path, table, register):
    table, log, before = (
        review.accept_claim(table, keys(table)["compute"], "A", DAY, translation="in English"),
        tmp_path / "log",
        register.read_bytes(),
    )
    review.write_reviewed(table, register, log, ABOUT)
    whole = register.read_bytes()
    register.write_bytes(before)
    assert review.write_reviewed(table, register, log, ABOUT) == 1 and register.read_bytes() == whole


# ------------------------------------------------------------ crops and form


def test_the_sheet_shows_the_words_where_they_stand(page, table):
    sheet = review_form.review_sheet(table, {"county.html": page})
    assert "可承载算力<mark>1.2万P</mark>。今年" in sheet and sheet == review_form.review_sheet(
        table, {"county.html": page}
    )


def test_a_crop_cannot_run_code_or_hide_a_character():
    filing = filings.parse("<p>&lt;script&gt;投资3\u200b亿元\u202e</p>".encode(), "a.html")
    row = filings.claims_of(filing).iloc[0]
    crop = review_form.crop_html(filing, row["start"], row["end"])
    assert "<script" not in crop and "[U+200B]" in crop and "[U+202E]" in crop


def test_a_table_cell_is_shown_below_its_header():
    page = made.table([["标段", "最高限价(万元)"], ["一", "23125"]], head=True)
    filing = filings.parse(page.encode(), "a.html")
    row = filings.claims_of(filing).iloc[0]
    crop = review_form.crop_html(filing, row["start"], row["end"])
    assert "<mark>23125</mark>" in crop and "最高限价(万元)" in crop.split("<mark>")[0]


def test_buttons_take_one_decision_each_and_say_what_is_wrong(tmp_path, page):
    pytest.importorskip("ipywidgets")
    log = tmp_path / "log"
    form = review_form.ReviewForm(filings.claims_of(page), {"county.html": page}, log, when=DAY)
    controls = []

    def walk(widget):
        controls.append(widget)
        for child in getattr(widget, "children", ()):
            walk(child)

    walk(form.widget)
    named = {}
    for widget in controls:
        named.setdefault(getattr(widget, "description", ""), []).append(widget)
    press = {name: named[name] for name in ("accept", "change", "reject")}
    press["accept"][0].click()
    assert "translation first" in form._said.value and not log.exists()
    for box in named["translation"]:
        box.value = "it can carry it"
    press["accept"][0].click()
    assert "yes or no" in form._said.value and not log.exists()
    for box in named["evidence?"]:
        box.value = "yes"
    press["accept"][0].click()
    assert "person who decides" in form._said.value and not log.exists()
    named["reviewer"][0].value = "A. Reader"
    press["accept"][0].click()
    press["reject"][1].click()  # without a reason
    assert form.table["decision"].tolist() == ["accepted", "", "", ""] and len(log.read_text().splitlines()) == 1
    named["low"][1].value = named["high"][1].value = "7.8"
    press["accept"][1].click()
    assert "press change" in form._said.value
    named["reason"][1].value = "as the crop shows"
    press["change"][1].click()
    named["low"][2].value = "lots"
    press["change"][2].click()
    assert "is not a number" in form._said.value
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(e["decision"], e["si_low"], e["who"]) for e in entries] == [
        ("accepted", 12000, "A. Reader"), ("changed", 7.8e8, "A. Reader")
    ]  # fmt: skip
    again = review_form.ReviewForm(filings.claims_of(page), {"county.html": page}, log)
    assert again.table["decision"].tolist() == ["accepted", "changed", "", ""]


def test_every_field_is_put_right_at_the_form_and_reaches_the_register(tmp_path, page, register):
    pytest.importorskip("ipywidgets")
    log = tmp_path / "log"
    form = review_form.ReviewForm(
        filings.claims_of(page), {"county.html": page}, log, who="A", when=DAY, site_id="XJ03"
    )
    key = keys(form.table)["servers"]
    fields = form._fields(form.table.loc[form.table["key"] == key].iloc[0].to_dict())
    assert fields["site_id"].value == "XJ03"
    said = {"chip_model": "H100", "part": "hall 1", "modality": "has", "evidence_use": "yes", "translation": "servers"}
    said |= {"precision": "dense", "date": "2026-05", "reason": "as the crop shows"}
    state = fields["reason"].__class__()
    form._press("change", key, fields, state)
    assert "translation first" in state.value
    for name, value in said.items():
        fields[name].value = value
    form._press("change", key, fields, state)
    assert review.write_reviewed(form.table, register, log, ABOUT) == 1
    row = pd.read_csv(register, dtype=str, keep_default_na=False).iloc[-1]
    assert (row["chip_model"], row["part"], row["site_id"]) == ("H100", "hall 1", "XJ03")
    assert (row["evidence_use"], row["modality"], row["value_date"]) == ("yes", "has", "2026-05")
    again = review.start_review(filings.claims_of(page), log)
    kept = again.loc[again["key"] == key].iloc[0]
    assert (kept["part"], kept["evidence_use"], kept["chip_model"]) == ("hall 1", "yes", "H100")


def test_where_a_claim_belongs_takes_no_other_word(table):
    key = keys(table)["servers"]
    for filed in ({"evidence_use": "perhaps"}, {"claimant": "me"}):
        with pytest.raises(OsintError):
            review.accept_claim(table, key, "A", DAY, filed=filed)


def test_presses_of_two_people_on_one_log_are_all_kept(tmp_path, table):
    log, key = tmp_path / "log", keys(table)["servers"]

    def press(who):
        for _ in range(40):
            review.reject_claim(table, key, who, DAY, "no", log=log)

    people = [threading.Thread(target=press, args=(who,)) for who in "AB"]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert filings.read_review_log(log)["who"].value_counts().to_dict() == {"A": 40, "B": 40}
