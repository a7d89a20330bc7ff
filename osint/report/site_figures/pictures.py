"""A site before and after, or that no picture is on file."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from osint.report.site_figures.frame import TITLE_CHARACTERS, drawing, sheet, titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from shapely.geometry.base import BaseGeometry

    from osint import imagery


def before_after(
    pair: imagery.Pair | None, site_id: str, finding: str = "", outline: BaseGeometry | None = None
) -> Figure:
    """Draw a pair of pictures with dates, credit, scale and north, and SIMULATED on both where they are invented.

    `finding` is the title; without a pair the figure says that no picture is on file, and what that leaves open.
    """
    if pair is None:
        with drawing():
            figure, (ax,) = sheet(1.1)
            ax.set_axis_off()
            title = f"{site_id}: no picture is on file. That nothing was looked at says nothing of what stands there"
            return titled(figure, title, "", "Source: the pictures of this case.", f"{title}.")
    title = finding or f"{site_id}: before and after"
    with drawing():
        from osint import imagery  # loads a network client, which the report itself never needs

        figure = imagery.draw_pair(pair, outline, textwrap.fill(title, TITLE_CHARACTERS))
    stamp = "SIMULATED. " if pair.simulated else ""
    figure.set_label(f"{stamp}{title}. Left: {pair.labels[0]}. Right: {pair.labels[1]}. {pair.credit}")
    return figure
