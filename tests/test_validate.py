import datetime as dt
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from osint import geo
from osint import simulated as simulate
from osint.change import detect, published, stack
from osint.errors import OsintError
from tests.simulated_data import dataset

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
        ("Building 2 operational. Estimated from Building 1", []),
        ("Building 4 operational. Based on our default estimate of roof-to-operational time.", []),
        ("No buildings operational yet.", []),
        ("Building 1 is operational, based on it being 6 months after the roof was complete.", ["operational"]),
        ("Building 2 is operational. Its roof has been complete for over 5 months.", ["operational"]),
        ("Land clearing begins on the eastern half of the site, for Buildings 1-2", ["ground broken"]),
        ("Land clearing continues, foundation construction begins for two halls.", []),
        ("Construction starts with a road added on site, retrofitting a former factory.", []),
        ("Chillers are in place, but no roof is complete for any building.", []),
        ("Building 2's roof is complete, with generator construction more than halfway complete", ["roof complete"]),
        ("Buildings 17-18 fully roofed but still having generators under construction.", ["roof complete"]),
        ("Building 3 has a half-finished roof and Building 4 shell is beginning construction.", []),
        ("We expect Building 5 to be operational in May", []),
        ("Second substation almost connected (red cables)", []),
    ],
)
def test_a_status_gives_the_events_that_it_states(status, said):
    assert published.stated_events(status) == said


def timeline(*rows):
    made = pd.DataFrame(rows, columns=["Data center", "Date", "Construction status"])
    made["Power (MW)"] = "0.0"
    return made


def test_a_timeline_is_read_by_its_columns(tmp_path):
    path = tmp_path / "t.csv"
    timeline(("A", "2023-02-01", "Land clearing begins."), ("A", "2024-02-01", "No changes.")).to_csv(path, index=False)
    read = published.read_timeline(path)
    assert read[["data_center", "published", "event"]].values.tolist() == [["A", "2023-02-01", "ground broken"]]
    rows = ("A", "2024-02-01", "Roof complete"), ("B", "2023-12-01", "No changes."), ("A", "2023-05-01", "No changes.")
    timeline(*rows).to_csv(path, index=False)
    # the rows of a site in time, whatever their order in the file: the roof closed between May and February
    read = published.read_timeline(path)
    assert read[["published_after", "published", "event"]].values.tolist() == [
        ["2023-05-01", "2024-02-01", "roof complete"]
    ]
    timeline(("A", "2024-05", "Roof complete"), ("A", "2023-12-01", "No changes.")).to_csv(path, index=False)
    read = published.read_timeline(path)
    assert read[["published_after", "published"]].values.tolist() == [["2024-04-30", "2024-05-31"]]
    timeline(("A", "spring 2023", "Land clearing begins.")).to_csv(path, index=False)
    with pytest.raises(OsintError, match="row 2 has the date 'spring 2023'"):
        published.read_timeline(path)
    path.write_text("Site,When\nA,2023\n")
    with pytest.raises(OsintError, match="lacks the column Data center, Date, Construction status"):
        published.read_timeline(path)


