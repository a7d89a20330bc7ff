"""Arithmetic inside one statement: its own numbers against each other, and against what chips and relations allow."""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from osint.register import Bounding, Chip, Claim, Scope, chip_families
from osint.verdict.checks.compare import (
    SAME,
    Book,
    Figure,
    Span,
    against,
    by_document,
    document,
    find_words,
    is_same,
    named,
    said_all,
    same_scope,
    same_sentence,
    span_of,
    total,
)
from osint.verdict.checks.record import Check, CheckFinding, CheckName, Way

WAN = 10_000  # 万, which a text may have dropped
FEW_PFLOPS = 100  # below it a figure may lack 万
MANY_PFLOPS = 1000  # from it a figure can be the one that it should have been
KW_PER_P_FLOOR = 0.4  # kW per PFLOPS: below every row of chips.csv, even sparse GB200
FEWEST_CHIPS = 4  # of a server
MOST_CHIPS = 16  # of a server
CHIPS_A_SERVER = 8  # of the servers that filings count
LOWEST_SHARE = 0.41  # lowest power of a chip in use over its IT nameplate: 0.5 kW of an H100, below every row
FACILITY_SHARE = 1.5  # highest facility power over IT nameplate
MANY_NAMES = 4  # chips from which a text says "all chips" instead of their names
CHIP_UNITS = frozenset({"chips", "servers"})
STATED_POWER = frozenset({"it_mw", "facility_mw", "power_mw"})
"""Quantities of a power as a text states it."""
_COUNT = r"(?<!\w)([0-9][0-9,]*(?:\.[0-9]+)?)"
_SERVERS = re.compile(_COUNT + r"\s+(?:[A-Za-z]\S*\s+){0,3}servers")
_CHIPS = re.compile(_COUNT + r"\s+(?:[A-Za-z]\S*\s+){0,4}(?:chips|GPUs)")
_NAME = re.compile(r"\b[A-Z]{1,2}\d{2,3}\b")


def own_words(book: Book) -> Iterator[Check | None]:
    """Yield quotes whose servers and chips do not agree at 4 to 16 chips per server."""
    for claim in book.dossier.all_claims:
        found = _SERVERS.search(claim.quote), _CHIPS.search(claim.quote)
        if found[0] is None or found[1] is None or found[0].start(1) == found[1].start(1):
            continue
        n, chips = (float(m[1].replace(",", "")) for m in found if m)
        figures = {"chips": chips, "servers": n, "each": chips / n, "eight": n * CHIPS_A_SERVER}
        figures |= {"least": FEWEST_CHIPS, "most": MOST_CHIPS}
        fits = FEWEST_CHIPS <= chips / n <= MOST_CHIPS
        who, quote = claim.source_publisher, claim.quote
        yield (
            None
            if fits
            else against(
                book,
                CheckName.ITSELF,
                [claim],
                [],
                CheckFinding.INCONSISTENT,
                who=who,
                quote=quote,
                source=named(claim),
                **figures,
            )
        )


def _mates(book: Book, first: frozenset[str], second: str) -> Iterator[tuple[Figure, Figure]]:
    """Yield two figures of one sentence that speak of one part at one stage, by their measures."""
    for kinds in book.by_site.values():
        for a, b in itertools.product([f for m in first for f in kinds.get(m, [])], kinds.get(second, [])):
            if same_sentence(a.claim, b.claim) and same_scope(a.claim, b.claim):
                yield a, b


def _families(book: Book, claim: Claim) -> list[Chip]:
    """Return the rows of chips.csv that the words of a claim allow; all where they name none."""
    chips = book.dossier.network.chips
    found = [chips[n] for n in chip_families(claim.chip_model) if n in chips]
    return found or list(chips.values())


def _names(found: Sequence[Chip]) -> str:
    return " or ".join(c.chip for c in found) if len(found) < MANY_NAMES else "all chips of chips.csv"


