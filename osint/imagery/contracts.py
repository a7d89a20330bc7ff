"""What each catalogue, tile host and map must answer for its adapter to read it."""

from __future__ import annotations

from urllib.parse import urlencode

from osint.http import Contract, Need, Request
from osint.imagery.catalogue import CATALOGUES, default_collection
from osint.imagery.osm_power import SERVER
from osint.imagery.read import SAS_TOKENS
from osint.imagery.webmap import LAYERS, WAYBACK_LIST

_JPEG = (b"\xff\xd8\xff",)
_FIRST = ("features", 0)


def contracts() -> list[Contract]:
    """Return the contract of each catalogue, of the tokens, of each layer of tiles and of Overpass."""
    found = [_catalogue(name, address) for name, address in CATALOGUES.items()]
    token = (Need(("token",), "text"), Need(("msft:expiry",), "text"))
    found.append(Contract("planetary-computer tokens", Request(f"{SAS_TOKENS}/sentinel-2-l2a"), token))
    for name, layer in LAYERS.items():
        url = layer.template.format(z=0, x=0, y=0)
        found.append(Contract(name, Request(url), begins=_JPEG))
    found.append(Contract("esri-wayback", Request(WAYBACK_LIST), (Need((), "object"),)))
    return [*found, _overpass()]


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
    return Contract(name, Request(f"{address}/search?{query}"), needs)


def _overpass() -> Contract:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"data": "[out:json][timeout:5];node(1);out;"}).encode()
    needs = (Need(("elements",), "list"), Need(("osm3s", "timestamp_osm_base"), "text"))
    return Contract("overpass", Request(SERVER, "POST", form, body), needs)
