"""From read targets to facts: what an entity fills in by itself, what it checks, and the SQL that stages its rows."""
# The SQL here holds only quoted literals and names of our own.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from polso.entities import CUSTOMER_GROUPS, ENTITIES, TICKET, TICKET_EVENT, Entity, Type
from polso.ingest.cells import MISSING_TEXT, without_missing
from polso.ingest.checks import AFTER_COLON, Check, checks
from polso.ingest.mapping import FileOptions
from polso.ingest.quote import literal, name
from polso.ingest.readings import Read, closed
from polso.ingest.tables import ROW, Field, Relation, rows

SOURCE = "file"
"""The `source` of rows whose mapping states none."""
MANY = 100

_SCALES = {"nps": (0, 10), "csat": (1, 5), "stars": (1, 5), "thumbs": (0, 1)}


@dataclass(frozen=True)
class Facts:
    """SQL for the rows of a file as facts of an entity."""

    entity: Entity
    rows: str
    """A query that yields the entity's columns, and what the checks look at."""
    checks: tuple[Check, ...]
    made_ids: bool
    empty: tuple[str, ...] = ()
    """Columns that neither the file nor the entity fills."""

    @property
    def bad(self) -> str:
        """SQL that is true where any check fails."""
        return " or ".join(f"({check.bad})" for check in self.checks) or "false"

    @property
    def columns(self) -> str:
        """The entity's columns in their order."""
        return ", ".join(name(column.name) for column in self.entity.all_columns)

    def strict(self) -> str:
        """A query of all rows that stops at the first bad one."""
        guarded = ", ".join(
            f'case when {self.bad} then error(\'a row is refused\') else "id" end as "id"'
            if column.name == "id"
            else name(column.name)
            for column in self.entity.all_columns
        )
        return f"select {guarded} from ({self.rows})"

    def good(self) -> str:
        """A query of the rows that pass."""
        return f"select {self.columns} from ({self.rows}) where not ({self.bad})"

    def refused(self) -> str:
        """A query of (row, column, value, advice), one for each reason."""
        reasons = ", ".join(
            f"{{'bad': {c.bad}, 'column': {literal(c.column)}, 'value': cast({c.value} as varchar), "
            f"'advice': {literal(c.advice)}}}"
            for c in self.checks
        )
        every = f"select {ROW}, unnest([{reasons}]) as reason from ({self.rows}) where {self.bad}"
        parts = ", ".join(f"reason['{part}']" for part in ("column", "value", "advice"))
        return f"select {ROW}, {parts} from ({every}) where reason['bad'] order by {ROW}"


def facts(entity: Entity, reads: Sequence[Read], left: Sequence[Field], source: Relation, file: FileOptions) -> Facts:
    """Put together the SQL of a file's facts."""
    by_name = {read.cell.column.name: f"value_{i}" for i, read in enumerate(reads) if not read.cell.extra}
    given = {read.cell.column.name: read.given for read in reads if not read.cell.extra}
    row = f"{ROW}, " if source.numbered else ""
    kept = _kept(left, file)
    cells = "".join(f"{read.cell.sql} as {read.given}, " for read in reads)
    second = _stepped(entity, reads, f"select {row}{cells}{kept} as kept from {rows(source)}")
    filled = _filled(entity, by_name, given)
    filled["extra"] = _extra(reads, by_name.get("extra"))
    made = "id" not in by_name
    if made:
        filled["id"] = _content_id(entity, reads, filled)
    finals = {column.name: filled.get(column.name, f"cast(null as {column.type.sql})") for column in entity.all_columns}
    if entity.name == "customer":
        finals["id"] = by_name.get("id", by_name.get("customer_id", filled.get("id", "")))
        finals["customer_id"] = finals["id"]
        made = made and "customer_id" not in by_name
    columns = ", ".join(f"{sql} as {name(column)}" for column, sql in finals.items() if column != "customer_group")
    raw = ", ".join(f"given_{i}, value_{i}" for i in range(len(reads)))
    third = f"select {row}{raw + ', ' if raw else ''}{columns} from ({second})"
    query = f"select *, {group('coalesce(customer_id, id)')} as customer_group from ({third})"
    extra = bool(left or "extra" in by_name or any(read.cell.extra for read in reads))
    return Facts(entity, query, tuple(checks(entity, reads, by_name, given)), made, _empty(entity, filled, extra))


def _empty(entity: Entity, filled: Collection[str], extra: bool) -> tuple[str, ...]:
    """The columns that nothing fills; who a customer is stays a column, for erasing looks at it."""
    if entity is TICKET_EVENT:
        # Cases are worked out from the files of their events as they stand.
        return ()
    kept = {"id", "source", "customer_id", "customer_group", *(filled if extra else set(filled) - {"extra"})}
    told = {column.name for column in entity.columns if entity.name == "customer" and column.personal}
    return tuple(column.name for column in entity.all_columns if column.name not in kept | told)


def group(customer: str) -> str:
    """SQL for a customer's group: from the lower half of the MD5, which md5_number_lower gives five times slower."""
    return f"cast((md5_number({customer}) >> 64) & {CUSTOMER_GROUPS - 1} as bigint)"


def _stepped(entity: Entity, reads: Sequence[Read], query: str) -> str:
    """Wrap a query level by level: what a later step names is computed once, in the level below."""
    steps = [_steps(entity, read) for read in reads]
    for level in range(max(map(len, steps), default=0)):
        made = "".join(
            f", {each[level]} as " + (f"value_{i}" if level == len(each) - 1 else f"step_{i}_{level}")
            for i, each in enumerate(steps)
            if level < len(each)
        )
        query = f"select *{made} from ({query})"
    return query


