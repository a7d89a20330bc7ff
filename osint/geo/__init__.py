"""Places: datums, precision, areas, and outlines in and out.

Outlines are shapely geometries in degrees (longitude, latitude; WGS-84) unless a table of them names another CRS.
"""

from osint.geo.datums import (
    DATUMS,
    WGS84,
    bd_to_gcj,
    datum_named,
    gcj_to_bd,
    gcj_to_wgs,
    in_china,
    precision_km,
    to_wgs,
    wgs_to_gcj,
)
from osint.geo.outlines import Place, area_m2, as_geometry, circles, disc, places, with_area
from osint.geo.reading import SUFFIXES, read_features, read_outlines
from osint.geo.typed import read_point, stated_point
from osint.geo.writing import to_geojson, to_kml, write_outlines

__all__ = [
    "DATUMS",
    "SUFFIXES",
    "WGS84",
    "Place",
    "area_m2",
    "as_geometry",
    "bd_to_gcj",
    "circles",
    "datum_named",
    "disc",
    "gcj_to_bd",
    "gcj_to_wgs",
    "in_china",
    "places",
    "precision_km",
    "read_features",
    "read_outlines",
    "read_point",
    "stated_point",
    "to_geojson",
    "to_kml",
    "to_wgs",
    "wgs_to_gcj",
    "with_area",
    "write_outlines",
]
