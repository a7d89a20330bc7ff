"""What the evidence allows; never sees the number under test."""

from osint.model.estimate import Estimate, estimate, posterior
from osint.model.givens import Given, parse_given, show, sig

__all__ = ["Estimate", "Given", "estimate", "parse_given", "posterior", "show", "sig"]
