"""Why a KPI moved: what each segment of each dimension adds to the change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from polso.entities import ENTITIES
from polso.errors import QueryError
from polso.formula.combine import Array
from polso.insights.contributions import Judged, Parts, holm, judged, kitagawa, totals
from polso.measure.ask import Facts, ask, make_plan, measure_all
from polso.measure.cells import SEGMENTS, WIDTH
from polso.measure.judge import Measured, weights
from polso.query import Query


@dataclass(frozen=True)
class Contribution:
    """What one segment adds to a change: by other values of its own (rate), and by more or fewer of it (mix)."""

    dimension: str
    segment: str | None
    before: float | None
    now: float | None
    value: float
    """Mix and rate together."""
    low: float | None
    high: float | None
    mix: float
    rate: float
    real: bool
    """More than chance, all segments of all dimensions looked at (Holm)."""


@dataclass(frozen=True)
class Why:
    """The change of a KPI and what came with it, the largest real parts first; the reason where it cannot be told."""

    metric: str
    before: float | None
    now: float | None
    real: bool
    """Whether the change itself is more than chance."""
    parts: tuple[Contribution, ...] = ()
    reason: str | None = None

    def lines(self) -> Iterator[str]:
        """The answer, in lines of text."""
        if self.now is None or self.before is None:
            yield f"{self.metric}: {self.reason}"
            return
        yield f"{self.metric} went from {self.before:.4g} to {self.now:.4g} ({self.now - self.before:+.4g})"
        if self.reason is not None:
            yield f"cannot tell why: {self.reason}"
        for part in self.parts:
            if part.real:
                told = f"{part.value:+.4g} (rate {part.rate:+.4g}, mix {part.mix:+.4g})"
                yield f"  {part.dimension} = {part.segment or 'unknown'}: {told}"


def why(query: Query, facts: Facts) -> Why:
    """Split a KPI's change from the period before; QueryError where there is no one change to speak of."""
    if query.grain != "all" or query.start is None or query.end is None or len(query.metrics) != 1:
        raise QueryError("a change is of one KPI and one period: give its first day and the day after its last")
    metric = query.metrics[0]
    whole = ask(query.asking(by=()), facts)[metric].rows[0]
    now, change = whole.estimate.value, whole.change
    if now is None or change is None:
        return Why(metric, None, now, False, reason=whole.estimate.reason or "nothing to compare with in the period before")
    before, real = now - change.value, bool(change.real)
    entity = facts.catalogue[metric].entity
    dimensions = query.by or tuple(column.name for column in ENTITIES[entity].columns if column.dimension)
    found = [part for name in dimensions for part in _of(query.asking(by=(name,)), facts, change.value)]
    if not found:
        return Why(metric, before, now, real, reason="its segments do not add up to the whole")
    return _told(Why(metric, before, now, real), found)


def _told(answer: Why, found: list[tuple[Contribution, float]]) -> Why:
    flags = holm(np.array([p for _, p in found])) if answer.real else np.zeros(len(found), dtype=bool)
    parts = [Contribution(**{**vars(part), "real": bool(flag)}) for (part, _), flag in zip(found, flags, strict=True)]
    parts.sort(key=lambda part: (not part.real, -abs(part.value)))
    if not answer.real:
        reason: str | None = "the change may be chance"
    else:
        reason = None if flags.any() else "no segment stands out from chance"
    return Why(answer.metric, answer.before, answer.now, answer.real, tuple(parts), reason)


def _of(query: Query, facts: Facts, change: float) -> Iterator[tuple[Contribution, float]]:
    """The parts of one dimension with their p-values; none where it has one segment, or does not add up."""
    plan = make_plan(query, facts)
    gathered, (one,) = measure_all(plan, facts)
    weight = weights(plan.resolved[0], gathered)
    names = {number: segment[0] for segment, number in gathered.segments.number.items()}
    earlier = plan.asked.before[0]
    assert earlier is not None
    sides = (earlier, plan.asked.shown[0])
    values, counts = ([_laid(one_of, gathered.cells, side, len(names)) for side in sides] for one_of in (_theta(one), weight))
    counts = [np.nan_to_num(count) for count in counts]
    parts = _adding((values[0], values[1]), (counts[0], counts[1]), change)
    if parts is None or len(names) < 2:
        return
    groups = np.full(len(names), int(one.groups.max()))
    told = judged(parts.total, groups)
    for number, name in names.items():
        before, now = (_number(side[number, 0]) for side in values)
        yield _part(query.by[0], name, before, now, parts, told, number), float(told.p[number])


def _adding(values: tuple[Array, Array], counts: tuple[Array, Array], change: float) -> Parts | None:
    """The parts that add to the change: those of a mean, else those of a sum, else None."""
    for parts in (kitagawa(values, counts), totals(values)):
        if np.isclose(parts.total[:, 0].sum(), change, rtol=1e-6, atol=1e-9):
            return parts
    return None


def _part(
    dimension: str, name: str | None, before: float | None, now: float | None, parts: Parts, told: Judged, number: int
) -> Contribution:
    return Contribution(
        dimension,
        name,
        before,
        now,
        float(told.value[number]),
        _number(told.low[number]),
        _number(told.high[number]),
        float(parts.mix[number, 0]),
        float(parts.rate[number, 0]),
        False,
    )


def _theta(one: Measured) -> Array:
    return np.column_stack([one.value, one.replicates])


def _laid(values: Array, cells: np.ndarray[tuple[int, ...], np.dtype[np.int64]], period: int, many: int) -> Array:
    """The values of one period by segment, shape (segments, 33), nan where there is none."""
    here = np.flatnonzero(cells // SEGMENTS == period)
    laid = np.full((many, WIDTH), np.nan)
    laid[cells[here] % SEGMENTS] = values[here]
    return laid


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
