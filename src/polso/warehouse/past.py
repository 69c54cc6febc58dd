"""What loads did, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from polso.errors import WarehouseError
from polso.warehouse.log import COUNTS, LOAD, NOTE, Change, Snapshot, SnapshotGone, TableLog
from polso.warehouse.rows import holders, quoted, rows_of, write, write_without
from polso.warehouse.work import Work


@dataclass(frozen=True)
class Past:
    """One commit of the past."""

    version: int
    at: datetime
    load: str
    """The load's own name; empty for what was not a load."""
    inserted: int
    updated: int
    removed: int
    note: Mapping[str, str]
    unchanged: int = 0


def history(log: TableLog) -> list[Past]:
    """Return what the log remembers, newest first."""
    return [_past(entry) for entry in log.history()]


def _past(entry: Mapping[str, Any]) -> Past:
    counts = entry.get(COUNTS) or {}
    return Past(
        version=entry["version"],
        at=datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
        load=entry.get(LOAD, ""),
        inserted=counts.get("inserted", 0),
        updated=counts.get("updated", 0),
        removed=counts.get("removed", 0),
        note=entry.get(NOTE) or {},
        unchanged=counts.get("unchanged", 0),
    )


def since(log: TableLog, version: int) -> Snapshot:
    """Return the newest snapshot, but only the files in which a row that is new or changed since a version may be.

    They may hold other rows as well; where the log no longer reaches back, they are all files.
    """
    now = log.snapshot()
    try:
        commits = log.entries(max(version, -1), now.version)
    except SnapshotGone:
        return now
    fresh: set[str] = set()
    for actions in commits:
        gone = {action["remove"]["path"] for action in actions if "remove" in action}
        # Rows of these went into the commit's rearranged files of the same month.
        months = {path.split("/")[0] for path in gone & fresh}
        for action in actions:
            add = action.get("add")
            if add and (add["dataChange"] or add["path"].split("/")[0] in months):
                fresh.add(add["path"])
        fresh -= gone
    names = {Path(path).name for path in fresh}
    return Snapshot(now.entity, now.version, tuple(file for file in now.files if file.name in names))


def left_since(log: TableLog, version: int) -> list[Path]:
    """Return the files that changed or lost rows since a version, as far as they are still there."""
    try:
        commits = log.entries(max(version, -1), log.snapshot().version)
    except SnapshotGone:
        return []
    left = [action["remove"]["path"] for actions in commits if _took_rows(actions) for action in actions if "remove" in action]
    return [path for path in (log.folder / name for name in dict.fromkeys(left)) if path.exists()]


def _took_rows(actions: Sequence[Mapping[str, Any]]) -> bool:
    counts = next((action["commitInfo"].get(COUNTS) for action in actions if "commitInfo" in action), None) or {}
    return bool(counts.get("updated") or counts.get("removed"))


class Delete:
    """The removal of some rows."""

    def __init__(self, work: Work, ids: Iterable[str], note: Mapping[str, str]) -> None:
        self._work = work
        self._note = note
        self.removed = 0
        table = pa.table({"id": pa.array(sorted(set(ids)), pa.string())})
        work.connection.register("gone_ids", table)
        work.connection.execute("create temp table gone as select id from gone_ids")

    def proposal(self, seen: Snapshot) -> Change | None:
        """Return what is to be committed on this snapshot; None where no such row is left."""
        work = self._work
        work.discard(keep=())
        touched = holders(work.connection, seen.files, "select id from gone")
        if not touched:
            return None
        kept = write_without(work.connection, work.log.entity, touched, "select id from gone", work.log.folder, work.name)
        self.removed = sum(file.rows for file in touched) - sum(file.rows for file in kept)
        return Change(work.name, kept=kept, removed=touched, note=self._note, counts={"removed": self.removed})


class Undo:
    """The taking back of one load: its new rows go, its changed rows become what they were."""

    def __init__(self, work: Work, version: int) -> None:
        self._work = work
        self._version = version
        entity = work.log.entity
        self._refusal = f"load {version} of {entity.name} cannot be undone: "
        added, removed = self._files()
        self._make("loaded", rows_of(work.connection, entity, added))
        former = rows_of(work.connection, entity, removed) if removed else "select * from loaded where false"
        self._make("former", f"select * from ({former}) semi join loaded using (id)")  # noqa: S608
        self.loaded, self.restored = self._count("loaded"), self._count("former")

    def proposal(self, seen: Snapshot) -> Change:
        """Return what is to be committed on this snapshot; refuses when a later load touched the same rows."""
        work = self._work
        work.discard(keep=())
        touched = holders(work.connection, seen.files, "select id from loaded")
        untouched = self._untouched([file.path for file in touched])
        if untouched < self.loaded:
            raise WarehouseError(
                f"{self._refusal}{self.loaded - untouched} of its rows were changed or removed later; undo the later load first"
            )
        ids = "select id from loaded"
        kept = write_without(work.connection, work.log.entity, touched, ids, work.log.folder, work.name)
        restored = "select * from former"
        added = write(work.connection, work.log.entity, restored, work.log.folder, work.name) if self.restored else []
        return Change(
            work.name,
            added=added,
            kept=kept,
            removed=touched,
            note={"undo": str(self._version)},
            counts={"updated": self.restored, "removed": self.loaded - self.restored},
        )

    def _files(self) -> tuple[list[str], list[str]]:
        """The files the load added and those it replaced."""
        log = self._work.log
        if not 0 < self._version <= log.snapshot().version:
            raise WarehouseError(f"{self._refusal}there is no such load; `history` lists them")
        try:
            (actions,) = log.entries(self._version - 1, self._version)
        except SnapshotGone:
            raise WarehouseError(f"{self._refusal}it is too long ago, its record was tidied away") from None
        added = [action["add"]["path"] for action in actions if action.get("add", {}).get("dataChange")]
        removed = [action["remove"]["path"] for action in actions if "remove" in action]
        if not added:
            raise WarehouseError(f"{self._refusal}it brought no rows")
        if not all((log.folder / path).exists() for path in (*added, *removed)):
            raise WarehouseError(f"{self._refusal}the former rows were tidied away since")
        return [str(log.folder / path) for path in added], [str(log.folder / path) for path in removed]

    def _untouched(self, paths: Sequence[str]) -> int:
        if not paths:
            return 0
        work = self._work
        names = work.log.entity.arrow_schema.names
        same = " and ".join(f"l.{quoted(n)} is not distinct from s.{quoted(n)}" for n in names)
        live = rows_of(work.connection, work.log.entity, paths)
        return self._value(f"select count(*) from ({live}) l join loaded s on l.id = s.id where {same}")  # noqa: S608

    def _make(self, table: str, query: str) -> None:
        self._work.connection.execute(f"create temp table {table} as {query}")

    def _count(self, table: str) -> int:
        return self._value(f"select count(*) from {table}")  # noqa: S608

    def _value(self, sql: str) -> int:
        row = self._work.connection.execute(sql).fetchone()
        return int(row[0]) if row else 0
