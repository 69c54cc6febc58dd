"""Rows about to be loaded, and what they mean for the rows that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from polso.entities import Entity
from polso.errors import WarehouseError
from polso.warehouse.log import DataFile
from polso.warehouse.rows import Laid, holders, quoted, rows_of, take, write, write_without


@dataclass(frozen=True)
class Fate:
    """What became of the staged rows, seen against one snapshot."""

    inserted: int
    updated: int
    unchanged: int
    touched: tuple[DataFile, ...]
    """The files that hold a former state of changed rows."""


def _paths(file: Path | Laid) -> list[str]:
    return [one.path for one in file.files] if isinstance(file, Laid) else [str(Path(file).absolute())]


class Staged:
    """Rows about to be loaded, on a connection of their own; of an id that comes twice the last row counts."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, entity: Entity, files: Sequence[Path | Laid]) -> None:
        self._connection = connection
        self.entity = entity
        self.count = 0
        self._laid: tuple[DataFile, ...] = ()
        if not files:
            return
        laid = [file for file in files if isinstance(file, Laid)]
        paths = [path for file in files for path in _paths(file)]
        try:
            self._run(f"create temp view staged as {rows_of(connection, entity, paths)}")
            repeated = self._count(laid[0]) if len(laid) == len(files) == 1 else self._check()
        except duckdb.Error as error:
            raise WarehouseError(f"the checked rows of {entity.name} cannot be read: {error}") from error
        self._run(f"create temp view arriving as {self._last_of_each(repeated)}")
        self.count -= self._value("select count(*) from former") if repeated else 0
        if len(laid) == len(files) and not repeated:
            self._laid = tuple(file for each in laid for file in each.files)

    def _count(self, laid: Laid) -> bool:
        self.count = laid.rows
        return laid.repeated

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
        met = holders(self._connection, live, "select id from staged") if self.count else []
        if met:
            self._compare(met)
        same = self._value("select count(*) from unchanged")
        updated = self._value("select count(distinct id) from changed")
        touched = [met[row[0]] for row in self._rows("select distinct file_ from changed")]
        return Fate(self.count - same - updated, updated, same, tuple(sorted(touched, key=lambda file: file.name)))

    def _compare(self, met: Sequence[DataFile]) -> None:
        names = self.entity.arrow_schema.names
        same = " and ".join(f"l.{quoted(n)} is not distinct from s.{quoted(n)}" for n in names if n != "id")
        self._run(
            "create or replace temp table met as select s.id as id, l.file_ as file_, "  # noqa: S608
            f"{same} as same from ({rows_of(self._connection, self.entity, [file.path for file in met])}) l "
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
        some = self._value("select count(*) from unchanged")
        if self._laid and not some:
            return take(self._laid, folder, prefix)
        query = "select * from arriving"
        if some:
            query += " anti join unchanged using (id)"
        return write(self._connection, self.entity, query, folder, prefix)

    def write_rest(self, touched: Sequence[DataFile], folder: Path, prefix: str) -> list[DataFile]:
        """Write what remains of files when their changed rows are left out."""
        return write_without(self._connection, self.entity, touched, "select id from changed", folder, prefix)

    def _run(self, sql: str) -> None:
        self._connection.execute(sql)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    def _row(self, sql: str) -> tuple[Any, ...]:
        return self._rows(sql)[0]

    def _value(self, sql: str) -> int:
        return int(self._row(sql)[0])
