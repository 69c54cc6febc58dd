"""Is the site there, can it work, and how much is there to do?"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import connection
from django.db.models import Count, Min, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from polso import __version__
from polso.web.accounts.models import ApiKey
from polso.web.accounts.roles import Ability
from polso.web.desk import workspace
from polso.web.inbox.models import Batch, Refusal
from polso.web.jobs.models import Job
from polso.web.webhooks.models import Delivery

log = logging.getLogger(__name__)


def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """The site's database and the facts can be read; 503 when not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        return JsonResponse({"status": "ok", "facts": workspace().facts_version()})
    except Exception:
        log.exception("the site is not ready")
        return JsonResponse({"status": "not ready"}, status=503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Counts for Prometheus; for who has a key, or asks from this very machine."""
    if not _may_look(request):
        return HttpResponse("a key is needed\n", status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    lines = []
    for name, kind, about, values in _counts():
        lines += [f"# HELP polso_{name} {about}", f"# TYPE polso_{name} {kind}"]
        lines += [f"polso_{name}{labels} {value}" for labels, value in values.items()]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_look(request: HttpRequest) -> bool:
    sort, _, token = request.headers.get("Authorization", "").partition(" ")
    if token:
        key = ApiKey.find(token.strip()) if sort.lower() == "bearer" else None
        return key is not None and key.person.may(Ability.LOAD)
    # Behind a proxy everybody seems to come from this machine.
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"))
    return request.META.get("REMOTE_ADDR", "") in ("127.0.0.1", "::1") and not forwarded


def _counts() -> list[tuple[str, str, str, dict[str, float | int]]]:
    waiting = Batch.objects.filter(moved_at=None, failed_at=None).aggregate(
        batches=Count("pk"), rows=Sum("rows"), oldest=Min("accepted_at")
    )
    pending = Job.objects.filter(done_at=None, failed_at=None)
    due = pending.filter(run_at__lte=timezone.now()).aggregate(oldest=Min("run_at"))
    sent = Delivery.objects.filter(done_at=None, failed_at=None)
    return [
        ("info", "gauge", "The version that runs.", {f'{{version="{__version__}"}}': 1}),
        ("inbox_waiting_batches", "gauge", "Batches accepted and not moved yet.", {"": waiting["batches"]}),
        ("inbox_waiting_rows", "gauge", "Rows accepted and not moved yet.", {"": waiting["rows"] or 0}),
        ("inbox_oldest_seconds", "gauge", "How long the oldest of them waits.", {"": _age(waiting["oldest"])}),
        ("inbox_failed_batches", "gauge", "Batches that cannot be loaded.", {"": Batch.objects.exclude(failed_at=None).count()}),
        ("inbox_refused_rows", "gauge", "Rows that failed the checks and are kept.", {"": Refusal.objects.count()}),
        ("jobs_pending", "gauge", "Jobs to do, now or later.", {"": pending.count()}),
        ("jobs_oldest_due_seconds", "gauge", "How long the oldest job that is due waits.", {"": _age(due["oldest"])}),
        ("jobs_failed", "gauge", "Jobs given up in the last week.", {"": Job.objects.exclude(failed_at=None).count()}),
        ("webhooks_pending", "gauge", "Messages to be delivered.", {"": sent.count()}),
        (
            "webhooks_failed",
            "gauge",
            "Messages given up in the last month.",
            {"": Delivery.objects.exclude(failed_at=None).count()},
        ),
    ]


def _age(moment: datetime | None) -> float:
    return round(max((timezone.now() - moment).total_seconds(), 0.0), 3) if moment else 0.0
