"""Everything the formulas of a question need, by cell (period × segment) and customer group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from polso.formula.combine import Array
from polso.formula.grid import Grid
from polso.formula.partials import Part, Slice, parts
from polso.formula.resolve import QUANTILES, Aggregate
from polso.measure.cells import SEGMENTS, Block, Segments
from polso.measure.kept import Ints, Source
from polso.measure.of_periods import Asked, of_periods
from polso.measure.quantiles import Quantiles, quantiles


@dataclass(frozen=True)
class Gathered:
    """All sums of a question: cells in order, and what is known of each."""

    cells: Ints
    """Period × 2³² + segment, sorted."""
    segments: Segments
    sums: dict[tuple[str, str, str], Array]
    """By scan, column and how: shape (cells, 33)."""
    quantiles: dict[str, Quantiles]
    """By aggregate, of all cells."""

    @property
    def period(self) -> Ints:
        """The period of each cell."""
        return self.cells // SEGMENTS

    @property
    def segment(self) -> Ints:
        """The segment of each cell."""
        return self.cells % SEGMENTS

    def of(self, part: Part) -> Array:
        """The sums of a part."""
        return self.sums[part.key]


def gather(aggregates: Iterable[Aggregate], slice_: Slice, grid: Grid, source: Source) -> Gathered:
    """Fetch or compute every sum and quantile; without a split, every period has a cell."""
    segments = Segments()
    wanted = {aggregate.key: aggregate for aggregate in aggregates}
    binned = {key: aggregate for key, aggregate in wanted.items() if aggregate.function in QUANTILES}
    sums: dict[tuple[str, str, str], tuple[Ints, Array]] = {}
    every = {part.key: part for key, one in wanted.items() if key not in binned for part in parts(one).values()}
    by_scan = sorted(every.values(), key=lambda part: (part.scan.key, part.how, part.name))
    for (scan_key, how), same in groupby(by_scan, key=lambda part: (part.scan.key, part.how)):
        of_scan = list(same)
        asked = Asked.of(of_scan[0].scan, slice_, grid, source, how)
        block: Block = of_periods(asked, how, {part.name: part.sql for part in of_scan}, segments)
        sums |= {(scan_key, name, how): (block.cells, values) for name, values in block.sums.items()}
    found = {}
    for key, one in binned.items():
        found[key] = quantiles(one, Asked.of(parts(one)["n"].scan, slice_, grid, source), segments)
    unsplit = np.arange(0 if any(slice_.by.values()) else len(grid.periods), dtype=np.int64) * SEGMENTS
    if len(unsplit):
        segments.number.setdefault((), 0)
    known = [*(cells for cells, _ in sums.values()), *(one.cells for one in found.values())]
    cells = np.unique(np.concatenate([unsplit, *known]))
    return Gathered(
        cells,
        segments,
        {key: _aligned(cells, own, values, np.nan if key[2] in ("min", "max") else 0.0) for key, (own, values) in sums.items()},
        {key: _all(cells, one) for key, one in found.items()},
    )


def _aligned(cells: Ints, own: Ints, values: Array, fill: float) -> Array:
    aligned = np.full((len(cells), *values.shape[1:]), fill)
    aligned[np.searchsorted(cells, own)] = values
    return aligned


def _all(cells: Ints, one: Quantiles) -> Quantiles:
    reasons: list[str | None] = [None] * len(cells)
    for place, reason in zip(np.searchsorted(cells, one.cells).tolist(), one.reasons, strict=True):
        reasons[place] = reason
    n = _aligned(cells, one.cells, one.n, 0.0)
    theta, low, high = (_aligned(cells, one.cells, values, np.nan) for values in (one.theta, one.low, one.high))
    return Quantiles(cells, n, theta, low, high, tuple(reasons))
