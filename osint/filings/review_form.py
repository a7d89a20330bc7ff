"""Show each claim next to its crop, and take decisions at the press of a button (buttons need the extra `lab`)."""

from __future__ import annotations

import base64
import io
import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from osint.errors import BadInputError, NotFoundError, OsintError
from osint.filings import html, review
from osint.register import LADDER, READ_KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import jinja2
    import pandas as pd
    from markupsafe import Markup

    from osint.filings.filing import Filing

_AROUND = 160
"""characters of a line that are shown on each side of a claim"""
_MOST_CELLS, _CELL, _HEADER = 20, 80, 40
"""cells of a row, and characters of each and of its header, that are shown"""

_TEMPLATES = {
    "style": """<style>.osint-review td,.osint-review th{text-align:left!important;vertical-align:top;padding:6px 10px;
white-space:normal}.osint-review mark,.osint-crop mark{background:#ffd54d;color:#000}.osint-review small{color:#8a3b00}
.osint-review img,.osint-crop img{max-width:480px;border:1px solid #bbb}.osint-crop table{border-collapse:collapse}
.osint-crop td{border:1px solid #bbb;padding:2px 8px}</style>""",
    "marked": """{% macro marked(words) -%}
{{ words.0 | shown }}{% if words.1 %}<mark>{{ words.1 | shown }}</mark>{% endif %}{{ words.2 | shown }}
{%- endmacro %}""",
    "crop": """{% from "marked" import marked -%}
{% if picture -%}
<img alt="page {{ page }}" src="data:image/png;base64,{{ picture }}"><br>page {{ page }}
{%- elif cells -%}
<table>{% if headers | select | list %}<tr>{% for one in headers %}<td><i>{{ one | shown }}</i></td>{% endfor %}</tr>{% endif -%}
<tr>{% for one in cells %}<td>{{ marked(one) }}</td>{% endfor %}</tr></table>{{ where | shown }}
{%- else %}{{ marked(line) }}{% endif %}""",
    "sheet": """{% include "style" %}<table class='osint-review'><tr>
{%- for head in ("key", "crop", "kind", "reading", "rung", "date", "decision") %}<th>{{ head }}</th>{% endfor %}</tr>
{%- for row in rows %}<tr><td><code>{{ row.key }}</code></td><td><div class='osint-crop'>{{ row.crop }}</div></td>
<td>{{ row.kind }}</td><td>{{ row.qualifier }} {{ row.written }} {{ row.unit }}<br>= {{ row.si }} {{ row.si_unit }}
{%- for one in (row.warning, row.alternatives) if one %}<br><small>{{ one | shown }}</small>{% endfor %}</td>
<td>{{ row.aim }}{% if row.modality %} ({{ row.modality }}){% endif %}</td><td>{{ row.date }}</td>
<td>{% if row.decision %}<b>{{ row.decision }}</b> {{ row.who }} {{ row.when }}<br>{{ row.reason }}{% else %}open{% endif %}</td></tr>
{%- endfor %}</table>{% if more %}<p>{{ more }} more</p>{% endif %}""",
    "count": """{% include "style" %}page {{ page }} of {{ pages }}; {{ left }} of {{ total }} open. <b style='color:{{ colour }}'>{{ words }}</b>""",
    "card": """<div class='osint-crop'>{{ crop }}<br><small style='color:#8a3b00'>{{ odd | shown }}</small><br><small>{{ file | shown }}</small></div>""",
    "wrong": """<span style='color:#b00020'>{{ words }}</span>""",
    "state": """{% if row.decision %}<b>{{ row.decision }}</b> by {{ row.who }} on {{ row.when }}: {{ si }} {{ row.si_unit }}{% else %}open{% endif %}""",
}


@cache
def _environment() -> jinja2.Environment:
    import jinja2
    from markupsafe import Markup, escape

    def shown(text: str) -> Markup:
        """Spell out characters that are drawn as nothing, or that turn the order of letters."""
        return Markup("").join(
            escape(f"[U+{ord(c):04X}]" if unicodedata.category(c) in ("Cf", "Co", "Cc") else c) for c in str(text)
        )

    environment = jinja2.Environment(loader=jinja2.DictLoader(_TEMPLATES), autoescape=True)
    environment.filters["shown"] = shown
    return environment


def _filled(template: str, **values: Any) -> Markup:
    """Return a template with its values, each escaped."""
    from markupsafe import Markup

    return Markup(_environment().get_template(template).render(**values))


