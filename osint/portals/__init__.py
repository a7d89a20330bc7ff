"""Where filings are found: the portals and web archives, how each is asked, and what its answers are."""

from osint.portals.adapters import SOURCES, Hit, Source, base_url
from osint.portals.classify import AnswerClass, Classified, classify
from osint.portals.search import (
    Query,
    SourceReport,
    planned_requests,
    read_query,
    search_sources,
    search_table,
)
from osint.portals.session import Session, past_captures
from osint.portals.webarchives import COMMONCRAWL_INDEX, WAYBACK, take_copy, wayback_request

__all__ = [
    "COMMONCRAWL_INDEX",
    "SOURCES",
    "WAYBACK",
    "AnswerClass",
    "Classified",
    "Hit",
    "Query",
    "Session",
    "Source",
    "SourceReport",
    "base_url",
    "classify",
    "past_captures",
    "planned_requests",
    "read_query",
    "search_sources",
    "search_table",
    "take_copy",
    "wayback_request",
]
