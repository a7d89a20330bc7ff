"""Find a site by what a person calls it: its id, a name in any script, its owner or county, or part of these."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from osint.errors import BadInputError, NotFoundError
from osint.register.records import SiteRow
from osint.register.tables import Register
from osint.register.vocabulary import NEAR, folded

LISTED = 12
"""Sites that a message lists."""
NEAR_SHARE = 0.6
"""Likeness from which a name is offered for one that is not known."""
_ID = re.compile(r"([^\W\d_]+)[\s_-]*0*(\d+)")
_NAMES = ("name_display", "name_en", "name_zh")
_PLACES = ("operator_owner", "county", "prefecture")


def find_sites(register: Register, text: str) -> tuple[SiteRow, ...]:
    """Return the sites that a person may mean, in the order of the table; none is chosen among several.

    The first of these that any site answers to counts: its id (in any case, zeros may be missing); a whole name,
    English or Chinese; part of a name; part of the owner, the county or the prefecture. Width and case of letters
    do not matter. Raises BadInputError for an empty text.
    """
    wanted = folded(text)
    if not wanted:
        raise BadInputError("name a site: its id, a name in English or Chinese, its owner or its county")
    rows = register.sites.to_dict("records")
    for fits in (_is_id, _is_name, _in_name, _in_place):
        found = [row for row in rows if fits(row, wanted)]
        if found:
            return tuple(map(SiteRow.from_row, found))
    return ()


def one_site(register: Register, text: str) -> SiteRow:
    """Return the one site that a text names; see `find_sites`.

    Raises NotFoundError with near names where no site answers to it, BadInputError with the list where several do.
    """
    found = find_sites(register, text)
    if len(found) == 1:
        return found[0]
    if found:
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        listed = "; ".join(f"{site.site_id} {site.name_display or site.name_en}" for site in found[:LISTED])
        raise BadInputError(f"{text!r} names {len(found)} sites, say which: {listed}{more}")
    raise NotFoundError(f"no site answers to {text!r} in sites.csv{_near(register, text)}")


def _near(register: Register, text: str) -> str:
    """Return what is spelt nearly so, or where the list is, as the end of a message."""
    names: dict[str, str] = {}
    for row in register.sites.to_dict("records"):
        for column in ("site_id", *_NAMES, *_PLACES):
            whole = str(row[column])
            for name in {whole, *re.split(r"[/,;()\s]+", whole)} - {""}:
                names.setdefault(folded(name), f"{row['site_id']} {row['name_display'] or row['name_en']}")
    offered = "; ".join(dict.fromkeys(names[name] for name in near(folded(text), names)))
    if offered:
        return f"; spelt nearly so: {offered}"
    return "; `osint check` without a site lists all of them" if len(register.sites) else ", which holds none yet"


def id_key(text: str) -> str:
    """Return what the spellings of one id have in common: one case and width, no zeros before its number.

    >>> id_key("c7") == id_key("C007") == id_key("C-07")
    True
    """
    plain = folded(text)
    found = _ID.fullmatch(plain)
    return f"{found[1]}{found[2]}" if found else plain


def near(text: str, names: Iterable[str]) -> list[str]:
    """Return the names that are spelt nearly as a text, the nearest first."""
    return difflib.get_close_matches(text, names, NEAR, NEAR_SHARE)


def _is_id(row: dict[str, object], wanted: str) -> bool:
    return id_key(str(row["site_id"])) == id_key(wanted)


def _is_name(row: dict[str, object], wanted: str) -> bool:
    return any(wanted == folded(str(row[column])) for column in _NAMES)


def _in_name(row: dict[str, object], wanted: str) -> bool:
    return any(_part(wanted, folded(str(row[column]))) for column in _NAMES)


def _in_place(row: dict[str, object], wanted: str) -> bool:
    return any(_part(wanted, folded(str(row[column]))) for column in _PLACES)


def _part(wanted: str, whole: str) -> bool:
    """Say whether a text stands in another one, in Latin letters from the beginning of a word."""
    return re.search(rf"(?<![a-z0-9]){re.escape(wanted)}", whole) is not None
