"""What the evidence allows: quantities joined by relations, and the posterior of one given others.

It never sees the number under test.
"""

from osint.model.conflict import CONTRADICT, DISAGREE, Conflict, conflicts, contradiction
from osint.model.dependence import Dependence, DependenceKind, dependences
from osint.model.estimate import Estimate, arithmetic, estimate
from osint.model.evidence import (
    BACKUP,
    CAPACITY,
    CONFIRMED,
    HALL,
    POWER,
    ROUNDING,
    Dossier,
    Question,
    chips_until,
    family_prior,
    gather,
    given_of,
    most_of_whole,
    names_boxes,
    question,
    readings_for,
    within_whole,
)
from osint.model.factors import Z90, Factor
from osint.model.fits import Fit, Fits, fits
from osint.model.given import Given, lies, percent, show, sig, stated, tenths
from osint.model.network import BY_CHIP, LOADS, Network, height_used, unit_of
from osint.model.posterior import Asked, Posterior, after, design, ends, posterior, settle, tightest
from osint.model.readings import Reading, Readings
from osint.model.score import Score, leave_out, score
from osint.model.stated import CHIP_COUNTS, Stated
from osint.model.sums import SharedSum, sum_of
from osint.model.total import Ground, Part, Total, expand, total, totals_text
from osint.model.tree import ReadingWord
from osint.model.typed import parse_given, quantity_named

__all__ = [
    "BACKUP",
    "BY_CHIP",
    "CAPACITY",
    "CHIP_COUNTS",
    "CONFIRMED",
    "CONTRADICT",
    "DISAGREE",
    "HALL",
    "LOADS",
    "POWER",
    "ROUNDING",
    "Z90",
    "Asked",
    "Conflict",
    "Dependence",
    "DependenceKind",
    "Dossier",
    "Estimate",
    "Factor",
    "Fit",
    "Fits",
    "Given",
    "Ground",
    "Network",
    "Part",
    "Posterior",
    "Question",
    "Reading",
    "ReadingWord",
    "Readings",
    "Score",
    "SharedSum",
    "Stated",
    "Total",
    "after",
    "arithmetic",
    "chips_until",
    "conflicts",
    "contradiction",
    "dependences",
    "design",
    "ends",
    "estimate",
    "expand",
    "family_prior",
    "fits",
    "gather",
    "given_of",
    "height_used",
    "leave_out",
    "lies",
    "most_of_whole",
    "names_boxes",
    "parse_given",
    "percent",
    "posterior",
    "quantity_named",
    "question",
    "readings_for",
    "score",
    "settle",
    "show",
    "sig",
    "stated",
    "sum_of",
    "tenths",
    "tightest",
    "total",
    "totals_text",
    "unit_of",
    "within_whole",
]
