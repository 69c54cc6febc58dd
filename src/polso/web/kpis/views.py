"""The catalogue, and each KPI's page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from polso.errors import PolsoError
from polso.metrics.metric import Metric
from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk, desk, workspace
from polso.web.kpis import charts, reading
from polso.web.kpis.asked import Asked
from polso.web.kpis.files import as_file, download
from polso.web.kpis.forms import NewGoal, NewHappening
from polso.web.kpis.words import period

ROWS_OF_A_PAGE = 100
ROWS_OF_A_FILE = 50_000


def catalogue(request: HttpRequest) -> HttpResponse:
    """Every KPI by theme, with what it tells."""
    at = desk(request)
    themes: dict[str, list[Metric]] = {}
    for one in at.catalogue:
        if at.reaches(one.entity):
            themes.setdefault(one.theme, []).append(one)
    names = {
        "voice": _("Voice of the customer"),
        "loop": _("Closing the loop"),
        "service": _("Service"),
        "loyalty": _("Loyalty and value"),
        "sales": _("Sales"),
        "digital": _("Digital"),
        "journeys": _("Journeys"),
        "custom": _("Your own"),
    }
    listed = [
        {"name": names.get(theme, theme), "kpis": [{"key": one.key, "texts": reading.texts(one, at)} for one in found]}
        for theme, found in themes.items()
    ]
    return render(request, "kpis/catalogue.html", {"themes": listed})


def kpi(request: HttpRequest, key: str) -> HttpResponse:
    """One KPI: the number in words, how it moved, by what it differs, and how it is computed."""
    at = desk(request)
    metric = found(at, key)
    until = at.until(metric.entity)
    context: dict[str, Any] = {
        "metric": metric,
        "texts": reading.texts(metric, at),
        "splits": reading.splits(metric, at),
        "new_goal": NewGoal(),
        "new_happening": NewHappening(),
    }
    try:
        asked = Asked.of(request.GET, until)
        context |= {"asked": asked} | reading.numbers(metric, asked, at)
        status = 200
    except PolsoError as error:
        context |= {"asked": Asked(start=None, end=None), "problem": str(error)}
        status = 422
    return render(request, "kpis/_numbers.html" if request.headers.get("HX-Request") else "kpis/kpi.html", context, status=status)


def distribution(request: HttpRequest, key: str) -> HttpResponse:
    """How the values behind a number are spread; a part of the KPI's page that comes when it is looked at."""
    at = desk(request)
    metric = found(at, key)
    try:
        drawn = reading.spread(metric, at.distribution(Asked.of(request.GET, at.until(metric.entity)).query(key)))
    except PolsoError:
        drawn = []
    return render(request, "kpis/_distribution.html", {"drawn": drawn, "metric": metric})


def rows(request: HttpRequest, key: str) -> HttpResponse:
    """The rows behind a number, as far as the role allows."""
    at = desk(request)
    metric = found(at, key)
    context: dict[str, Any] = {"metric": metric, "texts": reading.texts(metric, at)}
    try:
        page = max(int(request.GET.get("page", 1)), 1)
    except ValueError:
        page = 1
    try:
        asked = Asked.of(request.GET, at.until(metric.entity))
        # One more than is shown tells whether there is another page.
        table = at.rows(asked.query(key), ROWS_OF_A_PAGE + 1, (page - 1) * ROWS_OF_A_PAGE)
    except PolsoError as error:
        return render(request, "kpis/rows.html", context | {"problem": str(error)}, status=422)
    used = [name for name in table.column_names if table[name].null_count < len(table)]
    note(at.person, "rows seen", f"{key} {asked.where}")
    listed = [[row[name] for name in used] for row in table.slice(0, ROWS_OF_A_PAGE).to_pylist()]
    context |= {"asked": asked, "columns": used, "rows": listed, "page": page, "more": len(table) > ROWS_OF_A_PAGE}
    return render(request, "kpis/rows.html", context)


def rows_file(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """The rows behind a number as a file."""
    at = desk(request)
    at.need(Ability.EXPORT)
    metric = found(at, key)
    try:
        table = at.rows(Asked.of(request.GET, at.until(metric.entity)).query(key), ROWS_OF_A_FILE)
    except PolsoError as error:
        return _refused(error)
    note(at.person, "rows exported", f"{key}.{kind}, {len(table)}")
    return as_file(table, f"{key}-rows", kind)


def numbers_file(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """The numbers of a page as a file."""
    at = desk(request)
    at.need(Ability.EXPORT)
    metric = found(at, key)
    try:
        answers = at.ask(Asked.of(request.GET, at.until(metric.entity)).query(key))
    except PolsoError as error:
        return _refused(error)
    note(at.person, "numbers exported", f"{key}.{kind}")
    return as_file(answers.to_arrow(), key, kind)


def picture(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """The trend as an SVG or PNG file, with colours of its own."""
    at = desk(request)
    metric = found(at, key)
    try:
        asked = Asked.of(request.GET, at.until(metric.entity))
        points = list(at.ask(replace(asked, by="").query(key)).only)
    except PolsoError as error:
        return _refused(error)
    labels = [period(row.period, asked.grain) for row in points]
    svg = reading.trends(metric, points, labels, reading.target_of(key, asked))[0]
    if kind == "png":
        return download(charts.png(svg), "image/png", f"{key}.png")
    return download(charts.standing_alone(svg), "image/svg+xml", f"{key}.svg")


def changed(request: HttpRequest) -> HttpResponse:
    """Whether any fact changed since the version that the page knows: 304 if not."""
    version = f'"{workspace().facts_version()}"'
    if request.headers.get("If-None-Match") == version:
        return HttpResponse(status=304, headers={"ETag": version})
    return HttpResponse(version, headers={"ETag": version, "Cache-Control": "no-cache"}, content_type="text/plain")


def found(at: Desk, key: str) -> Metric:
    """The KPI of a key, where the person may see it; 404 else."""
    if key not in at.catalogue or not at.reaches(at.catalogue[key].entity):
        raise Http404
    return at.catalogue[key]


def _refused(error: PolsoError) -> HttpResponse:
    return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
