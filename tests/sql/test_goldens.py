"""The SQL that each engine is given, word for word, so that a change of it is seen.

To accept a change: POLSO_GOLDENS=write pytest tests/sql
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from polso.engines import engine
from polso.entities import ENTITIES
from polso.formula.grid import Grid, Period
from polso.formula.partials import Slice, parts
from polso.formula.resolve import resolve, splits
from polso.formula.rows import Scope
from polso.formula.scans import file_sql, period_sql
from polso.metrics.catalogue import Catalogue

GOLDENS = Path(__file__).parent / "goldens"
KEYS = ("nps", "csat", "resolution_time_p90", "repeat_contact_rate", "churn_rate", "arpu", "revenue_retention_net")
ROME = ZoneInfo("Europe/Rome")
JANUARY = Period("2026-01-01", datetime(2026, 1, 1), datetime(2026, 1, 4))
GRID = Grid("day", ROME, (JANUARY,))


def written(key: str, name: str) -> str:
    """All the SQL of a KPI for an engine, one statement after another."""
    catalogue, runs = Catalogue.load(), engine(name)
    resolved = resolve(catalogue[key], catalogue.__getitem__, catalogue.keys(), zone=ROME)
    statements = []
    for aggregate in resolved.aggregates:
        scope = Scope(ENTITIES[aggregate.entity])
        slice_ = Slice({}, {aggregate.entity: splits(("customer_id",), scope)})
        for part in parts(aggregate).values():
            columns = {part.name: part.sql}
            if part.scan.whole:
                tree = file_sql(part.scan, columns, slice_, "day", ROME, (2026, 2026))
            else:
                tree = period_sql(part.scan, columns, slice_, GRID, [0], (2026, 2026), datetime(2026, 2, 1, tzinfo=UTC))
            statements.append(runs.sql(tree))
    return "\n\n".join(dict.fromkeys(statements)) + "\n"


@pytest.mark.parametrize("name", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
@pytest.mark.parametrize("key", KEYS)
def test_the_sql_of_a_kpi_is_as_it_was(key: str, name: str) -> None:
    golden = GOLDENS / f"{key}.{name}.sql"
    found = written(key, name)
    if os.environ.get("POLSO_GOLDENS") == "write":
        golden.write_text(found, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == found
