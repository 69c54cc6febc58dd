"""From aggregates to SQL: plain sums by time bucket, segment and customer group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from math import log
from zoneinfo import ZoneInfo

from sqlglot import exp

from polso.engines.engine import FILE
from polso.entities import ENTITIES
from polso.formula.grid import Grid, fraction
from polso.formula.resolve import FLOWS, Aggregate, both
from polso.formula.rows import LATEST, Window, column, micros
from polso.zones import offsets

# DDSketch (Masson, Rim & Lee 2019): bins whose bounds grow by GAMMA hold values to a relative error of ALPHA.
# A little under the promised 0.1 %, so that values on a bound keep it too.
ALPHA = 0.0009
GAMMA = (1 + ALPHA) / (1 - ALPHA)
BIN_OF_ONE = 1_000_000
"""The bin of the value 1; values below zero have the same bins, negative; zero has bin 0."""

BUCKET, PERIOD, GROUP, BIN = "bucket", "period", "grp", "bin"
EVENTS, WAITING = "events", "waiting"


@dataclass(frozen=True, eq=False)
class Scan:
    """One pass over an entity's rows: what is grouped, before what is summed.

    `whole` scans depend on nothing but the file, so their sums are kept per file and added. The others look at a
    customer's rows together (latest answer, distinct customers, first purchase) and are taken per period.
    """

    entity: str
    time: str
    kind: str = "sums"
    """sums, bins (for quantiles), distinct, waits (for time to an event), flows (amounts kept)."""
    value: exp.Expr | None = None
    where: exp.Expr | None = None
    until: exp.Expr | None = None
    latest: exp.Expr | bool = False
    windows: frozenset[Window] = frozenset()
    whole: bool = True

    @cached_property
    def key(self) -> str:
        """A text that is the same for the same scan."""
        windows = sorted(f"{window.name}:{window.same}" for window in self.windows)
        parts = (
            self.entity,
            self.time,
            self.kind,
            self.value,
            self.where,
            self.until,
            self.latest,
            windows,
            self.whole,
        )
        return "|".join(part.sql() if isinstance(part, exp.Expr) else str(part) for part in parts)


@dataclass(frozen=True, eq=False)
class Part:
    """One number an aggregate needs: a column of a scan, and how its pieces come together."""

    scan: Scan
    sql: exp.Expr
    how: str = "add"
    """add, min or max; or `start`/`end`: the running total up to that edge of the period."""

    @cached_property
    def key(self) -> tuple[str, str, str]:
        """Scan, column and how: the same for the same number."""
        return self.scan.key, self.name, self.how

    @cached_property
    def name(self) -> str:
        """A short name, the same for the same column."""
        return "c" + sha256(self.sql.sql().encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Slice:
    """What a question narrows and splits by, as SQL for each entity."""

    where: Mapping[str, exp.Expr | None]
    by: Mapping[str, tuple[exp.Expr, ...]]

    def key(self, entity: str) -> str:
        """A text that is the same for the same slice of an entity."""
        where = self.where.get(entity)
        return "|".join([where.sql() if where is not None else "", *(part.sql() for part in self.by.get(entity, ()))])


@lru_cache(maxsize=4096)
def parts(aggregate: Aggregate) -> Mapping[str, Part]:
    """The sums an aggregate is computed from, by role: `n` is always how many rows it rests on."""
    if aggregate.function in ("at_start", "at_end", "began", "ended", "ended_of_start"):
        return _stock_parts(aggregate)
    scan, value, where = _scan(aggregate), aggregate.value, aggregate.where
    match aggregate.function:
        case "count":
            return {"n": Part(scan, _rows(both(where, value)))}
        case "share":
            assert value is not None
            known = None if _never_null(value) else _known(value)
            return {"n": Part(scan, _rows(both(where, known))), "yes": Part(scan, _rows(both(where, value)))}
        case "quantile":
            return {"n": Part(scan, _rows(None))}
        case "time_quantile":
            ended = exp.Not(this=exp.paren(exp.Is(this=column("_until"), expression=exp.Null())))
            return {
                "n": Part(scan, _rows(None)),
                EVENTS: Part(scan, _rows(ended)),
                WAITING: Part(scan, _rows(exp.Not(this=exp.paren(ended)))),
            }
        case "distinct":
            return {"n": Part(scan, _rows(None))}
        case "kept" | "kept_or_grown":
            return {"n": Part(scan, _rows(None)), "total": Part(scan, _total(column("amount")))}
    assert value is not None
    chosen = value if where is None else _only(where, value)
    counted = Part(scan, exp.Count(this=chosen.copy()))
    match aggregate.function:
        case "min" | "max":
            extreme = exp.Min(this=chosen) if aggregate.function == "min" else exp.Max(this=chosen)
            return {"n": counted, "extreme": Part(scan, extreme, aggregate.function)}
        case "stddev":
            square = exp.Mul(this=exp.paren(chosen.copy()), expression=exp.paren(chosen.copy()))
            return {"n": counted, "total": Part(scan, _total(chosen)), "squares": Part(scan, _total(square))}
    return {"n": counted, "total": Part(scan, _total(chosen))}


def _scan(aggregate: Aggregate) -> Scan:
    of_customers = bool(aggregate.latest) or bool(aggregate.windows)
    kinds = {
        "quantile": "bins",
        "distinct": "distinct",
        "time_quantile": "waits",
        "kept": "flows",
        "kept_or_grown": "flows",
    }
    kind = kinds.get(aggregate.function, "sums")
    own = kind != "sums"
    value: exp.Expr | None = aggregate.value
    if aggregate.function in FLOWS:
        assert value is not None
        value = exp.Anonymous(this=aggregate.function, expressions=[value])
    return Scan(
        entity=aggregate.entity,
        time=aggregate.time,
        kind=kind,
        value=value if own else None,
        where=aggregate.where if own else None,
        until=aggregate.until,
        latest=aggregate.latest,
        windows=aggregate.windows,
        whole=kind in ("sums", "bins") and not of_customers,
    )


def _stock_parts(aggregate: Aggregate) -> dict[str, Part]:
    entity = ENTITIES[aggregate.entity]
    assert entity.begin is not None and entity.end is not None
    where, value = aggregate.where, aggregate.value
    began, ended = (Scan(entity.name, time) for time in (entity.begin, entity.end))

    def both_sums(scan: Scan, how: str, condition: exp.Expr | None = where) -> dict[str, Part]:
        counted = Part(scan, _rows(condition), how)
        if value is None:
            return {"n": counted}
        amount = value if condition is None else _only(condition, value)
        return {"n": counted, "total": Part(scan, _total(amount), how)}

    match aggregate.function:
        case "began":
            return both_sums(began, "add")
        case "ended":
            return both_sums(ended, "add")
        case "ended_of_start":
            before = exp.LT(this=column("_begin_bucket"), expression=column("first_bucket"))
            return both_sums(Scan(entity.name, entity.end, whole=False), "add", both(where, before))
    edge = aggregate.function.removeprefix("at_")
    lost = {f"{role}_ended": part for role, part in both_sums(ended, edge).items()}
    return both_sums(began, edge) | lost


def _rows(condition: exp.Expr | None) -> exp.Expr:
    if condition is None:
        return exp.Count(this=exp.Star())
    return exp.Count(this=_only(condition, exp.Literal.number(1)))


def _only(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())])


def _total(value: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=exp.Sum(this=value.copy()), expressions=[exp.cast(exp.Literal.number(0), "double")])


# --- SQL -------------------------------------------------------------------------------------------------------------


def by_name(position: int) -> str:
    """The name of the column that holds the n-th split."""
    return f"by{position}"


def bucket(time: exp.Expr, unit: str, zone: ZoneInfo, years: tuple[int, int]) -> exp.Expr:
    """SQL for the bucket of a moment: the local day since 1970, or the UTC hour.

    The zone's clock changes within `years` are written out, so that engines need no time-zone tables and agree.
    """
    at = micros(time)
    if unit == "hour":
        shift: exp.Expr = exp.Literal.number(fraction(zone))
        width = 3_600_000_000
    else:
        (_, first), *later = offsets(zone, *years)
        ifs = [
            exp.If(this=exp.GTE(this=at.copy(), expression=exp.Literal.number(since)), true=exp.Literal.number(offset))
            for since, offset in reversed(later)
        ]
        shift = exp.Case(ifs=ifs, default=exp.Literal.number(first)) if ifs else exp.Literal.number(first)
        width = 86_400_000_000
    sum_ = exp.cast(exp.paren(exp.Add(this=at, expression=exp.paren(shift))), "double")
    share = exp.Div(this=sum_, expression=exp.cast(exp.Literal.number(width), "double"), typed=False, safe=False)
    return exp.cast(exp.Floor(this=share), "bigint")


def value_bin(value: exp.Expr) -> exp.Expr:
    """SQL for the bin of a number."""

    # Written so that no engine ever takes the logarithm of zero or less, not even of a constant it folds.
    zero = exp.cast(exp.Literal.number(0), "double")
    size = exp.Nullif(this=exp.Abs(this=exp.paren(value.copy())), expression=zero)
    logarithm = exp.Div(
        this=exp.Ln(this=size),
        expression=exp.cast(exp.Literal.number(repr(log(GAMMA))), "double"),
        typed=False,
        safe=False,
    )
    index = exp.paren(exp.cast(exp.Ceil(this=logarithm), "bigint") + exp.Literal.number(BIN_OF_ONE))
    ifs = [
        exp.If(this=exp.GT(this=exp.paren(value.copy()), expression=zero.copy()), true=index),
        exp.If(this=exp.LT(this=exp.paren(value.copy()), expression=zero.copy()), true=exp.Neg(this=index.copy())),
    ]
    return exp.Case(ifs=ifs, default=exp.cast(exp.Literal.number(0), "bigint"))


def file_sql(
    scan: Scan, columns: Mapping[str, exp.Expr], slice_: Slice, unit: str, zone: ZoneInfo, years: tuple[int, int]
) -> exp.Expr:
    """SQL for the sums of whole files: one row per file, bucket, segment, group (and bin), in that order."""
    keys = [
        exp.alias_(column(FILE), FILE, quoted=True),
        exp.alias_(bucket(column(scan.time), unit, zone, years), BUCKET, quoted=True),
        *_split_columns(slice_.by.get(scan.entity, ())),
        exp.alias_(column("customer_group"), GROUP, quoted=True),
    ]
    conditions = [_known(column(scan.time)), slice_.where.get(scan.entity)]
    if scan.kind == "bins":
        assert scan.value is not None
        keys.append(exp.alias_(value_bin(scan.value), BIN, quoted=True))
        conditions += [scan.where, _known(scan.value)]
    return _grouped(exp.table_(scan.entity, quoted=True), keys, columns, both(*conditions))


def period_sql(
    scan: Scan,
    columns: Mapping[str, exp.Expr],
    slice_: Slice,
    grid: Grid,
    wanted: Sequence[int],
    years: tuple[int, int],
    latest_fact: datetime,
) -> exp.Expr:
    """SQL for the sums of the `wanted` periods: one row per period, segment, group (and bin)."""
    if scan.kind == "flows":
        return _flows_sql(scan, columns, slice_, grid, wanted, years)
    rows = _placed(scan, slice_, grid, wanted, years, latest_fact)
    splits = [by_name(position) for position in range(len(slice_.by.get(scan.entity, ())))]
    if scan.latest:
        rows = _latest_only(rows, scan, splits)
    source = rows.subquery("rows_", copy=False)
    keys: list[exp.Expr] = [column(PERIOD), *(column(name) for name in splits), column(GROUP)]
    if scan.kind in ("bins", "waits"):
        keys.append(column(BIN))
    if scan.kind == "distinct":
        # A value found in one group only is gone when that group is left out; the others have group −1.
        inner = exp.select(
            *(column(name) for name in (PERIOD, *splits, "_value")),
            exp.alias_(
                exp.Case(
                    ifs=[
                        exp.If(
                            this=exp.EQ(this=exp.Min(this=column(GROUP)), expression=exp.Max(this=column(GROUP))),
                            true=exp.Min(this=column(GROUP)),
                        )
                    ],
                    default=exp.Literal.number(-1),
                ),
                GROUP,
                quoted=True,
            ),
        ).from_(source)
        source = inner.group_by(*(column(name) for name in (PERIOD, *splits, "_value"))).subquery("values_", copy=False)
    return _grouped(source, keys, columns, None)


def _placed(
    scan: Scan, slice_: Slice, grid: Grid, wanted: Sequence[int], years: tuple[int, int], latest_fact: datetime
) -> exp.Select:
    """The rows of an entity, each with the period it falls in."""
    source = _with_windows(scan, latest_fact)
    at = column(scan.time)
    conditions = [_known(at), slice_.where.get(scan.entity), scan.where]
    if scan.latest and isinstance(scan.latest, exp.Expr):
        conditions.append(scan.latest)
    extra: list[exp.Expr] = []
    begin = ENTITIES[scan.entity].begin
    if begin is not None and scan.kind == "sums":
        extra.append(exp.alias_(bucket(column(begin), grid.unit, grid.zone, years), "_begin_bucket", quoted=True))
    if scan.kind == "bins":
        assert scan.value is not None
        conditions.append(_known(scan.value))
        extra.append(exp.alias_(value_bin(scan.value), BIN, quoted=True))
    if scan.kind == "distinct":
        assert scan.value is not None
        conditions.append(_known(scan.value))
        extra.append(exp.alias_(scan.value.copy(), "_value", quoted=True))
    if scan.kind == "waits":
        extra += _waits(scan, latest_fact)
        conditions.append(_known(scan.value) if scan.value is not None else None)
    inner = exp.select(
        exp.Star(),
        exp.alias_(bucket(at, grid.unit, grid.zone, years), BUCKET, quoted=True),
        *_split_columns(slice_.by.get(scan.entity, ())),
        exp.alias_(column("customer_group"), GROUP, quoted=True),
        *extra,
    ).from_(source)
    condition = both(*conditions)
    if condition is not None:
        inner = inner.where(condition, copy=False)
    calendar_ = _calendar(grid, wanted)
    return (
        exp.select(exp.Star())
        .from_(inner.subquery("dated", copy=False))
        .join(
            calendar_,
            on=exp.EQ(this=exp.column(BUCKET, table="dated", quoted=True), expression=column("day_")),
            copy=False,
        )
    )


def _waits(scan: Scan, latest_fact: datetime) -> list[exp.Expr]:
    """The bin of how long a row waited, until its end or, without one, until the latest fact."""
    assert scan.value is not None and scan.until is not None
    end = exp.Coalesce(this=micros(scan.until.copy()), expressions=[_moment(latest_fact)])
    waited = exp.Div(
        this=exp.cast(exp.paren(exp.Sub(this=end, expression=micros(scan.value.copy()))), "double"),
        expression=exp.cast(exp.Literal.number(1_000_000), "double"),
        typed=False,
        safe=False,
    )
    return [
        exp.alias_(value_bin(exp.paren(waited)), BIN, quoted=True),
        exp.alias_(scan.until.copy(), "_until", quoted=True),
    ]


def _calendar(grid: Grid, wanted: Sequence[int]) -> exp.Expr:
    """A small table: bucket → period, with the period's first bucket."""
    rows = [
        exp.Tuple(expressions=[exp.Literal.number(value) for value in (day, index, first)])
        for index in wanted
        for first, last in [grid.edges[index]]
        for day in range(first, last)
    ]
    names = [exp.to_identifier(name, quoted=True) for name in ("day_", PERIOD, "first_bucket")]
    return exp.Values(expressions=rows, alias=exp.TableAlias(this=exp.to_identifier("calendar_"), columns=names))


