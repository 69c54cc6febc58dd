"""Partials of files and periods, kept and added up into sums by cell (period × segment) and customer group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from os.path import exists
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from polso.engines.engine import FILE, Engine
from polso.entities import CUSTOMER_GROUPS
from polso.formula.combine import Array
from polso.formula.grid import Grid, utc
from polso.formula.partials import (
    BIN,
    BUCKET,
    GROUP,
    PERIOD,
    Part,
    Scan,
    Slice,
    by_name,
    file_sql,
    period_sql,
)
from polso.warehouse.store import DataFile, Snapshot

Ints = NDArray[np.int64]
WIDTH = CUSTOMER_GROUPS + 1
"""Customer groups, and one more place for what belongs to no single group."""
_SEGMENTS = 1 << 32
_LAYOUT = "1"
"""Changes when what is stored in the cache changes shape."""


class Cache(Protocol):
    """Keeps bytes by plan and key; forgetting is always allowed."""

    def get_many(self, plan: str, keys: Sequence[str]) -> dict[str, bytes]: ...

    def put_many(self, plan: str, items: Mapping[str, bytes], files: Mapping[str, Sequence[str]]) -> None: ...


@dataclass
class Segments:
    """Segments met so far, numbered; a segment is the tuple of its split values."""

    number: dict[tuple[str | None, ...], int] = field(default_factory=dict)

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
        numbers = [self.number.setdefault(segment, len(self.number)) for segment in zip(*columns, strict=True)]
        return np.array(numbers, dtype=np.int64)[inverse]


@dataclass
class Rows:
    """Partial rows: where each belongs, and its sums by column name."""

    cell: Ints
    group: Ints
    bin: Ints | None
    sums: dict[str, Array]


@dataclass
class Gathered:
    """All sums of a question: cells in order, and the sums of each part by cell and customer group."""

    cells: Ints
    """Period × 2³² + segment, sorted."""
    segments: Segments
    sums: dict[tuple[str, str, str], Array]
    """By scan, column and how: shape (cells, 33)."""
    binned: dict[str, Rows]
    """By scan: rows with a bin; their `cell` is the place in `cells`."""

    @property
    def period(self) -> Ints:
        """The period of each cell."""
        return self.cells // _SEGMENTS

    @property
    def segment(self) -> Ints:
        """The segment of each cell."""
        return self.cells % _SEGMENTS

    def of(self, part: Part) -> Array:
        """The sums of a part."""
        return self.sums[part.key]


@dataclass(frozen=True)
class Source:
    """Where partials come from: the facts as they stood, an engine, and what was kept of earlier work."""

    snapshots: Mapping[str, Snapshot]
    engine: Engine
    cache: Cache | None = None

    def moments(self, entity: str) -> list[tuple[datetime, datetime]]:
        """First and last moment of every time column of every file."""
        return [span for file in self.snapshots[entity].files for span in file.times.values()]

    def years(self, entity: str) -> tuple[int, int]:
        """The years that an entity's moments fall in, and one more on each side."""
        moments = self.moments(entity)
        if not moments:
            return 1970, 1971
        return min(first.year for first, _ in moments) - 1, max(last.year for _, last in moments) + 1

    def latest(self, entity: str) -> datetime:
        """The moment of the latest fact."""
        return max((last for _, last in self.moments(entity)), default=datetime(1970, 1, 1, tzinfo=UTC))


