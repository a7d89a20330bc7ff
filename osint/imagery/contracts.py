"""What each catalogue, tile host and map must answer for its adapter to read it."""

from __future__ import annotations

import math
from urllib.parse import urlencode

import shapely

from osint.errors import UnreadableError
from osint.http import Answer, Contract, Need, Request, read_json
from osint.imagery import items
from osint.imagery.catalogue import CATALOGUES, default_collection
from osint.imagery.osm_power import SERVER
from osint.imagery.read import SAS_TOKENS
from osint.imagery.webmap import LAYERS, WAYBACK_LIST, read_releases

_JPEG = (b"\xff\xd8\xff",)
_FIRST = ("features", 0)
_EARTH = shapely.box(-180, -90, 180, 90)
_LOOKED_AT = frozenset({"B02", "B03", "B04", "B08", "B11", "SCL"})
"""Bands by which a roof is found, dated and shown."""


def contracts() -> list[Contract]:
    """Return the contract of each catalogue, of the tokens, of each layer of tiles and of Overpass."""
    found = [_catalogue(name, address) for name, address in CATALOGUES.items()]
    token = (Need(("token",), "text"), Need(("msft:expiry",), "text"))
    found.append(Contract("planetary-computer tokens", Request(f"{SAS_TOKENS}/sentinel-2-l2a"), token))
    for name, layer in LAYERS.items():
        url = layer.template.format(z=0, x=0, y=0)
        found.append(Contract(name, Request(url), begins=_JPEG))
    found.append(Contract("esri-wayback", Request(WAYBACK_LIST), (Need((), "object"),), reads=_releases))
    return [*found, _overpass()]


def _releases(answer: Answer) -> str:
    try:
        read_releases(answer.body or b"")
    except UnreadableError as error:
        return str(error)
    return ""


def _catalogue(name: str, address: str) -> Contract:
    query = urlencode({"collections": default_collection(address), "limit": 1})
    needs = (
        Need(("features",), "list"),
        Need((*_FIRST, "id"), "text"),
        Need((*_FIRST, "collection"), "text"),
        Need((*_FIRST, "geometry"), "object"),
        Need((*_FIRST, "properties", "datetime"), "text"),
        Need((*_FIRST, "assets"), "object"),
        Need(("links",), "list"),
    )

    def reads(answer: Answer) -> str:
        faults: dict[str, None] = {}
        for item in read_json(answer.body or b"")["features"]:
            try:
                scene = items.read_item(item, _EARTH, address)
            except UnreadableError as error:
                return str(error)
            lacking = sorted(_LOOKED_AT - scene.hrefs.keys())
            faults |= {f"no address of {', '.join(lacking)} is there": None} if lacking else {}
            faults |= {"eo:cloud_cover is not there": None} if math.isnan(scene.cloud_pct) else {}
            faults |= {"nothing states which offset its numbers have": None} if math.isnan(scene.offset) else {}
        return "; ".join(faults)

    return Contract(name, Request(f"{address}/search?{query}"), needs, reads=reads)


def _overpass() -> Contract:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"data": "[out:json][timeout:5];node(1);out;"}).encode()
    needs = (Need(("elements",), "list"), Need(("osm3s", "timestamp_osm_base"), "text"))
    return Contract("overpass", Request(SERVER, "POST", form, body), needs)
