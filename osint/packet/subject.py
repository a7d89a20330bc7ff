"""What a packet is about: a figure with its passport, or a site or a claim, for which a figure is drawn."""

from __future__ import annotations

import contextlib
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint import archive, filings, fonts, passport, verdict
from osint.errors import BadInputError, NotFoundError, OsintError
from osint.files import read_regular
from osint.model import Dossier, show
from osint.passport import Evidence, EvidenceRole, Judgement, Number, NumberKind, People
from osint.register import Register, named
from osint.report import words_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_ROWS = 14
_MOST_CROPS = 12
BLUE, GREY, BLACK = "#0072B2", "#999999", "#000000"


@dataclass(frozen=True)
class Subject:
    """What goes into a packet before it is laid out."""

    name: str
    """Id of the site or claim, or name of the figure."""
    title: str
    figure_files: Mapping[str, bytes]
    """The figure in its formats, its data and its passport, by name."""
    core: Mapping[str, Any]
    """Core of the passport."""
    render: Mapping[str, Any]
    passport_name: str
    findings: tuple[verdict.Finding, ...]
    """Findings on the claims of the figure that are on file."""
    checks: tuple[verdict.Check, ...]
    """Cross-checks with one of these claims."""


def subject(name: str, register: Register, case: str | Path | None = None, made_by: str = "") -> Subject:
    """Return what a packet about a site, a claim or a figure holds.

    `name` is a site by id or name, a claim by its id, or the path of a figure or of its passport. Raises NotFoundError
    where it is none of them and for a site without a claim, BadInputError for a figure without an intact passport.
    """
    dossier = Dossier.of(register)
    known = {c.claim_id for c in dossier.all_claims} | set(dossier.sites)
    if name not in known and (Path(name).suffix or Path(name).exists()):
        return _of_figure(Path(name), dossier)
    name, claim_ids = _claims_of(name, register, dossier)
    return _of_claims(name, claim_ids, dossier, case, made_by, _precision(register))


def _claims_of(name: str, register: Register, dossier: Dossier) -> tuple[str, list[str]]:
    """Return the id that a person means, and the claims of a packet about it."""
    sites, claims = named(register, [name])
    if len(sites) + len(claims) != 1:
        raise BadInputError(f"{name!r} names several; a packet is of one site, one claim or one figure")
    if claims:
        return claims[0], claims
    found = [c.claim_id for c in dossier.claims[sites[0]]]
    if not found:
        raise NotFoundError(
            f"{sites[0]} {dossier.sites[sites[0]].name_display} has no claim on file, so there is no number to sign; "
            f"`osint extract FILE --into CASE --site {sites[0]}` reads one from a document"
        )
    return sites[0], found


def _judged(
    claim_ids: Sequence[str], dossier: Dossier
) -> tuple[tuple[verdict.Finding, ...], tuple[verdict.Check, ...]]:
    """Return findings on some claims, and the cross-checks with one of them."""
    wanted = set(claim_ids)
    sites = list(dict.fromkeys(c.site_id for c in dossier.all_claims if c.claim_id in wanted))
    if not sites:
        return (), ()
    found = verdict.check(dossier, sites)
    findings = tuple(f for f in found.judged if f.claim.claim_id in wanted)
    return findings, tuple(c for c in found.tests if wanted & set(c.claim_ids))


def _of_figure(path: Path, dossier: Dossier) -> Subject:
    """Return the subject of a figure that was exported."""
    checked = passport.verify(path)
    if checked.verdict not in (passport.Verdict.INTACT, passport.Verdict.SEALED):
        said = checked.shown[0] if checked.shown else checked.not_shown[0]
        raise BadInputError(
            f"{path} is {checked.verdict} ({said}); a packet is made of an intact figure and its passport"
        )
    stem = path.name.removesuffix(passport.SIDECAR) if path.name.endswith(passport.SIDECAR) else path.stem
    side = path.with_name(stem + passport.SIDECAR)
    held = passport.read(side)
    names = [one["name"] for one in _dicts(held.get("files")) if _is_of(one.get("name"), stem)]
    files = {n: read_regular(path.with_name(n)) for n in [*names, side.name] if path.with_name(n).is_file()}
    core = tidy(held["core"])
    findings, checks = _judged(core.get("claim_ids", []), dossier)
    title = core.get("title") or stem
    return Subject(stem, title, files, core, tidy(held.get("render")), side.name, findings, checks)


