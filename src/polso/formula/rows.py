"""Row expressions: what may be said about one row, checked and turned into SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from sqlglot import exp

from polso.entities import Entity, Type
from polso.errors import FormulaError, did_you_mean
from polso.formula.language import fail, written


class Kind(Enum):
    """What a row expression yields."""

    NUMBER = "a number"
    TEXT = "a text"
    BOOLEAN = "a condition"
    MOMENT = "a moment"
    NULL = "null"


@dataclass(frozen=True)
class Window:
    """A column computed from a customer's other rows."""

    name: str
    same: tuple[str, ...] | None = None
    """For `followed_within` and `silent_for`, the columns the next row must agree on; None for `nth`."""


@dataclass
class Scope:
    """What an expression may name: one entity's columns, and the keys found in its `extra`."""

    entity: Entity
    extras: Callable[[], Collection[str] | None] = lambda: None
    """The keys known in `extra`; None when unknown, so that any name is taken for one."""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    windows: set[Window] = field(default_factory=set)


Typed = tuple[exp.Expr, Kind]

_KINDS = {
    Type.TEXT: Kind.TEXT,
    Type.NUMBER: Kind.NUMBER,
    Type.INTEGER: Kind.NUMBER,
    Type.BOOLEAN: Kind.BOOLEAN,
    Type.TIMESTAMP: Kind.MOMENT,
}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div)
MICROS_A_DAY = 86_400_000_000
LATEST = "_latest"
"""The moment of the latest fact, beside the columns of a window."""


def compile_row(node: exp.Expr, scope: Scope) -> Typed:
    """Return SQL for a row expression and what it yields; FormulaError where it is not allowed."""
    for kinds, rule in _RULES:
        if isinstance(node, kinds):
            return rule(node, scope)
    raise fail(node, f"'{written(node)}' is not part of the formula language")


def condition(node: exp.Expr, scope: Scope) -> exp.Expr:
    """Return SQL for an expression that must be a condition."""
    return expect(node, scope, Kind.BOOLEAN)


def expect(node: exp.Expr, scope: Scope, kind: Kind) -> exp.Expr:
    """Return SQL for an expression that must yield `kind`."""
    sql, found = compile_row(node, scope)
    if found not in (kind, Kind.NULL):
        raise fail(node, f"'{written(node)}' is {found.value}, but {kind.value} is needed here")
    return sql


def column(name: str) -> exp.Column:
    """A stored column, quoted."""
    return exp.column(exp.to_identifier(name, quoted=True))


def micros(moment: exp.Expr) -> exp.Expr:
    """Microseconds since 1970 of a moment."""
    return exp.Anonymous(this="polso_micros", expressions=[moment])


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A function call by name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def named_column(name: str, scope: Scope, node: exp.Expr) -> Typed:
    """Return the column of this name, or the key of `extra`."""
    known = scope.entity.by_name.get(name)
    if known is not None:
        return column(name), _KINDS[known.type]
    extras = scope.extras()
    if extras is not None and name not in extras:
        choices = {*scope.entity.by_name, *extras}
        raise fail(node, f"{scope.entity.name} has no column '{name}'{did_you_mean(name, choices)}")
    return call("polso_extra", column("extra"), exp.Literal.string(name)), Kind.TEXT


def _column(node: exp.Expr, scope: Scope) -> Typed:
    assert isinstance(node, exp.Column)
    if node.table and (node.table != scope.entity.name or node.args.get("db")):
        raise fail(node, f"'{written(node)}' belongs to another entity; only {scope.entity.name}'s columns fit here")
    if isinstance(node.this, exp.Star):
        raise fail(node, "'*' is not part of the formula language; count() counts rows")
    return named_column(node.name, scope, node)


def _literal(node: exp.Expr, scope: Scope) -> Typed:
    if node.args["is_string"]:
        return exp.Literal.string(node.this), Kind.TEXT
    try:
        float(node.this)
    except ValueError:
        raise fail(node, f"'{node.this}' is not a number") from None
    return exp.Literal.number(node.this), Kind.NUMBER


def _boolean(node: exp.Expr, scope: Scope) -> Typed:
    return exp.Boolean(this=node.this), Kind.BOOLEAN