def gather(parts: Iterable[Part], slice_: Slice, grid: Grid, source: Source) -> Gathered:
    """Compute or fetch every part and add the pieces up; without a split, every period has a cell."""
    segments = Segments()
    wanted = sorted({part.key: part for part in parts}.values(), key=lambda part: (part.scan.key, part.how, part.name))
    blocks: dict[tuple[str, str, str], tuple[Ints, Array]] = {}
    binned: dict[str, Rows] = {}
    for _, of_scan in groupby(wanted, key=lambda part: part.scan.key):
        scan_parts = list(of_scan)
        scan = scan_parts[0].scan
        splits = len(slice_.by.get(scan.entity, ()))
        columns = {part.name: part.sql for part in scan_parts}
        if scan.whole:
            table = _of_files(scan, columns, slice_, grid, source)
            bucket, segment, group = _places(table, segments, splits, BUCKET)
            for how, same in groupby(scan_parts, key=lambda part: part.how):
                names = [part.name for part in same]
                sums = {name: table[name].to_numpy() for name in names}
                if how in ("start", "end"):
                    found = _running(grid, how, bucket, segment, group, sums)
                else:
                    row, period = _in_periods(grid, bucket)
                    bins = table[BIN].to_numpy()[row] if scan.kind == "bins" else None
                    here = {name: values[row] for name, values in sums.items()}
                    rows = Rows(period * _SEGMENTS + segment[row], group[row], bins, here)
                    if bins is not None:
                        binned[scan.key] = rows
                    found = _summed(rows, how)
                blocks |= {(scan.key, name, how): block for name, block in found.items()}
        else:
            table = _of_periods(scan, columns, slice_, grid, source)
            period, segment, group = _places(table, segments, splits, PERIOD)
            bins = table[BIN].to_numpy() if scan.kind in ("bins", "waits") else None
            rows = Rows(period * _SEGMENTS + segment, group, bins, {name: table[name].to_numpy() for name in columns})
            if bins is not None:
                binned[scan.key] = rows
            for part in scan_parts:
                only = Rows(rows.cell, rows.group, None, {part.name: rows.sums[part.name]})
                blocks[scan.key, part.name, part.how] = _summed(only, part.how)[part.name]
    unsplit = np.arange(0 if any(slice_.by.values()) else len(grid.periods), dtype=np.int64) * _SEGMENTS
    if len(unsplit):
        segments.number.setdefault((), 0)
    cells = np.unique(np.concatenate([unsplit, *(cells for cells, _ in blocks.values())]))
    return _aligned(cells, blocks, binned, segments)


def _aligned(
    cells: Ints, blocks: dict[tuple[str, str, str], tuple[Ints, Array]], binned: dict[str, Rows], segments: Segments
) -> Gathered:
    sums = {}
    for key, (own, values) in blocks.items():
        fill = np.nan if key[2] in ("min", "max") else 0.0
        aligned = np.full((len(cells), WIDTH), fill)
        aligned[np.searchsorted(cells, own)] = values
        sums[key] = aligned
    for rows in binned.values():
        rows.cell = np.searchsorted(cells, rows.cell)
    return Gathered(cells, segments, sums, binned)


def _places(table: pa.Table, segments: Segments, splits: int, when: str) -> tuple[Ints, Ints, Ints]:
    group = table[GROUP].to_numpy().astype(np.int64)
    # Group −1 holds what belongs to several groups: it goes to the last place.
    group = np.where(group < 0, CUSTOMER_GROUPS, group)
    return table[when].to_numpy().astype(np.int64), segments.of(table, splits), group


def _in_periods(grid: Grid, bucket: Ints) -> tuple[Ints, Ints]:
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


def _summed(rows: Rows, how: str) -> dict[str, tuple[Ints, Array]]:
    cells, place = np.unique(rows.cell, return_inverse=True)
    flat = place * WIDTH + rows.group
    size = len(cells) * WIDTH
    found = {}
    for name, values in rows.sums.items():
        if how == "add":
            total = np.bincount(flat, weights=values, minlength=size).astype(np.float64)
        else:
            total = np.full(size, np.nan)
            (np.fmin if how == "min" else np.fmax).at(total, flat, values)
        found[name] = cells, total.reshape(len(cells), WIDTH)
    return found


