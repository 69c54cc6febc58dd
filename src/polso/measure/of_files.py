"""Partials of whole files: computed once for each file and column, for a file never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from polso.engines.engine import FILE
from polso.formula.grid import Grid
from polso.formula.partials import Scan, Slice
from polso.formula.scans import BIN, BUCKET, GROUP, by_name, file_sql
from polso.measure.kept import Source, packed, unpacked
from polso.warehouse.store import DataFile

_KEYS = "keys"


def of_files(
    scan: Scan, columns: Mapping[str, exp.Expr], slice_: Slice, grid: Grid, files: Sequence[DataFile], source: Source
) -> pa.Table:
    """The sums of files by bucket, segment, group (and bin); only files and columns not met before are computed."""
    plan = source.plan("file", scan, slice_, grid)
    kept = source.fetch(plan, [f"{file.name}:{name}" for file in files for name in (_KEYS, *columns)])

    def lacks(file: DataFile, name: str) -> bool:
        return f"{file.name}:{name}" not in kept or f"{file.name}:{_KEYS}" not in kept

    missing = [file for file in files if any(lacks(file, name) for name in columns)]
    if missing:
        lacking = {name: sql for name, sql in columns.items() if any(lacks(file, name) for file in missing)}
        sql = file_sql(scan, lacking, slice_, grid.unit, grid.zone, source.years(scan.entity))
        table = source.query(sql, scan.entity, missing)
        kept |= _keep(table, missing, lacking, plan, source)
    return _joined(kept, files, columns, len(slice_.by.get(scan.entity, ())), scan.kind == "bins")


def _keep(table: pa.Table, files: Sequence[DataFile], columns: Iterable[str], plan: str, source: Source) -> dict[str, bytes]:
    """Cut a result, sorted by file, into one blob of keys per file and one of numbers per file and column."""
    names = pc.dictionary_encode(table[FILE].combine_chunks())
    places = {name: place for place, name in enumerate(names.dictionary.to_pylist())}
    order = names.indices.to_numpy()
    keys = table.drop_columns([FILE, *columns])
    numbers = {name: np.ascontiguousarray(table[name].to_numpy(), dtype=np.float64) for name in columns}
    found: dict[str, bytes] = {}
    made_from: dict[str, list[DataFile]] = {}
    for file in files:
        # The result is sorted by file; one without rows has no place.
        place = places.get(file.name, len(places))
        start, stop = np.searchsorted(order, [place, place + 1])
        found[f"{file.name}:{_KEYS}"] = packed(keys.slice(start, stop - start))
        for name, values in numbers.items():
            found[f"{file.name}:{name}"] = values[start:stop].tobytes()
        made_from |= {f"{file.name}:{name}": [file] for name in (_KEYS, *columns)}
    source.keep(plan, found, made_from)
    return found


def _joined(kept: Mapping[str, bytes], files: Sequence[DataFile], columns: Iterable[str], splits: int, binned: bool) -> pa.Table:
    tables = [unpacked(kept[f"{file.name}:{_KEYS}"]) for file in files]
    keys = pa.concat_tables(tables) if tables else _no_keys(splits, binned)
    for name in columns:
        pieces = [np.frombuffer(kept[f"{file.name}:{name}"]) for file in files]
        keys = keys.append_column(name, pa.array(np.concatenate(pieces) if pieces else np.zeros(0)))
    return keys


def _no_keys(splits: int, binned: bool) -> pa.Table:
    texts = [(by_name(position), pa.string()) for position in range(splits)]
    fields = [(BUCKET, pa.int64()), *texts, (GROUP, pa.int64())]
    return pa.schema([*fields, (BIN, pa.int64())] if binned else fields).empty_table()
