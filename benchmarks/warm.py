"""A dashboard of 16 KPIs from warm partials, against the best hand-written DuckDB queries and pandas with its data loaded."""

from __future__ import annotations

import statistics
from datetime import date
from itertools import pairwise
from pathlib import Path

import pandas as pd

from benchmarks.measuring import Compared, compare, timed, write
from benchmarks.peers import metricflow
from polso.engines.duckdb import connect
from polso.workspace import Workspace

TICKETS = (
    *("ticket_volume", "tickets_resolved", "resolution_time", "resolution_time_p90"),
    *("reopen_rate", "fcr", "first_response_time", "resolution_rate"),
)
ANSWERS = ("responses", "csat", "csat_mean", "nps")
VISITS = ("visits", "conversion_rate", "cart_abandonment", "pages_per_visit")
NOW, BEFORE, YEAR = (date(2026, 10, 2), date(2026, 11, 1)), (date(2026, 9, 2), date(2026, 10, 2)), date(2025, 11, 1)

# Fused by table and time column; days first, then months, which is what a person who measures would write.
SQL = {
    "opened": """with d as (select {day}(opened_at) as day, count(*) n, count(resolved_at) solved from read_parquet({ticket})
 where opened_at >= timestamptz '{start}' group by 1)
 select {period}, sum(n), 100.0 * sum(solved) / sum(n) from d, p where day >= p.a and day < p.b group by 1""",
    "resolved": """with d as (select {day}(resolved_at) as day, count(*) n, sum(resolution_seconds) s,
 sum((reopens > 0)::int) r, sum((agent_touches = 1 and reopens = 0)::int) f from read_parquet({ticket})
 where resolved_at >= timestamptz '{start}' group by 1)
 select {period}, sum(n), sum(s) / sum(n), 100.0 * sum(r) / sum(n), 100.0 * sum(f) / sum(n) from d, p
 where day >= p.a and day < p.b group by 1""",
    "p90": """select {period}, quantile_cont(resolution_seconds, 0.9) from read_parquet({ticket}), p
 where resolved_at >= timestamptz '{start}' and {day}(resolved_at) >= p.a and {day}(resolved_at) < p.b group by 1""",
    "answered": """with d as (select {day}(first_response_at) as day, count(response_seconds) n, sum(response_seconds) s
 from read_parquet({ticket}) where first_response_at >= timestamptz '{start}' group by 1)
 select {period}, sum(s) / sum(n) from d, p where day >= p.a and day < p.b group by 1""",
    "csat": """with d as (select {day}(submitted_at) as day, count(score) n, count(score) filter (kind = 'csat') c,
 sum(score) filter (kind = 'csat') s, sum((score >= 4)::int) filter (kind = 'csat') g from read_parquet({response})
 where submitted_at >= timestamptz '{start}' group by 1)
 select {period}, sum(n), 100.0 * sum(g) / sum(c), sum(s) / sum(c) from d, p where day >= p.a and day < p.b group by 1""",
    "nps": """with l as (select {period} as period, customer_id, arg_max(score, (submitted_at, id)) score
 from read_parquet({response}), p
 where kind = 'nps' and score is not null and submitted_at >= timestamptz '{start}'
 and {day}(submitted_at) >= p.a and {day}(submitted_at) < p.b group by 1, 2)
 select period, 100.0 * (avg((score >= 9)::int) - avg((score <= 6)::int)) from l group by 1""",
    "visits": """with d as (select {day}(started_at) as day, count(*) n, sum(converted::int) c, sum(cart_created::int) k,
 sum(checkout_completed::int) o, sum(pageviews) v from read_parquet({visit}) where started_at >= timestamptz '{start}' group by 1)
 select {period}, sum(n), 100.0 * sum(c) / sum(n), 100.0 * (1 - sum(o) / sum(k)), sum(v) / sum(n) from d, p
 where day >= p.a and day < p.b group by 1""",
}


METRICFLOW = {
    **{key: (key, 100.0) for key in ("resolution_rate", "reopen_rate", "fcr", "csat", "conversion_rate")},
    "visits": ("sessions", 1.0),
    "cart_abandonment": ("checkout_rate", 100.0),
}
"""What a KPI is called there, and what its ratios are to be multiplied with."""