def crop_html(filing: Filing, start: int, end: int) -> Markup:
    """Return text[start:end] as it stands in the document, as a piece of HTML.

    A PDF or scan gives the picture of the place with the words framed; a table its row, below its header;
    anything else the words in their line, marked.  Invisible characters are spelt out.
    """
    picture = filing.crop(start, end)
    if picture is not None:
        body = io.BytesIO()
        picture.quantize(32).save(body, "PNG", optimize=True)
        page = filing.where(start, end).page or 1
        return _filled("crop", picture=base64.b64encode(body.getvalue()).decode(), page=page)
    cell = html.cell_at(filing.cells, start, end)
    if cell:
        first, last = (
            bisect(filing.cells, cell.start, key=lambda one: one.start) for bisect in (bisect_left, bisect_right)
        )
        row = [
            one
            for one in filing.cells[max(first - _MOST_CELLS, 0) : last + _MOST_CELLS]
            if (one.table, one.row) == (cell.table, cell.row)
        ]
        row = row[:_MOST_CELLS] if cell in row[:_MOST_CELLS] else [cell]
        cells = [
            _parts(filing.text, one.start, start, end, one.end) if one is cell else (one.text[:_CELL], "", "")
            for one in row
        ]
        headers = [" / ".join(one.headers)[:_HEADER] for one in row]
        return _filled("crop", cells=cells, headers=headers, where=cell.where)
    first = max(filing.text.rfind("\n", 0, start) + 1, start - _AROUND)
    last = filing.text.find("\n", end)
    last = min(len(filing.text) if last < 0 else last, end + _AROUND)
    return _filled("crop", line=_parts(filing.text, first, start, end, last))


def _parts(text: str, first: int, start: int, end: int, last: int) -> tuple[str, str, str]:
    """Return the words before, inside and behind a passage."""
    return text[max(first, start - 2 * _AROUND) : start], text[start:end], text[end : min(last, end + 2 * _AROUND)]


def _bounds(low: float, high: float) -> str:
    if math.isnan(low) and math.isnan(high):
        return "no value"
    if low == high:
        return f"{low:,.12g}"
    return f"{'' if math.isnan(low) else f'{low:,.12g}'} to {'' if math.isnan(high) else f'{high:,.12g}'}".strip()


def review_sheet(table: pd.DataFrame, filings: Mapping[str, Filing], limit: int = 200) -> str:
    """Return the review table as HTML that needs no buttons: each claim with its crop, reading and decision.

    `filings` gives the filing of each name in the column `file`.  The same table gives the same bytes.
    """
    rows = [
        {
            **row,
            "crop": crop_html(filings[row["file"]], row["start"], row["end"]),
            "written": _bounds(row["low"], row["high"]),
            "si": _bounds(row["si_low"], row["si_high"]),
        }
        for row in table.head(limit).to_dict("records")
    ]
    return str(_filled("sheet", rows=rows, more=max(len(table) - limit, 0)))


