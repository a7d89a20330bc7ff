"""Stories of a site that the law of its country leaves open, weighed by how well each predicts the numbers on file.

Exact marginal likelihoods from the network, with the size of the site integrated out, from equal priors: the weights
say what the documents do, not what we believe. Where the documents do not tell the stories apart there is none, and
one sentence says so. What served to make a site, or to set a row of chips.csv, does not test a story again.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np
import pandas as pd

from osint import model
from osint.errors import OsintError
from osint.model import CHIP_COUNTS, Z90, Dossier, Given
from osint.register import Register, Role, Stage, chip_families


class Story(StrEnum):
    """A story that the numbers on file may tell."""

    AS_STATED = "as stated"
    RESTRICTED = "restricted chips"
    EXPORTED = "exported chips"
    DOMESTIC = "domestic chips"
    UNRELATED = "unrelated figures"


STORIES = {
    Story.AS_STATED: "the chips that the texts name, as many as the figures say",
    Story.RESTRICTED: "Nvidia chips whose export to China is restricted, as many as the figures say",
    Story.EXPORTED: "Nvidia chips made for export to China (H20), as many as the figures say",
    Story.DOMESTIC: "Chinese accelerators, as many as the figures say",
    Story.UNRELATED: "each figure was stated for itself, within a factor of six of the next (90%)",
}
"""What each story says."""
FAMILIES = {
    Story.RESTRICTED: ("H100", "H200", "H800"),
    Story.EXPORTED: ("H20",),
    Story.DOMESTIC: ("Ascend 910B", "Ascend 910C", "domestic mixed"),
}
"""Chip families of the stories of China, as export law divides them; elsewhere the law leaves all families open."""
NO_STORY = "The documents do not tell apart what stands here: no story is weighed."
"""Said where `hypotheses` is empty."""
UNRELATED_FACTOR = 6.0  # by which figures that were stated for themselves differ, 90%
TOLD_APART = 10.0  # likelihood of the best story over that of the worst from which the documents tell them apart
LEAST_GIVENS = 2  # quantities needed to compare stories: one figure fits every size
LAND_UNTIL = 3  # quantities from which land adds nothing
COLUMNS = ("hypothesis", "says", "prior", "likelihood_ratio", "posterior", "rests_on")
"""Columns of the table of stories."""


def hypotheses(site_id: str, source: Register | Dossier) -> pd.DataFrame:
    """Weigh the stories of a site; raises NotFoundError for an unknown site.

    Columns: hypothesis, says, prior, likelihood_ratio (to the best), posterior, rests_on (a list of claim ids). Without
    rows where the documents do not tell the stories apart (NO_STORY): with too few figures, with figures that all
    served to identify the site, or where every story predicts them. A total, or a park of several sites, has none.
    """
    dossier = Dossier.of(source)
    country, stories = dossier.site(site_id).country, _stories(site_id, dossier)
    givens = _givens(site_id, dossier, stories)
    several = dossier.aggregate(site_id) or site_id in dossier.parts
    counted = {g.quantity for g in givens} & CHIP_COUNTS
    if several or not counted or len(givens) < LEAST_GIVENS or dossier.site(site_id).role == Role.REFERENCE:
        return pd.DataFrame(columns=list(COLUMNS))
    told = list(stories)
    logs = np.array([_likelihood(story, stories[story], givens, country, dossier) for story in told])
    ratio = np.exp(logs - logs.max())
    if not np.isfinite(logs).all() or ratio.min() * TOLD_APART > 1:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.DataFrame(
        {
            "hypothesis": [story.value for story in told],
            "says": [STORIES[story] for story in told],
            "prior": 1 / len(told),
            "likelihood_ratio": [model.sig(r, 2) for r in ratio],
            "posterior": (ratio / ratio.sum()).round(2),
            "rests_on": [sorted(i for g in givens for i in g.ids)] * len(told),
        },
        columns=list(COLUMNS),
    )


def _stories(site_id: str, dossier: Dossier) -> dict[Story, tuple[str, ...]]:
    """Return the stories of a site with the families of each: those that the law of its country leaves open.

    A family that the texts name is the story as stated; one of the other families is a story in China alone, where
    the law tells them apart. Families are of chips.csv; empty where any will do.
    """
    site, known = dossier.site(site_id), dossier.network.chips
    named = {f for c in dossier.claims[site_id] if not c.error_test for f in chip_families(c.chip_model)} & set(known)
    stories = {Story.AS_STATED: tuple(sorted(named))} if named or site.country != "CN" else {}
    if site.country == "CN":
        others = {story: tuple(f for f in families if f in known) for story, families in FAMILIES.items()}
        stories |= {story: families for story, families in others.items() if families and not named & set(families)}
    every = tuple(sorted({f for families in stories.values() for f in families}))
    return stories | {Story.UNRELATED: every}


def _givens(site_id: str, dossier: Dossier, stories: dict[Story, tuple[str, ...]]) -> list[Given]:
    """Return the latest figure of each quantity of the whole site at its best known stage.

    Left out is what served to identify the site, and what set the row of a chip of the stories. Of a hall only its
    size is known, and not the share of it that is for these chips: it bounds what stands there from above.
    """
    stages: dict[Stage, dict[str, tuple[int, Given]]] = {Stage.LIVE: {}, Stage.WORKS: {}, Stage.PLAN: {}}
    families = {f for names in stories.values() for f in names}
    served = set(dossier.site(site_id).identified_by.split("|"))
    served |= {i for f in families for i in dossier.network.chips[f].set_by.split("|") if f in dossier.network.chips}
    for claim in dossier.claims[site_id]:
        given = model.given_of(claim)
        if given is None or given.bound or claim.part or claim.claim_id in served or given.quantity == "cost_cny":
            continue  # one price a server does for all families: money tells none of them apart
        kept = stages[claim.stage]
        if given.quantity not in kept or kept[given.quantity][0] < claim.day:
            kept[given.quantity] = (claim.day, given)
    stage = max(stages, key=lambda s: len(stages[s]))
    found = [g for _, g in stages[stage].values()]
    found = [g for g in found if g.quantity != "land_m2" or len(found) < LAND_UNTIL]
    return [g if g.quantity in CHIP_COUNTS else replace(g, low=None) for g in found]


def _likelihood(story: Story, names: tuple[str, ...], givens: list[Given], country: str, dossier: Dossier) -> float:
    """Return the log marginal likelihood of the givens under one story; NaN where no relation joins them."""
    wanted, prior = {"it_mw"} | {g.quantity for g in givens}, dict.fromkeys(names, 1 / max(len(names), 1))
    try:
        readings = dossier.network.readings(wanted, country=country, family_prior=prior or None)
    except OsintError:
        return float("nan")
    extra_sd = float(np.log(UNRELATED_FACTOR)) / Z90 if story == Story.UNRELATED else 0.0
    return model.posterior("it_mw", givens, readings, extra_sd)[1]
