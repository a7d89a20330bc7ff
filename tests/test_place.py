"""How probable it is that what was seen is the place: the mechanics against worlds drawn by the assumed process."""

import datetime as dt
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import shapely

from osint import geo
from osint.change import place, whereabouts
from osint.change.place import (
    Candidate,
    Expected,
    Identification,
    Identified,
    Search,
    SiteEvidence,
    by_hand,
)
from osint.change.roof import AreaInterval
from osint.change.whereabouts import INSIDE_SHARE, PlaceSource, PlaceStatement, site_statement
from osint.errors import OsintError

LON, LAT = 94.70, 43.25
START, END = "2023-01-01", "2025-12-31"
DAY = dt.date.fromisoformat


def statement(radius_m=3000.0, said_by=PlaceSource.SITE, east_m=0.0):
    lon, lat = moved(east_m, 90)
    return PlaceStatement(said_by, lon, lat, radius_m)


def moved(metres, azimuth):
    lon, lat, _ = geo.WGS84.fwd(LON, LAT, azimuth, metres)
    return lon, lat


def search(share=1.0, others=0, radius_m=3000.0):
    return Search(geo.disc(LON, LAT, radius_m), share, START, END, others)


def p_of(evidence, *candidates):
    return [one.p_place for one in evidence.of_candidates(candidates)]


HERE = Candidate(LON, LAT)
MATCHING = Candidate(LON, LAT, (DAY("2024-05-20"), DAY("2024-06-10")), AreaInterval(10_000, 11_000, 12_000))
CLAIMED = Expected(("C036", "C031"), (DAY("2024-03-01"), DAY("2024-08-31")), (8_000.0, 16_000.0))


def test_without_a_statement_of_the_place_nothing_is_known():
    assert SiteEvidence((), search(), CLAIMED).of_candidates([MATCHING]) == (None,)
    assert SiteEvidence((), search()).of_ground() is None
    assert SiteEvidence((statement(),)).of_ground() is None
    assert SiteEvidence((statement(),), search(0.0)).of_ground() is None


@pytest.mark.parametrize("said_by", list(PlaceSource))
@pytest.mark.parametrize("radius_m", [200.0, 3000.0, 60_000.0])
def test_the_stated_radius_holds_its_share_and_the_density_adds_up_to_one(said_by, radius_m):
    one = statement(radius_m, said_by)
    inside = INSIDE_SHARE[said_by]
    assert SiteEvidence((one,)).mass(geo.disc(LON, LAT, radius_m)) == pytest.approx(inside, abs=0.005)
    # an independent integral: rings of the density, up to 200 radii
    edges = np.concatenate([np.linspace(0, 1, 50), np.geomspace(1, 200, 4000)[1:]]) * radius_m
    middle, ring_km2 = (edges[1:] + edges[:-1]) / 2, np.pi * np.diff(edges**2) / 1e6
    assert (one.density_per_km2(middle) * ring_km2).sum() == pytest.approx(1 - (1 - inside) / 200, abs=0.003)


def test_two_statements_meet_where_both_are_right():
    wide, near = statement(15_000), statement(300, PlaceSource.REPORTER, east_m=6000)
    both = SiteEvidence((wide, near))
    lon, lat = moved(6000, 90)
    assert both.mass(geo.disc(lon, lat, 300)) > SiteEvidence((near,)).mass(geo.disc(lon, lat, 300))
    # the density of both is that of one statement within the other: numeric against the product by hand
    product = near.density_per_km2(0) * wide.density_per_km2(6000)
    total = both.density_per_km2(lon, lat)
    assert product / total == pytest.approx(wide.density_per_km2(6000), rel=0.1)


@pytest.mark.parametrize("said_by", list(PlaceSource))
def test_a_rival_and_what_was_not_searched_lower_the_probability(said_by):
    evidence = SiteEvidence((statement(said_by=said_by),), search())
    alone = p_of(evidence, HERE)[0]
    rivals = [p_of(evidence, HERE, *[replace(HERE, lon=LON + 0.01)] * n)[0] for n in range(4)]
    counted = [p_of(replace(evidence, search=search(others=n)), HERE)[0] for n in range(4)]
    shares = [p_of(replace(evidence, search=search(share)), HERE)[0] for share in (1.0, 0.7, 0.3, 0.0)]
    beside = [p_of(replace(evidence, rivals=(replace(HERE, lon=LON + 0.01),) * n), HERE)[0] for n in range(4)]
    assert beside == rivals
    for falling in (rivals, counted, shares):
        assert falling[0] == alone and all(a > b for a, b in itertools.pairwise(falling))
    assert rivals == pytest.approx(counted, abs=0.01)


