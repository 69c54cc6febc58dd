"""Answer a question: resolve, gather, measure, judge, lay out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from polso.answer import Answer, Answers, Change, Estimate, Goal, Row
from polso.engines.engine import Engine
from polso.entities import ENTITIES
from polso.errors import FormulaError, QueryError
from polso.formula.combine import Array
from polso.formula.grid import Asked, days, periods_of
from polso.formula.language import parse
from polso.formula.partials import Slice, parts
from polso.formula.resolve import Aggregate, Resolved, both, resolve, splits
from polso.formula.rows import Scope, column, condition
from polso.insights.intervals import Shape
from polso.insights.significance import benjamini_hochberg, difference
from polso.measure.extras import extra_keys
from polso.measure.gather import Gathered, gather
from polso.measure.judge import Measured, measure_one
from polso.measure.kept import Cache, Source
from polso.metrics.catalogue import Catalogue
from polso.metrics.metric import Metric
from polso.query import Query, Within
from polso.warehouse.store import Snapshot


@dataclass(frozen=True)
class Facts:
    """What a question is put to: the facts, the definitions, and the workspace's ways."""

    snapshot: Callable[[str], Snapshot]
    catalogue: Catalogue
    engine: Engine
    zone: ZoneInfo
    cache: Cache | None = None
    working_days: Callable[[date, date], int] | None = None
    goals: Mapping[str, float] | None = None
    language: str = "en"
    within: Within | None = None


@dataclass(frozen=True)
class Plan:
    """A question made ready: each metric taken apart, and the facts as they stand."""

    query: Query
    metrics: tuple[Metric, ...]
    resolved: tuple[Resolved, ...]
    slice_: Slice
    source: Source
    asked: Asked

    @property
    def aggregates(self) -> list[Aggregate]:
        """Every aggregate of every formula."""
        return [aggregate for resolved in self.resolved for aggregate in resolved.aggregates]


def ask(query: Query, facts: Facts) -> Answers:
    """Answer a question about facts."""
    plan = make_plan(query, facts)
    gathered, measured = measure_all(plan, facts)
    return _Layout(plan, gathered, facts).answers(measured)


def measure_all(plan: Plan, facts: Facts) -> tuple[Gathered, list[Measured]]:
    """Compute every KPI of a plan over all its cells."""
    gathered = gather(plan.aggregates, plan.slice_, plan.asked.grid, plan.source)
    of_the_period = _of_the_period(plan, gathered, facts)
    measured = [
        measure_one(resolved, shape_of(metric, resolved), gathered, of_the_period)
        for metric, resolved in zip(plan.metrics, plan.resolved, strict=True)
    ]
    return gathered, measured


def make_plan(query: Query, facts: Facts) -> Plan:
    """Check a question against definitions and facts; FormulaError or QueryError where it does not fit."""
    metrics = tuple(facts.catalogue[key] for key in dict.fromkeys(query.metrics))
    snapshots = _Snapshots(facts.snapshot)
    source = Source(snapshots, facts.engine, facts.cache)

    def known_extras(entity: str) -> frozenset[str]:
        return extra_keys(entity, source)

    resolved = tuple(_resolve(metric, facts, known_extras) for metric in metrics)
    entities = dict.fromkeys(entity for one in resolved for entity in one.entities)
    if not entities:
        raise QueryError(f"{', '.join(query.metrics)}: a KPI must aggregate something, for example count()")
    slice_ = Slice({}, {})
    where, by = dict(slice_.where), dict(slice_.by)
    tree = parse(query.where) if query.where else None
    for entity in entities:
        scope = Scope(ENTITIES[entity], partial(known_extras, entity), facts.zone)
        reach = limit(facts.within, entity) if facts.within is not None else None
        where[entity] = both(condition(tree, scope) if tree is not None else None, reach)
        by[entity] = splits(query.by, scope)
        if scope.windows:
            raise QueryError("a filter cannot look at a customer's other rows: nth() and followed_within() are for KPIs")
    asked = periods_of(query, facts.zone, _extent(resolved, source))
    return Plan(query, metrics, resolved, Slice(where, by), source, asked)


