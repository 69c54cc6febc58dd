"""What stands behind a number: its rows, and how their values are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from sqlglot import exp

from polso.entities import ENTITIES, Entity
from polso.errors import QueryError
from polso.formula.grid import micros_utc
from polso.formula.language import parse
from polso.formula.resolve import both
from polso.formula.rows import Scope, call, column, condition, micros
from polso.measure.ask import Facts, Plan, make_plan
from polso.measure.extras import extra_keys
from polso.query import Query

MOST_ROWS = 100_000
_FEW_VALUES = 21
"""With no more different values than this, each has a bar of its own."""
_STEPS = 8
"""Bars to a power of ten, where values are of every size."""
_SPREAD = ("mean", "quantile", "time_quantile", "stddev")


@dataclass(frozen=True)
class Bar:
    """How many rows have a value from `low` to `high`; both the same for a single value."""

    low: float
    high: float
    rows: int


def rows_behind(query: Query, facts: Facts, *, personal: bool, most: int = 100, skip: int = 0) -> pa.Table:
    """The rows of a KPI's own entity that a question about it counts, newest first; personal columns only where allowed."""
    if not 0 < most <= MOST_ROWS:
        raise QueryError(f"{most} rows: ask for 1 to {MOST_ROWS} at a time")
    plan, entity, where = _counted(query, facts)
    files = plan.source.snapshots[entity.name].files
    shown = [one.name for one in entity.all_columns if not one.system and (personal or not one.personal)]
    if not personal:
        shown = [name for name in shown if name != "extra"]
    if not files:
        return pa.table({name: pa.nulls(0, entity.by_name[name].type.arrow) for name in shown})
    time = plan.metrics[0].time
    order = [exp.Ordered(this=column(time), desc=True, nulls_first=False), exp.Ordered(this=column("id"))]
    sql = exp.select(*(column(name) for name in shown)).from_(exp.table_(entity.name, quoted=True)).where(where)
    sql = sql.order_by(*order).limit(most).offset(skip)
    return plan.source.engine.query(sql, {entity.name: [file.path for file in files]})


def named(entity_name: str, ids: Sequence[str], facts: Facts) -> pa.Table:
    """The facts of an entity that have one of these ids."""
    entity = ENTITIES[entity_name]
    shown = [one.name for one in entity.all_columns if not one.system]
    files = facts.snapshot(entity.name).files
    if not files or not ids:
        return pa.table({name: pa.nulls(0, entity.by_name[name].type.arrow) for name in shown})
    asked = exp.In(this=column("id"), expressions=[exp.Literal.string(one) for one in ids])
    sql = exp.select(*map(column, shown)).from_(exp.table_(entity.name, quoted=True)).where(asked)
    return facts.engine.query(sql, {entity.name: [file.path for file in files]})


def distribution(query: Query, facts: Facts) -> list[Bar]:
    """How the values that a KPI is made of are spread; nothing where it is not made of values."""
    plan, entity, where = _counted(query, facts)
    value = _value(plan, entity)
    files = plan.source.snapshots[entity.name].files
    if value is None or not files:
        return []
    facts_of = {entity.name: [file.path for file in files]}
    number = exp.cast(value.copy(), "double")
    valued = exp.select(exp.alias_(number, "v", quoted=True)).from_(exp.table_(entity.name, quoted=True)).where(where)
    count = exp.alias_(exp.Count(this=exp.Star()), "rows", quoted=True)
    known = exp.Not(this=exp.Is(this=column("v"), expression=exp.Null()))
    singles = exp.select(column("v"), count).from_(valued.subquery("t")).where(known).group_by(column("v"))
    table = plan.source.engine.query(singles.limit(_FEW_VALUES + 1), facts_of)
    if len(table) <= _FEW_VALUES:
        found = sorted(zip(table["v"].to_pylist(), table["rows"].to_pylist(), strict=True))
        return [Bar(value, value, rows) for value, rows in found]
    step = exp.Floor(this=exp.Mul(this=exp.paren(call("log10", column("v"))), expression=exp.Literal.number(_STEPS)))
    # What is zero or below has no place on a scale of powers, and gets a bar of its own.
    above = exp.If(this=exp.GT(this=column("v"), expression=exp.Literal.number(0)), true=step)
    stepped = exp.select(exp.alias_(exp.Case(ifs=[above]), "step", quoted=True)).from_(valued.subquery("t")).where(known.copy())
    steps = exp.select(column("step"), count.copy()).from_(stepped.subquery("s")).group_by(column("step"))
    table = plan.source.engine.query(steps, facts_of)
    by_step = dict(zip(table["step"].to_pylist(), table["rows"].to_pylist(), strict=True))
    none = by_step.pop(None, 0)
    every = range(int(min(by_step)), int(max(by_step)) + 1) if by_step else range(0)
    bars = [Bar(10 ** (one / _STEPS), 10 ** ((one + 1) / _STEPS), by_step.get(one, 0)) for one in every]
    return [Bar(0.0, 0.0, none), *bars] if none else bars


def _counted(query: Query, facts: Facts) -> tuple[Plan, Entity, exp.Expr]:
    """The plan of a question about one KPI, its entity, and which of its rows are counted in the whole of the time asked."""
    if len(query.metrics) != 1:
        raise QueryError("ask about one KPI at a time")
    plan = make_plan(replace(query, grain="all", by=(), compare="none"), facts)
    metric = plan.metrics[0]
    entity = ENTITIES[metric.entity]
    scope = Scope(entity, lambda: extra_keys(entity.name, plan.source), facts.zone)
    own = condition(parse(metric.where), scope) if metric.where else None
    (period,) = (plan.asked.grid.periods[place] for place in plan.asked.shown)
    moment = micros(column(metric.time))
    first, end = (exp.Literal.number(micros_utc(edge, facts.zone)) for edge in (period.start, period.end))
    when = exp.and_(exp.GTE(this=moment, expression=first), exp.LT(this=moment.copy(), expression=end))
    if scope.windows:
        # Conditions that look at a customer's other rows need the whole scan: show all rows of the time instead.
        own = None
    found = both(own, plan.slice_.where.get(entity.name), when)
    assert found is not None
    return plan, entity, found


def _value(plan: Plan, entity: Entity) -> exp.Expr | None:
    functions = {one.function for one in plan.resolved[0].aggregates}
    if entity.name == "response" and functions <= {"share", "mean"}:
        return column("score")
    if len(plan.resolved[0].aggregates) != 1 or not functions & set(_SPREAD):
        return None
    (one,) = plan.resolved[0].aggregates
    return one.value if one.until is None or one.value is None else _waited(one.value, one.until)


def _waited(start: exp.Expr, until: exp.Expr) -> exp.Expr:
    """Seconds from one moment to another."""
    apart = exp.paren(exp.Sub(this=micros(until.copy()), expression=micros(start.copy())))
    return exp.Div(this=exp.cast(apart, "double"), expression=exp.Literal.number("1e6"), typed=False, safe=False)
