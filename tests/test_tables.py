import ast
import shutil
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd
import pytest

from osint import files
from osint import register as tables
from osint.cli.main import main
from osint.errors import BadInputError, OsintError
from osint.register import (
    CLAIM_KINDS,
    SCHEMAS,
    CalibrationRow,
    Chip,
    Claim,
    Observation,
    Relation,
    Scope,
    SiteRow,
    data_dir,
)

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"


@pytest.fixture
def raw(tmp_path):
    shutil.copytree(RAW, tmp_path / "raw", ignore=shutil.ignore_patterns("captures"))
    return tmp_path / "raw"


def edit(path, change):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(table)
    table.to_csv(path, index=False, lineterminator="\n")


def test_all_broken_rows_at_once(raw):
    def broken(t):
        t.loc[0, "value_low"] = "many"
        t.loc[1, "unit"] = "furlongs"
        t.loc[2, "date"] = "2024-13"
        t.loc[3, ["value_low", "value_high"]] = ["9", "3"]
        t.loc[4, "value_low"] = "inf"
        t.loc[5, "value_low"] = "nan"
        t.loc[6, "rung"] = "built"

    edit(raw / "claims.csv", broken)
    with pytest.raises(OsintError) as error:
        tables.load_register(raw.parent)
    said = str(error.value)
    for words in (
        "claims.csv: row 2 (C001) column value_low has 'many', expected a number",
        "row 3 (C002) column unit has 'furlongs', expected one of",
        "row 4 (C003) column date has '2024-13', expected a date",
        "row 5 (C004) column value_low has '9', expected a value_low that is at most value_high",
        "row 6 (C005) column value_low has 'inf'",
        "row 7 (C006) column value_low has 'nan'",
        "row 8 (C007) column rung has 'built'",
    ):
        assert words in said


