"""Show each claim next to its crop, and take decisions at the press of a button (buttons need the extra `lab`)."""

from __future__ import annotations

import base64
import io
import math
import re
import unicodedata
import warnings
from bisect import bisect_left
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from osint.errors import BadInputError, NotFoundError, OsintError
from osint.filings import html, review, review_log
from osint.register import LADDER, READ_KINDS, STATED_PRECISIONS, Modality

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from markupsafe import Markup

    from osint.filings.filing import Filing

_CHINESE = re.compile("[一-龥]")
_AROUND = 160
"""characters of a line that are shown on each side of a claim"""
_MOST_CELLS, _CELL, _HEADER = 20, 80, 40
"""cells on each side of a claim, and characters of each and of its header, that are shown"""


@cache
def _templates() -> Any:
    """Return the macros of templates/review.html; what they are given is escaped."""
    import jinja2
    from markupsafe import Markup, escape

    def shown(text: str) -> Markup:
        """Spell out characters that are drawn as nothing, or that turn the order of letters."""
        spelt = (f"[U+{ord(c):04X}]" if unicodedata.category(c) in ("Cf", "Co", "Cc") else c for c in str(text))
        return escape("".join(spelt))

    def spelt(value: object) -> object:
        return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(loader=jinja2.PackageLoader("osint.filings"), autoescape=True, finalize=spelt)
    environment.filters["shown"] = shown
    return environment.get_template("review.html").module


def _filled(macro: str, *values: object) -> Markup:
    """Return a macro with its values."""
    filled: Markup = getattr(_templates(), macro)(*values)
    return filled


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
        return _filled("picture", base64.b64encode(body.getvalue()).decode(), page)
    cell = html.cell_at(filing.cells, start, end)
    if cell:
        at = bisect_left(filing.cells, cell.start, key=lambda one: one.start)
        near = filing.cells[max(at - _MOST_CELLS, 0) : at + _MOST_CELLS]
        row = [one for one in near if (one.table, one.row) == (cell.table, cell.row)]
        words = [(one.text[:_CELL], "", "") for one in row]
        words[row.index(cell)] = _parts(filing.text, cell.start, start, end, cell.end)
        return _filled("row", words, [" / ".join(one.headers)[:_HEADER] for one in row], cell.where)
    first = max(filing.text.rfind("\n", 0, start) + 1, start - _AROUND)
    last = filing.text.find("\n", end)
    last = min(len(filing.text) if last < 0 else last, end + _AROUND)
    return _filled("marked", _parts(filing.text, first, start, end, last))


def _parts(text: str, first: int, start: int, end: int, last: int) -> tuple[str, str, str]:
    """Return the words before, inside and behind a passage."""
    return text[max(first, start - 2 * _AROUND) : start], text[start:end], text[end : min(last, end + 2 * _AROUND)]


def _bounds(low: float, high: float) -> str:
    if math.isnan(low) and math.isnan(high):
        return "no value"
    first, last = ("" if math.isnan(bound) else f"{bound:,.12g}" for bound in (low, high))
    return first if low == high else f"{first} to {last}".strip()