def _null(node: exp.Expr, scope: Scope) -> Typed:
    return exp.Null(), Kind.NULL


def _paren(node: exp.Expr, scope: Scope) -> Typed:
    sql, kind = compile_row(node.this, scope)
    return exp.paren(sql, copy=False), kind


def _connective(node: exp.Expr, scope: Scope) -> Typed:
    left, right = condition(node.this, scope), condition(node.expression, scope)
    return exp.paren(type(node)(this=exp.paren(left), expression=exp.paren(right))), Kind.BOOLEAN


def _not(node: exp.Expr, scope: Scope) -> Typed:
    return exp.paren(exp.Not(this=exp.paren(condition(node.this, scope)))), Kind.BOOLEAN


def _comparison(node: exp.Expr, scope: Scope) -> Typed:
    left, right = _alike(node, [node.this, node.expression], scope)[0]
    return exp.paren(type(node)(this=left, expression=right)), Kind.BOOLEAN


def _between(node: exp.Expr, scope: Scope) -> Typed:
    value, low, high = _alike(node, [node.this, node.args["low"], node.args["high"]], scope)[0]
    return exp.paren(exp.Between(this=value, low=low, high=high)), Kind.BOOLEAN


def _in(node: exp.Expr, scope: Scope) -> Typed:
    if not node.expressions or set(node.args) - {"this", "expressions"}:
        raise fail(node, "'in' needs a list of values in brackets, for example channel in ('email', 'chat')")
    value, *choices = _alike(node, [node.this, *node.expressions], scope)[0]
    return exp.paren(exp.In(this=value, expressions=choices)), Kind.BOOLEAN


def _is(node: exp.Expr, scope: Scope) -> Typed:
    sql, kind = compile_row(node.this, scope)
    if isinstance(node.expression, exp.Null):
        return exp.paren(exp.Is(this=sql, expression=exp.Null())), Kind.BOOLEAN
    if isinstance(node.expression, exp.Boolean) and kind is Kind.BOOLEAN:
        return exp.paren(exp.Is(this=exp.paren(sql), expression=node.expression.copy())), Kind.BOOLEAN
    raise fail(node, "'is' may be followed by null, true or false")


def _like(node: exp.Expr, scope: Scope) -> Typed:
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        raise fail(node, "'like' needs a text in quotes, for example topic like '%printer%'")
    like = exp.Like(this=expect(node.this, scope, Kind.TEXT), expression=exp.Literal.string(pattern.this))
    return exp.paren(exp.Not(this=exp.paren(like)) if node.args.get("negate") else like), Kind.BOOLEAN


def _arithmetic(node: exp.Expr, scope: Scope) -> Typed:
    left, right = (_as_double(expect(part, scope, Kind.NUMBER)) for part in (node.this, node.expression))
    if isinstance(node, exp.Div):
        right = exp.Nullif(this=right, expression=_as_double(exp.Literal.number(0)))
        return exp.paren(exp.Div(this=left, expression=right, typed=False, safe=False)), Kind.NUMBER
    return exp.paren(type(node)(this=left, expression=right)), Kind.NUMBER


def _negative(node: exp.Expr, scope: Scope) -> Typed:
    return exp.paren(exp.Neg(this=exp.paren(expect(node.this, scope, Kind.NUMBER)))), Kind.NUMBER


def _case(node: exp.Expr, scope: Scope) -> Typed:
    if node.this is not None:
        raise fail(node, "write case when … then … else … end, with a condition after each 'when'")
    branches = [*node.args["ifs"]]
    default = node.args.get("default")
    values = [branch.args["true"] for branch in branches] + ([default] if default is not None else [])
    compiled, kind = _alike(node, values, scope)
    ifs = [exp.If(this=condition(branch.this, scope), true=value) for branch, value in zip(branches, compiled, strict=False)]
    return exp.paren(exp.Case(ifs=ifs, default=compiled[-1] if default is not None else None)), kind


