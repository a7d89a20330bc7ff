"""What the evidence allows: quantities joined by relations, and the posterior of one given others.

It never sees the number under test.
"""

from osint.model.conflict import CONTRADICT, DISAGREE, Conflict, conflicts
from osint.model.estimate import Estimate, arithmetic, estimate
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
    parse_given,
    question,
    readings_for,
    show,
    sig,
)
from osint.model.network import BY_CHIP, Z90, Factor, Network, Reading, Readings, unit_of
from osint.model.posterior import Posterior, design, invert, posterior, solve
from osint.model.score import Score, leave_out, score
from osint.model.sums import SharedSum, sum_of

__all__ = [
    "BY_CHIP",
    "CAPACITY",
    "CHIP_COUNTS",
    "CONTRADICT",
    "DISAGREE",
    "POWER",
    "ROUNDING",
    "Z90",
    "Conflict",
    "Dossier",
    "Estimate",
    "Factor",
    "Given",
    "Network",
    "Posterior",
    "Question",
    "Reading",
    "Readings",
    "Score",
    "SharedSum",
    "arithmetic",
    "comparable",
    "conflicts",
    "design",
    "estimate",
    "gather",
    "given_of",
    "invert",
    "leave_out",
    "parse_given",
    "posterior",
    "question",
    "readings_for",
    "score",
    "show",
    "sig",
    "solve",
    "sum_of",
    "unit_of",
]
