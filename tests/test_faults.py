"""Twenty and more kinds of failure over real HTTP: each is named, and none is told as an absence."""

from dataclasses import replace

import numpy as np
import pytest

from osint import imagery, simulated
from osint.errors import NetworkError, OsintError
from osint.http import client, ranges
from osint.imagery import stac_api
from osint.simulated import demo
from tests import faulty_server
from tests.faulty_server import FAULTS, OF_FILES, OF_LISTS

START, END = "2023-01-01", "2023-12-31"
HURRY = {"max_seconds": 1.5, "head_seconds": 0.6, "silence_seconds": 0.4}


@pytest.fixture(scope="module")
def served():
    world = simulated.make_world(3, 64, START, END, 60, features=[], cloud=0.0, snow=False)
    made = demo.Demo(world, frame_px=256, inset_px=(60, 80))
    for name in made.ids:
        made.file(name, "B02")
    with faulty_server.serving(made) as server:
        yield made, server


@pytest.fixture(autouse=True)
def hurried(tmp_path, monkeypatch):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(faulty_server, "SILENT_S", 0.5)
    monkeypatch.setattr(client, "BACKOFF_S", 0.01)
    for module in (ranges, stac_api):
        monkeypatch.setattr(module, "LIMITS", replace(module.LIMITS, **HURRY))


def listed(made):
    return imagery.scenes(made.footprint(), START, END, catalogue=made.catalogue, collection=demo.COLLECTION)


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in OF_LISTS])
def test_a_file_that_cannot_be_read_is_a_failure_by_name_and_no_pixel(served, fault):
    made, server = served
    server.plan = lambda path: None
    scenes = listed(made)
    truth = imagery.read_bands(scenes, made.footprint(), ["B02"], cache=False).data["B02"].values
    spoiled = scenes.frame["id"].iloc[2]
    server.plan = lambda path: fault if spoiled in path else None
    read = imagery.read_bands(scenes, made.footprint(), ["B02"])
    failed = {failure.id for failure in read.failures}
    assert failed <= {spoiled} and len(truth) == len(scenes)
    for t, name in enumerate(scenes.frame["id"]):
        band = read.data["B02"].values[t]
        if name in failed:
            assert np.isnan(band).all()
        else:
            np.testing.assert_array_equal(band, truth[t])
    # what changes from one answer to the next is read anew, once; all else is a failure
    assert failed or fault == "other file"
    assert not failed or len(read.failures[0].error) > 20


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in OF_FILES])
def test_a_list_that_fails_is_an_error_or_has_a_gap(served, fault):
    made, server = served
    server.plan = lambda path: fault
    try:
        found = listed(made)
    except NetworkError as error:
        assert len(str(error)) > 20
    except OsintError as error:
        assert "STAC" in str(error) or "JSON" in str(error) or "was not asked" in str(error)
    else:
        assert found.gap, fault
