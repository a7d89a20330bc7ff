"""Ask every source that fits for words in a span of time, side by side, into one frame."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from osint._rows import COLUMNS, read
from osint.adapters import PLACES, SOURCES, Source, base
from osint.archive import Archive
from osint.classify import Kind, Page, Verdict
from osint.errors import OsintError
from osint.fetch import Ask
from osint.neutral import Listing, kept, take_wayback, wayback_ask, wayback_copies
from osint.sources import Desk, capture, project_codes

_STOCK = re.compile(r"\d{6}$")
LIVE_LISTS = {"xjdrc.xinjiang.gov.cn": "/xjfgw/c108396/common_list.shtml"}
"""List pages of government sites that are known; the others draw their lists by script."""


@dataclass(frozen=True)
class Query:
    """What is looked for."""

    words: tuple[str, ...]
    """Topic words, all of which a title must hold."""
    places: tuple[str, ...]
    """Place words, which choose regional sources."""
    stock: str
    """A stock code of six digits, or empty."""
    start: date
    """First day."""
    end: date
    """Last day."""
    pages: int = 3
    """Pages asked of each source."""

    @property
    def provinces(self) -> set[str]:
        """First two digits of the provinces named."""
        return {PLACES[place][0] for place in self.places}


@dataclass
class Report:
    """What one source answered, what it could not, and what remains."""

    source: str
    """Short name."""
    answer: str
    """Class of its last answer, or `not asked`."""
    said: str
    """The signal."""
    rows: list[dict[str, str]] = field(default_factory=list)
    """Rows that fit."""
    left_out: int = 0
    """Rows that the source gave although they lack the words."""
    total: int | None = None
    """Hits that it states."""
    could_not: str = ""
    """What it cannot answer, or did not."""
    by_hand: str = ""
    """What a person should still open."""


def query(words: str, start: str, end: str, *, pages: int = 3) -> Query:
    """Read the words and days of a search; a month means its first or last day.

    Raises OsintError for days that are none, or in the wrong order.
    """
    parts = words.split()
    if not parts:
        msg = "there is nothing to search for; give words such as '智算中心 哈密'"
        raise OsintError(msg)
    places = tuple(part for part in parts if part in PLACES)
    stocks = [part for part in parts if _STOCK.match(part)]
    topic = tuple(part for part in parts if part not in places and part not in stocks)
    made = Query(topic or places, places, stocks[0] if stocks else "", _day(start, 0), _day(end, 1), pages)
    if made.start > made.end:
        msg = f"--from {start} is after --to {end}; exchange them"
        raise OsintError(msg)
    return made


def _day(text: str, last: int) -> date:
    try:
        if re.fullmatch(r"\d{4}", text):
            return date(int(text), 12, 31) if last else date(int(text), 1, 1)
        if re.fullmatch(r"\d{4}-\d{2}", text):
            year, month = int(text[:4]), int(text[5:])
            following = date(year + month // 12, month % 12 + 1, 1)
            return following - timedelta(days=1) if last else date(year, month, 1)
        return date.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no day; give 2024-06-30 or 2024-06"
        raise OsintError(msg) from error


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


def ask_page(
    source: Source, asked: Query, page: int, *, words: bool = True, legacy: tuple[str, ...] = ()
) -> Ask:
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
        body = (
            json.dumps(params, ensure_ascii=False) if source.sends == "json" else urlencode(params)
        ).encode()
    return Ask(url, method, headers, body, host in legacy)


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
    """Ask all sources that fit and return one report each; `done` gets the name of each that has finished.

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
                ask = Ask(live_url(host)) if live else _host_ask(host, asked)
                yield f"{host}\t{ask.method} {ask.url}\t"


def search_source(at: Desk, source: Source, asked: Query, legacy: tuple[str, ...] = ()) -> Report:
    """Ask one portal, page by page, until it ends, repeats itself, or says stop."""
    report = Report(source.name, "not asked", "", by_hand=source.by_hand)
    if source.name == "cninfo" and asked.stock:
        found = _cninfo_stock(at, source, asked.stock)
        source = replace(source, params={**source.params, "stock": found})
    spans = [asked]
    seen: set[tuple[str, ...]] = set()
    while spans:
        span = spans.pop(0)
        halves = _ask_span(at, source, span, report, seen, legacy)
        spans = halves + spans
        if report.answer not in (Kind.CONTENT, Kind.EMPTY_RESULT):
            report.could_not = report.could_not or "stopped at this answer; later pages were not asked"
            break
    if report.rows or seen:
        report.answer = str(Kind.CONTENT) if report.answer == Kind.EMPTY_RESULT else report.answer
    if report.answer in (Kind.CONTENT, Kind.EMPTY_RESULT):
        report.by_hand = ""
    return report


