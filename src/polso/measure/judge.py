"""From values and replicates to estimates: intervals, changes, goals, and the reason where a number is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from polso.entities import CUSTOMER_GROUPS
from polso.formula.combine import Array, aggregate_values, deciding, evaluate, replicated, rows_behind
from polso.formula.partials import parts
from polso.formula.resolve import Aggregate, Resolved
from polso.insights.intervals import Intervals, Shape, interval, standard_error
from polso.measure.cells import WIDTH
from polso.measure.gather import Gathered
from polso.measure.quantiles import Quantiles


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


def measure_one(resolved: Resolved, shape: Shape, gathered: Gathered, of_the_period: Mapping[str, Array]) -> Measured:
    """Compute one formula over all cells."""
    found = [_aggregate(aggregate, gathered) for aggregate in resolved.aggregates]
    values, behind = [value for value, _ in found], [rows for _, rows in found]
    cells = len(gathered.cells)
    theta = np.broadcast_to(evaluate(resolved, values, of_the_period), (cells, WIDTH))
    every = np.sum(behind, axis=0) if behind else np.zeros((cells, WIDTH))
    chosen = sorted(deciding(resolved.arithmetic))
    n = np.min([behind[index].sum(axis=1) for index in chosen], axis=0) if chosen else np.zeros(cells)
    groups = (every[:, :CUSTOMER_GROUPS] > 0).sum(axis=1)
    quantile = _only_quantile(resolved, gathered)
    intervals = _intervals(resolved, shape, theta, groups, n, values) if quantile is None else _of_quantiles(quantile)
    return Measured(theta[:, 0], theta[:, 1:], n.astype(np.int64), groups, intervals, every.sum(axis=1) > 0)


def weights(resolved: Resolved, gathered: Gathered) -> Array:
    """How many rows each cell's value rests on, with replicates, shape (cells, 33)."""
    behind = [_aggregate(resolved.aggregates[index], gathered)[1] for index in sorted(deciding(resolved.arithmetic))]
    return replicated(min(behind, key=lambda rows: float(rows.sum())))


def _aggregate(aggregate: Aggregate, gathered: Gathered) -> tuple[Array, Array]:
    """An aggregate's values with replicates, and the rows behind, each of shape (cells, 33)."""
    if aggregate.key in gathered.quantiles:
        quantile = gathered.quantiles[aggregate.key]
        return quantile.theta, quantile.n
    roles = parts(aggregate)
    sums = {role: gathered.of(part) for role, part in roles.items()}
    return aggregate_values(aggregate, roles, sums), rows_behind(aggregate, sums)


def _only_quantile(resolved: Resolved, gathered: Gathered) -> Quantiles | None:
    """The quantile that is the whole formula, if one is."""
    if len(resolved.aggregates) != 1 or not isinstance(resolved.arithmetic, exp.Placeholder):
        return None
    return gathered.quantiles.get(resolved.aggregates[0].key)


def _of_quantiles(one: Quantiles) -> Intervals:
    return Intervals(one.low, one.high, standard_error(one.theta[:, 0], one.theta[:, 1:]), list(one.reasons))


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