def run(data: Path, scale: float) -> None:
    """Now, the thirty days before, and twelve months: warm, then against the peers."""
    workspace = Workspace(data / "workspace")
    (data / "workspace" / "polso.toml").write_text('[workspace]\ntimezone = "UTC"\n', encoding="utf-8")
    workspace = Workspace(data / "workspace")
    keys = (*TICKETS, *ANSWERS, *VISITS)

    def ours() -> object:
        now = workspace.measure(*keys, start=NOW[0], end=NOW[1])
        return now, workspace.measure(*keys, grain="month", start=YEAR, end=NOW[1], compare="none")

    ours()
    paths = {name: [f.path for f in workspace.warehouse.snapshot(name).files] for name in ("ticket", "response", "visit")}
    work = connect()
    work.execute("create table p (name varchar, a date, b date)")
    months = [date(2025 + (10 + m) // 12, (10 + m) % 12 + 1, 1) for m in range(13)]
    for name, first, last in (("now", *NOW), ("before", *BEFORE), *((str(a), a, b) for a, b in pairwise(months))):
        work.execute("insert into p values (?, ?, ?)", [name, first, last])

    def duckdb_peer() -> dict[str, list[tuple[object, ...]]]:
        return {
            name: work.sql(sql.format(day="date_trunc_day", period="p.name", start=YEAR, **paths)).fetchall()
            for name, sql in SQL.items()
        }

    work.execute("create macro date_trunc_day(t) as cast(t as date)")
    agree(workspace, keys, duckdb_peer())
    frame = pd.read_parquet(paths["visit"], columns=["started_at", "converted", "pageviews"])

    def pandas_peer() -> object:
        month = frame["started_at"].dt.tz_localize(None).dt.to_period("M")
        return frame.groupby(month).agg({"converted": "mean", "pageviews": "mean"})

    def ours_visits() -> object:
        return workspace.measure("conversion_rate", "pages_per_visit", grain="month", compare="none")

    every = [metric.key for metric in workspace.catalogue]

    def ours_all() -> object:
        return workspace.measure(*every, start=NOW[0], end=NOW[1])

    ours_all()
    found = [
        compare("dashboard: 16 KPIs, now, before, 12 months", ("polso, warm", ours), ("hand-written DuckDB", duckdb_peer)),
        compare("two KPIs of visits by month", ("polso, warm", ours_visits), ("pandas, data loaded", pandas_peer)),
        compare("all KPIs, now and before", ("polso, warm", ours_all), ("hand-written DuckDB, 16 KPIs", duckdb_peer)),
    ]
    found.append(_against_metricflow(data, workspace, paths))
    write("warm", scale, found, {"KPIs in the catalogue": len(every)})


def _against_metricflow(data: Path, workspace: Workspace, paths: dict[str, list[str]]) -> Compared:
    """The KPIs that MetricFlow can express: all but NPS, of which the latest answer of each customer counts."""
    keys = tuple(key for key in (*TICKETS, *ANSWERS, *VISITS) if key != "nps")

    def ours() -> object:
        now = workspace.measure(*keys, start=NOW[0], end=NOW[1])
        return now, workspace.measure(*keys, grain="month", start=YEAR, end=NOW[1], compare="none")

    metrics = tuple(METRICFLOW.get(key, (key, 1.0))[0] for key in keys)
    queries = [
        metricflow.Query(metrics, *NOW),
        metricflow.Query(metrics, *BEFORE),
        metricflow.Query(metrics, YEAR, NOW[1], "month"),
    ]
    ours()
    before = [timed(ours) for _ in range(3)]
    theirs = metricflow.ask(data, paths, queries, runs=3)
    mine = [*before, *(timed(ours) for _ in range(3))]
    answers = workspace.measure(*keys, start=NOW[0], end=NOW[1], compare="none")
    for key in keys:
        name, factor = METRICFLOW.get(key, (key, 1.0))
        told = factor * float(theirs.numbers[0][name])
        told = 100 - told if key == "cart_abandonment" else told
        own = answers[key].value
        tolerance = 1e-3 if "p90" in key else 1e-9
        if own is None or abs(own - told) > tolerance * abs(told):
            raise SystemExit(f"{key}: polso says {own}, MetricFlow {told}")
    wall, cpu = (round(statistics.median(run[place] for run in mine), 2) for place in (0, 1))
    question = "dashboard: 15 KPIs, now, before, 12 months"
    peer = "MetricFlow, one query a period"
    return Compared(question, "polso, warm", peer, wall, round(theirs.ms, 2), cpu, round(theirs.cpu_ms, 2))


def agree(workspace: Workspace, keys: tuple[str, ...], peer: dict[str, list[tuple[object, ...]]]) -> None:
    """Stop unless the peer's numbers are ours."""
    places = {
        **{"ticket_volume": ("opened", 1), "resolution_rate": ("opened", 2), "tickets_resolved": ("resolved", 1)},
        **{"resolution_time": ("resolved", 2), "reopen_rate": ("resolved", 3), "fcr": ("resolved", 4)},
        **{"resolution_time_p90": ("p90", 1), "first_response_time": ("answered", 1)},
        **{"responses": ("csat", 1), "csat": ("csat", 2), "csat_mean": ("csat", 3), "nps": ("nps", 1)},
        **{"visits": ("visits", 1), "conversion_rate": ("visits", 2), "cart_abandonment": ("visits", 3)},
        "pages_per_visit": ("visits", 4),
    }
    answers = workspace.measure(*keys, start=NOW[0], end=NOW[1], compare="none")
    for key in keys:
        query, place = places[key]
        theirs = float(next(row[place] for row in peer[query] if row[0] == "now"))  # type: ignore[arg-type]
        mine = answers[key].value
        tolerance = 1e-3 if "p90" in key else 1e-6
        if mine is None or abs(mine - theirs) > tolerance * abs(theirs):
            raise SystemExit(f"{key}: polso says {mine}, the hand-written query {theirs}")
