"""A look at the beginning of a file: what its rows are likely to be, and what a mapping would make of them."""
# The SQL here holds only quoted literals and names of our own.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from polso.entities import ENTITIES, Entity, entity
from polso.errors import LoadError
from polso.ingest.cells import cells
from polso.ingest.connection import opened
from polso.ingest.csv_rows import tolerant_rows
from polso.ingest.excel_rows import excel_rows
from polso.ingest.facts import Facts, facts, needed
from polso.ingest.files import Plain, Source, unpack
from polso.ingest.guess import guess, missing_column, plain
from polso.ingest.json_rows import json_rows
from polso.ingest.mapping import FileOptions, Mapping
from polso.ingest.proposal import proposal
from polso.ingest.readings import read_all
from polso.ingest.sniff import LONGEST, headings, read_dialect
from polso.ingest.tables import ROW, BadRow, Field, Relation, numbered, relation, rows
from polso.settings import Settings

MOST_ROWS = 2_000
_MOST_BYTES = 8 * 1024**2
_SHOWN = 20
_FACTS = 8
_SAMPLES = 3


@dataclass(frozen=True)
class Heading:
    """A column of a file, and some of what stands in it."""

    name: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Refusal:
    """Why a row would be refused."""

    row: int
    column: str
    value: str
    advice: str


@dataclass(frozen=True)
class Preview:
    """What a mapping makes of the first rows of a file."""

    headings: tuple[Heading, ...]
    rows: int
    """How many were looked at."""
    whole: bool
    """Whether these are all there are."""
    good: int = 0
    refused: int = 0
    facts: pa.Table | None = None
    """The first rows that would become facts, without columns that stay empty."""
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: str = ""
    """Why nothing can be made of the file as yet."""


def first_mapping(source: Source, settings: Settings, entity_name: str | None = None) -> Mapping:
    """Guess the mapping of a file from its first rows, and what its rows are where that is not said."""
    with _head(source, FileOptions()) as (seen, _whole, connection):
        kind = entity(entity_name) if entity_name else _likeliest(seen)
        return proposal(kind, seen, settings.zone.key, connection)


def preview(mapping: Mapping, source: Source, settings: Settings) -> Preview:
    """Show what a mapping makes of the first rows of a file; LoadError where the file cannot be read at all."""
    with _head(source, mapping.file) as (seen, whole, connection):
        told = _told(seen, connection)
        counted = _count(f"select count(*) from {rows(seen)}", connection) + len(seen.bad)
        looked = Preview(told, counted, whole, warnings=seen.warnings)
        try:
            return _made(entity(mapping.entity), mapping, seen, settings, looked, connection)
        except (LoadError, duckdb.Error) as error:
            return replace(looked, problem=str(error).splitlines()[0])


def _made(
    kind: Entity, mapping: Mapping, seen: Relation, settings: Settings, looked: Preview, connection: duckdb.DuckDBPyConnection
) -> Preview:
    for column in needed(kind):
        if column not in mapping.columns and not (kind.name == "customer" and column == "customer_id"):
            raise missing_column(kind, column, seen)
    targets, left, warnings = cells(kind, mapping, seen, connection)
    zone = mapping.file.timezone or settings.zone.key
    found = facts(kind, read_all(targets, seen, None, mapping.file, zone, connection), left, seen, mapping.file)
    good = _count(f"select count(*) from ({found.rows}) where not ({found.bad})", connection)
    refusals = [Refusal(bad.row, "", bad.text, bad.advice) for bad in seen.bad]
    refusals += [Refusal(row, column, value or "", advice) for row, column, value, advice in _refused(found, connection)]
    return replace(
        looked,
        good=good,
        refused=looked.rows - good,
        facts=_shown(found, connection),
        refusals=tuple(sorted(refusals, key=lambda one: one.row)[:_SHOWN]),
        warnings=(*looked.warnings, *warnings),
    )


