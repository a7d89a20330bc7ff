"""Write the report of the main job: a page that opens offline, a page for each site, its figures, tables and maps."""

from osint.report import site_figures
from osint.report.answer import Answer, answer_of
from osint.report.build import Written, site_estimates, write_report
from osint.report.page import Pages, pages

__all__ = [
    "Answer",
    "Pages",
    "Written",
    "answer_of",
    "pages",
    "site_estimates",
    "site_figures",
    "write_report",
]
