"""The readings of one question: every choice of what is open, with its prior and the tree that follows from it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import overload

import numpy as np
import numpy.typing as npt

from osint.errors import BadInputError
from osint.model.factors import PER, Factor
from osint.model.tree import Edge, Floats, ReadingWord, Tree, Way

KEPT_DESIGNS = 256  # means and loadings that are kept, of the quantities and heights asked for last


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """One choice of every discrete unknown, its prior, and the tree that follows from it."""

    choice: dict[str, str]
    prior: float
    edges: Mapping[str, Edge] = field(repr=False)
    points: Mapping[str, float] = field(default_factory=dict, repr=False)
    """Value that this reading gives to each bounded or counted factor."""
    _ways: dict[str, Way] = field(default_factory=dict, init=False, repr=False)

    def path(self, quantity: str) -> list[tuple[str, Edge]]:
        """Return the edges from it_mw down to the quantity."""
        if quantity not in self._ways:
            self._ways[quantity] = Way(self.edges, quantity)
        return self._ways[quantity].steps

    def value(self, f: Factor) -> float:
        """Return the value that a factor is taken at."""
        return self.points.get(f.name, f.best)

    def mean(self, quantity: str) -> float:
        """Return the log of the quantity per MW IT, at the medians of the factors."""
        steps = self.path(quantity)
        return float(sum(e.shift + sum(s * math.log(self.value(f)) for s, f in e.factors) for _, e in steps))

    def loading(self, quantity: str) -> dict[str, float]:
        """Return the standard deviation that each named factor adds, with its sign."""
        return {self.factor_name(slot): sd for slot, sd in Way(self.edges, quantity).loading(1.0).items()}

    def factor_name(self, slot: str) -> str:
        """Return the name of a factor: a slot 'per chip' stands for the family of this reading."""
        head, per, _ = slot.partition(PER)
        return f"{head}{PER}{self.choice[ReadingWord.CHIP_FAMILY]}" if per else slot


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """Every combination of the options of some bounded and counted factors (E of them)."""

    factors: tuple[Factor, ...]
    """The factors, each with the options that are open."""
    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    """Options by combination (E, names)."""
    logs: Floats
    """Logs of their values (E, names)."""
    priors: Floats
    """(E,); they sum to one."""
    _rows: dict[Way, Floats] = field(default_factory=dict, init=False, repr=False)

    def row(self, way: Way) -> Floats:
        """Return the log of the quantity at the end of a way per MW IT at sea level, by combination (E,)."""
        found = self._rows.get(way)
        if found is None:
            found = self._rows[way] = way.row(self.names, self.logs)
        return found

    @classmethod
    def of(cls, factors: Mapping[str, Factor], fixed: Mapping[str, str]) -> Grid:
        """Return the combinations of some factors, those that are fixed at one option alone."""
        kept = []
        for name, factor in factors.items():
            options = factor.options
            if name in fixed:
                options = tuple(replace(o, prior=1.0) for o in options if o.label == fixed[name])
                if not options:
                    offered = ", ".join(o.label for o in factor.options)
                    raise BadInputError(f"{name} cannot be {fixed[name]!r}; use one of {offered}")
            kept.append(replace(factor, options=options))
        rows = list(itertools.product(*(factor.options for factor in kept)))
        logs = np.log([[o.value for o in row] for row in rows]).reshape(len(rows), len(kept))
        priors = np.array([math.prod(o.prior for o in row) for row in rows])
        return cls(tuple(kept), tuple(factors), tuple(tuple(o.label for o in row) for row in rows), logs, priors)


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Readings with one tree: every combination of the options of its bounded and counted factors."""

    choice: dict[str, str]
    prior: float
    """Within its chip family, in any unit."""
    trees: tuple[Tree, ...]
    """The first that leads to a quantity holds."""
    grid: Grid
    _ways: dict[str, Way] = field(default_factory=dict, init=False, repr=False)

    def way(self, quantity: str) -> Way:
        """Return the way from it_mw to a quantity; raises KeyError where there is none."""
        found = self._ways.get(quantity)
        if found is None:
            found = self._ways[quantity] = way_in(self.trees, quantity)
        return found


