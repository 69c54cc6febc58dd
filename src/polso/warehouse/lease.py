"""Locks that the operating system lets go of when their process dies, however it dies."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl

    def _lock(descriptor: int, *, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

except ImportError:  # Windows
    import msvcrt

    def _lock(descriptor: int, *, wait: bool) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]


LEASE = re.compile("[0-9a-f]{16}")
"""What the name of a lease looks like."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for and hold the lock on a file, which is left behind empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def lease(folder: Path) -> Iterator[str]:
    """Yield a new name whose holder counts as alive until the block ends or the process dies."""
    folder.mkdir(parents=True, exist_ok=True)
    name = uuid.uuid4().hex[:16]
    path = folder / name
    # Born locked under another name: nobody can find it unlocked and take it for dead.
    newborn = folder / f".{name}"
    descriptor = os.open(newborn, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(descriptor, wait=False)
        os.rename(newborn, path)
        yield name
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def alive(folder: Path) -> set[str]:
    """Return the names of the leases held now; forgets those whose holder died."""
    return {path.name for path in folder.glob("*") if LEASE.fullmatch(path.name) and _held(path)}


def _held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        _lock(descriptor, wait=False)
    except OSError:
        return True
    else:
        with suppress(FileNotFoundError):
            path.unlink()
        return False
    finally:
        os.close(descriptor)