def power_per_chip(book: Book) -> Iterator[Check | None]:
    """Yield power and chips of one sentence, against the rows of the chips that it allows.

    Power at or below the chips' own is a note, as it leaves nothing for servers and cooling; outside every row in
    use it is strained. The two roundings are kept.
    """
    for p, c in _mates(book, STATED_POWER, "chips"):
        each, found = p.span.times(1000).per(c.span), _families(book, c.claim)
        low, high = min(f.it_kw_low for f in found), max(f.it_kw_high for f in found)
        figures: dict[str, float | str] = {
            "mw": p.claim.written(), "chips": c.claim.written(), "kw": each.text(), "names": _names(found),
            "low": low, "high": high, "floor": LOWEST_SHARE * low, "ceiling": FACILITY_SHARE * high,
            "mid": p.value * 1000 / c.value, "lowest": LOWEST_SHARE, "most": FACILITY_SHARE,
        }  # fmt: skip
        finding, way = CheckFinding.STRAINED, Way.ONLY
        if each.high < LOWEST_SHARE * low:
            way = Way.BELOW
        elif each.low > FACILITY_SHARE * high:
            way = Way.ABOVE
        elif each.high < low:
            finding, way = CheckFinding.NOTE, Way.INSIDE
        if way == Way.ONLY:
            yield None
        else:
            yield against(book, CheckName.POWER_PER_CHIP, [p.claim, c.claim], [], finding, way, **figures)


def pflops_per_chip(book: Book) -> Iterator[Check | None]:
    """Yield PFLOPS per chip of one sentence, against the chips that its words allow.

    A row of chips.csv that was set from the statement is no row to compare it with.
    """
    for p, c in _mates(book, frozenset({"pflops"}), "chips"):
        own = {p.claim.claim_id, c.claim.claim_id}
        allowed = [f for f in _families(book, c.claim) if f.fp16_dense_pflops]
        known = [f for f in allowed if not own & set(f.set_by.split("|"))]
        each = p.span.per(c.span)
        if allowed and not known:
            told: dict[str, float | str] = {
                "pflops": p.claim.written(),
                "chips": c.claim.written(),
                "each": each.text(),
                "mid": p.value / c.value,
                "names": _names(allowed),
            }
            yield against(book, CheckName.PFLOPS_PER_CHIP, [p.claim, c.claim], [], CheckFinding.NOTE, Way.ALONE, **told)
        if not known:
            continue
        rows = {f: _row(f) for f in known}
        middle = p.value / c.value
        nearest = min(known, key=lambda f: abs(math.log((f.fp16_dense_pflops or 1) / middle)))
        inside = [f.chip for f in known if not rows[f].apart(each)]
        way = Way.INSIDE if inside else Way.OUTSIDE
        figures: dict[str, float | str] = {
            "pflops": p.claim.written(), "chips": c.claim.written(), "each": each.text(), "names": _names(known),
            "inside": " or ".join(inside), "nearest": f"{nearest.chip} {_row_text(nearest)}", "mid": middle,
        }  # fmt: skip
        yield against(book, CheckName.PFLOPS_PER_CHIP, [p.claim, c.claim], [], CheckFinding.NOTE, way, **figures)


def _row(chip: Chip) -> Span:
    """Return the PFLOPS that a chip can be stated with: dense and, where it has such a mode, sparse."""
    dense, spread = chip.fp16_dense_pflops or 0.0, chip.pflops_spread or 1.0
    return Span(dense / spread, (chip.fp16_sparse_pflops or dense) * spread)


def _row_text(chip: Chip) -> str:
    """Return that range with what it is made of: '0.27 to 0.37 (0.32 dense, to 1.16 times less or more)'."""
    dense, spread = chip.fp16_dense_pflops or 0.0, chip.pflops_spread or 1.0
    sparse = f", {chip.fp16_sparse_pflops:g} with sparsity" if chip.fp16_sparse_pflops else ""
    wide = f", {spread:g} times less or more" if spread > 1 else ""
    return f"{_row(chip).text()} ({dense:g} dense{sparse}{wide})"


