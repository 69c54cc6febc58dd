"""Intervals from customer groups: the delete-a-group jackknife, shaped to the kind of number.

A KPI is computed on everything and again without each of 32 customer groups. The spread of those replicates is the
standard error (Kott 2001, J. Official Statistics 17(4)); it holds for any smooth formula, for ratios across entities
and for customers that come again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import special

from polso.entities import CUSTOMER_GROUPS

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

CONFIDENCE = 0.95
FEWEST_GROUPS = 5
"""With fewer customer groups than this the spread between them says nothing."""
FEWEST_DEGREES = 4
FOR_ESTIMATING = 6
"""Degrees of freedom given up because the weights of the groups are read off the same replicates."""


class Shape(Enum):
    """What kind of number an interval is for."""

    FREE = "free"
    POSITIVE = "positive"
    """Cannot be below zero: durations, counts, money."""
    PERCENT = "percent"
    """Between 0 and 100."""
    NPS = "nps"
    """100 × (a share − another share of the same rows)."""


@dataclass(frozen=True)
class Intervals:
    """Intervals of cells; nan and a reason where there is none."""

    low: Array
    high: Array
    se: Array
    reasons: list[str | None]

    def at(self, cells: Ints) -> Intervals:
        """The intervals of some cells."""
        return Intervals(self.low[cells], self.high[cells], self.se[cells], [self.reasons[cell] for cell in cells])


def standard_error(value: Array, replicates: Array) -> Array:
    """The jackknife standard error, shape (cells,), from values (cells,) and replicates (cells, 32)."""
    off = replicates - value[:, None]
    off = np.where(np.isnan(off), 0.0, off)
    factor = (CUSTOMER_GROUPS - 1) / CUSTOMER_GROUPS
    return np.asarray(np.sqrt(factor * (off**2).sum(axis=1)), dtype=np.float64)


def degrees_of_freedom(value: Array, replicates: Array, groups: Ints) -> Array:
    """How much is known about the spread: at most the customer groups with data less one, less where a few carry it.

    Satterthwaite's (1946) number for groups of unlike variance, Σv² for the variances being read off the fourth powers.
    `docs/decisions/intervals.md` says how the constants were found.
    """
    squares = np.nan_to_num(replicates - value[:, None]) ** 2
    part = squares / np.maximum(squares.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    fourth = (part**2).sum(axis=1)
    effective = 3 / np.where(fourth > 0, fourth, 1) - FOR_ESTIMATING
    most = np.maximum(groups - 1, 1)
    return np.asarray(np.clip(effective, np.minimum(FEWEST_DEGREES, most), most), dtype=np.float64)


def quantile_of_t(degrees: Array, confidence: float = CONFIDENCE) -> Array:
    """Student's t with that many degrees of freedom."""
    return np.asarray(special.stdtrit(degrees, (1 + confidence) / 2), dtype=np.float64)


