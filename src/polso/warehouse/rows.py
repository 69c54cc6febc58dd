"""The SQL that moves rows: read what is staged, tell new from known, write data files where they belong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from polso.entities import CUSTOMER_GROUPS, Entity
from polso.errors import WarehouseError
from polso.warehouse.log import DataFile

MEMORY = "4GB"


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
    """Return a query for the entity's columns, `month_` and the place of each row; columns older files lack are null."""
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


@dataclass(frozen=True)
class Fate:
    """What became of the staged rows, seen against one snapshot."""

    inserted: int
    updated: int
    unchanged: int
    touched: tuple[DataFile, ...]
    """The files that hold a former state of changed rows."""


class Staged:
    """Rows about to be loaded, on a connection of their own; of an id that comes twice the last row counts."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, entity: Entity, files: Sequence[Path]) -> None:
        self._connection = connection
        self.entity = entity
        self.count = 0
        if not files:
            return
        paths = [str(Path(file).absolute()) for file in files]
        self._run(f"create temp view staged as {rows_of(connection, entity, paths)}")
        repeated = self._check()
        self._run(f"create temp view arriving as {self._last_of_each(repeated)}")
        self.count -= self._value("select count(*) from former") if repeated else 0

    def _check(self) -> bool:
        anchor = quoted(self.entity.anchor)
        self.count, named, dated, repeated = self._row(
            "select sum(n), sum(named), sum(dated), max(n) from (select count(*) as n, count(id) as named, "  # noqa: S608
            f"count({anchor}) as dated from staged group by hash(id))"
        )
        self.count = int(self.count or 0)
        for column, present in (("id", named), (self.entity.anchor, dated)):
            if self.count and present < self.count:
                raise WarehouseError(
                    f"{self.count - present} rows of {self.entity.name} have no {column}: check the file with --dry-run"
                )
        return bool(self.count) and repeated > 1

    def _last_of_each(self, repeated: bool) -> str:
        if not repeated:
            return "select * from staged"
        self._run(
            "create temp table former as select file_, row_ from (select file_, row_, "
            "row_number() over (partition by id order by file_ desc, row_ desc) as rank_ from staged "
            "where hash(id) in (select hash(id) from staged group by 1 having count(*) > 1)) where rank_ > 1"
        )
        return "select * from staged anti join former using (file_, row_)"

    def against(self, live: Sequence[DataFile]) -> Fate:
        """Tell new, changed and unchanged rows; keeps the ids of the latter two in temp tables."""
        self._run("create or replace temp table unchanged (id varchar)")
        self._run("create or replace temp table changed (id varchar, file_ bigint)")
        holders = self._holders(live)
        if holders:
            self._compare(holders)
        same = self._value("select count(*) from unchanged")
        updated = self._value("select count(distinct id) from changed")
        touched = [holders[row[0]] for row in self._rows("select distinct file_ from changed")]
        return Fate(self.count - same - updated, updated, same, tuple(sorted(touched, key=lambda file: file.name)))

    def _holders(self, live: Sequence[DataFile]) -> list[DataFile]:
        """The live files that hold any of the arriving ids."""
        if not live or not self.count:
            return []
        source = parquet((file.path for file in live), by_name=False)
        found = self._rows(
            f"select distinct l.file_index from (select id, file_index from {source}) l "  # noqa: S608
            "where l.id in (select id from staged)"
        )
        return [live[row[0]] for row in sorted(found)]

    def _compare(self, holders: Sequence[DataFile]) -> None:
        names = self.entity.arrow_schema.names
        same = " and ".join(f"l.{quoted(n)} is not distinct from s.{quoted(n)}" for n in names if n != "id")
        self._run(
            "create or replace temp table met as select s.id as id, l.file_ as file_, "  # noqa: S608
            f"{same} as same from ({rows_of(self._connection, self.entity, [file.path for file in holders])}) l "
            "join arriving s on l.id = s.id"
        )
        alike = "select id from met group by id having bool_and(same) and count(*) = 1"
        self._run(f"insert into unchanged {alike}")
        self._run("insert into changed select id, file_ from met anti join unchanged using (id)")

    def unchanged_mark(self) -> Any:
        """Return something that differs when other rows are unchanged."""
        return self._row("select count(*), sum(hash(id)::hugeint) from unchanged")

    def write_fresh(self, folder: Path, prefix: str) -> list[DataFile]:
        """Write the new and changed rows to files of their own."""
        query = "select * from arriving"
        if self._value("select count(*) from unchanged"):
            query += " anti join unchanged using (id)"
        return write(self._connection, self.entity, query, folder, prefix)

    def write_rest(self, touched: Sequence[DataFile], folder: Path, prefix: str) -> list[DataFile]:
        """Write what remains of files when their changed rows are left out."""
        live = rows_of(self._connection, self.entity, [file.path for file in touched])
        return write(self._connection, self.entity, f"select * from ({live}) anti join changed using (id)", folder, prefix)  # noqa: S608

    def _run(self, sql: str) -> None:
        self._connection.execute(sql)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    def _row(self, sql: str) -> tuple[Any, ...]:
        return self._rows(sql)[0]

    def _value(self, sql: str) -> int:
        return int(self._row(sql)[0])


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
