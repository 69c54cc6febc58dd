"""What stands in a target before it is read as a number, a date…: SQL over the relation's columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

import duckdb

from polso.entities import Column, Entity, Type
from polso.errors import LoadError, did_you_mean
from polso.ingest.expressions import columns_of, compile_expression
from polso.ingest.mapping import FileOptions, Mapping, Rule
from polso.ingest.quote import literal, one_of
from polso.ingest.tables import Field, Relation

MISSING = (
    "?", "na", "n/a", "n.a.", "n.a", "n.d.", "n.d", "n/d", "nd", "-", "--", "—", "–", "null", "none", "nan", "nil",
    "nat",
    "\\n", "#n/a", "#n/d", "#null!", "#value!", "#div/0!", "(null)", "<null>", "<na>", "(blank)", "(vuoto)",
)  # fmt: skip
"""What stands for nothing in numbers, dates and flags."""
MISSING_TEXT = tuple(text for text in MISSING if text not in ("none", "nd", "nil", "nat"))
"""…in segments and codes; a country may be called NA."""
MISSING_FREE = ("null", "nan", "\\n", "#n/a", "#n/d", "(null)", "<null>")
"""…in what people wrote, where '?' or '-' may be the answer."""
MISSING_TIME = (*MISSING, "0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "01/01/0001", "0001-01-01 00:00:00")


@dataclass(frozen=True)
class Cell:
    """One target: its column, its rule and the SQL of what stands there."""

    column: Column
    rule: Rule
    sql: str
    type: str
    """VARCHAR, or a DuckDB type that needs no reading."""
    extra: bool
    label: str
    """What the value comes from, for people."""
    unread: bool = False
    """Whether `sql` still holds blanks and texts that stand for nothing: they cannot be read, so they are sought last."""
    missing: tuple[str, ...] = ()

    @property
    def seen(self) -> str:
        """The SQL, null where nothing is meant."""
        return without_missing(_stripped(self.sql), self.missing) if self.unread else self.sql

    def nothing(self, given: str) -> str:
        """SQL that is true where a value that is not null means nothing."""
        if not self.unread:
            return "false"
        return f"(trim({given}) = '' or {is_missing(f'trim({given})', self.missing)})"

    @property
    def text(self) -> bool:
        """Whether it has to be read from text."""
        return self.type == "VARCHAR"


def cells(
    entity: Entity, mapping: Mapping, source: Relation, connection: duckdb.DuckDBPyConnection
) -> tuple[tuple[Cell, ...], tuple[Field, ...], tuple[str, ...]]:
    """Return the targets, the columns that go to `extra` as they are, and warnings; raises LoadError."""
    made, warnings = [], []
    used: set[str] = set()
    for target, rule in mapping.columns.items():
        column, extra = _target(entity, target, rule)
        if extra and (close := get_close_matches(target.lower(), entity.by_name, n=1, cutoff=0.85)):
            warnings.append(f"{entity.name} has no column '{target}', so it is an extra: did you mean '{close[0]}'?")
        made.append(_cell(column, rule, extra, mapping.file, source, connection))
        used.update(found.header for header in _headers(rule) if (found := source.field(header)))
    keep = mapping.file.keep
    left = [field for field in source.fields if field.header not in used]
    if keep == "none":
        left = []
    elif keep != "all":
        left = [_existing(name, "file.keep", source) for name in keep]
    # An empty column without a name is what a separator at the end of the lines leaves.
    return tuple(made), tuple(left), tuple(warnings)


def _headers(rule: Rule) -> tuple[str, ...]:
    return (*rule.columns, *(columns_of(rule.expr) if rule.expr else ()))


def _target(entity: Entity, target: str, rule: Rule) -> tuple[Column, bool]:
    known = entity.by_name.get(target)
    if known is None:
        return Column(target, Type(rule.type or "text"), "An extra of the file.", dimension=True), True
    if known.system:
        raise LoadError(f"mapping: columns.{target} is filled by Polso, not by a file")
    if rule.type and rule.type != known.type.value:
        kind = known.type.value
        raise LoadError(f"mapping: columns.{target} is {kind} in {entity.name}; 'type' is for extra columns")
    return known, False


def _existing(name: str, where: str, source: Relation) -> Field:
    found = source.field(name)
    if found is None:
        headers = [field.header for field in source.fields]
        raise LoadError(f"{source.file}: {where}: there is no column '{name}'{did_you_mean(name, headers)}")
    return found


def _cell(
    column: Column, rule: Rule, extra: bool, file: FileOptions, source: Relation, connection: duckdb.DuckDBPyConnection
) -> Cell:
    where = f"columns.{column.name}"
    tokens = missing_of(column, rule, file)
    if rule.expr is not None:
        sql = compile_expression(rule.expr, where, source, lambda name: _operand(name, tokens, file))
        kind, label = _type_of(sql, source, connection, where), rule.expr
    elif rule.columns:
        fields = [_existing(name, where, source) for name in rule.columns]
        sql, kind, label = _columns(fields, tokens, rule)
    else:
        sql, kind, label = "cast(null as varchar)" if rule.const is None else literal(rule.const), "VARCHAR", "const"
    if kind == "VARCHAR" and (column.type is not Type.TEXT or column.values) and not _touched(rule):
        return Cell(column, rule, sql, kind, extra, label, unread=True, missing=tokens)
    sql, kind = _changed(sql, kind, rule, column, tokens)
    return Cell(column, rule, sql, kind, extra, label)


def missing_of(column: Column, rule: Rule, file: FileOptions) -> tuple[str, ...]:
    """The texts that stand for nothing in a column, in lower case."""
    for stated in (rule.missing, file.missing):
        if stated is not None:
            return tuple(text.strip().lower() for text in stated)
    if column.type is Type.TIMESTAMP:
        return MISSING_TIME
    if column.type is not Type.TEXT:
        return MISSING
    if not trimmed(column):
        return MISSING_FREE
    return tuple(text for text in MISSING_TEXT if text != "na") if column.name == "country" else MISSING_TEXT


def trimmed(column: Column) -> bool:
    """Whether blanks at the ends mean nothing: everywhere but in what people wrote."""
    return not column.personal or column.refers is not None or column.name in ("email", "phone", "visitor_id")


def without_missing(sql: str, tokens: tuple[str, ...]) -> str:
    """SQL that is null where a stripped text is empty or stands for nothing."""
    if not tokens:
        return f"nullif({sql}, '')"
    return f"case when {sql} = '' then null when {is_missing(sql, tokens)} then null else {sql} end"


def is_missing(sql: str, tokens: tuple[str, ...]) -> str:
    """SQL that is true where a stripped text stands for nothing."""
    if not tokens:
        return "false"
    longest = max(len(token.encode()) for token in tokens)
    # Length and first letter are looked at first: most values are longer or begin otherwise, and lower() costs.
    quick = " or ".join((f"strlen({sql}) > {longest}", *_gaps(sql, tokens)))
    return f"case when {quick} then false else {one_of(f'lower({sql})', tokens)} end"


def _gaps(sql: str, tokens: tuple[str, ...]) -> list[str]:
    """SQL conditions, each true for texts that begin with a letter between those that the tokens begin with."""
    firsts = sorted({first for token in tokens for first in (token[:1].lower(), token[:1].upper()) if first})
    ends = [(chr(ord(low) + 1), high) for low, high in pairwise(firsts) if ord(high) - ord(low) > 8]
    return [f"({sql} >= {literal(low)} and {sql} < {literal(high)})" for low, high in ends]


def _operand(name: str, tokens: tuple[str, ...], file: FileOptions) -> str:
    number = name.startswith("number:")
    cell = without_missing(f"trim(cast({name.removeprefix('number:')} as varchar))", tokens)
    if number and file.decimal == ",":
        return f"replace(replace(({cell}), '.', ''), ',', '.')"
    return f"({cell})"


def _type_of(sql: str, source: Relation, connection: duckdb.DuckDBPyConnection, where: str) -> str:
    try:
        return str(connection.execute(f"describe select {sql} from {source.sql}").fetchall()[0][1])  # noqa: S608
    except duckdb.Error as error:
        raise LoadError(f"{where}: {str(error).splitlines()[0]}") from None


def _columns(fields: list[Field], tokens: tuple[str, ...], rule: Rule) -> tuple[str, str, str]:
    label = ", ".join(field.header for field in fields)
    if len(fields) == 1:
        return fields[0].name, fields[0].type, label
    each = [without_missing(_bare(field), tokens) for field in fields]
    return f"coalesce({', '.join(each)})", "VARCHAR", label


def _bare(field: Field) -> str:
    return field.bare if field.type == "VARCHAR" else f"trim(cast({field.name} as varchar))"


def _touched(rule: Rule) -> bool:
    return bool(rule.values) or rule.other is not None or rule.lower or rule.upper or rule.default is not None


def _stripped(sql: str) -> str:
    return f"bare_{sql}" if re.fullmatch(r"c\d+", sql) else f"trim({sql})"


def _changed(sql: str, kind: str, rule: Rule, column: Column, tokens: tuple[str, ...]) -> tuple[str, str]:
    if kind != "VARCHAR" and not _touched(rule) and rule.missing is None:
        return sql, kind
    if kind != "VARCHAR":
        sql = as_text(sql, kind)
    strip = trimmed(column) if rule.strip is None else rule.strip
    bare = _stripped(sql)
    if strip or column.type is not Type.TEXT or rule.values:
        text = without_missing(bare, tokens)
    else:
        text = f"case when {without_missing(bare, tokens)} is null then null else {sql} end"
    if rule.values or rule.other is not None:
        text = _valued(bare, text, rule)
    if rule.lower or rule.upper:
        text = f"{'lower' if rule.lower else 'upper'}({text})"
    if rule.default is not None:
        text = f"coalesce({text}, {literal(rule.default)})"
    return text, "VARCHAR"


def _valued(bare: str, text: str, rule: Rule) -> str:
    folded = len({key.strip().lower() for key in rule.values}) == len(rule.values)
    seen = f"lower(coalesce({bare}, ''))" if folded else f"coalesce({bare}, '')"
    pairs = " ".join(
        f"when {literal(key.strip().lower() if folded else key.strip())} then {literal(value)}"
        for key, value in rule.values.items()
    )
    rest = text if rule.other is None else f"case when {text} is not null then {literal(rule.other)} end"
    return f"case {seen} {pairs} else {rest} end" if pairs else rest


def as_text(sql: str, kind: str) -> str:
    """SQL for a typed value as text; whole numbers lose their '.0', as identifiers that went through a float need."""
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"cast(cast({sql} as bigint) as varchar)"
        return f"case when {sql} = trunc({sql}) and abs({sql}) < 1e15 then {whole} else cast({sql} as varchar) end"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"cast(to_json({sql}) as varchar)"
    return f"cast({sql} as varchar)"