def _ask_span(
    at: Desk, source: Source, span: Query, report: Report, seen: set[tuple[str, ...]], legacy: tuple[str, ...]
) -> list[Query]:
    """Ask the pages of one span of days; return two halves to ask instead if it holds too much."""
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
        if (
            not rows
            or (total is not None and read_here >= total)
            or (source.size and len(rows) < source.size)
        ):
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
        where += (
            f"; names {'、'.join(named)}" if named else "; names no place asked for" if asked.places else ""
        )
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
        at, Ask(f"{source.host}/new/data/szse_stock.json"), per_minute=source.per_minute, expects="json"
    )
    page = Page(body, "application/json")
    listed = page.data.get("stockList", []) if isinstance(page.data, dict) else []
    found = next((row.get("orgId") for row in listed if row.get("code") == code), None)
    if entry["class"] == Kind.CONTENT and found is None:
        msg = f"cninfo lists no stock {code}; check the code, or search by words"
        raise OsintError(msg)
    return f"{code},{found or ''}"


# government sites without a search


def live_url(host: str) -> str:
    """Return the list page of a government site, or its home page where no list is known."""
    return f"{base('page', f'https://{host}')}{LIVE_LISTS.get(host, '/')}"


def _host_ask(host: str, asked: Query) -> Ask:
    start, end = asked.start.strftime("%Y%m%d"), asked.end.strftime("%Y%m%d")
    return wayback_ask(f"{host}/*", start=start, end=end, limit=500)


def search_host(at: Desk, host: str, asked: Query, *, live: bool) -> Report:
    """Read pages of one government site that name the words: copies from the archive, or its live list."""
    report = Report(f"wayback:{host}" if not live else host, "not asked", "", by_hand=live_url(host))
    if live:
        entry = capture(at, live_url(host))
        report.answer, report.said = entry["class"], entry["signal"]
        if entry["class"] == Kind.CONTENT:
            _live_links(at.archive, entry, asked, report)
        return report
    listing = wayback_copies(at, _host_ask(host, asked))
    report.answer, report.said = str(listing.verdict.kind), listing.verdict.signal
    if listing.copies:
        _read_copies(at, listing, asked, report)
    return report


def _read_copies(at: Desk, listing: Listing, asked: Query, report: Report) -> None:
    pages = [copy for copy in listing.copies if copy.media_type in ("text/html", "") and _is_notice(copy.url)]
    chosen = pages[-10 * asked.pages :]
    for copy in reversed(chosen):
        entry = take_wayback(at, copy)
        if entry["class"] in (Kind.RATE_LIMITED, Kind.TIMEOUT, Kind.UNREACHABLE):
            report.answer, report.could_not = entry["class"], f"stopped at {entry['signal']}"
            return
        if entry["class"] != Kind.CONTENT:
            report.left_out += 1
            continue
        page = Page(at.archive.body(entry), entry["media_type"])
        if not all(word in page.visible + page.title for word in asked.words):
            report.left_out += 1
            continue
        codes = project_codes(page.visible)
        row = {
            "title": page.title,
            "date": day_of_url(copy.url),
            "place": "",
            "kind": "archived page",
            "url": copy.url,
        }
        row.update(source="wayback", how_found=f"copy of {copy.timestamp[:8]} has the words")
        report.rows.append({**row, "project_code": codes[0] if codes else ""})
    rest = len(pages) - len(chosen)
    report.could_not = f"{rest} of {len(pages)} copies were not read; --pages reads more" if rest else ""
    report.by_hand = ""


def _is_notice(url: str) -> bool:
    return (
        re.search(r"/c\d+/\d{6}/[0-9a-f]{32}\.s?html|/t\d{8}_\d+\.s?html?|/content_\d+\.s?html?", url)
        is not None
    )


def day_of_url(url: str) -> str:
    """Return the month or day that a government URL carries, or an empty string."""
    found = re.search(r"/t(\d{4})(\d{2})(\d{2})_", url)
    if found:
        return "-".join(found.groups())
    found = re.search(r"/(20\d{2})(0[1-9]|1[0-2])/", url)
    return f"{found[1]}-{found[2]}" if found else ""


def _live_links(archive: Archive, entry: dict[str, Any], asked: Query, report: Report) -> None:
    page = Page(archive.body(entry), entry["media_type"])
    if page.tree is None:
        return
    page.tree.make_links_absolute(entry["final_url"])
    for link in page.tree.iter("a"):
        title = (link.get("title") or link.text_content()).strip()
        if title and all(word in title for word in asked.words):
            row = {"title": title, "date": day_of_url(link.get("href", "")), "place": "", "kind": "page"}
            row.update(url=link.get("href", ""), source=report.source, how_found="title in the live list")
            report.rows.append({**row, "project_code": ""})


def frame(reports: list[Report]) -> Any:
    """Return all rows as one pandas DataFrame, newest first, with the columns of `_rows.COLUMNS`."""
    import pandas as pd

    rows = [{name: row.get(name, "") for name in COLUMNS} for report in reports for row in report.rows]
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype=str)
    return table.sort_values(["date", "source", "title"], ascending=[False, True, True], ignore_index=True)
