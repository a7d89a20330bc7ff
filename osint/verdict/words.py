"""The sentences of a finding, made from the rows that decided it; the templates are those of findings.csv."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from osint import model
from osint.model import percent, show, tenths
from osint.register import CLAIM_KINDS, STATED_PRECISIONS, Claim
from osint.verdict.asserts import Asserts
from osint.verdict.bearing import Sight, day_text
from osint.verdict.ground import ground_shows
from osint.verdict.parts import Coverage, same_part

if TYPE_CHECKING:
    from osint.verdict.finding import Finding
    from osint.verdict.room import Room

USE_OPEN = ", the use of the hall left open"
"""What is said beside room for chips where it is not known how much of the hall is for them."""
FILL_OPEN = ", the share of its capacity that draws the load left open"
"""What is said beside a capacity by a load, which shows what is in use (hall_fill)."""

COUNTED = ", by a count of what was in it and not by what it could hold"
"""What is said beside chips, servers and PFLOPS by a count of chips or servers."""


def left_open(rooms: Sequence[Room]) -> str:
    """Return what is left open of rooms, in words; empty where nothing is."""
    use, fill = any(room.use_open for room in rooms), any(room.fill_open for room in rooms)
    counted = any(room.counted for room in rooms)
    return f"{USE_OPEN if use else ''}{FILL_OPEN if fill else ''}{COUNTED if counted else ''}"


def all_of_it(rows: Sequence[Sight]) -> str:
    """Return on which condition sizes are those of the site; empty where their rows say how much was looked at."""
    taken = any(s.taken_as_whole for s in rows)
    return ", if that is all of it (the row names no part and no share that was looked at)" if taken else ""


def how_sure(s: Sight) -> str:
    """Return how probable it is that an observation is of the place, in words."""
    p = s.row.p_place
    return f"probability {tenths(p)}" if p is not None else "probability not stated"


def looked_at(s: Sight) -> str:
    """Return how much of the place an observation looked at, in words."""
    if s.spot and s.share > (s.looked or 0.0):
        return f"that the spot was looked at is shown with a probability of {tenths(s.spot)}"
    if s.looked is None:
        return "how much of it was looked at is not stated"
    return f"{tenths(s.looked)} of it was looked at"


def relay(rows: Sequence[Sight]) -> str:
    """Return that a finding rests on what others relayed, and on how many rows."""
    count = "one relayed row" if len(rows) == 1 else f"{len(rows)} relayed rows"
    one = " of one source" if len(rows) > 1 and len({s.group for s in rows}) == 1 else ""
    told = sorted({f"{s.row.observer} as relayed in {s.row.source_claim_id}" for s in rows})
    return f"On {count}{one} alone, not seen by us ({'; '.join(told)})"


def contradicting(finding: Finding) -> str:
    """Return what contradicts the claim of a finding, in words."""
    return ", ".join(c.text() for c in finding.contradictions)


def observed_by(s: Sight) -> str:
    """Return who made an observation, how and when; one that comes from a claim on file was relayed, and says so."""
    relayed = f", as relayed in {s.row.source_claim_id}" if s.row.source_claim_id else ""
    return f"{s.row.observer}, {s.row.how}, {s.row.date.words}{relayed}"


def describe(s: Sight, site: str = "") -> str:
    """Return an observation in words: its id, who, how and when, and what it says; of the site, if one is given."""
    row, said = s.row, []
    if row.rung is not None:
        said.append(row.rung.value)
    if row.not_yet is not None:
        said.append(f"not yet {row.not_yet.value}")
    if s.sized and row.low is not None and row.best is not None and row.high is not None:
        ends = f" ({show(row.low, 4)} to {show(row.high, 4)})" if row.low < row.high else ""
        said.append(f"{show(row.best, 4)}{ends} {_observed_unit(row.quantity)}")
    elif s.sized and row.low is not None and row.high is not None:
        said.append(f"{show(row.low, 4)} to {show(row.high, 4)} {_observed_unit(row.quantity)}")
    elif row.quantity and (end := row.low if row.high is None else row.high) is not None:
        said.append(f"at {'least' if row.high is None else 'most'} {show(end, 4)} {_observed_unit(row.quantity)}")
    elif s.row.best is not None:
        said.append(f"{show(s.row.best, 4)} {_observed_unit(row.quantity)} without an interval, which bounds nothing")
    of = ", ".join(name for name in (site, row.part) if name)
    return (
        f"{row.observation_id} ({observed_by(s)}) shows {of and f'{of}: '}{', '.join(said) or 'no stage and no size'}"
    )


def _observed_unit(quantity: str) -> str:
    """Return the unit of an observed size without what the model reads into it ("at the design peak")."""
    return model.unit_of(quantity).split(",")[0]


def claimed_unit(claim: Claim) -> str:
    """Return the unit in which room for a claim is told; PFLOPS whose source does not say FP16 are not called FP16."""
    if claim.quantity == "pflops" and claim.precision not in STATED_PRECISIONS:
        return "PFLOPS (precision not stated)"
    return f"{claim.unit}, {claim.other_precision}" if claim.other_precision else model.unit_of(claim.quantity)


class Words(dict[str, str]):
    """The names that a sentence can hold, each made when it is asked for."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.f = finding

    def __missing__(self, name: str) -> str:
        return str(getattr(self, f"_{name}")())

    def _listed(self, rows: Sequence[Sight]) -> str:
        return "; ".join(self._described(s) for s in rows)

    def _described(self, s: Sight) -> str:
        """Return an observation in words, with its site where that is not the site of the claim."""
        return describe(s, s.row.site_id if s.row.site_id != self.f.claim.site_id else "")

    def _due(self) -> str:
        return day_text(self.f.asserts.day) if self.f.asserts.day else "a day that is not named"

    def _not_due(self) -> str:
        day = self.f.asserts.day
        if not day:
            return "No day is named for it"
        earlier = all(s.last < day for s in self.f.decided_by)
        return f"It was due by {self._due()}, {'later than that' if earlier else 'which may be later than that'}"

    def _due_from(self) -> str:
        source, read = self.f.asserts.due_from, self.f.asserts.due_read
        how = f" with {read} confidence" if read and read != "high" else ""
        if source:
            return f" (a day read from {source} of the same text{how})"
        return f" (a day read from its words{how})" if how else ""

    def _when(self) -> str:
        days = self.f.days_after or 0
        return f"{days} day{'s' if days != 1 else ''} after that day" if days else "on that day"

    def _absent(self) -> str:
        """Return the look that found nothing; where the rung of parts of it is known, that is said beside it."""
        spots = sorted({s.spot_by for s in self.f.decided_by if s.spot_by})
        said = self._listed(self.f.decided_by)
        said += f" (at the spot where {', '.join(spots)} shows it later)" if spots else ""
        missing = max((s.row.not_yet for s in self.f.decided_by if s.row.not_yet), key=lambda r: r.height, default=None)
        if missing is None:
            return said
        parts = [
            s
            for s in self.f.seen.confirmed
            if s.coverage == Coverage.PART and s.row.rung is not None and s.row.rung.height >= missing.height
        ]
        return f"{said} as a whole (of parts of it, {self._listed(parts)})" if parts else said

    def _what(self) -> str:
        written = self.f.claim.written()
        return f"such a figure ({written})" if written else "what it says"

    def _not_of_the_ground(self) -> str:
        stands = self.f.asserts.kind == Asserts.STANDS
        return "" if ground_shows(self.f.claim, stands) else f" The ground does not show {self._what()} in any case."

    def _shown(self) -> str:
        return self._described(self.f.seen.shown) if self.f.seen.shown else ""

    def _allow(self) -> str:
        room = self.f.room
        if room is None:
            return ""
        low, best, high = room.interval
        unit = claimed_unit(self.f.claim)
        if room.posterior is None:
            return f"{self._listed(room.seen)}: room for none"
        range_ = f"at most {show(high)} {unit}"
        if not room.bounded:
            ends = [show(end) for end in (low, high)]
            range_ = f"{show(best)}{f' ({ends[0]} to {ends[1]})' if ends[0] != ends[1] else ''} {unit}"
        open_ = left_open([room])
        verb = "what it held comes to" if room.counted else "room for"
        return f"{self._listed(room.seen)}: {verb} {range_}{open_}{all_of_it(room.seen)}"

    def _lies(self) -> str:
        """Return where the number that is tested lies in what there was room for, and how sure that is of the place."""
        claim, room = self.f.claim, self.f.room
        if room is None:
            return ""
        number = min(claim.readings, default=claim.value_low or 0.0) * CLAIM_KINDS[claim.quantity_kind].factor
        doubt = f"; {self._sureness()}" if room.p_place < 1 else ""
        return f"Claimed: {self._tested()}, which lies {model.lies(number, room.interval)}{doubt}"

    def _tested(self) -> str:
        claim = self.f.claim
        if claim.readings:
            return f"{show(min(claim.readings), 6)} {claim.unit}"
        return f"{self._end(claim.value_low)} (lower end of {claim.written()})" if self._ranges() else claim.written()

    def _held(self) -> str:
        """Return of what the chance is told: room, or what was counted."""
        counted = self.f.room is not None and self.f.room.counted
        return f"{'held' if counted else 'had room for'} {self._tested()}"

    def _ranges(self) -> bool:
        """Whether the claim is of one reading with two ends, of which the lower one is tested."""
        low, high = self.f.claim.value_low, self.f.claim.value_high
        return not self.f.claim.readings and low is not None and high is not None and low < high

    def _end(self, number: float | None) -> str:
        return f"{show(number or 0.0, 6)} {self.f.claim.unit}"

    def _as_worded(self) -> str:
        lower = f"At the lower end ({self._end(self.f.claim.value_low)})"
        return lower if self._ranges() else f"As worded ({self._tested()})"

    def _hardest(self) -> str:
        claim = self.f.claim
        if self._ranges():
            return f"at the upper end ({self._end(claim.value_high)})"
        return f"for the other reading ({self._end(max(claim.readings, default=claim.figure))})"

    def _between(self) -> str:
        return "the ends of the range" if self._ranges() else "the readings"

    def _chance(self) -> str:
        room, stated = self.f.room, percent(self.f.probability)
        edge = 0.005  # below which a percentage without decimals says 0
        if room is None or 1 - room.p_place < edge:
            return stated
        # if it is another place nothing is known of its room: the whole doubt is left to the claim
        all_seen = all(s.bounded_share == 1 for s in room.seen)
        doubt = "it is the place" if all_seen else "all of the right place was seen"
        left = percent(1 - room.p_place)
        share = "all of it" if left == stated else f"of which {left} is"
        return f"at most {stated}, {share} the doubt whether {doubt}"

    def _chance_hardest(self) -> str:
        return percent(self.f.hardest)

    def _assumption(self) -> str:
        if self.f.assumption:
            return self.f.assumption.text()
        return "a reading that is less likely, or several assumptions at their edges, would have to hold"

    def _contradictions(self) -> str:
        return contradicting(self.f)

    def _conflict(self) -> str:
        ids = set(self.f.seen.conflict)
        every = sorted((*self.f.seen.sights, *self.f.seen.own), key=lambda s: s.row.observation_id)
        rows = [s for s in every if s.row.observation_id in ids]
        said = [f"{c.claim_id} ({c.claimant}) states: {c.rung}" for c in self.f.seen.statements]
        missing = [s.missing.height for s in rows if s.missing is not None]
        absent = [s for s in rows if s.missing is not None and s.missing.height == min(missing)]
        if absent and (said or len(absent) < len(rows)):
            against = [self._described(s) for s in rows if s not in absent] + said
            return f"{self._listed(absent)}. Against that, {'; '.join(against)}"
        if any(s.coverage != rows[0].coverage or not same_part(s.row.part, rows[0].row.part) for s in rows):
            return f"{self._listed(rows)}. What is a part cannot be larger than the whole of it on one day"
        apart = max(s.first for s in rows) - min(s.first for s in rows)
        when = f"within {apart} days" if apart else "on one day"
        return f"{self._listed(rows)}. The sizes cannot be of one thing {when}"

    def _in_doubt(self, rows: Sequence[Sight]) -> str:
        part = {s.row.observation_id: f"; {looked_at(s)}" for s in rows if s.missing is not None and s.share < 1}
        return "; ".join(
            f"{self._described(s)} ({how_sure(s)} that it is the place{part.get(s.row.observation_id, '')})"
            for s in rows
        )

    def _unconfirmed(self) -> str:
        return self._in_doubt(self.f.seen.doubtful or tuple(s for s in self.f.seen.sights if not s.confirmed))

    def _unsure(self) -> str:
        return self._in_doubt([s for s in self.f.seen.doubtful if s.confirmed])

    def _doubt(self) -> str:
        """Return the least doubt of the looks that would decide; of looks that decide together, the sum."""
        rows = [s for s in self.f.seen.doubtful if s.confirmed]
        doubts = [1 - (s.p_place if s.missing is None else s.p_absent) for s in rows]
        together = bool(self.f.seen.parts_doubted) and not any(s.covers for s in rows)
        return percent(min(1.0, sum(doubts)) if together else min(doubts))

    def _sureness(self) -> str:
        """Return how sure it is that the size is of all of the right place: of the place, and of how much of it."""
        room = self.f.room
        if room is None:
            return ""
        s = min(room.seen, key=lambda s: s.p_place * s.bounded_share)
        part = f", and {tenths(s.bounded_share)} of it was looked at" if s.bounded_share < 1 else ""
        return f"it is the place with a probability of {tenths(s.p_place)}{part}"

    def _unsearched(self) -> str:
        return self._in_doubt(self.f.seen.doubtful)

    def _unfixed(self) -> str:
        day = self.f.asserts.day
        return self._listed([s for s in self.f.seen.covering if s.first <= day < s.last])

    def _subject(self) -> str:
        return self.f.claim.part or "the site"

    def _after(self) -> str:
        later = [s for s in self.f.seen.covering if s.first > self.f.asserts.day]
        return self._listed([s for s in later if s.first == min(o.first for o in later)])

    def _before(self) -> str:
        earlier = [s for s in self.f.seen.covering if s.last <= self.f.asserts.day]
        return self._listed([s for s in earlier if s.last == max(o.last for o in earlier)])

    def _parts_before(self) -> str:
        """Return the parts that were seen by its day, where the whole was not."""
        rows = [s for s in self.f.seen.confirmed if s.coverage == Coverage.PART and s.last <= self.f.asserts.day]
        newest = {s.row.part: s for s in sorted(rows, key=lambda s: s.last)}
        return f" Of parts of it, seen by then: {self._listed(tuple(newest.values()))}." if newest else ""

    def _looks(self) -> str:
        n = len(self.f.seen.confirmed)
        return f"{n} {'looks' if n > 1 else 'look'} at the place" if n else "What was seen"

    def _covering(self) -> str:
        return self._listed(self.f.seen.covering)

    def _of_several(self) -> str:
        return self._listed([s for s in self.f.seen.covering if s.given() and not s.whole])

    def _lacking(self) -> str:
        return self._listed(self.f.seen.part_lacks)

    def _precision(self) -> str:
        return self.f.claim.unknown_precision

    def _elsewhere(self) -> str:
        return self._listed([s for s in self.f.seen.confirmed if not s.covers])

    def _small(self) -> str:
        return self._listed(self.f.seen.small)

    def _own(self) -> str:
        return ", ".join(s.row.observation_id for s in self.f.seen.own)

    def _seen(self) -> str:
        return self._listed(self.f.seen.confirmed)

    def _paper(self) -> str:
        paper, unit = self.f.paper, claimed_unit(self.f.claim)
        if paper.posterior is None and paper.total is None and not paper.sides:
            said = " and ".join(
                f"{model.stated(g)} {_observed_unit(g.quantity)} ({', '.join(g.ids)})" for g in paper.givens
            )
            if not all(g.bound for g in paper.givens):
                return f"{said}, which no relation of the model joins to it"
            sides = sorted({"above" if g.capped else "below" for g in paper.givens})
            return f"{said}, which {'bound' if len(paper.givens) > 1 else 'bounds'} it from {' and '.join(sides)} alone"
        return paper.text(unit)
