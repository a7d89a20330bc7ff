"""Finished outlines are kept as they come: the same call goes on after a kill, and gives what it gave at one go."""

import geopandas as gpd
import pandas as pd
import pytest

from osint import change, imagery
from osint.change import stack
from osint.errors import UnreadableError
from tests.test_unread import END, HALL, PLACE, START, WORLD, degrees

BARE = degrees(633_100, 4_795_100, 633_200, 4_795_200)
OUTLINES = gpd.GeoDataFrame({"outline_id": ["bare", "hall", "again"]}, geometry=[BARE, HALL, BARE], crs=4326)
LATE = ("2023-01-01", "2024-05-31")


class Killed(BaseException):
    """What stands for a kill: nothing in the package catches it."""


def counted(limit=10**6, fails=lambda n: False):
    """Return the stack of the world, which is killed at reading `limit` or cannot read where `fails` says so."""
    whole, seen = stack.stack_of_dataset(WORLD), []

    def read(rows, place, wanted):
        seen.append(len(rows))
        if len(seen) > limit:
            raise Killed
        reading = whole.reader(rows, place, wanted)
        if not fails(len(seen)):
            return reading
        data = reading.data.copy(deep=True)
        for band in data.data_vars:
            data[band].values[...] = 0 if band == "scl" else float("nan")
        lost = [imagery.Failure(str(n), b, "status 503") for n in data["id"].values for b in data.data_vars]
        return imagery.BandReading(data, reading.cost, tuple(lost))

    return stack.Stack(whole.scenes, read), seen


def dated(source, journal, tell=None):
    return change.date_outlines(source, OUTLINES, START, END, journal=journal, tell=tell)


def measured(source, journal, tell=None):
    return change.measure_outlines(source, OUTLINES, *LATE, before=(START, "2022-03-01"), journal=journal, tell=tell)


@pytest.mark.parametrize("run", [dated, measured])
def test_a_killed_run_goes_on_and_gives_what_it_gives_at_one_go(run, tmp_path):
    journal = tmp_path / "out.journal.jsonl"
    source, readings = counted()
    whole = run(source, None).drop(columns="bytes_read")
    first, _ = counted(limit=len(readings) // 2)
    with pytest.raises(Killed):
        run(first, journal)
    body = journal.read_bytes()
    assert body.count(b"\n") >= 2
    journal.write_bytes(body + b'{"part": "torn')
    told = []
    rest, again = counted()
    resumed = run(rest, journal, told.append).drop(columns="bytes_read")
    pd.testing.assert_frame_equal(resumed, whole)
    assert len(again) < len(readings)
    assert "finished before: the search goes on" in told[0] and "3 of 3: again" in told[-1]
    assert "MB so far" in told[-1]
    assert not journal.exists()


def test_what_could_not_be_read_is_tried_again_and_another_search_begins_anew(tmp_path):
    journal, told = tmp_path / "out.journal.jsonl", []
    whole = measured(counted()[0], None).drop(columns="bytes_read")
    measured(counted(fails=lambda n: n == 3)[0], journal)
    assert journal.read_bytes().count(b"\n") == 2  # the head, and the outline before the network went
    pd.testing.assert_frame_equal(measured(counted()[0], journal).drop(columns="bytes_read"), whole)
    assert not journal.exists()
    measured(counted(fails=lambda n: n == 3)[0], journal)
    dated_span = ("2023-02-01", LATE[1])
    change.measure_outlines(counted()[0], OUTLINES, *dated_span, journal=journal, tell=told.append)
    assert "is of another search and begins anew" in told[0]


def test_a_damaged_journal_is_refused(tmp_path):
    journal = tmp_path / "out.journal.jsonl"
    with pytest.raises(Killed):
        measured(counted(limit=4)[0], journal)
    journal.write_bytes(journal.read_bytes().replace(b'"scenes_used":', b'"scenes_used":1'))
    with pytest.raises(UnreadableError, match="is damaged"):
        measured(counted()[0], journal)


def test_a_killed_look_at_an_area_goes_on(tmp_path):
    journal = tmp_path / "o.journal.jsonl"
    source, readings = counted()
    whole = change.new_structures(source, PLACE, START, END).frame
    with pytest.raises(Killed):
        change.new_structures(counted(limit=len(readings) - 2)[0], PLACE, START, END, journal=journal)
    told = []
    rest, again = counted()
    resumed = change.new_structures(rest, PLACE, START, END, journal=journal, tell=told.append).frame
    pd.testing.assert_frame_equal(resumed.drop(columns="bytes_read"), whole.drop(columns="bytes_read"))
    assert len(again) < len(readings) and any("finished before" in line for line in told)
    assert not journal.exists()
