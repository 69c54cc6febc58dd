"""What the processes do that are killed."""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polso.entities import ENTITIES
from polso.errors import WarehouseError
from polso.warehouse.erase import erase
from polso.warehouse.store import Snapshot, SnapshotGone, Warehouse, reading
from polso.warehouse.upkeep import compact, vacuum

ROWS = 12
"""Rows a load brings, over three months."""


def response(name: str, score: float, number: int, customer: str | None = None) -> dict[str, Any]:
    at = datetime(2024, 1 + number % 3, 1 + number % 28, tzinfo=UTC)
    return {"id": name, "source": "f", "customer_id": customer, "kind": "nps", "score": score, "submitted_at": at}


def stage(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=ENTITIES["response"].arrow_schema), path)
    return path


def keep_loading(folder: Path, who: str, acknowledged: Path, first: int = 0) -> None:
    """Load batch after batch of new rows, each with the same four rows changed; note each when it is acknowledged."""
    warehouse = Warehouse(folder)
    note = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for batch in itertools.count(first):
        rows = [response(f"{who}-{batch}-{number}", batch, number) for number in range(ROWS)]
        rows += [response(f"{who}-shared-{number}", batch, number) for number in range(4)]
        staged = stage(acknowledged.with_name(f"{who}-{os.getpid()}.parquet"), rows)
        warehouse.upsert("response", [staged])
        os.write(note, f"{batch}\n".encode())


def keep_tidying(folder: Path) -> None:
    """Merge files and remove former ones at once, again and again."""
    warehouse = Warehouse(folder)
    while True:
        compact(warehouse, "response")
        vacuum(warehouse, "response", hours=0)


def load_once(folder: Path, file: Path, answer: Path) -> None:
    """Load one file and tell what it did."""
    commit = Warehouse(folder).upsert("response", [file])
    answer.write_text(f"{commit.inserted} {commit.unchanged}")


def erase_one(folder: Path, customer: str) -> None:
    """Erase one customer."""
    erase(Warehouse(folder), customer)


def rows_now(warehouse: Warehouse) -> tuple[Snapshot, dict[str, float]]:
    """The newest snapshot and the scores by id in it; asks again when its files were tidied away."""
    while True:
        snapshot = warehouse.snapshot("response")
        try:
            with reading(snapshot):
                return snapshot, _scores(snapshot)
        except SnapshotGone:
            continue


def _scores(snapshot: Snapshot) -> dict[str, float]:
    scores: dict[str, float] = {}
    for file in snapshot.files:
        table = pq.ParquetFile(file.path).read(["id", "score"])
        assert len(table) == file.rows
        for name, score in zip(table["id"].to_pylist(), table["score"].to_pylist(), strict=True):
            assert name not in scores, f"{name} is there twice"
            scores[name] = score
    return scores


def check_whole(scores: dict[str, float]) -> dict[str, int]:
    """Fail where a load is there in part; return the last batch of each loader."""
    batches: dict[str, set[int]] = defaultdict(set)
    counts: dict[tuple[str, int], int] = defaultdict(int)
    shared: dict[str, set[float]] = defaultdict(set)
    for name, score in scores.items():
        who, batch, _ = name.split("-")
        if batch == "shared":
            shared[who].add(score)
        else:
            counts[who, int(batch)] += 1
            batches[who].add(int(batch))
    assert set(counts.values()) <= {ROWS}
    for who, found in shared.items():
        assert found == {float(max(batches[who]))}
    return {who: max(found) for who, found in batches.items()}


__all__ = ["WarehouseError", "check_whole", "keep_loading", "keep_tidying", "load_once", "rows_now", "stage"]
