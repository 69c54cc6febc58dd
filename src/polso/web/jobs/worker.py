"""The worker: moves the inbox, does jobs, notices that facts changed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import close_old_connections, connections
from django.utils import timezone

from polso.web.inbox import move
from polso.web.jobs import queue
from polso.web.jobs.models import Job
from polso.web.webhooks import events

JOB_THREADS = 2
_INBOX_PAUSE, _JOB_PAUSE, _WATCH_PAUSE, _PLAN_PAUSE = 0.1, 0.5, 1.0, 300.0
_BETWEEN_MOVES = 0.5
"""Every move makes files; a busy inbox is moved a few times a second less, in larger files."""
_LONGEST_PAUSE = 60.0
_MOST_TAKEN = 40
"""A job taken more often than this brings its process down."""
_TO_FINISH = 30.0
log = logging.getLogger(__name__)


class Worker:
    """Threads that each do one thing until they are told to stop; what is under way is finished."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def run(self) -> None:
        """Work until stopped."""
        steps = [(self._move, _INBOX_PAUSE), (self._watch, _WATCH_PAUSE), (plan, _PLAN_PAUSE)]
        steps += [(self._job, _JOB_PAUSE)] * JOB_THREADS
        threads = [threading.Thread(target=self._again, args=step, daemon=True) for step in steps]
        for thread in threads:
            thread.start()
        self._stop.wait()
        until = time.monotonic() + _TO_FINISH
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0))

    def stop(self) -> None:
        """Finish what is under way and return."""
        self._stop.set()

    def _again(self, step: Callable[[], bool | None], pause: float) -> None:
        """Do a step again and again: at once where it did something, after a longer and longer pause where it failed."""
        trouble = 0
        while not self._stop.is_set():
            try:
                close_old_connections()
                busy, trouble = bool(step()), 0
            except Exception:
                busy, trouble = False, trouble + 1
                log.exception("a step of the worker failed; it is tried again")
            self._stop.wait(0 if busy else min(pause * 2**trouble, _LONGEST_PAUSE))
        connections.close_all()

    def _move(self) -> bool:
        if not move.waiting():
            return False
        move.move()
        self._stop.wait(_BETWEEN_MOVES)
        return True

    def _watch(self) -> None:
        events.watch()

    def _job(self) -> bool:
        job = queue.take()
        if job is None:
            return False
        do(job)
        return True


def do(job: Job) -> None:
    """Do a job that was taken, keeping its lease alive meanwhile."""
    over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(job, over), daemon=True)
    keeper.start()
    try:
        if job.attempts > _MOST_TAKEN:
            raise queue.GiveUpError("it was taken up too often")
        if job.kind not in queue.HANDLERS:
            raise queue.GiveUpError(f"there is nothing that does '{job.kind}'")
        queue.HANDLERS[job.kind](job.payload)
    except Exception as error:
        if not isinstance(error, (queue.TryLaterError, queue.GiveUpError)):
            log.exception("job %s (%s) failed", job.pk, job.kind)
        queue.failed(job, error)
    else:
        queue.done(job)
    finally:
        over.set()
        keeper.join()


def _keep(job: Job, over: threading.Event) -> None:
    while not over.wait(queue.LEASE.total_seconds() / 3):
        queue.beat(job)
    connections.close_all()


def plan() -> None:
    """See to it that what is done every night or hour has its next job."""
    now = timezone.localtime()
    queue.put("compact", key="compact", run_at=_next(now, hour=3))
    queue.put("tidy", key="tidy", run_at=now + timedelta(hours=1))


def _next(now: datetime, hour: int) -> datetime:
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
