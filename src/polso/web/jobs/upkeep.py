"""Keeping house: small files are merged, and what nobody needs any more is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from polso.web.desk import workspace
from polso.web.jobs.models import Job
from polso.web.jobs.queue import handles

KEEP_JOBS = timedelta(days=7)
FORGETTING: list[Callable[[], None]] = []
"""What other features forget in the same hour."""


@handles("compact")
def compact(payload: dict[str, Any]) -> None:
    """Merge small files of the warehouse and tidy old ones away."""
    workspace().compact()


@handles("tidy")
def tidy(payload: dict[str, Any]) -> None:
    """Forget jobs that ended a week ago, and what other features no longer need."""
    old = timezone.now() - KEEP_JOBS
    Job.objects.filter(done_at__lt=old).delete()
    Job.objects.filter(failed_at__lt=old).delete()
    for forget in FORGETTING:
        forget()