def interval(
    value: Array,
    replicates: Array,
    groups: Ints,
    n: Array,
    *,
    shape: Shape,
    promoters: Array | None = None,
    detractors: Array | None = None,
    confidence: float = CONFIDENCE,
) -> Intervals:
    """Intervals for values of shape (cells,) with replicates (cells, 32).

    `groups` is how many customer groups hold data, `n` how many rows the value rests on; `promoters` and `detractors`
    are the two shares (0…1) of an NPS.
    """
    se = standard_error(value, replicates)
    t = quantile_of_t(degrees_of_freedom(value, replicates, groups), confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        match shape:
            case Shape.PERCENT:
                low, high = wilson(value, se, t, n, groups, confidence)
            case Shape.NPS:
                assert promoters is not None and detractors is not None
                low, high = _adjusted_wald(promoters, detractors, se, t, n, groups, confidence)
            case Shape.POSITIVE:
                low, high = _positive(value, replicates, se, t)
            case _:
                low, high = value - t * se, value + t * se
    reasons = _reasons(shape, value, replicates, se, groups)
    none = np.array([reason is not None for reason in reasons], dtype=bool)
    return Intervals(np.where(none, np.nan, low), np.where(none, np.nan, high), se, reasons)


def _reasons(shape: Shape, value: Array, replicates: Array, se: Array, groups: Ints) -> list[str | None]:
    of_shares = shape in (Shape.PERCENT, Shape.NPS)
    unknown: NDArray[np.bool_] = np.asarray(np.isnan(replicates).all(axis=1))
    found: list[str | None] = []
    for known, blind, flat, count in zip(~np.isnan(value), unknown, np.equal(se, 0).tolist(), groups, strict=True):
        if not known:
            found.append("nothing to divide by in this period")
        elif blind:
            found.append("no interval for a least or greatest value")
        elif of_shares:
            found.append(None)
        elif count < FEWEST_GROUPS:
            found.append("too few customers for an interval")
        elif flat:
            found.append("no spread between customers, so no interval")
        else:
            found.append(None)
    return found


def wilson(value: Array, se: Array, t: Array, n: Array, groups: Ints, confidence: float) -> tuple[Array, Array]:
    """Wilson's interval (1927) of percentages, with as many rows as would give this standard error if independent."""
    p = np.clip(value / 100, 0, 1)
    size, z = _effective(p * (1 - p), se / 100, t, n, groups, confidence)
    centre = (p + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * np.sqrt(p * (1 - p) / size + z**2 / (4 * size**2))
    return 100 * np.minimum(centre - half, p), 100 * np.maximum(centre + half, p)


def _adjusted_wald(
    promoters: Array, detractors: Array, se: Array, t: Array, n: Array, groups: Ints, confidence: float
) -> tuple[Array, Array]:
    """Adjusted Wald of Rocks (2016, The American Statistician 70(4)): add 3/4, 3/2 and 3/4 answers."""
    score = promoters - detractors
    size, z = _effective(promoters + detractors - score**2, se / 100, t, n, groups, confidence)
    more = size + 3
    p, d = (promoters * size + 0.75) / more, (detractors * size + 0.75) / more
    half = z * np.sqrt((p + d - (p - d) ** 2) / more)
    return 100 * np.maximum(p - d - half, -1), 100 * np.minimum(p - d + half, 1)


def _effective(variance: Array, se: Array, t: Array, n: Array, groups: Ints, confidence: float) -> tuple[Array, Array]:
    """How many independent rows the data are worth, and the quantile that goes with it.

    Where all customers agree, or too few groups tell, rows count as independent, but never more than customers allow.
    """
    normal = float(special.ndtri((1 + confidence) / 2))
    blind = (se == 0) | (groups < FEWEST_GROUPS)
    independent = np.where(groups < FEWEST_GROUPS, np.minimum(n, groups), n)
    size = variance / np.where(se > 0, se, 1) ** 2
    # Customers do not make rows worth more than rows: less spread than independent rows have is chance.
    as_rows = blind | (size >= n)
    return np.maximum(np.where(as_rows, independent, size), 1), np.where(as_rows, normal, t)


def _positive(value: Array, replicates: Array, se: Array, t: Array) -> tuple[Array, Array]:
    """Hall's (1992) transformed t, which corrects for skewness, from the third moment of the replicates."""
    # The jackknife's pseudo-values off their mean, in units of the standard error.
    off = -np.nan_to_num(replicates - value[:, None])
    third = (off**3).sum(axis=1) / np.where(se > 0, se, 1) ** 3
    low, high = (value - se * _hall(side * t, third) for side in (1, -1))
    return np.maximum(low, 0), high


def _hall(t: Array, third: Array) -> Array:
    """Solve g(T) = T + a·T²/3 + a²·T³/27 + a/6 = t for T, where a is the skewness of the mean."""
    a = np.where(np.abs(third) < 1e-9, 1e-9, np.clip(third, -0.4, 0.4))
    # Beyond that the correction runs away: one very large customer would give an endless interval.
    inside = 1 + a * (t - a / 6)
    return np.asarray(3 / a * (np.cbrt(inside) - 1), dtype=np.float64)


@dataclass(frozen=True)
class QuantileEstimate:
    """A quantile, its interval, and replicates of shape (32,) that can enter formulas."""

    value: float
    low: float
    high: float
    replicates: Array
    reason: str | None = None


def quantile_interval(counts: Array, values: Array, q: float, confidence: float = CONFIDENCE) -> QuantileEstimate:
    """A quantile from counts by customer group and bin, shape (32, bins), and the bins' values, ascending.

    The value interpolates between the two neighbouring ordered values (type 7). The interval is Woodruff's (1952): the
    interval of the share of rows below, by Wilson with the jackknife's standard error, read back on the values at the
    fractional order statistics (n + 1)·share (Hutson 1999).
    """
    total = counts.sum(axis=0)
    n = float(total.sum())
    if n == 0:
        nan = float("nan")
        return QuantileEstimate(nan, nan, nan, np.full(CUSTOMER_GROUPS, nan), "no rows")
    cumulated = total.cumsum()
    value = _ordered(cumulated, values, q * (n - 1))
    # Shares count half of the bin the quantile is in, so that ties do not push them to one side.
    place = int(np.searchsorted(cumulated, q * (n - 1) + 0.5))
    below = counts[:, :place].sum(axis=1) + counts[:, place] * (q * n - (cumulated[place] - total[place])) / total[place]
    sizes = counts.sum(axis=1)
    groups = int((sizes > 0).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(n > sizes, (below.sum() - below) / (n - sizes), q)
    se = standard_error(np.array([q]), shares[None, :])
    if groups < FEWEST_GROUPS:
        nan = float("nan")
        return QuantileEstimate(value, nan, nan, np.full(CUSTOMER_GROUPS, value), "too few customers for an interval")
    t = quantile_of_t(degrees_of_freedom(np.array([q]), shares[None, :], np.array([groups])), confidence)
    low_q, high_q = (
        float(side[0]) / 100 for side in wilson(np.array([100 * q]), 100 * se, t, np.array([n]), np.array([groups]), confidence)
    )
    low, high = (_ordered(cumulated, values, edge) for edge in (low_q * (n + 1) - 1, high_q * (n + 1) - 1))
    width = high_q - low_q
    slope = (high - low) / width if width > 0 else 0.0
    replicates = value - (shares - q) * slope
    return QuantileEstimate(value, min(low, value), max(high, value), replicates)


def _ordered(cumulated: Array, values: Array, place: float) -> float:
    """The value at a place (from 0, fractions between) of the ordered rows."""
    place = min(max(place, 0.0), float(cumulated[-1]) - 1)
    first = int(np.floor(place))
    one, two = (int(np.searchsorted(cumulated, rank + 1)) for rank in (first, min(first + 1, int(cumulated[-1]) - 1)))
    return float(values[one] + (place - first) * (values[two] - values[one]))