def _with_windows(scan: Scan, latest_fact: datetime) -> exp.Expr:
    """The entity's table, with the columns that look at a customer's other rows."""
    table = exp.table_(scan.entity, quoted=True)
    if not scan.windows:
        return table
    anchor = ENTITIES[scan.entity].anchor
    made = [exp.alias_(_moment(latest_fact), LATEST, quoted=True)]
    for window in sorted(scan.windows, key=lambda window: window.name):
        same = [column("customer_id"), *(column(name) for name in window.same or ())]
        order = exp.Order(expressions=[exp.Ordered(this=column(name)) for name in (anchor, "id")])
        if window.same is None:
            value: exp.Expr = exp.Window(this=exp.RowNumber(), partition_by=[_customer()], order=order)
        else:
            following = exp.Lead(this=micros(column(anchor)))
            value = exp.Window(this=following, partition_by=same, order=order)
        made.append(exp.alias_(value, window.name, quoted=True))
    return exp.select(exp.Star(), *made).from_(table).subquery("windowed", copy=False)


def _latest_only(rows: exp.Select, scan: Scan, splits: Sequence[str]) -> exp.Select:
    order = exp.Order(expressions=[exp.Ordered(this=column(name), desc=True, nulls_first=False) for name in (scan.time, "id")])
    partition = [column(PERIOD), *(column(name) for name in splits), _customer()]
    rank = exp.Window(this=exp.RowNumber(), partition_by=partition, order=order)
    ranked = exp.select(exp.Star(), exp.alias_(rank, "_rank", quoted=True)).from_(rows.subquery("placed", copy=False))
    return exp.select(exp.Star()).from_(ranked.subquery("ranked", copy=False)).where(column("_rank").eq(1))


