"""The verbs that look: sites, claims, show."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from osint.cli._arguments import add_verb
from osint.cli.main import print_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osint.archive import Entry


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `sites`, `claims` and `show`."""
    p = add_verb(verbs, "sites", _sites, help="the sites on file, or those that a word names")
    told = "id, name in English or Chinese, owner or county, or a part of one; all without it"
    p.add_argument("words", nargs="*", metavar="WORD", help=told)
    p = add_verb(verbs, "claims", _claims, help="the claims of a site, or those with a word in quote, claimant or chip")
    p.add_argument("words", nargs="*", metavar="SITE|WORD", help="a site as typed, or a word; all without it")
    p = add_verb(verbs, "show", _show, help="all of one row: quote, source, finding, arithmetic, what rests on it")
    told = "a site, a claim (C007), an observation (O002), a group (G001), a relation, a chip, a digest of a capture"
    p.add_argument("ids", nargs="+", metavar="ID", help=told)


def _sites(args: argparse.Namespace) -> None:
    from osint import register as tables
    from osint.errors import NotFoundError
    from osint.register import km_text, list_sites, load_register, one_site, split_names
    from osint.shown import table_text

    register = load_register(args.data)
    wanted = {site_id for word in split_names(args.words) for site_id in list_sites(register, word)}
    if args.words and not wanted:
        one_site(register, " ".join(args.words))  # says what is spelt nearly so
        raise NotFoundError("no site answers to what was typed")
    rows = tables.sites_overview(register, wanted)
    heads = ("id", "name", "Chinese name", "county", "known to", "claims", "seen")
    known = (km_text(km) if isinstance(km := row["precision_km"], float) else "" for row in rows)
    cells = [[str(v) for v in {**row, "precision_km": near}.values()] for row, near in zip(rows, known, strict=True)]
    print_answer(
        args,
        {"sites": rows},
        f"{table_text(heads, cells)}\n{len(rows)} site{'s' * (len(rows) != 1)}; `osint show ID` has all of one",
    )


def _claims(args: argparse.Namespace) -> None:
    from osint.errors import NotFoundError
    from osint.register import Claim, find_claims, load_register
    from osint.shown import table_text

    register = load_register(args.data)
    text = " ".join(args.words)
    table = find_claims(register, text)
    if table.empty:
        raise NotFoundError(
            f"no claim is of a site {text!r} or has {text!r} in its words; `osint sites` lists the sites"
        )
    rows = table.to_dict("records")
    cells = []
    for row in rows:
        claim = Claim.from_row(row)
        said = claim.told()
        chip = f", {claim.chip_model}" if claim.chip_model else ""
        when = claim.date.text if claim.date else "undated"
        words = claim.translation or claim.quote
        cells.append([claim.claim_id, claim.site_id, when, f"{said}{chip}", claim.claimant, words])
    heads = ("id", "site", "date", "claimed", "by", "words")
    told = f"{len(rows)} claims; `osint show ID` has the quote, the source and the finding"
    print_answer(args, {"claims": rows}, f"{table_text(heads, cells)}\n{told}")


def _show(args: argparse.Namespace) -> None:
    from osint import verdict
    from osint.register import load_register, split_names

    register = load_register(args.data)
    found = [verdict.about(name, register, _captures(args)) for name in split_names(args.ids)]
    print_answer(args, {"rows": [one.to_dict() for one in found]}, "\n\n".join(one.text() for one in found))


def _captures(args: argparse.Namespace) -> Iterator[Entry]:
    """Yield the captures of the case, if it has an archive; nothing is made or repaired."""
    from osint import archive

    folder = archive.captures_directory(args.data)
    if folder.is_dir():
        yield from archive.Archive(folder).open(make=False).entries()
