import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from osint import looks, simulate, validate
from osint.errors import OsintError

DAY = dt.date.fromisoformat
START, END = "2023-01-01", "2024-06-30"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("Land clearing begins for southern part (Building 1-2)", ["ground broken"]),
        ("Building 4 roof is complete and all equipment appears to be installed.", ["roof complete"]),
        ("Building 3 and 4 are operational.", ["operational"]),
        ("Buildings 8-11 are operational. The roof is almost complete for Building 17.", ["operational"]),
        ("Buildings 15-19 roofs are complete. Land clearing begins on a new site.", ["ground broken", "roof complete"]),
        ("Building 2 operational. Estimated from Building 1", ["operational"]),
        ("We expect Building 5 to be operational in May", []),
        ("Second substation almost connected (red cables)", []),
    ],
)
def test_a_status_gives_the_events_that_it_states(status, said):
    assert validate.events(status) == said


def timeline(*rows):
    made = pd.DataFrame(rows, columns=["Data center", "Date", "Construction status"])
    made["Power (MW)"] = "0.0"
    return made


def test_a_timeline_is_read_by_its_columns(tmp_path):
    path = tmp_path / "t.csv"
    timeline(("A", "2023-02-01", "Land clearing begins."), ("A", "2024-02-01", "No changes.")).to_csv(path, index=False)
    read = validate.read_timeline(path)
    assert read[["data_center", "published", "event"]].values.tolist() == [["A", "2023-02-01", "ground broken"]]
    timeline(("A", "spring 2023", "Land clearing begins.")).to_csv(path, index=False)
    with pytest.raises(OsintError, match="row 2 has the date 'spring 2023'"):
        validate.read_timeline(path)
    path.write_text("Site,When\nA,2023\n")
    with pytest.raises(OsintError, match="lacks the column Data center, Date, Construction status"):
        validate.read_timeline(path)


def test_places_are_named_and_points_become_discs(tmp_path):
    path = tmp_path / "p.geojson"
    feature = {
        "type": "Feature",
        "properties": {"Data center": "A"},
        "geometry": {"type": "Point", "coordinates": [93, 43]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    place = validate.read_places(path)["A"]
    assert validate.grids.area_m2(place) == pytest.approx(np.pi * 800**2, rel=0.01)


@pytest.fixture(scope="module")
def compared():
    world = simulate.world(
        2, 100, START, END, 8, cloud=0.3, snow=False,
        features=[simulate.Feature("bright roof", 12_000, onset=DAY("2023-05-01"), complete=DAY("2023-09-20"), row_px=50, col_px=50, name="A")],
    )  # fmt: skip
    data = simulate.dataset(world)
    west, north = world.transform.c, world.transform.f
    to_degrees = Transformer.from_crs(world.epsg, 4326, always_xy=True)
    place = shapely.transform(
        shapely.box(west + 50, north - 950, west + 950, north - 50), to_degrees.transform, interleaved=False
    )
    rows = pd.DataFrame(
        [("A", "2023-05-01", "ground broken", ""), ("A", "2023-09-20", "roof complete", ""), ("A", "2024-01-15", "operational", ""),
         ("B", "2023-05-01", "roof complete", ""), ("C", "2023-05-01", "roof complete", ""), ("A", "2026-01-01", "operational", "")],
        columns=["data_center", "published", "event", "status"],
    )  # fmt: skip

    def source(geometry):
        if not geometry.equals(place):
            raise OsintError("the catalogue does not answer")
        return looks.of_dataset(data)

    return validate.compare(rows, {"A": place, "B": place.buffer(0.001)}, source, START, END)


def test_intervals_stand_beside_the_published_dates(compared):
    mine = compared.rows.set_index(["data_center", "event"])
    roof = mine.loc[("A", "roof complete")]
    assert roof["low"] <= roof["best"] <= roof["high"] and abs(roof["error_days"]) <= 20
    assert mine.loc[("A", "ground broken"), "high"] <= roof["high"]
    assert bool(mine.loc[("A", "operational"), "covered"]) and pd.isna(mine.loc[("A", "operational"), "error_days"])
    # what lies after the last scene is not asked
    assert len(compared.rows) == 4


def test_refusals_and_missing_places_are_counted_not_dropped(compared):
    refused = compared.rows.set_index(["data_center", "event"]).loc[("B", "roof complete")]
    assert refused["refused"] == "not read: the catalogue does not answer" and pd.isna(refused["high"])
    summary = compared.summary.set_index("event")
    assert summary.loc["roof complete", ["published", "dated", "refused"]].tolist() == [2, 1, 1]
    assert compared.unplaced == ["C"] and compared.bytes_read > 0
    assert "no place for 1 sites: C" in compared.text()
