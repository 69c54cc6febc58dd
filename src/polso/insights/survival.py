"""How long until something happens, with what is still waiting counted as waiting (Kaplan & Meier 1958)."""

from __future__ import annotations

import numpy as np

from polso.entities import CUSTOMER_GROUPS
from polso.insights.intervals import (
    CONFIDENCE,
    FEWEST_GROUPS,
    Array,
    QuantileEstimate,
    degrees_of_freedom,
    quantile_of_t,
    standard_error,
    wilson,
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

    The interval holds the times at which the share may be `q`, by Wilson with the jackknife's standard error at each time
    (Brookmeyer & Crowley 1982, Biometrics 38(1)), so it widens where few are left to tell. No value, with the reason,
    when the curve does not get as far as `q`; no interval when it does not get far enough beyond.
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
    low, high = _limits(curve, without, place, (n, groups), q, confidence)
    last = len(values) - 1 if high is None else high
    between = float(curve[last] - curve[low])
    slope = float(values[last] - values[low]) / between if between > 0 else 0.0
    replicates = value - (without[:, place] - curve[place]) * slope
    if high is None:
        return QuantileEstimate(value, nan, nan, replicates, "too few have happened for an interval")
    return QuantileEstimate(value, float(values[low]), float(values[high]), replicates)


def _limits(
    curve: Array, without: Array, place: int, size: tuple[float, int], q: float, confidence: float
) -> tuple[int, int | None]:
    """The first time whose share may be `q`, and the first whose share must be more, if one is."""
    n, groups = np.array([size[0]]), np.array([size[1]])
    t = quantile_of_t(degrees_of_freedom(curve[[place]], without[:, [place]].T, groups), confidence)
    low, high = wilson(100 * curve, 100 * standard_error(curve, without.T), t, n, groups, confidence)
    more = np.flatnonzero(low > 100 * q)
    return int(np.argmax(high >= 100 * q)), int(more[0]) if len(more) else None


def _reached(curve: Array, values: Array, q: float) -> float | None:
    """The first value by which the curve is at `q`."""
    # The last digits of a product of many factors are not to decide.
    place = int(np.searchsorted(curve, q - 1e-12))
    return float(values[place]) if place < len(values) else None
