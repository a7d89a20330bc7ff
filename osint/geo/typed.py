"""A place as a person types it, or pastes it from a map."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from osint.errors import BadInputError
from osint.geo.datums import check_on_globe, in_china, to_wgs

_NUMBER = r"([+-]?\d{1,3}(?:\.\d+)?)"
_PAIR = re.compile(rf"{_NUMBER}\s*[,;\s]\s*{_NUMBER}")
_LETTERED = tuple(
    re.compile(rf"{side}\s*[,;]?\s*{side}", re.IGNORECASE)
    for side in (r"([NSEW])\s*(\d{1,3}(?:\.\d+)?)\s*°?", r"(\d{1,3}(?:\.\d+)?)\s*°?\s*([NSEW])")
)
"""N43.255 E94.697, and 43.255N 94.697E."""


class _Link(NamedTuple):
    """How the address of a map writes a place."""

    host: str
    pattern: str
    lon_first: bool
    datum: str


_LINKS = (
    _Link("amap.com", rf"[?&](?:position|center|lnglat|location|to|dest)={_NUMBER},{_NUMBER}", True, "GCJ-02"),
    _Link("amap.com", rf"[?&]lng={_NUMBER}&lat={_NUMBER}", True, "GCJ-02"),
    _Link("amap.com", rf"[?&]lat={_NUMBER}&(?:lng|lon)={_NUMBER}", False, "GCJ-02"),
    _Link("amap.com", rf"[?&]q={_NUMBER},{_NUMBER}", False, "GCJ-02"),
    _Link("amap.com", rf"[?&]p=[^,&]*,{_NUMBER},{_NUMBER}", False, "GCJ-02"),
    _Link("baidu.com", rf"[?&](?:location|latlng|center)=(?:latlng:)?{_NUMBER},{_NUMBER}", False, "BD-09"),
    _Link("google", rf"!3d{_NUMBER}!4d{_NUMBER}", False, "WGS-84"),
    _Link("google", rf"/@{_NUMBER},{_NUMBER}", False, "WGS-84"),
    _Link("google", rf"[?&](?:q|ll|query)={_NUMBER},{_NUMBER}", False, "WGS-84"),
    _Link("openstreetmap.org", rf"[?&]mlat={_NUMBER}&mlon={_NUMBER}", False, "WGS-84"),
    _Link("openstreetmap.org", rf"#map=\d+(?:\.\d+)?/{_NUMBER}/{_NUMBER}", False, "WGS-84"),
)
"""Addresses of maps, the first that fits; Baidu's own are in metres of a grid of its own and are not read."""


def read_point(text: str, datum: str = "WGS-84") -> tuple[float, float]:
    """Return longitude and latitude in WGS-84 of a place that a person typed or pasted; see `stated_point`.

    >>> read_point("94.697,43.255"), read_point("N43.255 E94.697")
    ((94.697, 43.255), (94.697, 43.255))
    """
    return to_wgs(*stated_point(text, datum))


def stated_point(text: str, datum: str = "WGS-84") -> tuple[float, float, str]:
    """Return longitude, latitude and datum of a place as a person typed or pasted it, not converted.

    Read are `LON,LAT` in degrees of `datum`, `43.25N 94.70E` in any order, and the address of a place on Amap, Baidu,
    Google Maps or OpenStreetMap, which has the datum of its map whatever `datum` says. Raises BadInputError for what is
    none of these, is not on the globe, or looks as if the latitude came first.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if "://" in text or ".com/" in text:
        return _of_link(text)
    for written in _LETTERED:
        if lettered := written.fullmatch(text):
            return (*_by_letters(lettered.groups(), text), datum)
    found = _PAIR.fullmatch(text)
    if not found:
        raise BadInputError(f"{text!r} is no place; write LON,LAT in degrees, as 94.697,43.255, or paste a map's link")
    lon, lat = float(found[1]), float(found[2])
    check_on_globe(lon, lat)
    if not in_china(lon, lat) and in_china(lat, lon):
        raise BadInputError(
            f"lon {lon:.12g}, lat {lat:.12g} is far outside China, and exchanged it is inside; longitude first: did "
            f"you mean {lat:.12g},{lon:.12g}? (E{lon:.12g} N{lat:.12g} is taken as it stands)"
        )
    return lon, lat, datum


def _by_letters(groups: Sequence[str], text: str) -> tuple[float, float]:
    """Return longitude and latitude of two numbers, each beside the letter of its direction."""
    signed: dict[str, float] = {}
    for pair in (groups[:2], groups[2:]):
        letter, number = sorted(pair, key=lambda part: part[0].isdigit())
        axis = "lat" if letter.upper() in {"N", "S"} else "lon"
        signed[axis] = float(number) * (-1 if letter.upper() in {"S", "W"} else 1)
    if len(signed) != len(("lon", "lat")):
        raise BadInputError(f"{text!r} is no place; write one number with N or S and one with E or W")
    return signed["lon"], signed["lat"]


def _of_link(text: str) -> tuple[float, float, str]:
    """Return the place that the address of a map shows, and its datum."""
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError as error:
        raise BadInputError(f"{text[:80]!r} is no address ({error}); write LON,LAT in degrees") from error
    host, rest = address.hostname or "", unquote(f"{address.path}?{address.query}#{address.fragment}")
    for link in _LINKS:
        found = re.search(link.pattern, rest)
        if found and (f".{host}".endswith(f".{link.host}") or link.host in host.split(".")):
            one, other = float(found[1]), float(found[2])
            stated = re.search(r"coord_type=(\w+)", rest)
            datum = {"gcj02": "GCJ-02", "wgs84": "WGS-84"}.get(stated[1], link.datum) if stated else link.datum
            return (one, other, datum) if link.lon_first else (other, one, datum)
    if host.endswith("baidu.com"):
        raise BadInputError(
            f"{text[:80]!r} has metres of Baidu's own grid, which is not read; copy the degrees of the place from "
            "https://api.map.baidu.com/lbsapi/getpoint and give them with --datum bd09"
        )
    raise BadInputError(f"{text[:80]!r} shows no place that can be read; write LON,LAT, with --datum for gcj02 or bd09")