def test_each_piece_moves_it_the_way_it_should():
    evidence = SiteEvidence((statement(),), search(), CLAIMED)
    plain, matching = p_of(evidence, HERE)[0], p_of(evidence, MATCHING)[0]
    other_day = replace(MATCHING, roofed=(DAY("2025-05-20"), DAY("2025-06-10")))
    too_small = replace(MATCHING, roof=AreaInterval(2_500, 2_800, 3_100))
    assert p_of(evidence, other_day)[0] < matching > p_of(evidence, too_small)[0]
    assert plain < matching
    for by in Identified:
        named = replace(HERE, identified=(Identification(by, "seen in person"),))
        assert p_of(evidence, named)[0] > plain
    one = replace(HERE, identified=(Identification(Identified.WITNESS, "a driver"),))
    same = replace(HERE, identified=one.identified * 2)
    two = replace(HERE, identified=(*one.identified, Identification(Identified.WITNESS, "a reporter")))
    assert p_of(evidence, one) == p_of(evidence, same) < p_of(evidence, two)
    near = SiteEvidence((statement(), statement(200, PlaceSource.MAP)), search())
    far = SiteEvidence((statement(), statement(200, PlaceSource.MAP, east_m=2000)), search())
    assert p_of(far, HERE)[0] < plain < p_of(near, HERE)[0]


def test_no_evidence_makes_it_certain_and_the_reason_names_all_of_it():
    marks = tuple(Identification(by, f"{by} of the park") for by in Identified)
    evidence = SiteEvidence((statement(100), statement(100, PlaceSource.MAP)), search(radius_m=1000), CLAIMED)
    (best,) = evidence.of_candidates([replace(MATCHING, identified=marks)])
    assert best.p_place == place.P_PLACE_MOST < 1
    for said in (
        "register",
        "map",
        "C036",
        "11,000 m2",
        "signboard of the park",
        "100% of 3.1 km2",
        "never above 0.98",
    ):
        assert said in best.reason
    odds = place.STANDS * place.DETECTED * math.prod(piece.ratio for piece in best.pieces)
    assert odds > 50


def test_a_county_seat_confirms_nothing_and_a_well_known_point_nearly_does():
    seat, known = SiteEvidence((statement(15_000),)), SiteEvidence((statement(200),))
    assert p_of(seat, HERE)[0] < 0.01
    dated = replace(seat, search=search(0.6, radius_m=15_000), expected=CLAIMED)
    assert p_of(dated, MATCHING)[0] < 0.95
    assert 0.6 < p_of(known, HERE)[0] < 0.9
    assert p_of(replace(known, search=search(radius_m=750)), HERE)[0] > 0.9


def test_ground_on_which_nothing_was_found_is_as_sure_as_its_circle_at_most():
    ground = SiteEvidence((statement(),), search(0.8)).of_ground()
    whole = SiteEvidence((statement(),), search(0.3)).of_ground()
    assert ground.p_place == whole.p_place  # the share that was seen is a column of its own
    assert ground.p_place == pytest.approx(0.9 * place.DETECTED * place.NEW_BUILDING, abs=0.01)
    half = shapely.box(LON - 1, LAT, LON + 1, LAT + 1)
    part = SiteEvidence((statement(),), Search(half, 1.0, START, END)).of_ground()
    assert part.p_place == pytest.approx(0.5 * place.DETECTED * place.NEW_BUILDING, abs=0.01)


