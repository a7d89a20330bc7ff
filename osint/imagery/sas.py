"""Ask Planetary Computer for the short-lived tokens with which its files are read."""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
import os
import threading
import time
from urllib.parse import urlsplit

import urllib3

from osint.errors import OsintError
from osint.http import Cost, checked_manager

SAS_TOKENS = "https://planetarycomputer.microsoft.com/api/sas/v1/token"
_asking = threading.Lock()


class SasTokens:
    """Short-lived tokens for Planetary Computer's files: renewed before they end, kept only in memory."""

    def __init__(self, service: str) -> None:
        self.service = service.rstrip("/")
        self._tokens: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()
        self._pool = checked_manager(service, connections=2)

    def sign(self, href: str, spent: Cost | None = None) -> str:
        """Return `href` with a token of its container; an address that has a query stays as it is.

        `spent` counts the request, if one is made.
        """
        parts = urlsplit(href)
        account, _, domain = (parts.hostname or "").partition(".")
        if parts.query or domain != "blob.core.windows.net":
            return href
        container = parts.path.strip("/").partition("/")[0]
        return parts._replace(query=self.token(f"{account}/{container}", spent)).geturl()

    def token(self, container: str, spent: Cost | None = None) -> str:
        """Return a token for "account/container" that lasts at least five minutes more."""
        with self._lock:
            until, token = self._tokens.get(container, (-math.inf, ""))
            if until - time.time() > 300:
                return token
            if spent:
                spent.add("list", requests=1)
            retries = urllib3.Retry(4, redirect=0, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
            try:
                answer = self._pool.request("GET", f"{self.service}/{container}", retries=retries, timeout=30.0)
                body = json.loads(answer.data)
                until = dt.datetime.fromisoformat(body["msft:expiry"]).timestamp()
                token = str(body["token"])
            except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError) as error:
                msg = f"Planetary Computer gave no token for {container} ({type(error).__name__})"
                raise OsintError(f"{msg}: try again later, or read from earth-search") from error
            self._tokens[container] = (until, token)
            return token


def sas_tokens() -> SasTokens:
    """Return the tokens of this process: a search makes hundreds of reads, which share them."""
    with _asking:
        return _of_process(SAS_TOKENS, os.getpid())


@functools.lru_cache(4)
def _of_process(service: str, pid: int) -> SasTokens:
    return SasTokens(service)
