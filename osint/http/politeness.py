"""Keep within what hosts allow: request rates shared by all processes, pauses that hosts ask for, robots.txt."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from protego import Protego

from osint import files
from osint.errors import OsintError
from osint.http.addresses import is_loopback
from osint.http.answers import DAY_S, Answer, Trouble, retry_after_seconds
from osint.http.bodies import read_json

HOLD_SECONDS = 60.0  # pause after 429 or 503 without Retry-After; the Internet Archive counts a minute
HOST_PER_MINUTE = 20.0  # requests per minute to hosts that publish no limit
_AGENT = "osint-datacentres"
_BURST = 3.0
_STATE_BYTES = 16 << 20  # of the file with the pace of all hosts
FAR = 1e12
"""No moment in seconds of the epoch, and no count of requests, is further."""
_NO_RULES = ""
_SILENT = (Trouble.TIMEOUT, Trouble.RESET, Trouble.EMPTY_REPLY, Trouble.DISCONNECT)
_ALL_FORBIDDEN = "User-agent: *\nDisallow: /\n"


class Politeness:
    """The pace of each host, kept in one small file so that every process of a case shares one budget."""

    def __init__(self, path: Path):
        self.path = path
        self._robots: dict[str, Protego] = {}
        self._unreachable: set[str] = set()

    def wait_seconds(self, key: str, per_minute: float) -> float:
        """Take one token of a bucket and return how long to wait before asking."""
        with self._state() as state:
            now = time.time()
            bucket = state.setdefault(key, {})
            full = min(_BURST, per_minute)
            since = max(0.0, now - bucket.get("at", now))  # a clock that was set back makes nobody wait
            tokens = min(full, max(-per_minute, bucket.get("tokens", full)) + since * per_minute / 60)
            bucket.update(tokens=tokens - 1, at=now)
            return float(max(0.0, (1 - tokens) * 60 / per_minute))

    def held_until(self, key: str) -> float:
        """Return the time (seconds of the epoch) before which a host asked not to be asked, or 0."""
        with self._state() as state:
            until = state.get(key, {}).get("hold", 0.0)
        return until if 0 < until - time.time() <= DAY_S else 0.0

    def hold(self, key: str, retry_after: str, *, default_seconds: float = HOLD_SECONDS) -> float:
        """Note that a host asked for a pause; return when it ends (0 if there is none)."""
        asked = retry_after_seconds(retry_after)
        seconds = default_seconds if asked is None else asked
        if seconds <= 0:
            return 0.0
        until = time.time() + min(seconds, DAY_S)
        with self._state() as state:
            state.setdefault(key, {})["hold"] = until
        return until

    def knows_robots(self, origin: str) -> bool:
        """Say whether the robots.txt of an origin was read in this run."""
        return origin in self._robots

    def robots_unreachable(self, origin: str) -> bool:
        """Say whether the robots.txt of an origin could not be read in this run, which forbids all of it."""
        return origin in self._unreachable

    def robots_allow(self, origin: str, url: str) -> bool:
        """Say whether the robots.txt of an origin, read before, lets us ask a URL."""
        return bool(self._robots[origin].can_fetch(url, _AGENT))

    def learn_robots(self, origin: str, answer: Answer) -> None:
        """Keep the rules of a robots.txt by the answer to it.

        A server that fails (5xx), goes silent or cuts the connection forbids all, as RFC 9309 (section 2.3.1.4) says of
        a robots.txt that is unreachable. There are no rules where the file does not exist, where a page came instead,
        and where no connection could be made: what is asked then fails in the same way.
        """
        status, media_type, body = answer.status, answer.media_type, answer.body
        text = (body or b"")[: 512 << 10].decode("utf-8", "replace")
        if (status is not None and status >= 500) or answer.trouble in _SILENT:
            text = _ALL_FORBIDDEN
            self._unreachable.add(origin)
        elif status != 200 or media_type != "text/plain" or "<html" in text.lower():
            text = _NO_RULES
        self._robots[origin] = Protego.parse(text)

    @contextlib.contextmanager
    def _state(self) -> Iterator[dict[str, dict[str, float]]]:
        try:
            files.make_folder(self.path.parent)
            with files.locked(self.path.with_suffix(".lock")):
                held = files.read_regular(self.path, _STATE_BYTES) if self.path.exists() else b""
                state = _read_state(held)
                yield state
                now = json.dumps(state, sort_keys=True).encode()
                if now != (held or b"{}"):
                    files.replace_file(self.path, now, private=True)
        except OsintError:
            raise
        except OSError as error:
            raise OsintError(
                f"the pace of requests could not be noted in {self.path} ({error.strerror or error});"
                " nothing was asked without it: free some space or repair the disk, then run again"
            ) from error


def _read_state(held: bytes) -> dict[str, dict[str, float]]:
    """Return the pace of each host out of a file that a stranger may have written: what is no number is left out.

    A pace lost with a crash costs one burst, no evidence.
    """
    try:
        state = read_json(held or b"{}")
    except ValueError:
        return {}
    rows = state.items() if isinstance(state, dict) else ()
    return {
        key: {name: float(value) for name, value in row.items() if isinstance(value, int | float) and abs(value) < FAR}
        for key, row in rows
        if isinstance(row, dict)
    }


def host_key(url: str) -> str:
    """Return what a pause applies to: the host; on loopback the URL, as one server plays many hosts."""
    return url if is_loopback(url) else urlsplit(url).netloc.rpartition("@")[2].lower()
