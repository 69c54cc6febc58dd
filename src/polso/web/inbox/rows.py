"""Rows that a program sent become a table of an entity's own columns, or reasons why not, row by row."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polso.entities import TICKET_EVENT, Column, Entity, Type
from polso.errors import PolsoError, did_you_mean

MOST_ERRORS = 100
"""How many errors are told; the first are enough to see what is wrong."""
LONGEST_VALUE = 60
FIRST_YEAR, LAST_YEAR = 1900, 2200


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a row: its place from 0, the column, what stands there, what to do."""

    index: int
    column: str
    value: str | None
    advice: str


class RowsError(PolsoError):
    """Rows that cannot become facts; none of them was accepted."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        first = wrong[0]
        place = f"row {first.index}" + (f", {first.column}" if first.column else "")
        shown = "" if first.value is None else f" '{first.value}'"
        super().__init__(f"nothing was accepted; the first mistake is in {place}{shown}: {first.advice}")
        self.wrong = list(wrong)


class _UnreadableError(Exception):
    """A value that its column cannot hold; the message is the advice."""


def table_of(entity: Entity, rows: Sequence[Any], stem: str, zone: tzinfo, source: str = "api") -> pa.Table:
    """Rows as a table of the entity's columns; RowsError names what cannot be read.

    A row without an id gets one from `stem` and its place, one that does not say where it comes from gets `source`;
    columns that the entity does not have go to `extra`; moments without a zone are in `zone`.
    """
    columns = {column.name: column for column in entity.fillable}
    made: dict[str, list[Any]] = {}
    wrong: list[Wrong] = []
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            wrong.append(Wrong(index, "", _shown(row), "an object of columns and values is expected"))
        elif len(wrong) < MOST_ERRORS:
            _add(made, index, _whole(entity, row, columns), entity, columns, zone, wrong)
        if len(wrong) >= MOST_ERRORS:
            break
    if wrong:
        raise RowsError(wrong[:MOST_ERRORS])
    for values in made.values():
        values.extend([None] * (len(rows) - len(values)))
    ids = made.setdefault("id", [None] * len(rows))
    made["id"] = [f"{stem}-{index}" if given is None else given for index, given in enumerate(ids)]
    if "source" not in {column.name for column in entity.columns}:
        told = made.setdefault("source", [None] * len(rows))
        made["source"] = [source if given is None else given for given in told]
    schema = pa.schema([pa.field(name, columns[name].type.arrow) for name in columns if name in made])
    return pa.table({name: made[name] for name in schema.names}, schema=schema)


def packed(table: pa.Table) -> bytes:
    """A table as Parquet."""
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def unpacked(body: bytes | memoryview) -> pa.Table:
    """The table that was packed."""
    return pq.read_table(pa.BufferReader(bytes(body)))


def _whole(entity: Entity, row: Mapping[Any, Any], columns: Mapping[str, Column]) -> dict[str, Any]:
    """The row with what the entity does not know put into `extra`."""
    known = {name: value for name, value in row.items() if name in columns or name in entity.by_name}
    unknown = {str(name): value for name, value in row.items() if name not in known and value is not None}
    if unknown:
        own = known.get("extra")
        if isinstance(own, str) and own:
            own = _object(own)
        known["extra"] = {**(own or {}), **unknown} if own is None or isinstance(own, Mapping) else own
    if entity.name == "customer":
        who = known.get("id") if known.get("id") not in (None, "") else known.get("customer_id")
        known["id"] = who
    return known


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _add(
    made: dict[str, list[Any]],
    index: int,
    row: Mapping[str, Any],
    entity: Entity,
    columns: Mapping[str, Column],
    zone: tzinfo,
    wrong: list[Wrong],
) -> None:
    for name, given in row.items():
        if name not in columns:
            wrong.append(Wrong(index, name, _shown(given), "Polso fills this column itself: leave it out"))
            continue
        try:
            value = _read(given, columns[name], entity, zone)
        except _UnreadableError as error:
            wrong.append(Wrong(index, name, _shown(given), str(error)))
            continue
        if value is not None:
            values = made.setdefault(name, [])
            values.extend([None] * (index - len(values)))
            values.append(value)
    for column in entity.all_columns:
        optional = column.name == "id" and entity.name != "customer"
        if column.required and not optional and row.get(column.name) in (None, ""):
            wrong.append(Wrong(index, column.name, None, f"every {entity.row} needs it: {_sort(column)}"))


def _sort(column: Column) -> str:
    return f"one of {', '.join(column.values)}" if column.values else _EXPECTED[column.type]


_EXPECTED = {
    Type.TEXT: "a text",
    Type.NUMBER: "a number like 9 or 8.5",
    Type.INTEGER: "a whole number",
    Type.BOOLEAN: "true or false",
    Type.TIMESTAMP: "a moment like 2026-01-31T09:30:00+01:00",
}


def _read(given: Any, column: Column, entity: Entity, zone: tzinfo) -> Any:
    if given is None or given == "":
        return None
    if column.name == "extra":
        return _extra(given)
    if column.time:
        return _moment(given, zone)
    value = _READERS[column.type](given)
    if column.low is not None and value < column.low:
        raise _UnreadableError(f"it cannot be below {column.low:g}")
    if column.values:
        _listed(value, column, entity)
    return value


def _listed(value: str, column: Column, entity: Entity) -> None:
    said = value.split(":")[0] if entity is TICKET_EVENT else value
    if said.strip().lower().replace(" ", "_").replace("-", "_") not in column.values:
        near = did_you_mean(said, column.values)
        raise _UnreadableError(f"one of {', '.join(column.values)} is expected" + (near if "did you mean" in near else ""))


def _text(given: Any) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, float) and given.is_integer() and abs(given) < 2**53:
        return str(int(given))
    if isinstance(given, (int, float)):
        return str(given)
    if not isinstance(given, str):
        raise _UnreadableError("a text is expected; things within things belong in extra")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise _UnreadableError("it holds half a character: send it as UTF-8") from None
    return given


def _number(given: Any) -> float:
    try:
        value = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise _UnreadableError("a number like 9 or 8.5 is expected")
    return value


def _integer(given: Any) -> int:
    try:
        value = int(given) if isinstance(given, (int, str)) and not isinstance(given, bool) else _number(given)
    except ValueError:
        raise _UnreadableError("a whole number is expected") from None
    if value != int(value) or not -(2**63) <= value < 2**63:
        raise _UnreadableError("a whole number is expected")
    return int(value)


def _flag(given: Any) -> bool:
    said = str(given).strip().lower()
    if said in ("true", "1"):
        return True
    if said in ("false", "0"):
        return False
    raise _UnreadableError("true or false is expected")


def _moment(given: Any, zone: tzinfo) -> datetime:
    found = given
    if isinstance(given, str):
        try:
            found = datetime.fromisoformat(given.strip())
        except ValueError:
            found = None
    elif isinstance(given, date) and not isinstance(given, datetime):
        found = datetime.combine(given, time())
    if not isinstance(found, datetime):
        raise _UnreadableError("a moment like 2026-01-31T09:30:00+01:00 is expected")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise _UnreadableError(f"a moment before {FIRST_YEAR} or after {LAST_YEAR} is taken for a mistake")
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _extra(given: Any) -> str:
    found = _object(given) if isinstance(given, str) else given
    if not isinstance(found, Mapping):
        raise _UnreadableError("an object of names and values is expected")
    try:
        text = json.dumps(found, ensure_ascii=False, default=str, allow_nan=False)
    except (ValueError, RecursionError):
        raise _UnreadableError("numbers have to be finite, and things within things not too deep") from None
    return _text(text)


_READERS: dict[Type, Callable[[Any], Any]] = {
    Type.TEXT: _text,
    Type.NUMBER: _number,
    Type.INTEGER: _integer,
    Type.BOOLEAN: _flag,
}


def _shown(given: Any) -> str | None:
    if given is None:
        return None
    text = str(given).encode(errors="replace").decode()
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
