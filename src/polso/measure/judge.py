"""From values and replicates to estimates: intervals, changes, goals, and the reason where a number is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from polso.formula.combine import Array, aggregate_values, deciding, evaluate, rows_behind
from polso.formula.partials import BIN_OF_ONE, EVENTS, GAMMA, WAITING, Part, parts
from polso.formula.resolve import Aggregate, Resolved
from polso.insights.intervals import Intervals, Shape, interval, quantile_interval
from polso.insights.survival import time_quantile
from polso.measure.gather import Gathered


@dataclass(frozen=True)
class Measured:
    """One KPI over all cells: its values, replicates and intervals."""

    value: Array
    """Shape (cells,), nan where unknown."""
    replicates: Array
    """Shape (cells, 32)."""
    n: NDArray[np.int64]
    groups: NDArray[np.int64]
    intervals: Intervals
    present: NDArray[np.bool_]
    """Whether any fact stands behind the cell."""


def bin_values(bins: NDArray[np.int64]) -> Array:
    """The value in the middle of each bin, to the sketch's relative error."""
    size = np.abs(bins) - BIN_OF_ONE
    middle = 2.0 * np.exp(size * np.log(GAMMA)) / (GAMMA + 1.0)
    return np.where(bins == 0, 0.0, np.sign(bins) * middle)


def measure_one(resolved: Resolved, shape: Shape, gathered: Gathered, of_the_period: Mapping[str, Array]) -> Measured:
    """Compute one formula over all cells."""
    by_role = [parts(aggregate) for aggregate in resolved.aggregates]
    sums = [{role: gathered.of(part) for role, part in roles.items()} for roles in by_role]
    binned = [_binned(aggregate, roles, gathered) for aggregate, roles in zip(resolved.aggregates, by_role, strict=True)]
    values = [
        special.values if special is not None else aggregate_values(aggregate, roles, of_role)
        for aggregate, roles, of_role, special in zip(resolved.aggregates, by_role, sums, binned, strict=True)
    ]
    behind = [rows_behind(aggregate, of_role) for aggregate, of_role in zip(resolved.aggregates, sums, strict=True)]
    cells = len(gathered.cells)
    theta = np.broadcast_to(evaluate(resolved, values, of_the_period), (cells, 33))
    every = np.sum(behind, axis=0) if behind else np.zeros((cells, 33))
    chosen = sorted(deciding(resolved.arithmetic))
    n = np.min([behind[index].sum(axis=1) for index in chosen], axis=0) if chosen else np.zeros(cells)
    groups = (every[:, :32] > 0).sum(axis=1)
    only = binned[0] if len(binned) == 1 and isinstance(resolved.arithmetic, exp.Placeholder) else None
    intervals = only.intervals if only is not None else _intervals(resolved, shape, theta, groups, n, values)
    return Measured(theta[:, 0], theta[:, 1:], n.astype(np.int64), groups, intervals, every.sum(axis=1) > 0)


def _intervals(
    resolved: Resolved, shape: Shape, theta: Array, groups: NDArray[np.int64], n: Array, values: Sequence[Array]
) -> Intervals:
    shares = nps_shares(resolved)
    if shares is None:
        return interval(theta[:, 0], theta[:, 1:], groups, n, shape=shape)
    promoters, detractors = (values[index][:, 0] for index in shares)
    return interval(theta[:, 0], theta[:, 1:], groups, n, shape=Shape.NPS, promoters=promoters, detractors=detractors)


def nps_shares(resolved: Resolved) -> tuple[int, int] | None:
    """The two aggregates of `100 * (share(…) - share(…))`, if the formula is of that form."""
    tree = resolved.arithmetic
    if not (isinstance(tree, exp.Mul) and isinstance(tree.this, exp.Literal) and float(tree.this.this) == 100):
        return None
    inner = tree.expression.unnest()
    if not (isinstance(inner, exp.Sub) and isinstance(inner.this, exp.Placeholder)):
        return None
    if not isinstance(inner.expression, exp.Placeholder):
        return None
    first, second = int(inner.this.this), int(inner.expression.this)
    both = (resolved.aggregates[first], resolved.aggregates[second])
    if any(aggregate.function != "share" for aggregate in both) or both[0].where != both[1].where:
        return None
    return first, second


@dataclass(frozen=True)
class _Binned:
    values: Array
    intervals: Intervals


def _binned(aggregate: Aggregate, roles: Mapping[str, Part], gathered: Gathered) -> _Binned | None:
    """Quantiles, which need the bins of every cell."""
    if aggregate.function not in ("quantile", "time_quantile"):
        return None
    assert aggregate.q is not None
    rows = gathered.binned[roles["n"].scan.key]
    assert rows.bin is not None
    cells = len(gathered.cells)
    values = np.full((cells, 33), np.nan)
    low, high = np.full(cells, np.nan), np.full(cells, np.nan)
    reasons: list[str | None] = [None] * cells
    order = np.argsort(rows.cell, kind="stable")
    edges = np.searchsorted(rows.cell[order], np.arange(cells + 1))
    for cell in range(cells):
        here = order[edges[cell] : edges[cell + 1]]
        if len(here) == 0:
            continue
        bins, place = np.unique(rows.bin[here], return_inverse=True)
        flat = rows.group[here] * len(bins) + place

        def counts(role: str, flat: NDArray[np.int64] = flat, here: NDArray[np.int64] = here, bins: int = len(bins)) -> Array:
            summed = np.bincount(flat, weights=rows.sums[roles[role].name][here], minlength=33 * bins)
            return summed.reshape(33, bins)[:32].astype(np.float64)

        if aggregate.function == "quantile":
            found = quantile_interval(counts("n"), bin_values(bins), aggregate.q)
        else:
            found = time_quantile(counts(EVENTS), counts(WAITING), bin_values(bins), aggregate.q)
        values[cell, 0], values[cell, 1:] = found.value, found.replicates
        low[cell], high[cell], reasons[cell] = found.low, found.high, found.reason
    se = np.sqrt(31 / 32 * np.nansum((values[:, 1:] - values[:, :1]) ** 2, axis=1))
    return _Binned(values, Intervals(low, high, se, reasons))
