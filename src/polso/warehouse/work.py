"""One change to a table in the making: a lease, a connection, and tries until it is committed."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import duckdb

from polso.engines.duckdb import connect
from polso.errors import WarehouseError
from polso.warehouse import layout
from polso.warehouse.lease import exclusive, lease
from polso.warehouse.log import Change, DataFile, Overtaken, Snapshot, SnapshotGone, TableLog
from polso.warehouse.rows import MEMORY, literal

_TRIES = 200


class Work:
    """One change to an entity in the making."""

    def __init__(self, folder: Path, log: TableLog, name: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.folder = folder
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
            except duckdb.Error as error:
                self.discard(keep=())
                raise WarehouseError(f"{self.log.entity.name}: nothing was changed: {_first_line(error)}") from error
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
        return layout.leases(self.folder) / f"table-{self.log.entity.name}.lock"

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


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


@contextmanager
def working(folder: Path, log: TableLog) -> Iterator[Work]:
    """Hold a lease and a connection for one change to a table of a workspace folder."""
    with ExitStack() as stack:
        name = stack.enter_context(lease(layout.leases(folder)))
        connection = stack.enter_context(_connection(layout.spill(folder) / name))
        yield Work(folder, log, name, connection)


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