def test_places_are_named_and_points_become_discs(tmp_path):
    path = tmp_path / "p.geojson"
    feature = {
        "type": "Feature",
        "properties": {"Data center": "A"},
        "geometry": {"type": "Point", "coordinates": [93, 43]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    place = published.read_places(path)["A"]
    assert geo.area_m2(place) == pytest.approx(np.pi * 800**2, rel=0.01)


def test_places_come_from_a_csv_and_from_the_links_of_the_table(tmp_path):
    places = tmp_path / "p.csv"
    places.write_text("Data center,lon,lat\nA,93,43\nB,,\n")
    assert list(published.read_places(places)) == ["A"]
    table = tmp_path / "t.csv"
    link = "[image](https://earth.google.com/web/@37.4875167,-77.24806799,43.6a,2395.6d,30y,3.6h,0t,0r/data=x)"
    timeline(("A", "2023-02-01", f"Empty, as in this {link}."), ("B", "2023-02-01", "Empty.")).to_csv(
        table, index=False
    )
    linked = published.linked_places(table)
    assert list(linked) == ["A"]
    assert linked["A"].centroid.coords[0] == pytest.approx((-77.24806799, 37.4875167), abs=1e-5)


def found(*halls):
    blank = dict.fromkeys(
        ["onset_low", "onset_high", "roofed_best", "roofed_high", "complete_low", "complete_high"], ""
    )
    return gpd.GeoDataFrame([blank | {"kind": "bright roof", "cannot_tell": ""} | hall for hall in halls])


def test_each_event_meets_a_structure_of_its_own_with_the_least_error_in_sum(monkeypatch):
    halls = found(*({"complete_low": d, "complete_high": d} for d in ("2023-03-01", "2023-05-01")))
    monkeypatch.setattr(published.detect, "new_structures", lambda source, *_: detect.NewStructures(halls, (), source))
    rows = [("A", day, after, "roof complete", "") for day, after in
            (("2023-04-28", ""), ("2023-09-01", "2023-04-28"), ("2023-10-01", "2023-09-01"))]  # fmt: skip
    asked = pd.DataFrame(rows, columns=["data_center", "published", "published_after", "event", "status"])
    place = {"A": shapely.box(93, 43, 93.01, 43.01)}
    got = published.compare_published(asked, place, lambda _: stack.Stack(pd.DataFrame(), reader=None), START, END).rows
    # greedy in time, the first would take the hall of May and leave that of March to September
    assert got["best"].fillna("").tolist() == ["2023-03-01", "2023-05-01", ""]
    assert got["refused"].tolist() == ["", "", "fewer dated structures than published events"]
    # a hall complete on 1 May lies between the row before and the published one
    assert got["covered"].tolist()[:2] == [False, True]


def test_random_dates_stand_beside_the_score(monkeypatch):
    halls = found(*({"complete_low": d, "complete_high": d} for d in ("2023-03-01", "2023-05-01", "2023-07-01")))
    monkeypatch.setattr(published.detect, "new_structures", lambda source, *_: detect.NewStructures(halls, (), source))
    asked = pd.DataFrame([("A", "2023-07-01", "", "roof complete", "")],
                         columns=["data_center", "published", "published_after", "event", "status"])  # fmt: skip
    place = {"A": shapely.box(93, 43, 93.01, 43.01)}

    def run():
        return published.compare_published(
            asked, place, lambda _: stack.Stack(pd.DataFrame(), reader=None), START, END
        ).summary

    summary = run().set_index("event").loc["roof complete"]
    assert summary["median_error_days"] == 0 and summary["covered"] == 1
    # the nearest of three random days in 546, seen from day 181: a third of the span to one side, no more
    assert 40 < summary["chance_error_days"] < 110 and summary["chance_covered"] < 0.05
    pd.testing.assert_frame_equal(run(), run())


@pytest.fixture(scope="module")
def compared():
    world = simulate.make_world(
        2, 100, START, END, 8, cloud=0.3, snow=False,
        features=[simulate.Feature("bright roof", 12_000, onset=DAY("2023-05-01"), complete=DAY("2023-09-20"), row_px=50, col_px=50, name="A")],
    )  # fmt: skip
    data = dataset(world)
    west, north = world.transform.c, world.transform.f
    to_degrees = Transformer.from_crs(world.epsg, 4326, always_xy=True)
    place = shapely.transform(
        shapely.box(west + 50, north - 950, west + 950, north - 50), to_degrees.transform, interleaved=False
    )
    rows = pd.DataFrame(
        [("A", "2023-05-01", "", "ground broken", ""), ("A", "2023-09-20", "2023-05-01", "roof complete", ""),
         ("A", "2024-01-15", "2023-09-20", "operational", ""), ("B", "2023-05-01", "", "roof complete", ""),
         ("C", "2023-05-01", "", "roof complete", ""), ("A", "2026-01-01", "2024-01-15", "operational", "")],
        columns=["data_center", "published", "published_after", "event", "status"],
    )  # fmt: skip

    def source(geometry):
        if not geometry.equals(place):
            raise OsintError("the catalogue does not answer")
        return stack.stack_of_dataset(data)

    return published.compare_published(rows, {"A": place, "B": place.buffer(0.001)}, source, START, END)


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
