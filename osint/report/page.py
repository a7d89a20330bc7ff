"""Render the pages: the answer, what does not fit, the sites; all evidence on a page behind; a page for each site.

The templates are in `osint/report/templates`. A page loads nothing from outside: style, script, font and pictures
travel in it, and its content policy names the digest of its own style and script and allows no other.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as package_files
from typing import Any

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup, escape

from osint import fonts, geo, verdict
from osint.model import Dossier, Score, show
from osint.register import Register, Role, table_rows
from osint.report import edition
from osint.report.answer import Answer
from osint.report.canvas import Caption
from osint.report.edition import Edition
from osint.report.on_file import OnFile
from osint.report.sources import ADDRESS, Source, Sources, followed, host_of
from osint.report.views import Quote, SiteView, cannot_say, card_of, compared, quotes_of, rules_used, site_views
from osint.report.words import day_words, plain, words_for
from osint.shown import page_templates, shown
from osint.verdict import CheckFinding, Found

EVIDENCE = "evidence.html"
"""Page of every quote, observation, rule, relation and source; each has an anchor there."""
PAGE_FONT = "osint page"  # name of the font that travels in the page; `style.css` names it too
STRANGE = " (not known to be the publisher’s own host: the link lists archived copies, if there are any)"
"""What stands behind the address of a copy that is not the publisher's."""
NO_NUMBER = "holds no number"
"""Reason in the register for which a claim is no evidence, and which its words show by themselves."""
_ID = r"\b(?:[COGK]\d{3,5}|(?:XJ|QH|CN|US|TB|IM)\d{2,4}|(?:AGG|REF)-[A-Z0-9]{1,8})\b"
_LINKED = re.compile(f"(?P<address>{ADDRESS.pattern})|(?P<id>{_ID})")


@dataclass(frozen=True)
class Picture:
    """A figure as a page shows it."""

    name: str
    caption: Caption
    wide: str
    """PNG in base64."""
    narrow: str
    """PNG for 360 pixels in base64; empty for none."""
    files: tuple[tuple[str, str], ...] = ()
    """Files of the same figure beside the page, each with what it is in words."""


class Links:
    """Where ids lead from one page: anchors of its own, or of the page of the evidence and of the pages of sites.

    `live` are the hosts of publishers: addresses of other hosts lead to the list of archived copies, unless of record.
    """

    def __init__(
        self,
        anchors: frozenset[str],
        sites: Mapping[str, str],
        live: frozenset[str],
        here: frozenset[str],
        up: str = "",
    ) -> None:
        self._anchors, self._sites, self._live, self._here, self._up = anchors, sites, live, here, up

    def to(self, name: str, row: bool = False) -> str:
        """Return the address of an id, of its row in the evidence if asked; empty for one that no page holds."""
        if name in self._here and not row:
            return f"#{name}"
        if name in self._sites:
            return f"{self._up}{self._sites[name]}"
        return f"{self._up}{EVIDENCE}#{name}" if name in self._anchors else ""

    def linked(self, text: object) -> Markup:
        """Return a text with a link for every id and every address in it, all else escaped."""
        if isinstance(text, Markup):
            return text
        out, at, words = [], 0, shown(str(text), keep="\n\t")
        for found in _LINKED.finditer(words):
            out.append(escape(words[at : found.start()]))
            target = self._followed(found[0]) if found["address"] else self.to(found[0])
            rel = Markup(' rel="noreferrer"') if found["address"] else Markup("")
            label = escape(found[0])
            out.append(Markup('<a href="{}"{}>{}</a>').format(target, rel, label) if target else label)
            out.append(escape(STRANGE if found["address"] and target != found[0] else ""))
            at = found.end()
        out.append(escape(words[at:]))
        return Markup("").join(out)

    def _followed(self, address: str) -> str:
        return address if host_of(address) in self._live else followed(address)


