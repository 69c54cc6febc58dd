"""Rows to load, and the rows that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from polso.entities import ENTITIES
from polso.warehouse.store import Warehouse

Rows = Sequence[Mapping[str, Any]]


def on(month: int, day: int = 1, hour: int = 12) -> datetime:
    """A moment of 2024, UTC."""
    return datetime(2024, month, day, hour, tzinfo=UTC)


def answer(number: object, score: float = 9.0, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    """An NPS answer."""
    told = {"id": f"r{number}", "source": "site", "kind": "nps", "score": score, "submitted_at": at or on(1)}
    return told | {"customer_id": f"c{number}"} | more


def parquet(folder: Path, entity: str, rows: Rows) -> Path:
    """Write rows as a staged file."""
    path = folder / f"{uuid4().hex}.parquet"
    pq.write_table(pa.Table.from_pylist(list(rows), schema=ENTITIES[entity].arrow_schema), path)
    return path


def stored(warehouse: Warehouse, entity: str = "response") -> dict[str, dict[str, Any]]:
    """Every row of an entity by id; fails where an id comes twice."""
    rows: dict[str, dict[str, Any]] = {}
    for file in warehouse.snapshot(entity).files:
        for row in pq.ParquetFile(file.path).read().to_pylist():
            assert row["id"] not in rows
            rows[row["id"]] = row
    return rows
