"""Evidence as it enters the model: which claims and observations bear on a question.

The number under test is not part of a Question: verdict.judge alone opens it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from osint.errors import BadInputError, NotFoundError
from osint.model.conflict import CONTRADICT
from osint.model.given import Given
from osint.model.network import Network
from osint.model.posterior import INTERVAL, Posterior, posterior, tightest
from osint.model.readings import Readings
from osint.model.stated import CHIP_COUNTS, Evidence
from osint.model.tree import ReadingWord
from osint.register import (
    CLAIM_KINDS,
    QUANTITIES,
    STATED_PRECISIONS,
    Bounding,
    Claim,
    Modality,
    Observation,
    Register,
    Role,
    Rung,
    SiteRow,
    Stage,
    chip_families,
    tidy_part,
)

T = TypeVar("T")
CONFIRMED = 0.9  # p_place from which what was seen counts as the place: one in ten wrong is the most (judgement)
ROUNDING = {Bounding.EXACT: 0.03, Bounding.ABOUT: 0.10}
"""Half width of the 90% interval of a number as printed, as a share of it (judgement)."""
UNLISTED_FAMILY = 0.05  # prior of a chip family that a claim names and the country's list gives none
PLAN_AHEAD_DAYS = 730  # after the day of a plan, in which a chip can appear that it is equipped with (judgement)
POWER = frozenset(name for name, q in QUANTITIES.items() if q.power)
"""Quantities that measure power or energy."""
CAPACITY = frozenset(name for name, q in QUANTITIES.items() if q.capacity)
"""Quantities of which a claim is tested."""
BACKUP = frozenset({"generators_mw", "generator_units"})
"""Backup sets, of which a hall can have fewer than its load, or none: where they were seen they bound from below."""
HALL = frozenset({"floor_m2", "roof_m2", "racks", "cabinets", "it_mw", "facility_mw", "power_mw"})
"""Quantities of a hall: a text by which one stands goes before a plan for more."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """A register parsed once: its sites, claims and observations as records, and the network."""

    sites: Mapping[str, SiteRow]
    """Rows of sites.csv by id."""
    all_claims: tuple[Claim, ...]
    """Every claim, in the order of the table."""
    claims: Mapping[str, tuple[Claim, ...]]
    """Claims by site, in the order of the table."""
    observations: Mapping[str, tuple[Observation, ...]]
    """Observations by site, in the order of the table."""
    network: Network
    """Relations, chips and discrete unknowns."""
    parts: Mapping[str, tuple[str, ...]]
    """Sites that are parts of a site, by its id, in the order of the table; a site without parts has none."""
    span: tuple[dt.date, dt.date] | None = None
    """Earliest day and latest first day of the dates of all claims; None where no claim is dated."""
    _kept: dict[str, dict[Any, Any]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def as_of(self) -> str:
        """Newest day that a document or a look is of, in ISO; of a month or a year its first. Empty without any."""
        looks = [row.date.first for of_site in self.observations.values() for row in of_site]
        days = [*looks, *([self.span[1]] if self.span else [])]
        return max(days).isoformat() if days else ""

    def once(self, site_id: str, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, worked out once for a key of a site; only the last site asked is kept."""
        if site_id not in self._kept:
            self._kept.clear()
            self._kept[site_id] = {}
        of_site = self._kept[site_id]
        if key not in of_site:
            of_site[key] = make()
        kept: T = of_site[key]
        return kept

    @classmethod
    def of(cls, source: Register | Dossier) -> Dossier:
        """Parse a register as it is now; a dossier is returned as it is."""
        if isinstance(source, Dossier):
            return source
        sites = {row["site_id"]: SiteRow.from_row(row) for row in source.sites.to_dict("records")}
        all_claims = tuple(Claim.from_row(row) for row in source.claims.to_dict("records"))
        seen = [Observation.from_row(row).measured() for row in source.observations.to_dict("records")]
        claims: dict[str, list[Claim]] = {site: [] for site in sites}
        observations: dict[str, list[Observation]] = {site: [] for site in sites}
        parts: defaultdict[str, list[str]] = defaultdict(list)
        for claim in all_claims:
            claims[claim.site_id].append(claim)
        for row in seen:
            observations[row.site_id].append(row)
        for site in sites.values():
            if site.parent:
                parts[site.parent].append(site.site_id)
        return cls(
            sites,
            all_claims,
            {site: tuple(of_site) for site, of_site in claims.items()},
            {site: tuple(of_site) for site, of_site in observations.items()},
            Network.of(source),
            {site: tuple(children) for site, children in parts.items()},
            _span(all_claims),
        )

    def site(self, site_id: str) -> SiteRow:
        """Return a site; raises NotFoundError for an unknown id."""
        if site_id not in self.sites:
            close = [s for s in self.sites if s[:2] == site_id[:2].upper()] or list(self.sites)
            raise NotFoundError(f"there is no site {site_id!r} in sites.csv; ids that begin alike: {', '.join(close)}")
        return self.sites[site_id]

    def descendants(self, site_id: str) -> list[str]:
        """Return the sites that are parts of a site, and their parts, in the order of the table."""
        out: list[str] = []
        for child in self.parts.get(site_id, ()):
            out += [child, *self.descendants(child)]
        return out

    def ancestors(self, site_id: str) -> list[str]:
        """Return the sites of which a site is a part, the nearest first."""
        out: list[str] = []
        above = self.sites[site_id].parent
        while above in self.sites and above not in out:
            out.append(above)
            above = self.sites[above].parent
        return out

    def evidence(self, site_id: str, of: str = "") -> dict[str, Evidence]:
        """Return the claims of a site that are evidence, by the part that they speak of, kept with the site `of`."""
        return self.once(of or site_id, ("evidence", site_id), lambda: _evidence(self.claims[site_id]))

    def aggregate(self, site_id: str) -> bool:
        """Return whether the row is a total over several sites."""
        return self.site(site_id).role == Role.AGGREGATE


