"""How a case, a site and a look show themselves in a notebook: one piece of HTML each, every text escaped."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Any

from osint.case.spotted import SIMULATED, WHOLE, described
from osint.shown import page_templates

if TYPE_CHECKING:
    from osint.case.case import Case
    from osint.case.look import Look
    from osint.case.site import Site


@cache
def _templates() -> Any:
    return page_templates("osint.case").get_template("shown.html").module


def case_html(case: Case) -> str:
    """Return a case as a table of its sites."""
    changed = case.version.differences() if case.version else ()
    return str(_templates().case(case, changed))


def site_html(site: Site) -> str:
    """Return a site with its claims and what was seen of it."""
    return str(_templates().site(site))


def look_html(look: Look) -> str:
    """Return a look: the place before and after, then each candidate with its number, its words and its pictures."""
    whole = [_embedded(body) for name, body in look.pictures.items() if name.startswith(f"{WHOLE}_")]
    rows = [
        (
            one.number,
            [described(row) for row in one.rows],
            one.is_building,
            [_embedded(look.pictures[n]) for n in one.pictures],
        )
        for one in look.candidates
    ]
    return str(_templates().look(look, look.text().splitlines(), whole, rows, SIMULATED))


def _embedded(body: bytes) -> str:
    return base64.b64encode(body).decode()
