"""KPIs of one's own: write the line, see it computed, keep it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from polso.entities import ENTITIES
from polso.errors import PolsoError
from polso.formula.resolve import vocabulary
from polso.metrics.metric import DIRECTIONS, UNITS, Metric
from polso.query import Query
from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk, desk
from polso.web.kpis import reading, words
from polso.web.kpis.asked import Asked
from polso.web.kpis.words import period

_PLAIN = ("entity", "time", "formula", "where", "per_customer", "unit", "direction")
_TEXTS = ("name", "tells", "read", "act", "traps")
_LANGUAGES = (("en", "English"), ("it", "Italiano"))


def define(request: HttpRequest, key: str = "") -> HttpResponse:
    """Write a KPI, a new one or another version of one's own."""
    at = _definer(request)
    versions = at.whole.own(key) if key else []
    if key and not versions:
        raise Http404
    given = request.POST.dict() if request.method == "POST" else _written(versions[0]) if versions else _blank()
    context: dict[str, Any] = {
        "key": key,
        "given": given,
        "versions": versions[1:],
        "entities": list(ENTITIES.values()),
        "moments": [column.name for column in ENTITIES[given["entity"]].all_columns if column.time],
        "units": UNITS,
        "directions": [
            (one, {"up": _("more is better"), "down": _("less is better"), "none": _("neither")}[one]) for one in DIRECTIONS
        ],
        "languages": [
            (code, name, [(text, _labels()[text], given.get(f"{code}_{text}", "")) for text in _TEXTS])
            for code, name in _LANGUAGES
        ],
        "vocabulary": sorted({*vocabulary(given["entity"]), *at.catalogue.keys()}),
    }
    if request.method == "POST":
        try:
            draft = _draft(at, given, key)
            at.whole.define(draft)
        except PolsoError as error:
            return render(request, "kpis/define.html", context | {"problem": str(error)}, status=422)
        note(at.person, "KPI defined", f"{draft.key}: {draft.formula}")
        messages.success(request, _("The KPI is kept."))
        return redirect("kpi", draft.key)
    return render(request, "kpis/define.html", context | _tried(at, given, key))


@require_POST
def try_out(request: HttpRequest) -> HttpResponse:
    """What a line gives on the facts there are; asked while it is written."""
    at = _definer(request)
    return render(request, "kpis/_tried.html", _tried(at, request.POST.dict(), request.POST.get("was", "")))


@require_POST
def drop(request: HttpRequest, key: str) -> HttpResponse:
    """Take a KPI of one's own out of use."""
    at = _definer(request)
    if not at.whole.own(key):
        raise Http404
    try:
        at.whole.drop(key)
    except PolsoError as error:
        messages.error(request, str(error))
        return redirect("kpi_edit", key)
    note(at.person, "KPI dropped", key)
    messages.success(request, _("The KPI is out of use; its last version is kept in the workspace's folder."))
    return redirect("kpis")


def _definer(request: HttpRequest) -> Desk:
    at = desk(request)
    at.need(Ability.DEFINE)
    return at


def _tried(at: Desk, given: Mapping[str, str], key: str) -> dict[str, Any]:
    """The number of the last month there are facts of, and the year's trend; or what is wrong with the line."""
    if not given.get("formula", "").strip():
        return {}
    try:
        draft = _draft(at, given, key or given.get("key") or "draft")
        until = at.until(draft.entity)
        asked = Asked.of(QueryDict(), until)
        answer = at.whole.try_out(draft, asked.query(draft.key)).only
        whole = at.whole.try_out(draft, Query((draft.key,), start=_month(until), end=until + timedelta(days=1))).only.only
    except PolsoError as error:
        return {"wrong": str(error)}
    rows = list(answer)
    labels = [period(row.period, asked.grain) for row in rows]
    known = sum(row.estimate.value is not None for row in rows)
    return {
        "tried": whole.estimate,
        "unit": draft.unit,
        "in_words": words.in_words(whole.estimate, draft.unit),
        "trend": reading.trends(draft, rows, labels, None) if known > 1 else [],
    }


def _month(day: date) -> date:
    return day.replace(day=1)


def _draft(at: Desk, given: Mapping[str, str], key: str) -> Metric:
    definition: dict[str, Any] = {name: given[name].strip() for name in _PLAIN if given.get(name, "").strip()}
    low, high = given.get("low", "").strip(), given.get("high", "").strip()
    if low or high:
        definition["range"] = [low.replace(",", "."), high.replace(",", ".")]
    for language, _name in _LANGUAGES:
        said = {text: given[f"{language}_{text}"].strip() for text in _TEXTS if given.get(f"{language}_{text}", "").strip()}
        if said:
            definition[language] = said
    return at.whole.draft(key or given.get("key", "").strip(), definition)


def _written(metric: Metric) -> dict[str, str]:
    given = {name: str(getattr(metric, name) or "") for name in _PLAIN} | {"key": metric.key}
    if metric.range is not None:
        given |= {"low": f"{metric.range[0]:g}", "high": f"{metric.range[1]:g}"}
    return given | {f"{language}_{name}": text for language, texts in metric.texts.items() for name, text in texts.items()}


def _blank() -> dict[str, str]:
    return {"entity": "response", "time": "submitted_at", "formula": "", "unit": "%", "direction": "up", "key": ""}


def _labels() -> dict[str, str]:
    return {
        "name": _("Name"),
        "tells": _("What it tells"),
        "read": _("How to read it"),
        "act": _("What to do when it is bad"),
        "traps": _("Traps"),
    }
