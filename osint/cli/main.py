"""The command `osint`: each verb reads its arguments and calls one public function."""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys

from osint import __version__
from osint.errors import OsintError

# each names a module with add_verbs(subparsers); heavy imports belong inside the handlers
PARTS: tuple[str, ...] = (
    "osint.cli.sources",
    "osint.cli.imagery",
    "osint.cli.demo",
    "osint.cli.filings",
    "osint.cli.change",
    "osint.cli.locate",
)


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Verbs of the core: estimate, check, next, score, report, doctor."""
    p = verbs.add_parser("estimate", help="what some quantities allow for another")
    p.add_argument("target", help="quantity to estimate, as it_mw or chips")
    p.add_argument(
        "--given",
        action="append",
        required=True,
        metavar="NAME=VALUE",
        help="or NAME=LOW..HIGH (90%%), NAME>=LOW, NAME<=HIGH",
    )
    p.add_argument("--chip", help="chip family of chips.csv; without it the family is unknown")
    p.add_argument("--country", help="two letters, as CN; sets the relations and the prior of the chip family")
    p.add_argument("--date", help="year or date: only chips that existed then")
    _common(p, _estimate)
    p = verbs.add_parser("check", help="a finding for every claim, and the cross-checks of the documents")
    p.add_argument("sites", nargs="*", metavar="SITE", help="site ids; all without one")
    _common(p, _check)
    p = verbs.add_parser("next", help="what to get next for a site, ranked by what it would do to the answer")
    p.add_argument("site", metavar="SITE")
    p.add_argument("--claim", help="claim id to test; the largest of chips or compute without it")
    _common(p, _next)
    _common(verbs.add_parser("score", help="coverage and error of the model on systems whose truth is public"), _score)
    p = verbs.add_parser("report", help="write the page, tables, maps and figures for all sites")
    p.add_argument("--out", help="folder; data/derived/report without it")
    _common(p, _report)
    _common(verbs.add_parser("doctor", help="what is installed, what is missing and how to get it"), _doctor)


def _common(parser: argparse.ArgumentParser, handler: object) -> None:
    parser.add_argument("--data", help="data folder (holds raw/); OSINT_DATA or ./data without it")
    parser.add_argument("--json", action="store_true", help="JSON on the standard output")
    parser.set_defaults(handler=handler)


def _print_json(value: object) -> None:
    print(json.dumps(plain(value), ensure_ascii=False, indent=1, allow_nan=False))


def plain(value: object) -> object:
    """NaN becomes null and numpy numbers become Python's."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _estimate(args: argparse.Namespace) -> None:
    from osint import model
    from osint.register import load_register

    givens = [model.parse_given(text) for text in args.given]
    found = model.estimate(
        args.target, givens, chip=args.chip, country=args.country, date=args.date, register=load_register(args.data)
    )
    if args.json:
        return _print_json(found.to_dict())
    print(
        f"{args.target}: {model.show(found.best)} ({model.show(found.low)} to {model.show(found.high)}, 90%) {found.unit}"
    )
    for line in found.chain:
        print(f"  {line}")
    for m in found.moved:
        alone = m["alone"]
        if alone["best"] is not None:
            text = f"alone gives {model.show(alone['best'])} ({model.show(alone['low'])} to {model.show(alone['high'])}), weight {m['weight']:.2f}"
        else:
            text = "a bound on one side"
        print(f"  {m['given']}: {text}" + (f", moves the answer x{m['factor']:.2g}" if m["factor"] else ""))
    print(f"  hangs most on {found.hangs_on['text']} ({found.hangs_on['share']:.0%} of the doubt)")


def _check(args: argparse.Namespace) -> None:
    from osint.register import load_register
    from osint.verdict import run

    found = run.check(load_register(args.data), args.sites)
    if args.json:
        return _print_json({"findings": found.findings.to_dict("records"), "checks": found.checks.to_dict("records")})
    print(found.text())


def _next(args: argparse.Namespace) -> None:
    from osint import model
    from osint.register import load_register
    from osint.verdict import next_steps

    frame = next_steps.next_steps(args.site, load_register(args.data), args.claim)
    if args.json:
        return _print_json({"site_id": args.site, "next": frame.to_dict("records")})
    for r in frame.to_dict("records"):
        gain = ""
        if math.isfinite(r["narrows_to"]):
            was = f" from x{r['now']:g}" if math.isfinite(r["now"]) else " from unbounded"
            turns = f", {r['turns']:.0%} to turn the finding" if math.isfinite(r["turns"]) else ""
            expect = (
                f"; expect {model.show(r['expects_best'])} ({model.show(r['expects_low'])} to {model.show(r['expects_high'])}) {r['unit']}"
                if math.isfinite(r["expects_best"])
                else ""
            )
            gain = f": 90% interval{was} to x{r['narrows_to']:g}{turns}{expect}"
        print(
            f"{r['rank']}. {r['observation']}{gain}\n   {r['where']}"
            + (f" [for {r['for_claim']}]" if r["for_claim"] else "")
        )


def _score(args: argparse.Namespace) -> None:
    from osint.model import score
    from osint.register import load_register

    found = score.score(load_register(args.data))
    if args.json:
        return _print_json({"summary": found.summary.to_dict("records"), "rows": found.rows.to_dict("records")})
    print(found.text())


def _report(args: argparse.Namespace) -> None:
    from osint import report
    from osint.register import data_dir, load_register

    register = load_register(args.data)
    page, summary = report.write_report(register, args.out or data_dir(args.data) / "derived" / "report")
    if args.json:
        return _print_json({"page": str(page), "sites": summary.to_dict("records")})
    print(summary.to_string(index=False))
    print(f"\npage: {page}")


def _doctor(args: argparse.Namespace) -> None:
    from osint.cli import doctor

    rows = doctor.examine()
    if args.json:
        return _print_json({"doctor": rows})
    for r in rows:
        print(f"{r['state']:8} {r['what']:24} {r['says']}")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with the verbs of every part."""
    parser = argparse.ArgumentParser(prog="osint", description=__doc__)
    parser.add_argument("--version", action="version", version=f"osint {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    add_verbs(verbs)
    for part in PARTS:
        importlib.import_module(part).add_verbs(verbs)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one verb; a handler returns its exit status (None is 0), an OsintError is printed and gives 2."""
    args = build_parser().parse_args(argv)
    try:
        return int(args.handler(args) or 0)
    except OsintError as error:
        print(f"osint {args.verb}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print(f"osint {args.verb}: stopped by the keyboard; what was recorded is kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