def _is_of(name: object, stem: str) -> bool:
    """Return whether a name in a passport is that of a file beside it which `osint.export` writes."""
    return isinstance(name, str) and name.removeprefix(stem) in (".png", ".svg", ".pdf", ".data.csv")


def _dicts(values: object) -> list[dict[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


_LISTS = ("numbers", "evidence", "imagery", "places")
_RECORDS = ("method", "judgement", "people")


def tidy(values: object) -> dict[str, Any]:
    """Return a core without what is not of its form, so that a stranger's passport can be laid out."""
    held = values if isinstance(values, dict) else {}
    core = _plain(held)
    for key in _LISTS:
        if key in held:
            core[key] = [{"id": f"unnamed {at}"} | _plain(one) for at, one in enumerate(_dicts(held[key]), 1)]
    return core | {key: _plain(held[key]) for key in _RECORDS if isinstance(held.get(key), dict)}


_LISTS_OF_TEXT = ("claim_ids", "from", "bands", "bounds", "alternatives", "would_change_our_mind", "does_not_show")
_AMOUNTS = frozenset(("low", "best", "high", "gsd_m", "cloud_pct_over_site", "lon", "lat", "coord_precision_km"))
_AMOUNTS |= {"offset_m", "marked_m", "probability_low", "probability_high"}
_FLAGS = ("simulated", "dirty", "may_reproduce")


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record that are what their names say: lists of texts, finite amounts, flags, texts."""
    kept: dict[str, Any] = {}
    for key, value in row.items():
        if key in _LISTS_OF_TEXT:
            kept[key] = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
        elif key in _AMOUNTS:
            with contextlib.suppress(BadInputError):
                kept[key] = passport.text_of(value) if isinstance(value, str) else None
        elif key in _FLAGS:
            kept[key] = value is True
        elif isinstance(value, str | int):
            kept[key] = str(value)
    return {key: value for key, value in kept.items() if value is not None}


def _of_claims(
    name: str, claim_ids: Sequence[str], dossier: Dossier, case: str | Path | None, made_by: str, precision: str
) -> Subject:
    """Return the subject of a site or a claim, with a figure of its own."""
    findings, checks = _judged(claim_ids, dossier)
    against = {i for f in findings for c in f.contradictions for i in c.others} - set(claim_ids)
    claims = {c.claim_id: c for c in dossier.all_claims}
    rows = [f.claim for f in findings] + [claims[i] for i in sorted(against) if i in claims]
    contradicting = against | {i for f in findings for c in f.contradictions for i in c.others}
    captures = archive.newest_contents(case, {c.source_url for c in rows if c.source_url})
    sources = [
        Evidence.of(
            c,
            EvidenceRole.CONTRADICTS if c.claim_id in contradicting else EvidenceRole.CLAIMS,
            captures.get(c.source_url),
        )
        for c in rows
    ]
    seen = {s.row.observation_id: s.row for f in findings for s in (*f.seen.sights, *f.decided_by)}
    sources += [Evidence.of(row) for _, row in sorted(seen.items())]
    main = max(findings, key=lambda f: (f.outcome != verdict.Outcome.UNTESTED, not f.claim.error_test))
    site = dossier.sites[main.claim.site_id]
    title = f"{site.name_display}: " + (f"claim {name}" if name in claims else f"{len(findings)} claims")
    told = f"{title}, against what was seen and other documents"
    made = passport.stamp(
        draw(findings, told),
        f"{name}-claimed-and-allowed",
        question=f"What is claimed of {site.name_display}, and what is known apart from the claim?",
        title=told,
        numbers=[
            *_numbers(findings, dossier, precision),
            *(Number.of_observation(r) for _, r in sorted(seen.items()) if r.best is not None),
        ],
        evidence=sources,
        no_contradiction=""
        if contradicting
        else f"looked for by the cross-checks over {len(claims)} claims; none finds one of these claims inconsistent",
        judgement=_judgement(main),
        people=People(made_by=made_by) if made_by else None,
        as_of=dossier.as_of,
        alt=alt_text(findings, site.name_display),
        caption="",
        data=_data(findings),
        licence="CC BY 4.0",
        dpi=200,
    )
    held = made.passport
    return Subject(
        name,
        title,
        made.files,
        held["core"],
        held["render"],
        f"{name}-claimed-and-allowed{passport.SIDECAR}",
        findings,
        checks,
    )


_ALLOWED = {"seen": "room that what was seen leaves for", "documents": "what other documents allow for"}


def _precision(register: Register) -> str:
    """Return how P are read where chips are worked out from them."""
    rows = register.readings[register.readings["reading"] == "precision"].to_dict("records")
    return "P read as " + ", ".join(f"{r['option']} ({r['prior']:.0%} before the documents)" for r in rows)


def _numbers(findings: Sequence[verdict.Finding], dossier: Dossier, precision: str) -> list[Number]:
    """Return the numbers of the claims, and what other rows allow for each."""
    rows = []
    compute = {c.claim_id for c in dossier.all_claims if c.quantity == "pflops"}
    for f in findings:
        claim = f.claim
        if claim.value_low is not None or claim.value_high is not None or claim.readings:
            rows.append(Number.of_claim(claim, f"{words_for(claim.quantity_kind)}, {claim.claim_id}"))
        seen = f.seen.room_for.ids if f.seen.room_for is not None else ()
        for what, span, ids in (("seen", f.interval, seen), ("documents", f.paper.interval, f.paper.ids)):
            if math.isfinite(span[1]):
                low, best, high = (float(show(end, 3).replace(",", "")) for end in span)
                rows.append(
                    Number(
                        f"{_ALLOWED[what]} {claim.claim_id}",
                        low=low,
                        best=best,
                        high=high,
                        unit=verdict.claimed_unit(claim),
                        kind=NumberKind.DERIVED,
                        sources=(f"finding:{claim.claim_id}", *sorted(set(ids))),
                        computed_by="osint.verdict.check",
                        note=precision if compute & set(ids) and claim.quantity != "pflops" else "",
                        id=f"{claim.claim_id}_{what}",
                    )
                )
    return rows


def _judgement(f: verdict.Finding) -> Judgement:
    return Judgement(
        finding=f"{f.claim.claim_id}: {f.outcome}",
        rule=f.rule.name,
        probability_low=None if f.hardest is None or f.probability is None else round(f.hardest, 3),
        probability_high=None if f.probability is None else round(f.probability, 3),
        confidence=f.confidence.value,
        because=f.shown(),
        would_change_our_mind=f.would_change,
        does_not_show=(f.not_shown(),),
    )


def _data(findings: Sequence[verdict.Finding]) -> str:
    """Return the values drawn as CSV; what is missing is empty."""
    lines = ["claim_id,unit,claimed,seen_low,seen_best,seen_high,documents_low,documents_best,documents_high"]
    for f in drawn(findings):
        values = (verdict.named(f.claim), *f.interval, *f.paper.interval)
        cells = [f"{v:.6g}" if math.isfinite(v) else "" for v in values]
        unit = verdict.claimed_unit(f.claim).replace(",", ";")
        lines.append(",".join([f.claim.claim_id, unit, *cells]))
    return "\n".join(lines) + "\n"


def drawn(findings: Sequence[verdict.Finding]) -> list[verdict.Finding]:
    """Return the findings that a figure can set against their claim: a number, and what bears on it first."""
    rows = [
        f for f in findings if f.claim.quantity and math.isfinite(verdict.named(f.claim)) and verdict.named(f.claim) > 0
    ]
    rows.sort(key=lambda f: (not math.isfinite(f.interval[1]), not math.isfinite(f.paper.interval[1])))
    return rows[:_MOST_ROWS]


def draw(findings: Sequence[verdict.Finding], title: str) -> Figure:
    """Draw what was seen and what documents allow, each as a multiple of the number that is claimed."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = drawn(findings)
    with mpl.rc_context({"font.family": fonts.font_families(), "font.size": 8.5}):
        height = 1.7 + 0.34 * max(1, len(rows))
        figure = Figure(figsize=(7.2, height))
        ax = figure.add_subplot()
        for at, f in enumerate(reversed(rows)):
            claimed = verdict.named(f.claim)
            for span, colour, up in ((f.interval, BLUE, 0.13), (f.paper.interval, GREY, -0.13)):
                if math.isfinite(span[1]):
                    low, best, high = (end / claimed for end in span)
                    ax.hlines(at + up, low, high, color=colour, lw=2)
                    ax.plot([best], [at + up], "o" if colour == BLUE else "s", color=colour, ms=4)
            ax.vlines(_bars(f), at - 0.34, at + 0.34, color=BLACK, lw=2.4)
        labels = [f"{f.claim.claim_id}  {f.claim.written()}"[:58] for f in reversed(rows)]
        ax.set_yticks(range(len(rows)), [fonts.drawable(label) for label in labels])
        ax.set_ylim(-0.7, max(len(rows), 1) - 0.3)
        ax.set_xscale("log")
        ax.set_xlim(*_reach(rows))
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:,g} x")
        ax.set_xlabel("multiple of what is claimed (bar = claimed; log scale; lines: 90%)")
        if not rows:
            ax.text(0.5, 0.5, "no claim here names a number of the model", transform=ax.transAxes, ha="center")
        for colour, mark, label, spans in (
            (BLUE, "o", "what was seen had room for", [f.interval for f in rows]),
            (GREY, "s", "what other documents allow", [f.paper.interval for f in rows]),
        ):
            if any(math.isfinite(span[1]) for span in spans):
                ax.plot([], [], mark + "-", color=colour, ms=4, label=label)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        figure.subplots_adjust(left=0.42, right=0.97, top=1 - 0.78 / height, bottom=0.5 / height)
        if ax.get_legend_handles_labels()[0]:
            at_top = (0.005, 1 - 0.5 / height)
            figure.legend(
                loc="upper left", bbox_to_anchor=at_top, ncols=2, frameon=False, fontsize=7.5, borderaxespad=0
            )
        figure.suptitle(
            "\n".join(textwrap.wrap(fonts.drawable(title), 92)),
            x=0.01,
            y=1 - 0.06 / height,
            va="top",
            ha="left",
            fontsize=9.5,
        )
    return figure


def _bars(f: verdict.Finding) -> list[float]:
    """Return where the bars of what is claimed stand: at one, and at the larger of two readings."""
    return [1.0, *([max(f.claim.readings) / min(f.claim.readings)] if f.claim.readings else [])]


def _reach(rows: Sequence[verdict.Finding]) -> tuple[float, float]:
    """Return the ends of the axis: all lines and bars, and at least a tenth to ten times."""
    ends = [end for f in rows for end in _bars(f)]
    ends += [e / verdict.named(f.claim) for f in rows for e in (*f.interval, *f.paper.interval) if math.isfinite(e)]
    return min([0.1, *(end for end in ends if end > 0)]) / 1.6, max([10.0, *ends]) * 1.6


def alt_text(findings: Sequence[verdict.Finding], place: str) -> str:
    """Return what the figure shows, for who cannot see it."""
    rows = drawn(findings)
    if not rows:
        return f"An empty chart: no claim of {place} names a number of the model."
    said = []
    for f in rows:
        parts = [f"claimed {f.claim.written()}"]
        for what, span in (("seen had room for", f.interval), ("documents allow", f.paper.interval)):
            if math.isfinite(span[1]):
                parts.append(f"what {what} {show(span[0])} to {show(span[2])} {verdict.claimed_unit(f.claim)}")
        said.append(f"{f.claim.claim_id}: {', '.join(parts)}")
    return f"Chart of {len(rows)} claims of {place}. " + "; ".join(said) + "."


def crops(core: Mapping[str, Any], case: str | Path | None) -> dict[str, Any]:
    """Return, by id of the evidence, its words as they stand in the captured page, as a piece of HTML."""
    folder = archive.captures_directory(case)
    made: dict[str, Any] = {}
    wanted = [e for e in core.get("evidence", []) if e.get("sha256") and e.get("quote")][:_MOST_CROPS]
    if not wanted or not folder.is_dir():
        return made
    store = archive.Archive(folder)
    entries = {entry.sha256: entry for entry in store.entries() if entry.is_content}
    for one in wanted:
        entry = entries.get(one["sha256"])
        if entry is None:
            continue
        with contextlib.suppress(OsintError, OSError):
            filing = filings.parse(store.body(entry), f"capture {entry.seq}")
            at = filing.text.find(one["quote"])
            if at >= 0:
                made[one["id"]] = filings.crop_html(filing, at, at + len(one["quote"]))
    return made