def _steps(entity: Entity, read: Read) -> tuple[str, ...]:
    column = read.cell.column
    if entity is TICKET_EVENT and column.name == "kind" and not read.cell.extra:
        return (closed(f"split_part({read.given}, ':', 1)", column),)
    return read.steps


def _kept(left: Sequence[Field], file: FileOptions) -> str:
    tokens = MISSING_TEXT if file.missing is None else tuple(text.strip().lower() for text in file.missing)
    if len(left) > MANY and all(field.type == "VARCHAR" for field in left):
        return _kept_of_many(left, tokens)
    pieces = []
    for field in left:
        key = literal(json.dumps(field.header, ensure_ascii=False) + ":")
        cell = without_missing(field.bare, tokens) if field.type == "VARCHAR" else field.name
        # JSON knows no infinite number.
        cell = f"case when isfinite({cell}) then {cell} end" if field.type in ("DOUBLE", "FLOAT") else cell
        pieces.append(f"{key} || cast(to_json({cell}) as varchar)")
    return f"concat_ws(',', {', '.join(pieces)})" if pieces else "''"


def _kept_of_many(left: Sequence[Field], tokens: tuple[str, ...]) -> str:
    """The same in one step for all columns: to plan thousands of expressions takes DuckDB a minute."""
    keys = ", ".join(literal(json.dumps(field.header, ensure_ascii=False) + ":") for field in left)
    bare = ", ".join(field.bare for field in left)
    piece = f"list_extract([{keys}], i) || cast(to_json({without_missing('bare', tokens)}) as varchar)"
    return f"array_to_string(list_transform([{bare}], lambda bare, i: {piece}), ',')"


def _extra(reads: Sequence[Read], own: str | None) -> str:
    pieces = ["nullif(kept, '')"]
    for i, read in enumerate(reads):
        if read.cell.extra:
            key = literal(json.dumps(read.cell.column.name, ensure_ascii=False) + ":")
            value = f"value_{i}"
            if read.cell.column.type is Type.TIMESTAMP:
                value = f"strftime({value} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
            pieces.append(f"{key} || cast(to_json({value}) as varchar)")
    joined = f"concat_ws(',', {', '.join(pieces)})"
    made = f"case when {joined} <> '' then '{{' || {joined} || '}}' end"
    if own is None:
        return made
    both = f"cast(json_merge_patch({own}, {made}) as varchar)"
    return f"case when {own} is null then {made} when {joined} = '' then {own} else {both} end"


def _content_id(entity: Entity, reads: Sequence[Read], filled: dict[str, str]) -> str:
    """A stable id from what the row says; identical rows are numbered afterwards."""
    parts = [f"'source=' || {filled['source']}"] if "source" in filled else []
    for i, read in enumerate(reads):
        if read.cell.extra or read.cell.column.name in ("source", "extra"):
            continue
        value = f"epoch_us(value_{i})" if read.cell.column.type is Type.TIMESTAMP else f"value_{i}"
        parts.append(f"{literal(read.cell.column.name + '=')} || {value}")
    parts.append(f"'extra=' || {filled['extra']}")
    return f"md5({literal(entity.name + ':')} || concat_ws(chr(31), {', '.join(parts)}))"


def _filled(entity: Entity, by_name: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """The columns that are filled, by the file or by what the entity knows."""
    filled = dict(by_name)
    if "source" not in {column.name for column in entity.columns}:
        usual = literal(SOURCE)
        filled["source"] = f"coalesce({by_name['source']}, {usual})" if "source" in by_name else usual
    if entity.name == "response" and "kind" in by_name:
        filled.update(_scale(by_name))
    if entity is TICKET_EVENT and "kind" in by_name:
        filled.update(_event(by_name, given["kind"]))
    return filled


def _scale(by_name: dict[str, str]) -> dict[str, str]:
    kind = by_name["kind"]

    def usual(column: str, of: dict[str, str]) -> str:
        cases = " ".join(f"when {literal(k)} then {v}" for k, v in of.items())
        usually = f"case {kind} {cases} end"
        return f"coalesce({by_name[column]}, {usually})" if column in by_name else usually

    return {
        "scale_min": usual("scale_min", {k: f"{low}.0::double" for k, (low, _) in _SCALES.items()}),
        "scale_max": usual("scale_max", {k: f"{high}.0::double" for k, (_, high) in _SCALES.items()}),
        "high_is_good": usual("high_is_good", dict.fromkeys(_SCALES, "true")),
    }


def _event(by_name: dict[str, str], given_kind: str) -> dict[str, str]:
    """'status:resolved', 'reply:agent' and 'assign:Rossi' say two things at once."""
    kind, said = by_name["kind"], AFTER_COLON.format(given_kind)
    null = "cast(null as varchar)"
    to, before = by_name.get("to", null), by_name.get("from", null)
    status = TICKET.by_name["status"]
    said_or_to = f"coalesce({said}, {to})"
    author = closed(said, TICKET_EVENT.by_name["author"])
    said_by = f"case when {kind} in ('reply', 'note', 'created') then {author} end"
    return {
        "to": f"case when {kind} = 'status' then coalesce({closed(said_or_to, status)}, {said_or_to}) "
        f"when {kind} in ('rating', 'handover') then {said_or_to} else {to} end",
        "from": f"case when {kind} = 'status' then coalesce({closed(before, status)}, {before}) else {before} end",
        "author": f"coalesce({said_by}, {by_name.get('author', null)})",
        "agent": f"coalesce(case when {kind} = 'assign' then {said} end, {by_name.get('agent', null)})",
    }


def needed(entity: Entity) -> tuple[str, ...]:
    """The columns that a mapping must fill."""
    return tuple(column.name for column in ENTITIES[entity.name].all_columns if column.required and column.name != "id")