def review_sheet(table: pd.DataFrame, filings: Mapping[str, Filing], limit: int = 200) -> str:
    """Return the review table as HTML that needs no buttons: each claim with its crop, reading and decision.

    `filings` gives the filing of each name in the column `file`.  The same table gives the same bytes.
    """
    rows = []
    for row in table.head(limit).to_dict("records"):
        crop = crop_html(filings[row["file"]], row["start"], row["end"])
        written, si = _bounds(row["low"], row["high"]), _bounds(row["si_low"], row["si_high"])
        rows.append({**row, "crop": crop, "written": written, "si": si})
    return str(_filled("sheet", rows, max(len(table) - limit, 0)))


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
        site_id: str = "",
    ) -> None:
        """Take up the decisions of `log`; `when` is the day to write, today where none is given.

        `site_id` is the site that a claim is of unless the reviewer names another.
        Raises NotFoundError without ipywidgets.
        """
        try:
            import ipywidgets
        except ImportError:
            raise NotFoundError(
                "the buttons need ipywidgets; install osint-datacentres[lab], or call accept_claim, change_claim and "
                "reject_claim"
            ) from None
        self._kit = ipywidgets
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say stands above the claims
            self.table = review.start_review(table, log)
        self._filings, self._log, self._when, self._rows, self._page = filings, log, when, rows, 0
        self._site_id = site_id
        self._pages = max(math.ceil(len(self.table) / rows), 1)
        self._who = ipywidgets.Text(value=who, placeholder="your name", description="reviewer")
        self._said = ipywidgets.HTML()
        self._cards = ipywidgets.VBox()
        back, on = ipywidgets.Button(description="earlier"), ipywidgets.Button(description="later")
        back.on_click(lambda _: self._turn(-1))
        on.on_click(lambda _: self._turn(1))
        self.widget = ipywidgets.VBox([ipywidgets.HBox([self._who, back, on]), self._said, self._cards])
        self._turn(0)
        if faults := review_log.review_faults(log):
            self._count("; ".join(faults), bad=True)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)  # type: ignore[no-untyped-call,unused-ignore]

    def _turn(self, step: int) -> None:
        self._page = min(max(self._page + step, 0), self._pages - 1)
        part = self.table.iloc[self._page * self._rows : (self._page + 1) * self._rows]
        self._cards.children = [self._card(row) for row in part.to_dict("records")]
        self._count()

    def _count(self, words: str = "", bad: bool = False) -> None:
        open_rows = int((self.table["decision"] == "").sum())
        colour = "#b00020" if bad else "#1b5e20"
        self._said.value = _filled("count", self._page + 1, self._pages, open_rows, len(self.table), colour, words)

    def _card(self, row: dict[str, Any]) -> Any:
        kit = self._kit
        crop = crop_html(self._filings[row["file"]], row["start"], row["end"])
        odd = "; ".join(str(row[name]) for name in ("warning", "alternatives") if row[name])
        words = _filled("card", crop, odd, row["file"])
        fields = self._fields(row)
        state = kit.HTML(_state(row))
        buttons = []
        for name, style in (("accept", "success"), ("change", "warning"), ("reject", "danger")):
            button = kit.Button(description=name, button_style=style, layout=kit.Layout(width="100px"))
            button.on_click(lambda _, name=name: self._press(name, row["key"], fields, state))
            buttons.append(button)
        left = kit.HTML(words, layout=kit.Layout(width="42%", min_width="240px"))
        grid = kit.GridBox(list(fields.values()), layout=kit.Layout(grid_template_columns="repeat(2, 250px)"))
        right = kit.VBox([grid, kit.HBox(buttons), state])
        row_layout = kit.Layout(border_top="1px solid #bbb", padding="6px 0", flex_flow="row wrap")
        return kit.HBox([left, right], layout=row_layout)

    def _fields(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the boxes in which every field that can be wrong is put right."""
        kit = self._kit
        wide, style = kit.Layout(width="245px"), {"description_width": "84px"}

        def box(name: str, value: str, hint: str = "") -> Any:
            return kit.Text(value=value, placeholder=hint, description=name, layout=wide, style=style)

        def choice(name: str, value: str, options: list[str]) -> Any:
            known = options if value in options else [value, *options]
            return kit.Dropdown(options=known, value=value, description=name, layout=wide, style=style)

        return {
            "kind": choice("kind", row["kind"], sorted(READ_KINDS)),
            "chip_model": box("chip model", row["chip_model"], "as worded"),
            "low": box("low", review_log.plain_number(row["low"])),
            "high": box("high", review_log.plain_number(row["high"])),
            "unit": box("unit", row["unit"]),
            "precision": choice("precision", row["precision"], ["", "not stated", *STATED_PRECISIONS]),
            "rung": choice("rung", row["aim"], ["", *LADDER]),
            "modality": choice("modality", row["modality"], ["", *Modality]),
            "date": box("date", row["date"], "by which it holds"),
            "part": box("part", row.get("part", ""), "phase or building; empty: all"),
            "site_id": box("site", row.get("site_id", "") or self._site_id),
            "evidence_use": choice("evidence?", row.get("evidence_use", "") or "ask", ["ask", "yes", "no"]),
            "translation": box("translation", row["translation"], "needed for Chinese"),
            "reason": box("reason", row["reason"], "needed to change or reject"),
        }

    def _press(self, name: str, key: str, fields: Mapping[str, Any], state: Any) -> None:
        """Take one decision; what is wrong with it is said above the claims, and nothing is written."""
        values = {field: box.value for field, box in fields.items()}
        reason, translation = values.pop("reason"), values.pop("translation")
        filed = {field: values.pop(field).strip() for field in review_log.FILED}
        signed = (self._who.value, self._when or date.today().isoformat(), reason)
        try:
            if name == "reject":
                self.table = review.reject_claim(self.table, key, *signed, log=self._log)
            else:
                self._take(name, key, signed, translation, filed, self._new(key, values))
        except OsintError as error:
            self._count(str(error), bad=True)
            state.value = _filled("wrong", str(error))
            return
        row = self.table.loc[self.table["key"] == key].iloc[0].to_dict()
        state.value = _state(row)
        self._count(f"{row['decision']}: {row['quote']}")

    def _take(
        self,
        name: str,
        key: str,
        signed: tuple[str, str, str],
        translation: str,
        filed: dict[str, str],
        new: dict[str, Any],
    ) -> None:
        """Accept a claim as read, or with other values, once all is said that the register will ask for."""
        row = self.table.loc[self.table["key"] == key].iloc[0]
        if _CHINESE.search(str(row["sentence"])) and not translation.strip():
            raise BadInputError("the quote is Chinese: write its translation first")
        if filed["evidence_use"] == "ask":
            raise BadInputError("say under `evidence?` whether other claims may be tested with this number: yes or no")
        if name == "change":
            if not new:
                raise BadInputError("nothing was edited: press accept to take it as it was read")
            who, when, reason = signed
            self.table = review.change_claim(
                self.table, key, who, when, reason, translation=translation, filed=filed, log=self._log, **new
            )
        elif new:
            raise BadInputError("the fields were edited: press change, or set them back")
        else:
            self.table = review.accept_claim(
                self.table, key, *signed, translation=translation, filed=filed, log=self._log
            )

    def _new(self, key: str, values: dict[str, str]) -> dict[str, Any]:
        """Return the fields that differ from the row, numbers read."""
        row = self.table.loc[self.table["key"] == key].iloc[0]
        numbers = [name for name in ("low", "high") if values[name].strip() != review_log.plain_number(row[name])]
        words = {name: row[name] for name in ("unit", "kind", "chip_model", "precision", "modality", "date")}
        words["rung"] = row["aim"]
        new: dict[str, Any] = {name: _number(values[name]) for name in numbers}
        return new | {name: values[name].strip() for name, old in words.items() if values[name].strip() != old}


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


def _state(row: Mapping[str, Any]) -> str:
    return str(_filled("state", row, _bounds(row["si_low"], row["si_high"])))