def _alike(node: exp.Expr, parts: Sequence[exp.Expr], scope: Scope) -> tuple[list[exp.Expr], Kind]:
    """Compile parts that must be of one kind; texts beside moments are read as dates."""
    compiled = [compile_row(part, scope) for part in parts]
    kinds = {kind for _, kind in compiled} - {Kind.NULL}
    if Kind.MOMENT in kinds and kinds <= {Kind.MOMENT, Kind.TEXT}:
        return [_as_micros(part, typed, scope) for part, typed in zip(parts, compiled, strict=True)], Kind.NUMBER
    if len(kinds) > 1:
        named = " with ".join(sorted(kind.value for kind in kinds))
        raise fail(node, f"'{written(node)}' compares {named}; for text use quotes, or cast(… as number)")
    return [sql for sql, _ in compiled], next(iter(kinds), Kind.NULL)


def _as_micros(part: exp.Expr, typed: Typed, scope: Scope) -> exp.Expr:
    sql, kind = typed
    if kind is Kind.MOMENT:
        return micros(sql)
    if kind is Kind.NULL:
        return sql
    try:
        moment = datetime.fromisoformat(part.this if isinstance(part, exp.Literal) else "")
    except ValueError:
        raise fail(part, f"'{written(part)}' is not a date like '2026-01-31' or '2026-01-31T09:00'") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=scope.zone)
    return exp.Literal.number(round(aware.timestamp() * 1_000_000))


def _as_double(sql: exp.Expr) -> exp.Expr:
    return exp.cast(sql, "double")


# Functions of a row: name → (least arguments, most arguments, rule).
Rule = Callable[[exp.Expr, list[exp.Expr], Scope], Typed]


