"""SQL that people write in a mapping: read by SQLGlot and limited to safe functions over the source's columns."""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from polso.errors import LoadError, did_you_mean
from polso.ingest.tables import Relation

LONGEST_PAD = 1000

_FUNCTIONS = frozenset(
    """
    lower upper trim ltrim rtrim replace substr substring left right length concat concat_ws coalesce nullif ifnull if
    abs round floor ceil ceiling greatest least mod sign sqrt power pow ln log exp trunc strptime try_strptime strftime
    date_trunc date_part datepart extract year month day hour minute epoch epoch_ms epoch_us to_timestamp make_date
    make_timestamp date_diff datediff age dayname monthname regexp_replace regexp_extract regexp_matches
    split_part contains second quarter week dayofweek isodow starts_with ends_with prefix suffix strpos instr
    position reverse lpad rpad chr ascii md5 hash json_extract_string json_extract json_extract_scalar strip_accents to_seconds
    to_minutes to_hours to_days to_weeks to_months to_years
    """.split()  # noqa: SIM905
)
_NODES: tuple[type[exp.Expr], ...] = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Paren, exp.DPipe, exp.And, exp.Or, exp.Not,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Null,
    exp.Boolean, exp.Literal, exp.Column, exp.Identifier, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType,
    exp.DataTypeParam, exp.Interval, exp.Var, exp.Escape, exp.Tuple, exp.Distinct, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.WeekStart, exp.IntervalSpan,
)  # fmt: skip
_TYPES = frozenset(
    {"INT", "BIGINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT", "DECIMAL", "VARCHAR", "TEXT", "CHAR", "BOOLEAN", "DATE",
     "TIMESTAMP", "TIMESTAMPTZ", "TIME", "INT128", "UBIGINT", "UINT", "TIMESTAMPNTZ", "TIMESTAMP_S", "TIMESTAMP_MS"}
)  # fmt: skip
_NUMBERS = frozenset({"INT", "BIGINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT", "DECIMAL", "INT128", "UBIGINT", "UINT"})


def compile_expression(text: str, where: str, source: Relation, cell: Callable[[str], str]) -> str:
    """Return DuckDB SQL for an expression over the source's columns; `cell` gives the SQL of one column's value.

    A cast or a strptime that fails gives null, as does arithmetic with an empty cell. Raises LoadError.
    """
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except SqlglotError as error:
        raise LoadError(f"{where}: '{text}' cannot be read as SQL: {str(error).splitlines()[0]}") from None
    if not isinstance(tree, exp.Expr):
        raise LoadError(f"{where}: '{text}' is no expression")
    for node in tree.walk():
        _check(node, where)
    whole = exp.Paren(this=tree)
    for column in list(whole.find_all(exp.Column)):
        column.replace(_bound(column, where, source, cell))
    for cast in list(whole.find_all(exp.Cast)):
        if type(cast) is exp.Cast:
            cast.replace(exp.TryCast(**cast.args))
    for moment in list(whole.find_all(exp.StrToTime)):
        moment.replace(exp.Anonymous(this="try_strptime", expressions=[moment.this, moment.args["format"]]))
    return whole.sql(dialect="duckdb")


def columns_of(text: str) -> tuple[str, ...]:
    """The columns that an expression names; none when it cannot be read."""
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except SqlglotError:
        return ()
    return tuple(column.name for column in tree.find_all(exp.Column))


def _check(node: exp.Expr, where: str) -> None:
    if isinstance(node, exp.DataType):
        if node.this.name not in _TYPES:
            raise LoadError(f"{where}: a cast to {node.sql('duckdb')} is not possible here")
        return
    if isinstance(node, _NODES):
        return
    if isinstance(node, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        written = {name.lower(), node.key.lower(), node.sql("duckdb").split("(")[0].lower()}
        if not written & _FUNCTIONS:
            near = did_you_mean(name, _FUNCTIONS)
            raise LoadError(f"{where}: the function '{name.lower()}' is not allowed here{near}")
        if written & {"lpad", "rpad", "pad"}:
            _bounded(node, where)
        return
    shown = node.sql("duckdb")[:60]
    raise LoadError(f"{where}: '{shown}' is not allowed here: only an expression over the file's columns")


def _bounded(node: exp.Expr, where: str) -> None:
    sizes = [literal for literal in node.find_all(exp.Literal) if not literal.is_string]
    if not sizes or any(float(size.name) > LONGEST_PAD for size in sizes):
        raise LoadError(f"{where}: a padding needs a stated length up to {LONGEST_PAD}")


def _bound(column: exp.Column, where: str, source: Relation, cell: Callable[[str], str]) -> exp.Expr:
    if column.table:
        raise LoadError(f"{where}: '{column.sql('duckdb')}' names a table: only the file's columns can be used")
    found = source.field(column.name)
    if found is None:
        headers = [field.header for field in source.fields]
        raise LoadError(f"{where}: the file has no column '{column.name}'{did_you_mean(column.name, headers)}")
    number = isinstance(column.parent, exp.Cast) and column.parent.to.this.name in _NUMBERS
    return sqlglot.parse_one(cell(f"{'number:' if number else ''}{found.name}"), read="duckdb")
