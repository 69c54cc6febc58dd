"""SQL that takes plain sums: by time bucket, segment and customer group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlglot import exp

from polso.engines.engine import FILE
from polso.entities import ENTITIES
from polso.formula.bins import value_bin
from polso.formula.grid import Grid, fraction
from polso.formula.partials import Scan, Slice, known, only, total
from polso.formula.resolve import both
from polso.formula.rows import LATEST, column, micros
from polso.zones import offsets

BUCKET, PERIOD, GROUP, BIN = "bucket", "period", "grp", "bin"


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
    conditions = [known(column(scan.time)), slice_.where.get(scan.entity)]
    if scan.kind == "bins":
        assert scan.value is not None
        keys.append(exp.alias_(value_bin(scan.value), BIN, quoted=True))
        conditions += [scan.where, known(scan.value)]
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
    conditions = [known(at), slice_.where.get(scan.entity), scan.where]
    if scan.latest and isinstance(scan.latest, exp.Expr):
        conditions.append(scan.latest)
    extra: list[exp.Expr] = []
    begin = ENTITIES[scan.entity].begin
    if begin is not None and scan.kind == "sums":
        extra.append(exp.alias_(bucket(column(begin), grid.unit, grid.zone, years), "_begin_bucket", quoted=True))
    if scan.kind == "bins":
        assert scan.value is not None
        conditions.append(known(scan.value))
        extra.append(exp.alias_(value_bin(scan.value), BIN, quoted=True))
    if scan.kind == "distinct":
        assert scan.value is not None
        conditions.append(known(scan.value))
        extra.append(exp.alias_(scan.value.copy(), "_value", quoted=True))
    if scan.kind == "waits":
        extra += _waits(scan, latest_fact)
        conditions.append(known(scan.value) if scan.value is not None else None)
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
        return total(only(counted, column("amount_")))

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
