"""A mapping guessed from a file: from the names of its columns, then held against what stands in them."""
# The SQL here holds only quoted literals and names of our own.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import replace

import duckdb

from polso.entities import Entity, Type
from polso.errors import LoadError
from polso.ingest.cells import cells
from polso.ingest.guess import guess, with_questions
from polso.ingest.mapping import FileOptions, Mapping, Rule
from polso.ingest.readings import closed, read_all
from polso.ingest.tables import Relation

SAMPLE_ROWS = 5_000


def guessed(entity: Entity, source: Relation, file: FileOptions, connection: duckdb.DuckDBPyConnection) -> Mapping:
    """Guess a mapping; a column whose name sounds right and whose words are none of the closed list goes to `extra`."""
    mapping = guess(entity, source, file)
    wrong = [target for target in mapping.notes if _unfit(entity, target, mapping, source, connection)]
    columns = {target: rule for target, rule in mapping.columns.items() if target not in wrong}
    notes = {target: note for target, note in mapping.notes.items() if target not in wrong}
    unused = (*mapping.unused, *(header for target in wrong for header in mapping.columns[target].columns))
    return replace(mapping, columns=columns, notes=notes, unused=unused)


def _unfit(entity: Entity, target: str, mapping: Mapping, source: Relation, connection: duckdb.DuckDBPyConnection) -> bool:
    column = entity.by_name[target]
    found = source.field(mapping.columns[target].columns[0])
    if not column.values or column.required or found is None or found.type != "VARCHAR":
        return False
    sample = f"select {found.name} as word from {source.sql} where trim({found.name}) <> '' limit {SAMPLE_ROWS}"
    row = connection.execute(f"select count(*), count({closed('word', column)}) from ({sample})").fetchone()
    return row is not None and row[0] > 0 and row[1] == 0


def proposal(entity: Entity, source: Relation, zone: str, connection: duckdb.DuckDBPyConnection) -> Mapping:
    """Guess a mapping to be shown, with the questions that only a person can answer."""
    mapping = with_questions(guessed(entity, source, FileOptions(separator=source.separator), connection), source)
    connection.execute(f"create or replace temp table polso_sample as select * from {source.sql} limit {SAMPLE_ROWS}")
    read = {
        target: rule
        for target, rule in mapping.columns.items()
        if rule.columns and entity.by_name[target].type in (Type.TIMESTAMP, Type.NUMBER, Type.INTEGER)
    }
    if _question(entity, read, mapping, source, zone, connection) is None:
        return mapping
    notes = dict(mapping.notes)
    for target, rule in read.items():
        if question := _question(entity, {target: rule}, mapping, source, zone, connection):
            notes[target] = question
    return replace(mapping, notes=notes)


def _question(
    entity: Entity,
    columns: Table[str, Rule],
    mapping: Mapping,
    source: Relation,
    zone: str,
    connection: duckdb.DuckDBPyConnection,
) -> str | None:
    try:
        targets, _, _ = cells(entity, replace(mapping, columns=columns), source, connection)
        read_all(targets, source, "polso_sample", mapping.file, zone, connection)
    except LoadError as error:
        return " ".join(str(error).split())
    return None
