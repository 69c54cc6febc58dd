"""Keeping house: merge small files, remove what nobody needs, find what is wrong."""

from __future__ import annotations

import os
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from polso.engines.duckdb import connect
from polso.entities import CUSTOMER_GROUPS, ENTITIES
from polso.errors import WarehouseError
from polso.warehouse import layout
from polso.warehouse.lease import LEASE, alive
from polso.warehouse.log import Change, DataFile, Snapshot, TableLog
from polso.warehouse.partial_cache import PartialCache, drop
from polso.warehouse.rows import parquet, rows_of, write
from polso.warehouse.store import Warehouse
from polso.warehouse.work import Work, working

SMALL = 64 << 20
RETENTION_HOURS = 7 * 24
CACHE_BYTES = 2 << 30


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    entity: str
    about: str
    harmless: bool = False
    """Costs room, but no answer is wrong."""
    fatal: bool = False
    """Facts are lost, here at least."""

    def __str__(self) -> str:
        return f"{self.entity}: {self.about}"


def compact(warehouse: Warehouse, entity: str, small: int = SMALL) -> int:
    """Merge the small files of each month into one, a commit a month; returns how many files fewer there are."""
    if not _crowded(warehouse.snapshot(entity), small):
        return 0
    fewer = 0
    with working(warehouse.folder, warehouse.log(entity)) as work:
        for month in sorted(_crowded(warehouse.snapshot(entity), small)):
            merge = _Merge(work, month, small)
            work.commit(merge.proposal)
            fewer += merge.fewer
    return fewer


class _Merge:
    def __init__(self, work: Work, month: str, small: int) -> None:
        self._work = work
        self._month = month
        self._small = small
        self.fewer = 0

    def proposal(self, seen: Snapshot) -> Change | None:
        work, entity = self._work, self._work.log.entity
        # Files of months merged before are facts by now and stay.
        work.discard(keep=())
        files = _crowded(seen, self._small).get(self._month, [])
        self.fewer = 0
        if not files:
            return None
        rows = rows_of(work.connection, entity, [file.path for file in files])
        merged = write(work.connection, entity, rows, work.log.folder, work.name)
        if sum(file.rows for file in merged) != sum(file.rows for file in files):
            raise WarehouseError(f"{entity.name} {self._month}: merging would change the rows; run `polso doctor`")
        self.fewer = len(files) - len(merged)
        return Change(work.name, kept=merged, removed=files, note={"compact": self._month})


def _crowded(snapshot: Snapshot, small: int) -> dict[str, list[DataFile]]:
    """The months with several small files."""
    months: dict[str, list[DataFile]] = defaultdict(list)
    for file in snapshot.files:
        if file.size < small:
            months[file.month].append(file)
    return {month: files for month, files in months.items() if len(files) > 1}


def vacuum(warehouse: Warehouse, entity: str, hours: int = RETENTION_HOURS) -> int:
    """Remove the files of versions replaced at least so long ago and what crashed loads left; returns how many."""
    removed = remove_unneeded(warehouse, [entity], hours)
    cache = layout.partials(warehouse.folder)
    if cache.exists():
        with closing(PartialCache(cache)) as partials:
            partials.prune(CACHE_BYTES)
    return removed


def remove_unneeded(warehouse: Warehouse, entities: Iterable[str], hours: int) -> int:
    """Remove data files no snapshot of the last hours needs, first what was computed from them; returns how many."""
    unneeded = [path for name in entities for path in _unneeded(warehouse.folder, warehouse.log(name), hours)]
    drop(layout.partials(warehouse.folder), [path.name for path in unneeded])
    for path in unneeded:
        path.unlink(missing_ok=True)
    _sweep(warehouse.folder)
    return len(unneeded)


def orphans(folder: Path, log: TableLog) -> list[Path]:
    """Return the files that no version knows and no living load is writing."""
    # The order matters: a load that ended before `alive` looked has its files in the log read after that.
    there = _on_disk(log)
    holders = alive(layout.leases(folder))
    known = {file.name for file in log.snapshot().files} | {Path(name).name for name in log.buried()}
    return [path for path in there if path.name not in known and path.name.split("-")[0] not in holders]


