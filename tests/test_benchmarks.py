import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as every
from benchmarks import sections
from benchmarks.change import nothing
from osint import simulated as simulate
from tests.simulated_data import dataset


def test_a_benchmark_writes_its_own_section_alone_and_above_what_was_written_by_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(sections, "DOC", tmp_path / "benchmarks.md")
    by_hand = f"\n{sections.BY_HAND}\n\nread once\n"
    before = f"# Benchmarks\n\n## Change of hands\n\n1\n\n## Change\n\nold\n{by_hand}\n## Two\n\n2\n"
    sections.DOC.write_text(before)
    sections.write_section("## Change\n\nnew\n")
    assert sections.DOC.read_text() == before.replace("old", "new")
    sections.write_section("## Change of hands\n\n2\n")
    sections.write_section("## Three\n\n3\n")
    assert (
        sections.DOC.read_text()
        == before.replace("old", "new").replace("hands\n\n1", "hands\n\n2") + "\n## Three\n\n3\n"
    )


def test_the_parts_asked_for_are_run_on_the_share_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sections, "DOC", tmp_path / "benchmarks.md")
    monkeypatch.setattr("sys.argv", ["change", "two", "0.5"])
    sections.DOC.write_text("# Benchmarks\n")
    sections.run({name: lambda portion, name=name: iter([f"## {name}\n", f"{portion}"]) for name in ("one", "two")})
    assert sections.DOC.read_text() == "# Benchmarks\n\n## two\n\n0.5\n"
    assert capsys.readouterr().out == "## two\n\n0.5\n"


def test_every_command_that_the_documents_name_exists():
    home = Path(sections.__file__).parents[1]
    documents = [*(home / "docs").glob("*.md"), home / "CONTRIBUTING.md"]
    named = {name for one in documents for name in re.findall(r"python -m (benchmarks[.\w]*)", one.read_text())}
    named |= {f"benchmarks.{part}" for part in every.PARTS}
    assert len(named) > 12
    assert all(importlib.util.find_spec(name) for name in named)


def test_no_false_building_in_three_hundred_is_under_two():
    low, high = nothing.rate(0, 369).split("-")
    assert low == "0.00 (0.00"
    assert float(high[:-1]) == pytest.approx(1.0, abs=0.01)
    assert nothing.rate(3, 300).startswith("1.00 (0.21-2.92")


def test_fields_bear_another_crop_each_year_and_the_ground_beside_them_none():
    world = simulate.make_world(5, 64, "2023-06-01", "2024-08-31", 20, cloud=0.0, features=[], snow=False, dust=0.0)
    vigour = world._layers["vigour"]
    vigour[:] = 0
    vigour[:, 32:] = 0.9
    sown, plain = nothing.farmed(world, ("B02", "B08")), dataset(world, bands=("B02", "B08"))
    assert (sown["time"].values == plain["time"].values).all()
    differs = np.abs(sown["B08"].values - plain["B08"].values).max(axis=0) > 0.02
    assert not differs[:, :30].any()
    assert differs[:, 34:].mean() > 0.3
    summers = [sown["B08"].sel(time=f"{year}-07").values.mean(axis=0)[:, 34:] for year in (2023, 2024)]
    assert np.abs(summers[0] - summers[1]).max() > 0.05
