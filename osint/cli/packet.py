"""The verbs of an editor: verify a figure, write a packet, sign it off, lint it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from osint.cli import _arguments
from osint.cli._arguments import add_verb
from osint.cli.main import print_answer, print_json

VERDICTS = """Exit status: 0 SEALED, INTACT, SAME PICTURE; 3 TRACED; 4 STALE; 5 UNKNOWN; 6 CONFLICT; the highest of all.
No verdict says that what a figure shows is true. osint/passport/verify.py can be copied to a computer with Python and
Pillow, and run there alone: python verify.py FILE"""


def add_verbs(verbs: Any) -> None:
    """Add `verify`, `packet`, `signoff`, `lint` and `seal`."""
    told = "what is shown of a figure, a copy of one, a passport or a packet"
    p = add_verb(verbs, "verify", _verify, help=told, epilog=VERDICTS)
    p.add_argument("files", nargs="+", metavar="FILE", help="figure, copy, passport, packet (folder or zip)")
    p.add_argument("--passports", metavar="PATH", help="a passport or a folder of them, besides those beside FILE")
    p.add_argument("--code", default="", metavar="CODE", help="short code that you read in the picture")
    p.add_argument("--expect", default="", metavar="ID", help="passport id that came to you by another way")
    p.add_argument("--against", metavar="DIR", help="case folder in which newer evidence and corrections are sought")
    p.add_argument("--root", metavar="PEM", help="certificate of an authority that you trust to give the time")
    told = "root certificate of a publisher whose content credentials (C2PA) you trust; not read without it"
    p.add_argument("--signer", metavar="PEM", help=told)
    p = add_verb(verbs, "packet", _packet, help="what an editor needs to sign a figure: one folder and one zip")
    p.add_argument(
        "subject", metavar="SITE|CLAIM|FIGURE", help="a site by id or name, a claim by its id, or the path of a figure"
    )
    told = "folder of the packet, DIR.zip is put beside; without it, or of a bare name, in derived/ of the case"
    p.add_argument("--out", type=_arguments.out_file, metavar="DIR", help=told)
    told = "a picture: before, after, unmarked, marked or other; its file, day and credit; can be given again"
    form = ("KIND", "FILE DATE CREDIT")
    p.add_argument("--picture", action="append", nargs="+", default=[], metavar=form, help=told)
    told = "two files of outlines, the second drawn without seeing the first"
    p.add_argument("--outlines", nargs=2, default=[], metavar=("FIRST", "SECOND"), help=told)
    p.add_argument("--harm", default="", metavar="TEXT", help="whom printing it could harm, and what was done about it")
    p.add_argument(
        "--reply", action="append", default=[], metavar="TEXT", help="who was asked, when, what they answered"
    )
    p.add_argument("--made-by", default="", metavar="NAME", help="who made it, as a role or a name")
    p.add_argument("--since", metavar="PACKET", help="an earlier packet to compare with")
    p = add_verb(verbs, "signoff", _signoff, help="sign a packet: void as soon as the packet changes")
    p.add_argument("packet", metavar="PACKET", help="folder of a packet")
    p.add_argument("--role", required=True, help="maker, checker, editor or lawyer")
    p.add_argument("--decision", required=True, help="approve, changes or hold")
    p.add_argument("--who", required=True, metavar="NAME", help="a name or a pseudonym")
    p.add_argument("--note", default="", metavar="TEXT", help="what must change, or what it waits for")
    told = "what an editor must not let pass in a packet, line by line; status 1 where there is something"
    p = add_verb(verbs, "lint", _lint, help=told)
    p.add_argument("packet", metavar="PACKET", help="folder or zip of a packet")
    p.add_argument("--against", metavar="DIR", help="case folder in which newer evidence is sought")
    told = "sign a copy of a figure (PNG) with a publisher's certificate, as a content credential (C2PA; extra `seals`)"
    p = add_verb(verbs, "seal", _seal, help=told)
    p.add_argument("figure", metavar="FIGURE", help="a PNG as it was written, with its passport beside it")
    told = "the publisher's certificate and those above it, one file (PEM)"
    p.add_argument("--chain", required=True, metavar="PEM", help=told)
    p.add_argument("--key", required=True, metavar="PEM", help="its private key, on the curve P-256; never copied")
    told = "the signed copy; FIGURE-signed.png without it"
    p.add_argument("--out", type=_arguments.out_file, metavar="FILE", help=told)


def _verify(args: argparse.Namespace) -> int:
    from osint.errors import NotFoundError
    from osint.passport import verify, with_credential

    for file in args.files:
        if not os.path.lexists(file):
            raise NotFoundError(f"{file}: no such file; name a figure, a passport, or the folder or zip of a packet")
    how = {key: getattr(args, key) for key in ("passports", "code", "expect", "against", "root")}
    found = [verify(file, **how) for file in args.files]
    if args.signer:
        found = [with_credential(one, file, args.signer) for one, file in zip(found, args.files, strict=True)]
    if args.json:
        for one in found:
            print_json(one.to_row())
    else:
        print("\n".join(one.text() for one in found))
    return max(one.status for one in found)


def _seal(args: argparse.Namespace) -> None:
    from osint import files, passport

    figure = Path(args.figure)
    out = Path(args.out or figure.with_name(f"{figure.stem}-signed.png"))
    files.replace_file(out, passport.sign(figure, args.chain, args.key))
    told = f"{out}: every pixel as in {figure.name}, signed; `osint verify {out} --signer ROOT.pem` reads it"
    print_answer(args, {"file": str(out)}, told)


def _packet(args: argparse.Namespace) -> None:
    from osint import packet

    made = packet.write_packet(
        args.subject,
        args.out or _arguments.in_case(Path(f"packet_{Path(args.subject).stem}"), args.data),
        data=args.data,
        pictures=args.picture,
        outlines=args.outlines,
        harm=args.harm,
        replies=args.reply,
        made_by=args.made_by,
        since=args.since,
    )
    row = {"folder": str(made.folder), "zip": str(made.zip), "code": made.code, "passport_id": made.passport_id}
    lines = [f"{made.code}: {made.folder / 'index.html'}, {made.zip}", *(f"to mend: {f.text()}" for f in made.faults)]
    print_answer(args, row | {"faults": [f.text() for f in made.faults]}, "\n".join(lines))


def _signoff(args: argparse.Namespace) -> None:
    from osint import packet

    made = packet.sign_off(args.packet, role=args.role, decision=args.decision, who=args.who, note=args.note)
    line = made.line
    where = f"{made.zip} holds it too" if made.zip else "no zip of this packet lies beside it, so hand on the folder"
    said = f"{line.role} {line.who}: {line.decision}; void as soon as the packet changes\n{where}"
    print_answer(args, dict(line.to_row()) | {"zip": str(made.zip or "")}, said)


def _lint(args: argparse.Namespace) -> int:
    from osint import packet

    found = packet.lint(args.packet, args.against)
    text = "\n".join(one.text() for one in found) or "nothing found; the lints do not read for sense"
    print_answer(args, {"faults": [one.text() for one in found]}, text)
    return int(bool(found))
