"""Partials kept from earlier questions; forgetting any of them is always allowed.

One SQLite file, used by several processes at once. What is dropped is overwritten (`secure_delete`) and the
write-ahead log emptied, so that erasing a customer leaves no byte of what was computed from their rows.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from polso.errors import WarehouseError

_BUSY_SECONDS = 10.0
_AT_ONCE = 500
_SCHEMA = """
create table if not exists partial (
    plan text not null, key text not null, blob blob not null, kept integer not null, primary key (plan, key)
) without rowid;
create table if not exists made_from (
    file text not null, plan text not null, key text not null, primary key (file, plan, key)
) without rowid;
create table if not exists gone (file text primary key) without rowid;
"""
Reply = TypeVar("Reply")


class PartialCache:
    """Bytes by plan and key, each with the data files it was made from; safe from several threads and processes."""

    def __init__(self, path: Path, memory: int = 64 << 20) -> None:
        self._path = Path(path)
        self._memory = memory
        self._recent: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._held = 0
        self._lock = threading.RLock()
        self._process = 0
        self._connection: sqlite3.Connection | None = None

    def get_many(self, plan: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept of the keys."""
        with self._lock:
            found = {key: self._recent[plan, key] for key in keys if (plan, key) in self._recent}
            for key in found:
                self._recent.move_to_end((plan, key))
            missing = [key for key in keys if key not in found]
            if missing:
                nothing: dict[str, bytes] = {}
                kept = self._safely(lambda db: _fetch(db, plan, missing), nothing)
                self._remember(plan, kept)
                found |= kept
            return found

    def put_many(self, plan: str, items: Mapping[str, bytes], files: Mapping[str, Sequence[str]] | None = None) -> None:
        """Keep items; `files` names the data files each was made from, by default the key itself.

        An item made from a file that was dropped before is not kept: whoever computed it was late.
        """
        made_from = {key: (files or {}).get(key, (key,)) for key in items}
        with self._lock:
            nothing: list[str] = []
            stored = self._safely(lambda db: _store(db, plan, items, made_from), nothing)
            self._remember(plan, {key: items[key] for key in stored})

    def drop_files(self, names: Iterable[str]) -> None:
        """Forget whatever was made from these files, down to the bytes on the disk, and do not keep such again."""
        gone = sorted(set(names))
        if not gone:
            return
        with self._lock:
            self._recent.clear()
            self._held = 0
            try:
                self._certainly(lambda db: _drop(db, gone))
                self._certainly(_empty_log)
            except sqlite3.Error as error:
                raise WarehouseError(f"'{self._path}' still holds what was computed from erased rows: {error}") from error

    def prune(self, max_bytes: int) -> None:
        """Forget the oldest until the rest fits."""
        with self._lock:
            self._safely(lambda db: _prune(db, max_bytes), None)
            self._safely(_empty_log, None)

    @property
    def size(self) -> int:
        """Bytes of the partials kept."""
        with self._lock:
            return self._safely(lambda db: int(db.execute("select total(length(blob)) from partial").fetchone()[0]), 0)

    def close(self) -> None:
        """Close the file; it opens again when needed."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()

    def _remember(self, plan: str, items: Mapping[str, bytes]) -> None:
        for key, blob in items.items():
            self._held += len(blob) - len(self._recent.pop((plan, key), b""))
            self._recent[plan, key] = blob
        while self._held > self._memory:
            self._held -= len(self._recent.popitem(last=False)[1])

    def _safely(self, work: Callable[[sqlite3.Connection], Reply], otherwise: Reply) -> Reply:
        """Do the work where the file lets us."""
        try:
            return self._certainly(work)
        except sqlite3.DatabaseError:
            # Locked beyond patience, or the disk is full: live without the cache this time.
            return otherwise

    def _certainly(self, work: Callable[[sqlite3.Connection], Reply]) -> Reply:
        """Do the work; a file that is no sound database is thrown away and begun anew."""
        try:
            return work(self._open())
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._throw_away()
        return work(self._open())

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._process == os.getpid():
            return self._connection
        # A connection must not cross a fork: the child opens its own.
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.execute("pragma secure_delete = on")
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        self._connection, self._process = connection, os.getpid()
        return connection

    def _throw_away(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(f"{self._path}{suffix}")


def _fetch(db: sqlite3.Connection, plan: str, keys: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for some in _portions(keys):
        rows = db.execute(
            f"select key, blob from partial where plan = ? and key in ({_marks(some)})",  # noqa: S608
            (plan, *some),
        )
        found.update(rows.fetchall())
    return found


def _store(db: sqlite3.Connection, plan: str, items: Mapping[str, bytes], made_from: Mapping[str, Sequence[str]]) -> list[str]:
    now = int(time.time())
    with _Transaction(db):
        gone = _gone(db, {file for files in made_from.values() for file in files})
        keys = [key for key in items if not gone.intersection(made_from[key])]
        db.executemany("insert or replace into partial values (?, ?, ?, ?)", ((plan, key, items[key], now) for key in keys))
        db.executemany(
            "insert or ignore into made_from values (?, ?, ?)",
            ((file, plan, key) for key in keys for file in made_from[key]),
        )
    return keys


def _gone(db: sqlite3.Connection, files: Iterable[str]) -> set[str]:
    return {
        row[0]
        for some in _portions(sorted(files))
        for row in db.execute(f"select file from gone where file in ({_marks(some)})", some)  # noqa: S608
    }


def _drop(db: sqlite3.Connection, files: Sequence[str]) -> None:
    with _Transaction(db):
        db.executemany("insert or ignore into gone values (?)", ((file,) for file in files))
        for some in _portions(files):
            touched = f"select plan, key from made_from where file in ({_marks(some)})"  # noqa: S608
            db.execute(f"delete from partial where (plan, key) in ({touched})", some)  # noqa: S608
            db.execute(f"delete from made_from where (plan, key) in ({touched})", some)  # noqa: S608


def _prune(db: sqlite3.Connection, max_bytes: int) -> None:
    with _Transaction(db):
        kept = 0
        for plan, key, size in db.execute("select plan, key, length(blob) from partial order by kept desc").fetchall():
            kept += size
            if kept > max_bytes:
                db.execute("delete from partial where plan = ? and key = ?", (plan, key))
        db.execute("delete from made_from where (plan, key) not in (select plan, key from partial)")


def _empty_log(db: sqlite3.Connection) -> None:
    """Bring the write-ahead log into the file and cut it to nothing; waits for readers of the older state."""
    until = time.monotonic() + _BUSY_SECONDS
    while db.execute("pragma wal_checkpoint(truncate)").fetchone()[0]:
        if time.monotonic() > until:
            raise sqlite3.OperationalError("the log is in use; try again")
        time.sleep(0.02)


class _Transaction:
    """A write transaction that takes its lock at the start, so that it never fails half-way for want of it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("commit" if kind is None else "rollback")


def _portions(values: Sequence[str]) -> Iterable[tuple[str, ...]]:
    for start in range(0, len(values), _AT_ONCE):
        yield tuple(values[start : start + _AT_ONCE])


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def drop(path: Path, names: Iterable[str]) -> None:
    """Forget in a cache file, where there is one, whatever was made from these data files."""
    if path.exists():
        with closing(PartialCache(path)) as cache:
            cache.drop_files(names)
