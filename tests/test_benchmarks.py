from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as every
from benchmarks import change, nothing, probes
from osint import simulated as simulate
from tests.simulated_data import dataset


def test_a_benchmark_writes_its_own_section_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(change, "DOC", tmp_path / "benchmarks.md")
    before = "# Benchmarks\n\n## Change of hands\n\n1\n\n## Change\n\nold\n\n## Two\n\n2\n"
    change.DOC.write_text(before)
    change.write_section("## Change\n\nnew\n")
    assert change.DOC.read_text() == before.replace("old", "new")
    change.write_section("## Change\n\nold\n")
    change.write_section("## Three\n\n3\n")
    assert change.DOC.read_text() == before + "\n## Three\n\n3\n"


def test_the_parts_asked_for_are_run_on_the_share_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(change, "DOC", tmp_path / "benchmarks.md")
    monkeypatch.setattr("sys.argv", ["change", "two", "0.5"])
    change.DOC.write_text("# Benchmarks\n")
    change.run({name: lambda portion, name=name: iter([f"## {name}\n", f"{portion}"]) for name in ("one", "two")})
    assert change.DOC.read_text() == "# Benchmarks\n\n## two\n\n0.5\n"
    assert capsys.readouterr().out == "## two\n\n0.5\n"


def test_every_part_has_a_title_of_its_own():
    sections = [*change.PARTS.values(), *nothing.PARTS.values(), probes.search]
    text = "".join(Path(m.__file__).read_text() for m in (change, nothing, probes))
    assert len({line for line in text.split('"') if line.startswith("## ")}) == len(sections)
    assert all((Path(every.__file__).parent / f"{part}.py").exists() for part in every.PARTS)


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
