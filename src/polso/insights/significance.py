"""Whether a change is more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

from polso.insights.intervals import CONFIDENCE, Array, Intervals, standard_error

FALSE_DISCOVERIES = 0.05
"""Of the changes called real, at most this share is not, on average."""


class Side(Protocol):
    """One side of a comparison: values (cells,), replicates (cells, 32) on the same customer groups, intervals."""

    @property
    def value(self) -> Array: ...
    @property
    def replicates(self) -> Array: ...
    @property
    def intervals(self) -> Intervals: ...


@dataclass(frozen=True)
class Differences:
    """Differences of cells, their intervals, and the chance of one as large if nothing had changed; nan if unknown."""

    value: Array
    low: Array
    high: Array
    p: Array


def difference(now: Side, before: Side, confidence: float = CONFIDENCE) -> Differences:
    """Compare two sides cell by cell, customers who are in both counted as such.

    The two intervals are combined by MOVER (Zou & Donner 2008, Statistics in Medicine 27; for independent shares it is
    Newcombe's 1998 hybrid), with the correlation of the two sides taken from the replicates; so it works where one
    side is 0 % or 100 %, and where the same customers answered twice.
    """
    value = now.value - before.value
    correlation = _correlation(now, before)
    a_low, a_high = now.value - now.intervals.low, now.intervals.high - now.value
    b_low, b_high = before.value - before.intervals.low, before.intervals.high - before.value
    down = _joined(a_low, b_high, correlation)
    up = _joined(a_high, b_low, correlation)
    toward_zero = np.where(value >= 0, down, up)
    z = float(special.ndtri((1 + confidence) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.ndtr(-np.abs(value) / (toward_zero / z))
    p = np.where(toward_zero > 0, p, np.where(np.isnan(toward_zero), np.nan, 1.0 * (value == 0)))
    return Differences(value, value - down, value + up, p)


def _correlation(now: Side, before: Side) -> Array:
    one, two = (np.nan_to_num(side.replicates - side.value[:, None]) for side in (now, before))
    se_one, se_two = (standard_error(side.value, side.replicates) for side in (now, before))
    scale = se_one * se_two
    shared = 31 / 32 * (one * two).sum(axis=1)
    return np.clip(np.where(scale > 0, shared / np.where(scale > 0, scale, 1), 0), -1, 1)


def _joined(one: Array, two: Array, correlation: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(one**2 + two**2 - 2 * correlation * one * two, 0)), dtype=np.float64)


def benjamini_hochberg(p: Array, q: float = FALSE_DISCOVERIES) -> NDArray[np.bool_]:
    """Which of several changes are real, so that at most a share `q` of those called real is chance.

    Benjamini & Hochberg 1995, J. Royal Statistical Society B 57(1). Unknown p-values (nan) take no part.
    """
    known = np.flatnonzero(~np.isnan(p))
    real = np.zeros(len(p), dtype=bool)
    if len(known) == 0:
        return real
    order = known[np.argsort(p[known])]
    passed = np.flatnonzero(p[order] <= q * np.arange(1, len(order) + 1) / len(order))
    if len(passed):
        real[order[: passed[-1] + 1]] = True
    return real