def way_in(trees: Sequence[Tree], quantity: str) -> Way:
    """Return the way from it_mw to a quantity in the first tree that has it; raises KeyError where none has."""
    return next((tree for tree in trees if quantity in tree.edges), trees[-1]).way(quantity)


class Layout:
    """What the readings of one question have in common, whatever the priors of the families and the height."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.blocks = tuple(blocks)
        self.families = tuple(b.choice.get(ReadingWord.CHIP_FAMILY, "") for b in self.blocks)
        """Chip family of each block; empty where none takes part."""
        sizes = [len(b.grid.priors) for b in self.blocks]
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.of = np.repeat(np.arange(len(sizes)), sizes)
        """Block of each reading (R,)."""
        self._rows: dict[str, tuple[Floats, tuple[Way, ...], npt.NDArray[np.intp]]] = {}

    @cached_property
    def within(self) -> Floats:
        """Prior of each block within its chip family (B,)."""
        priors = [b.prior for b in self.blocks]
        own = dict.fromkeys(self.families, 0.0)
        for family, prior in zip(self.families, priors, strict=True):
            own[family] += prior
        return np.asarray(np.array(priors) / np.array([own[family] for family in self.families]))

    @cached_property
    def grid_priors(self) -> Floats:
        """Prior of each reading within its block (R,)."""
        return np.concatenate([b.grid.priors for b in self.blocks])

    def _row(self, quantity: str) -> tuple[Floats, tuple[Way, ...], npt.NDArray[np.intp]]:
        """Return means (R,) at sea level, the ways that differ, and which of them each block takes (B,)."""
        if quantity not in self._rows:
            ways = [b.way(quantity) for b in self.blocks]
            mean = np.concatenate([b.grid.row(way) for way, b in zip(ways, self.blocks, strict=True)])
            place = {way: n for n, way in enumerate(dict.fromkeys(ways))}
            self._rows[quantity] = mean, tuple(place), np.array([place[way] for way in ways])
        return self._rows[quantity]

    def design(self, quantities: Sequence[str], up: float) -> tuple[Floats, Floats, tuple[str, ...]]:
        """Return means by reading (R, n) and loadings by block (B, n, factors) of the logs per MW IT, and the slots."""
        names = tuple(sorted(set(quantities)))
        mean, load, slots = _design(self, names, up)
        columns = [names.index(quantity) for quantity in quantities]
        return mean[:, columns], load[:, columns], slots

    def worked_out(self, quantities: Sequence[str], up: float) -> tuple[Floats, Floats, tuple[str, ...]]:
        """Return `design`, worked out anew."""
        rows = [self._row(quantity) for quantity in quantities]
        loads = [[way.loading(up) for way in ways] for _, ways, _ in rows]
        slots = tuple(sorted({slot for of_ways in loads for load in of_ways for slot in load}))
        column = {slot: n for n, slot in enumerate(slots)}
        mean, load = np.empty((len(self.of), len(rows))), np.empty((len(self.blocks), len(rows), len(slots)))
        for n, ((at_sea_level, ways, taken), of_ways) in enumerate(zip(rows, loads, strict=True)):
            mean[:, n] = at_sea_level
            if up:
                mean[:, n] += up * np.array([way.lost for way in ways])[taken][self.of]
            table = np.zeros((len(ways), len(slots)))
            for line, of_way in zip(table, of_ways, strict=True):
                for slot, sd in of_way.items():
                    line[column[slot]] = sd
            load[:, n] = table[taken]
        return mean, load, slots


@lru_cache(maxsize=KEPT_DESIGNS)
def _design(layout: Layout, quantities: tuple[str, ...], up: float) -> tuple[Floats, Floats, tuple[str, ...]]:
    return layout.worked_out(quantities, up)


class Readings(Sequence[Reading]):
    """Readings of one question, made one by one when they are looked at, with what is computed from them once."""

    def __init__(self, layout: Layout, family_prior: Mapping[str, float], up: float) -> None:
        """Weigh the blocks of a layout: a family keeps its share where one of its readings has no path.

        `up` is the height, in times the one that the loss of dry condensers is for.
        """
        self.layout, self.up = layout, up
        shares = {family: family_prior.get(family, 1.0) for family in layout.families}
        priors = layout.within * np.array([shares[family] for family in layout.families]) / sum(shares.values())
        self.priors = (priors / sum(priors.tolist()))[layout.of] * layout.grid_priors
        """(R,); they sum to one."""
        self._made: dict[int, Reading] = {}

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> Readings:
        """Return a sequence of readings as one set."""
        if isinstance(readings, cls):
            return readings
        blocks = []
        for r in readings:
            labels = tuple(r.choice.get(name, "") for name in r.points)
            logs = np.log([[*r.points.values()]]).reshape(1, -1)
            blocks.append(
                Block(r.choice, r.prior, (Tree(r.edges),), Grid((), tuple(r.points), (labels,), logs, np.ones(1)))
            )
        layout, families = Layout(blocks), dict[str, float]()
        for family, b in zip(layout.families, blocks, strict=True):
            families[family] = families.get(family, 0.0) + b.prior
        return cls(layout, families, 1.0)

    def __len__(self) -> int:
        return len(self.layout.of)

    @overload
    def __getitem__(self, i: int) -> Reading: ...
    @overload
    def __getitem__(self, i: slice) -> list[Reading]: ...
    def __getitem__(self, i: int | slice) -> Reading | list[Reading]:
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        i = int(i) % len(self)
        if i not in self._made:
            self._made[i] = self._reading(i)
        return self._made[i]

    def _reading(self, i: int) -> Reading:
        of = int(self.layout.of[i])
        block, grid, e = self.layout.blocks[of], self.layout.blocks[of].grid, i - int(self.layout.starts[of])
        choice = {**block.choice, **dict(zip(grid.names, grid.labels[e], strict=True))}
        points = dict(zip(grid.names, np.exp(grid.logs[e]).tolist(), strict=True))
        edges = dict(itertools.chain.from_iterable(tree.at_height(self.up).items() for tree in block.trees[::-1]))
        return Reading(choice, float(self.priors[i]), edges, points)

    def __iter__(self) -> Iterator[Reading]:
        return (self._reading(i) for i in range(len(self)))

    @cached_property
    def log_priors(self) -> Floats:
        """Log of the prior of each reading."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.priors))

    @cached_property
    def unknowns(self) -> tuple[str, ...]:
        """Names of the discrete unknowns of any reading."""
        return tuple(dict.fromkeys(name for b in self.layout.blocks for name in (*b.choice, *b.grid.names)))

    def numbers(self, name: str) -> bool:
        """Return whether the options of a discrete unknown are values of a factor."""
        return any(name in b.grid.names for b in self.layout.blocks)

    def labels(self, name: str) -> npt.NDArray[np.str_]:
        """Return the option of a discrete unknown by reading (R,); empty where a reading does not have it."""
        out: list[str] = []
        for b in self.layout.blocks:
            at = b.grid.names.index(name) if name in b.grid.names else -1
            out += [r[at] for r in b.grid.labels] if at >= 0 else [b.choice.get(name, "")] * len(b.grid.labels)
        return np.array(out)

    def design(self, quantities: Sequence[str]) -> tuple[Floats, Floats, tuple[str, ...]]:
        """Return means by reading (R, n) and loadings by block (B, n, factors) of the logs per MW IT, and the slots."""
        return self.layout.design(quantities, self.up)
