"""The rules that open cases, the teams that share them, and what cases may be about."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.cases.forms import EditRule, NewReason, NewTeam
from polso.web.cases.models import Reason, Rule, Team
from polso.web.cases.rules import trial
from polso.web.desk import Desk, desk
from polso.web.surveys.models import Survey

_DAYS = 30
_SHOWN = 5
_READY = {
    "nps": {"kind": "nps", "high": 6, "hours": 8, "priority": "high"},
    "csat": {"kind": "csat", "high": 2, "hours": 8},
    "ces": {"kind": "ces", "high": 3, "hours": 16},
}


def rules(request: HttpRequest) -> HttpResponse:
    """Every rule, team and reason."""
    _definer(request)
    context = {
        "rules": Rule.objects.select_related("person", "team"),
        "teams": Team.objects.prefetch_related("members"),
        "reasons": Reason.objects.filter(dropped_at=None),
        "team_form": NewTeam(),
        "reason_form": NewReason(),
        "ready": [("nps", _("NPS from 0 to 6")), ("csat", _("CSAT of 1 or 2")), ("ces", _("CES from 1 to 3"))],
    }
    return render(request, "cases/rules.html", context)


def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new rule, or one that is there."""
    at = _definer(request)
    found = get_object_or_404(Rule, pk=pk) if pk else None
    initial = _READY.get(request.GET.get("like", ""), {})
    form = EditRule(request.POST or None, instance=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        made = form.save()
        note(at.person, "rule of cases kept", made.name)
        messages.success(request, _("The rule holds from now on."))
        return redirect("case_rules")
    surveys = Survey.objects.values_list("key", flat=True)
    context = {"form": form, "rule": found, "surveys": surveys}
    return render(request, "cases/rule.html", context, status=422 if form.errors else 200)


@require_POST
def try_out(request: HttpRequest) -> HttpResponse:
    """How many cases a rule would have opened; nothing is kept."""
    at = _definer(request)
    # A rule may be tried under the name it has already.
    named = Rule.objects.filter(name=request.POST.get("name", "")).first()
    form = EditRule({**request.POST.dict(), "name": request.POST.get("name") or "-"}, instance=named)
    if not form.is_valid():
        return render(request, "cases/_trial.html", {"form": form})
    found, last = trial(form.save(commit=False), _DAYS)
    context = {
        "count": len(found),
        "days": _DAYS,
        "first": last - timedelta(days=_DAYS - 1),
        "last": last,
        "shown": found[:_SHOWN] if at.person.may(Ability.SEE_PEOPLE) else [],
    }
    return render(request, "cases/_trial.html", context)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a rule, or let it hold again."""
    at = _definer(request)
    found = get_object_or_404(Rule, pk=pk)
    found.stopped_at = None if found.stopped_at else timezone.now()
    found.save(update_fields=["stopped_at"])
    note(at.person, "rule of cases stopped" if found.stopped_at else "rule of cases goes on", found.name)
    return redirect("case_rules")


@require_POST
def team(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a team, change who is in it, or dissolve it."""
    at = _definer(request)
    found = get_object_or_404(Team, pk=pk) if pk else None
    if found is not None and "drop" in request.POST:
        note(at.person, "team dissolved", found.name)
        found.delete()
        return redirect("case_rules")
    form = NewTeam(request.POST, instance=found)
    if form.is_valid():
        note(at.person, "team kept", form.save().name)
    else:
        messages.error(request, _("A team needs a name of its own and at least one member."))
    return redirect("case_rules")


@require_POST
def reason(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add a reason, or take it off the list; cases closed with it keep it."""
    at = _definer(request)
    if pk:
        found = get_object_or_404(Reason, pk=pk)
        found.dropped_at = timezone.now()
        found.save(update_fields=["dropped_at"])
        note(at.person, "reason dropped", found.name)
        return redirect("case_rules")
    name = request.POST.get("name", "").strip()[:80]
    if name:
        Reason.objects.update_or_create(name=name, defaults={"dropped_at": None})
        note(at.person, "reason added", name)
    return redirect("case_rules")


def _definer(request: HttpRequest) -> Desk:
    at = desk(request)
    at.need(Ability.DEFINE)
    return at
