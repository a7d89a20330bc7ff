"""A case: a folder of evidence as something to hold in one's hand, its sites, and what is seen of them."""

from osint.case.begin import CaseVersion
from osint.case.case import Case, Hit, Site, new_case, open_case
from osint.case.changed import Change, Entered, changes
from osint.case.look import SIMULATED, Look, Spotted, look_at, open_look

__all__ = [
    "SIMULATED",
    "Case",
    "CaseVersion",
    "Change",
    "Entered",
    "Hit",
    "Look",
    "Site",
    "Spotted",
    "changes",
    "look_at",
    "new_case",
    "open_case",
    "open_look",
]
