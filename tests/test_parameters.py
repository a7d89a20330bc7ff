"""The table of constants of change detection is equal to the modules, and complete."""

import ast
import csv
import importlib
from pathlib import Path

import numpy as np
import pytest

ROOM = Path(__file__).resolve().parent.parent / "osint" / "change"
COLUMNS = ["name", "module", "value", "unit", "origin", "effect_of_20_percent"]
ORIGINS = ("definition", "judgement", "paper https://doi.org/", "sensor", "technical", "trial docs/")


def is_numeric(value):
    """Say whether a constant is a number, or nothing but numbers; masks and names are not."""
    if isinstance(value, dict):
        return bool(value) and all(map(is_numeric, value.values()))
    if isinstance(value, tuple):
        return bool(value) and all(map(is_numeric, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "if"
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def written(value):
    """Return a constant as the table writes it."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {written(number)}" for key, number in value.items())
    if isinstance(value, (tuple, np.ndarray)):
        inner = [written(part) for part in value]
        return "; ".join(f"({part})" if ";" in part else part for part in inner)
    return f"{value:.6g}"


def constants():
    """Yield (name, module, value) of the numeric constants that the modules define, in order."""
    for path in sorted(ROOM.glob("*.py")):
        module = importlib.import_module(f"osint.change.{path.stem}" if path.stem != "__init__" else "osint.change")
        module = module if hasattr(module, "__file__") else importlib.sys.modules[f"osint.change.{path.stem}"]
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            for name in (n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)):
                if name.isupper() and is_numeric(getattr(module, name)):
                    yield name, path.stem, getattr(module, name)


def table():
    with (ROOM / "parameters.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_holds_every_constant_with_its_value():
    wanted = {(module, name): written(value) for name, module, value in constants()}
    rows = table()
    assert list(rows[0]) == COLUMNS
    assert {(r["module"], r["name"]): r["value"] for r in rows} == wanted
    assert len(rows) == len(wanted)
    assert [(r["module"], r["name"]) for r in rows] == list(wanted)


@pytest.mark.parametrize("row", table(), ids=lambda r: f"{r['module']}.{r['name']}")
def test_every_row_states_unit_origin_and_effect(row):
    assert row["unit"]
    assert row["origin"].startswith(ORIGINS)
    assert row["effect_of_20_percent"]


def test_a_trial_named_as_origin_is_in_the_documents():
    for row in table():
        if row["origin"].startswith("trial "):
            document, _, section = row["origin"].removeprefix("trial ").partition("#")
            text = (ROOM.parent.parent / document).read_text(encoding="utf-8")
            assert f"## {section}\n" in text, row["origin"]


def test_no_two_constants_of_one_name_differ():
    values = {}
    for name, module, value in constants():
        values.setdefault(name, {})[module] = written(value)
    assert not {name: where for name, where in values.items() if len(set(where.values())) > 1}
