"""The network of relations between quantities: a tree in log space, one for each discrete reading.

Every quantity is it_mw (nameplate) times a chain of uncertain factors, so that its logarithm is
t + m + L e, with t the unknown log of it_mw, m the sum of the logs of the medians, and e independent standard
normals, one for each relation. The low and high of a relation are its 5% and 95% and their geometric middle its
median: the range that is printed is the range that is used. What is bounded (a share, a fill, a PUE) or counted
(storeys) is not continuous but a discrete unknown of a few values, so that it never leaves its bounds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from osint.errors import BadInputError
from osint.model.factors import Factor, Factors, factors_of, log_normal
from osint.model.readings import Block, Grid, Layout, Readings, way_in
from osint.model.tree import ReadingWord, Tree, chip_edges, plain_edges
from osint.register import QUANTITIES, Chip, ReadingRow, Register, Relation, chip_families, near_chips, read_date

T = TypeVar("T")
BY_CHIP = frozenset(name for name, q in QUANTITIES.items() if q.by_chip)
"""Quantities that depend on the family of the chip."""
ALTITUDE_M = 2550.0  # height for which altitude_derate holds
AFTER_THE_LAW = 0.25  # share of its prior that a family keeps once the law has closed deliveries (judgement)
MOST_READINGS = 1500  # readings of one question from which bounded factors are taken as log-normal, narrowest first
HEIGHT_STEP_M = 50.0  # to which the height of a site is rounded, so that sites share their readings
HELD = 1.0001  # range up and down of a relation that is held at a value
KEPT_READINGS = 2048  # sets of readings that a network keeps
_OF_THE_CHIP = frozenset({ReadingWord.CHIP_FAMILY, ReadingWord.PRECISION, ReadingWord.SERVER})
LOADS = frozenset({"average_mw", "energy_gwh_per_yr", "demand_mw"})
"""Quantities that are a load: of what is in use."""
_OF_CHIPS = frozenset({"chips", "pflops"})
"""Quantities beside which a server is one of these chips."""
_BRINGS_IN = {
    "floor_m2": frozenset({"floor_m2", "roof_m2"}),
    "cooling_mw": frozenset({"cooling_mw", "cooling_area_m2", "cooling_units"}),
    "racks": frozenset({"racks", "cabinets"}),
    "average_mw": LOADS,
}
"""Quantity under `applies_to` -> quantities that bring the unknown in, where it is not that one alone."""
_COOLED = frozenset(name for name, q in QUANTITIES.items() if q.group == ReadingWord.PLANT)
COUNTED_AS_THEY_ARE = frozenset({ReadingWord.USE, ReadingWord.STOREYS})
"""Factors that stay discrete however many readings there are."""


def unit_of(quantity: str) -> str:
    """Return unit and kind of a quantity of the model, as 'MW IT, nameplate'; empty for an unknown one."""
    return QUANTITIES[quantity].unit if quantity in QUANTITIES else ""


def height_used(wanted: set[str], elevation_m: float | None) -> float:
    """Return the height of a site as it is used: thin air takes from condensers alone, 0.4% of their heat in 50 m."""
    return HEIGHT_STEP_M * round((elevation_m or 0.0) / HEIGHT_STEP_M) if wanted & _COOLED else 0.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """A discrete unknown of readings.csv: its options with their priors, and the quantity that brings it in."""

    name: str
    applies_to: str
    priors: dict[str, float]


@dataclass(frozen=True, slots=True)
class Network:
    """Relations, chips and discrete unknowns, parsed once; what is computed from them is kept beside them."""

    factors_cn: Mapping[str, Factor]
    factors_elsewhere: Mapping[str, Factor]
    chips: Mapping[str, Chip]
    unknowns_cn: tuple[Unknown, ...]
    unknowns_elsewhere: tuple[Unknown, ...]
    _kept: dict[Any, Readings] = field(default_factory=dict, init=False, repr=False, compare=False)
    _once: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, register: Register) -> Network:
        """Parse the tables relations, chips and readings of a register as they are now.

        Raises BadInputError where relations.csv has no row for a relation of the tree.
        """
        relations = [Relation.from_row(r) for r in register.relations.to_dict("records")]
        chips = [Chip.from_row(r) for r in register.chips.to_dict("records")]
        rows = [ReadingRow.from_row(r) for r in register.readings.to_dict("records")]
        cn, elsewhere = (factors_of(relations, rows, country) for country in ("CN", "other"))
        for factors, country in ((cn, "CN"), (elsewhere, "other")):
            plain_edges({}, factors, country == "CN")  # a table without a relation is refused here
            factors["chips_per_server"]
        return cls(cn, elsewhere, {c.chip: c for c in chips}, _unknowns(rows, "CN"), _unknowns(rows, "other"))

    def held(self, values: Mapping[str, float]) -> Network:
        """Return the network with relations held at values in their units, as if each were known exactly.

        Raises BadInputError for a name that is no relation of the tree.
        """
        if unknown := sorted(set(values) - set(self.factors_cn) - set(self.factors_elsewhere)):
            raise BadInputError(f"{', '.join(unknown)} is no relation of relations.csv that the network uses")

        def fixed(factors: Mapping[str, Factor]) -> dict[str, Factor]:
            known = {name: (factors[name], value) for name, value in values.items() if name in factors}
            exact = {
                name: log_normal(name, value / HELD, value, value * HELD, f.unit, f.source)
                for name, (f, value) in known.items()
            }
            return {**factors, **exact}

        return replace(self, factors_cn=fixed(self.factors_cn), factors_elsewhere=fixed(self.factors_elsewhere))

    def families(self, country: str | None, date: str | None = None, until: str | None = None) -> Mapping[str, float]:
        """Return the chip families that existed at a date (a plan: `until` then), with their prior in a country.

        In China a family keeps AFTER_THE_LAW of its prior once deliveries to China have been closed by law.
        """
        key = (country == "CN", date, until)
        return self.once(("families", *key), lambda: self._priors(*key))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, worked out once for a key; for what is small and the same for many sites."""
        if key not in self._once:
            self._once[key] = make()
        kept: T = self._once[key]
        return kept

    def _priors(self, cn: bool, date: str | None, until: str | None) -> dict[str, float]:
        day = read_date(date) if date else None
        last = read_date(until).last if until else day.last if day else None
        weights = {}
        for name, c in self.chips.items():
            prior = c.prior_cn if cn else c.prior_other
            if last and c.available_from and c.available_from.first > last:
                continue
            closed = cn and day and c.available_until and c.available_until.last < day.first
            if prior > 0:
                weights[name] = prior * (AFTER_THE_LAW if closed else 1.0)
        total = sum(weights.values())
        return {name: weight / total for name, weight in weights.items()}

    def chip_named(self, text: str) -> str:
        """Return the chip family that a person names, in any spelling, in English or Chinese, with or without maker.

        Raises BadInputError where the name stands for several, and with near names where it is not in chips.csv.
        """
        known = {name.casefold(): name for name in self.chips}
        if text.strip().casefold() in known:
            return known[text.strip().casefold()]
        families = [family for family in chip_families(text) if family in self.chips]
        if len(families) > 1:
            raise BadInputError(f"the chip {text!r} stands for {', '.join(families)}; name one of them")
        if families:
            return families[0]
        near = [name for name in near_chips(text) if name in self.chips]
        offered = f"spelt nearly so: {', '.join(near)}" if near else f"use one of {', '.join(self.chips)}"
        raise BadInputError(f"the chip {text!r} is not in chips.csv; {offered}")

    def readings(
        self,
        wanted: set[str],
        *,
        country: str | None = None,
        chip: str | None = None,
        date: str | None = None,
        form: str = "",
        fixed: Mapping[str, str] | None = None,
        family_prior: Mapping[str, float] | None = None,
        elevation_m: float | None = None,
    ) -> Readings:
        """Return every combination of the discrete unknowns that bear on the wanted quantities.

        `fixed` sets a reading by hand, as {"precision": "dense"} or {"use of the hall": "AI alone"}. Without
        `elevation_m` dry condensers are taken as at sea level. A combination for which a quantity has no path
        (a chip with no sparse mode) is left out and the rest are weighted up. Raises BadInputError if none has one,
        for a chip that is not in chips.csv, or for an option that a fixed reading does not have.
        """
        if chip:
            family_prior = {self.chip_named(chip): 1.0}
        families: Mapping[str, float] = {}
        if wanted & BY_CHIP or ("full_load_mw" in wanted and chip):
            families = family_prior or self.families(country, date)
        up = max(height_used(wanted, elevation_m), 0.0) / ALTITUDE_M
        fixed = dict(fixed or {})
        if chip or wanted & _OF_CHIPS:
            fixed.setdefault(ReadingWord.SERVER, ReadingWord.AI_SERVER)
        cn = country == "CN"
        asked = frozenset(wanted)
        open_ = self.once(("open", asked, cn), lambda: self._open_to(asked, cn))
        fixed = {name: fixed[name] for name in sorted(open_ & fixed.keys())}
        question = (asked, cn, *families, form, *fixed.items())
        key = (question, *families.values(), up)
        if key not in self._kept:
            if len(self._kept) >= KEPT_READINGS:
                self._kept.pop(next(iter(self._kept)))
            layout = self.once(("layout", *question), lambda: self._layout(wanted, cn, tuple(families), form, fixed))
            if not layout.blocks:
                joined, place = ", ".join(sorted(wanted)), country or "any country"
                raise BadInputError(
                    f"no chain of relations joins {joined} for {chip or 'any chip'} in {place}; "
                    "see relations.csv and chips.csv for what is known"
                )
            self._kept[key] = Readings(layout, families, up)
        return self._kept[key]

    def _open_to(self, wanted: frozenset[str], cn: bool) -> frozenset[str]:
        """Return the names of what can be open in a question: what is fixed of anything else does not bear on it."""
        named = [u.name for u in self._unknowns_of(wanted, cn)]
        factors = self.factors_cn if cn else self.factors_elsewhere
        return frozenset((*named, ReadingWord.CHIP_FAMILY, *(name for name, f in factors.items() if f.options)))

    def _unknowns_of(self, wanted: Set[str], cn: bool) -> list[Unknown]:
        """Return the unknowns that choose a tree for some of the wanted quantities."""
        return [
            unknown
            for unknown in (self.unknowns_cn if cn else self.unknowns_elsewhere)
            if wanted & _BRINGS_IN.get(unknown.applies_to, frozenset({unknown.applies_to}))
        ]

    def _layout(
        self, wanted: set[str], cn: bool, families: Sequence[str], form: str, fixed: Mapping[str, str]
    ) -> Layout:
        """Return the readings of a question; where they are too many, bounded factors are smoothed, narrowest first."""
        options = self._options(wanted, cn, families, fixed)
        trees = math.prod(len(o) for o in options.values())
        smooth: frozenset[str] = frozenset()
        while True:
            first = next(self._blocks(wanted, options, cn, form, fixed, smooth), None)
            between = first.grid.factors if first else ()
            size = trees * math.prod(len(factor.options) for factor in between)
            open_to = [factor for factor in between if factor.name not in COUNTED_AS_THEY_ARE | fixed.keys()]
            if size <= MOST_READINGS or not open_to:
                return Layout(self._blocks(wanted, options, cn, form, fixed, smooth))
            smooth |= {min(open_to, key=lambda factor: factor.high / factor.low).name}

    def _options(
        self, wanted: set[str], cn: bool, families: Sequence[str], fixed: Mapping[str, str]
    ) -> dict[str, dict[str, float]]:
        """Return the options, with their priors, of the unknowns that choose a tree; families weigh alike here."""
        options: dict[str, dict[str, float]] = {}
        if families:
            options[ReadingWord.CHIP_FAMILY] = dict.fromkeys(families, 1.0)
        for unknown in self._unknowns_of(wanted, cn):
            of_cn = cn and unknown.name == ReadingWord.HALL and fixed.get(unknown.name) != ReadingWord.BOXES
            if not of_cn:
                options[unknown.name] = dict(unknown.priors)
        for name in options.keys() & fixed.keys():
            if fixed[name] not in options[name] and name != ReadingWord.CHIP_FAMILY:
                raise BadInputError(f"{name} cannot be {fixed[name]!r}; use one of {', '.join(options[name])}")
            options[name] = {fixed[name]: 1.0}
        return {name: {o: p for o, p in priors.items() if p > 0} for name, priors in options.items()}

    def _blocks(
        self,
        wanted: set[str],
        options: Mapping[str, Mapping[str, float]],
        cn: bool,
        form: str,
        fixed: Mapping[str, str],
        smooth: frozenset[str],
    ) -> Iterator[Block]:
        """Yield the trees in which every wanted quantity has a path."""
        asked = (frozenset(wanted), cn, form, smooth, *fixed.items())
        for combination in itertools.product(*(o.items() for o in options.values())):
            choice = tuple((name, option) for name, (option, _) in zip(options, combination, strict=True))
            prior = math.prod(p for _, p in combination)
            block = self.once(
                ("block", asked, choice, prior), partial(self._block, wanted, choice, prior, cn, form, fixed, smooth)
            )
            if block is not None:
                yield block

    def _block(
        self,
        wanted: set[str],
        chosen: Sequence[tuple[str, str]],
        prior: float,
        cn: bool,
        form: str,
        fixed: Mapping[str, str],
        smooth: frozenset[str],
    ) -> Block | None:
        """Return the readings with one tree; None where a wanted quantity has no path in it."""
        choice = dict(chosen)
        f = self.once(("factors", cn, smooth), lambda: self._smoothed(cn, smooth))
        trees = self._trees(choice, f, cn, form, smooth)
        if not all(q == "it_mw" or any(q in tree.edges for tree in trees) for q in wanted):
            return None
        return Block(choice, prior, trees, self._grid(wanted, trees, fixed, (cn, smooth)))

    def _smoothed(self, cn: bool, smooth: frozenset[str]) -> Factors:
        """Return the factors of a country, some bounded ones as log-normal."""
        f = self.factors_cn if cn else self.factors_elsewhere
        ends = {name: (f[name].low, f[name].best, f[name].high, f[name].unit, f[name].source) for name in smooth}
        return Factors({**f, **{name: log_normal(name, *of) for name, of in ends.items()}})

    def _trees(
        self, choice: Mapping[str, str], f: Mapping[str, Factor], cn: bool, form: str, smooth: frozenset[str]
    ) -> tuple[Tree, ...]:
        """Return the tree of the chip, where the family is open, and that of the site."""
        plain = tuple((name, option) for name, option in choice.items() if name not in _OF_THE_CHIP)
        trees = (self.once(("plain", cn, smooth, plain), lambda: Tree(plain_edges(choice, f, cn))),)
        if ReadingWord.CHIP_FAMILY not in choice:
            return trees
        chip, precision = choice[ReadingWord.CHIP_FAMILY], choice.get(ReadingWord.PRECISION, "")
        ordinary = choice.get(ReadingWord.SERVER) == ReadingWord.ORDINARY
        key = ("chip", cn, smooth, form, chip, precision, ordinary)
        return (self.once(key, lambda: Tree(chip_edges(self.chips[chip], precision, f, cn, form, ordinary))), *trees)

    def _grid(self, wanted: set[str], trees: Sequence[Tree], fixed: Mapping[str, str], held: tuple[Any, ...]) -> Grid:
        """Return the options of the factors that lie between the wanted quantities in one tree.

        A factor on the way to all of them alike changes none against another and is left at its middle.
        """
        ways = [way_in(trees, q).bounded for q in sorted(wanted)]
        common = set.intersection(*(set(way) for way in ways))
        between = {name: factor for way in ways for name, factor in way.items() if name not in common}
        return self.once(("grid", held, *between, *fixed.items()), lambda: Grid.of(between, fixed))


def _unknowns(rows: list[ReadingRow], country: str) -> tuple[Unknown, ...]:
    """Return the unknowns that choose a relation, in a country (CN, or other)."""
    held = [row for row in rows if not row.value and row.country in {"", country}]
    names = dict.fromkeys(row.reading for row in held)
    grouped = {name: [row for row in held if row.reading == name] for name in names}
    return tuple(
        Unknown(name, own[0].applies_to, {row.option: row.prior for row in own}) for name, own in grouped.items()
    )
