"""Cold partials: every sum the catalogue needs of one entity, against one hand-written query for the same sums."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.measuring import compare, write
from polso.engines.duckdb import DuckDB, connect
from polso.measure import ask
from polso.query import Query
from polso.workspace import Workspace

KEYS = ("ticket_volume", "resolution_rate", "complaints")
BY_OPENED = """
select cast(floor((epoch_us(opened_at) + case {zone} end) / 86400000000.0) as bigint) as day, customer_group, count(*),
 count(case when resolved_at is not null then 1 end), count(case when complaint then 1 end)
from read_parquet({files}) group by 1, 2"""
BY_RESOLVED = """
select cast(floor((epoch_us(resolved_at) + case {zone} end) / 86400000000.0) as bigint) as day, customer_group, count(*),
 sum(resolution_seconds), count(resolution_seconds), sum(resolution_business_seconds), count(resolution_business_seconds),
 count(case when reopens > 0 then 1 end), count(reopens),
 count(case when agent_touches = 1 and reopens = 0 then 1 end),
 count(case when (agent_touches = 1 and reopens = 0) is not null then 1 end)
from read_parquet({files}) where resolved_at is not null group by 1, 2"""
RESOLVED = ("tickets_resolved", "resolution_time", "resolution_time_business", "reopen_rate", "fcr")


def run(data: Path, scale: float) -> None:
    """All sums by one time column, nothing kept from before."""
    workspace = Workspace(data / "workspace")
    files = [file.path for file in workspace.warehouse.snapshot("ticket").files]
    # Rome's clock, 2024 to 2026, as a person would write it out.
    zone = (
        "when epoch_us(opened_at) < 1743296400000000 then 3600000000 when epoch_us(opened_at) < 1761440400000000 then 7200000000 "
        "when epoch_us(opened_at) < 1774746000000000 then 3600000000 when epoch_us(opened_at) < 1792890000000000 then 7200000000 "
        "else 3600000000"
    )
    peer_connection, engine = connect(), DuckDB()
    found = []
    for name, keys, sql in (("opened", KEYS, BY_OPENED), ("resolved", RESOLVED, BY_RESOLVED)):
        text = sql.format(zone=zone.replace("opened_at", f"{name}_at"), files=files)

        def peer(text: str = text) -> None:
            peer_connection.sql(text).to_arrow_table()

        def ours(keys: tuple[str, ...] = keys) -> None:
            facts = workspace.facts()
            ask(Query(keys, grain="month", compare="none"), replace(facts, cache=None, engine=engine))

        question = f"cold partials of tickets by {name}, {len(keys)} KPIs"
        found.append(compare(question, ("polso, nothing kept", ours), ("hand-written DuckDB query", peer)))
    write("cold", scale, found)
