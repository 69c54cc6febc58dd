"""How a number came about: definition, SQL, files, counts at each step, and how its interval was made."""

from __future__ import annotations

from dataclasses import dataclass

from polso.answer import Answers
from polso.formula.grid import utc
from polso.formula.partials import Scan, parts
from polso.formula.scans import file_sql, period_sql
from polso.insights.intervals import Shape
from polso.measure.ask import Facts, Plan, ask, make_plan, shape_of
from polso.measure.judge import nps_shares
from polso.metrics.metric import Metric
from polso.query import Query

METHODS = {
    "nps": "adjusted Wald on promoters and detractors (Rocks 2016), with the effective number of answers from a "
    "jackknife over 32 customer groups (Kott 2001)",
    Shape.PERCENT: "Wilson score interval, with the effective number of rows from a jackknife over 32 customer groups "
    "(Kott 2001)",
    Shape.POSITIVE: "jackknife over 32 customer groups (Kott 2001), corrected for skewness, never below zero",
    Shape.FREE: "jackknife over 32 customer groups (Kott 2001), with Student's t",
    "quantile": "Woodruff (1952): the interval of the share below, read back on the values, with the jackknife over "
    "32 customer groups; values to 0.1 % (DDSketch bins)",
    "time_quantile": "Kaplan–Meier over all rows, open ones counted as still waiting, with the jackknife over 32 customer groups",
}


@dataclass(frozen=True)
class Step:
    """One scan: what was read and what it counted."""

    entity: str
    snapshot: int
    files: tuple[str, ...]
    rows: int
    """Rows in those files."""
    sql: str


@dataclass(frozen=True)
class Explanation:
    """A KPI's number, laid open."""

    metric: Metric
    version: str
    steps: tuple[Step, ...]
    method: str
    answers: Answers

    def lines(self) -> list[str]:
        """The explanation as lines of text."""
        m = self.metric
        found = [f"{m.key}: {m.name('en')}", f"formula   {m.formula}"]
        if m.where:
            found.append(f"where     {m.where}")
        found += [
            f"entity    {m.entity}, counted on {m.time}" + (", latest per customer" * (m.per_customer == "latest")),
            f"unit      {m.unit}",
            f"version   {self.version}",
            f"interval  {self.method}",
        ]
        for number, step in enumerate(self.steps, 1):
            found += [
                "",
                f"step {number}: {step.entity}, snapshot {step.snapshot}, {len(step.files)} files, {step.rows} rows read",
                *(f"  {name}" for name in step.files),
                "",
                step.sql,
            ]
        found.append("")
        for row in self.answers.only:
            e = row.estimate
            interval = "no interval" if e.low is None else f"{e.low:.6g} to {e.high:.6g}"
            told = e.reason if e.value is None else f"{e.value:.10g} ({interval}), n = {e.n}"
            found.append(f"{row.period} {' '.join(str(value) for value in row.segment.values())} {told}".rstrip())
        return found


def explain(query: Query, facts: Facts) -> Explanation:
    """Explain the answer to a question about one KPI."""
    plan = make_plan(query, facts)
    (metric,), (resolved,) = plan.metrics, plan.resolved
    scans = {part.scan.key: part.scan for aggregate in resolved.aggregates for part in parts(aggregate).values()}
    functions = {aggregate.function for aggregate in resolved.aggregates}
    special = functions & {"quantile", "time_quantile"} if len(resolved.aggregates) == 1 else set()
    method = METHODS[next(iter(special), "nps" if nps_shares(resolved) else shape_of(metric, resolved))]
    return Explanation(
        metric=metric,
        version=facts.catalogue.version(metric.key),
        steps=tuple(_step(scan, plan, facts) for scan in scans.values()),
        method=method,
        answers=ask(query, facts),
    )


def _step(scan: Scan, plan: Plan, facts: Facts) -> Step:
    snapshot = plan.source.snapshots[scan.entity]
    every = [part for aggregate in plan.aggregates for part in parts(aggregate).values()]
    columns = {part.name: part.sql for part in every if part.scan.key == scan.key}
    years, grid = plan.source.years(scan.entity), plan.asked.grid
    files = [file for file in snapshot.files if scan.time in file.times]
    if scan.whole:
        sql = file_sql(scan, columns, plan.slice_, grid.unit, grid.zone, years)
    else:
        wanted = range(len(grid.periods))
        sql = period_sql(scan, columns, plan.slice_, grid, wanted, years, plan.source.latest(scan.entity))
        end = max(utc(period.end, grid.zone) for period in grid.periods)
        files = [file for file in files if file.times[scan.time][0] < end]
    return Step(
        entity=scan.entity,
        snapshot=snapshot.version,
        files=tuple(file.name for file in files),
        rows=sum(file.rows for file in files),
        sql=facts.engine.sql(sql),
    )
