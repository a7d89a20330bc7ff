"""Ask every source that fits for words in a span of days: portals, and government sites without a search."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from osint.archive import Entry
from osint.errors import BadInputError, NotFoundError
from osint.filings import Page, project_codes
from osint.http import Request
from osint.portals.adapters import SOURCES, Hit, Source, read_hits
from osint.portals.classify import AnswerClass
from osint.portals.government import host_request, live_url, search_host
from osint.portals.query import AN_ANSWER, Query, SourceReport
from osint.portals.session import Refine, Session, unchanged

if TYPE_CHECKING:
    import pandas as pd


def fitting_sources(asked: Query, names: tuple[str, ...] = ()) -> tuple[list[Source], list[SourceReport]]:
    """Return the sources to ask, and a report for each that does not fit and why.

    Raises BadInputError for a name that no source has.
    """
    known = {source.name for source in SOURCES} | {"wayback"}
    unknown = set(names) - known
    if unknown:
        raise BadInputError(f"there is no source {', '.join(sorted(unknown))}; options are {', '.join(sorted(known))}")
    fit, not_asked = [], []
    for source in SOURCES:
        reason = ""
        if names and source.name not in names:
            continue
        if source.needs_stock and not asked.stock:
            reason = "knows stock codes only; add one to the words"
        elif source.regions and asked.places and not asked.provinces & set(source.regions) and not names:
            reason = "covers another region"
        if reason:
            not_asked.append(SourceReport(source.name, None, reason, could_not=reason))
        else:
            fit.append(source)
    return fit, not_asked


def search_request(source: Source, asked: Query, page: int, *, words: bool = True) -> Request:
    """Return the request for one page of one source; `words=False` leaves the keyword out."""
    term = " ".join(asked.words) if words else ""
    fill = {
        "words": term,
        "words_quoted": quote(term, safe=""),
        "start": asked.start.strftime(source.dates),
        "end": asked.end.strftime(source.dates),
        "page": str(page),
        "stock": "",
        "code": asked.stock,
        "province": f"{min(asked.provinces)}0000" if len(asked.provinces) == 1 else "0",
    }
    params = _filled(source.params, fill)
    if source.name == "szse" and asked.stock:
        params["stock"] = [asked.stock]
    headers = dict(source.headers)
    method, body, url = "GET", b"", f"{source.host}{source.path.format(page=page)}"
    if source.sends == "query":
        url += f"?{urlencode(params)}" if params else ""
    else:
        method = "POST"
        kind = "application/json" if source.sends == "json" else "application/x-www-form-urlencoded"
        headers["Content-Type"] = f"{kind}; charset=UTF-8"
        body = (json.dumps(params, ensure_ascii=False) if source.sends == "json" else urlencode(params)).encode()
    return Request(url, method, headers, body)


def _filled(value: Any, fill: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, fill) for key, inner in value.items()}
    if isinstance(value, list):
        filled = [_filled(inner, fill) for inner in value]
        return [] if filled == [""] else filled
    if value == "{page}":
        return int(fill["page"])
    if value == "{null}":
        return None
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda m: fill.get(m[1], m[0]), value)
    return value


def search_sources(
    session: Session,
    asked: Query,
    *,
    names: tuple[str, ...] = (),
    live: bool = False,
    done: Callable[[str], None] = lambda _: None,
) -> list[SourceReport]:
    """Ask all sources that fit and return one report each; `done` gets the name of each that has finished.

    Searches can only be asked of the portals themselves. For government sites without a search the Wayback
    index is asked for pages of the days wanted, or with `live` their own lists.
    """
    fit, not_asked = fitting_sources(asked, names)

    def one(source: Source) -> SourceReport:
        report = search_source(session, source, asked)
        done(source.name)
        return report

    with ThreadPoolExecutor(4) as pool:
        reports = [*pool.map(one, fit), *not_asked]
    for host in asked.hosts if not names or "wayback" in names else ():
        reports.append(search_host(session, host, asked, live=live))
        done(host)
    return reports


def planned_requests(asked: Query, names: tuple[str, ...] = (), *, live: bool = False) -> Iterator[str]:
    """Yield what would be asked, one line per request, without asking."""
    for source in fitting_sources(asked, names)[0]:
        request = search_request(source, asked, source.first)
        more = f" and up to {asked.pages - 1} further pages" if asked.pages > 1 else ""
        yield f"{source.name}\t{request.method} {request.url}\t{request.body.decode()}{more}"
    if not names or "wayback" in names:
        for host in asked.hosts:
            request = Request(live_url(host)) if live else host_request(host, asked)
            yield f"{host}\t{request.method} {request.url}\t"


def search_table(reports: list[SourceReport]) -> pd.DataFrame:
    """Return all rows as one frame, newest first, with the fields of `Hit` as columns."""
    import pandas as pd

    columns = [one.name for one in fields(Hit)]
    table = pd.DataFrame([asdict(hit) for report in reports for hit in report.hits], columns=columns, dtype=str)
    return table.sort_values(["date", "source", "title"], ascending=[False, True, True], ignore_index=True)


# one portal, page by page


@dataclass(frozen=True, slots=True)
class _Span:
    """What the pages of one span of days gave."""

    entry: Entry
    """Last answer."""
    hits: list[Hit]
    """New rows, fitting or not."""
    read: int = 0
    """Rows that came, repeated ones included."""
    total: int | None = None
    """Hits that the portal states."""
    note: str = ""
    """Why not all of them were read."""
    halves: tuple[Query, ...] = ()
    """Spans to ask instead, because this one holds too much."""


def search_source(session: Session, source: Source, asked: Query) -> SourceReport:
    """Ask one portal, page by page, until it ends, repeats itself, or says stop."""
    if source.name == "cninfo" and asked.stock:
        stock = _cninfo_stock(session, source, asked.stock)
        source = replace(source, params={**source.params, "stock": stock})
    waiting, spans = [asked], []
    seen: set[Hit] = set()
    while waiting:
        span = _ask_span(session, source, waiting.pop(0), seen)
        waiting = [*span.halves, *waiting]
        spans.append(span)
        if span.entry.kind not in AN_ANSWER:
            break
    answer = AnswerClass(spans[-1].entry.kind)
    if answer is AnswerClass.EMPTY_RESULT and seen:
        answer = AnswerClass.CONTENT
    totals = [span.total for span in spans if span.total is not None]
    total, read = sum(totals) if totals else None, sum(span.read for span in spans)
    could_not = next((span.note for span in spans if span.note), "")
    if answer not in AN_ANSWER:
        could_not = could_not or "stopped at this answer; later pages were not asked"
    elif total is not None and read < total and not could_not:
        could_not = f"{total} hits stated, {read} read; --pages reads more"
    hits, left_out = _fitting_hits(source, asked, [hit for span in spans for hit in span.hits])
    by_hand = "" if answer in AN_ANSWER else source.by_hand
    return SourceReport(source.name, answer, spans[-1].entry.signal, hits, left_out, total, could_not, by_hand)


def _ask_span(session: Session, source: Source, span: Query, seen: set[Hit]) -> _Span:
    """Ask the pages of one span of days; stop at a page that repeats rows or says that there are too many."""
    hits: list[Hit] = []
    read, total = 0, None
    for number, (entry, page_hits, stated) in enumerate(_pages(session, source, span)):
        total = stated if number == 0 else total
        if number == 0 and source.split_over and (total or 0) > source.split_over and span.start < span.end:
            middle = span.start + (span.end - span.start) / 2
            halves = replace(span, end=middle), replace(span, start=middle + timedelta(days=1))
            return _Span(entry, [], halves=halves)
        fresh = [hit for hit in page_hits if hit not in seen]
        if page_hits and not fresh:
            note = f"page {number + 1} repeats earlier rows, as portals do past their limit"
            return _Span(entry, hits, read, total, note)
        seen.update(fresh)
        hits += fresh
        read += len(page_hits)
    return _Span(entry, hits, read, total)


def _pages(session: Session, source: Source, span: Query) -> Iterator[tuple[Entry, list[Hit], int | None]]:
    """Yield each page's answer, rows and stated total, until the portal has no more or answers something else."""
    read, total = 0, None
    for number in range(span.pages):
        request = search_request(source, span, source.first + number * source.step)
        entry, body = session.ask_once(
            request,
            per_minute=source.per_minute,
            api=source.form == "json",
            due="json" if source.form == "json" else "",
            refine=_keyword_check(session, source, span) if source.baseline and number == 0 else unchanged,
        )
        if not entry.is_content:
            yield entry, [], None
            return
        hits, stated = read_hits(source, body, entry.media_type, request.url)
        total = stated if number == 0 else total
        yield entry, hits, stated
        read += len(hits)
        if not hits or (total is not None and read >= total) or (source.size and len(hits) < source.size):
            return


