"""Erasing a customer also where facts wait."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
from django.db import connection, transaction

from polso.web.desk import workspace
from polso.web.inbox.models import Batch, Refusal
from polso.web.inbox.move import move_all, one_at_a_time
from polso.web.inbox.rows import packed, unpacked
from polso.workspace import Workspace


def erase(customer: str, whole: Workspace | None = None) -> Any:
    """Erase a customer everywhere, the inbox included; returns what `Workspace.erase` does.

    What waits is moved first, so that rows which speak of the customer only through a case or an order are found too.
    """
    with one_at_a_time():
        move_all()
        with transaction.atomic():
            for batch in Batch.objects.filter(moved_at=None).iterator(20):
                _without(batch, customer)
            for refusal in Refusal.objects.iterator(500):
                if any(str(value) == customer for value in refusal.row.values()) or customer in (refusal.value,):
                    refusal.delete()
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("pragma wal_checkpoint(truncate)")
        return (whole or workspace()).erase(customer)


def _without(batch: Batch, customer: str) -> None:
    """Take the rows of a customer out of a batch that could not be moved."""
    table = unpacked(batch.body)
    names = [name for name in ("customer_id", "id" if batch.entity == "customer" else "") if name in table.column_names]
    for name in names:
        table = table.filter(pc.fill_null(pc.not_equal(table[name], customer), True))
    if table.num_rows < batch.rows:
        Batch.objects.filter(pk=batch.pk).update(body=packed(table), rows=table.num_rows)
