"""Rows of any file as a relation in DuckDB: read where it stands when it is clean, else copied as Parquet of texts."""
# The SQL here holds only quoted literals and names of our own.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polso.errors import LoadError
from polso.ingest.csv_rows import tolerant_rows
from polso.ingest.excel_rows import excel_rows
from polso.ingest.files import Plain
from polso.ingest.json_rows import json_rows
from polso.ingest.mapping import FileOptions
from polso.ingest.quote import literal, literals
from polso.ingest.sniff import LONGEST, Dialect, headings, read_dialect

ROW = "row_in_file"
BATCH_ROWS = 20_000
BATCH_CHARS = 16 * 1024**2
MOST_BAD_ROWS = 100_000


@dataclass(frozen=True)
class Field:
    """One source column: its header, its name in the relation (c1, c2, …) and its DuckDB type."""

    header: str
    name: str
    type: str = "VARCHAR"

    @property
    def bare(self) -> str:
        """The column without blanks at the ends, in what `rows` yields."""
        return f"bare_{self.name}"


@dataclass(frozen=True)
class BadRow:
    """A row that cannot even be split into cells."""

    row: int
    text: str
    advice: str


@dataclass
class _Bad:
    """Collects bad rows, and counts those that are too many to keep."""

    rows: list[BadRow] = field(default_factory=list)
    count: int = 0

    def add(self, row: int, text: str, advice: str) -> None:
        self.count += 1
        if len(self.rows) < MOST_BAD_ROWS:
            self.rows.append(BadRow(row, text, advice))


@dataclass(frozen=True)
class Relation:
    """The rows of one file; `numbered` ones carry their row number in the column ROW."""

    file: str
    sql: str
    fields: tuple[Field, ...]
    numbered: bool = False
    bad: tuple[BadRow, ...] = ()
    bad_count: int = 0
    warnings: tuple[str, ...] = ()
    size: int | None = None
    separator: str | None = None
    dialect: Dialect | None = None

    def field(self, header: str) -> Field | None:
        """The column of this header, by exact name or, if only one fits, whatever the case."""
        for found in self.fields:
            if found.header == header:
                return found
        same = [found for found in self.fields if found.header.lower() == " ".join(header.split()).lower()]
        return same[0] if len(same) == 1 else None


def relation(plain: Plain, options: FileOptions, staging: Path, connection: duckdb.DuckDBPyConnection) -> Relation:
    """Make the rows of a file readable in DuckDB; raises LoadError when there are none."""
    if plain.format == "parquet":
        return _parquet(plain, connection)
    if plain.format == "csv":
        return _csv(plain, options, staging)
    if plain.format == "excel":
        headers, rows, warnings = excel_rows(plain.path, plain.name, options)
        return _stored(plain, headers, enumerate(rows, 1), warnings, staging)
    return _json(plain, options, staging)


def of_arrow(table: pa.Table, connection: duckdb.DuckDBPyConnection) -> Relation:
    """A table in memory as a relation."""
    if not table.num_rows:
        raise LoadError("the table has no rows")
    connection.register("polso_rows", table)
    return _typed("table", "polso_rows", None, connection)


def _parquet(plain: Plain, connection: duckdb.DuckDBPyConnection) -> Relation:
    try:
        return _typed(plain.name, f"read_parquet({literal(str(plain.path))})", plain.path.stat().st_size, connection)
    except duckdb.Error as error:
        raise LoadError(f"{plain.name}: it cannot be read as Parquet: {_first_line(error)}") from None


def _typed(file: str, sql: str, size: int | None, connection: duckdb.DuckDBPyConnection) -> Relation:
    described = connection.execute(f"describe select * from {sql}").fetchall()
    headers, warnings = headings([str(row[0]) for row in described], True)
    fields = tuple(Field(h, f"c{i + 1}", str(row[1])) for i, (h, row) in enumerate(zip(headers, described, strict=True)))
    names = ", ".join(field.name for field in fields)
    # What pandas has for nothing may be stored as a number that is none.
    plain = ", ".join(
        f"case when isnan({f.name}) then null else {f.name} end as {f.name}" if f.type in ("DOUBLE", "FLOAT") else f.name
        for f in fields
    )
    sql = f"(select {plain} from (select * from {sql}) as polso_named({names}))"
    return Relation(file, f"{sql} as polso_source", fields, warnings=warnings, size=size)


