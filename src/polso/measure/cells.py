"""Segments, cells (period × segment), and how partial rows are added up into them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polso.entities import CUSTOMER_GROUPS
from polso.formula.combine import Array
from polso.formula.grid import Grid
from polso.formula.scans import GROUP, by_name
from polso.measure.kept import Ints

WIDTH = CUSTOMER_GROUPS + 1
"""Customer groups, and one more place for what belongs to no single group."""
SEGMENTS = 1 << 32
"""A cell is period × SEGMENTS + segment."""
Segment = tuple[str | None, ...]


@dataclass
class Segments:
    """Segments met so far, numbered; a segment is the tuple of its split values."""

    number: dict[Segment, int] = field(default_factory=dict)

    def numbers(self, segments: list[Segment]) -> Ints:
        """The numbers of segments; those not met before get the next."""
        return np.array([self.number.setdefault(segment, len(self.number)) for segment in segments], dtype=np.int64)

    def of(self, table: pa.Table, count: int) -> Ints:
        """The segment number of each row, from its first `count` split columns."""
        if count == 0:
            self.number.setdefault((), 0)
            return np.zeros(len(table), dtype=np.int64)
        codes = np.zeros(len(table), dtype=np.int64)
        for position in range(count):
            encoded = pc.dictionary_encode(table[by_name(position)].combine_chunks(), null_encoding="encode")
            codes = codes * (len(encoded.dictionary) + 1) + encoded.indices.to_numpy(zero_copy_only=False)
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        columns = [table[by_name(position)].take(pa.array(first)).to_pylist() for position in range(count)]
        return self.numbers(list(zip(*columns, strict=True)))[inverse]


@dataclass(frozen=True)
class Block:
    """Sums by cell: of sorted cells, and by column an array of shape (cells, 33)."""

    cells: Ints
    sums: dict[str, Array]


def groups_of(table: pa.Table) -> Ints:
    """The place of each row's customer group; what belongs to several groups goes to the last."""
    group = table[GROUP].to_numpy().astype(np.int64)
    return np.where(group < 0, CUSTOMER_GROUPS, group)


def in_periods(grid: Grid, bucket: Ints) -> tuple[Ints, Ints]:
    """Which rows fall in which period: a row is named once for every period that holds its bucket."""
    rows, periods = [], []
    edges = np.array(grid.edges, dtype=np.int64)
    for lane in grid.lanes:
        starts, ends = edges[lane, 0], edges[lane, 1]
        place = np.searchsorted(starts, bucket, side="right") - 1
        inside = np.flatnonzero((place >= 0) & (bucket < ends[np.maximum(place, 0)]))
        rows.append(inside)
        periods.append(np.array(lane, dtype=np.int64)[place[inside]])
    return np.concatenate(rows), np.concatenate(periods)


def added(cell: Ints, group: Ints, sums: Mapping[str, Array], how: str = "add") -> Block:
    """Rows added up (or their least or greatest taken) by cell and customer group."""
    cells, place = np.unique(cell, return_inverse=True)
    flat = place * WIDTH + group
    size = len(cells) * WIDTH
    found = {}
    for name, values in sums.items():
        if how == "add":
            total = np.bincount(flat, weights=values, minlength=size).astype(np.float64)
        else:
            total = np.full(size, np.nan)
            (np.fmin if how == "min" else np.fmax).at(total, flat, values)
        found[name] = total.reshape(len(cells), WIDTH)
    return Block(cells, found)


def running(grid: Grid, how: str, bucket: Ints, segment: Ints, group: Ints, sums: Mapping[str, Array]) -> Block:
    """The total of everything before the start, or the end, of each period, for every segment."""
    edges = np.array(grid.edges, dtype=np.int64)[:, 0 if how == "start" else 1]
    sorted_edges = np.unique(edges)
    slot = np.searchsorted(sorted_edges, bucket, side="right")
    known, place = np.unique(segment, return_inverse=True)
    slots = len(sorted_edges) + 1
    flat = (place * slots + slot) * WIDTH + group
    at = np.searchsorted(sorted_edges, edges)
    cells = (np.arange(len(edges))[:, None] * SEGMENTS + known[None, :]).ravel()
    found = {}
    for name, values in sums.items():
        steps = np.bincount(flat, weights=values, minlength=len(known) * slots * WIDTH).reshape(len(known), slots, WIDTH)
        at_edges = steps.cumsum(axis=1)[:, at, :]
        found[name] = at_edges.transpose(1, 0, 2).reshape(-1, WIDTH).astype(np.float64)
    return Block(cells, found)
