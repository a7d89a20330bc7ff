"""What the evidence allows: quantities joined by relations, and the posterior of one given others.

It never sees the number under test.
"""

from osint.model.estimate import INTERVAL, Dependence, Doubt, Estimate, Moved, arithmetic, dependence, estimate
from osint.model.evidence import (
    CAPACITY,
    CHIP_COUNTS,
    POWER,
    ROUNDING,
    Dossier,
    Given,
    Question,
    comparable,
    gather,
    given_of,
    observed_givens,
    parse_given,
    question,
    readings_for,
    show,
    sig,
)
from osint.model.network import BY_CHIP, Z90, Edge, Factor, Network, Reading, unit_of
from osint.model.posterior import Posterior, Solved, design, posterior, solve
from osint.model.score import Score, leave_out, score

__all__ = [
    "BY_CHIP",
    "CAPACITY",
    "CHIP_COUNTS",
    "INTERVAL",
    "POWER",
    "ROUNDING",
    "Z90",
    "Dependence",
    "Dossier",
    "Doubt",
    "Edge",
    "Estimate",
    "Factor",
    "Given",
    "Moved",
    "Network",
    "Posterior",
    "Question",
    "Reading",
    "Score",
    "Solved",
    "arithmetic",
    "comparable",
    "dependence",
    "design",
    "estimate",
    "gather",
    "given_of",
    "leave_out",
    "observed_givens",
    "parse_given",
    "posterior",
    "question",
    "readings_for",
    "score",
    "show",
    "sig",
    "solve",
    "unit_of",
]
