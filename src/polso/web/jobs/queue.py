"""Putting jobs, taking them on lease, and settling them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from polso.web.jobs.models import Job

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 8
_FIRST_PAUSE, _LONGEST_PAUSE = 5, 6 * 3600

Handler = Callable[[dict[str, Any]], None]
HANDLERS: dict[str, Handler] = {}


class TryLaterError(Exception):
    """Raised by a job that wants to be tried again after a while, of its own choosing."""

    def __init__(self, pause: timedelta, problem: str) -> None:
        super().__init__(problem)
        self.pause = pause


class GiveUpError(Exception):
    """Raised by a job that will not succeed however often it is tried."""


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Name what does the jobs of a kind; what it does twice has to be as if done once."""

    def add(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        return handler

    return add


def put(kind: str, payload: dict[str, Any] | None = None, *, key: str = "", run_at: datetime | None = None) -> bool:
    """Write a job down, in the caller's transaction; False where one of its key is pending."""
    if key and _pending().filter(key=key).exists():
        return False
    # Where somebody put one of the same key since, theirs counts.
    job = Job(kind=kind, payload=payload or {}, key=key, run_at=run_at or timezone.now())
    Job.objects.bulk_create([job], ignore_conflicts=bool(key))
    return True


def take() -> Job | None:
    """Take the job that has waited longest on lease; None when there is none to do."""
    now = timezone.now()
    free = models.Q(lease_until=None) | models.Q(lease_until__lt=now)
    due = _pending().filter(free, run_at__lte=now).order_by("run_at", "pk")
    if not due.exists():
        return None
    with transaction.atomic():
        # SQLite has no row locks; there the transaction itself lets one in at a time.
        job = due.select_for_update(skip_locked=True).first()
        if job is None:
            return None
        job.holder, job.lease_until, job.beat_at, job.attempts = uuid.uuid4().hex, now + LEASE, now, job.attempts + 1
        job.save(update_fields=["holder", "lease_until", "beat_at", "attempts"])
        return job


def beat(job: Job) -> bool:
    """Extend the lease; False when somebody else has the job by now."""
    now = timezone.now()
    return bool(_pending().filter(pk=job.pk, holder=job.holder).update(beat_at=now, lease_until=now + LEASE))


def done(job: Job) -> None:
    """The work is done."""
    _held(job).update(done_at=timezone.now(), lease_until=None, problem="")


def failed(job: Job, error: Exception) -> None:
    """It did not work: try again after a pause that doubles, or give up."""
    now, problem = timezone.now(), f"{type(error).__name__}: {error}"[:500]
    if isinstance(error, GiveUpError) or (job.attempts >= MOST_ATTEMPTS and not isinstance(error, TryLaterError)):
        _held(job).update(failed_at=now, lease_until=None, problem=problem)
        return
    pause = error.pause if isinstance(error, TryLaterError) else timedelta(seconds=_pause(job.attempts))
    _held(job).update(run_at=now + pause, lease_until=None, holder="", problem=problem)


def _pause(attempts: int) -> int:
    return int(min(_FIRST_PAUSE * 2 ** (attempts - 1), _LONGEST_PAUSE))


def _pending() -> models.QuerySet[Job]:
    return Job.objects.filter(done_at=None, failed_at=None)


def _held(job: Job) -> models.QuerySet[Job]:
    return _pending().filter(pk=job.pk, holder=job.holder)