def _csv(plain: Plain, options: FileOptions, staging: Path) -> Relation:
    dialect = read_dialect(plain.path, plain.name, options, staging)
    fields = tuple(Field(header, f"c{i + 1}") for i, header in enumerate(dialect.headers))
    columns = ", ".join(f"{literal(field.name)}: 'VARCHAR'" for field in fields)
    sql = (
        f"read_csv({literal(str(dialect.path))}, columns = {{{columns}}}, auto_detect = false, "
        f"header = {str(dialect.header).lower()}, delim = {literal(dialect.separator)}, "
        f"quote = {literal(dialect.quote)}, escape = {literal(dialect.escape)}, skip = {dialect.skip}, "
        "strict_mode = true, null_padding = false)"
    )
    size = dialect.path.stat().st_size
    return Relation(plain.name, sql, fields, warnings=dialect.warnings, size=size, separator=dialect.separator, dialect=dialect)


def numbered(
    source: Relation,
    staging: Path,
    connection: duckdb.DuckDBPyConnection,
    progress: Callable[[int], None] = lambda done: None,
) -> Relation:
    """The same rows with their numbers, copied as Parquet; odd text files are read row by row."""
    if source.numbered:
        return source
    if source.dialect is not None:
        return _tolerant(source, source.dialect, staging, progress)
    path = staging / f"{uuid4().hex}.rows.parquet"
    connection.execute(
        f"copy (select row_number() over () as {ROW}, * from {source.sql}) to {literal(str(path))} "
        "(format parquet, compression lz4_raw)"
    )
    return _with(source, f"read_parquet({literal(str(path))})")


def _with(source: Relation, sql: str, bad: Sequence[BadRow] = (), bad_count: int = 0) -> Relation:
    return Relation(source.file, sql, source.fields, True, tuple(bad), bad_count, source.warnings, source.size, source.separator)


def _tolerant(source: Relation, dialect: Dialect, staging: Path, progress: Callable[[int], None]) -> Relation:
    bad = _Bad()

    def good() -> Iterator[tuple[int, list[str]]]:
        for number, cells, text, advice in tolerant_rows(dialect, LONGEST, progress):
            if cells is not None:
                yield number, cells
            else:
                bad.add(number, text, advice)

    parts = _write(good(), len(source.fields), staging)
    return _with(source, _read(parts), bad.rows, bad.count)


def _json(plain: Plain, options: FileOptions, staging: Path) -> Relation:
    headers: dict[str, int] = {}
    bad = _Bad()
    found = json_rows(plain.path, plain.name, headers, options.decimal == ",", bad.add)
    parts = _write(found, None, staging)
    return replace(_relation(plain, tuple(headers), parts, ()), bad=tuple(bad.rows), bad_count=bad.count)


def _stored(
    plain: Plain,
    headers: Sequence[str],
    rows: Iterable[tuple[int, list[Any]]],
    warnings: tuple[str, ...],
    staging: Path,
) -> Relation:
    return _relation(plain, tuple(headers), _write(rows, len(headers), staging), warnings)


def _relation(plain: Plain, headers: tuple[str, ...], parts: list[Path], warnings: tuple[str, ...]) -> Relation:
    unique, notes = headings(list(headers), True)
    fields = tuple(Field(header, f"c{i + 1}") for i, header in enumerate(unique))
    size = plain.path.stat().st_size
    return Relation(plain.name, _read(parts), fields, True, warnings=(*warnings, *notes), size=size)


def _read(parts: list[Path]) -> str:
    return f"read_parquet([{literals(str(part) for part in parts)}], union_by_name = true)"


def _write(rows: Iterable[tuple[int, list[Any]]], width: int | None, staging: Path) -> list[Path]:
    """Write rows of texts as Parquet parts; without a width, rows may grow new columns as they come."""
    parts: list[Path] = []
    numbers: list[int] = []
    batch: list[list[Any]] = []
    chars = 0

    def flush() -> None:
        nonlocal chars
        wide = width if width is not None else max((len(row) for row in batch), default=0)
        columns: dict[str, pa.Array] = {ROW: pa.array(numbers, pa.int64())}
        for i in range(wide):
            values = [row[i] if i < len(row) else None for row in batch]
            columns[f"c{i + 1}"] = pa.array(values, pa.string())
        path = staging / f"{uuid4().hex}.part.parquet"
        pq.write_table(pa.table(columns), path, compression="lz4")
        parts.append(path)
        numbers.clear()
        batch.clear()
        chars = 0

    for number, cells in rows:
        numbers.append(number)
        batch.append(cells)
        chars += sum(len(cell) for cell in cells if cell)
        if len(batch) >= BATCH_ROWS or chars >= BATCH_CHARS:
            flush()
    if batch or not parts:
        flush()
    return parts


def rows(source: Relation, instead: str | None = None) -> str:
    """A query of the rows that are not blank (or of a table instead), texts also without blanks at the ends."""
    columns = ", ".join(field.name if field.type == "VARCHAR" else f"cast({field.name} as varchar)" for field in source.fields)
    bare = "".join(f", trim({field.name}) as {field.bare}" for field in source.fields if field.type == "VARCHAR")
    return f"(select *{bare} from {instead or source.sql} where coalesce({columns}) is not null)"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
