"""Four stories of a site, weighed by how well each predicts the numbers on file.

Exact marginal likelihoods from the network, with the size of the site integrated out. The prior is equal:
the weights say what the documents do, not what we believe. With documents alone some stories predict the
same numbers, and then they keep equal weights: that is the finding.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from osint import model
from osint.errors import OsintError
from osint.model import evidence, network
from osint.model.estimate import Given
from osint.register import Register

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
    givens, live = _givens(site_id, register)
    logs = {name: _likelihood(name, givens, live, site["country"], register) for name in STORIES}
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


def _givens(site_id: str, register: Register) -> tuple[list[Given], bool]:
    """The latest figure of each quantity for the whole site, all of the stage with most quantities; whether it is live."""
    stages: dict[str, dict[str, tuple[int, Given]]] = {"live": {}, "works": {}, "plan": {}}
    for row in register.rows("claims", site_id):
        given = evidence.given_of(row)
        if (
            given is None
            or given.bound
            or row["part"]
            or (given.quantity == "cost_cny" and register.site(site_id)["country"] != "CN")
        ):
            continue
        kept = stages[evidence.stage_of(row)]
        if given.quantity not in kept or kept[given.quantity][0] < evidence.day_of(row):
            kept[given.quantity] = (evidence.day_of(row), given)
    stage = max(stages, key=lambda s: len(stages[s]))
    found = [g for _, g in stages[stage].values()]
    return [g for g in found if g.quantity != "land_m2" or len(found) < 3], stage == "live"


def _likelihood(name: str, givens: list[Given], live: bool, country: str, register: Register) -> float:
    """Log marginal likelihood of the givens under one story; 0 where there are too few to compare."""
    if len(givens) < 2 or not {g.quantity for g in givens} & (evidence.ONE_NUMBER | evidence.POWER | {"racks"}):
        return 0.0
    names = DOMESTIC if name == "domestic" else NVIDIA if name != "paper" else (*NVIDIA, *DOMESTIC)
    used = [_installed(g) if name == "shell" and g.quantity in network.BY_CHIP and live else g for g in givens]
    try:
        readings = network.Network.of(register).readings(
            {"it_mw"} | {g.quantity for g in used},
            country=country,
            family_prior=dict.fromkeys(names, 1 / len(names)),
        )
    except OsintError:
        return 0.0
    return model.posterior("it_mw", used, readings, PAPER_SD if name == "paper" else 0.0)[1]


def _installed(g: Given) -> Given:
    """What the hall would hold if the stated compute were the share of it that stands there."""
    return Given(g.quantity, g.low / SHARE_HIGH, g.high / SHARE_LOW, g.label, g.ids)  # type: ignore[operator]
