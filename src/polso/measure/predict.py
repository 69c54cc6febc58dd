"""What customers will still bring: lifetime value from purchases, and from contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from polso.answer import Answer, Answers, Estimate, Row
from polso.entities import CUSTOMER_GROUPS, ENTITIES
from polso.errors import QueryError, did_you_mean
from polso.formula.language import parse
from polso.formula.resolve import splits
from polso.formula.rows import Scope, column, condition, micros
from polso.insights.intervals import Array, Ints, Shape, interval
from polso.insights.lifetime_value import FEWEST_REPEATERS, Contracts, Purchases, Spending
from polso.measure.ask import Facts, limit
from polso.measure.extras import extra_keys
from polso.measure.kept import Source

_WEEK = 7.0
_MONTH = 365.25 / 12
_DAY_MICROS = 86_400_000_000
VALUES = ("margin", "amount")
"""What of a purchase may be counted."""


@dataclass(frozen=True)
class Prediction:
    """What is to be foretold: which value, how far ahead, and for whom."""

    key: str
    by: tuple[str, ...] = ()
    months: int = 12
    where: str | None = None
    value: str = "margin"


@dataclass(frozen=True)
class _Model:
    """A kind of forecast: the entity it reads, the columns it needs, and how it foretells each customer."""

    entity: str
    version: str
    name: dict[str, str]
    columns: Callable[[Prediction], tuple[str, ...]]
    foretell: Callable[[pa.Table, Prediction, int], _Foretold]


@dataclass(frozen=True)
class _Foretold:
    """One value per customer or contract with everything, and again without each customer group; or why there is none."""

    group: Ints
    segment: Ints
    whole: Array
    without: Sequence[Array]
    """Each of the length of `whole`; those of the group left out are not read."""
    reason: str | None = None


def predict(asked: Prediction, facts: Facts) -> Answers:
    """Foretell what customers bring in the months after the last fact, on average; QueryError for what is not known."""
    if asked.key not in MODELS:
        raise QueryError(f"'{asked.key}' cannot be foretold, only {' and '.join(MODELS)}{did_you_mean(asked.key, MODELS)}")
    if not 1 <= asked.months <= 120:
        raise QueryError(f"--months {asked.months}: give 1 to 120")
    if asked.value not in VALUES:
        raise QueryError(f"--value {asked.value}: give {' or '.join(VALUES)}")
    model = MODELS[asked.key]
    source = Source({model.entity: facts.snapshot(model.entity)}, facts.engine, facts.cache)
    foretold: _Foretold | None = None
    segments: list[tuple[str | None, ...]] = []
    # What is planned for later has not been seen yet.
    latest = min(source.latest(model.entity), datetime.now(UTC))
    if source.snapshots[model.entity].files:
        rows, segments = _rows(model, asked, facts, source)
        foretold = model.foretell(rows, asked, int(latest.timestamp() * 1e6)) if len(rows) else None
    until = latest.astimezone(facts.zone).date() + timedelta(days=1)
    answer = Answer(
        metric=asked.key,
        unit="currency",
        version=model.version,
        snapshot={model.entity: source.snapshots[model.entity].version},
        by=asked.by,
        rows=tuple(_answers(foretold, segments, asked, until.isoformat())),
        name=model.name[facts.language],
    )
    return Answers((answer,))


def _rows(model: _Model, asked: Prediction, facts: Facts, source: Source) -> tuple[pa.Table, list[tuple[str | None, ...]]]:
    """The rows of customers who are known, with the number of their segment, ordered by customer and time."""
    declared = ENTITIES[model.entity]
    scope = Scope(declared, lambda: extra_keys(model.entity, source), facts.zone)
    by = splits(asked.by, scope)
    chosen = [exp.alias_(micros(column(declared.anchor)), "at", quoted=True)]
    for name in model.columns(asked):
        stored = column(name)
        chosen.append(exp.alias_(micros(stored) if name.endswith("_at") else stored, name, quoted=True))
    sql = exp.select(column("customer_id"), column("customer_group"), *chosen).from_(exp.table_(model.entity, quoted=True))
    for number, split in enumerate(by):
        sql = sql.select(exp.alias_(split, f"by{number}", quoted=True))
    sql = sql.where(exp.Not(this=exp.Is(this=column("customer_id"), expression=exp.Null())))
    if asked.where:
        sql = sql.where(condition(parse(asked.where), scope))
    if facts.within is not None:
        sql = sql.where(limit(facts.within, model.entity))
    table = source.engine.query(sql, {model.entity: [file.path for file in source.snapshots[model.entity].files]})
    table = table.sort_by([("customer_id", "ascending"), ("at", "ascending")])
    names = [table[f"by{number}"].cast(pa.string()).to_pylist() for number in range(len(by))]
    each = list(zip(*names, strict=True)) if names else [()] * len(table)
    segments: list[tuple[str | None, ...]] = sorted(set(each), key=lambda one: [(value is None, value or "") for value in one])
    place = {segment: number for number, segment in enumerate(segments)}
    numbers = pa.array([place[one] for one in each], pa.int64())
    return table.append_column("segment", numbers), segments


def _answers(
    foretold: _Foretold | None, segments: Sequence[tuple[str | None, ...]], asked: Prediction, period: str
) -> Iterator[Row]:
    if foretold is None or foretold.reason is not None:
        reason = "nothing to learn from" if foretold is None else foretold.reason
        yield Row(
            period, dict.fromkeys(asked.by), Estimate(None, n=0 if foretold is None else len(foretold.whole), reason=reason)
        )
        return
    for number, segment in enumerate(segments):
        here = foretold.segment == number
        if not here.any():
            continue
        group, value = foretold.group[here], float(foretold.whole[here].mean())
        others = [group != left_out for left_out in range(CUSTOMER_GROUPS)]
        replicates = np.array(
            [one[here][other].mean() if other.any() else np.nan for one, other in zip(foretold.without, others, strict=True)]
        )
        n, groups = int(here.sum()), len(np.unique(group))
        found = interval(np.array([value]), replicates[None, :], np.array([groups]), np.array([float(n)]), shape=Shape.POSITIVE)
        low, high = (None if np.isnan(side[0]) else float(side[0]) for side in (found.low, found.high))
        yield Row(period, dict(zip(asked.by, segment, strict=True)), Estimate(value, low, high, n, found.reasons[0]))


# --- without contracts -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Habits:
    """What customers did so far; weeks since the first purchase. Purchases of one day are one."""

    repeats: Array
    recency: Array
    age: Array
    mean: Array
    group: Ints
    segment: Ints

    @classmethod
    def of(cls, rows: pa.Table, value: str, until: int) -> _Habits:
        customer = _numbers(pc.dictionary_encode(rows["customer_id"].combine_chunks()).indices)
        day = _numbers(rows["at"]) // _DAY_MICROS
        worth = np.asarray(pc.fill_null(rows[value].cast(pa.float64()), 0.0).to_numpy(), dtype=np.float64)
        starts = np.append(True, (customer[1:] != customer[:-1]) | (day[1:] != day[:-1]))
        first = np.flatnonzero(starts)
        customer, day, worth = customer[first], day[first], np.add.reduceat(worth, first)
        opening = np.append(True, customer[1:] != customer[:-1])
        begin = np.flatnonzero(opening)
        size = np.diff(np.append(begin, len(customer)))
        repeats = (size - 1).astype(np.float64)
        born = day[begin]
        later = np.add.reduceat(np.where(opening, 0.0, worth), begin)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(repeats > 0, later / repeats, np.nan)
        last = day[begin + size - 1]
        return cls(
            repeats,
            (last - born) / _WEEK,
            (until // _DAY_MICROS - born) / _WEEK,
            mean,
            _numbers(rows["customer_group"])[first][begin],
            _numbers(rows["segment"])[first][begin],
        )


def _from_purchases(rows: pa.Table, asked: Prediction, until: int) -> _Foretold:
    if rows[asked.value].null_count == len(rows):
        other = next(value for value in VALUES if value != asked.value)
        raise QueryError(f"no order has a {asked.value}: load it, or ask for --value {other}")
    seen = _Habits.of(rows, asked.value, until)
    came_back = (seen.repeats > 0) & (seen.mean > 0)
    if came_back.sum() < FEWEST_REPEATERS:
        reason = f"only {int(came_back.sum())} customers have come back: {FEWEST_REPEATERS} are needed to learn a habit"
        return _Foretold(seen.group, seen.segment, seen.repeats, (), reason)
    ahead = asked.months * _MONTH / _WEEK
    alike, place = np.unique(np.column_stack([seen.repeats, seen.recency, seen.age]), axis=0, return_inverse=True)
    repeats, recency, age = alike.T

    def foretell(kept: Array, start: tuple[Purchases, Spending] | None) -> tuple[Array, tuple[Purchases, Spending]]:
        count = _counted(place, kept, len(alike))
        of_spending = came_back & (kept > 0)
        buying = Purchases.fit(repeats, recency, age, count, start[0] if start else None)
        ones = np.ones(int(of_spending.sum()))
        spending = Spending.fit(seen.repeats[of_spending], seen.mean[of_spending], ones, start[1] if start else None)
        to_come = buying.expected(repeats, recency, age, ahead)[place]
        return to_come * spending.expected(seen.repeats, seen.mean), (buying, spending)

    whole, models = foretell(np.ones(len(place)), None)
    without = [foretell((seen.group != left_out).astype(np.float64), models)[0] for left_out in range(CUSTOMER_GROUPS)]
    return _Foretold(seen.group, seen.segment, whole, without)


# --- with contracts --------------------------------------------------------------------------------------------------


def _from_contracts(rows: pa.Table, asked: Prediction, until: int) -> _Foretold:
    begin, stop = _numbers(rows["at"]), _numbers(pc.fill_null(rows["ended_at"], until + 1))
    ended = stop <= until
    lasted = np.maximum((np.minimum(stop, until) - begin) / (_MONTH * _DAY_MICROS), 0.0)
    # An ended contract ended in the month that had begun; a running one has come through its whole months.
    months = np.where(ended, np.maximum(np.ceil(lasted), 1.0), np.floor(lasted))
    worth = np.asarray(pc.fill_null(rows["monthly_revenue"].cast(pa.float64()), 0.0).to_numpy(), dtype=np.float64)
    group, segment = _numbers(rows["customer_group"]), _numbers(rows["segment"])
    running = ~ended
    if ended.sum() < FEWEST_REPEATERS:
        reason = f"only {int(ended.sum())} contracts have ended: {FEWEST_REPEATERS} are needed to learn how long they last"
        return _Foretold(group, segment, worth, (), reason)
    alike, place = np.unique(np.column_stack([months, ended]), axis=0, return_inverse=True)

    def foretell(kept: Array, start: Contracts | None) -> tuple[Array, Contracts]:
        count = _counted(place, kept, len(alike))
        model = Contracts.fit(alike[:, 0], alike[:, 1] > 0, count, start)
        return (model.expected(alike[:, 0], asked.months)[place] * worth)[running], model

    whole, model = foretell(np.ones(len(place)), None)
    without = [foretell((group != left_out).astype(np.float64), model)[0] for left_out in range(CUSTOMER_GROUPS)]
    return _Foretold(group[running], segment[running], whole, without)


def _counted(place: Ints, kept: Array, many: int) -> Array:
    return np.asarray(np.bincount(place, weights=kept, minlength=many), dtype=np.float64)


def _numbers(column_: pa.Array | pa.ChunkedArray) -> Ints:
    return np.asarray(column_.to_numpy(), dtype=np.int64)


MODELS = {
    "clv": _Model(
        "order",
        "BG/NBD and Gamma-Gamma 1",
        {"en": "Customer value to come", "it": "Valore futuro del cliente"},
        lambda asked: (asked.value,),
        _from_purchases,
    ),
    "contract_value": _Model(
        "subscription",
        "shifted beta-geometric 1",
        {"en": "Value of a running contract to come", "it": "Valore futuro di un contratto in corso"},
        lambda asked: ("ended_at", "monthly_revenue"),
        _from_contracts,
    ),
}
"""What can be foretold. The segment of a customer is that of the first purchase."""
