"""Where filings are found: the portals and web archives, how each is asked, and what its answers are."""

from osint.portals.adapters import NEVER_ASKED, SOURCES, Hit, Source, never_asked
from osint.portals.classify import AnswerClass, Classified, classify
from osint.portals.contracts import contracts
from osint.portals.query import Query, SourceReport, read_query, words_asked
from osint.portals.search import planned_requests, search_sources, search_table
from osint.portals.session import Session, past_captures
from osint.portals.wayback import save_copy
from osint.portals.webarchives import is_of_archive, planned_copies, take_copy

__all__ = [
    "NEVER_ASKED",
    "SOURCES",
    "AnswerClass",
    "Classified",
    "Hit",
    "Query",
    "Session",
    "Source",
    "SourceReport",
    "classify",
    "contracts",
    "is_of_archive",
    "never_asked",
    "past_captures",
    "planned_copies",
    "planned_requests",
    "read_query",
    "save_copy",
    "search_sources",
    "search_table",
    "take_copy",
    "words_asked",
]
