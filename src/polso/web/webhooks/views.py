"""The addresses that are told what happens, and how that went."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk, desk
from polso.web.webhooks.events import emit
from polso.web.webhooks.forms import NewEndpoint
from polso.web.webhooks.models import EVENTS, Endpoint

_SHOWN = 100


def allowed(at: Desk) -> Desk:
    """The desk of who may have messages sent: those who see the whole workspace."""
    at.need(Ability.DEFINE)
    return at


def webhooks(request: HttpRequest) -> HttpResponse:
    """Every address, and a form for one more."""
    at = allowed(desk(request))
    form = NewEndpoint(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = form.save(commit=False)
        made.person = at.person
        made.save()
        note(at.person, "webhook made", made.url)
        request.session["fresh_secret"] = made.secret
        return redirect("webhook", made.pk)
    context = {"form": form, "endpoints": Endpoint.objects.select_related("person")}
    return render(request, "webhooks/webhooks.html", context, status=422 if form.errors else 200)


def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """One address, and the last messages to it."""
    allowed(desk(request))
    found = get_object_or_404(Endpoint.objects.select_related("person"), pk=pk)
    context = {
        "endpoint": found,
        "told": [EVENTS[event] for event in found.events if event in EVENTS],
        "fresh": request.session.pop("fresh_secret", None),
        "deliveries": found.deliveries.all()[:_SHOWN],
    }
    return render(request, "webhooks/endpoint.html", context)


@require_POST
def try_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message that says nothing but hello."""
    at = allowed(desk(request))
    found = get_object_or_404(Endpoint, pk=pk)
    emit("webhook.tried", {"by": "a person on the page"}, only=found)
    note(at.person, "webhook tried", found.url)
    messages.success(request, _("A message is on its way: look below in a moment."))
    return redirect("webhook", pk)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop an address, or let it go on."""
    at = allowed(desk(request))
    found = get_object_or_404(Endpoint, pk=pk)
    found.stopped_at = None if found.stopped_at else timezone.now()
    found.save(update_fields=["stopped_at"])
    note(at.person, "webhook stopped" if found.stopped_at else "webhook goes on", found.url)
    return redirect("webhook", pk)


@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget an address and what was sent to it."""
    at = allowed(desk(request))
    found = get_object_or_404(Endpoint, pk=pk)
    note(at.person, "webhook dropped", found.url)
    found.delete()
    messages.success(request, _("The address is told nothing any more."))
    return redirect("webhooks")
