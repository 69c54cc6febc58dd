"""The catalogue, and each KPI's page."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow.parquet as pq
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from xlsxwriter import Workbook

from polso.answer import Answer, Answers, Row
from polso.entities import ENTITIES
from polso.errors import PolsoError
from polso.metrics.metric import Metric
from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk, desk, workspace
from polso.web.kpis import charts, words
from polso.web.kpis.asked import Asked
from polso.web.kpis.words import period

FEWEST = 5
"""A segment with fewer facts than this is not shown by itself: one could tell whose they are."""
WIDTHS = (charts.WIDE, charts.NARROW)
_EXECUTE = ("=", "+", "-", "@", "\t", "\r")


def catalogue(request: HttpRequest) -> HttpResponse:
    """Every KPI by theme, with what it tells."""
    at = desk(request)
    themes: dict[str, list[Metric]] = {}
    for one in at.catalogue:
        if at.reaches(one.entity):
            themes.setdefault(one.theme, []).append(one)
    names = {
        "voice": _("Voice of the customer"),
        "service": _("Service"),
        "loyalty": _("Loyalty and value"),
        "sales": _("Sales"),
        "digital": _("Digital"),
        "journeys": _("Journeys"),
        "custom": _("Your own"),
    }
    listed = [
        {"name": names[theme], "kpis": [{"key": one.key, "texts": _texts(one, at)} for one in found]}
        for theme, found in themes.items()
    ]
    return render(request, "kpis/catalogue.html", {"themes": listed})


def kpi(request: HttpRequest, key: str) -> HttpResponse:
    """One KPI: the number in words, how it moved, by what it differs, and how it is computed."""
    at = desk(request)
    metric = _metric(at, key)
    until = at.until(metric.entity)
    context: dict[str, Any] = {"metric": metric, "texts": _texts(metric, at), "splits": _splits(metric), "format": "html"}
    try:
        asked = Asked.of(request.GET, until)
        context |= {"asked": asked} | _numbers(metric, asked, at)
        status = 200
    except PolsoError as error:
        context |= {"asked": Asked(start=None, end=None), "problem": str(error)}
        status = 422
    return render(request, "kpis/_numbers.html" if request.headers.get("HX-Request") else "kpis/kpi.html", context, status=status)


def _numbers(metric: Metric, asked: Asked, at: Desk) -> dict[str, Any]:
    over_time = at.ask(asked.query(metric.key, by=())).only
    whole = at.ask(asked.query(metric.key, grain="all", by=())).only.only
    rows = list(over_time)
    labels = [period(row.period, asked.grain) for row in rows]
    known = [row for row in rows if row.estimate.value is not None]
    last = known[-1] if known else None
    before = _("the period before") if asked.compare == "previous" else _("a year before")
    context: dict[str, Any] = {
        "whole": whole,
        "in_words": words.in_words(whole.estimate, metric.unit),
        "last": last,
        "rows": list(zip(rows, labels, strict=True)),
        "trend": [charts.trend(rows, labels, _goal(rows), width) for width in WIDTHS] if len(known) > 1 else [],
        "goal": words.goal_in_words(whole.goal, metric.unit) if whole.goal else "",
        "partners": [_partner(other, asked, at) for other in metric.shown_with if other in at.catalogue][:3],
        "snapshot": sorted(over_time.snapshot.items()),
        "version": over_time.version,
        "facts": workspace().facts_version(),
        "command": _command(metric, asked),
    }
    if last is not None:
        context |= {
            "last_label": period(last.period, asked.grain),
            "verdict": words.verdict(last.change, metric.direction),
            "change": words.change_in_words(last.change, metric.unit, metric.direction, before)
            if asked.compare != "none"
            else "",
        }
    if asked.by:
        split, hidden = _shown(at.ask(asked.query(metric.key, grain="all")).only)
        names = [row.segment[asked.by] or _("unknown") for row in split]
        context |= {
            "split": list(zip(split, names, strict=True)),
            "bars": [charts.bars(split, names, width) for width in WIDTHS],
            "hidden": hidden,
        }
    return context


def _shown(answer: Answer) -> tuple[list[Row], int]:
    """Segments large enough to be shown; when just one is not, the next smallest goes with it, or it could be worked out."""
    large = sorted((row for row in answer if row.estimate.n >= FEWEST), key=lambda row: -row.estimate.n)
    hidden = len(answer) - len(large)
    if hidden == 1 and large:
        large, hidden = large[:-1], 2
    return large[:40], hidden


def _partner(key: str, asked: Asked, at: Desk) -> dict[str, Any]:
    metric = at.catalogue[key]
    found = {"key": key, "name": metric.name(at.language), "unit": metric.unit}
    if not at.reaches(metric.entity):
        return found
    try:
        return found | {"estimate": at.ask(asked.query(key, grain="all", by=())).only.only.estimate}
    except PolsoError:
        return found


def _goal(rows: list[Row]) -> float | None:
    return next((row.goal.target for row in rows if row.goal), None)


def _texts(metric: Metric, at: Desk) -> dict[str, str]:
    return {**metric.texts.get("en", {}), **metric.texts.get(at.language, {}), "name": metric.name(at.language)}


def _splits(metric: Metric) -> list[str]:
    return [column.name for column in ENTITIES[metric.entity].columns if column.dimension]


def _metric(at: Desk, key: str) -> Metric:
    if key not in at.catalogue or not at.reaches(at.catalogue[key].entity):
        raise Http404
    return at.catalogue[key]


def _command(metric: Metric, asked: Asked) -> str:
    parts = [f"polso measure {metric.key}", f"--by {asked.by}" if asked.by else "", f"--grain {asked.grain}"]
    parts += [f"--from {asked.start} --to {asked.end}", f'--where "{asked.where}"' if asked.where else "", "--format json"]
    return " ".join(part for part in parts if part)


def download(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """The numbers of a page as a file."""
    at = desk(request)
    at.need(Ability.EXPORT)
    metric = _metric(at, key)
    try:
        answers = at.ask(Asked.of(request.GET, at.until(metric.entity)).query(key))
    except PolsoError as error:
        return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
    note(at.person, "numbers exported", f"{key}.{kind}")
    body, content_type = {"csv": _csv, "xlsx": _xlsx, "parquet": _parquet}[kind](answers)
    return HttpResponse(body, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{key}.{kind}"'})


def _csv(answers: Answers) -> tuple[bytes, str]:
    table, out = answers.to_arrow(), io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(_EXECUTE) else cell for cell in row.values()])
    return out.getvalue().encode(), "text/csv; charset=utf-8"


def _xlsx(answers: Answers) -> tuple[bytes, str]:
    table, out = answers.to_arrow(), io.BytesIO()
    with Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([table.column_names, *(list(row.values()) for row in table.to_pylist())]):
            sheet.write_row(place, 0, row)
    return out.getvalue(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _parquet(answers: Answers) -> tuple[bytes, str]:
    out = io.BytesIO()
    pq.write_table(answers.to_arrow(), out)
    return out.getvalue(), "application/vnd.apache.parquet"


def picture(request: HttpRequest, key: str) -> HttpResponse:
    """The trend as an SVG file, with colours of its own."""
    at = desk(request)
    metric = _metric(at, key)
    try:
        asked = Asked.of(request.GET, at.until(metric.entity))
        rows = list(at.ask(asked.query(key, by=())).only)
    except PolsoError as error:
        return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
    svg = charts.trend(rows, [period(row.period, asked.grain) for row in rows], _goal(rows))
    name = {"Content-Disposition": f'attachment; filename="{key}.svg"'}
    return HttpResponse(charts.standing_alone(svg), content_type="image/svg+xml", headers=name)


def changed(request: HttpRequest) -> HttpResponse:
    """Whether any fact changed since the version that the page knows: 304 if not."""
    version = f'"{workspace().facts_version()}"'
    if request.headers.get("If-None-Match") == version:
        return HttpResponse(status=304, headers={"ETag": version})
    return HttpResponse(version, headers={"ETag": version, "Cache-Control": "no-cache"}, content_type="text/plain")


def address_of(key: str) -> str:
    """Where a KPI's page is."""
    return reverse("kpi", args=[key])
