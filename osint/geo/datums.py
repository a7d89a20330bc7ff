"""Datums of coordinates, and what is on the globe.

China publishes coordinates in GCJ-02 (a published algorithm of unknown authorship, about 0.2 km off
WGS-84 in Xinjiang) or BD-09 (Baidu, about 1.1 km off). A coordinate whose datum is unknown is left where it
is and its precision is widened by the largest of the two errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pyproj import Geod

from osint.errors import BadInputError
from osint.register import known_km

DATUMS = ("WGS-84", "GCJ-02", "BD-09", "unknown")
WGS84 = Geod(ellps="WGS84")
ARCTIC_DEG = 72.0
"""Latitude from which a place is taken for one with longitude and latitude exchanged, if that is in or about China."""
ANTARCTIC_DEG = -66.6
"""Latitude from which on southwards nothing is built that is looked for here: the two are exchanged."""
_A = 6378245.0  # Krasovsky 1940, as GCJ-02 uses it
_EE = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0
_MAPS = {"amap": "GCJ-02", "gaode": "GCJ-02", "高德": "GCJ-02", "tencent": "GCJ-02", "baidu": "BD-09", "百度": "BD-09"}
"""Datum of the coordinates that a map shows, by its name."""


def in_china(lon: float, lat: float) -> bool:
    """Say whether GCJ-02 applies its offset: the rectangle of the published algorithm."""
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271


def wgs_to_gcj(lon: float, lat: float) -> tuple[float, float]:
    """Convert degrees of WGS-84 to GCJ-02; unchanged outside China."""
    if not in_china(lon, lat):
        return lon, lat
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(abs(x)) + wave
    d_lat += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(abs(x)) + wave
    d_lon += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    d_lon += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1 - _EE * np.sin(phi) ** 2
    d_lat = d_lat * 180.0 / ((_A * (1 - _EE)) / (magic * np.sqrt(magic)) * np.pi)
    d_lon = d_lon * 180.0 / (_A / np.sqrt(magic) * np.cos(phi) * np.pi)
    return float(lon + d_lon), float(lat + d_lat)


def gcj_to_wgs(lon: float, lat: float) -> tuple[float, float]:
    """Convert degrees of GCJ-02 to WGS-84, good to under 1 mm."""
    return _undone(wgs_to_gcj, lon, lat)


def gcj_to_bd(lon: float, lat: float) -> tuple[float, float]:
    """Convert degrees of GCJ-02 to BD-09."""
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD)
    return float(z * np.cos(theta) + 0.0065), float(z * np.sin(theta) + 0.006)


def bd_to_gcj(lon: float, lat: float) -> tuple[float, float]:
    """Convert degrees of BD-09 to GCJ-02, good to under 1 mm."""
    return _undone(gcj_to_bd, lon, lat)


def _undone(convert: Callable[[float, float], tuple[float, float]], lon: float, lat: float) -> tuple[float, float]:
    """Return the place that `convert` moves to this one, by fixed-point iteration."""
    x, y = lon, lat
    for _ in range(30):
        new_lon, new_lat = convert(x, y)
        x, y = x + lon - new_lon, y + lat - new_lat
        if abs(new_lon - lon) + abs(new_lat - lat) < 1e-11:
            break
    return x, y


def to_wgs(lon: float, lat: float, datum: str) -> tuple[float, float]:
    """Convert any datum of DATUMS to WGS-84; unknown is returned as it is (see `precision_km`).

    >>> [round(v, 4) for v in to_wgs(116.404, 39.915, "BD-09")]
    [116.3914, 39.9073]
    """
    if datum not in DATUMS:
        raise BadInputError(f"the datum {datum!r} is not known; use one of {', '.join(DATUMS)}")
    check_on_globe(lon, lat)
    if datum == "BD-09":
        lon, lat = bd_to_gcj(lon, lat)
    return gcj_to_wgs(lon, lat) if datum in {"BD-09", "GCJ-02"} else (lon, lat)


def check_on_globe(lon: float, lat: float) -> None:
    """Raise BadInputError for degrees that are not on the globe, or where nothing is built: the two are exchanged."""
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        where = f"lon {lon:.12g}, lat {lat:.12g} is not on the globe"
        exchanged = "; the two may be exchanged" if abs(lat) > 90 else ""
        meant = f"; did you mean {lat:.12g},{lon:.12g}?" if abs(lat) > 90 and abs(lat) <= 180 and abs(lon) <= 90 else ""
        raise BadInputError(f"{where}{exchanged}; longitude first (-180 to 180), then latitude (-90 to 90){meant}")
    arctic = lat >= ARCTIC_DEG and in_china(lat, lon)
    if arctic or lat <= ANTARCTIC_DEG:
        where = "the Arctic" if arctic else "the Antarctic"
        raise BadInputError(
            f"lon {lon:.12g}, lat {lat:.12g} is in {where}: longitude first; did you mean {lat:.12g},{lon:.12g}?"
        )


def datum_named(text: str) -> str:
    """Return the datum of DATUMS that a person names: its name in any spelling, or a map that uses it.

    >>> datum_named("gcj02"), datum_named("百度")
    ('GCJ-02', 'BD-09')
    """
    key = "".join(one for one in text.casefold() if one.isalnum())
    names = {"".join(one for one in datum.casefold() if one.isalnum()): datum for datum in DATUMS} | _MAPS
    if key not in names:
        raise BadInputError(f"the datum {text!r} is not known; use one of {', '.join(DATUMS)}, or amap or baidu")
    return names[key]


def precision_km(site: Mapping[str, Any] | pd.Series) -> float:
    """Return how well the place of a row of sites is known, as `register.known_km` says it; NaN without one."""
    return known_km(float(site["coord_precision_km"]), site["datum"], site["country"])
