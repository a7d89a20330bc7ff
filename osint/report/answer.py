"""The answer that stands first on the page: a headline that is the finding, and three questions with their answers.

Each is made from records alone, so that other rows give other sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

from osint.model import CONFIRMED, show
from osint.register import CLAIM_KINDS, Claim, Observation, Tier
from osint.report.hall_room import HallRoom
from osint.report.words import counted, day_words, listed
from osint.verdict import Check, Finding

FIRST_HAND = (
    Tier.PRIMARY_GOVERNMENT,
    Tier.LOCAL_GOVERNMENT,
    Tier.COMPANY_FILING,
    Tier.COMPANY_FILING_COPY,
    Tier.COMPANY_RELEASE,
    Tier.NEWS_ON_COURT_RECORD,
)
"""Publishers of what they themselves decided or filed, or copies of it."""
MOST_NAMED = 3
"""Sites that are named in a sentence; of more the ids stand alone."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A question that a reader brings, and what the tables answer."""

    question: str
    answer: str


@dataclass(frozen=True)
class Answer:
    """The records that the first sentences of the page are made from."""

    announced: tuple[str, ...]
    """The announced sites."""
    parts: tuple[str, ...]
    """Those of them that are parts of another."""
    names: dict[str, str]
    """Short name of each site."""
    planned: Finding | None
    """The largest number of chips that is planned at several sites together."""
    largest: Finding | None
    """The largest number of chips that is claimed for one announced site."""
    servers: Claim | None
    """The largest number of servers that is claimed for one announced site, where no number of chips is claimed."""
    share: tuple[str, str] | None
    """Share of the plan that its story gives to the site of the largest number, if that makes the number; its id."""
    told: tuple[Claim, ...]
    """The claims of chips or servers of the groups of reports that these two numbers come from."""
    seen: tuple[Observation, ...]
    """What was seen at announced sites."""
    counting: tuple[Observation, ...]
    """Observations at announced sites that count chips."""
    measured: HallRoom
    """Room by observation, over the announced sites."""
    measured_there: HallRoom
    """The same at the site of the largest number, and at its parts."""
    paper: HallRoom
    """Room by the halls that documents describe, over the announced sites; stated compute is no room."""
    paper_there: HallRoom
    """The same at the site of the largest number, and at its parts."""
    contradictions: tuple[Check, ...]
    """Checks by which claims cannot all be true, each once, without planted tests of error."""
    tensions: tuple[Check, ...]
    """Checks by which claims can all be true only under an assumption that no text states."""
    planted: tuple[Check, ...]
    """Errors of publishers that are kept to see whether they are found."""
    figures: dict[str, str]
    """Figures of the halls at the site of the largest number, as their sources have them, by claim."""
    sides: dict[str, str]
    """Side of each of these checks in words, by the claim that stands first in it."""

    @property
    def simulated(self) -> tuple[str, ...]:
        """Return the ids of what was seen in an invented world."""
        return tuple(row.observation_id for row in self.seen if row.simulated)

    @property
    def uncounted(self) -> tuple[Observation, ...]:
        """Return what was measured at announced sites and is no room of a whole one."""
        counted_at = {*self.measured.sites, *self.measured.bare}
        sizes = [row for row in self.seen if row.quantity and row.high and row not in self.counting]
        return tuple(row for row in sizes if row.site_id not in counted_at)

    def why_uncounted(self) -> str:
        """Return why what was measured is no room of a whole site; empty where nothing else was measured."""
        rows = self.uncounted
        parts = sorted({row.part for row in rows if row.part})
        said = [f"a part alone ({listed(parts)})"] if parts else []
        said += ["of a place that is not confirmed"] if any((row.p_place or 0) < CONFIRMED for row in rows) else []
        invented = ["of an invented world"] if any(row.simulated for row in rows) else []
        return listed(said or invented or ["a part alone"])

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the claims whose numbers the headline sets beside each other."""
        return tuple(f.claim.claim_id for f in (self.planned, self.largest) if f)

    @property
    def misfits(self) -> tuple[Check, ...]:
        """Return contradictions, then tensions, in the order in which the page shows them."""
        return self.contradictions + self.tensions

    @property
    def sharpest(self) -> Check | None:
        """Return the check that the answer quotes; None where nothing is amiss."""
        return next(iter(self.misfits), None)

    def headline(self) -> str:
        """Return the finding in one line."""
        said = self._headline()
        return f"SIMULATED: {said[0].lower()}{said[1:]}" if self.simulated else said

    def _headline(self) -> str:
        looked_at = len(self.measured.sites) + len(self.measured.bare)
        plan = self.planned or self.largest
        said = f"the {_number(plan.claim)} chips" if plan else "any restricted chips"
        if self.counting:
            ids = listed([row.observation_id for row in self.counting])
            return f"Chips were counted ({ids}), but nothing shows that they are {said}"
        if looked_at and self.measured.interval:
            most, n = self.measured.interval[2], len(self.announced)
            room = f"room for at most {show(most)} (90%)" if most else "no room for any"
            where = f"at {looked_at} of {n} announced sites" if n > 1 else f"at {self.names[self.announced[0]]}"
            return f"Nothing on file shows that {said} exist; what was seen, {where}, had {room}"
        if self.uncounted:
            where = listed([*dict.fromkeys(self.names[row.site_id] for row in self.uncounted)])
            return f"Nothing on file shows that {said} exist; what was measured, at {where}, is {self.why_uncounted()}"
        return f"Nothing on file shows that {said} exist, or measures a hall that could hold them"

    def leads(self) -> tuple[Lead, ...]:
        """Return what a reader in a hurry asks: do they fit, who says so, do the figures agree."""
        asked = {"Do they fit?": self._fits(), "Who says so?": self._said(), "Do the figures agree?": self._against()}
        return tuple(Lead(question, said) for question, said in asked.items() if said)

    def sentences(self) -> tuple[str, ...]:
        """Return each question with its answer as one line."""
        return tuple(f"{lead.question} {lead.answer}" for lead in self.leads())

    def text(self) -> str:
        """Return headline and sentences as lines of plain text."""
        return "\n".join((self.headline(), *self.sentences()))

    def _said(self) -> str:
        """Return the numbers with their claimants, and on what they rest."""
        if self.planned is None and self.largest is None:
            none = "No number of chips is claimed of the announced sites"
            if self.servers is None:
                return f"{none}."
            name = self.names[self.servers.site_id]
            return f"{none}. {self.servers.written()} are claimed for {name} ({who_said(self.servers)})."
        said = []
        if self.planned:
            said.append(f"{self.planned.claim.written()} are planned ({who_said(self.planned.claim)})")
        if self.largest:
            name = self.names[self.largest.claim.site_id]
            share = ""
            if self.share and self.planned:
                share = f", the product of {_number(self.planned.claim)} and {self.share[0]} ({self.share[1]})"
            said.append(
                f"{self.largest.claim.written()} are claimed for {name} ({who_said(self.largest.claim)}){share}"
            )
        groups = {f.claim.independence_group for f in (self.planned, self.largest) if f}
        publications = {claim.source_publisher for claim in self.told}
        by = counted(len(publications), "publication")
        first = sorted({c.source_publisher for c in self.told if c.source_tier in FIRST_HAND})
        if len(publications) == 1:
            rests = f"one publication, {min(publications)}"
            paper = f"it is {'' if first else 'not '}an office, a filing or a copy of one"
        else:
            rests = (
                f"one story and its copies (group {min(groups)}; told by {by} on file)"
                if len(groups) == 1
                else f"{len(groups)} groups of reports ({listed(sorted(groups))})"
            )
            paper = "none of them is an approval or a filing"
            paper = f"of these, {listed(first)} is an office, a filing or a copy of one" if first else paper
        return f"{_capital('; '.join(said))}. This rests on {rests}; {paper}."

    def _fits(self) -> str:
        """Return what was seen to have room for, and what the halls on file would have room for on paper."""
        if not self.announced:
            return ""
        if self.measured_there.interval:
            return f"{self._measured(self.measured_there)} {self._plan_measured()}".strip()
        if self.measured.interval:
            there = f"{self.names[self.largest.claim.site_id]} was not measured. " if self.largest else ""
            return f"{self._measured(self.measured)} {there}{self._on_paper()}"
        sites = f"any of the {len(self.announced)} announced sites" if len(self.announced) > 1 else "the announced site"
        if self.uncounted:
            ids = listed([row.observation_id for row in self.uncounted])
            room = "what it had room for stands at each claim"
            measured = f"what was measured ({ids}) is {self.why_uncounted()}, and {room}"
            whole = f"no picture or visit on file measures the whole of {sites}"
            return f"Not known: {measured}; {whole}. {self._on_paper()}"
        return f"Not known: no picture or visit on file measures {sites}. {self._on_paper()}"

    def _on_paper(self) -> str:
        """Return how the claimed numbers lie to the halls on paper, a plan to those of all sites."""
        there, every = self.paper_there, self.paper
        if self.largest is None:
            if every.interval is None:
                return "No document states the size of a hall."
            n = len(every.sites)
            those = "The one announced site" if n == 1 else f"The {n} announced sites"
            found = f"{those} whose size is on paper ({listed(every.ids)}) would have room for {_interval(every)}"
            return f"{found} {_chips(every)}. A figure on paper is no building, and room is no chip."
        if there.interval is None:
            return "No document states the size of a hall where the largest number is claimed."
        figures = listed([f"{self.figures.get(i, '')} ({i})" for i in there.ids])
        name = listed([self.names[site_id] for site_id in there.sites])
        lies = _lies(self.largest.claim, there)
        said = [f"At {name}, {figures} would have room for {_interval(there)} {_chips(there)}: {lies}."]
        fits = [_within(self.largest.claim, there)]
        if self.planned and every.interval:
            n = len(every.sites)
            those = f"The {n} announced sites" if n > 1 else "The one announced site"
            lies = _lies(self.planned.claim, every)
            said.append(f"{those} whose size is on paper would have room for {_interval(every)}: {lies}.")
            fits.append(_within(self.planned.claim, every))
        parts = self._left_out(there)
        if none := {*every.without, *parts}:
            whole = self.names[self.largest.claim.site_id]
            among = f" ({listed(parts)}, parts of {whole}, among them)" if parts else ""
            others = len({*self.announced} - {*every.sites} - none)
            is_part = f"{'are' if others > 1 else 'is'} part or whole of one that is counted"
            rest = f"; the other {others} {is_part}" if others else ""
            said.append(f"Of {counted(len(none), 'site')}{among} no document gives the size of the whole{rest}.")
        might = ["On paper they might."] if all(fits) else []
        return " ".join([*might, *said, "A figure on paper is no building, and room is no chip."])

    def _measured(self, room: HallRoom) -> str:
        low, best, high = room.interval or (0.0, 0.0, 0.0)
        used = {i for g in room.givens for i in g.ids}
        rows = [r for r in self.seen if r.observation_id in used or (r.not_yet and r.site_id in room.bare)]
        doubt = [row.p_place for row in rows if row.p_place is not None]
        place = f", if it is the place (probability {min(doubt):.0%} or more)" if doubt else ""
        ids, days = ([*dict.fromkeys(x)] for x in ((r.observation_id for r in rows), (day_words(r.date) for r in rows)))
        sites = [*room.sites, *room.bare]
        named = [f"{self.names[i]} ({i})" for i in sites] if len(sites) <= MOST_NAMED else sites
        what = f"at {listed(named)} on {listed(days)} ({listed(ids)})"
        if not high:
            return f"What was seen {what} was bare: room for no chip{place}."
        span = f"{show(best)} ({show(low)} to {show(high)}, 90%)"
        own = rest = ""
        if self.largest and room is self.measured_there:
            own = f": {_lies(self.largest.claim, room)}"
            parts = self._left_out(room)
            rest = f" That is without {listed(parts)} of the same site, which nobody measured." if parts else ""
        return f"What was seen {what} had room for {span} {_chips(room)}{place}{own}.{rest} Room is no chip."

    def _left_out(self, room: HallRoom) -> list[str]:
        """Return the parts of the site of the largest number that are not in its room, as nothing gives their size."""
        return [i for i in room.without if self.largest and i != self.largest.claim.site_id]

    def _plan_measured(self) -> str:
        """Return at how many of the sites of the plan somebody measured: its number is set beside no part of them."""
        if self.planned is None or self.planned is self.largest:
            return ""
        n = len({*self.measured.sites, *self.measured.bare})
        return (
            f"The {_number(self.planned.claim)} are claimed of all sites together, of which {n} of "
            f"{len(self.announced)} {'was' if n == 1 else 'were'} measured."
        )

    def _against(self) -> str:
        """Return the sharpest contradiction, and how many there are."""
        if self.sharpest is None:
            return "No two statements on these sites were found to contradict each other."
        hard, soft = len(self.contradictions), len(self.tensions)
        first, second = (self.sides[side[0]] for side in (self.sharpest.first, self.sharpest.second or ("",)))
        against = f"{first} stands against {second}" if second else first
        says = self.sharpest.to_row()["says"].rstrip(".")
        unstated = "only under an assumption that no text states"
        if hard:
            cases = f"{counted(hard, 'certain contradiction')} and {counted(soft, 'case')} that hold {unstated}"
            return f"No. {against}. {says}. There {'is' if hard == 1 else 'are'} {cases}."
        of_this_kind = "It is the one such pair on file" if soft == 1 else f"It is one of {soft} such pairs on file"
        return f"{_capital(unstated)}. {against}. {says}. {of_this_kind}."


def who_said(claim: Claim) -> str:
    """Return claimant, day and id of a claim."""
    return f"{claim.claimant}, {day_words(claim.date)}, {claim.claim_id}"


def _number(claim: Claim) -> str:
    """Return the number of a claim with its digits, without bound and unit."""
    return f"{claim.claimed / CLAIM_KINDS[claim.quantity_kind].factor:,.0f}"


def _interval(room: HallRoom) -> str:
    low, best, high = map(show, room.interval or (0.0, 0.0, 0.0))
    return f"{best} ({low} to {high}, 90%)"


def _chips(room: HallRoom) -> str:
    return f"{room.chip} chips" if room.chip else "chips of any kind"


def _lies(claim: Claim, room: HallRoom) -> str:
    """Return how a claimed number lies to a range of room."""
    low, _, high = room.interval or (0.0, 0.0, 0.0)
    where = "above it" if claim.claimed > high else "below it" if claim.claimed < low else "inside that range"
    return f"{_number(claim)} lies {where}"


def _within(claim: Claim, room: HallRoom) -> bool:
    """Return whether a claimed number is no more than there is room for."""
    return room.interval is not None and claim.claimed <= room.interval[2]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
