"""Pictures of a place: find scenes in STAC catalogues, read only the bytes that matter onto one grid, draw them.

Also a folder of the user's own pictures, map tiles with their date and terms, and the power network as
OpenStreetMap has it. Places are outlines or points in degrees.
"""

from osint.imagery.before_after import (
    Pair,
    Swipe,
    choose_pair,
    draw_pair,
    pair_between,
    save_figure,
    swipe_sides,
)
from osint.imagery.catalogue import (
    CATALOGUES,
    EARTH_SEARCH,
    block_of,
    block_scenes,
    default_collection,
    forget_blocks,
    list_scenes,
    scenes,
)
from osint.imagery.classes import SceneClass, coarse_pixel_m
from osint.imagery.contracts import contracts
from osint.imagery.grid import Grid, utm_epsg, utm_grid
from osint.imagery.items import OFFSET, OFFSET_SINCE, S2_NAMES
from osint.imagery.listed import Remark, Scenes, pass_numbers
from osint.imagery.local import Pictures, read_pictures
from osint.imagery.osm_power import OSM_CREDIT, mapped_power
from osint.imagery.placing import place_pictures
from osint.imagery.read import BandReading, Failure, read_bands
from osint.imagery.sheet import Sheet, Shot, choose_sheet, draw_sheet, save_timelapse, sheet_between
from osint.imagery.webmap import changed_releases, map_tiles

__all__ = [
    "CATALOGUES",
    "EARTH_SEARCH",
    "OFFSET",
    "OFFSET_SINCE",
    "OSM_CREDIT",
    "S2_NAMES",
    "BandReading",
    "Failure",
    "Grid",
    "Pair",
    "Pictures",
    "Remark",
    "SceneClass",
    "Scenes",
    "Sheet",
    "Shot",
    "Swipe",
    "block_of",
    "block_scenes",
    "changed_releases",
    "choose_pair",
    "choose_sheet",
    "coarse_pixel_m",
    "contracts",
    "default_collection",
    "draw_pair",
    "draw_sheet",
    "forget_blocks",
    "list_scenes",
    "map_tiles",
    "mapped_power",
    "pair_between",
    "pass_numbers",
    "place_pictures",
    "read_bands",
    "read_pictures",
    "save_figure",
    "save_timelapse",
    "scenes",
    "sheet_between",
    "swipe_sides",
    "utm_epsg",
    "utm_grid",
]
