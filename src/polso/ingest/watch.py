"""Progress of a load in bytes, and its cancelling."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import duckdb

from polso.errors import LoadError

_SECONDS = 0.1


class Watch:
    """Tells how far a load is, and stops it when asked."""

    def __init__(
        self,
        progress: Callable[[int, int | None], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        total: int | None = None,
    ) -> None:
        self._progress = progress
        self._cancelled = cancelled
        self._total = total
        self._done = 0
        self._last = -1

    def check(self) -> None:
        """Raise LoadError if the load was stopped."""
        if self._cancelled is not None and self._cancelled():
            raise LoadError("the load was stopped; nothing was stored")

    def reached(self, position: int) -> None:
        """So many bytes of the present file are read."""
        self.check()
        self._tell(self._done + position)

    def file_done(self, size: int | None) -> None:
        """The present file is read to its end."""
        self._done += size or 0
        self._tell(self._done)

    def _tell(self, done: int) -> None:
        if self._progress is None or done <= self._last:
            return
        self._last = done
        self._progress(done if self._total is None else min(done, self._total), self._total)

    def run(self, connection: duckdb.DuckDBPyConnection, sql: str, size: int | None) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows, telling its progress and stopping it when asked."""
        if self._progress is None and self._cancelled is None:
            return connection.execute(sql).fetchall()
        connection.execute("set enable_progress_bar = true")
        ended = threading.Event()
        watcher = threading.Thread(target=self._follow, args=(connection, ended, size), daemon=True)
        watcher.start()
        try:
            return connection.execute(sql).fetchall()
        except duckdb.InterruptException:
            raise LoadError("the load was stopped; nothing was stored") from None
        finally:
            ended.set()
            watcher.join()

    def _follow(self, connection: duckdb.DuckDBPyConnection, ended: threading.Event, size: int | None) -> None:
        while not ended.wait(_SECONDS):
            if self._cancelled is not None and self._cancelled():
                connection.interrupt()
            share = connection.query_progress()
            if size and share > 0:
                self._tell(self._done + int(size * min(share, 100) / 100))
