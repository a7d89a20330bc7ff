"""Open the claim and judge it."""

from osint.verdict.judge import (
    BANDS,
    FINDINGS,
    Bound,
    bound,
    edge_assumption,
    judge,
    not_reached,
    rung_shown,
    word,
)

__all__ = [
    "BANDS",
    "FINDINGS",
    "Bound",
    "bound",
    "edge_assumption",
    "judge",
    "not_reached",
    "rung_shown",
    "word",
]
