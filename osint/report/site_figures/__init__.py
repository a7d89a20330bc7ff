"""Draw the figures of one site: claims in time, claimed against seen, where it is said to be.

Each takes records and reads no file. The title is the finding, the line below it the unit, the last lines name rows and
days. The label of a figure (`figure.get_label()`) is its text for readers who do not see it.
"""

from osint.report.site_figures.frame import RED, STYLE
from osint.report.site_figures.in_time import claims_in_time
from osint.report.site_figures.room import claimed_and_seen
from osint.report.site_figures.where import locator

__all__ = ["RED", "STYLE", "claimed_and_seen", "claims_in_time", "locator"]
