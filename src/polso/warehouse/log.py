"""The log of one entity's table: which files are its rows, and commits that are made only on what was seen."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from polso.entities import Entity
from polso.errors import WarehouseError

LOAD = "polso_load"
NOTE = "polso_note"
COUNTS = "polso_rows"


class SnapshotGone(WarehouseError):  # noqa: N818
    """A file of the snapshot was erased or tidied away: take a new snapshot and ask again."""


class Overtaken(Exception):  # noqa: N818
    """Another commit came first."""


@dataclass(frozen=True)
class DataFile:
    """One immutable Parquet file of facts."""

    path: str
    """Absolute."""
    month: str
    rows: int
    size: int
    times: Mapping[str, tuple[datetime, datetime]]
    """Least and greatest moment of each timestamp column, UTC; a column that is null throughout is absent."""

    @cached_property
    def name(self) -> str:
        """The file's own name, never used twice."""
        return os.path.basename(self.path)


@dataclass(frozen=True)
class Snapshot:
    """The facts of one entity as they stood after one commit."""

    entity: str
    version: int
    """−1 where nothing was ever loaded."""
    files: tuple[DataFile, ...]
    """Sorted by name."""

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return sum(file.rows for file in self.files)


@dataclass(frozen=True)
class Change:
    """What a commit puts in and takes out."""

    load: str
    added: Sequence[DataFile] = ()
    """Files with rows that are new or changed."""
    kept: Sequence[DataFile] = ()
    """Files with rows that were there before, only elsewhere."""
    removed: Sequence[DataFile] = ()
    note: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    derived_from: Mapping[str, int] = field(default_factory=dict)


