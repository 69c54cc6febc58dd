"""The store of facts: snapshots out, loads in; any number of processes at once.

A load writes its data files first, which nobody sees, and then makes them facts with one commit that succeeds only
on the very version it was checked against. Whoever is overtaken looks again and tries again. The rows of a load are
in files of their own; of a file some of whose rows changed, the other rows are written again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from polso.entities import entity as declared
from polso.errors import PolsoError
from polso.warehouse import layout, past
from polso.warehouse.lease import lease
from polso.warehouse.load import Load
from polso.warehouse.log import DataFile, Snapshot, SnapshotGone, TableLog
from polso.warehouse.past import Past
from polso.warehouse.rows import Laid
from polso.warehouse.work import working


@dataclass(frozen=True)
class Commit:
    """What a change did; `version` is the snapshot that holds it."""

    version: int
    inserted: int
    updated: int
    unchanged: int
    removed: int = 0


class Warehouse:
    """The facts of a workspace folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).absolute()
        layout.upgrade(self.folder)
        self._logs: dict[str, TableLog] = {}

    def snapshot(self, entity: str) -> Snapshot:
        """Return the newest snapshot of an entity."""
        return self.log(entity).snapshot()

    def upsert(
        self,
        entity: str,
        staged: Sequence[Path | Laid],
        note: Mapping[str, str] | None = None,
        derived_from: Mapping[str, int] | None = None,
    ) -> Commit:
        """Load checked rows in one commit: new ids are inserted, known ids updated where they differ.

        `staged` are Parquet files, or what `rows.lay` wrote. Of an id that comes more than once the last row counts, in
        the order of the files and of their rows. A row whose anchor moved to another month moves with it. Where nothing
        differs nothing is committed, so a load may be repeated. `derived_from` notes, in the same commit, how far a
        derivation has come: version by name.
        """
        with working(self.folder, self.log(entity)) as work:
            load = Load(work, staged, dict(note or {}), dict(derived_from or {}))
            version = work.commit(load.proposal)
            return Commit(version, load.fate.inserted, load.fate.updated, load.fate.unchanged)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Yield a new folder for the files of one load; gone with the block, or swept up after a crash."""
        with lease(layout.leases(self.folder)) as name:
            place = layout.staged(self.folder) / name
            place.mkdir(parents=True)
            try:
                yield place
            finally:
                shutil.rmtree(place, ignore_errors=True)

    def delete_rows(self, entity: str, ids: Iterable[str], note: Mapping[str, str] | None = None) -> Commit:
        """Remove rows by id in one commit; ids that are not there do no harm."""
        with working(self.folder, self.log(entity)) as work:
            delete = past.Delete(work, ids, dict(note or {}))
            version = work.commit(delete.proposal)
            return Commit(version, 0, 0, 0, delete.removed)

    def undo(self, entity: str, version: int) -> Commit:
        """Take back exactly what one load did; WarehouseError when later loads touched its rows."""
        with working(self.folder, self.log(entity)) as work:
            undone = past.Undo(work, version)
            now = work.commit(undone.proposal)
            return Commit(now, 0, undone.restored, 0, undone.loaded - undone.restored)

    def history(self, entity: str) -> list[Past]:
        """Return the commits of an entity, newest first."""
        return past.history(self.log(entity))

    def appended_since(self, entity: str, version: int) -> tuple[DataFile, ...]:
        """Return the live files that hold every row new or changed since a version, and perhaps others."""
        return past.since(self.log(entity), version).files

    def left_since(self, entity: str, version: int) -> list[Path]:
        """Return the files, still there, that hold what rows were that changed or went since a version."""
        return past.left_since(self.log(entity), version)

    def derived_version(self, entity: str, application: str) -> int | None:
        """Return how far a derivation into an entity has come: what was last given as `derived_from`."""
        return self.log(entity).derived_version(application)

    def log(self, entity: str) -> TableLog:
        """Return the log of an entity's table."""
        if entity not in self._logs:
            self._logs[entity] = TableLog(layout.facts(self.folder, entity), declared(entity))
        return self._logs[entity]


@contextmanager
def reading(*snapshots: Snapshot) -> Iterator[None]:
    """Turn whatever goes wrong in the block into SnapshotGone when a file of the snapshots has vanished."""
    try:
        yield
    except PolsoError:
        raise
    except Exception as error:
        for snapshot in snapshots:
            if not all(os.path.exists(file.path) for file in snapshot.files):
                raise SnapshotGone(f"facts of {snapshot.entity} were erased or tidied away meanwhile: ask again") from error
        raise


__all__ = ["Commit", "DataFile", "Past", "Snapshot", "SnapshotGone", "Warehouse", "reading"]
