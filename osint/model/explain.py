"""Say how a posterior came about: its arithmetic, its readings, and the assumption that it hangs on most."""

from __future__ import annotations

import re

import numpy as np

from osint.model import network
from osint.model.givens import EXACT, Given, show
from osint.model.network import unit_of
from osint.model.posterior import Posterior


def hangs_on(answer: Posterior) -> dict:
    """The factor or discrete reading that adds most to the variance of the log answer."""
    shares: dict[str, float] = {}
    rows: dict[str, network.Factor] = {}
    for w, s in zip(answer.weights, answer.solved, strict=True):
        for name, v in s.shares.items():
            key = re.sub(r" per .*", " per chip", name)
            shares[key] = shares.get(key, 0.0) + w * v
        for edge in s.reading.edges.values():
            rows |= {f.name: f for _, f in edge.factors}
    means = np.array([s.mean for s in answer.solved])
    overall = float(answer.weights @ means)
    for name in answer.solved[0].reading.choice:
        groups: dict[str, list[int]] = {}
        for i, s in enumerate(answer.solved):
            groups.setdefault(s.reading.choice[name], []).append(i)
        between = 0.0
        for members in groups.values():
            w = answer.weights[members]
            if w.sum() > 0:
                between += float(w.sum() * ((w @ means[members]) / w.sum() - overall) ** 2)
        shares[name] = between
    if not shares or max(shares.values()) < EXACT**2:
        return {"name": "nothing", "kind": "exact", "share": 0.0, "text": "nothing: the answer is one of the givens"}
    top = max(shares, key=lambda k: shares[k])
    share = round(shares[top] / sum(shares.values()), 2)
    if top in rows:
        f = rows[top]
        text = f"{top}: {show(f.best)} ({show(f.low)} to {show(f.high)}) {f.unit}"
        return {"name": top, "kind": "relation", "share": share, "text": text, "source": f.source}
    if top in answer.solved[0].reading.choice:
        parts: dict[str, float] = {}
        for w, s in zip(answer.weights, answer.solved, strict=True):
            parts[s.reading.choice[top]] = parts.get(s.reading.choice[top], 0.0) + float(w)
        text = f"{top}: " + ", ".join(
            f"{k} {v:.0%}" for k, v in sorted(parts.items(), key=lambda kv: -kv[1]) if v >= 0.01
        )
        return {"name": top, "kind": "reading", "share": share, "text": text, "source": "readings.csv and chips.csv"}
    return {"name": top, "kind": "range", "share": share, "text": top, "source": "relations.csv and chips.csv"}


def weights(answer: Posterior) -> list[dict]:
    """Every reading with its prior and posterior weight, likeliest first."""
    rows = [
        {**s.reading.choice, "prior": round(s.reading.prior, 4), "posterior": round(float(w), 4)}
        for w, s in zip(answer.weights, answer.solved, strict=True)
    ]
    return sorted(rows, key=lambda r: -r["posterior"])


def chain(answer: Posterior, target: str, givens: list[Given]) -> list[str]:
    """The arithmetic of the likeliest reading, one line for each given."""
    top = answer.solved[int(np.argmax(answer.weights))]
    lines = []
    for g in givens:
        value = float(np.exp(g.log)) if not g.bound else float(g.low or g.high or np.nan)
        up, down = top.reading.path(g.quantity)[::-1], top.reading.path(target)
        shared = {q for q, _ in up} & {q for q, _ in down}
        text = f"{show(value, 4)} {unit_of(g.quantity)}"
        for q, edge in up:
            if q not in shared:
                text += _factor_text(edge, -1, -edge.shift)
        for q, edge in down:
            if q not in shared:
                text += _factor_text(edge, 1, edge.shift)
        result = value * np.exp(top.reading.mean(target) - top.reading.mean(g.quantity))
        note = f" [{', '.join(g.ids)}]" if g.ids else ""
        lines.append(f"{text} = {show(result)} {unit_of(target)}{note}")
    choice = ", ".join(f"{k} {v}" for k, v in top.reading.choice.items())
    return lines + ([f"likeliest reading: {choice} ({answer.weights.max():.0%})"] if choice else [])


def _factor_text(edge: network.Edge, sign: int, shift: float) -> str:
    out = f" x {np.exp(shift):.4g}" if shift else ""
    for s, f in edge.factors:
        out += f" {'x' if s * sign > 0 else '/'} {f.best:.4g} ({f.name}, {f.low:.3g} to {f.high:.3g})"
    return out
