"""The verbs of the evidence: estimate, total, check, next, score, report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from osint.cli.main import add_common, print_answer

if TYPE_CHECKING:
    from osint.register import Register


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verbs to the parser."""
    p = verbs.add_parser("estimate", help="what some quantities allow for another")
    p.add_argument("target", help="quantity to estimate, as it_mw or chips")
    ranges = "or NAME=LOW..HIGH (90%%), NAME>=LOW, NAME<=HIGH"
    p.add_argument("--given", action="append", required=True, metavar="NAME=VALUE", help=ranges)
    p.add_argument("--chip", help="chip family of chips.csv; without it the family is unknown")
    p.add_argument("--country", help="two letters, as CN; sets the relations and the prior of the chip family")
    p.add_argument("--date", help="year or date: only chips that existed then")
    p.add_argument(
        "--fix", action="append", default=[], metavar="READING=OPTION", help="set a discrete unknown by hand"
    )
    add_common(p, _estimate)
    p = verbs.add_parser("total", help="what several sites hold together, with shared errors")
    p.add_argument("sites", nargs="*", metavar="SITE", help="site ids; a total stands for its announced sites")
    add_common(p, _total)
    p = verbs.add_parser("check", help="a finding for every claim, and the cross-checks of the documents")
    p.add_argument("sites", nargs="*", metavar="SITE", help="site ids; all without one")
    add_common(p, _check)
    p = verbs.add_parser("next", help="what to get next for a site, ranked by what it would do to the answer")
    p.add_argument("site", metavar="SITE")
    p.add_argument("--claim", help="claim id to test; the largest of chips or compute without it")
    add_common(p, _next)
    p = verbs.add_parser("score", help="coverage and error of the model on systems whose truth is public")
    add_common(p, _score)
    p = verbs.add_parser("report", help="write the page, tables, maps and figures for all sites")
    p.add_argument("--out", help="folder; data/derived/report without it")
    add_common(p, _report)


def _register(args: argparse.Namespace) -> Register:
    from osint.register import load_register

    return load_register(args.data)


def _estimate(args: argparse.Namespace) -> None:
    from osint import model

    givens = [model.parse_given(text) for text in args.given]
    fixed = dict(_pair(text) for text in args.fix)
    answer = model.estimate(
        args.target, givens, chip=args.chip, country=args.country, date=args.date, fixed=fixed, register=_register(args)
    )
    print_answer(args, answer.to_dict(), answer.text())


def _pair(text: str) -> tuple[str, str]:
    """Read READING=OPTION."""
    from osint.errors import BadInputError

    name, equals, option = text.partition("=")
    if not equals:
        raise BadInputError(f"{text!r} is not READING=OPTION, as 'use of the hall=AI alone'")
    return name.strip(), option.strip()


def _total(args: argparse.Namespace) -> None:
    from osint import model

    found = model.total(args.sites, _register(args))
    print_answer(args, {"totals": [t.to_dict() for t in found]}, model.totals_text(found))


def _check(args: argparse.Namespace) -> None:
    from osint import verdict

    found = verdict.check(_register(args), args.sites)
    tables = {"findings": found.findings.to_dict("records"), "checks": found.checks.to_dict("records")}
    print_answer(args, tables, found.text())


def _next(args: argparse.Namespace) -> None:
    from osint import verdict

    steps = verdict.next_steps(args.site, _register(args), args.claim)
    table = {"site_id": args.site, "next": verdict.steps_frame(steps).to_dict("records")}
    print_answer(args, table, "\n".join(step.text() for step in steps))


def _score(args: argparse.Namespace) -> None:
    from osint import model

    scored = model.score(_register(args))
    tables = {"summary": scored.summary.to_dict("records"), "rows": scored.rows.to_dict("records")}
    print_answer(args, tables, scored.text())


def _report(args: argparse.Namespace) -> None:
    from osint import files, report
    from osint.register import data_dir

    if not args.out:
        files.check_case(data_dir(args.data))
    made = report.write_report(_register(args), args.out or data_dir(args.data) / "derived" / "report")
    sentences = made.answer.sentences()
    tables = {"page": str(made.page), "answer": list(sentences), "sites": made.summary.to_dict("records")}
    print_answer(args, tables, f"{made.summary.to_string(index=False)}\n\n{made.answer.text()}\n\npage: {made.page}")