def equivalents(book: Book) -> Iterator[Check | None]:
    """Yield PFLOPS that one text converts to chips of a named family by the figure with sparsity."""
    chips = book.dossier.network.chips
    for claims in book.dossier.claims.values():
        converted = [c for c in claims if c.quantity_kind == "chips" and Scope.read(c.scope) == Scope.EQUIVALENT]
        fp16 = [c for c in claims if c.quantity == "pflops" and not c.other_precision]
        for c, p in itertools.product(converted, fp16 if converted else []):
            family = next((chips[n] for n in _NAME.findall(c.quote) if n in chips), None)
            dense = family.fp16_dense_pflops if family else None
            if not same_sentence(c, p) or family is None or not dense or c.value_low is None:
                continue
            each = p.figure / c.value_low
            sparse = family.fp16_sparse_pflops or math.inf
            if is_same(each, dense) or not is_same(each, sparse):
                yield None
                continue
            figures: dict[str, float | str] = {
                "pflops": p.written(), "chips": f"{c.value_low:,.0f} chips", "each": each, "chip": family.chip,
                "dense": dense, "sparse": sparse, "at_dense": p.figure / dense,
            }  # fmt: skip
            way = Way.EQUIVALENT
            yield against(book, CheckName.PFLOPS_PER_CHIP, [p, c], [], CheckFinding.NOTE, way, **figures)


def power_per_pflops(book: Book) -> Iterator[Check | None]:
    """Yield kW per PFLOPS of one sentence below the lowest that any chip allows."""
    for p, c in _mates(book, STATED_POWER, "pflops"):
        kw = p.span.times(1000).per(c.span)
        figures: dict[str, float | str] = {"mw": p.claim.written(), "pflops": c.claim.written(), "kw": kw.text()}
        figures["mid"] = p.value * 1000 / c.value
        below = kw.high < KW_PER_P_FLOOR
        yield (
            against(
                book,
                CheckName.POWER_PER_PFLOPS,
                [p.claim, c.claim],
                [],
                CheckFinding.STRAINED,
                floor=KW_PER_P_FLOOR,
                **figures,
            )
            if below
            else None
        )


def sums(book: Book) -> Iterator[Check | None]:
    """Yield parts of one document that are, alone or together, above the figure that it gives for the whole."""
    for kinds in book.by_site.values():
        for figures in kinds.values():
            for members in by_document(figures).values():
                yield from _sum(book, members)


def _sum(book: Book, members: Sequence[Figure]) -> Iterator[Check | None]:
    for whole in (f for f in members if not f.claim.part and f.claim.bound != Bounding.AT_LEAST):
        parts = [f for f in members if f.part and f.claim.stage == whole.claim.stage and f.day <= whole.day]
        for part in parts:
            above = part.span.above(whole.span) and not part.claim.readings
            yield (
                against(book, CheckName.SUM, [part.claim], [whole.claim], CheckFinding.INCONSISTENT) if above else None
            )
        if len({f.part for f in parts}) < len(parts) or len(parts) < len(("first", "second")):
            continue
        together = total([f.span for f in parts])
        if not any(f.span.above(whole.span) for f in parts):
            claims = [f.claim for f in parts]
            yield (
                against(
                    book, CheckName.SUM, claims, [whole.claim], CheckFinding.STRAINED, Way.SUMMED, sum=together.text(3)
                )
                if together.above(whole.span)
                else None
            )