def _between_moments(unit: float) -> Rule:
    def rule(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
        start, end = (micros(expect(argument, scope, Kind.MOMENT)) for argument in arguments)
        elapsed = exp.cast(exp.paren(exp.Sub(this=end, expression=start)), "double")
        return exp.paren(exp.Div(this=elapsed, expression=_as_double(exp.Literal.number(unit)))), Kind.NUMBER

    return rule


def _lower(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    return exp.Lower(this=expect(arguments[0], scope, Kind.TEXT)), Kind.TEXT


def _upper(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    return exp.Upper(this=expect(arguments[0], scope, Kind.TEXT)), Kind.TEXT


def _abs(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    return exp.Abs(this=expect(arguments[0], scope, Kind.NUMBER)), Kind.NUMBER


def _coalesce(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    compiled, kind = _alike(node, arguments, scope)
    return exp.Coalesce(this=compiled[0], expressions=compiled[1:]), kind


def _nullif(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    compiled, kind = _alike(node, arguments, scope)
    return exp.Nullif(this=compiled[0], expression=compiled[1]), kind


def _cast(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    alias = arguments[0]
    if not isinstance(alias, exp.Alias) or alias.alias.lower() not in ("number", "text"):
        raise fail(node, "cast is written cast(x as number) or cast(x as text)")
    sql, _ = compile_row(alias.this, scope)
    if alias.alias.lower() == "text":
        return exp.cast(sql, "text"), Kind.TEXT
    return exp.TryCast(this=sql, to=exp.DataType.build("double")), Kind.NUMBER


def _scaled(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    score = _as_double(expect(arguments[0], scope, Kind.NUMBER))
    if "scale_min" not in scope.entity.by_name:
        raise fail(node, f"scaled() needs a scale; {scope.entity.name} has none")
    low, high = (_as_double(column(name)) for name in ("scale_min", "scale_max"))
    width = exp.Nullif(this=exp.paren(high - low), expression=_as_double(exp.Literal.number(0)))
    upward, downward = ((exp.paren(part) / width.copy()) for part in (score - low, high.copy() - score.copy()))
    # A scale whose direction is not known is not guessed.
    direction = column("high_is_good")
    ifs = [exp.If(this=direction, true=upward), exp.If(this=exp.Not(this=direction.copy()), true=downward)]
    return exp.paren(exp.Case(ifs=ifs)), Kind.NUMBER


def _nth(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    window = Window("_nth")
    scope.windows.add(window)
    return column(window.name), Kind.NUMBER


def _until_next(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> tuple[exp.Expr, exp.Expr, exp.Expr]:
    """The microseconds until the customer's next row, the days that were asked, and whether both rows can be told."""
    name = node.name.lower()
    days, *same = arguments
    if not isinstance(days, exp.Literal) or days.is_string or not 0 < float(days.this) <= 3660:
        raise fail(node, f"{name} needs a number of days first, for example {name}(7, topic)")
    if any(not isinstance(part, exp.Column) or part.name not in scope.entity.by_name for part in same):
        raise fail(node, f"{name} takes columns of {scope.entity.name} after the days, as in (7, topic)")
    columns = tuple(part.name for part in same)
    window = Window("_next_" + "_".join(columns or ("any",)), columns)
    scope.windows.add(window)
    gap = exp.paren(column(window.name) - micros(column(scope.entity.anchor)))
    known = [exp.Not(this=exp.Is(this=column(name), expression=exp.Null())) for name in ("customer_id", *columns)]
    return gap, exp.Literal.number(round(float(days.this) * MICROS_A_DAY)), exp.and_(*known)


def _followed_within(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    gap, asked, known = _until_next(node, arguments, scope)
    flag = exp.Coalesce(this=exp.paren(exp.LTE(this=gap, expression=asked)), expressions=[exp.false()])
    return exp.paren(exp.Case(ifs=[exp.If(this=known, true=flag)])), Kind.BOOLEAN


def _silent_for(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Typed:
    gap, asked, known = _until_next(node, arguments, scope)
    passed = exp.paren(column(LATEST) - micros(column(scope.entity.anchor)))
    followed = exp.and_(known, exp.LTE(this=gap, expression=asked))
    # Until the days have passed nobody can tell.
    silent = exp.and_(known.copy(), exp.GT(this=passed, expression=asked.copy()))
    return exp.paren(exp.Case(ifs=[exp.If(this=followed, true=exp.false()), exp.If(this=silent, true=exp.true())])), Kind.BOOLEAN


ROW_FUNCTIONS: dict[str, tuple[int, int, Rule]] = {
    "seconds": (2, 2, _between_moments(1_000_000)),
    "days": (2, 2, _between_moments(MICROS_A_DAY)),
    "lower": (1, 1, _lower),
    "upper": (1, 1, _upper),
    "abs": (1, 1, _abs),
    "coalesce": (1, 20, _coalesce),
    "nullif": (2, 2, _nullif),
    "cast": (1, 1, _cast),
    "scaled": (1, 1, _scaled),
    "nth": (0, 0, _nth),
    "followed_within": (1, 4, _followed_within),
    "silent_for": (1, 4, _silent_for),
}


def _function(node: exp.Expr, scope: Scope) -> Typed:
    assert isinstance(node, exp.Anonymous)
    name = node.name.lower()
    if name not in ROW_FUNCTIONS:
        raise fail(node, f"there is no function of a row '{name}'{did_you_mean(name, ROW_FUNCTIONS)}")
    least, most, rule = ROW_FUNCTIONS[name]
    check_arguments(node, least, most)
    return rule(node, list(node.expressions), scope)


def check_arguments(node: exp.Expr, least: int, most: int) -> None:
    """Raise FormulaError unless a call has between `least` and `most` arguments."""
    given = len(node.expressions)
    if not least <= given <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise fail(node, f"{node.name.lower()}() takes {wanted} argument{'s' * (most != 1)}, not {given}")


_RULES: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], Callable[[exp.Expr, Scope], Typed]], ...] = (
    (exp.Column, _column),
    (exp.Literal, _literal),
    (exp.Boolean, _boolean),
    (exp.Null, _null),
    (exp.Paren, _paren),
    ((exp.And, exp.Or), _connective),
    (exp.Not, _not),
    (_COMPARISONS, _comparison),
    (exp.Between, _between),
    (exp.In, _in),
    (exp.Is, _is),
    (exp.Like, _like),
    (_ARITHMETIC, _arithmetic),
    (exp.Neg, _negative),
    (exp.Case, _case),
    (exp.Anonymous, _function),
)

__all__ = ["FormulaError", "Kind", "Scope", "Window", "compile_row", "condition", "expect"]
