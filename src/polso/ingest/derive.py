"""Facts that follow from other facts: cases from their events, and what can be computed of cases loaded as they are."""
# The SQL here holds only quoted literals and names of our own.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polso.engines.duckdb import connect
from polso.ingest.quote import literal
from polso.ingest.tickets import Rules, complete, edition, tickets_from
from polso.settings import Settings
from polso.warehouse.store import Commit, DataFile, Snapshot, Warehouse

EVENTS, RULES = "ticket_event", "ticket_rules"
_BATCH = 1_000_000
"""About how many events are worked on at once."""
_ROUNDS = 20


def update_tickets(warehouse: Warehouse, settings: Settings) -> Commit | None:
    """Bring the cases up to date with their events; only cases with new events are made anew,
    and all of them when the settings they depend on changed.

    The cases note which version of the events they follow, in the commit that stores them. A process killed between the
    two is made good by the next call, and so is one that was overtaken.
    """
    last: Commit | None = None
    rules = edition(settings)
    for _ in range(_ROUNDS):
        events = warehouse.snapshot(EVENTS)
        followed = warehouse.derived_version("ticket", EVENTS)
        anew = warehouse.derived_version("ticket", RULES) != rules
        if events.version < 0 or (events.version == followed and not anew):
            break
        last = _follow(warehouse, settings, events, followed, anew)
    return last


def complete_tickets(table: pa.Table, settings: Settings) -> pa.Table:
    """Fill in seconds, working time and state of cases loaded as they are, in the schema of `ticket`."""
    return complete(table, Rules.of(settings))


def _follow(warehouse: Warehouse, settings: Settings, events: Snapshot, followed: int | None, anew: bool) -> Commit:
    names = {file.name for file in events.files}
    since = -1 if followed is None else followed
    added = list(events.files) if anew else [file for file in warehouse.appended_since(EVENTS, since) if file.name in names]
    left = warehouse.left_since(EVENTS, since)
    rules = Rules.of(settings)
    with warehouse.staging() as folder, connect() as work:
        batches = _batches(work, events, added, left)
        staged = [_staged(work, events, rules, batch, folder / f"{batch}.parquet") for batch in batches]
        if left:
            warehouse.delete_rows("ticket", _orphans(work, events), {"source": f"{EVENTS} version {events.version}"})
        note = {"source": f"{EVENTS} version {events.version}"}
        return warehouse.upsert("ticket", staged, note=note, derived_from={EVENTS: events.version, RULES: edition(settings)})


def _batches(work: duckdb.DuckDBPyConnection, events: Snapshot, added: list[DataFile], left: list[Path]) -> range:
    """Deal the cases with events that are new, or that went or moved to another case, into batches by a hash of their ids."""
    work.execute("set preserve_insertion_order = false")
    count = sum(file.rows for file in added) // _BATCH + 1
    ids = [f"select ticket_id from {_read(file.path for file in added)}"] if added else []
    if left:
        now = f"anti join {_read(file.path for file in events.files)} l on o.id = l.id and o.ticket_id = l.ticket_id"
        ids.append(f"select o.ticket_id from {_read(map(str, left))} o {now if events.files else ''}")
    every = " union all ".join(ids) or "select ''::varchar as ticket_id where false"
    touched = f"select distinct ticket_id, md5_number_lower(ticket_id) % {count} as batch from ({every})"
    work.execute(f"create temp table touched as {touched}")
    return range(count if added or left else 0)


def _orphans(work: duckdb.DuckDBPyConnection, events: Snapshot) -> list[str]:
    """The cases that no event tells of any longer."""
    live = f"where ticket_id not in (select ticket_id from {_read(file.path for file in events.files)})" if events.files else ""
    return [str(row[0]) for row in work.execute(f"select ticket_id from touched {live}").fetchall()]


def _staged(work: duckdb.DuckDBPyConnection, events: Snapshot, rules: Rules, batch: int, path: Path) -> Path:
    work.execute(
        f"create or replace temp view chosen as select * from {_read(file.path for file in events.files)} "
        f"where ticket_id in (select ticket_id from touched where batch = {batch})"
    )
    pq.write_table(tickets_from(work, "chosen", rules), path, compression="zstd")
    return path


def _read(paths: Iterable[str]) -> str:
    listed = ", ".join(literal(path) for path in paths)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
