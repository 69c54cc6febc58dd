"""What was accepted and is not in the warehouse yet, and what the warehouse refused."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from polso.web.accounts.models import ApiKey


class Batch(models.Model):
    """Rows of one entity that arrived together: acknowledged once this is committed."""

    number = models.BigAutoField(primary_key=True)
    """The order in which batches are moved."""
    id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    entity = models.CharField(max_length=40)
    rows = models.PositiveIntegerField()
    body = models.BinaryField()
    """The rows as Parquet; empty once they are moved."""
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True)
    idempotency_key = models.CharField(max_length=255, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    """Of what was sent; the same key with something else is refused."""
    reply = models.JSONField(default=dict)
    accepted_at = models.DateTimeField()
    moved_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)
    refused = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["entity", "number"], condition=models.Q(moved_at=None, failed_at=None), name="inbox_waiting"),
            models.Index(fields=["moved_at"], name="inbox_moved"),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["key", "idempotency_key"], condition=~models.Q(idempotency_key=""), name="inbox_idempotency"
            )
        ]

    @property
    def state(self) -> str:
        """Where the rows are: waiting, moved or failed."""
        return "failed" if self.failed_at else "moved" if self.moved_at else "waiting"


class Refusal(models.Model):
    """A row that failed the warehouse's checks, and why."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="refusals")
    index = models.PositiveIntegerField()
    """The row's place in its batch, from 0."""
    column = models.CharField(max_length=80, blank=True)
    value = models.CharField(max_length=220, blank=True)
    advice = models.CharField(max_length=500)
    row = models.JSONField()

    class Meta:
        ordering: ClassVar[list[str]] = ["batch", "index", "id"]
