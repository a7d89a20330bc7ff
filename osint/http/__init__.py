"""The one way to the network: addresses that may be asked, one client, politeness, byte ranges kept on disk."""

from osint.http.addresses import check_url, forbidden, is_loopback, is_url, named_host
from osint.http.answers import Answer, Exchange, Limits, Redirect, Request, Trouble
from osint.http.bodies import CODINGS, inflate, kept_headers, part_of_file, read_json
from osint.http.byte_cache import ByteCache, cache_folder
from osint.http.client import OFFLINE, Client, fetch, is_offline, user_agent
from osint.http.connections import CERTIFICATES, CONNECTIONS, proxies_in_use
from osint.http.contract import Contract, Finding, Form, Need, examine
from osint.http.cost import Cost, RangeRead, bytes_by_reader
from osint.http.politeness import HOLD_SECONDS, HOST_PER_MINUTE, Politeness, host_key
from osint.http.ranges import ChangedError, Ranges
from osint.http.secrets import is_cut, strip_secrets

__all__ = [
    "CERTIFICATES",
    "CODINGS",
    "CONNECTIONS",
    "HOLD_SECONDS",
    "HOST_PER_MINUTE",
    "OFFLINE",
    "Answer",
    "ByteCache",
    "ChangedError",
    "Client",
    "Contract",
    "Cost",
    "Exchange",
    "Finding",
    "Form",
    "Limits",
    "Need",
    "Politeness",
    "RangeRead",
    "Ranges",
    "Redirect",
    "Request",
    "Trouble",
    "bytes_by_reader",
    "cache_folder",
    "check_url",
    "examine",
    "fetch",
    "forbidden",
    "host_key",
    "inflate",
    "is_cut",
    "is_loopback",
    "is_offline",
    "is_url",
    "kept_headers",
    "named_host",
    "part_of_file",
    "proxies_in_use",
    "read_json",
    "strip_secrets",
    "user_agent",
]
