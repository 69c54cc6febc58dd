"""From sums to values: the small arithmetic that is the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from polso.entities import CUSTOMER_GROUPS
from polso.formula.partials import Part
from polso.formula.resolve import Aggregate, Resolved

Array = NDArray[np.float64]
SCALE = CUSTOMER_GROUPS / (CUSTOMER_GROUPS - 1)
"""What a total without one group is multiplied by, to stand for the whole."""


def replicated(sums: Array, how: str = "add") -> Array:
    """The whole and its replicates, each without one customer group.

    `sums` has shape (cells, 33): the customer groups, and what belongs to no single one. The result has shape
    (cells, 33) too: first the whole, then the 32 replicates.
    """
    if how in ("min", "max"):
        whole = _extreme(sums, how)
        return np.column_stack([whole, np.full((len(sums), CUSTOMER_GROUPS), np.nan)])
    whole = sums.sum(axis=1)
    return np.column_stack([whole, (whole[:, None] - sums[:, :CUSTOMER_GROUPS]) * SCALE])


def _extreme(sums: Array, how: str) -> Array:
    chosen = np.fmin.reduce(sums, axis=1) if how == "min" else np.fmax.reduce(sums, axis=1)
    return np.asarray(chosen, dtype=np.float64)


def aggregate_values(aggregate: Aggregate, parts: Mapping[str, Part], sums: Mapping[str, Array]) -> Array:
    """The value of an aggregate and its replicates, shape (cells, 33), from the sums of its parts by role."""
    value = {role: replicated(array, parts[role].how) for role, array in sums.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        match aggregate.function:
            case "share":
                return _over(value["yes"], value["n"])
            case "mean":
                return _over(value["total"], value["n"])
            case "sum":
                return np.where(value["n"] > 0, value["total"], np.nan)
            case "min" | "max":
                return value["extreme"]
            case "stddev":
                mean = _over(value["total"], value["n"])
                spread = np.maximum(value["squares"] - value["total"] * mean, 0)
                return np.sqrt(spread / np.where(value["n"] > 1, value["n"] - 1, np.nan))
            case "at_start" | "at_end":
                role = "total" if "total" in value else "n"
                return value[role] - value[f"{role}_ended"]
    return value["total"] if "total" in value else value["n"]


def rows_behind(aggregate: Aggregate, sums: Mapping[str, Array]) -> Array:
    """How many rows an aggregate rests on, by cell and customer group, shape (cells, 33)."""
    if aggregate.function in ("at_start", "at_end"):
        return sums["n"] - sums["n_ended"]
    return sums["n"]


def evaluate(resolved: Resolved, values: Sequence[Array], of_the_period: Mapping[str, Array]) -> Array:
    """The formula's value and replicates, shape (cells, 33); nan where there is nothing to divide by.

    `values` are those of the aggregates, `of_the_period` the functions of the period, shape (cells, 1).
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        result = _evaluate(resolved.arithmetic, values, of_the_period)
    return np.where(np.isfinite(result), result, np.nan)


def _evaluate(node: exp.Expr, values: Sequence[Array], of_the_period: Mapping[str, Array]) -> Array:
    def inner(part: exp.Expr) -> Array:
        return _evaluate(part, values, of_the_period)

    match node:
        case exp.Placeholder():
            return values[int(node.this)]
        case exp.Literal():
            return np.array([[float(node.this)]])
        case exp.Paren():
            return inner(node.this)
        case exp.Neg():
            return -inner(node.this)
        case exp.Add():
            return inner(node.this) + inner(node.expression)
        case exp.Sub():
            return inner(node.this) - inner(node.expression)
        case exp.Mul():
            return inner(node.this) * inner(node.expression)
        case exp.Div():
            return _over(inner(node.this), inner(node.expression))
    assert isinstance(node, exp.Anonymous)
    if node.name in of_the_period:
        return of_the_period[node.name]
    return _called(node.name, [inner(part) for part in node.expressions])


def _called(name: str, arguments: list[Array]) -> Array:
    match name:
        case "abs":
            return np.abs(arguments[0])
        case "nullif":
            return np.where(arguments[0] == arguments[1], np.nan, arguments[0])
    first, *others = arguments
    for other in others:
        match name:
            case "coalesce":
                first = np.where(np.isnan(first), other, first)
            case "least":
                first = np.minimum(first, other)
            case "greatest":
                first = np.maximum(first, other)
    return first


def _over(above: Array, below: Array) -> Array:
    return np.where(below == 0, np.nan, above / np.where(below == 0, np.nan, below))


def deciding(node: exp.Expr) -> set[int]:
    """The aggregates whose rows are the `n` of a formula: those it divides by, else all."""
    match node:
        case exp.Placeholder():
            return {int(node.this)}
        case exp.Div():
            return deciding(node.expression) or deciding(node.this)
    found: set[int] = set()
    for child in node.iter_expressions():
        found |= deciding(child)
    return found
