"""Medians and other quantiles of every cell, from bins; kept by period once they are found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from polso.entities import CUSTOMER_GROUPS
from polso.formula.bins import BIN_OF_ONE, GAMMA
from polso.formula.combine import Array
from polso.formula.partials import EVENTS, WAITING, parts
from polso.formula.resolve import Aggregate
from polso.formula.scans import BIN
from polso.insights.intervals import QuantileEstimate, quantile_interval
from polso.insights.survival import time_quantile
from polso.measure.cells import SEGMENTS, WIDTH, Segments, groups_of
from polso.measure.kept import Ints
from polso.measure.of_periods import Asked
from polso.warehouse.store import DataFile

_NAMES, _FOUND = "segments", "found"
_ACROSS = 2 * WIDTH + 2
"""The rows behind (33), the value and its replicates (33), low and high."""


@dataclass(frozen=True)
class Quantiles:
    """Quantiles by cell: rows behind and value with replicates, shape (cells, 33), low and high, and reasons."""

    cells: Ints
    n: Array
    theta: Array
    low: Array
    high: Array
    reasons: tuple[str | None, ...]


@dataclass(frozen=True)
class _Cell:
    segment: tuple[str | None, ...]
    reason: str | None
    found: Array


def bin_values(bins: Ints) -> Array:
    """The value in the middle of each bin, to the sketch's relative error."""
    size = np.abs(bins) - BIN_OF_ONE
    middle = 2.0 * np.exp(size * np.log(GAMMA)) / (GAMMA + 1.0)
    return np.where(bins == 0, 0.0, np.sign(bins) * middle)


def quantiles(aggregate: Aggregate, asked: Asked, segments: Segments) -> Quantiles:
    """The quantile of every cell; only periods whose files changed since are computed."""
    keys, plan = asked.keys, asked.plan(f"{aggregate.function} {aggregate.q}")
    kept = asked.source.fetch(plan, [f"{key}:{name}" for key in keys.values() for name in (_NAMES, _FOUND)])
    missing = [index for index, key in keys.items() if f"{key}:{_NAMES}" not in kept or f"{key}:{_FOUND}" not in kept]
    if missing:
        cells: dict[int, list[_Cell]] = {place: [] for place in range(len(missing))}
        for place, cell in _computed(aggregate, asked.only(missing)):
            cells[place].append(cell)
        fresh: dict[str, bytes] = {}
        of_whom: dict[str, Sequence[DataFile]] = {}
        for place, index in enumerate(missing):
            named = [[list(cell.segment), cell.reason] for cell in cells[place]]
            fresh[f"{keys[index]}:{_NAMES}"] = json.dumps(named).encode()
            fresh[f"{keys[index]}:{_FOUND}"] = b"".join(cell.found.tobytes() for cell in cells[place])
            of_whom |= {f"{keys[index]}:{name}": asked.files[index] for name in (_NAMES, _FOUND)}
        asked.source.keep(plan, fresh, of_whom)
        kept |= fresh
    return _read(kept, keys, segments)


def _computed(aggregate: Aggregate, asked: Asked) -> Iterator[tuple[int, _Cell]]:
    roles = parts(aggregate)
    table, when = asked.rows({part.name: part.sql for part in roles.values()})
    segments = Segments()
    segment, group, bins = segments.of(table, asked.splits), groups_of(table), table[BIN].to_numpy()
    names = list(segments.number)
    row, period = asked.placed(table, when)
    cell = period * SEGMENTS + segment[row]
    order = np.argsort(cell, kind="stable")
    cells, first = np.unique(cell[order], return_index=True)
    sums = {role: table[part.name].to_numpy() for role, part in roles.items()}
    edges = [*first.tolist(), len(order)]
    for number, start, stop in zip(cells.tolist(), edges, edges[1:], strict=False):
        here = row[order[start:stop]]
        found, counted = _estimate(aggregate, group[here], bins[here], {role: values[here] for role, values in sums.items()})
        numbers = np.concatenate([counted, [found.value], found.replicates, [found.low, found.high]])
        yield number // SEGMENTS, _Cell(names[number % SEGMENTS], found.reason, numbers)


def _estimate(aggregate: Aggregate, group: Ints, bins: Ints, sums: Mapping[str, Array]) -> tuple[QuantileEstimate, Array]:
    """The quantile of one cell, and the rows behind it by customer group."""
    assert aggregate.q is not None
    known, place = np.unique(bins, return_inverse=True)
    flat = group * len(known) + place

    def counts(role: str) -> Array:
        summed = np.bincount(flat, weights=sums[role], minlength=WIDTH * len(known))
        return summed.reshape(WIDTH, len(known))[:CUSTOMER_GROUPS].astype(np.float64)

    behind = np.bincount(group, weights=sums["n"], minlength=WIDTH).astype(np.float64)
    if aggregate.function == "quantile":
        return quantile_interval(counts("n"), bin_values(known), aggregate.q), behind
    return time_quantile(counts(EVENTS), counts(WAITING), bin_values(known), aggregate.q), behind


def _read(kept: Mapping[str, bytes], keys: Mapping[int, str], segments: Segments) -> Quantiles:
    named = {index: json.loads(kept[f"{key}:{_NAMES}"]) for index, key in keys.items()}
    cells = [
        index * SEGMENTS + segments.numbers([tuple(segment) for segment, _ in of_period]) for index, of_period in named.items()
    ]
    found = np.frombuffer(b"".join(kept[f"{key}:{_FOUND}"] for key in keys.values())).reshape(-1, _ACROSS)
    return Quantiles(
        cells=np.concatenate(cells) if cells else np.zeros(0, dtype=np.int64),
        n=found[:, :WIDTH],
        theta=found[:, WIDTH : 2 * WIDTH],
        low=found[:, -2],
        high=found[:, -1],
        reasons=tuple(reason for of_period in named.values() for _, reason in of_period),
    )
