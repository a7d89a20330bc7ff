"""The packet that an editor signs: figure, ledger of numbers, sources, what speaks against it, and the sign-offs."""

from osint.packet.build import Packet, lint, open_packet, write_packet
from osint.packet.lints import LINTS, Fault, View, lints
from osint.packet.remeasure import Remeasured, remeasure
from osint.packet.signoff import ReviewRole, Signed, SignOff, SignOffDecision, sign_off

__all__ = [
    "LINTS",
    "Fault",
    "Packet",
    "Remeasured",
    "ReviewRole",
    "SignOff",
    "SignOffDecision",
    "Signed",
    "View",
    "lint",
    "lints",
    "open_packet",
    "remeasure",
    "sign_off",
    "write_packet",
]
