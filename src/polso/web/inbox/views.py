"""What came in, and what the checks refused."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk, desk
from polso.web.inbox.models import Batch

_SHOWN = 50
_SHOWN_ROWS = 200


def inbox(request: HttpRequest) -> HttpResponse:
    """The latest batches, and all with mistakes."""
    _loader(request)
    batches = Batch.objects.select_related("person").defer("body").order_by("-number")
    wrong = batches.filter(Q(refused__gt=0) | ~Q(failed_at=None))
    return render(request, "inbox/inbox.html", {"latest": batches[:_SHOWN], "wrong": wrong[:_SHOWN]})


def batch(request: HttpRequest, pk: str) -> HttpResponse:
    """One batch: where it is, and its rows that were refused."""
    at = _loader(request)
    found = get_object_or_404(Batch.objects.defer("body"), id=pk)
    refusals = found.refusals.all()[:_SHOWN_ROWS] if at.person.may(Ability.SEE_PEOPLE) else []
    return render(request, "inbox/batch.html", {"batch": found, "refusals": refusals})


@require_POST
def forget(request: HttpRequest, pk: str) -> HttpResponse:
    """Throw the refused rows of a batch away, once they were looked at."""
    at = _loader(request)
    found = get_object_or_404(Batch.objects.defer("body").exclude(moved_at=None, failed_at=None), id=pk)
    found.refusals.all().delete()
    Batch.objects.filter(pk=found.pk).update(refused=0)
    if found.failed_at:
        found.delete()
    note(at.person, "refused rows thrown away", found.entity)
    messages.success(request, _("The refused rows were thrown away."))
    return redirect("inbox")


def _loader(request: HttpRequest) -> Desk:
    at = desk(request)
    at.need(Ability.LOAD)
    return at