def limit(within: Within, entity: str) -> exp.Expr:
    """The condition that holds for rows that may be seen; QueryError where an entity cannot tell."""
    if within.column not in ENTITIES[entity].by_name:
        raise QueryError(f"a {entity} has no {within.column}, and only those of some {within.column} may be seen")
    if not within.values:
        return exp.false()
    return exp.In(this=column(within.column), expressions=[exp.Literal.string(value) for value in within.values])


_RESOLVED: dict[tuple[str, str, str], Resolved] = {}
_MOST_RESOLVED = 2_000


def _resolve(metric: Metric, facts: Facts, extras: Callable[[str], frozenset[str]]) -> Resolved:
    """Take a metric apart, once for each version of its definition."""
    known = metric.key, facts.catalogue.version(metric.key), facts.zone.key
    if known not in _RESOLVED:
        if len(_RESOLVED) >= _MOST_RESOLVED:
            _RESOLVED.clear()
        try:
            _RESOLVED[known] = resolve(metric, facts.catalogue.__getitem__, facts.catalogue.keys(), extras, facts.zone)
        except FormulaError as error:
            raise FormulaError(f"{metric.key}: {error}") from None
    return _RESOLVED[known]


class _Snapshots(dict[str, Snapshot]):
    """Each entity's snapshot, taken once, when first needed."""

    def __init__(self, take: Callable[[str], Snapshot]) -> None:
        super().__init__()
        self._take = take

    def __missing__(self, entity: str) -> Snapshot:
        self[entity] = self._take(entity)
        return self[entity]


def _extent(resolved: Iterable[Resolved], source: Source) -> tuple[datetime, datetime] | None:
    """From the first to the last moment by which any of the rows concerned is dated."""
    dated = {(part.scan.entity, part.scan.time) for one in resolved for a in one.aggregates for part in parts(a).values()}
    spans = [file.times[time] for entity, time in sorted(dated) for file in source.snapshots[entity].files if time in file.times]
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def shape_of(metric: Metric, resolved: Resolved) -> Shape:
    """What kind of number a KPI is, as far as its interval goes."""
    if metric.range == (0.0, 100.0) and metric.unit == "%":
        return Shape.PERCENT
    if metric.range is None and metric.unit not in ("%", "points", "score"):
        return Shape.POSITIVE
    return Shape.FREE


def _of_the_period(plan: Plan, gathered: Gathered, facts: Facts) -> dict[str, Array]:
    """The functions of the period that the formulas name, shape (cells, 1)."""
    called = {node.name for resolved in plan.resolved for node in resolved.arithmetic.find_all(exp.Anonymous)}
    counts: dict[str, Callable[[date, date], int]] = {
        "days_in_period": lambda first, last: (last - first).days,
        "working_days": facts.working_days or (lambda first, last: int(np.busday_count(first, last))),
    }
    spans = days(plan.asked.grid.periods)
    of_periods = {name: np.array([float(count(*span)) for span in spans]) for name, count in counts.items() if name in called}
    return {name: values[gathered.period][:, None] for name, values in of_periods.items()}


