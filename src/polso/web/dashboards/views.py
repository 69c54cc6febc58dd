"""Dashboards: a number, its trend and whether it moved, for each KPI of a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from polso.answer import Answer
from polso.errors import PolsoError
from polso.query import Query
from polso.web.accounts.roles import Role
from polso.web.dashboards.ready import FIRST, READY
from polso.web.desk import Desk, desk, workspace
from polso.web.kpis import charts, words

DAYS = (7, 30, 90)


def today(request: HttpRequest, name: str | None = None) -> HttpResponse:
    """A ready dashboard: the days up to the latest fact, against the same number of days before."""
    at = desk(request)
    name = name or FIRST[Role(at.person.role)]
    if name not in READY:
        raise Http404
    days = next((choice for choice in DAYS if str(choice) == request.GET.get("days")), 30)
    until = at.latest_day()
    context: dict[str, Any] = {
        "name": name,
        "title": _titles()[name],
        "dashboards": _titles().items(),
        "days": days,
        "choices": DAYS,
        "facts": workspace().facts_version(),
        "until": until,
    }
    if until is not None:
        keys = [key for key in READY[name] if key in at.catalogue and at.reaches(at.catalogue[key].entity)]
        context["tiles"] = _tiles(keys, until, days, at) if keys else []
    return render(
        request, "dashboards/_tiles.html" if request.headers.get("HX-Request") else "dashboards/dashboard.html", context
    )


def _titles() -> dict[str, str]:
    return {
        "executive": _("Five numbers"),
        "service": _("Service"),
        "voice": _("Voice"),
        "sales": _("Sales"),
        "digital": _("Digital"),
        "operator": _("My day"),
    }


def _tiles(keys: Sequence[str], until: date, days: int, at: Desk) -> list[dict[str, Any]]:
    """One tile a KPI. They are asked together, so that their changes are judged together."""
    end = until + timedelta(days=1)
    try:
        now = at.ask(Query(tuple(keys), start=end - timedelta(days=days), end=end))
        weeks = at.ask(Query(tuple(keys), grain="week", start=end - timedelta(weeks=13), end=end, compare="none"))
    except PolsoError as error:
        if len(keys) == 1:
            return [_named(keys[0], at) | {"problem": str(error)}]
        return [tile for key in keys for tile in _tiles([key], until, days, at)]
    return [_named(key, at) | _told(now[key], weeks[key], days) for key in keys]


def _named(key: str, at: Desk) -> dict[str, Any]:
    metric = at.catalogue[key]
    return {"key": key, "name": metric.name(at.language), "unit": metric.unit}


def _told(now: Answer, weeks: Answer, days: int) -> dict[str, Any]:
    row = now.only
    known = [week for week in weeks if week.estimate.value is not None]
    return {
        "estimate": row.estimate,
        "in_words": words.in_words(row.estimate, now.unit),
        "verdict": words.verdict(row.change, now.direction),
        "change": words.change_in_words(row.change, now.unit, now.direction, _("the %(days)s days before") % {"days": days}),
        "size": words.signed(row.change.value, now.unit) if row.change else "",
        "spark": charts.spark(list(weeks)) if len(known) > 1 else "",
        "goal": words.goal_in_words(row.goal, now.unit) if row.goal else "",
    }