def _evidence(claims: Sequence[Claim]) -> dict[str, Evidence]:
    of_part: defaultdict[str, list[tuple[Claim, Given]]] = defaultdict(list)
    for claim in claims:
        if (given := given_of(claim)) is not None:
            of_part[tidy_part(claim.part)].append((claim, given))
    return {part: Evidence.of(rows) for part, rows in of_part.items()}


def _span(claims: Sequence[Claim]) -> tuple[dt.date, dt.date] | None:
    dates = [claim.date for claim in claims if claim.date]
    return (min(d.known[0] for d in dates), max(d.first for d in dates)) if dates else None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a claim, without its value: the number under test is held out."""

    site_id: str
    quantity: str
    """Quantity of the model; empty if the claim has none."""
    group: str
    """Independence group of the claim."""
    stage: Stage
    day: int
    """Ordinal of the latest day that the claim speaks of; 0 if it is undated."""
    part: str
    """Phase, building or lot that the claim covers; empty for the whole site."""
    due: bool
    """Whether the claim names that day as a date by which it holds."""
    families: tuple[str, ...]
    """Chip families that the claim names."""
    country: str
    aggregate: bool
    """Whether the site is a total over several."""
    precision: str = ""
    """Option of the reading `precision` that the claim states; empty if it states none."""
    use: str = ""
    """Option of the reading `use of the hall` that is known of the site; empty if it is not."""
    elevation_m: float | None = None
    """Height of the site; None if it is not known."""
    runs: bool = False
    """Whether chips or servers are asked that run, so that a load is theirs; of any other a load shows what is used."""
    can_carry: bool = False
    """Whether it is asked what a hall can carry, of which a count of what is in it is no bound from above."""
    server: str = ""
    """Option of the reading `kind of server` that the words of the claim name; empty if they name none."""
    boxes: bool = False
    """Whether the chips stand in containers, of which the density of a hall says nothing."""


def question(claim: Claim, source: Register | Dossier) -> Question:
    """Return the question that a claim puts, stripped of its value."""
    site = Dossier.of(source).site(claim.site_id)
    return Question(
        site_id=claim.site_id,
        quantity=claim.quantity,
        group=claim.independence_group,
        stage=claim.stage,
        day=claim.day,
        part=claim.part if tidy_part(claim.part) else "",
        due=claim.value_date is not None,
        families=chip_families(claim.chip_model),
        country=site.country,
        aggregate=site.role == Role.AGGREGATE,
        precision=claim.precision if claim.precision in STATED_PRECISIONS else "",
        use=site.hall_use,
        elevation_m=site.elevation_m,
        runs=claim.rung == Rung.RUNNING and claim.quantity in CHIP_COUNTS,
        can_carry=claim.modality == Modality.CAN_CARRY,
        server=_server_named(claim, site),
        boxes=names_boxes(f"{claim.quote} {claim.translation}"),
    )


_SERVER_OF = r"[^，。,;；.]{0,8}(?:服务器|servers?\b)"
_AI_SERVER = re.compile(
    rf"(?:AI|GPU|NPU|智算|智能计算|加速|训练|八卡|8\s*卡|accelerat\w+|8-card){_SERVER_OF}", re.IGNORECASE
)
_ORDINARY_SERVER = re.compile(
    rf"(?:普通|通用|云计算|云|存储|x86|CPU|ordinary|general[- ]purpose|storage|cloud){_SERVER_OF}", re.IGNORECASE
)
"""Words before 'servers' that say of which kind they are; the name of a place says nothing of it."""


_BOXES = re.compile(r"集装箱|方舱|预制舱|containeri[sz]ed data|\b(?:shipping )?containers?\b", re.IGNORECASE)


def names_boxes(words: str) -> bool:
    """Return whether words name containers.

    >>> names_boxes("四个集装箱"), names_boxes("four containers of 30 m2 each"), names_boxes("a hall")
    (True, True, False)
    """
    return bool(_BOXES.search(words))


def _server_named(claim: Claim, site: SiteRow) -> str:
    """Return the kind of server that a claim counts, by its words or by what its hall is for alone; else empty."""
    words = f"{claim.quote} {claim.translation} {claim.scope}"
    ai, ordinary = (bool(kind.search(words)) for kind in (_AI_SERVER, _ORDINARY_SERVER))
    if claim.chip_model or (ai and not ordinary) or (site.hall_use == ReadingWord.AI_ALONE and not ordinary):
        return ReadingWord.AI_SERVER
    return ReadingWord.ORDINARY if ordinary and not ai else ""


def given_of(claim: Claim) -> Given | None:
    """Return a claim as evidence: its rounding as a 90% interval, or a bound on one side; None if it is none."""
    low, high = claim.value_low or None, claim.value_high or None
    if not claim.quantity or not claim.evidence_use or not (low or high) or claim.readings:
        return None
    factor = CLAIM_KINDS[claim.quantity_kind].factor
    half = ROUNDING.get(claim.bound or Bounding.EXACT, ROUNDING[Bounding.EXACT])
    bottom, top = low and low * factor, high and high * factor
    if claim.bound == Bounding.AT_LEAST or top is None:
        top = None
    elif claim.bound == Bounding.AT_MOST or bottom is None:
        bottom = None
    stated = bottom if bottom == top else None
    if stated is not None:
        bottom, top = stated / (1 + half), stated * (1 + half)
    if bottom is None and top is None:
        return None
    label = f"{claim.claim_id}, {claim.claimant}"
    return Given(claim.quantity, bottom, top, label, (claim.claim_id,), best=stated)


def gather(q: Question, source: Register | Dossier) -> list[Given]:
    """Return what the other documents on the site state: claims of other quantities. What was seen is not among them.

    One claim for each quantity: of the same stage if there is one, from another group before the same one, then
    the nearest in time, then the most official. Copies of one story share a group and so count once. Of the
    claim's own group only what is measured in another way (floor, land, power, racks, money) is used. Figures by which
    two groups were taken for one project (`identified_by` of the site) agree by that choice and do not test each other.
    """
    dossier = Dossier.of(source)
    joined = dossier.site(q.site_id).identified_by.split("|")
    groups = {c.independence_group for c in dossier.claims[q.site_id] if c.claim_id in joined} if any(joined) else set()
    joined = joined if q.group in groups else []
    on_part, cn = dossier.evidence(q.site_id).get(tidy_part(q.part)), q.country == "CN"
    claimed = on_part.nearest(q.quantity, q.group, q.stage, q.day, cn=cn, joined=joined) if on_part else []
    # compute and money are only a part of what racks and power serve: they bound those from below
    served = frozenset[str]() if q.quantity in CHIP_COUNTS else CHIP_COUNTS | {"cost_cny"}
    givens = [
        replace(g, low=g.best or g.low, high=None, best=None) if g.quantity in served else g
        for g in claimed
        if g.low or g.quantity not in served
    ]
    if any(g.quantity != "land_m2" and not g.bound for g in givens):
        givens = [g for g in givens if g.quantity != "land_m2"]  # land bounds nothing where more is known
    return givens


def most_of_whole(q: Question, source: Register | Dossier) -> list[Given]:
    """Return what documents state of the hall of what holds the site or part that is asked, each as a bound from above.

    They are of the day that is asked, or later: a whole that grew since its figure was written bounds no part.
    """
    dossier, out = Dossier.of(source), list[Given]()
    for site in [*([q.site_id] if q.part else []), *dossier.ancestors(q.site_id)]:
        whole = dossier.evidence(site, of=q.site_id).get("")
        held = whole.nearest("", "", q.stage, q.day, cn=q.country == "CN", joined=(), later=True) if whole else []
        out += [replace(g, low=None, best=None) for g in held if g.quantity in HALL and not g.bound]
    return out


def within_whole(
    target: str, givens: Sequence[Given], most: Sequence[Given], readings: Callable[[Sequence[Given]], Readings]
) -> tuple[Posterior, list[Given]]:
    """Return what givens allow, not more than the most of what holds them, and the givens that it rests on.

    The most counts where the givens alone reach above it without contradicting it. Raises as `posterior`.
    """

    def solved(known: Sequence[Given]) -> tuple[Posterior, list[Given]]:
        kept = readings(known)
        used = tightest(known, kept)
        return posterior(target, used, kept)[0], used

    alone = solved(givens)
    if not most:
        return alone
    try:
        top = solved(most)[0].interval[2]
        if CONTRADICT <= alone[0].at_most(top) < INTERVAL[-1]:
            return solved([*givens, *most])
    except BadInputError:  # no relation joins the two
        pass
    return alone


def readings_for(
    q: Question, givens: Sequence[Given], source: Register | Dossier, fixed: Mapping[str, str] | None = None
) -> Readings:
    """Return the readings of a question: the claim's own chip families as worded, else the prior of the country.

    Families that did not exist on the day of the claim are left out; a plan may wait for the next ones. `fixed` sets
    further discrete unknowns by hand, as {"use of the hall": "AI alone"}.
    """
    network = Dossier.of(source).network
    server = ReadingWord.AI_SERVER if q.families else q.server
    held = {ReadingWord.PRECISION: q.precision, ReadingWord.USE: q.use, ReadingWord.SERVER: server, **(fixed or {})}
    return network.readings(
        {q.quantity} | {g.quantity for g in givens},
        country=q.country,
        family_prior=family_prior(q, network),
        fixed={name: option for name, option in held.items() if option},
        elevation_m=q.elevation_m,
    )


def family_prior(q: Question, network: Network) -> Mapping[str, float]:
    """Return the chip families of a question with their prior: the claim's own as worded, else those of the country."""
    key = ("family prior", q.families, q.country, q.day, q.stage)
    return network.once(key, lambda: _family_prior(q, network))


def _family_prior(q: Question, network: Network) -> Mapping[str, float]:
    known = network.families(q.country, **_days(q))
    if not q.families:
        return known
    weights = {f: known.get(f, 0.0) or UNLISTED_FAMILY for f in q.families}
    return {f: w / sum(weights.values()) for f, w in weights.items()}


def _days(q: Question) -> dict[str, str]:
    """Return the day of a question as arguments of `Network.families`."""
    return {"date": dt.date.fromordinal(q.day).isoformat(), "until": chips_until(q)} if q.day else {}


def chips_until(q: Question) -> str:
    """Return the day up to which chips can have come to the market for a question; empty where it has no day."""
    ahead = PLAN_AHEAD_DAYS if q.stage == Stage.PLAN else 0
    return dt.date.fromordinal(min(q.day + ahead, dt.date.max.toordinal())).isoformat() if q.day else ""
