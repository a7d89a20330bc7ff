"""Which single assumption of the model changes a finding when it is turned to the edge of its range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from osint import verdict
from osint.model import Dossier, Network, show
from osint.register import Register

_LEAST = 1e-9  # prior of the options of a reading that is turned to another: none would leave nothing to divide by
_NARROW = 0.002  # half width of a factor that is fixed, as a share of it: none would leave nothing to divide by


@dataclass(frozen=True, slots=True)
class Flip:
    """An assumption that changes what is found of a claim when it alone is turned to its edge."""

    claim_id: str
    assumption: str
    """The relation or the reading, in words."""
    edge: str
    """What it was turned to, with its unit."""
    known: str
    """What is known of it: best and range, or the share that its reading is given."""
    now: verdict.Outcome
    """What is found."""
    then: verdict.Outcome
    """What would be found."""

    def text(self) -> str:
        """Return it as a sentence."""
        turned = f"{self.assumption} at {self.edge} ({self.known})"
        return f"{self.claim_id} is {self.now}; with {turned} it would be {self.then}."


def flips(register: Register, claim_ids: Sequence[str]) -> list[Flip]:
    """Return the assumptions that change the findings on some claims, each turned to the edges of its 90% range alone.

    Asked are the relations that the network uses and the options of its readings; sizes that were seen, and the
    probability of the place, stay as they are.
    """
    dossier = Dossier.of(register)
    against = verdict.contradictions(verdict.survey(dossier).checks)
    wanted = [claim for claim in dossier.all_claims if claim.claim_id in set(claim_ids)]
    judged = {claim.claim_id: verdict.judge(claim, dossier, against) for claim in wanted}
    claims = [claim for claim in wanted if judged[claim.claim_id].seen.sights]  # the model decides nothing else
    now = {name: finding.outcome for name, finding in judged.items()}
    found: list[Flip] = []
    if not claims:
        return found
    for assumption, edge, known, network in _turned(register):
        turned = replace(dossier, network=network)
        for claim in claims:
            then = verdict.judge(claim, turned, against).outcome
            if then != now[claim.claim_id]:
                found.append(Flip(claim.claim_id, assumption, edge, known, now[claim.claim_id], then))
    return found


def _turned(register: Register) -> Iterator[tuple[str, str, str, Network]]:
    """Yield each assumption at each of its edges: name, edge, what is known, and the network with it."""
    table = register.relations
    for at, row in zip(table.index, table.to_dict("records"), strict=True):
        if row["used"] != "network" or not row["low"] < row["high"]:
            continue
        where = f" in {row['country']}" if row["country"] else ""
        known = f"best {show(row['best'])}, 90% {show(row['low'])} to {show(row['high'])}"
        for end in ("low", "high"):
            changed = table.copy()
            changed.loc[at, ["low", "best", "high"]] = [row[end] * (1 + k * _NARROW) for k in (-1, 0, 1)]
            network = Network.of(replace(register, relations=changed))
            yield f"{row['relation'].replace('_', ' ')}{where}", f"{show(row[end])} {row['unit']}", known, network
    options = register.readings
    for at, row in zip(options.index, options.to_dict("records"), strict=True):
        same = (options["reading"] == row["reading"]) & (options["country"] == row["country"])
        if not 0 < row["prior"] < 1 or same.sum() < 2:
            continue
        changed = options.copy()
        changed.loc[same, "prior"] = _LEAST
        changed.loc[at, "prior"] = 1.0 - _LEAST * (same.sum() - 1)
        network = Network.of(replace(register, readings=changed))
        yield f"the reading of {row['reading']}", row["option"], f"given {row['prior']:.0%} before", network


def held_by(finding: verdict.Finding) -> str:
    """Return the assumption that a strained finding names, or what decided; for a claim that nothing flips."""
    if finding.assumption is not None:
        return finding.assumption.text()
    ids = ", ".join(finding.rests_on)
    return f"it rests on {ids}" if ids else f"it rests on the rule {finding.rule.name!r} and on no number of the model"