def _running(
    grid: Grid, how: str, bucket: Ints, segment: Ints, group: Ints, sums: Mapping[str, Array]
) -> dict[str, tuple[Ints, Array]]:
    """The total of everything before the start, or the end, of each period, for every segment."""
    edges = np.array(grid.edges, dtype=np.int64)[:, 0 if how == "start" else 1]
    sorted_edges = np.unique(edges)
    slot = np.searchsorted(sorted_edges, bucket, side="right")
    known, place = np.unique(segment, return_inverse=True)
    slots = len(sorted_edges) + 1
    flat = (place * slots + slot) * WIDTH + group
    at = np.searchsorted(sorted_edges, edges)
    cells = (np.arange(len(edges))[:, None] * _SEGMENTS + known[None, :]).ravel()
    found = {}
    for name, values in sums.items():
        steps = np.bincount(flat, weights=values, minlength=len(known) * slots * WIDTH).reshape(len(known), slots, WIDTH)
        running = steps.cumsum(axis=1)[:, at, :]
        found[name] = cells, running.transpose(1, 0, 2).reshape(-1, WIDTH).astype(np.float64)
    return found


# --- Partials of whole files -------------------------------------------------------------------------------------------


def _of_files(scan: Scan, columns: Mapping[str, object], slice_: Slice, grid: Grid, source: Source) -> pa.Table:
    """The partial sums of every file of an entity; only files and columns not met before are computed."""
    files = [file for file in source.snapshots[scan.entity].files if scan.time in file.times]
    plan = _plan("file", scan, slice_, grid, source)
    binned = scan.kind == "bins"
    kept = _fetch(source, plan, [f"{file.name}:{name}" for file in files for name in ("keys", *columns)])
    missing = [file for file in files if any(f"{file.name}:{name}" not in kept for name in ("keys", *columns))]
    if missing:
        lacking = {
            name: sql
            for name, sql in columns.items()
            if any(f"{file.name}:{name}" not in kept or f"{file.name}:keys" not in kept for file in missing)
        }
        sql = file_sql(scan, lacking, slice_, grid.unit, grid.zone, source.years(scan.entity))  # type: ignore[arg-type]
        table = _typed(source.engine.query(sql, {scan.entity: [file.path for file in missing]}))
        fresh = _by_file(table, missing, lacking)
        _store(source, plan, fresh, missing)
        kept |= fresh
    splits = len(slice_.by.get(scan.entity, ()))
    return _joined(kept, files, columns, splits, binned)


def _by_file(table: pa.Table, files: Sequence[DataFile], columns: Iterable[str]) -> dict[str, bytes]:
    """Cut a result, sorted by file, into one blob of keys per file and one of numbers per file and column."""
    names = np.asarray(table[FILE].to_numpy(zero_copy_only=False), dtype=object) if len(table) else np.zeros(0, object)
    places = {name: index for index, name in enumerate(sorted(file.name for file in files))}
    order = np.array([places[name] for name in names], dtype=np.int64)
    keys = table.drop_columns([FILE, *columns])
    numbers = {name: np.ascontiguousarray(table[name].to_numpy(), dtype=np.float64) for name in columns}
    found = {}
    for file in files:
        start, stop = np.searchsorted(order, [places[file.name], places[file.name] + 1])
        found[f"{file.name}:keys"] = _packed(keys.slice(start, stop - start))
        for name, values in numbers.items():
            found[f"{file.name}:{name}"] = values[start:stop].tobytes()
    return found


def _joined(kept: Mapping[str, bytes], files: Sequence[DataFile], columns: Iterable[str], splits: int, binned: bool) -> pa.Table:
    tables = [_unpacked(kept[f"{file.name}:keys"]) for file in files]
    keys = pa.concat_tables(tables) if tables else _no_keys(splits, binned)
    for name in columns:
        pieces = [np.frombuffer(kept[f"{file.name}:{name}"]) for file in files]
        keys = keys.append_column(name, pa.array(np.concatenate(pieces) if pieces else np.zeros(0)))
    return keys


def _no_keys(splits: int, binned: bool, when: str = BUCKET) -> pa.Table:
    fields = [
        (when, pa.int64()),
        *((by_name(position), pa.string()) for position in range(splits)),
        (GROUP, pa.int64()),
    ]
    return pa.schema([*fields, (BIN, pa.int64())] if binned else fields).empty_table()


# --- Partials of periods -----------------------------------------------------------------------------------------------


