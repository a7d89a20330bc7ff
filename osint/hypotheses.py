"""Four stories of a site, weighed by how well each predicts the numbers on file.

Exact marginal likelihoods from the network, with the size of the site integrated out. The prior is equal:
the weights say what the documents do, not what we believe. With documents alone some stories predict the
same numbers, and then they keep equal weights: that is the finding.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from osint import evidence, model, network
from osint.errors import OsintError
from osint.evidence import Question
from osint.model import Given
from osint.tables import Register

STORIES = {
    "as stated": "filed as stated: restricted Nvidia chips, as many as the figures say",
    "shell": "shell, few chips: the building is as filed, a tenth of the compute (2% to 50%) stands in it",
    "domestic": "domestic chips: the compute is Chinese accelerators",
    "paper": "paper project: each figure was written for itself, within a factor of six of the next (90%)",
}
NVIDIA = ("H100", "H200", "H800")
DOMESTIC = ("Ascend 910B", "Ascend 910C", "domestic mixed")
SHARE_LOW, SHARE, SHARE_HIGH = 0.02, 0.10, 0.50  # judgement
PAPER_SD = float(np.log(6) / network.Z90)  # judgement


def hypotheses(site_id: str, register: Register) -> pd.DataFrame:
    """Weigh the four stories of a site.

    Columns: hypothesis, says, prior, likelihood_ratio (to the best), posterior, separates (False where the
    documents do not tell the stories apart), rests_on (claim ids).
    """
    site = register.site(site_id)
    last = max([evidence.day_of(r) for r in register.rows("claims", site_id)], default=0)
    q = Question("", site_id, "", "", "works", last, "", False, (), site["country"])
    givens = [g for g in evidence.evidence(q, register)[0] if not g.bound]
    live = {r["claim_id"] for r in register.rows("claims", site_id) if evidence.stage_of(r) == "live"}
    logs = {name: _likelihood(name, givens, live, q, register) for name in STORIES}
    values = np.array(list(logs.values()))
    ratio = np.exp(values - values.max())
    weights = ratio / ratio.sum()
    return pd.DataFrame(
        {
            "hypothesis": list(STORIES),
            "says": list(STORIES.values()),
            "prior": 1 / len(STORIES),
            "likelihood_ratio": [model.sig(r, 2) for r in ratio],
            "posterior": weights.round(2),
            "separates": bool(weights.max() > 0.5),
            "rests_on": ", ".join(sorted(i for g in givens for i in g.ids)),
        }
    )


def _likelihood(name: str, givens: list[Given], live: set[str], q: Question, register: Register) -> float:
    """Log marginal likelihood of the givens under one story; 0 where there are too few to compare."""
    if len(givens) < 2:
        return 0.0
    names = DOMESTIC if name == "domestic" else NVIDIA if name != "paper" else (*NVIDIA, *DOMESTIC)
    used = [
        _installed(g) if name == "shell" and g.quantity in network.COMPUTE and set(g.ids) & live else g for g in givens
    ]
    try:
        readings = network.readings(
            {"it_mw"} | {g.quantity for g in used},
            register,
            country=q.country,
            family_prior=dict.fromkeys(names, 1 / len(names)),
        )
    except OsintError:
        return 0.0
    return model.posterior("it_mw", used, readings, PAPER_SD if name == "paper" else 0.0)[1]


def _installed(g: Given) -> Given:
    """What the hall would hold if the stated compute were the share of it that stands there."""
    return Given(g.quantity, g.low / SHARE_HIGH, g.high / SHARE_LOW, g.label, g.ids)  # type: ignore[operator]
