"""Whether a stated number fits what is on file for a site: what it would need, and what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from osint.errors import BadInputError, OsintError
from osint.model.evidence import HALL, Dossier, given_of
from osint.model.given import Given, lies, show, sig, stated
from osint.model.network import unit_of
from osint.model.posterior import posterior
from osint.model.stated import CHIP_COUNTS
from osint.model.tree import ReadingWord
from osint.register import Observation, Register, Stage, one_site

LIMIT = "Room is not presence: that a hall could hold a number does not show that it does."
LAND, MONEY = "land_m2", "cost_cny"


@dataclass(frozen=True, slots=True)
class Fit:
    """One quantity on file against the number."""

    on_file: Given
    seen: bool
    """Whether it was seen or measured; else a document states it."""
    needs: tuple[float, float, float]
    """Low, best and high (90%) of the same quantity that the number would need."""
    room: tuple[float, float, float]
    """Low, best and high (90%) of what is on file has room for, in the unit of the number."""
    times_best: float
    """How many times the best of that the number is."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        named = {"quantity": self.on_file.quantity, "on_file": self.on_file.text(), "ids": list(self.on_file.ids)}
        ends = ("low", "best", "high")
        sides = {
            "needs": dict(zip(ends, map(sig, self.needs), strict=True)),
            "room": dict(zip(ends, map(sig, self.room), strict=True)),
        }
        return {**named, "seen": self.seen, **sides, "times_best": sig(self.times_best)}

    def text(self, number: Given) -> str:
        """Return it in words."""
        unit, asked = unit_of(self.on_file.quantity), unit_of(number.quantity)
        low, best, high = map(show, self.needs)
        by = f"{self.on_file.label}, {'seen' if self.seen else 'a document'}"
        room_low, room, room_high = map(show, self.room)
        where = f"{stated(number)} lies {lies(self.times_best * self.room[1], self.room)}"
        if self.on_file.quantity == MONEY:
            bought = f"{room} ({room_low} to {room_high}) {asked}"
            return (
                f"would cost {best} ({low} to {high}) {unit}, with what its servers need; "
                f"on file {stated(self.on_file)} ({by}), which would pay for {bought} if all of it is for them; "
                f"{where}. Money is no hall: this says nothing of room"
            )
        return (
            f"needs {best} ({low} to {high}) {unit}; on file {stated(self.on_file)} ({by}), with room for {room} "
            f"({room_low} to {room_high}) {asked}; {where}"
        )


@dataclass(frozen=True, slots=True)
class Fits:
    """A stated number against every quantity on file for a site."""

    site_id: str
    name: str
    number: Given
    chip: str
    """Chip family; empty if none was named."""
    fits: tuple[Fit, ...]
    """The least room for it first."""
    use_weighed: bool = False
    """Whether what a hall is used for is not known, so that its uses are weighed."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        head = {"site_id": self.site_id, "number": self.number.text(), "chip": self.chip}
        return {**head, "fits": [fit.to_dict() for fit in self.fits]}

    def text(self) -> str:
        """Return it as plain text."""
        counts = self.number.quantity in CHIP_COUNTS
        chip = f", all {self.chip}" if self.chip else ", chip families weighed (--chip names one)" if counts else ""
        lines = [f"{stated(self.number)} {unit_of(self.number.quantity)}{chip}, at {self.site_id} {self.name}"]
        lines += [f"  {fit.text(self.number)}" for fit in self.fits]
        if not self.fits:
            lines.append("  nothing on file for this site can be compared with it; `osint next` says what to get")
        if self.use_weighed and counts and any(fit.on_file.quantity != MONEY for fit in self.fits):
            lines.append(
                "  The uses that the hall may have beside these chips are weighed: one for them alone needs less."
            )
        return "\n".join([*lines, f"  {LIMIT}"])


def fits(site: str, number: Given, source: Register, *, chip: str | None = None, date: str | None = None) -> Fits:
    """Return a stated number against every quantity on file for a site, each by itself.

    `site` is what `one_site` takes, `number` an exact quantity, as chips=115000; without `chip` the family is weighed
    as in `estimate`. Claims and observations that count the same chips in another unit are left out: they would be
    tested with themselves; and so is land where more is known, for it bounds nothing then. Raises BadInputError for a
    bound or a range, NotFoundError for an unknown site.
    """
    if number.low is None or number.low != number.high:
        raise BadInputError(f"{number.text()} is a bound or a range; give one number, as {number.quantity}=115000")
    dossier = Dossier.of(source)
    row = dossier.sites[one_site(source, site).site_id]
    family = dossier.network.chip_named(chip) if chip else None
    own = CHIP_COUNTS if number.quantity in CHIP_COUNTS else {number.quantity}
    fixed = {ReadingWord.USE.value: row.hall_use} if row.hall_use else {}
    found = []
    for given, seen in _on_file(row.site_id, dossier):
        if given.quantity in own or given.bound:
            continue
        asked: dict[str, Any] = {"country": row.country, "chip": family, "date": date, "fixed": fixed}
        try:
            readings = dossier.network.readings({number.quantity, given.quantity}, elevation_m=row.elevation_m, **asked)
            room, _ = posterior(number.quantity, [given], readings)
            needs, _ = posterior(given.quantity, [number], readings)
        except OsintError:  # no relation joins the two
            continue
        found.append(Fit(given, seen, needs.interval, room.interval, number.low / room.interval[1]))
    found = [fit for fit in found if fit.on_file.quantity != LAND] or found
    ranked = tuple(sorted(found, key=lambda fit: -fit.times_best))
    return Fits(row.site_id, row.name_en, number, family or "", ranked, use_weighed=not row.hall_use)


def _on_file(site_id: str, dossier: Dossier) -> list[tuple[Given, bool]]:
    """Return what documents state and what was seen of a site, and whether it was seen.

    The halls that are told to stand at parts of the site are among it, as they are where a claim is checked.
    """
    claims = [(given, False) for claim in dossier.claims[site_id] if (given := given_of(claim)) is not None]
    for part in dossier.descendants(site_id):
        halls = (c for c in dossier.claims[part] if c.quantity in HALL and c.stage != Stage.PLAN)
        told = (given for claim in halls if (given := given_of(claim)) is not None)
        claims += [(replace(given, label=f"{given.label}, of {part}, a part of it"), False) for given in told]
    return claims + [(given, True) for given in _measured(dossier.observations[site_id])]


def _measured(rows: Sequence[Observation]) -> Iterator[Given]:
    """Yield the sizes that were seen; of rows that measure one outline the last, which names the others."""
    sized = sorted((o for o in rows if o.quantity and o.low and o.high), key=lambda o: o.date.known[1])
    outlines: dict[tuple[str, str], list[Observation]] = {}
    for o in sized:
        outlines.setdefault((o.quantity, o.outline or o.observation_id), []).append(o)
    for of_one in sorted(outlines.values(), key=lambda of_one: of_one[-1].observation_id):
        o, ids = of_one[-1], tuple(o.observation_id for o in of_one)
        earlier = f", and of the same outline before it {', '.join(ids[:-1])}" if ids[1:] else ""
        yield Given(o.quantity, o.low, o.high, f"{o.observation_id}, {o.observer}{earlier}", ids, True, o.best)
