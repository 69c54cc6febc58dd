"""What lies where in a workspace folder, and how an older folder becomes a newer one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from polso.errors import WarehouseError
from polso.warehouse.lease import exclusive

FOLDERS = ("facts", "metrics", "mappings", "cache", "rejects", "staging")
Step = Callable[[Path], None]


def facts(folder: Path, entity: str) -> Path:
    """Return the folder of an entity's table."""
    return folder / "facts" / entity


def partials(folder: Path) -> Path:
    """Return the file of the partial cache."""
    return folder / "cache" / "partials.sqlite"


def leases(folder: Path) -> Path:
    """Return the folder where work in progress holds its locks."""
    return folder / "staging" / "leases"


def spill(folder: Path) -> Path:
    """Return the folder where queries too big for memory put their overflow."""
    return folder / "staging" / "spill"


def staged(folder: Path) -> Path:
    """Return the folder where loads put checked rows, each in a folder of its own."""
    return folder / "staging" / "loads"


def version_file(folder: Path) -> Path:
    """Return the file that tells the version of the layout."""
    return folder / "layout.json"


def erasure_log(folder: Path) -> Path:
    """Return the file that remembers, as salted hashes, who was erased."""
    return folder / "erasures.jsonl"


def _make_folders(folder: Path) -> None:
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    leases(folder).mkdir(exist_ok=True)
    spill(folder).mkdir(exist_ok=True)
    staged(folder).mkdir(exist_ok=True)


STEPS: tuple[Step, ...] = (_make_folders,)
"""Step n brings layout n to layout n + 1; each may be run twice, because a killed upgrade starts its step again."""


def version(folder: Path) -> int:
    """Return the layout version of a folder; 0 when it has none yet."""
    path = version_file(folder)
    if not path.exists():
        return 0
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["layout"])
    except (ValueError, KeyError, TypeError):
        raise WarehouseError(f"'{path}' is damaged: it should read like {{\"layout\": {len(STEPS)}}}") from None


def upgrade(folder: Path, steps: Sequence[Step] = STEPS) -> int:
    """Bring a folder to the newest layout and return its version; refuses a folder written by a newer Polso."""
    have = version(folder)
    if have > len(steps):
        raise WarehouseError(
            f"'{folder}' has layout {have}, this Polso knows {len(steps)}: upgrade Polso (pip install --upgrade polso)"
        )
    if have == len(steps):
        return have
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / ".layout.lock"):
        for number in range(version(folder), len(steps)):
            steps[number](folder)
            write_whole(version_file(folder), json.dumps({"layout": number + 1}) + "\n")
    return len(steps)


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that readers see the old or the new text, never a part."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
