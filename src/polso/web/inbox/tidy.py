"""What the inbox forgets: batches that were moved, once their idempotency key has had its time, and old refusals."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from polso.web.inbox.models import Batch, Refusal

KEEP_BATCHES = timedelta(days=7)
KEEP_REFUSALS = timedelta(days=30)


def forget() -> None:
    """Forget what is old."""
    now = timezone.now()
    Refusal.objects.filter(batch__moved_at__lt=now - KEEP_REFUSALS).delete()
    Batch.objects.filter(moved_at__lt=now - KEEP_BATCHES, refusals=None).delete()
