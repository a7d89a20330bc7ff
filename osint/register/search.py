"""Find claims by what a person types: an id in any spelling, a site, or a word of the quote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from osint.errors import BadInputError, NotFoundError
from osint.register.names import find_sites, id_key, near, one_site
from osint.register.records import known_km
from osint.register.tables import Register
from osint.register.vocabulary import chip_families

_SEARCHED = ("claim_id", "claimant", "source_publisher", "quote", "translation", "chip_model", "quantity_kind", "part")


def split_names(words: Iterable[str]) -> list[str]:
    """Return what a person typed as single names: commas and 、 part them, empty ones are dropped.

    >>> split_names(["XJ01,xj7", "伊吾、哈密"])
    ['XJ01', 'xj7', '伊吾', '哈密']
    """
    parts = (part.strip() for word in words for part in re.split(r"[,，、;；]", word))
    return [part for part in parts if part]


def match_id(text: str, ids: Iterable[str]) -> str:
    """Return the id that a text spells, in any case and with or without leading zeros; empty if none.

    >>> match_id("c7", ["C007", "C070"])
    'C007'
    """
    wanted = id_key(text)
    return next((one for one in ids if id_key(one) == wanted), "")


def near_ids(text: str, ids: Iterable[str]) -> list[str]:
    """Return the ids that are spelt nearly as a text, the nearest first."""
    keys = {id_key(one): one for one in ids}
    return [keys[key] for key in near(id_key(text), keys)]


def one_claim(register: Register, text: str, site_id: str = "") -> str:
    """Return the id of the claim that a text spells; with `site_id` it must be a claim of that site.

    Raises NotFoundError with near ids for a claim that is not on file, and BadInputError that says where it belongs
    for a claim of another site.
    """
    sites = dict(zip(register.claims["claim_id"], register.claims["site_id"], strict=True))
    claim_id = match_id(text, sites)
    if not claim_id:
        close = near_ids(text, sites)
        offered = f"; spelt nearly so: {', '.join(close)}" if close else ""
        raise NotFoundError(f"there is no claim {text!r} in claims.csv{offered}; `osint claims SITE` lists them")
    if site_id and sites[claim_id] != site_id:
        own = sites[claim_id]
        name = register.site(own)["name_display"] or register.site(own)["name_en"]
        raise BadInputError(f"{claim_id} is a claim of {own} ({name}), not of {site_id}; name a claim of {site_id}")
    return claim_id


def named(register: Register, words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the site ids and the claim ids that a person typed, each once, in the order typed.

    A word is the id of a claim, or what `one_site` takes. Raises NotFoundError for what is neither.
    """
    sites: list[str] = []
    claims: list[str] = []
    for word in split_names(words):
        claim = match_id(word, register.claims["claim_id"])
        if claim or re.fullmatch(r"[Cc]\d+", word):
            claims.append(claim or one_claim(register, word))
        else:
            sites.append(one_site(register, word).site_id)
    return list(dict.fromkeys(sites)), list(dict.fromkeys(claims))


def find_claims(register: Register, text: str = "") -> pd.DataFrame:
    """Return the rows of claims.csv for an id, for every site that a text names, or with the text in their words.

    An empty text gives all. The first of the three that finds any counts. Columns are those of claims.csv.
    """
    table = register.claims
    if not text.strip():
        return table
    if claim := match_id(text, table["claim_id"]):
        return table[table["claim_id"] == claim]
    of_sites = table["site_id"].isin([site.site_id for site in find_sites(register, text)])
    if of_sites.any():
        return table[of_sites]
    families = set(chip_families(text))
    named_by = [set(chip_families(model)) for model in table["chip_model"]]
    held = pd.Series([bool(own) and own <= families for own in named_by], table.index)
    wanted = _words(text)
    for column in _SEARCHED:
        held |= table[column].map(_words).str.contains(wanted, regex=False)
    return table[held]


def _words(text: str) -> str:
    """Return a text in one case and width, without the commas that part thousands."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", unicodedata.normalize("NFKC", text).casefold())


def list_sites(register: Register, text: str) -> set[str]:
    """Return the ids of the sites to list for a text: those of `find_sites`, and all of a province."""
    wanted = _words(text)
    province = register.sites["province"].map(_words) == wanted
    return {site.site_id for site in find_sites(register, text)} | set(register.sites["site_id"][province])


def _known(row: Mapping[str, Any]) -> float | None:
    stated = row["coord_precision_km"]
    return None if pd.isna(stated) else known_km(float(stated), row["datum"], row["country"])


def sites_overview(register: Register, site_ids: Iterable[str] = ()) -> list[dict[str, object]]:
    """Return one row for each site, or for those that are named, in the order of the table.

    Columns: site_id, name, name_zh, county, precision_km (None if not known), claims, observations.
    """
    wanted = set(site_ids)
    counts = {name: getattr(register, name)["site_id"].value_counts() for name in ("claims", "observations")}
    return [
        {
            "site_id": row["site_id"],
            "name": row["name_display"] or row["name_en"],
            "name_zh": row["name_zh"],
            "county": row["county"] or row["prefecture"] or row["province"],
            "precision_km": _known(row),
            **{name: int(count.get(row["site_id"], 0)) for name, count in counts.items()},
        }
        for row in register.sites.to_dict("records")
        if not wanted or row["site_id"] in wanted
    ]
