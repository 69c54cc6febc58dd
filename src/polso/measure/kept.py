"""What is kept of earlier work, and the facts as they stood when a question was asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from os.path import exists
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from polso.engines.engine import FILE, Engine
from polso.formula.grid import Grid
from polso.formula.partials import Scan, Slice
from polso.formula.scans import BIN, BUCKET, GROUP, PERIOD
from polso.warehouse.store import DataFile, Snapshot

Ints = NDArray[np.int64]
_LAYOUT = "2"
"""Changes when what is kept changes shape or meaning."""


class Cache(Protocol):
    """Keeps bytes by plan and key; forgetting is always allowed."""

    def get_many(self, plan: str, keys: Sequence[str]) -> dict[str, bytes]: ...

    def put_many(self, plan: str, items: Mapping[str, bytes], files: Mapping[str, Sequence[str]]) -> None: ...


@dataclass(frozen=True)
class Source:
    """Where partials come from: the facts as they stood, an engine, and what was kept of earlier work."""

    snapshots: Mapping[str, Snapshot]
    engine: Engine
    cache: Cache | None = None

    def moments(self, entity: str) -> list[tuple[datetime, datetime]]:
        """First and last moment of every time column of every file."""
        return [span for file in self.snapshots[entity].files for span in file.times.values()]

    def years(self, entity: str) -> tuple[int, int]:
        """The years that an entity's moments fall in, and one more on each side."""
        moments = self.moments(entity)
        if not moments:
            return 1970, 1971
        return min(first.year for first, _ in moments) - 1, max(last.year for _, last in moments) + 1

    def latest(self, entity: str) -> datetime:
        """The moment of the latest fact."""
        return max((last for _, last in self.moments(entity)), default=datetime(1970, 1, 1, tzinfo=UTC))

    def plan(self, kind: str, scan: Scan, slice_: Slice, grid: Grid) -> str:
        """A name for everything that decides a partial but the files and the period."""
        parts = (_LAYOUT, kind, self.engine.name, scan.key, slice_.key(scan.entity), grid.unit, grid.zone.key)
        return sha256("\0".join(parts).encode()).hexdigest()[:32]

    def fetch(self, plan: str, keys: Sequence[str]) -> dict[str, bytes]:
        """What is kept of the keys."""
        return self.cache.get_many(plan, keys) if self.cache is not None and keys else {}

    def keep(self, plan: str, items: Mapping[str, bytes], made_from: Mapping[str, Iterable[DataFile]]) -> None:
        """Keep items, each with the files it was made from."""
        if self.cache is None or not items:
            return
        # A file erased in the meantime must not come back as a partial.
        alive = {file.name for files in made_from.values() for file in files if exists(file.path)}
        named = {key: [file.name for file in made_from[key]] for key in items}
        sound = {key: blob for key, blob in items.items() if alive.issuperset(named[key])}
        self.cache.put_many(plan, sound, {key: named[key] for key in sound})

    def query(self, sql: object, entity: str, files: Iterable[DataFile]) -> pa.Table:
        """Run a scan's SQL over some files; the same column types whatever the engine."""
        table = self.engine.query(sql, {entity: [file.path for file in files]})  # type: ignore[arg-type]
        whole = {BUCKET, PERIOD, GROUP, BIN}
        types = [
            pa.int64() if name in whole else pa.string() if name.startswith("by") or name == FILE else pa.float64()
            for name in table.column_names
        ]
        return table.cast(pa.schema(list(zip(table.column_names, types, strict=True)))).combine_chunks()


def packed(table: pa.Table) -> bytes:
    """A table as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return bytes(sink.getvalue())


def unpacked(blob: bytes) -> pa.Table:
    """The table again."""
    return pa.ipc.open_stream(pa.py_buffer(blob)).read_all()
