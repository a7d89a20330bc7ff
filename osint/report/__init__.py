"""Write the report of the main job: one page that opens offline, its tables, maps and figures."""

from osint.report.build import page_html, site_estimates, write_report

__all__ = ["page_html", "site_estimates", "write_report"]
