"""Request every source that fits for words in a span of time, side by side, into one frame."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from osint.errors import OsintError
from osint.filings import Page, project_codes
from osint.http import Request
from osint.portals._rows import COLUMNS, read
from osint.portals.adapters import SOURCES, Source
from osint.portals.classify import Kind, Verdict
from osint.portals.hosts import host_ask, live_url, search_host
from osint.portals.query import PLACES, Query, Report
from osint.portals.webarchives import kept
from osint.sources import Desk


def fitting(asked: Query, names: tuple[str, ...] = ()) -> tuple[list[Source], list[Report]]:
    """Return the sources to ask, and a report for each that does not fit and why."""
    known = {source.name for source in SOURCES} | {"wayback"}
    unknown = set(names) - known
    if unknown:
        msg = f"there is no source {', '.join(sorted(unknown))}; options are {', '.join(sorted(known))}"
        raise OsintError(msg)
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
            not_asked.append(Report(source.name, "not asked", reason, could_not=reason))
        else:
            fit.append(source)
    return fit, not_asked


def ask_page(source: Source, asked: Query, page: int, *, words: bool = True, legacy: tuple[str, ...] = ()) -> Request:
    """Return the question for one page of one source; `words=False` leaves the keyword out."""
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
    path = source.path.format(page=page)
    headers = dict(source.headers)
    host = source.base.partition("://")[2]
    method, body, url = "GET", b"", f"{source.host}{path}"
    if source.sends == "query":
        url += f"?{urlencode(params)}" if params else ""
    else:
        method = "POST"
        kind = "application/json" if source.sends == "json" else "application/x-www-form-urlencoded"
        headers["Content-Type"] = f"{kind}; charset=UTF-8"
        body = (json.dumps(params, ensure_ascii=False) if source.sends == "json" else urlencode(params)).encode()
    return Request(url, method, headers, body, host in legacy)


def _filled(value: Any, fill: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, fill) for key, inner in value.items()}
    if isinstance(value, list):
        filled = [_filled(inner, fill) for inner in value]
        return [] if filled == [""] else filled
    if value == "{page}":
        return int(fill["page"])
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda m: fill.get(m[1], m[0]), value)
    return value


def search(
    at: Desk,
    asked: Query,
    *,
    names: tuple[str, ...] = (),
    live: bool = False,
    legacy: tuple[str, ...] = (),
    done: Callable[[str], None] = lambda _: None,
) -> list[Report]:
    """Request all sources that fit and return one report each; `done` gets the name of each that has finished.

    Searches can only be asked of the portals themselves. For government sites without a search the Wayback
    index is asked for pages of the days wanted, or with `live` their own lists.
    """
    fit, reports = fitting(asked, names)

    def one(source: Source) -> Report:
        report = search_source(at, source, asked, legacy)
        done(source.name)
        return report

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(one, fit)) + reports
    if not names or "wayback" in names:
        hosts = [host for place in asked.places for host in PLACES[place][1]]
        reports += [search_host(at, host, asked, live=live) for host in hosts]
        done("wayback")
    return reports


def planned(asked: Query, names: tuple[str, ...] = (), *, live: bool = False) -> Iterator[str]:
    """Yield what would be asked, one line a question, without asking."""
    for source in fitting(asked, names)[0]:
        ask = ask_page(source, asked, source.first)
        more = f" and up to {asked.pages - 1} further pages" if asked.pages > 1 else ""
        yield f"{source.name}\t{ask.method} {ask.url}\t{ask.body.decode()}{more}"
    if not names or "wayback" in names:
        for place in asked.places:
            for host in PLACES[place][1]:
                ask = Request(live_url(host)) if live else host_ask(host, asked)
                yield f"{host}\t{ask.method} {ask.url}\t"


def search_source(at: Desk, source: Source, asked: Query, legacy: tuple[str, ...] = ()) -> Report:
    """Request one portal, page by page, until it ends, repeats itself, or says stop."""
    report = Report(source.name, "not asked", "", by_hand=source.by_hand)
    if source.name == "cninfo" and asked.stock:
        found = _cninfo_stock(at, source, asked.stock)
        source = replace(source, params={**source.params, "stock": found})
    spans = [asked]
    seen: set[tuple[str, ...]] = set()
    while spans:
        span = spans.pop(0)
        halves = _ask_span(_Way(at, source, legacy), span, report, seen)
        spans = halves + spans
        if report.answer not in (Kind.CONTENT, Kind.EMPTY_RESULT):
            report.could_not = report.could_not or "stopped at this answer; later pages were not asked"
            break
    if report.rows or seen:
        report.answer = str(Kind.CONTENT) if report.answer == Kind.EMPTY_RESULT else report.answer
    if report.answer in (Kind.CONTENT, Kind.EMPTY_RESULT):
        report.by_hand = ""
    return report


@dataclass(frozen=True)
class _Way:
    """How one source is asked."""

    at: Desk
    source: Source
    legacy: tuple[str, ...]


def _ask_span(way: _Way, span: Query, report: Report, seen: set[tuple[str, ...]]) -> list[Query]:
    """Request the pages of one span of days; return two halves to ask instead if it holds too much."""
    at, source, legacy = way.at, way.source, way.legacy
    read_here = 0
    for number in range(span.pages):
        page = source.first + number * source.step
        ask = ask_page(source, span, page, legacy=legacy)
        entry, body = kept(
            at,
            ask,
            per_minute=source.per_minute,
            api=source.form == "json",
            expects="json" if source.form == "json" else "",
            refine=_keyword_check(at, source, span, legacy) if source.baseline and number == 0 else _as_is,
        )
        report.answer, report.said = entry["class"], entry["signal"]
        if entry["class"] != Kind.CONTENT:
            return []
        rows, total = read(source, body, entry["media_type"], ask.url)
        if number == 0:
            report.total = (report.total or 0) + total if total is not None else report.total
            if source.split_over and total and total > source.split_over and span.start < span.end:
                report.total = (report.total or 0) - total
                middle = span.start + (span.end - span.start) / 2
                return [replace(span, end=middle), replace(span, start=middle + timedelta(days=1))]
        fresh = [row for row in rows if tuple(row.values()) not in seen]
        if rows and not fresh:
            report.could_not = f"page {number + 1} repeats earlier rows, as portals do past their limit"
            return []
        seen.update(tuple(row.values()) for row in fresh)
        read_here += len(rows)
        _sort_out(source, span, fresh, report)
        if not rows or (total is not None and read_here >= total) or (source.size and len(rows) < source.size):
            return []
    if report.total is not None and read_here < report.total:
        report.could_not = f"{report.total} hits stated, {read_here} read; --pages reads more"
    return []


def _as_is(verdict: Verdict, _: bytes) -> Verdict:
    return verdict


def _sort_out(source: Source, asked: Query, rows: list[dict[str, str]], report: Report) -> None:
    """Keep the rows that fit; a portal that ignores the keyword or the dates gives others too."""
    for row in rows:
        lacks = [word for word in asked.words if word not in row["title"]]
        outside = row["date"] and not asked.start.isoformat() <= row["date"] <= asked.end.isoformat()
        if (lacks and not source.full_text) or outside:
            report.left_out += 1
            continue
        where = "title has the words" if not lacks else "the portal found the words in its text"
        named = [place for place in asked.places if place in row["title"] + row["place"]]
        where += f"; names {'、'.join(named)}" if named else "; names no place asked for" if asked.places else ""
        codes = [row["project_code"], *project_codes(row["title"])]
        row.update(source=source.name, how_found=where, project_code=next(filter(None, codes), ""))
        report.rows.append(row)


def _keyword_check(
    at: Desk, source: Source, asked: Query, legacy: tuple[str, ...]
) -> Callable[[Verdict, bytes], Verdict]:
    """Return a check that compares a first page without hits to the page for no keyword."""

    def check(verdict: Verdict, body: bytes) -> Verdict:
        rows, _ = read(source, body, "application/json", "")
        if not rows or any(all(word in row["title"] for word in asked.words) for row in rows):
            return verdict
        bare, held = kept(
            at,
            ask_page(source, asked, source.first, words=False, legacy=legacy),
            per_minute=source.per_minute,
        )
        others, _ = read(source, held, "application/json", "")
        if bare["class"] == Kind.CONTENT and others and others[0] == rows[0]:
            return Verdict(Kind.KEYWORD_IGNORED, "the first row is the one that comes without a keyword")
        return verdict

    return check


def _cninfo_stock(at: Desk, source: Source, code: str) -> str:
    """Return `code,orgId`; the orgId follows no rule and is looked up."""
    entry, body = kept(
        at, Request(f"{source.host}/new/data/szse_stock.json"), per_minute=source.per_minute, expects="json"
    )
    page = Page(body, "application/json")
    listed = page.data.get("stockList", []) if isinstance(page.data, dict) else []
    found = next((row.get("orgId") for row in listed if row.get("code") == code), None)
    if entry["class"] == Kind.CONTENT and found is None:
        msg = f"cninfo lists no stock {code}; check the code, or search by words"
        raise OsintError(msg)
    return f"{code},{found or ''}"


def frame(reports: list[Report]) -> Any:
    """Return all rows as one pandas DataFrame, newest first, with the columns of `_rows.COLUMNS`."""
    import pandas as pd

    rows = [{name: row.get(name, "") for name in COLUMNS} for report in reports for row in report.rows]
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype=str)
    return table.sort_values(["date", "source", "title"], ascending=[False, True, True], ignore_index=True)
