"""A dashboard of 16 KPIs from warm partials, against MetricFlow, the best hand-written DuckDB queries and pandas."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count, pairwise
from pathlib import Path

import pandas as pd

from benchmarks.measuring import compare, write
from benchmarks.peers.metricflow.driver import Cell, Question, held, metricflow
from polso.engines.duckdb import connect
from polso.workspace import Workspace

TICKETS = (
    *("ticket_volume", "tickets_resolved", "resolution_time", "resolution_time_p90"),
    *("reopen_rate", "fcr", "first_response_time", "resolution_rate"),
)
ANSWERS = ("responses", "csat", "csat_mean", "nps")
VISITS = ("visits", "conversion_rate", "cart_abandonment", "pages_per_visit")
NOW, BEFORE, YEAR = (date(2026, 10, 2), date(2026, 11, 1)), (date(2026, 9, 2), date(2026, 10, 2)), date(2025, 11, 1)
ENTITIES = ("ticket", "response", "visit")
KEYS = (*TICKETS, *ANSWERS, *VISITS)

# What MetricFlow is asked: the dashboard as its three periods, and two tables of channels by month.
DASHBOARD = (Question(KEYS, *NOW), Question(KEYS, *BEFORE), Question(KEYS, YEAR, NOW[1], "month"))
BY_CHANNEL = (
    Question(("ticket_volume", "first_response_time", "first_response_time_median"), YEAR, NOW[1], "month", "ticket__channel"),
    Question(("responses", "csat", "csat_mean"), YEAR, NOW[1], "month", "answer__channel"),
)
BY_MONTH = (Question(("conversion_rate", "pages_per_visit"), date(2024, 11, 1), NOW[1], "month"),)

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


def run(data: Path, scale: float) -> None:
    """Now, the thirty days before, and twelve months: warm, then against the peers."""
    workspace = Workspace(data / "workspace")
    (data / "workspace" / "polso.toml").write_text('[workspace]\ntimezone = "UTC"\n', encoding="utf-8")
    workspace = Workspace(data / "workspace")

    def ours() -> object:
        now = workspace.measure(*KEYS, start=NOW[0], end=NOW[1])
        return now, workspace.measure(*KEYS, grain="month", start=YEAR, end=NOW[1], compare="none")

    ours()
    paths = {name: [f.path for f in workspace.warehouse.snapshot(name).files] for name in ENTITIES}
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
    agree(workspace, KEYS, duckdb_peer())
    frame = pd.read_parquet(paths["visit"], columns=["started_at", "converted", "pageviews"])

    def pandas_peer() -> pd.DataFrame:
        month = frame["started_at"].dt.tz_localize(None).dt.to_period("M")
        return frame.groupby(month).agg({"converted": "mean", "pageviews": "mean"})

    table, (question,) = pandas_peer(), BY_MONTH
    held(
        {"conversion_rate": by_month(100 * table["converted"]), "pages_per_visit": by_month(table["pageviews"])},
        question,
        workspace,
    )

    def ours_visits() -> object:
        return workspace.measure(*BY_MONTH[0].metrics, grain="month", compare="none")

    def ours_channels() -> object:
        return [question.of_polso(workspace) for question in BY_CHANNEL]

    every = [metric.key for metric in workspace.catalogue]

    def ours_all() -> object:
        return workspace.measure(*every, start=NOW[0], end=NOW[1])

    days = count(1)

    def ours_moved() -> object:
        back = timedelta(days=next(days))
        return workspace.measure(*KEYS, start=NOW[0] - back, end=NOW[1] - back)

    two = connect()
    two.execute("create table p (name varchar, a date, b date)")
    two.execute("create macro date_trunc_day(t) as cast(t as date)")
    for name, first, last in (("now", *NOW), ("before", *BEFORE)):
        two.execute("insert into p values (?, ?, ?)", [name, first, last])

    def duckdb_of_two_periods() -> object:
        texts = (sql.format(day="date_trunc_day", period="p.name", start=BEFORE[0], **paths) for sql in SQL.values())
        return [two.sql(text).fetchall() for text in texts]

    ours_channels()
    ours_all()
    dashboard, visits, channels = (
        "dashboard: 16 KPIs, now, before, 12 months",
        "two KPIs of visits by month",
        "six KPIs by channel and month",
    )
    found = [
        compare(dashboard, ("polso, warm", ours), ("hand-written DuckDB", duckdb_peer)),
        compare(visits, ("polso, warm", ours_visits), ("pandas, data loaded", pandas_peer)),
        compare(
            "16 KPIs, a month never asked about, and the one before",
            ("polso, warm", ours_moved),
            ("hand-written DuckDB", duckdb_of_two_periods),
        ),
        compare("all KPIs, now and before", ("polso, warm", ours_all), ("hand-written DuckDB, 16 KPIs", duckdb_peer)),
    ]
    with metricflow(workspace, ENTITIES) as peer:
        # Also warms it: each question has been answered once before it is timed.
        checked = sum(peer.check(workspace, questions) for questions in (DASHBOARD, BY_MONTH, BY_CHANNEL))
        found += [
            compare(dashboard, ("polso, warm", ours), ("MetricFlow, running", lambda: peer.ask(DASHBOARD))),
            compare(visits, ("polso, warm", ours_visits), ("MetricFlow, running", lambda: peer.ask(BY_MONTH))),
            compare(channels, ("polso, warm", ours_channels), ("MetricFlow, running", lambda: peer.ask(BY_CHANNEL))),
        ]
        versions = ", ".join(f"{library} {version}" for library, version in peer.versions.items())
    noted = {
        "KPIs in the catalogue": len(every),
        "numbers of MetricFlow held against polso's": checked,
        "MetricFlow's versions": versions,
    }
    write("warm", scale, found, noted)


def by_month(column: pd.Series) -> dict[Cell, float | None]:
    """A pandas column as cells."""
    return {(month.start_time.date().isoformat(), None): float(value) for month, value in column.items()}


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
