"""From a formula to its aggregates and the arithmetic between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlglot import exp

from polso.entities import ENTITIES, Entity
from polso.errors import FormulaError, did_you_mean
from polso.formula.language import fail, parse, written
from polso.formula.rows import ROW_FUNCTIONS, Kind, Scope, Window, check_arguments, column, compile_row, expect


class Definition(Protocol):
    """What a KPI says of itself, as far as computing it goes."""

    @property
    def key(self) -> str: ...
    @property
    def entity(self) -> str: ...
    @property
    def time(self) -> str: ...
    @property
    def formula(self) -> str: ...
    @property
    def where(self) -> str | None: ...
    @property
    def per_customer(self) -> str: ...


@dataclass(frozen=True, eq=False)
class Aggregate:
    """One aggregate of one entity: everything needed to compute it by period, segment and customer group.

    Compared by identity, because comparing SQL trees is slow; `key` tells whether two are the same.
    """

    function: str
    entity: str
    time: str
    """The column that says which period a row belongs to."""
    value: exp.Expr | None = None
    """What is aggregated, as SQL over a row."""
    where: exp.Expr | None = None
    """Which rows count, as SQL over a row."""
    latest: exp.Expr | bool = False
    """True, or the metric's own condition: of each customer only the latest such row of the period."""
    windows: frozenset[Window] = frozenset()
    until: exp.Expr | None = None
    """For `time_quantile`: the moment when the waiting ends."""
    q: float | None = None

    @cached_property
    def key(self) -> str:
        """A text that is the same for the same aggregate."""
        parts = (self.function, self.entity, self.time, self.value, self.where, self.latest, self.until, self.q)
        return "|".join(part.sql() if isinstance(part, exp.Expr) else str(part) for part in parts)


