"""Pictures of a place: find scenes in STAC catalogues, read only the bytes that matter onto one grid, draw them.

Also a folder of the user's own pictures, map tiles with their date and terms, and the power network as
OpenStreetMap has it. Places are outlines or points in degrees.
"""

from osint.imagery.before_after import Pair, Swipe, choose_pair, clearest_scene, draw_pair, pair_between, save_figure
from osint.imagery.catalogue import (
    CATALOGUES,
    EARTH_SEARCH,
    SceneList,
    block_of,
    block_scenes,
    default_collection,
    forget_blocks,
    list_scenes,
    scenes,
)
from osint.imagery.grid import Grid, areal_scale, mercator_scale, utm_epsg, utm_grid
from osint.imagery.items import OFFSET, OFFSET_SINCE, S2_NAMES
from osint.imagery.local import read_pictures, shift_px
from osint.imagery.osm_power import mapped_power
from osint.imagery.read import DARK_LIMIT, SCL_NAMES, read_bands
from osint.imagery.webmap import MapTiles, map_tiles, releases

__all__ = [
    "CATALOGUES",
    "DARK_LIMIT",
    "EARTH_SEARCH",
    "OFFSET",
    "OFFSET_SINCE",
    "S2_NAMES",
    "SCL_NAMES",
    "Grid",
    "MapTiles",
    "Pair",
    "SceneList",
    "Swipe",
    "areal_scale",
    "block_of",
    "block_scenes",
    "choose_pair",
    "clearest_scene",
    "default_collection",
    "draw_pair",
    "forget_blocks",
    "list_scenes",
    "map_tiles",
    "mapped_power",
    "mercator_scale",
    "pair_between",
    "read_bands",
    "read_pictures",
    "releases",
    "save_figure",
    "scenes",
    "shift_px",
    "utm_epsg",
    "utm_grid",
]