class TableLog:
    """The Delta log of one entity; safe to use from several threads."""

    def __init__(self, folder: Path, entity: Entity) -> None:
        self.folder = folder
        self.entity = entity
        self._lock = threading.Lock()
        self._last = Snapshot(entity.name, -1, ())
        self._stamp: tuple[int, int] | None = None

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot; costs two looks at the folder when nothing was committed since."""
        with self._lock:
            if not self._current():
                self._last = self._read(self.table())
                self._stamp = _stamp(self._entry(self._last.version))
            return self._last

    def at(self, version: int) -> Snapshot:
        """Return the snapshot of an earlier version, as long as the log remembers it."""
        if version < 0:
            return Snapshot(self.entity.name, -1, ())
        try:
            return self._read(DeltaTable(self.folder, version=version))
        except DeltaError as error:
            raise SnapshotGone(f"version {version} of {self.entity.name} is no longer known") from error

    def table(self) -> DeltaTable | None:
        """Return a new handle on the newest version; None where there is no table."""
        if not (self.folder / "_delta_log").is_dir() or not DeltaTable.is_deltatable(str(self.folder)):
            return None
        return DeltaTable(self.folder)

    def create(self) -> None:
        """Make the table where there is none."""
        if self.table() is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            DeltaTable.create(self.folder, self._schema(), mode="ignore", partition_by=["month"])
        except DeltaError:
            # Two first loads at once: the other one made it.
            if self.table() is None:
                raise

    def commit(self, seen: Snapshot, change: Change) -> int:
        """Commit on the very version seen and return the new one; raises Overtaken when another came first."""
        table = DeltaTable(self.folder, version=seen.version)
        if set(self._schema_names()) - {f.name for f in table.schema().fields}:
            self._add_columns(seen.version)
            raise Overtaken
        properties = CommitProperties(
            max_commit_retries=0,
            custom_metadata={LOAD: change.load, NOTE: dict(change.note), COUNTS: dict(change.counts)},
            app_transactions=[Transaction(name, version, _now()) for name, version in change.derived_from.items()] or None,
        )
        try:
            table.create_write_transaction(
                [*_adds(self.folder, change), *_removes(self.folder, change)],
                mode="append",
                schema=table.schema(),
                partition_by=["month"],
                commit_properties=properties,
            )
        except DeltaError as error:
            # An error after the entry is written (say, of the checkpoint that follows) does not undo it.
            landed = self._landed(seen.version, change.load)
            if landed is not None:
                return landed
            if isinstance(error, CommitFailedError):
                raise Overtaken from error
            raise WarehouseError(f"the load of {self.entity.name} could not be committed: {error}") from error
        _sync(self._entry(seen.version + 1))
        return seen.version + 1

    def history(self) -> list[dict[str, Any]]:
        """Return what the log remembers of each commit, newest first."""
        table = self.table()
        return table.history() if table is not None else []

    @property
    def changed(self) -> int:
        """When the table last changed, in nanoseconds; 0 before anything was committed."""
        try:
            return (self.folder / "_delta_log").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def derived_version(self, application: str) -> int | None:
        """Return how far a derivation has come."""
        table = self.table()
        return table.transaction_version(application) if table is not None else None

    def entries(self, after: int, upto: int) -> list[list[dict[str, Any]]]:
        """Return the actions of the commits after one version up to another; SnapshotGone when some are forgotten."""
        try:
            texts = [self._entry(version).read_text(encoding="utf-8") for version in range(after + 1, upto + 1)]
        except FileNotFoundError as error:
            raise SnapshotGone(f"the log of {self.entity.name} no longer reaches back to version {after}") from error
        return [[json.loads(line) for line in text.splitlines() if line] for text in texts]

    def buried(self, hours: int = 0) -> list[str]:
        """Return the files of former versions that were taken out at least so long ago, relative to the table."""
        table = self.table()
        if table is None:
            return []
        return table.vacuum(retention_hours=hours, dry_run=True, enforce_retention_duration=False)

    def forget(self) -> None:
        """Read everything anew next time."""
        with self._lock:
            self._stamp = None

    def _current(self) -> bool:
        """Whether the entry last seen is still there and none follows it."""
        return (
            self._stamp is not None
            and not self._entry(self._last.version + 1).exists()
            and _stamp(self._entry(self._last.version)) == self._stamp
        )

    def _entry(self, version: int) -> Path:
        return self.folder / "_delta_log" / f"{version:020d}.json"

    def _read(self, table: DeltaTable | None) -> Snapshot:
        if table is None:
            return Snapshot(self.entity.name, -1, ())
        actions = pa.table(table.get_add_actions()).to_pylist()
        files = sorted((_data_file(self.folder, action) for action in actions), key=lambda file: file.name)
        return Snapshot(self.entity.name, table.version(), tuple(files))

    def _landed(self, after: int, load: str) -> int | None:
        table = DeltaTable(self.folder)
        for entry in table.history(max(table.version() - after, 1)):
            if entry.get(LOAD) == load and entry["version"] > after:
                return int(entry["version"])
        return None

    def _schema(self) -> Schema:
        return Schema.from_arrow(self.entity.arrow_schema.append(pa.field("month", pa.string())))

    def _schema_names(self) -> list[str]:
        return list(self.entity.arrow_schema.names)

    def _add_columns(self, version: int) -> None:
        """Make the columns known that a newer Polso has; files written before read as null there."""
        table = DeltaTable(self.folder, version=version)
        known = {f.name for f in table.schema().fields}
        try:
            table.alter.add_columns([f for f in self._schema().fields if f.name not in known])
        except DeltaError:
            # Overtaken: the next try looks again.
            return


def _adds(folder: Path, change: Change) -> Iterable[AddAction]:
    for files, fresh in ((change.added, True), (change.kept, False)):
        for file in files:
            path = Path(file.path).relative_to(folder).as_posix()
            yield AddAction(path, file.size, {"month": file.month}, _now(), fresh, _stats(file))


def _removes(folder: Path, change: Change) -> Iterable[RemoveAction]:
    rearranged = (
        not change.added and bool(change.kept) and sum(f.rows for f in change.kept) == sum(f.rows for f in change.removed)
    )
    for file in change.removed:
        path = Path(file.path).relative_to(folder).as_posix()
        yield RemoveAction(path, not rearranged, _now(), file.size, {"month": file.month})


def _stats(file: DataFile) -> str:
    """Delta's statistics; those of text columns stay out, they would keep a person's words in the log."""
    least = {name: low.isoformat().replace("+00:00", "Z") for name, (low, _) in file.times.items()}
    greatest = {name: high.isoformat().replace("+00:00", "Z") for name, (_, high) in file.times.items()}
    return json.dumps({"numRecords": file.rows, "minValues": least, "maxValues": greatest})


def _data_file(folder: Path, action: Mapping[str, Any]) -> DataFile:
    path = str(folder / action["path"])
    if action["num_records"] is None:
        return foreign(path, action["partition"]["month"])
    low, high = action.get("min") or {}, action.get("max") or {}
    times = {
        name: (low[name], high[name])
        for name, value in low.items()
        if isinstance(value, datetime) and isinstance(high.get(name), datetime)
    }
    return DataFile(path, action["partition"]["month"], action["num_records"], action["size_bytes"], times)


def foreign(path: str, month: str) -> DataFile:
    """Describe a file from its own footer, as for one that another program added without statistics."""
    try:
        meta = pq.read_metadata(path)
    except FileNotFoundError as error:
        raise SnapshotGone(f"'{path}' is gone: take a new snapshot") from error
    times: dict[str, tuple[datetime, datetime]] = {}
    for group in range(meta.num_row_groups):
        for index in range(meta.num_columns):
            column = meta.row_group(group).column(index)
            stats = column.statistics
            if stats is not None and stats.has_min_max and isinstance(stats.min, datetime):
                low, high = (moment.replace(tzinfo=UTC) for moment in (stats.min, stats.max))
                least, greatest = times.get(column.path_in_schema, (low, high))
                times[column.path_in_schema] = (min(least, low), max(greatest, high))
    return DataFile(path, month, meta.num_rows, os.path.getsize(path), times)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _sync(path: Path) -> None:
    """Put a log entry on the disk itself: an acknowledged load survives a power cut."""
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _now() -> int:
    return int(time.time() * 1000)
