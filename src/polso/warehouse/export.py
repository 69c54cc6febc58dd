"""Facts handed out: one Parquet file an entity, readable by anything."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from polso.entities import ENTITIES
from polso.warehouse.store import Warehouse, reading


def export(warehouse: Warehouse, entity: str, folder: Path) -> Path | None:
    """Write an entity's facts as they stand to `folder/<entity>.parquet`; None where there are none."""
    snapshot = warehouse.snapshot(entity)
    if not snapshot.files:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{entity}.parquet"
    unfinished = target.with_suffix(".unfinished")
    schema = ENTITIES[entity].arrow_schema
    with reading(snapshot), pq.ParquetWriter(unfinished, schema, compression="zstd") as writer:
        for file in snapshot.files:
            for batch in pq.ParquetFile(file.path).iter_batches():
                writer.write_table(_typed(pa.Table.from_batches([batch]), schema))
    os.replace(unfinished, target)
    return target


def _typed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The declared columns; null where a file is older than a column."""
    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select(schema.names).cast(schema)
