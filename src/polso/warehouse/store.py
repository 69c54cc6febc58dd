"""The store of facts: snapshots out, loads in; any number of processes at once.

A load writes its data files first, which nobody sees, and then makes them facts with one commit that succeeds only
on the very version it was checked against. Whoever is overtaken looks again and tries again.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from polso.engines.duckdb import connect
from polso.entities import entity as declared
from polso.errors import WarehouseError
from polso.warehouse import layout
from polso.warehouse.lease import exclusive, lease
from polso.warehouse.log import Change, DataFile, Overtaken, Snapshot, SnapshotGone, TableLog
from polso.warehouse.rows import MEMORY, Fate, Staged, literal

_TRIES = 200


@dataclass(frozen=True)
class Commit:
    """What a load did; `version` is the snapshot that holds it."""

    version: int
    inserted: int
    updated: int
    unchanged: int


class Warehouse:
    """The facts of a workspace folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).absolute()
        layout.upgrade(self.folder)
        self._logs: dict[str, TableLog] = {}

    def snapshot(self, entity: str) -> Snapshot:
        """Return the newest snapshot of an entity."""
        return self.log(entity).snapshot()

    def log(self, entity: str) -> TableLog:
        """Return the log of an entity's table."""
        if entity not in self._logs:
            self._logs[entity] = TableLog(layout.facts(self.folder, entity), declared(entity))
        return self._logs[entity]

    def upsert(
        self,
        entity: str,
        staged: Sequence[Path],
        note: Mapping[str, str] | None = None,
        derived_from: tuple[str, int] | None = None,
    ) -> Commit:
        """Load Parquet files of checked rows in one commit: new ids are inserted, known ids updated where they differ.

        Of an id that comes more than once the last row counts, in the order of the files and of their rows. A row
        whose anchor moved to another month moves with it. Where nothing differs nothing is committed, so a load may be
        repeated. `derived_from` notes, in the same commit, how far a derivation has come (its name, a version).
        """
        with self.working(entity) as work:
            load = _Load(work, staged, dict(note or {}), derived_from)
            version = work.commit(load.proposal)
            return Commit(version, load.fate.inserted, load.fate.updated, load.fate.unchanged)

    @contextmanager
    def working(self, entity: str) -> Iterator[Work]:
        """Hold a lease and a connection for one change to an entity."""
        with ExitStack() as stack:
            name = stack.enter_context(lease(layout.leases(self.folder)))
            connection = stack.enter_context(_connection(layout.spill(self.folder) / name))
            yield Work(self, self.log(entity), name, connection)


class Work:
    """One change to an entity in the making."""

    def __init__(self, warehouse: Warehouse, log: TableLog, name: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.warehouse = warehouse
        self.log = log
        self.name = name
        self.connection = connection

    def commit(self, propose: Callable[[Snapshot], Change | None]) -> int:
        """Propose a change to the newest snapshot until one is committed; None means there is nothing to do.

        Whoever was overtaken once holds the table's lock for the next tries, so that many small loads cannot starve
        a big one. The lock is a courtesy between processes of one machine; the commit alone makes it correct.
        """
        with ExitStack() as courtesy:
            try:
                for attempt in range(_TRIES):
                    version = self._attempt(propose, locked=attempt > 0)
                    if version is not None:
                        return version
                    if attempt == 0:
                        courtesy.enter_context(exclusive(self._lock))
                    else:
                        time.sleep(random.uniform(0, min(0.01 * 2**attempt, 1)))
            except BaseException:
                self.discard(keep=())
                raise
        self.discard(keep=())
        raise WarehouseError(f"{self.log.entity.name}: other loads came first {_TRIES} times; try again")

    def discard(self, keep: Sequence[DataFile]) -> None:
        """Remove the files this work wrote, save those named and those that are facts by now."""
        needed = {file.name for file in (*keep, *self.log.snapshot().files)}
        for path in self.log.folder.glob(f"month=*/{self.name}-*"):
            if path.name not in needed:
                path.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return layout.leases(self.warehouse.folder) / f"table-{self.log.entity.name}.lock"

    def _attempt(self, propose: Callable[[Snapshot], Change | None], *, locked: bool) -> int | None:
        seen = self.log.snapshot()
        try:
            change = propose(seen)
            if change is None:
                return seen.version
            with nullcontext() if locked else exclusive(self._lock):
                return self.log.commit(seen, change)
        except Overtaken:
            return None
        except (SnapshotGone, duckdb.IOException):
            # A file of the snapshot was erased while it was read: look again, unless nothing has changed.
            if self.log.snapshot().version == seen.version:
                raise
            return None


class _Load:
    """Staged rows and what they mean for the snapshot looked at last."""

    def __init__(
        self, work: Work, staged: Sequence[Path], note: Mapping[str, str], derived_from: tuple[str, int] | None
    ) -> None:
        self._work = work
        self._staged = Staged(work.connection, work.log.entity, staged)
        self._note = note
        self._derived_from = derived_from
        self._fresh: list[DataFile] | None = None
        self._mark: Any = None
        self.fate = Fate(0, 0, 0, ())
        if (self._staged.count or derived_from) and work.log.snapshot().version < 0:
            work.log.create()

    def proposal(self, seen: Snapshot) -> Change | None:
        """Return what is to be committed on this snapshot; None where it holds everything already."""
        if self._staged.count:
            self.fate = self._staged.against(seen.files)
        if not (self.fate.inserted or self.fate.updated):
            return self._only_derived()
        return Change(
            load=self._work.name,
            added=self._write_fresh(),
            kept=self._write_rest(),
            removed=self.fate.touched,
            note=self._note,
            counts={"inserted": self.fate.inserted, "updated": self.fate.updated, "unchanged": self.fate.unchanged},
            derived_from=self._derived_from,
        )

    def _only_derived(self) -> Change | None:
        if self._derived_from is None or self._derived_from[1] == self._work.log.derived_version(self._derived_from[0]):
            return None
        return Change(load=self._work.name, note=self._note, derived_from=self._derived_from)

    def _write_fresh(self) -> list[DataFile]:
        """Write the rows to load; once for all tries, unless another load brought some of the same rows."""
        mark = self._staged.unchanged_mark()
        if self._fresh is None or mark != self._mark:
            self._work.discard(keep=())
            self._fresh = self._staged.write_fresh(self._work.log.folder, self._work.name)
            self._mark = mark
        return self._fresh

    def _write_rest(self) -> list[DataFile]:
        """Write what stays of the files whose other rows change."""
        self._work.discard(keep=self._fresh or ())
        if not self.fate.touched:
            return []
        return self._staged.write_rest(self.fate.touched, self._work.log.folder, self._work.name)


@contextmanager
def _connection(spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect()
    try:
        connection.execute(f"set memory_limit = {literal(MEMORY)}")
        connection.execute(f"set temp_directory = {literal(str(spill))}")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


__all__ = ["Commit", "DataFile", "Snapshot", "SnapshotGone", "Warehouse", "Work"]
