"""Targets read as what they are: text becomes moments, numbers, flags and words of closed lists."""
# The SQL here holds only quoted literals and names of our own.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from polso.entities import Column, Type
from polso.ingest.cells import Cell, as_text
from polso.ingest.guess import synonyms
from polso.ingest.mapping import FileOptions
from polso.ingest.moments import Reading, Shape, in_digits, moment_steps, order_of, reading, shapes_sql, stated, wordy
from polso.ingest.numbers import Marks, Style, marks_sql, number_steps, proven, style
from polso.ingest.quote import literal, one_of
from polso.ingest.tables import Relation, rows
from polso.ingest.zones import to_utc

YES = ("si", "sì", "s", "yes", "y", "vero", "true", "t", "1", "x", "on", "✓", "✔", "☑", "ok", "1.0")
NO = ("no", "n", "falso", "false", "f", "0", "off", "✗", "✘", "☐", "0.0")
MOST_SHAPES = 300


@dataclass(frozen=True)
class Read:
    """A target with the SQL of its value, step by step; `cell.sql` is assumed to be at hand as `given`."""

    cell: Cell
    given: str
    steps: tuple[str, ...]
    """Each may name the one before as `step_` by number; the last one is the value."""
    advice: str


def read_all(
    targets: Sequence[Cell],
    source: Relation,
    sample: str | None,
    file: FileOptions,
    zone: str,
    connection: duckdb.DuckDBPyConnection,
) -> tuple[Read, ...]:
    """Decide for each column how it is written, by all its values or those of a sample; raises LoadError."""
    seen = rows(source, sample)
    times = {c.column.name: _shapes(c, seen, connection) for c in targets if _as(c, Type.TIMESTAMP) and not c.rule.format}
    marks = _marks([c for c in targets if _as(c, Type.NUMBER) or _as(c, Type.INTEGER)], seen, connection)
    orders = {name: order_of(shapes, _label(targets, name)) for name, (shapes, _) in times.items()}
    usual_order = _only(set(filter(None, orders.values())))
    usual_mark = _only({mark for name, m in marks.items() if (mark := proven(m, _label(targets, name)))})
    reads = []
    for i, cell in enumerate(targets):
        name = cell.column.name
        given, step = f"given_{i}", f"step_{i}_"
        if name in times:
            shapes, words = times[name]
            order = cell.rule.date_order or file.date_order or orders[name] or usual_order
            found = reading(shapes, order, cell.label)
            steps, advice = _moment(given, step, found, words, cell.rule.timezone or zone)
        elif name in marks:
            how = style(
                marks[name],
                cell.rule.decimal or file.decimal,
                usual_mark,
                cell.label,
                whole=cell.column.type is Type.INTEGER,
                points_usual=source.separator in (None, ","),
            )
            steps, advice = _number(given, step, how, cell.column)
        elif cell.text:
            steps, advice = _text(given, step, cell, zone)
        else:
            steps = _typed(given, step, cell, zone)
            advice = f"this {cell.type.lower()} cannot be used as {cell.column.type.value}"
        reads.append(Read(cell, given, steps, advice))
    return tuple(reads)


def _as(cell: Cell, kind: Type) -> bool:
    return cell.text and cell.column.type is kind


def _label(targets: Sequence[Cell], name: str) -> str:
    return next(cell.label for cell in targets if cell.column.name == name)


def _only(found: set[str]) -> str | None:
    return found.pop() if len(found) == 1 else None


def _shapes(cell: Cell, seen: str, connection: duckdb.DuckDBPyConnection) -> tuple[list[Shape], bool]:
    """How the values of a column look, and whether that is after words were written as digits."""
    shapes = _grouped(f"substr({cell.seen}, 1, 80)", seen, connection)
    if not wordy(shapes):
        return shapes, False
    return _grouped(in_digits(f"substr({cell.seen}, 1, 80)"), seen, connection), True


def _grouped(sql: str, seen: str, connection: duckdb.DuckDBPyConnection) -> list[Shape]:
    query = (
        f"select {shapes_sql('cell')} from (select {sql} as cell from {seen}) "
        f"where cell is not null group by shape order by count(*) desc, shape limit {MOST_SHAPES}"
    )
    return [Shape(*row) for row in connection.execute(query).fetchall()]