def test_by_hand_needs_a_person_and_a_reason_and_is_never_certain():
    stated = by_hand(0.95, "the gate bears its name in a picture of 2025", "A. Reader")
    assert stated.p_place == 0.95 and "A. Reader" in stated.reason and "gate" in stated.reason
    for wrong in ((1.0, "sure", "A. Reader"), (-0.1, "no", "A. Reader"), (0.9, " ", "A. Reader"), (0.9, "gate", "")):
        with pytest.raises(OsintError):
            by_hand(*wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: statement(0.0),
        lambda: statement(math.nan),
        lambda: PlaceStatement(PlaceSource.MAP, 43.25, 94.7, 100),
        lambda: search(1.1),
        lambda: search(0.5, others=-1),
        lambda: Expected(("C1",), (DAY("2025-01-02"), DAY("2025-01-01"))),
        lambda: Expected(("C1",), roof_m2=(5.0, 4.0)),
        lambda: Search(geo.disc(LON, LAT, 100), 0.5, "2025-01-01", "2024-01-01"),
    ],
)
def test_evidence_that_cannot_be_is_refused(wrong):
    with pytest.raises(OsintError):
        wrong()


def test_the_register_says_how_well_a_site_is_known(register):
    said = site_statement("XJ01", register)
    assert said.radius_m == 1000 * geo.precision_km(register.site("XJ01"))
    assert site_statement("QH07", register) is None


def drawn_world(rng, said, expected, rate, share):
    """Draw one site and the other roofs of its circle; return candidates and which of them is the site (-1: none)."""
    reach = said.radius_m
    area_km2 = np.pi * (reach / 1000) ** 2
    days = (DAY(END) - DAY(START)).days + 1

    def structure(metres, day, size):
        sd = 12.0
        middle = day + rng.normal(0, sd)
        span = [dt.date.fromordinal(round(middle + sign * 1.645 * sd)) for sign in (-1, 1)]
        size *= math.exp(rng.normal(0, 0.1))
        low, high = (size * math.exp(sign * 0.1645) for sign in (-1, 1))
        lon, lat = moved(metres, rng.uniform(0, 360))
        return Candidate(lon, lat, tuple(span), AreaInterval(round(low), round(size), round(high)))

    def anywhere():
        return reach * math.sqrt(rng.uniform()), DAY(START).toordinal() + days * rng.uniform(), 2000 / rng.uniform()

    found = [structure(*anywhere()) for _ in range(rng.poisson(rng.exponential(rate) * area_km2 * share))]
    site = -1
    inside = INSIDE_SHARE[said.said_by]
    if rng.uniform() < place.STANDS and rng.uniform() < inside and rng.uniform() < share * place.DETECTED:
        metres, day, size = anywhere()
        if rng.uniform() > place.CLAIM_WRONG_SHARE:
            first, last = (one.toordinal() for one in expected.roofed)
            day = rng.uniform(first, last + 1)
        if rng.uniform() > place.CLAIM_WRONG_SHARE:
            size = math.exp(rng.uniform(*map(math.log, expected.roof_m2)))
        site = int(rng.integers(len(found) + 1))
        found.insert(site, structure(metres, day, size))
    return found, site


def test_on_worlds_drawn_by_the_assumed_process_the_stated_probability_is_the_share_that_is_right(monkeypatch):
    """SIMULATED: the mechanics hold; whether the process is that of real ground it cannot say."""
    monkeypatch.setattr(place, "MOST_RATIO", math.inf)
    monkeypatch.setattr(whereabouts, "MAP_POINTS", 512)
    rng = np.random.default_rng(14)
    rate = place.NEW_ROOFS_PER_KM2_YEAR * ((DAY(END) - DAY(START)).days + 1) / 365.25
    stated, right = [], []
    for radius_m in (600.0, 1500.0, 4000.0):
        said = statement(radius_m)
        for share in (0.4, 0.75, 1.0):
            evidence = SiteEvidence((said,), search(share, radius_m=radius_m), CLAIMED)
            for _ in range(220):
                found, site = drawn_world(rng, said, CLAIMED, rate, share)
                stated += p_of(evidence, *found)
                right += [n == site for n in range(len(found))]
    stated, right = np.array(stated), np.array(right, float)
    assert len(stated) > 1500 and right.sum() > 350
    edges = (0, 0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.93, 0.981)
    gaps = []
    for low, high in itertools.pairwise(edges):
        inside = (stated >= low) & (stated < high)
        error = 3.5 * math.sqrt(stated[inside].mean() * (1 - stated[inside].mean()) / inside.sum())
        gaps.append((abs(stated[inside].mean() - right[inside].mean()), error))
    assert all(gap < error + 0.02 for gap, error in gaps), gaps
    assert abs(stated.sum() - right.sum()) < 4 * math.sqrt((stated * (1 - stated)).sum())