def _fitting_hits(source: Source, asked: Query, hits: list[Hit]) -> tuple[tuple[Hit, ...], int]:
    """Return the rows that fit and the count of the others; a portal may ignore the keyword or the days."""
    fit = []
    for hit in hits:
        lacks = any(word not in hit.title for word in asked.words)
        outside = hit.date and not asked.start.isoformat() <= hit.date <= asked.end.isoformat()
        if (lacks and not source.full_text) or outside:
            continue
        named = [place for place in asked.places if place in hit.title + hit.place]
        how = "the portal found the words in its text" if lacks else "title has the words"
        how += f"; names {'、'.join(named)}" if named else "; names no place asked for" if asked.places else ""
        code = next(filter(None, [hit.project_code, *project_codes(hit.title)]), "")
        fit.append(replace(hit, source=source.name, how_found=how, project_code=code))
    return tuple(fit), len(hits) - len(fit)


def _keyword_check(session: Session, source: Source, asked: Query) -> Refine:
    """Return a check that compares a first page without hits to the page for no keyword."""

    def check(entry: Entry, body: bytes) -> Entry:
        if not entry.is_content:
            return entry
        hits, _ = read_hits(source, body, entry.media_type, "")
        if not hits or any(all(word in hit.title for word in asked.words) for hit in hits):
            return entry
        request = search_request(source, asked, source.first, words=False)
        bare, held = session.ask_once(request, per_minute=source.per_minute)
        others, _ = read_hits(source, held, bare.media_type, "")
        if bare.is_content and others and others[0] == hits[0]:
            signal = "the first row is the one that comes without a keyword"
            return replace(entry, kind=AnswerClass.KEYWORD_IGNORED, signal=signal)
        return entry

    return check


def _cninfo_stock(session: Session, source: Source, code: str) -> str:
    """Return `code,orgId`; the orgId follows no rule and is looked up."""
    request = Request(f"{source.host}/new/data/szse_stock.json")
    entry, body = session.ask_once(request, per_minute=source.per_minute, due="json")
    data = Page(body, "application/json").data
    listed = data.get("stockList", []) if isinstance(data, dict) else []
    org = next((row.get("orgId") for row in listed if isinstance(row, dict) and row.get("code") == code), None)
    if entry.is_content and org is None:
        raise NotFoundError(f"cninfo lists no stock {code}; check the code, or search by words")
    return f"{code},{org or ''}"
