"""A piece of work: who does it has it on lease, and it is done once."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Job(models.Model):
    """What to do, when, and how it went."""

    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    key = models.CharField(max_length=120, blank=True)
    """While a job of this key is pending no other is made."""
    run_at = models.DateTimeField()
    holder = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["run_at"], condition=models.Q(done_at=None, failed_at=None), name="jobs_pending")
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(done_at=None, failed_at=None) & ~models.Q(key=""), name="jobs_one_pending"
            )
        ]