@dataclass
class _Layout:
    """Lays measured cells out as rows, sorted by period then segment."""

    plan: Plan
    gathered: Gathered
    facts: Facts

    def answers(self, measured: Sequence[Measured]) -> Answers:
        """Lay out every KPI; what is judged together is corrected together."""
        drafts = [self._draft(one) for one in measured]
        p_values = np.array([p for draft in drafts for _, _, _, p in draft])
        real = benjamini_hochberg(p_values)
        start = 0
        found = []
        for metric, resolved, one, draft in zip(self.plan.metrics, self.plan.resolved, measured, drafts, strict=True):
            flags = real[start : start + len(draft)]
            start += len(draft)
            found.append(self._answer(metric, resolved, one, draft, flags))
        return Answers(tuple(found))

    def _draft(self, one: Measured) -> list[tuple[str, int, Change | None, float]]:
        """Per row: period label, cell, change before correction, p-value."""
        places = {cell: place for place, cell in enumerate(self.gathered.cells.tolist())}
        names = [segment for segment, _ in sorted(self.gathered.segments.number.items(), key=lambda item: item[1])]
        order = sorted(range(len(names)), key=lambda number: [(value is None, value or "") for value in names[number]])
        asked = self.plan.asked
        rows: list[tuple[str, int, int | None]] = []
        for shown, before in zip(asked.shown, asked.before, strict=True):
            for number in order:
                cell = places.get(shown * (1 << 32) + number)
                if cell is None or (self.plan.query.by and not one.present[cell]):
                    continue
                earlier = None if before is None else places.get(before * (1 << 32) + number)
                rows.append((asked.grid.periods[shown].label, cell, earlier))
        return self._with_changes(rows, one)

    def _with_changes(
        self, rows: Sequence[tuple[str, int, int | None]], one: Measured
    ) -> list[tuple[str, int, Change | None, float]]:
        pairs = [(cell, before) for _, cell, before in rows if before is not None]
        changes: dict[int, tuple[Change, float]] = {}
        if pairs:
            now, earlier = (np.array(side) for side in zip(*pairs, strict=True))
            found = difference(_side(one, now), _side(one, earlier))
            for place, (cell, before) in enumerate(pairs):
                if not (one.present[cell] and one.present[before]) or np.isnan(found.value[place]):
                    continue
                change = Change(float(found.value[place]), _number(found.low[place]), _number(found.high[place]))
                changes[cell] = change, float(found.p[place])
        return [(label, cell, *changes.get(cell, (None, float("nan")))) for label, cell, _ in rows]

    def _answer(
        self,
        metric: Metric,
        resolved: Resolved,
        one: Measured,
        draft: Sequence[tuple[str, int, Change | None, float]],
        flags: NDArray[np.bool_],
    ) -> Answer:
        query = self.plan.query
        names = {number: segment for segment, number in self.gathered.segments.number.items()}
        rows = []
        for (label, cell, change, p), real in zip(draft, flags, strict=True):
            estimate = self._estimate(one, cell)
            segment = dict(zip(query.by, names[int(self.gathered.segment[cell])], strict=True))
            told = None if change is None else Change(change.value, change.low, change.high, _real(p, real))
            rows.append(Row(label, segment, estimate, told, self._goal(metric, estimate)))
        snapshot = {entity: self.plan.source.snapshots[entity].version for entity in resolved.entities}
        return Answer(
            metric=metric.key,
            unit=metric.unit,
            version=self.facts.catalogue.version(metric.key),
            snapshot=snapshot,
            by=query.by,
            rows=tuple(rows),
            name=metric.name(self.facts.language),
            direction=metric.direction,
        )

    def _estimate(self, one: Measured, cell: int) -> Estimate:
        value, n = _number(one.value[cell]), int(one.n[cell])
        if not one.present[cell]:
            if value == 0 and self._covered(cell):
                return Estimate(0.0, n=0, reason="nothing to count in this period, so no interval")
            return Estimate(None, n=0, reason="nothing to count in this period")
        if value is None:
            reason = one.intervals.reasons[cell] or "nothing to divide by in this period"
            return Estimate(None, n=n, reason=reason)
        low, high = _number(one.intervals.low[cell]), _number(one.intervals.high[cell])
        return Estimate(value, low, high, n, None if low is not None else one.intervals.reasons[cell])

    def _covered(self, cell: int) -> bool:
        """Whether facts were known before and after an empty period, so that nothing is nothing."""
        extent = _extent(self.plan.resolved, self.plan.source)
        if extent is None:
            return False
        first, last = (moment.astimezone(self.facts.zone).replace(tzinfo=None) for moment in extent)
        period = self.plan.asked.grid.periods[int(self.gathered.period[cell])]
        return first < period.end and period.start <= last

    def _goal(self, metric: Metric, estimate: Estimate) -> Goal | None:
        target = (self.facts.goals or {}).get(metric.key)
        return None if target is None else Goal.judged(target, estimate, metric.direction)


def _side(one: Measured, cells: NDArray[np.int64]) -> Measured:
    return Measured(
        one.value[cells],
        one.replicates[cells],
        one.n[cells],
        one.groups[cells],
        one.intervals.at(cells),
        one.present[cells],
    )


def _real(p: float, real: bool) -> bool | None:
    return None if np.isnan(p) else bool(real)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
