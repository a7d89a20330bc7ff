"""Show each claim beside its crop, and take decisions at the press of a button (buttons need the extra `lab`)."""

from __future__ import annotations

import base64
import html
import io
import math
import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Any

from osint.errors import OsintError
from osint.filings import review
from osint.register import LADDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from osint.filings.filing import Filing

_AROUND = 160
_STYLE = (
    "<style>.osint-review td,.osint-review th{text-align:left!important;vertical-align:top;padding:6px 10px;white-space:normal}"
    ".osint-review mark,.osint-crop mark{background:#ffd54d;color:#000}.osint-review small{color:#8a3b00}"
    ".osint-review img,.osint-crop img{max-width:480px;border:1px solid #bbb}"
    ".osint-crop table{border-collapse:collapse}.osint-crop td{border:1px solid #bbb;padding:2px 8px}</style>"
)


def crop_html(filing: Filing, start: int, end: int) -> str:
    """Return text[start:end] as it stands in the document, as a piece of HTML.

    A PDF or scan gives the picture of the place with the words framed; a table its row, below its header;
    anything else the words in their line, marked.  Invisible characters are spelt out.
    """
    picture = filing.crop(start, end)
    if picture is not None:
        out = io.BytesIO()
        picture.quantize(32).save(out, "PNG", optimize=True)
        code = base64.b64encode(out.getvalue()).decode()
        page = filing.where(start, end).get("page", 1)
        return f'<img alt="page {page}" src="data:image/png;base64,{code}"><br>page {page}'
    where = filing.where(start, end)
    if "cell" in where:
        return f"{_row(filing, start, end)}{html.escape(where['cell'])}"
    first = max(filing.text.rfind("\n", 0, start) + 1, start - _AROUND)
    last = filing.text.find("\n", end)
    last = min(len(filing.text) if last < 0 else last, end + _AROUND)
    return _marked(filing.text, first, start, end, last)


def _marked(text: str, first: int, start: int, end: int, last: int) -> str:
    before, words, behind = text[first:start], text[start:end], text[end:last]
    return f"{_shown(before)}<mark>{_shown(words)}</mark>{_shown(behind)}"


def _shown(text: str) -> str:
    """Return text as HTML in which what is drawn as nothing, or turns the order of letters, is spelt out."""
    escaped = html.escape(text)
    return "".join(f"[U+{ord(c):04X}]" if unicodedata.category(c) in ("Cf", "Co", "Cc") else c for c in escaped)


def _row(filing: Filing, start: int, end: int) -> str:
    """Return the table row around a passage, with the header of each column above it."""
    first, last = filing.text.rfind("\n", 0, start) + 1, filing.text.find("\n", end)
    last = len(filing.text) if last < 0 else last
    cells = [cell for cell in filing.cells if first <= cell[0] <= last]
    heads = "".join(f"<td><i>{_shown(cell[3][:40])}</i></td>" for cell in cells[:20])
    bodies = []
    for low, high, _, _ in cells[:20]:
        if low <= start < high:
            bodies.append(f"<td>{_marked(filing.text, low, start, min(end, high), high)}</td>")
        else:
            bodies.append(f"<td>{_shown(filing.text[low : min(high, low + 80)])}</td>")
    above = f"<tr>{heads}</tr>" if any(cell[3] for cell in cells) else ""
    return f"<table>{above}<tr>{''.join(bodies)}</tr></table>"


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
    rows = []
    for row in table.head(limit).to_dict("records"):
        crop = crop_html(filings[row["file"]], row["start"], row["end"])
        odd = "".join(f"<br><small>{_shown(str(row[n]))}</small>" for n in ("warning", "alternatives") if row[n])
        value = f"{_bounds(row['low'], row['high'])} {row['unit']}<br>= {_bounds(row['si_low'], row['si_high'])} {row['si_unit']}"
        decision = f"<b>{row['decision']}</b> {html.escape(row['who'])} {row['when']}<br>{html.escape(row['reason'])}"
        rung = row["aim"] + (f" ({row['modality']})" if row["modality"] else "")
        cells = (
            f"<code>{row['key']}</code>", f"<div class='osint-crop'>{crop}</div>", row["kind"], f"{row['qualifier']} {value}{odd}",
            rung, row["date"], decision if row["decision"] else "open",
        )  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = "".join(f"<th>{head}</th>" for head in ("key", "crop", "kind", "reading", "rung", "date", "decision"))
    more = f"<p>{len(table) - limit} more</p>" if len(table) > limit else ""
    return f"{_STYLE}<table class='osint-review'><tr>{heads}</tr>{''.join(rows)}</table>{more}"


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

        Raises OsintError without ipywidgets.
        """
        try:
            import ipywidgets
        except ImportError:
            raise OsintError(
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
        self._said.value = (
            f"{_STYLE}page {self._page + 1} of {pages}; {open_rows} of {len(self.table)} open. "
            f"<b style='color:{colour}'>{html.escape(words)}</b>"
        )

    def _card(self, row: dict[str, Any]) -> Any:
        kit = self._kit
        wide = kit.Layout(width="330px")
        crop = crop_html(self._filings[row["file"]], row["start"], row["end"])
        odd = "; ".join(str(row[name]) for name in ("warning", "alternatives") if row[name])
        words = f"<div class='osint-crop'>{crop}<br><small style='color:#8a3b00'>{_shown(odd)}</small><br><small>{_shown(row['file'])}</small></div>"
        rungs = ["", *LADDER]
        fields = {
            "kind": kit.Dropdown(options=sorted(review.SI_UNITS), value=row["kind"], description="kind", layout=wide),
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
                    raise OsintError("the fields were edited: press change, or set them back")
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
            state.value = f"<span style='color:#b00020'>{html.escape(str(error))}</span>"
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
        raise OsintError(
            f"{words!r} is no number; write digits with a point, the scale (万, bn) goes into the unit"
        ) from None


def _state(row: Mapping[str, Any]) -> str:
    if not row["decision"]:
        return "open"
    value = f"{_bounds(row['si_low'], row['si_high'])} {row['si_unit']}"
    return f"<b>{row['decision']}</b> by {html.escape(str(row['who']))} on {row['when']}: {html.escape(value)}"
