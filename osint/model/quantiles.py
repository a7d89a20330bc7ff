"""Quantiles of several mixtures at once: the same steps for all of them, each until its own are found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from osint.model.tree import Floats

if TYPE_CHECKING:
    from osint.model.mixture import Mixture

BISECTIONS = 60  # steps to a quantile or to the end of a distribution, at most
STEPS = 9  # steps to a quantile after which every second one halves the range that holds it
CLOSE = 1e-10  # range that is left for a quantile, in the log
LAST_STEP = 1e-4  # step of Newton, in the smallest sd, after which what is left is its square
LEVEL = 1e-14  # distance from the wanted normal deviate that is none: of a level stretch the lower end is taken
LEVEL_SLOPE = 1e-7  # rise of the normal deviate over one sd below which a distribution is level
CANTELLI_MARGIN = 0.01  # sd beyond the inequality, for the readings that are not counted
ROOT_2PI = math.sqrt(2 * math.pi)


def quantiles(mixtures: Sequence[Mixture], p: Floats | Sequence[float] | float) -> Floats:
    """Return the logs at the given probabilities, (mixtures, p); each is the same whatever it stands beside.

    Newton on the scale of normal deviates, on which a mixture is nearly a line, within the range that holds each
    quantile by the inequality of Cantelli.
    """
    wanted = np.clip(np.atleast_1d(np.asarray(p, dtype=float)), np.finfo(float).tiny, 1 - np.finfo(float).epsneg)
    out = np.empty((len(mixtures), len(wanted)))
    kinds: dict[object, list[int]] = {}
    for n, mixture in enumerate(mixtures):
        kinds.setdefault(mixture.kind, []).append(n)
    for places in kinds.values():
        of_kind = [mixtures[n] for n in places]
        near = None
        if of_kind[0].bounds is not None:  # as if each reading were normal with its moments: a step or two are left
            near = quantiles([mixture.unbounded for mixture in of_kind], wanted)
        out[places] = _Beside(of_kind).quantiles(wanted, near)
    return out


class _Beside:
    """Mixtures of one kind side by side: N readings in G groups."""

    def __init__(self, mixtures: Sequence[Mixture]) -> None:
        self.tails = mixtures[0].tails
        columns = [mixture.columns for mixture in mixtures]
        self.columns = tuple(np.concatenate(column) for column in zip(*columns, strict=True))
        """Of each reading its weight and what `tails` takes, (N, 1)."""
        self._grouped(np.array([len(own[0]) for own in columns]))
        weights, (means, variances) = self.columns[0][:, 0], self._moments(mixtures)
        total = np.add.reduceat(weights, self.starts)
        self.centre = np.add.reduceat(weights * means, self.starts) / total
        spread = weights * (variances + (means - self.centre[self.of]) ** 2)
        self.sd = np.sqrt(np.add.reduceat(spread, self.starts) / total)
        self.last = LAST_STEP * np.sqrt(np.minimum.reduceat(variances, self.starts))

    def _grouped(self, sizes: npt.NDArray[np.intp]) -> None:
        self.sizes, self.of = sizes, np.repeat(np.arange(len(sizes)), sizes)
        self.starts = np.cumsum(sizes) - sizes

    @staticmethod
    def _moments(mixtures: Sequence[Mixture]) -> tuple[Floats, Floats]:
        moments = [mixture.moments for mixture in mixtures]
        means, variances = zip(*moments, strict=True)
        return np.concatenate(means), np.concatenate(variances)

    def below(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the probability that the log of each group is at most x, and the density there, (G, points)."""
        weights, *rest = self.columns
        below, density = self.tails(x[self.of], *rest)
        return np.add.reduceat(weights * below, self.starts), np.add.reduceat(weights * density, self.starts)

    def _kept(self, groups: npt.NDArray[np.bool_]) -> None:
        """Leave out the groups that are done."""
        rows = groups[self.of]
        self.columns = tuple(column[rows] for column in self.columns)
        self._grouped(self.sizes[groups])

    def quantiles(self, wanted: Floats, near: Floats | None) -> Floats:
        """Return the logs at some probabilities, (G, p), found from logs that are near them, if those are known."""
        sd, last, z = self.sd[:, None], self.last[:, None], ndtri(wanted)
        low = self.centre[:, None] - sd * (np.sqrt(1 / wanted - 1) + CANTELLI_MARGIN)
        high = self.centre[:, None] + sd * (np.sqrt(1 / (1 - wanted) - 1) + CANTELLI_MARGIN)
        x = self.centre[:, None] + sd * z if near is None else near
        out, left_over = np.empty_like(low), np.arange(len(low))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for turn in range(BISECTIONS):
                below, density = self.below(x)
                deviate = ndtri(np.minimum(below, 1))
                gap, slope = deviate - z, density * np.exp(deviate * deviate / 2) * ROOT_2PI
                there = x - gap / slope
                level = (slope * sd < LEVEL_SLOPE) & (np.abs(gap) <= LEVEL)
                short = (gap < 0) & ~level
                low, high = np.where(short, x, low), np.where(short, high, x)
                newton = ~level & (there >= low) & (there <= high)
                if turn > STEPS and turn % 2 == 1:
                    newton &= np.abs(there - x) <= last
                left = np.where(newton, np.abs(there - x) - last, high - low - CLOSE)
                x = np.where(newton, there, (low + high) / 2)
                going = np.asarray((left > 0).any(axis=1))
                out[left_over] = x
                if not going.any():
                    break
                if not going.all():
                    self._kept(going)
                    left_over = left_over[going]
                    x, low, high, sd, last = (of[going] for of in (x, low, high, sd, last))
        return out
