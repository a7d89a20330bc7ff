"""Write the report of the main job: one page that opens offline, its tables, maps and figures."""

from osint.report import site_figures
from osint.report.answer import Answer, answer_of
from osint.report.build import Written, page_html, site_estimates, write_report

__all__ = ["Answer", "Written", "answer_of", "page_html", "site_estimates", "site_figures", "write_report"]
