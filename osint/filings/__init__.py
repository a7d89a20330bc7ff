"""Turn the bytes of a filing into text with a map back to them, into claims, and into reviewed rows of the register."""

from osint.filings.about import About, Link, about
from osint.filings.decode import Decoded, decode
from osint.filings.facts import DocumentFacts, Notice, project_codes, read_notice
from osint.filings.filing import Filing, Location, Medium, open_filing, parse
from osint.filings.filing_claims import claims_of
from osint.filings.grid import Cell
from osint.filings.ocr import parse_with_ocr
from osint.filings.page import Page, element_text
from osint.filings.review import accept_claim, change_claim, reject_claim, start_review, write_reviewed
from osint.filings.review_form import ReviewForm, crop_html, review_sheet
from osint.filings.review_log import ReviewDecision, compare_with_register, is_missing, read_review_log, review_faults

__all__ = [
    "About",
    "Cell",
    "Decoded",
    "DocumentFacts",
    "Filing",
    "Link",
    "Location",
    "Medium",
    "Notice",
    "Page",
    "ReviewDecision",
    "ReviewForm",
    "about",
    "accept_claim",
    "change_claim",
    "claims_of",
    "compare_with_register",
    "crop_html",
    "decode",
    "element_text",
    "is_missing",
    "open_filing",
    "parse",
    "parse_with_ocr",
    "project_codes",
    "read_notice",
    "read_review_log",
    "reject_claim",
    "review_faults",
    "review_sheet",
    "start_review",
    "write_reviewed",
]
