"""Facts read from texts: each comment, message and mention gets its annotations, and keeps them up to date."""
# The SQL here holds only quoted literals and names of our own.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polso.engines.duckdb import connect
from polso.entities import entity
from polso.text import Reader, Reading, Text
from polso.warehouse.rows import rows_of
from polso.warehouse.store import Warehouse

SOURCE = "polso"
_BATCH, _COMMIT = 64, 2_000
_TEXTS = {
    "response": 'submitted_at as "at", comment as text, language as hint, channel',
    "message": '"at", text, null as hint, channel',
    "mention": "\"at\", text, null as hint, coalesce(platform, 'reviews') as channel",
}
_OURS = "(direction is null or direction = 'in') and (author is null or author = 'customer')"
_CHOSEN = {"message": _OURS}


@dataclass(frozen=True)
class Annotated:
    """What a run did: texts read now, texts left as they were, and texts still to be read when it was stopped."""

    read: int
    kept: int
    left: int


@dataclass(frozen=True)
class _Source:
    entity: str
    id: str
    at: Any
    customer: str | None
    text: str
    hint: str | None
    channel: str | None

    @property
    def digest(self) -> str:
        return sha256(self.text.encode("utf-8", "ignore")).hexdigest()[:16]


def annotate(
    warehouse: Warehouse,
    reader: Reader,
    progress: Callable[[int, int | None], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Annotated:
    """Read every text that this reader has not read yet, newest first; may be stopped and begun again at any time.

    What was read elsewhere and loaded is left alone. Annotations of texts that are gone go too.
    """
    texts = [source for name in _TEXTS for source in _sources(warehouse, name)]
    _forget(warehouse, {(source.entity, source.id) for source in texts})
    done = _done(warehouse)
    waiting = [source for source in texts if not _is_done(source, reader, done)]
    waiting.sort(key=lambda source: source.at, reverse=True)
    read = _read(warehouse, reader, waiting, done, progress, cancelled or (lambda: False))
    return Annotated(read, len(texts) - len(waiting), len(waiting) - read)


def _sources(warehouse: Warehouse, name: str) -> list[_Source]:
    wanted = f"id, {_TEXTS[name]}, customer_id"
    rows = [row for row in _rows(warehouse, name, wanted, _CHOSEN.get(name, "true")) if row["text"] and row["text"].strip()]
    return [_Source(name, r["id"], r["at"], r["customer_id"], r["text"], r["hint"], r["channel"]) for r in rows]


def _rows(warehouse: Warehouse, name: str, wanted: str, where: str) -> list[dict[str, Any]]:
    files = [file.path for file in warehouse.snapshot(name).files]
    if not files:
        return []
    with connect() as work:
        known = rows_of(work, entity(name), files)
        return _table(work, f"select {wanted} from ({known}) where {where}")


def _table(work: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = work.sql(query).to_arrow_table().to_pylist()
    return rows


Done = dict[tuple[str, str], list[dict[str, Any]]]


def _done(warehouse: Warehouse) -> Done:
    found: Done = {}
    for row in _rows(warehouse, "annotation", "id, source, of_entity, of_id, aspect, model, version, extra, customer_id", "true"):
        found.setdefault((row["of_entity"], row["of_id"]), []).append(row)
    return found


def _is_done(source: _Source, reader: Reader, done: Done) -> bool:
    rows = done.get((source.entity, source.id), [])
    if any(row["source"] != SOURCE for row in rows):
        return True
    now = (reader.model, reader.version, json.dumps({"text": source.digest}))
    return any((row["model"], row["version"], row["extra"]) == now for row in rows)


def _forget(warehouse: Warehouse, there: set[tuple[str, str]]) -> None:
    gone = [row["id"] for key, rows in _done(warehouse).items() if key not in there for row in rows if row["source"] == SOURCE]
    if gone:
        warehouse.delete_rows("annotation", gone, {"source": "texts that are gone"})


def _read(
    warehouse: Warehouse,
    reader: Reader,
    waiting: Sequence[_Source],
    done: Done,
    progress: Callable[[int, int | None], None] | None,
    cancelled: Callable[[], bool],
) -> int:
    read = 0
    for part in _parts(waiting, _COMMIT):
        facts: list[dict[str, Any]] = []
        taken: list[_Source] = []
        for few in _parts(part, _BATCH):
            if cancelled():
                break
            facts += _facts(few, reader)
            taken += few
            if progress:
                progress(read + len(taken), len(waiting))
        _store(warehouse, facts, taken, done)
        read += len(taken)
        if len(taken) < len(part):
            break
    return read


def _parts(all_of: Sequence[_Source], size: int) -> Iterator[Sequence[_Source]]:
    return (all_of[start : start + size] for start in range(0, len(all_of), size))


def _facts(sources: Sequence[_Source], reader: Reader) -> list[dict[str, Any]]:
    readings = reader.read([Text(source.text, source.hint) for source in sources])
    return [fact for source, found in zip(sources, readings, strict=True) if found for fact in _of(source, found)]


def _of(source: _Source, found: Reading) -> Iterator[dict[str, Any]]:
    whole = {
        "at": source.at, "source": SOURCE, "customer_id": source.customer, "of_entity": source.entity, "of_id": source.id,
        "language": found.language, "model": found.model, "version": found.version, "channel": source.channel,
        "extra": json.dumps({"text": source.digest}),
    }  # fmt: skip
    yield whole | {
        "id": _id(source), "sentiment": found.sentiment, "label": found.label, "confidence": found.confidence,
        "emotion": found.emotion,
    }  # fmt: skip
    for one in found.opinions:
        given = {"sentiment": one.sentiment, "label": one.label, "confidence": one.confidence, "aspect": one.aspect}
        yield whole | given | {"id": _id(source, one.aspect)}


def _id(source: _Source, aspect: str = "") -> str:
    return "read:" + sha256("\0".join((source.entity, source.id, aspect)).encode("utf-8", "ignore")).hexdigest()[:24]


def _store(warehouse: Warehouse, facts: list[dict[str, Any]], taken: Sequence[_Source], done: Done) -> None:
    kept = {fact["id"] for fact in facts}
    before = {row["id"] for source in taken for row in done.get((source.entity, source.id), [])}
    if facts:
        with warehouse.staging() as folder:
            path = folder / "annotations.parquet"
            pq.write_table(pa.Table.from_pylist(facts, schema=entity("annotation").arrow_schema), path, compression="zstd")
            warehouse.upsert("annotation", [path], note={"source": "texts that were read"})
    if stale := sorted(before - kept):
        warehouse.delete_rows("annotation", stale, {"source": "texts that were read anew"})
