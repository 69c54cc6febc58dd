"""How long until something happens, with what is still waiting counted as waiting (Kaplan & Meier 1958)."""

from __future__ import annotations

import numpy as np

from polso.entities import CUSTOMER_GROUPS
from polso.insights.intervals import (
    CONFIDENCE,
    FEWEST_GROUPS,
    Array,
    QuantileEstimate,
    Shape,
    interval,
)


def happened(events: Array, waiting: Array) -> Array:
    """The share to which it has happened by each bin, shape (…, bins), from counts in ascending bins.

    A row still waiting counts as at risk in its own bin and not after.
    """
    both = events + waiting
    at_risk = np.flip(np.flip(both, axis=-1).cumsum(axis=-1), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        stays = np.where(at_risk > 0, 1 - events / np.where(at_risk > 0, at_risk, 1), 1.0)
    return np.asarray(1 - stays.cumprod(axis=-1), dtype=np.float64)


def time_quantile(events: Array, waiting: Array, values: Array, q: float, confidence: float = CONFIDENCE) -> QuantileEstimate:
    """The time by which it has happened to a share `q`, from counts by customer group and bin, shape (32, bins).

    The interval is that of the share at that time, by Wilson with the jackknife's standard error, read back on the
    curve. No value, with the reason, when the curve does not get as far as `q`.
    """
    nan = float("nan")
    blank = np.full(CUSTOMER_GROUPS, nan)
    n = float(events.sum() + waiting.sum())
    if n == 0:
        return QuantileEstimate(nan, nan, nan, blank, "no rows")
    curve = happened(events.sum(axis=0), waiting.sum(axis=0))
    value = _reached(curve, values, q)
    if value is None:
        return QuantileEstimate(nan, nan, nan, blank, f"it has not yet happened to {q:.0%} of them")
    groups = int(((events + waiting).sum(axis=1) > 0).sum())
    if groups < FEWEST_GROUPS:
        return QuantileEstimate(value, nan, nan, np.full(CUSTOMER_GROUPS, value), "too few customers for an interval")
    place = int(np.searchsorted(values, value))
    without = happened(events.sum(axis=0) - events, waiting.sum(axis=0) - waiting)
    shares, share = without[:, place], float(curve[place])
    around = interval(
        np.array([100 * q]),
        100 * (shares - share + q)[None, :],
        np.array([groups]),
        np.array([n]),
        shape=Shape.PERCENT,
        confidence=confidence,
    )
    low, high = (_reached(curve, values, float(edge[0]) / 100) for edge in (around.low, around.high))
    last = float(values[-1])
    width = float(around.high[0] - around.low[0]) / 100
    slope = ((last if high is None else high) - (low or 0.0)) / width if width > 0 else 0.0
    replicates = value - (shares - share) * slope
    if low is None or high is None:
        return QuantileEstimate(value, nan, nan, replicates, "too few have happened for an interval")
    return QuantileEstimate(value, low, high, replicates)


def _reached(curve: Array, values: Array, q: float) -> float | None:
    """The first value by which the curve is at `q`."""
    # The last digits of a product of many factors are not to decide.
    place = int(np.searchsorted(curve, q - 1e-12))
    return float(values[place]) if place < len(values) else None
