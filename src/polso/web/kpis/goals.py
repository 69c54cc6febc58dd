"""Goals, how far they are, and what happened when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from polso.answer import Goal as Judged
from polso.errors import PolsoError
from polso.query import Query
from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk, desk
from polso.web.kpis import words
from polso.web.kpis.forms import NewGoal, NewHappening
from polso.web.kpis.models import MOST_PINNED, Goal, Happening
from polso.web.kpis.views import found


def goals(request: HttpRequest) -> HttpResponse:
    """Every goal with its progress; the pinned ones first."""
    at = desk(request)
    at.need(Ability.SEE_NUMBERS)
    shown = [
        progress(one, at) for one in Goal.objects.all() if one.kpi in at.catalogue and at.reaches(at.catalogue[one.kpi].entity)
    ]
    context = {"pinned": [one for one in shown if one["goal"].pinned], "others": [one for one in shown if not one["goal"].pinned]}
    return render(request, "kpis/goals.html", context | {"happenings": Happening.objects.order_by("-day")[:50]})


def pinned(at: Desk) -> list[dict[str, Any]]:
    """What the workspace works on now."""
    chosen = Goal.objects.filter(pinned=True)[:MOST_PINNED]
    return [progress(one, at) for one in chosen if one.kpi in at.catalogue and at.reaches(at.catalogue[one.kpi].entity)]


def progress(goal: Goal, at: Desk) -> dict[str, Any]:
    """A goal held against the current period and the last whole one."""
    metric = at.catalogue[goal.kpi]
    until = at.until(metric.entity)
    start = _begin(until, goal.grain)
    told: dict[str, Any] = {"goal": goal, "name": metric.name(at.language), "unit": metric.unit}
    try:
        query = Query((goal.kpi,), start=start, end=until + timedelta(days=1), where=goal.where or None, compare="none")
        estimate = at.ask(query).only.only.estimate
    except PolsoError as error:
        return told | {"problem": str(error)}
    judged = Judged.judged(goal.target, estimate, metric.direction)
    verdict = words.goal_in_words(judged, metric.unit) if judged else ""
    met = {True: "reached", False: "not-yet", None: "open"}[judged.met if judged else None]
    return told | {
        "estimate": estimate,
        "verdict": verdict,
        "met": met,
        "share": _share(estimate.value, goal.target, metric.direction),
    }


def _share(value: float | None, target: float, direction: str) -> int | None:
    """How far of the way, in per cent, where that makes sense."""
    if value is None or value <= 0 or target <= 0:
        return None
    return round(min(100.0, 100 * (target / value if direction == "down" else value / target)))


def _begin(day: date, grain: str) -> date:
    month = {"month": day.month, "quarter": day.month - (day.month - 1) % 3, "year": 1}[grain]
    return day.replace(month=month, day=1)


@require_POST
def set_goal(request: HttpRequest, key: str) -> HttpResponse:
    """Set what a KPI should reach."""
    at = desk(request)
    at.need(Ability.DEFINE)
    metric = found(at, key)
    form = NewGoal(request.POST)
    if form.is_valid():
        goal = form.save(commit=False)
        goal.kpi, goal.person = metric.key, at.person
        try:
            at.ask(Query((key,), where=goal.where or None, compare="none", start=goal.since))
        except PolsoError as error:
            form.add_error("where", str(error))
        else:
            goal.save()
            note(at.person, "goal set", f"{key} {goal.where} {goal.target:g}")
            messages.success(request, _("The goal is set."))
            return redirect("kpi", key)
    _tell(request, form)
    return redirect("kpi", key)


@require_POST
def pin(request: HttpRequest, pk: int) -> HttpResponse:
    """Work on a goal now, or no longer."""
    at = desk(request)
    at.need(Ability.DEFINE)
    goal = get_object_or_404(Goal, pk=pk)
    if not goal.pinned and Goal.objects.filter(pinned=True).count() >= MOST_PINNED:
        messages.error(request, _("Three goals are pinned already: unpin one first."))
    else:
        goal.pinned = not goal.pinned
        goal.save(update_fields=["pinned"])
    return redirect("goals")


@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a goal away."""
    at = desk(request)
    at.need(Ability.DEFINE)
    goal = get_object_or_404(Goal, pk=pk)
    note(at.person, "goal dropped", f"{goal.kpi} {goal.where} {goal.target:g}")
    goal.delete()
    messages.success(request, _("The goal is gone."))
    return redirect("goals")


@require_POST
def happened(request: HttpRequest, key: str) -> HttpResponse:
    """Write down what happened on a day, to be seen on the trend."""
    at = desk(request)
    at.need(Ability.DEFINE)
    metric = found(at, key)
    form = NewHappening(request.POST)
    if form.is_valid():
        happening = form.save(commit=False)
        happening.kpi = "" if form.cleaned_data["everywhere"] else metric.key
        happening.person = at.person
        happening.save()
        messages.success(request, _("It is on the trend now."))
    else:
        _tell(request, form)
    return redirect("kpi", key)


@require_POST
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Take something that happened off the trends."""
    desk(request).need(Ability.DEFINE)
    get_object_or_404(Happening, pk=pk).delete()
    return redirect("goals")


def _tell(request: HttpRequest, form: NewGoal | NewHappening) -> None:
    for name, problems in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        for problem in problems:
            messages.error(request, f"{label}: {problem}" if label else str(problem))
