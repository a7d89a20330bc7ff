"""The one way to the network: addresses that may be asked, one client, politeness, byte ranges kept on disk."""

from osint.http.addresses import check_url, forbidden, is_loopback, is_url, named_host
from osint.http.client import (
    CONNECTIONS,
    Answer,
    Client,
    Exchange,
    Limits,
    Redirect,
    Request,
    Trouble,
    fetch,
    inflate,
    kept_headers,
    user_agent,
)
from osint.http.politeness import HOLD_SECONDS, HOST_PER_MINUTE, Politeness, host_key
from osint.http.ranges import (
    ByteCache,
    ChangedError,
    Cost,
    RangeRead,
    Ranges,
    bytes_by_reader,
    cache_folder,
)
from osint.http.secrets import strip_secrets

__all__ = [
    "CONNECTIONS",
    "HOLD_SECONDS",
    "HOST_PER_MINUTE",
    "Answer",
    "ByteCache",
    "ChangedError",
    "Client",
    "Cost",
    "Exchange",
    "Limits",
    "Politeness",
    "RangeRead",
    "Ranges",
    "Redirect",
    "Request",
    "Trouble",
    "bytes_by_reader",
    "cache_folder",
    "check_url",
    "fetch",
    "forbidden",
    "host_key",
    "inflate",
    "is_loopback",
    "is_url",
    "kept_headers",
    "named_host",
    "strip_secrets",
    "user_agent",
]
