"""Every number that a page prints is in the rows that it names, or is worked out again here from those rows.

The pages are walked as HTML. A block names its rows (`data-from`, the ids that it links) and how its numbers come about
(`data-how`); what is not in the rows is made again from the tables by the arithmetic that the block states.
"""

import functools
import math
import re

import lxml.html
import numpy as np
import pytest

from osint import geo, model, verdict
from osint.model import Dossier
from osint.register import UNKNOWN_DATUM_KM
from osint.report import answer_of, site_estimates

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
ID = re.compile(
    r"\b(?:[COGK]\d{3,5}|(?:XJ|QH|CN|US)\d{2}|(?:AGG|REF)-[A-Z0-9]+)\b|https?://\S+|WGS-84|(?<=version )[0-9a-f]{12}\b"
)
BLOCKS = {"p", "li", "td", "dd", "dt", "h1", "h2", "h3", "th", "blockquote", "figcaption", "article", "span"}
WORDS_OF_OUR_OWN = {"90", "10", "1", "2", "3", "4", "5", "6", "360", "0"}
"""Digits of fixed words: 90%, within 10%, the numbers of annexes, 360 pixels."""


def numbers(text):
    return [n.replace(",", "") for n in NUMBER.findall(ID.sub(" ", text))]


def same(a, b):
    return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-12)


def rounded(value, digits):
    """Return a value with so many significant digits, by numpy and not by the code under test."""
    return float(np.format_float_positional(value, precision=digits, fractional=False, trim="-")) if value else 0.0


def shown(value):
    return {rounded(value, n) for n in (1, 2, 3, 4, 6)} | {float(value)}


def of_cell(cell):
    """Return the numbers that a cell holds, in the forms in which a page may print them."""
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if not math.isfinite(cell):
            return set()
        out = {float(cell), rounded(cell, 6), rounded(cell, 4)}
        return out | {cell / 1e6, cell / 1e9, 100 * cell, round(cell)}
    text = str(cell)
    return {float(n) for n in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))} | {
        float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", text) if n.strip(",")
    }


@pytest.fixture(scope="module")
def book(register):
    return Book(register)


class Book:
    """The tables, and what is worked out of them again, by id."""

    def __init__(self, register):
        self.register, self.dossier = register, Dossier.of(register)
        self.found = verdict.check(register)
        self.answer = answer_of(self.dossier, self.found)
        self.rows = {}
        for name, key in (("claims", "claim_id"), ("observations", "observation_id"), ("sites", "site_id"),
                          ("calibration", "calibration_id")):  # fmt: skip
            for row in getattr(register, name).to_dict("records"):
                self.rows[row[key]] = set().union(*(of_cell(cell) for cell in row.values()))
        for claim in register.claims.itertuples():
            factor = {"mu": 2000 / 3}.get(claim.unit, 1)
            values = [v for v in (claim.value_low, claim.value_high) if math.isfinite(v)]
            self.rows[claim.claim_id] |= {float(f"{v * factor:.0f}") for v in values}
            self.rows.setdefault(claim.independence_group, set())
        for site in register.sites.to_dict("records"):
            if math.isfinite(site["lat"]):
                lon, lat = geo.to_wgs(site["lon"], site["lat"], site["datum"])
                place = {round(abs(lon), 3), round(lat, 3)}
                km = site["coord_precision_km"] + (UNKNOWN_DATUM_KM if site["datum"] == "unknown" else 0)
                self.rows[site["site_id"]] |= place | {round(km), site["coord_precision_km"]}
        self.findings = {f.claim.claim_id: f.to_row() for f in self.found.judged}
        self.checks = {c.check_id: c for c in self.found.tests}
        self.estimates = site_estimates(register)
        self.score = model.score(register).summary

    def finding(self, claim_id):
        row, out = self.findings[claim_id], set()
        for value in row.values():
            if isinstance(value, float | int) and value is not None and math.isfinite(value):
                out |= shown(value) | {round(100 * value), round(100 * (1 - value))}
        out |= of_cell(row["due"]) | of_cell(row["room_by"])
        best = row["allowed_best"]
        return out | (shown(row["claimed"] / best) if best is not None and best > 0 else set())

    def of_check(self, check_id):
        check = self.checks[check_id]
        out = set()
        for value in check.figures.values():
            out |= of_cell(value) | (shown(value) | {round(100 * value)} if isinstance(value, float | int) else set())
        tally = check.tally
        return out | ({tally.compared, tally.found} | shown(tally.expected) if tally else set())

    @functools.cached_property
    def of_answer(self):
        """Return the counts and ranges of the first sentences, made again."""
        sites, claims = self.register.sites, self.register.claims
        announced = sites[sites["role"] == "announced"]
        a = self.answer
        out = {len(announced), announced["lat"].isna().sum(), announced["lat"].notna().sum(), len(a.misfits)}
        km = [geo.precision_km(row) for row in announced.to_dict("records")]
        km = [k for k in km if math.isfinite(k)]
        out |= {round(min(km)), round(max(km)), len(a.paper.without), len(a.contradictions), len(a.tensions)}
        told = claims[claims["independence_group"].eq("G001") & claims["quantity_kind"].isin(["chips", "servers"])]
        out |= {told["source_publisher"].nunique()}
        for claim, room in ((a.largest.claim, a.paper_there), (a.planned.claim, a.paper)):
            out |= shown(claim.claimed / room.interval[1])
        for room, sites_of in ((a.paper_there, ["XJ01", "XJ02", "XJ03", "XJ04", "XJ05"]), (a.paper, None)):
            total = model.total(sites_of or list(announced["site_id"]), self.dossier)
            part = next(t for t in total if t.quantity == "chips" and t.ground == model.Ground.ROOM)
            assert {p.site_id for p in part.parts} == set(room.sites)
            out |= set().union(*(shown(v) for v in room.interval))
        return out

    @functools.cached_property
    def of_edition(self):
        claims, seen = self.register.claims, self.register.observations
        address = claims["source_url"].where(claims["source_url"] != "", claims["source_publisher"] + claims["date"])
        days = sorted(d for d in claims["date"] if re.fullmatch(r"\d{4}-\d{2}-\d{2}", d))
        out = {len(claims), address.nunique(), claims["independence_group"].nunique(), len(seen)}
        return out | of_cell(days[-1]) | of_cell(__import__("osint").__version__) | {4.0}  # CC BY 4.0


