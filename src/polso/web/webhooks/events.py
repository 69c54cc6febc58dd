"""What happened, written down for every endpoint that wants to know, in the transaction in which it happened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from django.db import transaction
from django.utils import timezone

from polso.web.desk import workspace
from polso.web.inbox.models import Batch
from polso.web.jobs.queue import put
from polso.web.webhooks.models import Delivery, Endpoint, Seen

MOST_IDS = 500


def emit(event: str, data: dict[str, Any], only: Endpoint | None = None) -> list[Delivery]:
    """Write a message down for the endpoints that want the event; it is sent by the worker."""
    wanting = [only] if only else [one for one in Endpoint.objects.filter(stopped_at=None) if event in one.events]
    if not wanting:
        return []
    body = json.dumps({"type": event, "timestamp": timezone.now().isoformat(), "data": data}, ensure_ascii=False)
    with transaction.atomic():
        made = [Delivery.objects.create(endpoint=endpoint, event=event, body=body) for endpoint in wanting]
        for delivery in made:
            put("deliver", {"delivery": delivery.pk}, key=f"delivery:{delivery.pk}")
    return made


def batches_moved(batches: Sequence[Batch], table: pa.Table, **_: Any) -> None:
    """Tell that posted facts arrived, and that answers did; only ids leave the house."""
    if not Endpoint.objects.filter(stopped_at=None).exists():
        return
    start = 0
    for batch in batches:
        emit("load.finished", {"batch": str(batch.id), "entity": batch.entity, "rows": batch.rows, "refused": batch.refused})
        if batch.entity == "response":
            ids = table["id"].slice(start, batch.rows).to_pylist()
            data = {"batch": str(batch.id), "answers": len(ids), "refused": batch.refused, "ids": ids[:MOST_IDS]}
            emit("answer.received", data)
        start += batch.rows


def watch() -> bool:
    """Tell once when any fact changed, whoever changed it."""
    now = workspace().facts_version()
    seen = Seen.objects.filter(name="facts").first()
    if seen is not None and seen.value == now:
        return False
    if seen is None:
        Seen.objects.bulk_create([Seen(name="facts", value=now)], ignore_conflicts=True)
        return False
    with transaction.atomic():
        if not Seen.objects.filter(name="facts", value=seen.value).update(value=now):
            return False
        emit("kpi.changed", {"facts": now, "before": seen.value})
    return True