def test_bom_and_crlf_are_read_through(raw):
    path = raw / "sites.csv"
    before = tables.read_table(path, "sites")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(tables.read_table(path, "sites"), before)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda b: b.decode().encode("gb18030"), "not UTF-8 at byte"),
        (lambda b: b"", "is empty"),
        (lambda b: b.split(b"\n")[0] + b"\n", "expected an id of sites.csv"),
        (
            lambda b: b"\n".join(line.partition(b",")[2] for line in b.split(b"\n")[:1]) + b"\nx,",
            "lacks the column site_id",
        ),
        (lambda b: b.replace(b"site_id,", b"place,", 1), "lacks the column site_id and has unknown column 'place'"),
        (lambda b: b.replace(b"XJ02,", b"XJ01,", 1), "an id that no other row has"),
        (lambda b: b.replace(b"XJ12,Silk", b"XJ12,=HYPERLINK(1)Silk", 1), "spreadsheet does not run"),
        (lambda b: b.replace(b"XJ12,Silk", b"XJ12,-5+cmd", 1), "spreadsheet does not run"),
        (lambda b: b[: len(b) // 2] + b"\x00" + b[len(b) // 2 :], "zero byte"),
        (lambda b: b + b'"open quote', "is not a table"),
    ],
)
def test_a_damaged_table_is_one_sentence(raw, damage, words, capsys):
    path = raw / "sites.csv"
    path.write_bytes(damage(path.read_bytes()))
    assert main(["check", "--data", str(raw.parent)]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and "Traceback" not in said


@pytest.mark.parametrize(
    ("parents", "words"),
    [
        ({"XJ03": "XJ03"}, r"\(XJ03\) column parent has 'XJ03', expected a parent that is not the site itself"),
        (
            {"XJ01": "XJ09", "XJ09": "XJ03"},
            r"\(XJ09\) column parent has 'XJ03', expected a parent that is not the site",
        ),
        ({"XJ03": "XJ99"}, r"column parent has 'XJ99', expected an id of sites.csv"),
    ],
)
def test_a_parent_is_another_site_that_is_there(raw, parents, words):
    def change(t):
        for site_id, parent in parents.items():
            t.loc[t["site_id"] == site_id, "parent"] = parent

    edit(raw / "sites.csv", change)
    with pytest.raises(OsintError, match=words):
        tables.load_register(raw.parent)


def test_gbk_is_recognised(raw):
    path = raw / "sites.csv"
    path.write_bytes(path.read_bytes().decode().encode("gb18030"))
    with pytest.raises(OsintError, match="looks like GBK"):
        tables.read_table(path, "sites")


def test_a_missing_file_is_named(raw):
    (raw / "claims.csv").unlink()
    with pytest.raises(OsintError, match=r"raw/claims\.csv is missing; give the data folder with --data or OSINT_DATA"):
        tables.load_register(raw.parent)


def test_a_case_is_completed_from_the_tables_of_the_model_that_are_shipped(raw):
    """A case without chips.csv, with a relation that it lacks or holds for reference only, and without a reading."""
    whole = tables.load_register(raw.parent)
    (raw / "chips.csv").unlink()
    edit(
        raw / "relations.csv", lambda t: t.__setitem__("relation", t["relation"].replace("floor_cn", "a floor of old"))
    )
    edit(raw / "relations.csv", lambda t: t.__setitem__("used", t["used"].where(t["relation"] != "land", "reference")))
    edit(
        raw / "readings.csv", lambda t: t.__setitem__("reading", t["reading"].replace("precision", "a reading of old"))
    )
    found = tables.load_register(raw.parent)
    for name, key in (("chips", "chip"), ("relations", "relation"), ("readings", "reading")):
        own, shipped = (getattr(r, name).sort_values([key, *getattr(r, name).columns[1:2]]) for r in (found, whole))
        own = own[~own[key].str.endswith("of old")]
        assert own.reset_index(drop=True).equals(shipped.reset_index(drop=True)), name


def test_a_claim_for_no_site_is_named(raw):
    edit(raw / "claims.csv", lambda t: t.__setitem__("site_id", t["site_id"].where(t.index != 3, "XJ99")))
    with pytest.raises(OsintError, match="row 5 column site_id has 'XJ99'"):
        tables.load_register(raw.parent)


def test_unknown_site(capsys):
    assert main(["check", "XJ99"]) == 2
    assert "XJ19" in capsys.readouterr().err


def test_two_hundred_thousand_rows_are_checked(raw):
    row = pd.read_csv(raw / "relation_support.csv", dtype=str, keep_default_na=False)
    big = pd.concat([row] * (200_000 // len(row)), ignore_index=True)
    found = tables.check_table(big, "relation_support")
    assert len(found) > 190_000


def test_a_table_too_long_for_the_main_job_is_one_sentence(raw, capsys):
    path = raw / "claims.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] * 200_000)
    assert main(["check", "--data", str(raw.parent)]) == 2
    said = capsys.readouterr().err
    assert "claims.csv has more rows: 100,000 rows are the most of a table" in said and said.count("\n") == 1


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("form", ["{0}", "{1}", "{0}\n\n", "broken"])
def test_the_limit_of_rows_counts_rows_and_not_lines(raw, monkeypatch, more, form):
    """The last row that may be there is read, whatever ends its line; the next one is refused, also when it is added."""
    path = raw / "claims.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    monkeypatch.setattr("osint.register.tables.MOST_ROWS", len(rows) - more)
    if form == "broken":
        rows.loc[:, "note"] = "two\nlines"
        rows.to_csv(path, index=False, lineterminator="\n")
    else:
        text = path.read_text().rstrip("\n")
        path.write_text(form.format(text + "\n", text))
    if more:
        with pytest.raises(BadInputError, match="has more rows"):
            tables.read_table(path, "claims")
        return
    assert len(tables.read_table(path, "claims")) == len(rows)
    before = path.read_bytes()
    with pytest.raises(BadInputError, match="has more rows"):
        tables.append_rows(
            raw.parent, "claims", [rows.iloc[0].to_dict() | {"claim_id": "", "quote": "another", "note": ""}]
        )
    assert path.read_bytes() == before


def test_no_cell_is_written_as_a_formula(tmp_path):
    frame = pd.DataFrame({"text": ["=1+1", "+x", "-3", "@a", "-5+cmd", "\t=1"], "n": [1.5, -2, 3, 4, 5, 6]})
    tables.write_csv(frame, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[1:] == ["'=1+1,1.5", "'+x,-2.0", "-3,3.0", "'@a,4.0", "'-5+cmd,5.0", "'\t=1,6.0"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.csv"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", lambda *a: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError):
        files.replace_file(path, b"new")
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def calls(path):
    """Name and line of every call that writes CSV by itself."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if "csv" in text else ():
        if isinstance(node, ast.Attribute) and (
            node.attr == "to_csv" or (node.attr in {"writer", "DictWriter"} and getattr(node.value, "id", "") == "csv")
        ):
            yield node.attr


def test_only_the_register_writes_csv():
    package = Path(__file__).resolve().parent.parent / "osint"
    own = {p.relative_to(package).as_posix() for p in package.rglob("*.py") if list(calls(p))}
    assert own == {"register/append.py", "register/written.py"}


@pytest.mark.parametrize("record", [SiteRow, Claim, Observation, Relation, Chip, CalibrationRow])
def test_a_record_holds_the_cells_of_its_row(record, register):
    """Numbers as they are, an empty one as None; lists, dates and words of a list as their own types."""
    for row in getattr(register, record.table).to_dict("records"):
        made = record.from_row(row)
        for field in fields(record):
            held, cell = getattr(made, field.name), row[field.name]
            if isinstance(held, bool):
                held = "yes" if held else "no"
            if isinstance(held, tuple):
                held = "|".join(f"{number:g}" for number in held)
            held = getattr(held, "text", held)
            assert held == cell or (held is None and (cell == "" or cell != cell)), (row, field.name)


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        *((scope, scope.value) for scope in Scope),
        (Scope.EACH, "per cabinet"),
        (Scope.EACH, "each hall"),
        (Scope.SHARE, "of racks"),
        (Scope.SHARE, "half of building 2"),
        (Scope.EQUIVALENT, "H100-equivalent"),
        (Scope.EQUIVALENT, "equivalent to H100"),
        (Scope.GENERATION, "solar generation"),
        (Scope.IT, "IT load"),
        (Scope.IT, "it load of building 2"),
        (Scope.FACILITY, "whole facility"),
        (Scope.GRID, "grid connection"),
        (Scope.PART, "data hall of building 2"),
        (Scope.PART, "phase 1"),
        (Scope.SITE, ""),
        (Scope.OTHER, "wind"),
    ],
)
def test_the_scope_of_words(register, scope, words):
    """A number that no rule can place is no number of the site."""
    assert Scope.read(words) == scope
    racks = Claim.from_row(register.claims.iloc[0].to_dict() | {"quantity_kind": "racks", "scope": words})
    outside = {Scope.EACH, Scope.SHARE, Scope.EQUIVALENT, Scope.GENERATION, Scope.OWN_MAKE, Scope.OTHER}
    assert racks.quantity == ("" if scope in outside else "racks")


def test_words_of_a_scope_decide_on_the_quantity(register):
    """A hall "of building 2" is not a share, and the load of the servers is IT power."""
    racks, power = (
        Claim.from_row(register.claims.iloc[0].to_dict() | {"quantity_kind": k}) for k in ("racks", "power_MW")
    )
    assert replace(racks, scope="data hall of building 2").quantity == "racks"
    assert replace(racks, scope="per building").quantity == replace(racks, scope="H100-equivalent").quantity == ""
    assert replace(power, scope="IT load").quantity == "it_mw" and replace(power, scope="grid").quantity == ""


def test_every_scope_of_the_register_is_read(register):
    """No claim whose kind is a quantity of the model has words of a scope that no rule reads."""
    claims = [Claim.from_row(row) for row in register.claims.to_dict("records")]
    unread = {c.scope for c in claims if CLAIM_KINDS[c.quantity_kind].quantity and Scope.read(c.scope) == Scope.OTHER}
    assert unread == set()


def test_every_column_has_its_meaning_in_the_dictionary():
    text = (RAW.parent / "README.md").read_text(encoding="utf-8")
    for name, schema in SCHEMAS.items():
        section = text.split(f"## {name}.csv")[1].split("\n## ")[0]
        for column in schema.columns:
            kind = column.kind.replace("yes or no", "one of") + (", required" if column.required else "")
            assert f"| `{column.name}` | {kind} | {column.meaning} |" in section, (name, column.name)


def test_the_shipped_tables_are_looked_for_last(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OSINT_DATA", raising=False)
    assert data_dir() == RAW.parent
    (tmp_path / "data" / "raw" / "captures").mkdir(parents=True)
    assert data_dir() == RAW.parent, "captures are not a register"
    (tmp_path / "data" / "raw" / "sites.csv").touch()
    assert data_dir() == Path("data")


def test_the_guard_of_a_cell_stays_in_the_file(raw):
    """A quote is evidence: what begins like a formula is guarded in the file and read back as it was."""
    quote = "-20℃ 年均气温下，光伏年发电量2亿千瓦时"
    row = tables.load_register(raw.parent).claims.iloc[0].to_dict() | {"claim_id": "", "quote": quote}
    (made,) = tables.append_rows(raw.parent, "claims", [row])
    assert f"'{quote}" in (raw / "claims.csv").read_text(encoding="utf-8")
    again = tables.load_register(raw.parent).claims.set_index("claim_id")
    assert again.loc[made, "quote"] == quote


@pytest.mark.parametrize(("mark", "said"), [(";", "parted by ;"), ("\t", "parted by tabs")])
def test_cells_that_are_parted_otherwise_are_named(tmp_path, mark, said):
    path = tmp_path / "sites.csv"
    path.write_text(mark.join(["site_id", "name_en", "lat"]) + "\n" + mark.join(["A", "x, y", "1"]) + "\n")
    with pytest.raises(OsintError, match=said):
        tables.read_table(path, "sites")


@pytest.mark.parametrize("cell", [" =1+1", "＝1+1", "\u3000=1", "＠SUM(A1)"])
def test_a_formula_behind_a_blank_or_in_wide_letters_is_disarmed(cell):
    assert tables.defuse(cell) == "'" + cell