def _marks(targets: Sequence[Cell], seen: str, connection: duckdb.DuckDBPyConnection) -> dict[str, Marks]:
    found = {}
    for cell in targets:
        query = f"select {marks_sql('cell')} from (select {cell.seen} as cell from {seen})"
        row = connection.execute(query).fetchone()
        assert row is not None
        found[cell.column.name] = Marks(*row)
    return found


def _moment(given: str, step: str, how: Reading | None, words: bool, zone: str) -> tuple[tuple[str, ...], str]:
    advice = "this is no date or time that is known: state its format in the mapping, for example %d/%m/%Y %H:%M"
    if how is None:
        return ("cast(null as timestamptz)",), advice
    if how.order:
        advice = f"this is no date in the order {'/'.join(how.order)} of this column: state its format in the mapping"
    return moment_steps(given, replace(how, words=words), zone, step), advice


def _number(given: str, step: str, how: Style, column: Column) -> tuple[tuple[str, ...], str]:
    whole = column.type is Type.INTEGER
    steps = number_steps(given, how, step, whole=whole, duration=column.name.endswith("_seconds"))
    if whole:
        return steps, "this is no whole number"
    mark = "comma" if how.decimal == "," else "point"
    return steps, f"this is no number with a decimal {mark}: state decimal, or missing if it stands for nothing"


def _text(given: str, step: str, cell: Cell, zone: str) -> tuple[tuple[str, ...], str]:
    column = cell.column
    if column.type is Type.TIMESTAMP:
        advice = f"this is no date of the format {' or '.join(cell.rule.format)}"
        return moment_steps(given, stated(cell.rule.format), cell.rule.timezone or zone, step), advice
    if column.type is Type.BOOLEAN:
        word = f"lower(trim({given}))"
        others = f"case when {one_of(word, YES)} then true when {one_of(word, NO)} then false end"
        # What most files hold is told by a glance.
        usual = "when 'true' then true when 'false' then false when '1' then true when '0' then false"
        advice = "yes or no is expected (sì/no, true/false, 1/0, x): map it with values"
        return (f"case {given} {usual} else {others} end",), advice
    if column.values:
        return (closed(given, column),), f"one of {', '.join(column.values)} is expected: map it with values"
    return (given,), ""


def closed(given: str, column: Column, name: str | None = None) -> str:
    """SQL for a word of a closed list, by its own or by another usual name; null when it is none."""
    word = f"replace(replace(lower(trim({given})), ' ', '_'), '-', '_')"
    others = {other: own for other, own in synonyms(name or column.name).items() if own in column.values}
    other = " ".join(f"when {literal(k)} then {literal(v)}" for k, v in others.items() if k not in column.values)
    own = f"when {one_of(word, column.values)} then {word}"
    slow = f"case {own} else {f'case {word} {other} end' if other else 'null'} end"
    # Most files use the very words.
    quick = " ".join(f"when {literal(value)} then {literal(value)}" for value in column.values)
    return f"case {given} {quick} else {slow} end"


def _typed(given: str, step: str, cell: Cell, zone: str) -> tuple[str, ...]:
    kind, column = cell.type, cell.column
    if column.type is Type.TEXT:
        text = as_text(given, kind)
        return (closed(text, column) if column.values else text,)
    if column.type is Type.TIMESTAMP:
        return _typed_moment(given, step, cell, zone)
    if column.type is Type.BOOLEAN:
        return (f"try_cast({given} as boolean)",)
    if kind == "INTERVAL":
        return (f"epoch({given})",)
    number = f"{step}0"
    if column.type is Type.INTEGER:
        value = f"case when {number} = trunc({number}) then try_cast({given} as bigint) end"
    else:
        value = f"case when isfinite({number}) then {number} end"
    return f"try_cast({given} as double)", value


def _typed_moment(given: str, step: str, cell: Cell, zone: str) -> tuple[str, ...]:
    kind = cell.type
    if kind == "TIMESTAMP WITH TIME ZONE":
        return (given,)
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"epoch_us(cast({given} as timestamp))", to_utc(f"{step}0", cell.rule.timezone or zone)
    as_epoch = Reading(epochs=("epoch_s", "epoch_ms", "epoch_us"), excel=True)
    return moment_steps(as_text(given, kind), as_epoch, cell.rule.timezone or zone, step)