def pages(
    register: Register,
    dossier: Dossier,
    found: Found,
    answer: Answer,
    scored: Score,
    estimates: pd.DataFrame,
    pictures: Sequence[Picture],
    of_sites: Mapping[str, Sequence[Picture]],
    tables: Sequence[str],
    kept: OnFile,
) -> dict[str, str]:
    """Render the front page, the page of the evidence and a page for each site; return them by file name.

    `pictures` are those of the front page in their order, `of_sites` those of sites by id, `tables` the names of the
    files beside the page, `kept` what the case keeps behind its rows. Every text of a source is escaped; a name that a
    template does not know is an error.
    """
    sources = Sources.of(dossier, kept.captures)
    views = site_views(dossier, found, register)
    quotes = {v.site.site_id: quotes_of(found.by_site.get(v.site.site_id, []), sources) for v in views}
    shared: dict[str, Any] = {
        "answer": answer,
        "edition": Edition.of(register, dossier, sources),
        "words": edition,
        "STRANGE": STRANGE,
        "apart": _apart(register),
        "judged": kept.pictures,
        "names": {v.site.site_id: v.site.name_display for v in views},
    }
    addresses = {v.site.site_id: v.address for v in views}
    hosts = [
        frozenset(host_of(one.address) for one in sources.listed if one.strange is is_strange)
        for is_strange in (False, True)
    ]
    live = hosts[0] - hosts[1]
    anchors = _anchors(register, dossier) | {f"rule-{name.replace(' ', '-')}" for _, name, _ in rules_used(found)}
    anchors |= {f"finding-{outcome.value.replace(' ', '-')}" for outcome in verdict.FINDINGS}
    anchors |= {f"s{source.number}" for source in sources.listed} | {"score"}
    front = shared | _front(found, answer, dossier, sources, views)
    cited = frozenset(f"s{source.number}" for source in front["cited_here"])
    behind = front | {
        "meanings": verdict.FINDINGS,
        "observations": {str(row["observation_id"]): row for row in register.observations.to_dict("records")},
        "rules": rules_used(found),
        "quotes": quotes,
        "score": scored.summary,
        "groups": _groups(dossier),
        "behind": [
            (row["title"], row["key"], getattr(register, row["table"])[row["columns"].split("|")])
            for row in table_rows("tables.csv", "osint.report")
        ],
    }
    beside: dict[str, object] = {"pictures": {p.name: p for p in pictures}, "tables": tables}
    jobs: dict[str, tuple[str, Mapping[str, object], Links]] = {
        "index.html": ("page.html", front | beside, Links(anchors, addresses, live, cited)),
        EVIDENCE: ("evidence.html", behind | beside, Links(anchors, addresses, live, anchors - set(addresses))),
    }
    for view in views:
        context, here = _of_site(view, quotes[view.site.site_id], found, estimates, dossier, sources, of_sites)
        jobs[view.address] = ("site.html", shared | context, Links(anchors, addresses, live, here, "../"))
    return _rendered(jobs)


def _front(
    found: Found, answer: Answer, dossier: Dossier, sources: Sources, views: Sequence[SiteView]
) -> dict[str, Any]:
    """Return what the front page shows of the answer: what does not fit, what cannot be said, the sites."""
    claims = {c.claim_id: c for c in dossier.all_claims}
    cards, planted = ([card_of(c, claims, dossier, sources) for c in of] for of in (answer.misfits, answer.planted))
    cited = {side.source.number: side.source for card in (*cards, *planted) for side in (*card.first, *card.second)}
    misfit = {c.check_id for c in (*answer.misfits, *answer.planted)}
    return {
        "sources": sources.listed,
        "cited_here": [source for _, source in sorted(cited.items())],
        "cards": cards,
        "planted": planted,
        "notes": compared([card_of(c, claims, dossier, sources) for c in found.tests if c.check_id not in misfit]),
        "unsaid": cannot_say(answer, views, found),
        "planned": answer.planned is not None,
        "ours": [v for v in views if v.site.role == Role.ANNOUNCED],
        "others": [v for v in views if v.site.role != Role.ANNOUNCED],
    }


def _of_site(
    view: SiteView,
    quotes: Sequence[Quote],
    found: Found,
    estimates: pd.DataFrame,
    dossier: Dossier,
    sources: Sources,
    of_sites: Mapping[str, Sequence[Picture]],
) -> tuple[dict[str, object], frozenset[str]]:
    """Return what the page of a site shows, and the anchors that it holds."""
    site_id = view.site.site_id
    claims = {c.claim_id: c for c in dossier.all_claims}
    checks = [c for c in found.tests if site_id in c.sites]
    listed: list[Source] = list(dict.fromkeys(q.source for q in quotes))
    listed += [sources.by_claim[i] for c in checks for i in c.claim_ids if sources.by_claim[i] not in listed]
    context = {
        "view": view,
        "quotes": quotes,
        "estimates": estimates[estimates["site_id"] == site_id],
        "cards": [card_of(c, claims, dossier, sources) for c in checks if c.finding != CheckFinding.NOTE],
        "notes": compared([card_of(c, claims, dossier, sources) for c in checks if c.finding == CheckFinding.NOTE]),
        "steps": found.next_steps.get(site_id, []),
        "stories": verdict.hypotheses(site_id, dossier),
        "parts": dossier.parts.get(site_id, ()),
        "sources": sorted(dict.fromkeys(listed), key=lambda s: s.number),
        "pictures": of_sites.get(site_id, ()),
        "position": _position(view, dossier),
    }
    here = {e.claim.claim_id for q in quotes for e in q.entries} | {row.observation_id for row, _ in view.seen}
    here |= {f"s{source.number}" for source in listed}
    return context, frozenset(here)