class ReviewForm:
    """Buttons for a review table; `table` is the table with the decisions pressed so far."""

    def __init__(
        self,
        table: pd.DataFrame,
        filings: Mapping[str, Filing],
        log: Path,
        who: str = "",
        when: str = "",
        rows: int = 10,
    ) -> None:
        """Take up the decisions of `log`; `when` is the day to write, today where none is given.

        Raises NotFoundError without ipywidgets.
        """
        try:
            import ipywidgets
        except ImportError:
            raise NotFoundError(
                "the buttons need ipywidgets; install osint-datacentres[lab], or use accept_claim, change_claim and reject_claim"
            ) from None
        self._kit = ipywidgets
        self.table = review.start_review(table, log)
        self._filings, self._log, self._when, self._rows, self._page = filings, log, when, rows, 0
        self._who = ipywidgets.Text(value=who, placeholder="your name", description="reviewer")
        self._said = ipywidgets.HTML()
        self._cards = ipywidgets.VBox()
        back, on = ipywidgets.Button(description="earlier"), ipywidgets.Button(description="later")
        back.on_click(lambda _: self._turn(-1))
        on.on_click(lambda _: self._turn(1))
        self.widget = ipywidgets.VBox([ipywidgets.HBox([self._who, back, on]), self._said, self._cards])
        self._turn(0)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    def _turn(self, step: int) -> None:
        pages = max(math.ceil(len(self.table) / self._rows), 1)
        self._page = min(max(self._page + step, 0), pages - 1)
        part = self.table.iloc[self._page * self._rows : (self._page + 1) * self._rows]
        self._cards.children = [self._card(row) for row in part.to_dict("records")]
        self._count()

    def _count(self, words: str = "", bad: bool = False) -> None:
        open_rows = int((self.table["decision"] == "").sum())
        colour = "#b00020" if bad else "#1b5e20"
        pages = max(math.ceil(len(self.table) / self._rows), 1)
        self._said.value = _filled(
            "count", page=self._page + 1, pages=pages, left=open_rows, total=len(self.table), colour=colour, words=words
        )

    def _card(self, row: dict[str, Any]) -> Any:
        kit = self._kit
        wide = kit.Layout(width="330px")
        crop = crop_html(self._filings[row["file"]], row["start"], row["end"])
        odd = "; ".join(str(row[name]) for name in ("warning", "alternatives") if row[name])
        words = _filled("card", crop=crop, odd=odd, file=row["file"])
        rungs = ["", *LADDER]
        fields = {
            "kind": kit.Dropdown(options=sorted(READ_KINDS), value=row["kind"], description="kind", layout=wide),
            "low": kit.Text(value=_plain(row["low"]), description="low", layout=wide),
            "high": kit.Text(value=_plain(row["high"]), description="high", layout=wide),
            "unit": kit.Text(value=row["unit"], description="unit", layout=wide),
            "rung": kit.Dropdown(options=rungs, value=row["aim"], description="rung", layout=wide),
            "reason": kit.Text(value=row["reason"], placeholder="needed to change or reject", description="reason", layout=wide),
            "translation": kit.Text(value=row["translation"], description="translation", layout=wide),
        }  # fmt: skip
        state = kit.HTML(_state(row))
        buttons = []
        for name, style in (("accept", "success"), ("change", "warning"), ("reject", "danger")):
            button = kit.Button(description=name, button_style=style, layout=kit.Layout(width="100px"))
            button.on_click(lambda _, name=name: self._press(name, row["key"], fields, state))
            buttons.append(button)
        left = kit.HTML(words, layout=kit.Layout(width="600px"))
        right = kit.VBox([*fields.values(), kit.HBox(buttons), state])
        return kit.HBox([left, right], layout=kit.Layout(border_top="1px solid #bbb", padding="8px 0"))

    def _press(self, name: str, key: str, fields: Mapping[str, Any], state: Any) -> None:
        """Take one decision; what is wrong with it is said above the claims, and nothing is written."""
        values = {field: box.value for field, box in fields.items()}
        reason, translation = values.pop("reason"), values.pop("translation")
        said = (self._who.value, self._when or date.today().isoformat())
        try:
            if name == "accept":
                if self._new(key, values):
                    raise BadInputError("the fields were edited: press change, or set them back")
                self.table = review.accept_claim(self.table, key, *said, reason, translation=translation, log=self._log)
            elif name == "change":
                new = self._new(key, values)
                self.table = review.change_claim(
                    self.table, key, *said, reason, translation=translation, log=self._log, **new
                )
            else:
                self.table = review.reject_claim(self.table, key, *said, reason, log=self._log)
        except OsintError as error:
            self._count(str(error), bad=True)
            state.value = _filled("wrong", words=str(error))
            return
        row = self.table.loc[self.table["key"] == key].iloc[0].to_dict()
        state.value = _state(row)
        self._count(f"{row['decision']}: {row['quote']}")

    def _new(self, key: str, values: dict[str, str]) -> dict[str, Any]:
        """Return the fields that differ from the row, numbers read."""
        row = self.table.loc[self.table["key"] == key].iloc[0]
        new: dict[str, Any] = {}
        for name in ("low", "high"):
            if values[name].strip() != _plain(row[name]):
                new[name] = _number(values[name])
        for name, old in (("unit", row["unit"]), ("kind", row["kind"]), ("rung", row["aim"])):
            if values[name].strip() != old:
                new[name] = values[name].strip()
        return new


def _plain(value: float) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.12g}"


def _number(words: str) -> float:
    """Return a number typed by hand; empty is an open bound."""
    tidy = re.sub(r"[,，\s]", "", words)
    if not tidy:
        return math.nan
    try:
        return float(tidy)
    except ValueError:
        raise BadInputError(
            f"{words!r} is not a number; write digits with a point, the scale (万, bn) goes into the unit"
        ) from None


def _state(row: Mapping[str, Any]) -> Markup:
    return _filled("state", row=row, si=_bounds(row["si_low"], row["si_high"]))
