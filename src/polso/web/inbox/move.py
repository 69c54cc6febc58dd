"""From the inbox to the warehouse: in order, entity by entity, marked as moved only after the warehouse has them.

A process that dies between the two moves the same rows again, which changes nothing: they have the same ids.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
from django.conf import settings
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone
from filelock import FileLock

from polso.errors import LoadError, QueryError
from polso.ingest.mapping import Mapping
from polso.web.desk import workspace
from polso.web.inbox.models import Batch, Refusal
from polso.web.inbox.rows import packed, unpacked

MOST_ROWS = 50_000
MOST_BATCHES = 2_000
log = logging.getLogger(__name__)
moved = Signal()
"""Sent with `batches` and their `table`, in the transaction that marks them."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Only one process moves or erases; the lock goes with the process that holds it."""
    with FileLock(settings.SITE / "inbox.lock"):
        yield


def waiting() -> bool:
    """Whether there is anything to move."""
    return Batch.objects.filter(moved_at=None, failed_at=None).exists()


def move() -> int:
    """Move what is waiting; returns how many rows left the inbox."""
    with one_at_a_time():
        return move_all()


def move_all() -> int:
    """Move what is waiting, for who holds the lock."""
    rows = 0
    entities = Batch.objects.filter(moved_at=None, failed_at=None).values_list("entity", flat=True).distinct().order_by("entity")
    for entity in list(entities):
        while batches := _next(entity):
            _together(entity, batches)
            rows += sum(batch.rows for batch in batches)
    return rows


def _next(entity: str) -> list[Batch]:
    """The oldest batches, as many as fit into one move."""
    found: list[Batch] = []
    rows = 0
    for batch in (
        Batch.objects.filter(entity=entity, moved_at=None, failed_at=None).order_by("number")[:MOST_BATCHES].iterator(50)
    ):
        if found and rows + batch.rows > MOST_ROWS:
            break
        found.append(batch)
        rows += batch.rows
    return found


def _together(entity: str, batches: Sequence[Batch]) -> None:
    """Move batches in one commit; where one of them cannot be loaded, each by itself."""
    try:
        _load(entity, batches)
    except (LoadError, QueryError, pa.ArrowInvalid) as error:
        if len(batches) > 1:
            for batch in batches:
                _together(entity, [batch])
            return
        problem = " ".join(str(error).split())[:500]
        Batch.objects.filter(pk=batches[0].pk).update(failed_at=timezone.now(), problem=problem)
        log.error("batch %s of %s cannot be loaded", batches[0].id, entity)


def _load(entity: str, batches: Sequence[Batch]) -> None:
    table = pa.concat_tables([unpacked(batch.body) for batch in batches], promote_options="default")
    refused: list[Refusal] = []
    if table.num_rows:
        mapping = _as_it_is(entity, tuple(table.column_names))
        report = workspace().load(entity, io.BytesIO(packed(table)), mapping=mapping, keep_good=True)
        if report.rejects_file is not None:
            refused = _refusals(report.rejects_file, batches, table)
    with transaction.atomic():
        now = timezone.now()
        Refusal.objects.bulk_create(refused, batch_size=500)
        for batch in batches:
            batch.refused = len({one.index for one in refused if one.batch_id == batch.pk})
            if batch.refused:
                Batch.objects.filter(pk=batch.pk).update(refused=batch.refused)
        Batch.objects.filter(pk__in=[batch.pk for batch in batches]).update(moved_at=now, body=b"")
        moved.send(sender=Batch, batches=batches, table=table)
    if refused:
        log.warning("%s of %s rows of %s were refused", sum(batch.refused for batch in batches), table.num_rows, entity)


@lru_cache(maxsize=256)
def _as_it_is(entity: str, columns: tuple[str, ...]) -> Mapping:
    """Every column is what its name says; only an empty cell is empty."""
    lines = [f'entity = "{entity}"', "[file]", "missing = []", "[columns]", *(f'{name} = "{name}"' for name in columns)]
    return workspace().mapping("\n".join(lines))


def _refusals(file: Path, batches: Sequence[Batch], table: pa.Table) -> list[Refusal]:
    """The rows that were refused, with their batch; the file that told of them is removed."""
    starts: list[tuple[int, Batch]] = []
    start = 0
    for batch in batches:
        starts.append((start, batch))
        start += batch.rows
    found = []
    with file.open(encoding="utf-8-sig", newline="") as opened:
        for line in csv.DictReader(opened):
            place = int(line["row"]) - 1
            first, batch = next(pair for pair in reversed(starts) if pair[0] <= place)
            row = {name: _plain(value) for name, value in table.slice(place, 1).to_pylist()[0].items() if value is not None}
            value = line["value"].replace("\0", "")[:220]
            found.append(
                Refusal(
                    batch=batch, index=place - first, column=line["column"], value=value, advice=line["advice"][:500], row=row
                )
            )
    file.unlink(missing_ok=True)
    return found


def _plain(value: object) -> object:
    return value if isinstance(value, (int, float, bool)) else str(value).replace("\0", "")
