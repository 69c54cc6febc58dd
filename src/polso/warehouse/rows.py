"""The SQL that moves rows: read what is staged, tell new from known, write data files where they belong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from polso.entities import CUSTOMER_GROUPS, Entity
from polso.warehouse.log import DataFile

MEMORY = "1GB"
"""What a query may hold in memory before it spills to disk; the program itself comes on top."""


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def parquet(paths: Iterable[str], *, by_name: bool = True) -> str:
    """Return the table function that reads these files, and takes nothing from the names of their folders."""
    files = ", ".join(literal(path) for path in paths)
    return f"read_parquet([{files}], union_by_name = {str(by_name).lower()}, hive_partitioning = false)"


def rows_of(connection: duckdb.DuckDBPyConnection, entity: Entity, paths: Sequence[str]) -> str:
    """Return a query for the entity's columns, `month_` and each row's place; columns older files lack are null."""
    source = parquet(paths)
    have = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}  # noqa: S608
    columns = [_column(entity, name, name in have) for name in entity.arrow_schema.names]
    month = f"strftime({quoted(entity.anchor)}, '%Y-%m') as month_"
    places = "file_index as file_, file_row_number as row_"
    return f"select {', '.join(columns)}, {month}, {places} from {source}"  # noqa: S608


def _column(entity: Entity, name: str, there: bool) -> str:
    kind = entity.by_name[name].type.sql
    column = f"cast({quoted(name)} as {kind})" if there else f"cast(null as {kind})"
    if name == "customer_id" and entity.name == "customer":
        column = f"coalesce({column}, {quoted('id')})"
    if name == "customer_group":
        known = f"{quoted('customer_id')}, {quoted('id')}"
        column = f"coalesce({column}, cast(md5_number_lower(coalesce({known})) & {CUSTOMER_GROUPS - 1} as {kind}))"
    return f"{column} as {quoted(name)}"


def holders(connection: duckdb.DuckDBPyConnection, live: Sequence[DataFile], ids: str) -> list[DataFile]:
    """Return the live files that hold any of the ids of a query."""
    if not live:
        return []
    source = parquet((file.path for file in live), by_name=False)
    found = connection.execute(
        f"select distinct file_index from (select id, file_index from {source}) where id in ({ids})"  # noqa: S608
    ).fetchall()
    return [live[row[0]] for row in sorted(found)]


def write_without(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    touched: Sequence[DataFile],
    ids: str,
    folder: Path,
    prefix: str,
) -> list[DataFile]:
    """Write what remains of files when the rows with the ids of a query are left out."""
    if not touched:
        return []
    live = rows_of(connection, entity, [file.path for file in touched])
    query = f"select * from ({live}) l anti join ({ids}) gone on l.id = gone.id"  # noqa: S608
    return write(connection, entity, query, folder, prefix)


def write(
    connection: duckdb.DuckDBPyConnection, entity: Entity, query: str, folder: Path, prefix: str
) -> list[DataFile]:
    """Write a query's rows as data files by month, on the disk when this returns, and describe them."""
    columns = ", ".join(quoted(name) for name in entity.arrow_schema.names)
    written = connection.execute(
        f"copy (select {columns}, month_ as month from ({query})) to {literal(str(folder))} (format parquet, "  # noqa: S608
        f"compression zstd, partition_by (month), filename_pattern {literal(prefix + '-{uuid}')}, "
        "return_stats, overwrite_or_ignore)"
    ).fetchall()
    files = [_described(entity, row) for row in written if row[1]]
    for file in files:
        _sync(file.path)
    return files


def _described(entity: Entity, row: tuple[Any, ...]) -> DataFile:
    path, count, size, _, statistics, partition = row[:6]
    return DataFile(path, partition["month"], count, size, _times(entity, statistics))


def _times(entity: Entity, statistics: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[datetime, datetime]]:
    times = {}
    for column in entity.all_columns:
        found = statistics.get(quoted(column.name), {})
        if column.time and "min" in found:
            times[column.name] = (_moment(found["min"]), _moment(found["max"]))
    return times


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
