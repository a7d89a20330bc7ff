"""A case: a folder of evidence as something to hold in one's hand, its sites, and what is seen of them."""

from osint.case.begin import CaseVersion
from osint.case.case import Case, Hit, new_case, open_case
from osint.case.changed import Change, Entered, changes
from osint.case.look import SIMULATED, Look, Spotted, open_look
from osint.case.looking import look_at, look_at_outline
from osint.case.own_pictures import OwnPictures
from osint.case.reading import ReadDocument, Review, changed_values, read_as
from osint.case.site import Site

__all__ = [
    "SIMULATED",
    "Case",
    "CaseVersion",
    "Change",
    "Entered",
    "Hit",
    "Look",
    "OwnPictures",
    "ReadDocument",
    "Review",
    "Site",
    "Spotted",
    "changed_values",
    "changes",
    "look_at",
    "look_at_outline",
    "new_case",
    "open_case",
    "open_look",
    "read_as",
]
