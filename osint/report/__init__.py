"""Write the report of the main job: a page that opens offline, a page for each site, its figures, tables and maps."""

from osint.report import site_figures
from osint.report.answer import Answer
from osint.report.build import Written, site_estimates, write_report
from osint.report.gather import answer_of
from osint.report.locator import map_of_sites
from osint.report.on_file import JUDGED, LARGEST_PICTURE, OnFile, judged_picture, png_of
from osint.report.page import pages
from osint.report.sources import COPIES, followed
from osint.report.words import figure, plain, words_for

__all__ = [
    "COPIES",
    "JUDGED",
    "LARGEST_PICTURE",
    "Answer",
    "OnFile",
    "Written",
    "answer_of",
    "figure",
    "followed",
    "judged_picture",
    "map_of_sites",
    "pages",
    "plain",
    "png_of",
    "site_estimates",
    "site_figures",
    "words_for",
    "write_report",
]
