"""Dated pictures of one's own at a site: an outline that a person draws on them becomes observations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely.geometry.base import BaseGeometry

from osint import change, geo, imagery
from osint.case.changed import Entered
from osint.case.judged import keep_judged, sha256
from osint.errors import RefusedError

if TYPE_CHECKING:
    from osint.case.site import Site

HOW = "outline drawn by a person on dated pictures of their own"


@dataclass(frozen=True, eq=False)
class OwnPictures:
    """Two dated pictures of one's own on one grid, and the site that they are said to show."""

    site: Site
    pictures: imagery.Pictures
    pair: imagery.Pair
    """The earlier and the later picture."""

    @classmethod
    def of(cls, site: Site, folder: str | Path, before: str = "", after: str = "") -> OwnPictures:
        """Read a folder (`imagery.read_pictures`); of several pictures the first and the last, or those of two days.

        Raises what `imagery.read_pictures` and `imagery.choose_pair` raise.
        """
        read = imagery.read_pictures(folder)
        days = read.data.time.values
        return cls(site, read, imagery.choose_pair(read.data, before or days[0], after or days[-1]))

    @property
    def simulated(self) -> bool:
        """Whether their credit says that they are SIMULATED."""
        return "SIMULATED" in self.pair.credit.upper()

    def rows(
        self, outline: Any, *, who: str, as_part: str = "", p_place: float | None = None, place_reason: str = ""
    ) -> list[dict[str, Any]]:
        """Return what a person says by an outline (degrees) round a roof: bare on the first day, there on the last.

        The range of its size is that of an edge drawn by hand; see `change.drawn_rows`, which raises what this raises.
        """
        stated = None if p_place is None else change.by_hand(p_place, place_reason, who)
        before, after = (day.date().isoformat() for day in self.pair.dates)
        known: dict[str, Any] = {"part": as_part, "simulated": "yes" if self.simulated else ""}
        if stated is not None:
            known |= {"p_place": stated.p_place, "place_reason": stated.reason}
        shape = geo.as_geometry(outline)
        return change.drawn_rows(self.pictures.data, shape, self.site.id, who.strip(), HOW, before, after, **known)

    def take(self, outline: Any, **said: Any) -> Entered:
        """Write the rows of an outline (arguments of `rows`) with the pair of pictures, and return what they changed.

        Raises RefusedError for SIMULATED pictures in a case of real evidence; nothing is written then.
        """
        case = self.site.case
        if self.simulated and not case.is_demo:
            raise RefusedError(
                f"these pictures are SIMULATED, and {case.name} holds real evidence, so nothing was written: begin a "
                "case for them with `osint new FOLDER --demo`"
            )
        rows = self.rows(outline, **said)
        body = self.drawn(geo.as_geometry(outline))
        held = [r.observation_id for r in self.site.observations if r.picture_sha256 == sha256(body)]
        if held:
            raise RefusedError(
                f"this outline on these pictures is on file as {', '.join(held)}, and would count twice; to say more "
                f"of it, take those rows out of {case.path / 'raw' / 'observations.csv'} first"
            )
        shown = keep_judged(case.path, f"{self.site.id}_own_{rows[0]['date']}_{rows[1]['date']}", body)
        return case.enter("observations", [row | shown for row in rows])

    def drawn(self, outline: BaseGeometry) -> bytes:
        """Return both pictures side by side with the outline, as PNG."""
        import io

        body = io.BytesIO()
        figure = imagery.draw_pair(self.pair, outline, "Pictures of one's own, and what a person drew on them")
        figure.savefig(body, format="png", dpi=150, metadata={"Software": None})
        return body.getvalue()
