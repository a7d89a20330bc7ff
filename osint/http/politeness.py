"""Keep within what hosts allow: token buckets shared by all processes, Retry-After, robots.txt."""

from __future__ import annotations

import contextlib
import email.utils
import fcntl
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from osint.errors import OsintError
from osint.http.addresses import is_loopback

HOLD_SECONDS = 60.0
"""Pause after 429 or 503 without Retry-After; the Internet Archive counts a minute."""

HOST_PER_MINUTE = 20.0
"""Pace for hosts that publish no limit."""

_BURST = 3.0


class Politeness:
    """The pace of each host, kept in one small file so that every process of a desk shares one budget."""

    def __init__(self, path: Path):
        self.path = path
        self._robots: dict[str, RobotFileParser | None] = {}

    def wait_seconds(self, key: str, per_minute: float) -> float:
        """Take one token of a bucket and return how long to wait before asking."""
        with self._state() as state:
            now = time.time()
            bucket = state.setdefault(key, {})
            full = min(_BURST, per_minute)
            tokens = min(full, bucket.get("tokens", full) + (now - bucket.get("at", now)) * per_minute / 60)
            bucket.update(tokens=tokens - 1, at=now)
            return float(max(0.0, (1 - tokens) * 60 / per_minute))

    def held_until(self, key: str) -> float:
        """Return the time (seconds of the epoch) before which a host asked not to be asked, or 0."""
        with self._state() as state:
            until = float(state.get(key, {}).get("hold", 0))
        return until if until > time.time() else 0.0

    def hold(self, key: str, retry_after: str, *, default_seconds: float = HOLD_SECONDS) -> float:
        """Note that a host asked for a pause; return when it ends (0 if there is none)."""
        seconds = retry_seconds(retry_after)
        seconds = default_seconds if seconds is None else seconds
        if seconds <= 0:
            return 0.0
        until = time.time() + min(seconds, 86400.0)
        with self._state() as state:
            state.setdefault(key, {})["hold"] = until
        return until

    def robots(self, origin: str) -> RobotFileParser | None:
        """Return the rules read for an origin in this run; KeyError if they were not read yet."""
        return self._robots[origin]

    def learn_robots(self, origin: str, status: int | None, media_type: str, body: bytes | None) -> None:
        """Keep the rules of a robots.txt, or none when what came is no robots file but a page."""
        parser = None
        text = (body or b"")[: 512 << 10].decode("utf-8", "replace")
        if status == 200 and media_type == "text/plain" and "<html" not in text.lower():
            parser = RobotFileParser()
            parser.parse(text.splitlines())
        self._robots[origin] = parser

    @contextlib.contextmanager
    def _state(self) -> Iterator[dict[str, Any]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                held = file.read()
                state = _state_of(held)
                yield state
                now = json.dumps(state, sort_keys=True).encode()
                if now != (held or b"{}"):
                    file.truncate(0)
                    file.write(now)
        except OSError as error:
            msg = (
                f"the pace of requests could not be noted in {self.path} ({error.strerror or error});"
                " nothing was asked without it: make room or mend the disk, then run again"
            )
            raise OsintError(msg) from error


def _state_of(held: bytes) -> dict[str, Any]:
    try:
        state = json.loads(held or b"{}")
    except ValueError:
        return {}  # a pace lost with a crash costs one burst, no evidence
    return state if isinstance(state, dict) else {}


def host_key(url: str) -> str:
    """Return what a pause applies to: the host; on loopback the URL, as one server plays many hosts."""
    return url if is_loopback(url) else urlsplit(url).netloc.rpartition("@")[2].lower()


def retry_seconds(value: str) -> float | None:
    """Read a Retry-After header, seconds or a date; None if there is none to read."""
    value = value.strip()
    if value.isdigit():
        return float(value[:9])
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment - datetime.now(moment.tzinfo or UTC)).total_seconds())