def _of_periods(scan: Scan, columns: Mapping[str, object], slice_: Slice, grid: Grid, source: Source) -> pa.Table:
    """The sums of every period; only periods whose files changed since are computed."""
    snapshot = source.snapshots[scan.entity]
    splits, binned = len(slice_.by.get(scan.entity, ())), scan.kind in ("bins", "waits")
    plan = _plan("period", scan, slice_, grid, source, *sorted(columns))
    files = {index: _files_of(scan, snapshot, grid, index) for index in range(len(grid.periods))}
    files = {index: chosen for index, chosen in files.items() if chosen}
    keys = {index: _period_key(scan, grid, index, chosen, source) for index, chosen in files.items()}
    kept = _fetch(source, plan, list(keys.values()))
    missing = [index for index in files if keys[index] not in kept]
    if missing:
        union = {file.name: file for index in missing for file in files[index]}
        years, latest = source.years(scan.entity), source.latest(scan.entity)
        sql = period_sql(scan, columns, slice_, grid, missing, years, latest)  # type: ignore[arg-type]
        table = _typed(source.engine.query(sql, {scan.entity: [file.path for file in union.values()]}))
        period = table[PERIOD].to_numpy()
        for index in missing:
            start, stop = np.searchsorted(period, [index, index + 1])
            blob = {keys[index]: _packed(table.drop_columns([PERIOD]).slice(start, stop - start))}
            _store(source, plan, blob, files[index])
            kept |= blob
    tables = []
    for index in files:
        table = _unpacked(kept[keys[index]])
        tables.append(table.add_column(0, PERIOD, pa.array(np.full(len(table), index, dtype=np.int64))))
    if tables:
        return pa.concat_tables(tables)
    empty = _no_keys(splits, binned, PERIOD)
    for name in columns:
        empty = empty.append_column(name, pa.array([], pa.float64()))
    return empty


def _files_of(scan: Scan, snapshot: Snapshot, grid: Grid, index: int) -> list[DataFile]:
    """The files that can matter to a period."""
    period = grid.periods[index]
    start, end = utc(period.start, grid.zone), utc(period.end, grid.zone)
    dated = [file for file in snapshot.files if scan.time in file.times]
    touching = [file for file in dated if file.times[scan.time][0] < end and file.times[scan.time][1] >= start]
    if not touching and scan.kind != "flows":
        return []
    if scan.windows:
        return list(snapshot.files)
    if scan.kind == "flows":
        return [file for file in dated if file.times[scan.time][0] < end]
    return touching


def _period_key(scan: Scan, grid: Grid, index: int, files: Sequence[DataFile], source: Source) -> str:
    names = sha256("|".join(file.name for file in files).encode()).hexdigest()[:24]
    start, end = grid.edges[index]
    until = source.latest(scan.entity).isoformat() if scan.kind == "waits" else ""
    return f"{start}:{end}:{names}:{until}"


# --- Keeping -----------------------------------------------------------------------------------------------------------


def _plan(kind: str, scan: Scan, slice_: Slice, grid: Grid, source: Source, *more: str) -> str:
    parts = (_LAYOUT, kind, source.engine.name, scan.key, slice_.key(scan.entity), grid.unit, grid.zone.key, *more)
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _fetch(source: Source, plan: str, keys: Sequence[str]) -> dict[str, bytes]:
    return source.cache.get_many(plan, keys) if source.cache is not None and keys else {}


def _store(source: Source, plan: str, items: Mapping[str, bytes], files: Sequence[DataFile]) -> None:
    # A file erased in the meantime must not come back as a partial.
    if source.cache is None or not all(exists(file.path) for file in files):
        return
    named = {file.name: [file.name] for file in files}
    every = [file.name for file in files]
    source.cache.put_many(plan, items, {key: named.get(key.split(":")[0], every) for key in items})


def _typed(table: pa.Table) -> pa.Table:
    """The same column types whatever the engine."""
    whole = {BUCKET, PERIOD, GROUP, BIN}
    types = [
        pa.int64() if name in whole else pa.string() if name.startswith("by") or name == FILE else pa.float64()
        for name in table.column_names
    ]
    return table.cast(pa.schema(list(zip(table.column_names, types, strict=True)))).combine_chunks()


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return bytes(sink.getvalue())


def _unpacked(blob: bytes) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(blob)).read_all()