@dataclass(frozen=True)
class Resolved:
    """A formula taken apart: arithmetic over numbered placeholders, and the aggregates they stand for."""

    arithmetic: exp.Expr
    aggregates: tuple[Aggregate, ...]

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities it is computed from."""
        return tuple(dict.fromkeys(aggregate.entity for aggregate in self.aggregates))


Extras = Callable[[str], Collection[str] | None]
Lookup = Callable[[str], Definition]

STOCKS = ("at_start", "at_end", "began", "ended", "ended_of_start")
FLOWS = ("kept", "kept_or_grown")
QUANTILES = ("quantile", "time_quantile")
AGGREGATES: dict[str, tuple[int, int]] = {
    "count": (0, 1),
    "share": (1, 1),
    "sum": (1, 1),
    "mean": (1, 1),
    "median": (1, 1),
    "quantile": (2, 2),
    "min": (1, 1),
    "max": (1, 1),
    "stddev": (1, 1),
    "distinct": (1, 1),
    "time_median": (2, 2),
    "time_quantile": (3, 3),
    **dict.fromkeys(STOCKS, (0, 1)),
    **dict.fromkeys(FLOWS, (1, 1)),
}
BETWEEN: dict[str, tuple[int, int]] = {
    "nullif": (2, 2),
    "coalesce": (2, 10),
    "least": (2, 10),
    "greatest": (2, 10),
    "abs": (1, 1),
}
OF_THE_PERIOD = ("working_days", "days_in_period")


def vocabulary(entity: str) -> list[str]:
    """The words that a formula about an entity may be written with: functions and columns."""
    functions = {*AGGREGATES, *BETWEEN, *OF_THE_PERIOD, *ROW_FUNCTIONS}
    return sorted(f"{name}()" for name in functions) + [
        column.name for column in ENTITIES[entity].all_columns if not column.system
    ]


@dataclass
class _Reading:
    """The state of reading one metric and, through names, the metrics it is made of."""

    lookup: Lookup
    keys: Collection[str]
    extras: Extras
    zone: ZoneInfo
    found: dict[str, Aggregate] = field(default_factory=dict)

    def placeholder(self, aggregate: Aggregate) -> exp.Expr:
        self.found.setdefault(aggregate.key, aggregate)
        return exp.Placeholder(this=str(list(self.found).index(aggregate.key)))


def resolve(
    metric: Definition,
    lookup: Lookup,
    keys: Collection[str],
    extras: Extras = lambda entity: None,
    zone: ZoneInfo | None = None,
) -> Resolved:
    """Take a metric's formula apart, following the metrics it names; FormulaError where it is not allowed.

    `lookup` gives the metric of a key, `keys` are all keys, `extras(entity)` the keys known in its `extra`.
    """
    reading = _Reading(lookup, keys, extras, zone or ZoneInfo("UTC"))
    arithmetic = _metric(metric, reading, ())
    return Resolved(arithmetic, tuple(reading.found.values()))


def _metric(metric: Definition, reading: _Reading, path: tuple[str, ...]) -> exp.Expr:
    if metric.key in path:
        raise FormulaError(f"'{metric.key}' is defined by itself: {' → '.join((*path, metric.key))}")
    return _arithmetic(parse(metric.formula), metric, reading, (*path, metric.key))


def _arithmetic(node: exp.Expr, metric: Definition, reading: _Reading, path: tuple[str, ...]) -> exp.Expr:
    def inner(part: exp.Expr) -> exp.Expr:
        return _arithmetic(part, metric, reading, path)

    match node:
        case exp.Literal() if not node.is_string:
            return exp.Literal.number(node.this)
        case exp.Paren() | exp.Neg():
            return type(node)(this=inner(node.this))
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Div():
            return type(node)(this=inner(node.this), expression=inner(node.expression))
        case exp.Filter() if isinstance(node.this, exp.Anonymous):
            return reading.placeholder(_aggregate(node.this, node.expression.this, metric, reading))
        case exp.Anonymous() if node.name.lower() in AGGREGATES:
            return reading.placeholder(_aggregate(node, None, metric, reading))
        case exp.Anonymous() if node.name.lower() in BETWEEN:
            check_arguments(node, *BETWEEN[node.name.lower()])
            return exp.Anonymous(this=node.name.lower(), expressions=[inner(part) for part in node.expressions])
        case exp.Anonymous() if node.name.lower() in OF_THE_PERIOD:
            check_arguments(node, 0, 0)
            return exp.Anonymous(this=node.name.lower())
        case exp.Anonymous():
            known = (*AGGREGATES, *BETWEEN, *OF_THE_PERIOD)
            hint = did_you_mean(node.name.lower(), known)
            if node.name.lower() in ROW_FUNCTIONS:
                hint = ": it works on one row, so put it inside an aggregate such as mean(…)"
            raise fail(node, f"there is no function '{node.name.lower()}' between aggregates{hint}")
        case exp.Column() if not node.table:
            return _other_metric(node, metric, reading, path)
    raise fail(node, f"'{written(node)}' must stand inside an aggregate such as count(…), share(…) or mean(…)")


def _other_metric(node: exp.Expr, metric: Definition, reading: _Reading, path: tuple[str, ...]) -> exp.Expr:
    if node.name not in reading.keys:
        if node.name in ENTITIES[metric.entity].by_name:
            raise fail(node, f"column '{node.name}' must stand inside an aggregate, for example mean({node.name})")
        raise fail(node, f"there is no KPI '{node.name}'{did_you_mean(node.name, reading.keys)}")
    return exp.Paren(this=_metric(reading.lookup(node.name), reading, path))


def _aggregate(node: exp.Anonymous, where: exp.Expr | None, metric: Definition, reading: _Reading) -> Aggregate:
    name = node.name.lower()
    if name not in AGGREGATES:
        raise fail(node, f"there is no aggregate '{name}'{did_you_mean(name, AGGREGATES)}")
    check_arguments(node, *AGGREGATES[name])
    entity = _entity(node, where, name, metric)
    scope = Scope(entity, partial(reading.extras, entity.name), reading.zone)
    own = metric.where if entity.name == metric.entity else None
    base = expect(parse(own), scope, Kind.BOOLEAN) if own else None
    chosen = expect(where, scope, Kind.BOOLEAN) if where is not None else None
    time = metric.time if entity.name == metric.entity else entity.anchor
    latest = metric.per_customer == "latest" and entity.name == metric.entity and name not in (*STOCKS, *FLOWS)
    made = _made(node, name, entity, scope)
    return Aggregate(
        function=made.function,
        entity=entity.name,
        time=made.time or time,
        value=made.value,
        where=both(base, chosen),
        latest=(base if base is not None else True) if latest else False,
        windows=frozenset(scope.windows),
        until=made.until,
        q=made.q,
    )


@dataclass(frozen=True)
class _Made:
    function: str
    value: exp.Expr | None = None
    until: exp.Expr | None = None
    q: float | None = None
    time: str | None = None


def _made(node: exp.Anonymous, name: str, entity: Entity, scope: Scope) -> _Made:
    arguments = node.expressions
    match name:
        case "count":
            return _Made("count", _counted(arguments[0], scope) if arguments else None)
        case "share":
            return _Made("share", expect(arguments[0], scope, Kind.BOOLEAN))
        case "distinct":
            return _Made("distinct", compile_row(arguments[0], scope)[0])
        case "median" | "quantile":
            return _Made("quantile", expect(arguments[0], scope, Kind.NUMBER), q=_q(node, 1, name == "median"))
        case "time_median" | "time_quantile":
            start, end = (expect(argument, scope, Kind.MOMENT) for argument in arguments[:2])
            return _Made("time_quantile", start, until=end, q=_q(node, 2, name == "time_median"))
    if name in (*STOCKS, *FLOWS):
        return _stock(node, name, entity, scope)
    return _Made(name, exp.cast(expect(arguments[0], scope, Kind.NUMBER), "double"))


def _counted(argument: exp.Expr, scope: Scope) -> exp.Expr:
    """The condition under which a row is counted: it holds, or the value is there."""
    sql, kind = compile_row(argument, scope)
    return sql if kind is Kind.BOOLEAN else exp.paren(exp.Not(this=exp.paren(exp.Is(this=sql, expression=exp.Null()))))


def _q(node: exp.Anonymous, place: int, median: bool) -> float:
    if median:
        return 0.5
    given = node.expressions[place]
    if not isinstance(given, exp.Literal) or given.is_string or not 0 < float(given.this) < 1:
        raise fail(node, f"{node.name.lower()}() needs a number between 0 and 1, for example 0.9")
    return float(given.this)


def _stock(node: exp.Anonymous, name: str, entity: Entity, scope: Scope) -> _Made:
    if entity.begin is None or entity.end is None:
        lasting = [other.name for other in ENTITIES.values() if other.begin]
        raise fail(node, f"{name}() needs an entity that begins and ends; {entity.name} does not, {', '.join(lasting)} do")
    argument = node.expressions[0] if node.expressions else None
    amount = None
    if argument is not None and not _names_entity(argument):
        amount = exp.cast(expect(argument, scope, Kind.NUMBER), "double")
    if amount is None and name in FLOWS:
        raise fail(node, f"{name}() needs an amount, for example {name}(subscription.monthly_revenue)")
    return _Made(name, amount, time=entity.end if name in ("ended", "ended_of_start") else entity.begin)


def _entity(node: exp.Expr, where: exp.Expr | None, name: str, metric: Definition) -> Entity:
    """The one entity an aggregate speaks of: the one it names, else the metric's own."""
    parts = [*node.find_all(exp.Column), *(where.find_all(exp.Column) if where is not None else ())]
    named = dict.fromkeys(part.table for part in parts if part.table)
    if name in STOCKS and node.expressions and _names_entity(node.expressions[0]):
        named = dict.fromkeys([node.expressions[0].name, *named])
    for table in named:
        if table not in ENTITIES:
            raise fail(node, f"there is no entity '{table}'{did_you_mean(table, ENTITIES)}")
    if len(named) > 1:
        raise fail(node, f"one aggregate speaks of {' and '.join(named)}: use one aggregate for each entity")
    return ENTITIES[next(iter(named), metric.entity)]


def _names_entity(argument: exp.Expr) -> bool:
    return isinstance(argument, exp.Column) and not argument.table and argument.name in ENTITIES


def both(*conditions: exp.Expr | None) -> exp.Expr | None:
    """All conditions at once; None when there is none."""
    present: Iterable[exp.Expr] = [condition for condition in conditions if condition is not None]
    joined = [exp.paren(condition.copy()) for condition in present]
    return exp.paren(exp.and_(*joined)) if joined else None


def splits(by: Iterable[str], scope: Scope) -> tuple[exp.Expr, ...]:
    """SQL, as text, for the columns or keys of `extra` that an answer is split by."""
    return tuple(exp.cast(compile_row(exp.Column(this=exp.to_identifier(name)), scope)[0], "text") for name in by)


__all__ = ["AGGREGATES", "Aggregate", "Definition", "Resolved", "both", "column", "resolve", "splits", "vocabulary"]