def _moment(moment: datetime) -> exp.Expr:
    return exp.Literal.number(round(moment.timestamp() * 1_000_000))


def _customer() -> exp.Expr:
    return exp.Coalesce(this=column("customer_id"), expressions=[column("id")])


def _flows_sql(
    scan: Scan,
    columns: Mapping[str, exp.Expr],
    slice_: Slice,
    grid: Grid,
    wanted: Sequence[int],
    years: tuple[int, int],
) -> exp.Expr:
    """Per customer the amount running at the start and at the end of a period, then what was kept of it."""
    entity = ENTITIES[scan.entity]
    assert entity.begin is not None and entity.end is not None and isinstance(scan.value, exp.Anonymous)
    begin, end = (bucket(column(name), grid.unit, grid.zone, years) for name in (entity.begin, entity.end))
    splits = [by_name(position) for position in range(len(slice_.by.get(scan.entity, ())))]
    rows = exp.select(
        exp.alias_(begin, "began_", quoted=True),
        exp.alias_(end, "ended_", quoted=True),
        exp.alias_(scan.value.expressions[0].copy(), "amount_", quoted=True),
        exp.alias_(_customer(), "customer_", quoted=True),
        *_split_columns(slice_.by.get(scan.entity, ())),
        exp.alias_(column("customer_group"), GROUP, quoted=True),
    ).from_(exp.table_(scan.entity, quoted=True))
    condition = both(slice_.where.get(scan.entity), scan.where)
    if condition is not None:
        rows = rows.where(condition, copy=False)
    edges = [(index, *grid.edges[index]) for index in wanted]
    tuples = [exp.Tuple(expressions=[exp.Literal.number(value) for value in edge]) for edge in edges]
    names = [exp.to_identifier(name, quoted=True) for name in (PERIOD, "first_", "last_")]
    periods = exp.Values(expressions=tuples, alias=exp.TableAlias(this=exp.to_identifier("periods_"), columns=names))

    def running(edge: str) -> exp.Expr:
        lasts = exp.or_(
            exp.Is(this=column("ended_"), expression=exp.Null()),
            exp.GTE(this=column("ended_"), expression=column(edge)),
        )
        counted = exp.and_(exp.LT(this=column("began_"), expression=column(edge)), exp.paren(lasts))
        return _total(_only(counted, column("amount_")))

    keys = [PERIOD, *splits, GROUP, "customer_"]
    customers = (
        exp.select(
            *(column(name) for name in keys),
            exp.alias_(running("first_"), "before_", quoted=True),
            exp.alias_(running("last_"), "after_", quoted=True),
        )
        .from_(rows.subquery("rows_", copy=False))
        .join(periods, on=exp.LT(this=column("began_"), expression=column("last_")), copy=False)
        .group_by(*(column(name) for name in keys), copy=False)
    )
    after: exp.Expr = column("after_")
    if scan.value.name == "kept":
        smaller = exp.LT(this=column("after_"), expression=column("before_"))
        after = exp.Case(ifs=[exp.If(this=smaller, true=column("after_"))], default=column("before_"))
    kept = exp.select(*(column(name) for name in keys[:-1]), exp.alias_(after, "amount", quoted=True)).from_(
        customers.subquery("customers_", copy=False)
    )
    positive = exp.GT(this=column("before_"), expression=exp.cast(exp.Literal.number(0), "double"))
    source = kept.where(positive, copy=False).subquery("kept_", copy=False)
    return _grouped(source, [column(name) for name in keys[:-1]], columns, None)


def _grouped(source: exp.Expr, keys: Sequence[exp.Expr], columns: Mapping[str, exp.Expr], condition: exp.Expr | None) -> exp.Expr:
    sums = [exp.alias_(exp.cast(sql.copy(), "double"), name, quoted=True) for name, sql in columns.items()]
    select = exp.select(*(key.copy() for key in keys), *sums).from_(source)
    if condition is not None:
        select = select.where(condition, copy=False)
    places = [exp.Literal.number(place + 1) for place in range(len(keys))]
    return select.group_by(*(place.copy() for place in places), copy=False).order_by(*places, copy=False)


def _split_columns(by: Sequence[exp.Expr]) -> list[exp.Expr]:
    return [exp.alias_(part.copy(), by_name(position), quoted=True) for position, part in enumerate(by)]


def _never_null(value: exp.Expr) -> bool:
    """Whether a condition is `… is null` or `… is not null`, which is always known."""
    inner = value.unnest()
    while isinstance(inner, exp.Not):
        inner = inner.this.unnest()
    return isinstance(inner, exp.Is)


def _known(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.paren(exp.Is(this=exp.paren(value.copy()), expression=exp.Null())))
