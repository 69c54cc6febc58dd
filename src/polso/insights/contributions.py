"""Why a number moved: each segment's part of a change, split into mix and rate.

A number that is a weighted mean of its segments, V = Σ wₛ·vₛ, changes because segments got other values (rate) or
because there is more of some than of others (mix). Kitagawa (1955, J. American Statistical Association 50) gives both
at the average of the two sides, so that no side is the base and the parts add to the change exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from polso.insights.intervals import CONFIDENCE, Array, Ints, degrees_of_freedom, quantile_of_t, standard_error


@dataclass(frozen=True)
class Parts:
    """What each segment adds to a change, shape (segments,) or with replicates (segments, 33)."""

    mix: Array
    rate: Array

    @property
    def total(self) -> Array:
        """Mix and rate together."""
        return self.mix + self.rate


@dataclass(frozen=True)
class Judged:
    """Contributions of shape (segments,), their intervals, and the chance of one as large if nothing had changed."""

    value: Array
    low: Array
    high: Array
    p: Array


def kitagawa(values: tuple[Array, Array], weights: tuple[Array, Array]) -> Parts:
    """The mix and rate of each segment; before and now, shape (segments,) or (segments, replicates).

    Weights are counts or shares. Mix is told against the average of the whole, so that more of an average segment
    counts for nothing. A segment that is there on one side only has no rate: it is all mix.
    """
    before, now = (np.where(weight > 0, weight, 0.0) / _whole(weight) for weight in weights)
    old, new = values
    old, new = np.where(before > 0, old, new), np.where(now > 0, new, old)
    old, new = np.nan_to_num(old), np.nan_to_num(new)
    average = ((before * old).sum(axis=0) + (now * new).sum(axis=0)) / 2
    return Parts(mix=(now - before) * ((old + new) / 2 - average), rate=(new - old) * (before + now) / 2)


def totals(values: tuple[Array, Array]) -> Parts:
    """The part of each segment in the change of a sum: all of its own change, none of it mix."""
    before, now = (np.nan_to_num(value) for value in values)
    return Parts(np.zeros_like(now), now - before)


def _whole(weight: Array) -> Array:
    total = np.where(weight > 0, weight, 0.0).sum(axis=0)
    return np.asarray(np.where(total > 0, total, np.nan), dtype=np.float64)


def judged(parts: Array, groups: Ints, confidence: float = CONFIDENCE) -> Judged:
    """Intervals and p-values of contributions with replicates, shape (segments, 33), by the jackknife's Student t."""
    value, replicates = parts[:, 0], parts[:, 1:]
    se, degrees = standard_error(value, replicates), degrees_of_freedom(value, replicates, groups)
    half = quantile_of_t(degrees, confidence) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.stdtr(degrees, -np.abs(value) / se)
    known = (se > 0) & (groups > 1)
    low, high, p = (np.where(known, one, np.nan) for one in (value - half, value + half, p))
    return Judged(value, low, high, p)


def holm(p: Array, alpha: float = 1 - CONFIDENCE) -> NDArray[np.bool_]:
    """Which of several are real, with a chance of at most `alpha` that any one is not (Holm 1979, Scand. J. Stat. 6).

    Unknown p-values (nan) take no part.
    """
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known])]
    passed = p[order] <= alpha / np.arange(len(order), 0, -1)
    real = np.zeros(len(p), dtype=bool)
    real[order[np.logical_and.accumulate(passed)]] = True
    return real
