"""The verbs of the evidence: estimate, fits, total, check, next, score, report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from osint.cli._arguments import add_verb
from osint.cli.main import print_answer, print_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osint.register import Register
    from osint.verdict import NextStep

USE = "use of the hall"
"""Reading that a site of the register may settle."""


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verbs to the parser."""
    p = add_verb(verbs, "estimate", _estimate, help="what some quantities allow for another")
    p.add_argument("target", help="quantity to estimate, as it_mw or chips; they are listed below")
    told = "33000, 33000㎡, 3.3万, 30000-40000 (90%%); NAME>=LOW or NAME<=HIGH"
    p.add_argument("--given", action="append", required=True, metavar="NAME=VALUE", help=told)
    p.add_argument("--chip", help="as H100, 昇腾910B or 'Nvidia H100'; without it the family is unknown")
    told = "as CN, China or 中国; sets the relations and the prior of the chip family; without it that of --site"
    p.add_argument("--country", help=told)
    p.add_argument("--site", help="take the country, the height and the use of the halls from this site")
    p.add_argument("--date", help="year or date: only chips that were sold by then")
    p.add_argument(
        "--fix", action="append", default=[], metavar="READING=OPTION", help="set a discrete unknown by hand"
    )
    p.set_defaults(more=_quantities)
    p = add_verb(verbs, "fits", _fits, help="what a number would need, against what is on file for a site")
    p.add_argument("site", metavar="SITE", help="id, name, owner or county")
    p.add_argument("number", metavar="NAME=VALUE", help="the number, as chips=115000 or pflops=6万P")
    p.add_argument("--chip", help="as H100, 昇腾910B or 'Nvidia H100'; without it the family is unknown")
    p.add_argument("--date", help="year or date: only chips that were sold by then")
    p.set_defaults(more=_quantities)
    p = add_verb(verbs, "total", _total, help="what several sites hold together, with shared errors")
    p.add_argument("sites", nargs="*", metavar="SITE", help="sites as typed; a total stands for its announced sites")
    p = add_verb(verbs, "check", _check, help="a finding for every claim, and the cross-checks of the documents")
    p.add_argument("names", nargs="*", metavar="SITE|CLAIM", help="sites or claims (C007) as typed; all sites without")
    p = add_verb(verbs, "next", _next, help="what to get next for a site, the most telling first")
    p.add_argument("site", metavar="SITE", help="id, name, owner or county")
    p.add_argument("--claim", help="claim id to test; the largest of chips or compute without it")
    add_verb(verbs, "score", _score, help="coverage and error of the model on systems whose truth is public")
    p = add_verb(verbs, "report", _report, help="write the page, tables, maps and figures for all sites")
    p.add_argument("--site", help="the page of this site and its parts alone, with the figures of each")
    p.add_argument("--out", help="folder; data/derived/report without it")


def _register(args: argparse.Namespace) -> Register:
    from osint.register import load_register

    return load_register(args.data)


def _estimate(args: argparse.Namespace) -> None:
    from osint import model
    from osint.register import one_site

    register = _register(args)
    givens = [model.parse_given(text) for text in args.given]
    fixed, country, height = dict(_pair(text) for text in args.fix), args.country, None
    if args.site:
        site = one_site(register, args.site)
        country, height = country or site.country, site.elevation_m
        fixed = {**({USE: site.hall_use} if site.hall_use else {}), **fixed}
    known: dict[str, Any] = {"chip": args.chip, "country": country, "date": args.date, "elevation_m": height}
    answer = model.estimate(args.target, givens, fixed=fixed, register=register, **known)
    print_answer(args, answer.to_dict(), answer.text())


def _fits(args: argparse.Namespace) -> None:
    from osint import model

    found = model.fits(args.site, model.parse_given(args.number), _register(args), chip=args.chip, date=args.date)
    print_answer(args, found.to_dict(), found.text())


def _quantities() -> str:
    """Return the quantities of the model as a list for the help."""
    from osint.register import QUANTITIES

    return "quantities:\n" + "\n".join(f"  {name:<22} {q.unit}" for name, q in QUANTITIES.items())


def _pair(text: str) -> tuple[str, str]:
    """Read READING=OPTION."""
    from osint.errors import BadInputError

    name, equals, option = text.partition("=")
    if not equals:
        raise BadInputError(f"{text!r} is not READING=OPTION, as 'use of the hall=AI alone'")
    return name.strip(), option.strip()


def _total(args: argparse.Namespace) -> None:
    from osint import model
    from osint.register import one_site, split_names

    register = _register(args)
    found = model.total([one_site(register, word).site_id for word in split_names(args.sites)], register)
    print_answer(args, {"totals": [t.to_dict() for t in found]}, model.totals_text(found))


def _check(args: argparse.Namespace) -> None:
    from osint import case, verdict
    from osint.register import named

    opened = case.open_case(args.data)
    asked = named(opened.register, args.names)
    sites = {claim.site_id for claim in opened.dossier.all_claims if claim.claim_id in asked[1]} | set(asked[0])
    waiting = opened.review().waiting(sites)
    if args.json:
        findings, checks = verdict.check_rows(opened.dossier, *asked)
        print_rows("findings", findings, {"checks": checks, "in_review": waiting})
        return
    text = verdict.check(opened.dossier, *asked).text()
    print("\n\n".join(filter(None, (text, waiting))))


def _next(args: argparse.Namespace) -> None:
    from osint import verdict
    from osint.register import one_claim, one_site

    register = _register(args)
    site_id = one_site(register, args.site).site_id
    claim_id = one_claim(register, args.claim, site_id) if args.claim else None
    steps = verdict.next_steps(site_id, register, claim_id)
    table = {"site_id": site_id, "next": verdict.steps_frame(steps).to_dict("records")}
    print_answer(args, table, "\n".join([_asked_for(steps, site_id, register), *(step.text() for step in steps)]))


def _asked_for(steps: Sequence[NextStep], site_id: str, register: Register) -> str:
    """Return the site and the claim that the steps would test, in one line."""
    from osint import verdict

    name = register.site(site_id)["name_en"]
    claims = {step.for_claim for step in steps} - {""}
    rows = register.claims[register.claims["claim_id"].isin(claims)].to_dict("records")
    tested = "; to test " + "; ".join(map(verdict.claim_line, rows)) if rows else ""
    return f"{site_id}  {name}{tested}"


def _score(args: argparse.Namespace) -> None:
    from osint import model

    scored = model.score(_register(args))
    tables = {"summary": scored.summary.to_dict("records"), "rows": scored.rows.to_dict("records")}
    print_answer(args, tables, scored.text())


def _report(args: argparse.Namespace) -> None:
    from osint import files, report
    from osint.register import data_dir

    if args.site:
        from osint import case  # loads what reads pictures and filings

        page = case.open_case(args.data).site(args.site).report(args.out)
        print_answer(args, {"page": str(page)}, f"page: {page}")
        return
    if not args.out:
        files.check_case(data_dir(args.data))
    made = report.write_report(
        _register(args), args.out or data_dir(args.data) / "derived" / "report", data_dir(args.data)
    )
    sentences = made.answer.sentences()
    tables = {"page": str(made.page), "answer": list(sentences), "sites": made.summary.to_dict("records")}
    print_answer(args, tables, f"{made.summary.to_string(index=False)}\n\n{made.answer.text()}\n\npage: {made.page}")
