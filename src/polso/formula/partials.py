"""From aggregates to the plain sums they are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256

from sqlglot import exp

from polso.entities import ENTITIES
from polso.formula.resolve import FLOWS, Aggregate, both
from polso.formula.rows import Window, column

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
            asked = None if _never_null(value) else known(value)
            return {"n": Part(scan, _rows(both(where, asked))), "yes": Part(scan, _rows(both(where, value)))}
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
            return {"n": Part(scan, _rows(None)), "total": Part(scan, total(column("amount")))}
    assert value is not None
    chosen = value if where is None else only(where, value)
    counted = Part(scan, exp.Count(this=chosen.copy()))
    match aggregate.function:
        case "min" | "max":
            extreme = exp.Min(this=chosen) if aggregate.function == "min" else exp.Max(this=chosen)
            return {"n": counted, "extreme": Part(scan, extreme, aggregate.function)}
        case "stddev":
            square = exp.Mul(this=exp.paren(chosen.copy()), expression=exp.paren(chosen.copy()))
            return {"n": counted, "total": Part(scan, total(chosen)), "squares": Part(scan, total(square))}
    return {"n": counted, "total": Part(scan, total(chosen))}


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
        amount = value if condition is None else only(condition, value)
        return {"n": counted, "total": Part(scan, total(amount), how)}

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
    return exp.Count(this=only(condition, exp.Literal.number(1)))


def only(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    """SQL for a value where a condition holds, null elsewhere."""
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())])


def total(value: exp.Expr) -> exp.Expr:
    """SQL for a sum; of nothing it is 0."""
    return exp.Coalesce(this=exp.Sum(this=value.copy()), expressions=[exp.cast(exp.Literal.number(0), "double")])


def _never_null(value: exp.Expr) -> bool:
    """Whether a condition is `… is null` or `… is not null`, which is always known."""
    inner = value.unnest()
    while isinstance(inner, exp.Not):
        inner = inner.this.unnest()
    return isinstance(inner, exp.Is)


def known(value: exp.Expr) -> exp.Expr:
    """SQL for "is not null"."""
    return exp.Not(this=exp.paren(exp.Is(this=exp.paren(value.copy()), expression=exp.Null())))
