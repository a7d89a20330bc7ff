"""Ask a service its smallest question, and say whether it answers in the form that its adapter expects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from osint.errors import OsintError
from osint.http.answers import Answer, Limits, Request, Trouble
from osint.http.bodies import read_json
from osint.http.client import Client

LIMITS = Limits(max_bytes=8 << 20, max_seconds=30.0, head_seconds=20.0, silence_seconds=15.0)
"""Limits of one question."""
NEEDS_ACCOUNT, REFUSALS, GONE, BUSY = (401,), (403, 405, 412, 418, 493), (404, 410), (429, 503)
"""Statuses that ask for an account, that refuse, that know no such address, and that ask to wait."""

Path = tuple[str | int, ...]
Kind = Literal["list", "object", "text", "number", "any"]
_KINDS: dict[str, tuple[type, ...]] = {
    "list": (list,), "object": (dict,), "text": (str,), "number": (int, float, str), "any": (object,),
}  # fmt: skip


class Form(StrEnum):
    """Whether a service answers, and how."""

    AS_EXPECTED = "as expected"
    OTHERWISE = "otherwise"
    """It answers, in another form than its adapter reads."""
    BLOCKED = "blocked"
    BUSY = "busy"
    NEEDS_ACCOUNT = "needs an account"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Need:
    """One value that an adapter reads."""

    path: Path
    """Names and positions that lead to it in the JSON."""
    kind: Kind
    """What it has to be; a number may be written as text."""

    def fault(self, data: Any) -> str:
        """Return what is otherwise in an answer, or an empty string.

        What lies in a list that is empty cannot be compared, and is no fault.
        """
        here = data
        for at, step in enumerate(self.path):
            if isinstance(step, int) and here == []:
                return ""
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                return f"{_shown(self.path[: at + 1])} is not there"
        return "" if isinstance(here, _KINDS[self.kind]) else f"{_shown(self.path)} is no {self.kind}"


@dataclass(frozen=True, slots=True)
class Contract:
    """What is asked of a service, and what its answer must hold."""

    name: str
    """Service, as in `osint doctor --network`."""
    request: Request
    """Smallest question to it."""
    needs: tuple[Need, ...] = ()
    """Values that its adapter reads out of the JSON; empty for other forms."""
    begins: tuple[bytes, ...] = ()
    """First bytes of an answer that is no JSON, one of which must be there."""
    reads: Callable[[Answer], str] = lambda _: ""
    """Has the adapter itself read the answer, and returns what it misses, or an empty string."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one question."""

    name: str
    """Service."""
    form: Form
    """Whether it answers, and how."""
    says: str
    """What differs, or why there is no answer; nothing of this machine and no secret."""


def examine(contract: Contract) -> Finding:
    """Ask one service and compare the form of its answer with what its adapter expects."""
    try:
        answer = Client(LIMITS, named=contract.request.url).ask(contract.request)
    except OsintError as error:
        return Finding(contract.name, Form.UNREACHABLE, str(error))
    form, says = _judged(contract, answer)
    return Finding(contract.name, form, says)


def _judged(contract: Contract, answer: Answer) -> tuple[Form, str]:
    status = answer.status
    if status is None:
        return (Form.BLOCKED if answer.trouble is Trouble.RESET else Form.UNREACHABLE), answer.detail
    by_status = {
        **dict.fromkeys(NEEDS_ACCOUNT, Form.NEEDS_ACCOUNT),
        **dict.fromkeys(REFUSALS, Form.BLOCKED),
        **dict.fromkeys(BUSY, Form.BUSY),
        **dict.fromkeys(GONE, Form.OTHERWISE),
    }
    if answer.fault:
        return by_status.get(status, Form.UNREACHABLE), answer.fault
    fault = _form_fault(contract, answer.body or b"") or contract.reads(answer)
    if fault:
        return Form.OTHERWISE, fault
    held = f"{len(contract.needs)} values are there" if contract.needs else f"{len(answer.body or b''):,} bytes"
    return Form.AS_EXPECTED, held


def _form_fault(contract: Contract, body: bytes) -> str:
    """Return what is otherwise in the form of an answer, or an empty string."""
    if contract.begins:
        return "" if body.startswith(contract.begins) else f"its first bytes are {body[:12]!r}"
    try:
        data = read_json(body)
    except ValueError:
        return f"{'a page' if body.lstrip()[:1] == b'<' else 'no JSON'} came where JSON was due"
    return "; ".join(fault for need in contract.needs if (fault := need.fault(data)))


def _shown(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "the answer"