def missing_wan(book: Book) -> Iterator[Check | None]:
    """Yield figures of P that may have lost 万 (10,000), as the county has much larger ones, with what settles it.

    Parts that add up to the whole of one text stand or fall together, so they are one check, and their whole is
    what the other texts of the county are compared with.
    """
    dossier = book.dossier
    county = {s.site_id: (s.county or s.site_id, s.province) for s in dossier.sites.values()}
    claims = [c for c in dossier.all_claims if c.quantity == "pflops" and c.figure > 0 and not c.error_test]
    small = [c for c in claims if c.figure < FEW_PFLOPS]
    texts, near_by = defaultdict[object, list[Claim]](list), defaultdict[object, list[Claim]](list)
    for c in small:
        texts[c.site_id, document(c)].append(c)
    for c in claims:
        if c.figure >= MANY_PFLOPS:
            near_by[county[c.site_id]].append(c)
    done: set[str] = set()
    for whole in sorted(small, key=lambda c: (bool(c.part), c.claim_id)):
        if whole.claim_id in done:
            continue
        mates = [c for c in texts[whole.site_id, document(whole)] if c.part and c is not whole]
        adds_up = len(mates) > 1 and is_close(sum(c.figure for c in mates), whole.figure)
        parts = mates if adds_up and not whole.part else []
        done |= {c.claim_id for c in (whole, *parts)}
        larger = near_by[county[whole.site_id]]
        if not larger or _as_printed(book, whole):
            yield None
            continue
        near = [c for c in larger if _fits(c, whole.figure * WAN)]
        way = Way.SUMMED if parts and near else Way.INSIDE if near else Way.ALONE
        figures: dict[str, float | str] = {
            "printed": f"{whole.figure:g}", "full": whole.figure * WAN, "near": said_all(near),
            "sum": " + ".join(f"{c.figure:g}" for c in parts),
            "sum_full": " + ".join(f"{c.figure * WAN:,.0f}" for c in parts),
        }  # fmt: skip
        yield against(book, CheckName.WAN, [whole, *parts], near, CheckFinding.NOTE, way, **figures)


def _as_printed(book: Book, whole: Claim) -> bool:
    """Return whether the chips or servers of the same text fit the figure of P as it is printed."""
    counts = [
        c.figure * (CHIPS_A_SERVER if c.quantity == "servers" else 1)
        for c in book.dossier.claims[whole.site_id]
        if c.quantity in CHIP_UNITS and c.figure > 0 and c.part == whole.part and document(c) == document(whole)
    ]
    rows = [_row(chip) for chip in _families(book, whole) if chip.fp16_dense_pflops]
    return any(not row.apart(Span(whole.figure / n, whole.figure / n)) for n in counts for row in rows)


def is_close(a: float, b: float, share: float = 1e-9) -> bool:
    """Return whether two numbers are within a share of each other, or but for the rounding of the computer one."""
    return math.isclose(a, b, rel_tol=share)


def _fits(claim: Claim, figure: float) -> bool:
    span = span_of(claim)
    return (
        span is not None
        and not span.apart(Span(figure * (1 - SAME), figure * (1 + SAME)))
        and is_same(claim.figure, figure)
    )


def multiples(book: Book) -> Iterator[Check | None]:
    """Yield figures that a text calls a multiple of what was before, where no figure on file is that base."""
    for f in book.figures:
        found = next(find_words("multiple", f.claim.quote), None)
        if found is None:
            continue
        times = found[1]
        before = [
            b
            for b in book.alike(f)
            if b.claim.quote != f.claim.quote and b.span.low < f.span.low and not b.claim.readings
        ]
        if not before:
            continue
        base = f.span.times(1 / times)
        if any(not b.span.apart(base) for b in before):
            yield None
            continue
        others = [
            b.claim
            for measure, rows in book.by_site[f.site].items()
            for b in rows
            if measure != f.measure and b.claim.quantity_kind == f.claim.quantity_kind and not b.span.apart(base)
        ]
        nearest = min(before, key=lambda b: abs(math.log(b.value * times / f.value)))
        figures: dict[str, float | str] = {
            "word": found[0].group(0), "times": times, "base": f"{base.text(3)} {f.claim.unit}",
            "ratio": f.value / nearest.value, "figure": f"{f.value:,.10g}", "nearest": f"{nearest.value:,.10g}",
            "mid": f.value / times,
            "other": f"; near that, of another kind or of none: {said_all(others)}" if others else "",
        }  # fmt: skip
        yield against(book, CheckName.MULTIPLE, [f.claim], [nearest.claim], CheckFinding.NOTE, **figures)