def _apart(register: Register) -> dict[str, str]:
    """Return why a number is no evidence for others, by claim: coal that is saved is soon read as coal that is used.

    What the words, the note or the mark of a known error show by themselves is left out.
    """
    rows = register.claims[register.claims["evidence_use"] == "no"].to_dict("records")
    told = [(str(r["claim_id"]), str(r["evidence_reason"] or "").rstrip("."), r) for r in rows]
    return {
        claim_id: why
        for claim_id, why, row in told
        if why and why != NO_NUMBER and row["error_test"] != "yes" and why.lower() not in str(row["note"]).lower()
    }


def _position(view: SiteView, dossier: Dossier) -> str:
    site = view.site
    if site.lat is None or site.lon is None:
        return ""
    lon, lat = geo.to_wgs(site.lon, site.lat, site.datum)
    datum = "datum not stated" if site.datum == "unknown" else "WGS-84"
    return f"{lat:.3f} N, {lon:.3f} E ({datum})" if lon > 0 else f"{lat:.3f} N, {-lon:.3f} W ({datum})"


def _anchors(register: Register, dossier: Dossier) -> frozenset[str]:
    """Return every id of a row that the page of the evidence holds an anchor of."""
    return frozenset(
        {c.claim_id for c in dossier.all_claims}
        | {c.independence_group for c in dossier.all_claims}
        | set(register.observations["observation_id"])
        | set(register.calibration["calibration_id"])
        | set(dossier.sites)
    )


def _groups(dossier: Dossier) -> list[tuple[str, str, list[str]]]:
    """Return independence groups with why they are one, and their claims."""
    out: dict[str, tuple[str, list[str]]] = {}
    for c in dossier.all_claims:
        out.setdefault(c.independence_group, (c.group_reason, []))[1].append(c.claim_id)
    return [(group, why, ids) for group, (why, ids) in sorted(out.items())]


def _rendered(jobs: Mapping[str, tuple[str, Mapping[str, object], Links]]) -> dict[str, str]:
    """Render all pages; each carries the glyphs of its own text alone."""
    env = _environment()
    style = package_files("osint.report").joinpath("templates/style.css").read_text("utf-8")
    script = package_files("osint.report").joinpath("templates/page.js").read_text("utf-8")
    hole = "/*font*/"
    bare = {
        name: env.get_template(template).render(
            {**context, "linked": links.linked, "link": links.to, "style": Markup(style), "script": Markup(script)}
            | {"style_digest": hole, "script_digest": _digest(script), "here": name}
        )
        for name, (template, context, links) in jobs.items()
    }
    font = fonts.font_subset("".join(bare.values()))
    out = {}
    for name, text in bare.items():
        own = fonts.font_subset(text, font) if font else None
        face = ""
        if own:
            source = f"data:font/woff;base64,{base64.b64encode(own).decode()}"
            face = f"@font-face{{font-family:'{PAGE_FONT}';font-display:block;src:url({source})}}\n"
        sheet = face + style
        out[name] = text.replace(style, sheet, 1).replace(hole, _digest(sheet), 1)
    return out


def _digest(text: str) -> str:
    """Return the digest of an inline style or script as a content policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _environment() -> Environment:
    env = page_templates("osint.report")
    filters: dict[str, Callable[..., object]] = {
        "cell": _cell,
        "plain": plain,
        "day": day_words,
        "word": words_for,
        "number": show,
        "sentence": _capital,
    }
    env.filters |= filters
    return env


def _capital(text: str) -> str:
    """Return a text with a capital first; units and names behind it keep theirs."""
    return text[:1].upper() + text[1:]


def _cell(value: object) -> str:
    """Return a cell of a table: six digits of a number at most, nothing for a missing one, a list with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:,.6g}" if math.isfinite(value) else ""
    return str(value)