def _unneeded(folder: Path, log: TableLog, hours: int) -> list[Path]:
    dead = orphans(folder, log)
    live = {file.name for file in log.snapshot().files}
    buried = [log.folder / name for name in log.buried(hours) if Path(name).name not in live]
    return sorted({*dead, *(path for path in buried if path.exists())})


def _on_disk(log: TableLog) -> list[Path]:
    return sorted(log.folder.glob("month=*/*.parquet")) if log.folder.exists() else []


def _sweep(folder: Path) -> None:
    """Remove what dead queries spilled and dead loads staged."""
    holders = alive(layout.leases(folder))
    hour_ago = time.time() - 3600
    for place in (layout.spill(folder), layout.staged(folder)):
        for path in place.iterdir() if place.exists() else ():
            # What is not named after a lease may have a living owner all the same.
            if path.name not in holders and (LEASE.fullmatch(path.name) or _older(path, hour_ago)):
                shutil.rmtree(path, ignore_errors=True)
    for path in (folder / "facts").glob("*/_delta_log/*.tmp"):
        if _older(path, hour_ago):
            path.unlink(missing_ok=True)


def _older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False


def doctor(warehouse: Warehouse) -> list[Finding]:
    """Check every table and the cache; an empty list means all is sound."""
    findings = [finding for name in ENTITIES for finding in _examine(warehouse, name)]
    cache = layout.partials(warehouse.folder)
    size = _size(cache) if cache.exists() else 0
    if size > CACHE_BYTES:
        about = f"{size >> 20} MB of partials; `polso compact` makes it smaller"
        findings.append(Finding("cache", about, harmless=True))
    return findings


def _size(cache: Path) -> int:
    with closing(PartialCache(cache)) as partials:
        return partials.size


def _examine(warehouse: Warehouse, name: str) -> Iterator[Finding]:
    log = warehouse.log(name)
    try:
        snapshot = log.snapshot()
    except Exception as error:
        yield Finding(name, f"the log cannot be read: {error}")
        return
    readable = []
    for file in snapshot.files:
        findings = list(_file(name, file))
        yield from findings
        readable += [] if any(finding.fatal for finding in findings) else [file]
    if readable:
        yield from _rows(name, readable)
    if dead := orphans(warehouse.folder, log):
        size = sum(path.stat().st_size for path in dead)
        about = f"{len(dead)} files ({size >> 10} kB) left by crashed loads; `polso compact` removes them"
        yield Finding(name, about, harmless=True)


def _file(entity: str, file: DataFile) -> Iterator[Finding]:
    try:
        found = pq.read_metadata(file.path).num_rows
    except FileNotFoundError:
        yield Finding(entity, f"file '{file.path}' is missing: restore a backup", fatal=True)
        return
    except Exception as error:
        yield Finding(entity, f"file '{file.path}' cannot be read ({error}): restore a backup", fatal=True)
        return
    if found != file.rows:
        yield Finding(entity, f"file '{file.path}' holds {found} rows, the log says {file.rows}")
    if os.path.getsize(file.path) != file.size:
        yield Finding(entity, f"file '{file.path}' is not as long as the log says: it was changed by hand")


def _rows(name: str, files: Sequence[DataFile]) -> Iterator[Finding]:
    source = parquet(file.path for file in files)
    group = f"cast(md5_number_lower(coalesce(customer_id, id)) & {CUSTOMER_GROUPS - 1} as bigint)"
    checks = {
        "rows have an id that another row has": "count(id) - count(distinct id)",
        "rows have no id": "count(*) - count(id)",
        "rows are in the wrong customer group": f"count(*) filter (where customer_group is distinct from {group})",
    }
    connection = connect()
    try:
        counts = connection.execute(f"select {', '.join(checks.values())} from {source}").fetchone()  # noqa: S608
        for about, count in zip(checks, counts or (), strict=False):
            if count:
                yield Finding(name, f"{count} {about}: load them again")
    except Exception as error:
        yield Finding(name, f"the rows cannot be read: {error}")
    finally:
        connection.close()
