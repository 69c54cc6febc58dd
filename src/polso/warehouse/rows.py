"""The SQL that moves rows: read what is staged, tell new from known, write data files where they belong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

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
    places = "file_index as file_, file_row_number as row_"
    return f"select {', '.join(columns)}, {_month(entity)}, {places} from {source}"  # noqa: S608


def _month(entity: Entity) -> str:
    # Of a moment with zone strftime asks the calendar of the zone, which takes twice as long.
    return f"strftime(make_timestamp(epoch_us({quoted(entity.anchor)})), '%Y-%m') as month_"


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


def write(connection: duckdb.DuckDBPyConnection, entity: Entity, query: str, folder: Path, prefix: str) -> list[DataFile]:
    """Write a query's rows as data files by month, on the disk when this returns, and describe them."""
    names = entity.arrow_schema.names
    return _written(lambda sql: connection.execute(sql).fetchall(), entity, names, query, folder, prefix)


@dataclass(frozen=True)
class Laid:
    """Checked rows written the way a table keeps them, but not yet in its folder."""

    files: tuple[DataFile, ...]
    repeated: bool
    """Whether an id comes more than once: which row was the last is then no longer known."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(file.rows for file in self.files)


def lay(run: Callable[[str], list[tuple[Any, ...]]], entity: Entity, query: str, folder: Path, empty: Iterable[str] = ()) -> Laid:
    """Write a query's rows, all of them with id and anchor, as data files that a load can take as they are.

    Columns known to be `empty` are left out, as they are of files older than a column.
    """
    dated = f"select *, {_month(entity)} from ({query})"  # noqa: S608
    names = [name for name in entity.arrow_schema.names if name not in empty]
    files = _written(run, entity, names, dated, folder, "laid")
    if not files:
        return Laid((), False)
    source = parquet((file.path for file in files), by_name=False)
    most = run(f"select max(n) from (select count(*) as n from {source} group by hash(id))")  # noqa: S608
    return Laid(tuple(files), most[0][0] > 1)


def take(files: Iterable[DataFile], folder: Path, prefix: str) -> list[DataFile]:
    """Give data files laid elsewhere a name in a table's folder."""
    taken = []
    for file in files:
        path = folder / f"month={file.month}" / f"{prefix}-{uuid4()}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        _link(file.path, path)
        taken.append(replace(file, path=str(path)))
    return taken


def _link(path: str, name: Path) -> None:
    try:
        os.link(path, name)
    except OSError:
        # Not every file system knows a second name.
        shutil.copyfile(path, name)
        _sync(str(name))


def _written(
    run: Callable[[str], list[tuple[Any, ...]]],
    entity: Entity,
    names: Iterable[str],
    query: str,
    folder: Path,
    prefix: str,
) -> list[DataFile]:
    columns = ", ".join(map(quoted, names))
    written = run(
        f"copy (select {columns}, month_ as month from ({query})) to {literal(str(folder))} (format parquet, "  # noqa: S608
        f"compression zstd, partition_by (month), filename_pattern {literal(prefix + '-{uuid}')}, "
        "return_stats, overwrite_or_ignore)"
    )
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