def _shown(found: Facts, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    query = f"select {found.columns} from ({found.rows}) where not ({found.bad}) order by {ROW} limit {_FACTS}"
    table: pa.Table = connection.sql(query).to_arrow_table()
    made = {"customer_group", *(("id",) if found.made_ids else ())}
    return table.select([name for name in table.column_names if name not in made and table[name].null_count < len(table)])


def _refused(found: Facts, connection: duckdb.DuckDBPyConnection) -> list[tuple[int, str, str | None, str]]:
    return connection.execute(f"{found.refused()} limit {_SHOWN}").fetchall()


def _told(seen: Relation, connection: duckdb.DuckDBPyConnection) -> tuple[Heading, ...]:
    if not seen.fields:
        return ()
    texts = ", ".join(f"left(trim(cast({field.name} as varchar)), 60)" for field in seen.fields)
    found = connection.execute(f"select {texts} from (select * from {seen.sql} limit 100)").fetchall()
    samples = (dict.fromkeys(filter(None, column)) for column in zip(*found, strict=True)) if found else ({} for _ in seen.fields)
    return tuple(Heading(field.header, tuple(said)[:_SAMPLES]) for field, said in zip(seen.fields, samples, strict=True))


def _count(sql: str, connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _likeliest(seen: Relation) -> Entity:
    """The entity whose columns the file fills best: those it needs count most."""

    def fit(kind: Entity) -> float:
        found = guess(kind, seen).columns
        own = sum(plain(target) == plain(rule.columns[0]) for target, rule in found.items())
        wanted = [column for column in needed(kind) if column not in found]
        named = kind.name.replace("_", " ") in plain(seen.file)
        return len(found) + own / 2 + 3 * named - sum(1 if kind.by_name[column].values else 4 for column in wanted)

    return max(ENTITIES.values(), key=fit)


# --- the first rows ---


@contextmanager
def _head(source: Source, options: FileOptions) -> Iterator[tuple[Relation, bool, duckdb.DuckDBPyConnection]]:
    """The first rows of a file's first table, numbered, and whether they are all."""
    with TemporaryDirectory(prefix="polso-") as folder:
        staging = Path(folder)
        connection = opened(staging)
        try:
            for first in unpack(source, staging):
                seen, whole = _first_rows(first, options, staging, connection)
                yield seen, whole, connection
                return
        except duckdb.Error as error:
            raise LoadError(f"the file cannot be looked at: {str(error).splitlines()[0]}") from error
        finally:
            connection.close()
    raise LoadError("there is no file to look at")


def _first_rows(
    first: Plain, options: FileOptions, staging: Path, connection: duckdb.DuckDBPyConnection
) -> tuple[Relation, bool]:
    if first.format == "parquet":
        source = relation(first, options, staging, connection)
        limited = "(select * from {} limit {}) as polso_some".format
        counted = _count(f"select count(*) from {limited(source.sql, MOST_ROWS + 1)}", connection)
        some = numbered(replace(source, sql=limited(source.sql, MOST_ROWS)), staging, connection)
        return some, counted <= MOST_ROWS
    if first.format == "csv":
        return _of_csv(first, options, staging, connection)
    if first.format == "excel":
        headers, found, warnings = excel_rows(first.path, first.name, options)
        taken = list(islice(enumerate(found, 1), MOST_ROWS + 1))
        return _kept(first.name, headers, taken, warnings, (), connection)
    known: dict[str, int] = {}
    bad: list[BadRow] = []
    read = json_rows(first.path, first.name, known, options.decimal == ",", lambda *told: bad.append(BadRow(*told)))
    taken = list(islice(read, MOST_ROWS + 1))
    headers, warnings = headings(list(known), True)
    return _kept(first.name, headers, taken, warnings, bad, connection)


def _of_csv(first: Plain, options: FileOptions, staging: Path, connection: duckdb.DuckDBPyConnection) -> tuple[Relation, bool]:
    path, cut = _beginning(first.path, staging)
    dialect = read_dialect(path, first.name, options, staging)
    taken = list(islice(tolerant_rows(dialect, LONGEST, lambda done: None), MOST_ROWS + 1))
    if cut and 1 < len(taken) <= MOST_ROWS:
        # The last one may be half a row.
        taken = taken[:-1]
    good = [(number, found) for number, found, _text, _advice in taken if found is not None]
    bad = [BadRow(number, text, advice) for number, found, text, advice in taken[:MOST_ROWS] if found is None]
    seen, _ = _kept(first.name, dialect.headers, good, dialect.warnings, bad, connection)
    return replace(seen, separator=dialect.separator), not cut and len(taken) <= MOST_ROWS


def _beginning(path: Path, staging: Path) -> tuple[Path, bool]:
    """The first part of a text file, ending with a whole line, and whether anything was cut off."""
    if path.stat().st_size <= _MOST_BYTES:
        return path, False
    with path.open("rb") as file:
        head = file.read(_MOST_BYTES)
    end = max(head.rfind(b"\n"), head.rfind(b"\r")) + 1
    if not end:
        return path, False
    part = staging / "beginning"
    part.write_bytes(head[:end])
    return part, True


def _kept(
    name: str,
    headers: Iterable[str],
    taken: list[tuple[int, list[str | None]]] | list[tuple[int, list[str]]],
    warnings: tuple[str, ...],
    bad: Iterable[BadRow],
    connection: duckdb.DuckDBPyConnection,
) -> tuple[Relation, bool]:
    fields = tuple(Field(header, f"c{i + 1}") for i, header in enumerate(headers))
    shown = taken[:MOST_ROWS]
    columns = {ROW: pa.array([number for number, _ in shown], pa.int64())}
    for i, field in enumerate(fields):
        columns[field.name] = pa.array([found[i] if i < len(found) else None for _, found in shown], pa.string())
    connection.register("polso_head", pa.table(columns))
    return Relation(name, "polso_head", fields, True, tuple(bad), warnings=warnings), len(taken) <= MOST_ROWS
