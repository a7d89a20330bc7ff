"""Four stories of a site, weighed by how well each predicts the numbers on file.

Exact marginal likelihoods from the network, with the size of the site integrated out. The prior is equal:
the weights say what the documents do, not what we believe. With documents alone some stories predict the
same numbers, and then they keep equal weights: that is the finding.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np
import pandas as pd

from osint import model
from osint.errors import OsintError
from osint.model import BY_CHIP, CHIP_COUNTS, POWER, Z90, Dossier, Given
from osint.register import Register, Stage


class Story(StrEnum):
    """A story that the numbers on file may tell."""

    AS_STATED = "as stated"
    SHELL = "shell"
    DOMESTIC = "domestic"
    PAPER = "paper"


STORIES = {
    Story.AS_STATED: "filed as stated: restricted Nvidia chips, as many as the figures say",
    Story.SHELL: "shell, few chips: the building is as filed, a tenth of the compute (2% to 50%) stands in it",
    Story.DOMESTIC: "domestic chips: the compute is Chinese accelerators",
    Story.PAPER: "paper project: each figure was written for itself, within a factor of six of the next (90%)",
}
"""What each story says."""
NVIDIA = ("H100", "H200", "H800")
"""Families of the stories with restricted chips."""
CHINESE = ("Ascend 910B", "Ascend 910C", "domestic mixed")
"""Families of the story with domestic chips."""
SHELL_LOW = 0.02  # least share of the stated compute in a shell, 90%
SHELL_HIGH = 0.50  # largest share of the stated compute in a shell, 90%
PAPER_FACTOR = 6.0  # by which figures that were written for themselves differ, 90%
SEPARATES = 0.5  # posterior weight from which a story is separated from the others
LEAST_GIVENS = 2  # quantities needed to compare stories: one figure fits every size
LAND_UNTIL = 3  # quantities from which land adds nothing


def hypotheses(site_id: str, source: Register | Dossier) -> pd.DataFrame:
    """Weigh the four stories of a site; raises NotFoundError for an unknown site.

    Columns: hypothesis, says, prior, likelihood_ratio (to the best), posterior, separates (False where the
    documents do not tell the stories apart), rests_on (a list of claim ids).
    """
    dossier = Dossier.of(source)
    country = dossier.site(site_id).country
    givens, live = _givens(site_id, dossier)
    logs = np.array([_likelihood(story, givens, live, country, dossier) for story in Story])
    ratio = np.exp(logs - logs.max())
    weights = ratio / ratio.sum()
    rests_on = sorted(i for g in givens for i in g.ids)
    return pd.DataFrame(
        {
            "hypothesis": [story.value for story in Story],
            "says": [STORIES[story] for story in Story],
            "prior": 1 / len(Story),
            "likelihood_ratio": [model.sig(r, 2) for r in ratio],
            "posterior": weights.round(2),
            "separates": bool(weights.max() > SEPARATES),
            "rests_on": [rests_on] * len(Story),
        }
    )


def _givens(site_id: str, dossier: Dossier) -> tuple[list[Given], bool]:
    """Return the latest figure of each quantity of the whole site at its best known stage, and whether that is live."""
    stages: dict[Stage, dict[str, tuple[int, Given]]] = {Stage.LIVE: {}, Stage.WORKS: {}, Stage.PLAN: {}}
    abroad = dossier.site(site_id).country != "CN"
    for claim in dossier.claims[site_id]:
        given = model.given_of(claim)
        if given is None or given.bound or claim.part or (abroad and given.quantity == "cost_cny"):
            continue
        kept = stages[claim.stage]
        if given.quantity not in kept or kept[given.quantity][0] < claim.day:
            kept[given.quantity] = (claim.day, given)
    stage = max(stages, key=lambda s: len(stages[s]))
    found = [g for _, g in stages[stage].values()]
    return [g for g in found if g.quantity != "land_m2" or len(found) < LAND_UNTIL], stage == Stage.LIVE


def _likelihood(story: Story, givens: list[Given], live: bool, country: str, dossier: Dossier) -> float:
    """Return the log marginal likelihood of the givens under one story; 0 where there are too few to compare."""
    if len(givens) < LEAST_GIVENS or not {g.quantity for g in givens} & (CHIP_COUNTS | POWER | {"racks"}):
        return 0.0
    names = {Story.DOMESTIC: CHINESE, Story.PAPER: (*NVIDIA, *CHINESE)}.get(story, NVIDIA)
    shell = story == Story.SHELL and live
    # a shell would hold what is stated if the share of it that stands there did
    used = [
        replace(g, low=g.low and g.low / SHELL_HIGH, high=g.high and g.high / SHELL_LOW)
        if shell and g.quantity in BY_CHIP
        else g
        for g in givens
    ]
    wanted, prior = {"it_mw"} | {g.quantity for g in used}, dict.fromkeys(names, 1 / len(names))
    try:
        readings = dossier.network.readings(wanted, country=country, family_prior=prior)
    except OsintError:
        return 0.0
    extra_sd = float(np.log(PAPER_FACTOR)) / Z90 if story == Story.PAPER else 0.0
    return model.posterior("it_mw", used, readings, extra_sd)[1]
