"""The one way to the network: which addresses may be asked, one client, politeness towards hosts, byte ranges on disk."""

from osint.http.addresses import ForbiddenAddressError, check_url, forbidden, is_loopback, is_url
from osint.http.client import Answer, Exchange, Limits, Request, fetch, proxies, strip_secrets, user_agent
from osint.http.politeness import HOST_PER_MINUTE, Politeness, host_key
from osint.http.ranges import (
    AGENT,
    CONNECTIONS,
    ByteCache,
    ChangedError,
    Cost,
    RangeRead,
    Ranges,
    ReadError,
    bytes_by_reader,
    cache_folder,
    checked_manager,
    named_host,
)

__all__ = [
    "AGENT",
    "CONNECTIONS",
    "HOST_PER_MINUTE",
    "Answer",
    "ByteCache",
    "ChangedError",
    "Cost",
    "Exchange",
    "ForbiddenAddressError",
    "Limits",
    "Politeness",
    "RangeRead",
    "Ranges",
    "ReadError",
    "Request",
    "bytes_by_reader",
    "cache_folder",
    "check_url",
    "checked_manager",
    "fetch",
    "forbidden",
    "host_key",
    "is_loopback",
    "is_url",
    "named_host",
    "proxies",
    "strip_secrets",
    "user_agent",
]
