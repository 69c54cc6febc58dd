"""Sums by period: added up from the partials of files, or asked of the rows where days cannot be added; kept as well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pyarrow as pa
from sqlglot import exp

from polso.formula.combine import Array
from polso.formula.grid import Grid, utc
from polso.formula.partials import Scan, Slice
from polso.formula.scans import BUCKET, PERIOD, period_sql
from polso.measure.cells import SEGMENTS, WIDTH, Block, Segments, added, groups_of, in_periods, running
from polso.measure.kept import Ints, Source
from polso.measure.of_files import of_files
from polso.warehouse.store import DataFile

_MANY = 100
"""Beyond so many periods, adding up days is cheaper than keeping the sums of each."""
_NAMES = "segments"


@dataclass(frozen=True)
class Asked:
    """The periods of a scan that any file touches, each with those files and the key it is kept under."""

    scan: Scan
    slice_: Slice
    grid: Grid
    source: Source
    files: Mapping[int, Sequence[DataFile]]

    @classmethod
    def of(cls, scan: Scan, slice_: Slice, grid: Grid, source: Source, how: str = "add") -> Asked:
        """Find the files of each period."""
        found = {index: _files_of(scan, how, grid, index, source) for index in range(len(grid.periods))}
        return cls(scan, slice_, grid, source, {index: files for index, files in found.items() if files})

    @property
    def splits(self) -> int:
        """How many columns split the answer."""
        return len(self.slice_.by.get(self.scan.entity, ()))

    @property
    def keys(self) -> dict[int, str]:
        """By period, a text that is the same as long as its files are."""
        until = self.source.latest(self.scan.entity).isoformat() if self.scan.kind == "waits" else ""
        edges, found = self.grid.edges, {}
        for index, files in self.files.items():
            names = sha256("|".join(file.name for file in files).encode()).hexdigest()[:24]
            found[index] = f"{edges[index][0]}:{edges[index][1]}:{names}:{until}"
        return found

    def plan(self, kind: str) -> str:
        """What the sums of periods are kept under, beside the period's key."""
        return self.source.plan(f"period {kind}", self.scan, self.slice_, self.grid)

    def only(self, indices: Sequence[int]) -> Asked:
        """The same about some of the periods, numbered anew."""
        periods = tuple(self.grid.periods[index] for index in indices)
        files = {place: self.files[index] for place, index in enumerate(indices)}
        return Asked(self.scan, self.slice_, Grid(self.grid.unit, self.grid.zone, periods), self.source, files)

    def rows(self, columns: Mapping[str, exp.Expr]) -> tuple[pa.Table, str]:
        """Partial rows with the time they belong to: their bucket (of whole files) or their period."""
        files = list({file.name: file for files in self.files.values() for file in files}.values())
        if self.scan.whole:
            return of_files(self.scan, columns, self.slice_, self.grid, files, self.source), BUCKET
        years, latest = self.source.years(self.scan.entity), self.source.latest(self.scan.entity)
        wanted = range(len(self.grid.periods))
        sql = period_sql(self.scan, columns, self.slice_, self.grid, wanted, years, latest)
        return self.source.query(sql, self.scan.entity, files), PERIOD

    def placed(self, table: pa.Table, when: str) -> tuple[Ints, Ints]:
        """Which rows fall in which period."""
        moment = table[when].to_numpy().astype(np.int64)
        return in_periods(self.grid, moment) if when == BUCKET else (np.arange(len(table)), moment)


def of_periods(asked: Asked, how: str, columns: Mapping[str, exp.Expr], segments: Segments) -> Block:
    """The sums of every period; only periods whose files changed since, and columns not met before, are computed."""
    if asked.scan.whole and len(asked.files) > _MANY:
        return _renumbered(*_computed(asked.only(list(asked.files)), how, columns), list(asked.files), segments)
    source, keys, plan = asked.source, asked.keys, asked.plan(how)
    kept = source.fetch(plan, [f"{key}:{name}" for key in keys.values() for name in (_NAMES, *columns)])
    missing = [index for index, key in keys.items() if any(f"{key}:{name}" not in kept for name in (_NAMES, *columns))]
    if missing:
        fresh: dict[str, bytes] = {}
        of_whom: dict[str, Sequence[DataFile]] = {}
        for place, named, sums in _cut(*_computed(asked.only(missing), how, columns), len(missing)):
            index = missing[place]
            items = {_NAMES: json.dumps(named).encode(), **{name: values.tobytes() for name, values in sums.items()}}
            fresh |= {f"{keys[index]}:{name}": blob for name, blob in items.items()}
            of_whom |= {f"{keys[index]}:{name}": asked.files[index] for name in items}
        source.keep(plan, fresh, of_whom)
        kept |= fresh
    return _read(kept, keys, columns, segments)


def _computed(asked: Asked, how: str, columns: Mapping[str, exp.Expr]) -> tuple[Block, Segments]:
    table, when = asked.rows(columns)
    segments = Segments()
    segment, group = segments.of(table, asked.splits), groups_of(table)
    sums = {name: table[name].to_numpy() for name in columns}
    if how in ("start", "end"):
        bucket = table[BUCKET].to_numpy().astype(np.int64)
        return running(asked.grid, how, bucket, segment, group, sums), segments
    row, period = asked.placed(table, when)
    here = {name: values[row] for name, values in sums.items()}
    return added(period * SEGMENTS + segment[row], group[row], here, how), segments


def _renumbered(block: Block, local: Segments, periods: Sequence[int], segments: Segments) -> Block:
    number = segments.numbers(list(local.number))
    period = np.array(periods, dtype=np.int64)[block.cells // SEGMENTS]
    return Block(period * SEGMENTS + number[block.cells % SEGMENTS], block.sums)


def _cut(block: Block, segments: Segments, periods: int) -> Iterator[tuple[int, list[list[str | None]], dict[str, Array]]]:
    """Period by period: its segments, and their sums."""
    names = [list(segment) for segment in segments.number]
    edges = np.searchsorted(block.cells, np.arange(periods + 1) * SEGMENTS)
    for place in range(periods):
        here = slice(edges[place], edges[place + 1])
        named = [names[number] for number in block.cells[here] % SEGMENTS]
        yield place, named, {name: values[here] for name, values in block.sums.items()}


def _read(kept: Mapping[str, bytes], keys: Mapping[int, str], columns: Mapping[str, exp.Expr], segments: Segments) -> Block:
    cells = [
        index * SEGMENTS + segments.numbers([tuple(named) for named in json.loads(kept[f"{key}:{_NAMES}"])])
        for index, key in keys.items()
    ]
    sums = {name: b"".join(kept[f"{key}:{name}"] for key in keys.values()) for name in columns}
    return Block(
        np.concatenate(cells) if cells else np.zeros(0, dtype=np.int64),
        {name: np.frombuffer(values).reshape(-1, WIDTH) for name, values in sums.items()},
    )


def _files_of(scan: Scan, how: str, grid: Grid, index: int, source: Source) -> list[DataFile]:
    """The files that can matter to a period."""
    period = grid.periods[index]
    start, end = utc(period.start, grid.zone), utc(period.end, grid.zone)
    files = source.snapshots[scan.entity].files
    dated = [file for file in files if scan.time in file.times]
    if how == "start":
        return [file for file in dated if file.times[scan.time][0] < start]
    if how == "end" or scan.kind == "flows":
        return [file for file in dated if file.times[scan.time][0] < end]
    touching = [file for file in dated if file.times[scan.time][0] < end and file.times[scan.time][1] >= start]
    return list(files) if touching and scan.windows else touching