def allowed(element, text, book):
    """Return every number that a block may print: of the rows that it names, and of how it says they come about."""
    ids, hows = set(ID.findall(text)), []
    for part in [element, *element.iterancestors()]:
        ids |= set((part.get("data-from") or "").split())
        hows += [("check", i) for i in (part.get("id"), *(part.get("data-check") or "").split("|")) if i in book.checks]
        if part.get("data-how"):
            hows.append((part.get("data-how"), ""))
    ids |= {a.get("href", "").partition("#")[2] for a in element.iter("a")}
    out = set().union(*(book.rows.get(i, set()) for i in ids)) if ids else set()
    for how, name in hows:
        if how == "check" and name:
            out |= book.of_check(name)
        elif how == "finding":
            out |= set().union(*(book.finding(i) for i in ids if i in book.findings))
        elif how == "answer":
            out |= book.of_answer | book.of_check(book.answer.sharpest.check_id)
        elif how == "edition":
            out |= book.of_edition
        elif how == "score":
            out |= set().union(*(of_cell(v) for row in book.score.to_dict("records") for v in row.values()))
    return out


def sums_of(text):
    """Return the two sides of each line of arithmetic: what its factors give, and what it says they give."""
    while (bare := re.sub(r"\([^()]*\)", " ", text)) != text:
        text = bare
    for line in re.findall(r"[^=\[\]]+ = [\d,.]+", text):
        left, right = line.rsplit(" = ", 1)
        terms = re.findall(r"(?:^|([x/]) )\s*([\d,.]*\d)", left)
        if len(terms) < 2 or terms[0][0]:
            continue
        value = 1.0
        for sign, term in terms:
            value = value / float(term.replace(",", "")) if sign == "/" else value * float(term.replace(",", ""))
        yield value, float(right.rstrip(".").replace(",", "")), line


def blocks(page):
    """Yield the innermost blocks of a page that hold text of their own."""
    for element in page.iter():
        if not isinstance(element.tag, str) or element.tag not in BLOCKS:
            continue
        if element.tag == "span" and element.getparent().tag in BLOCKS:
            continue
        if any(child.tag in BLOCKS - {"span"} for child in element.iterdescendants()):
            continue
        yield element


def loose(page, book):
    """Return the numbers of a page that no row and no arithmetic gives, with their blocks."""
    out = []
    for element in blocks(page):
        for cite in element.xpath(".//a[@class='cite']"):
            cite.text = ""
        text = element.text_content()
        hows = {part.get("data-how") for part in [element, *element.iterancestors()]}
        if hows & {"sum", "step", "story"} or element.xpath("ancestor::section[@id='behind']"):
            continue  # judged by their own tests
        given = allowed(element, text, book) | {float(n) for n in WORDS_OF_OUR_OWN}
        out += [(n, text.strip()[:160]) for n in numbers(text) if not any(same(n, g) for g in given)]
    return out


@pytest.fixture(scope="module")
def parsed(report_folder):
    names = ["index.html", "evidence.html", *sorted(f"sites/{p.name}" for p in (report_folder / "sites").iterdir())]
    return {name: lxml.html.fromstring((report_folder / name).read_text("utf-8")) for name in names}


def test_every_number_of_the_front_page_and_of_the_evidence_comes_from_its_rows(parsed, book):
    page, behind = parsed["index.html"], parsed["evidence.html"]
    assert sum(len(numbers(e.text_content())) for one in (page, behind) for e in blocks(one)) > 2000
    assert loose(page, book) == [] and loose(behind, book) == []


def test_every_number_of_the_pages_of_sites_comes_from_its_rows(parsed, book):
    assert [(name, *fault) for name, page in parsed.items() if "/" in name for fault in loose(page, book)] == []


def test_every_line_of_arithmetic_ends_at_its_number(parsed, book):
    seen = 0
    for page in parsed.values():
        for element in page.xpath("//*[@data-how='sum']//li|//*[@data-how='sum']//td"):
            for value, printed, line in sums_of(element.text_content()):
                seen += 1
                assert math.isclose(value, printed, rel_tol=0.06), line
    assert seen > 50


def test_what_each_figure_would_allow_is_the_row_of_the_estimate(parsed, book):
    for name, page in parsed.items():
        rows = page.xpath("//table[@data-how='sum']/tbody/tr")
        of_site = book.estimates[book.estimates["site_id"] == name.removeprefix("sites/").removesuffix(".html")]
        for row, wanted in zip(rows, of_site.to_dict("records"), strict=True):
            best, low, high = (float(n) for n in numbers(row.xpath("td")[2].text_content()))
            assert [best, low, high] == [rounded(wanted[side], 2) for side in ("best", "low", "high")]


def test_tables_behind_the_page_are_the_tables(parsed, register):
    text = parsed["evidence.html"].xpath("//section[@id='behind']")[0]
    for name, key in (("relations", "low"), ("chips", "it_kw_best"), ("calibration", "truth_best")):
        printed = {float(n) for cell in text.iter("td") for n in numbers(cell.text_content())}
        assert {rounded(v, 6) for v in getattr(register, name)[key].dropna()} <= printed, name
