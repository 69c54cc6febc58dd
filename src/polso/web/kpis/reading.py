"""What a KPI's page says: the number, how it moved, by what it differs, and what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from polso.answer import Answer, Goal, Row
from polso.entities import ENTITIES
from polso.errors import PolsoError
from polso.measure import Bar
from polso.metrics.metric import Metric
from polso.web.desk import Desk, workspace
from polso.web.kpis import charts, words
from polso.web.kpis.asked import Asked
from polso.web.kpis.models import Goal as SetGoal
from polso.web.kpis.models import Happening
from polso.web.kpis.words import period

WIDTHS = (charts.WIDE, charts.NARROW)
_MOST_SEGMENTS = 40


def numbers(metric: Metric, asked: Asked, at: Desk) -> dict[str, Any]:
    """Everything about one KPI in the time asked; PolsoError where it cannot be told."""
    over_time = at.ask(asked.query(metric.key, by=())).only
    whole = at.ask(asked.query(metric.key, grain="all", by=())).only.only
    rows = list(over_time)
    labels = [period(row.period, asked.grain) for row in rows]
    known = [row for row in rows if row.estimate.value is not None]
    target = target_of(metric.key, asked)
    events = _events(metric, asked, rows)
    context: dict[str, Any] = {
        "whole": whole,
        "in_words": words.in_words(whole.estimate, metric.unit, metric.entity),
        "rows": list(zip(rows, labels, strict=True)),
        "trend": trends(metric, rows, labels, target, [place for place, _ in events]) if len(known) > 1 else [],
        "events": [event for _, event in events],
        "partners": [_partner(other, asked, at) for other in metric.shown_with if other in at.catalogue][:3],
        "snapshot": sorted(over_time.snapshot.items()),
        "version": over_time.version,
        "facts": workspace().facts_version(),
        "command": command(metric, asked),
    }
    if known:
        last = known[-1]
        before = _("the period before") if asked.compare == "previous" else _("a year before")
        change = words.change_in_words(last.change, metric.unit, metric.direction, before)
        goal = Goal.judged(target, last.estimate, metric.direction) if target is not None else None
        context |= {
            "last": last,
            "last_words": words.in_words(last.estimate, metric.unit, metric.entity),
            "last_label": period(last.period, asked.grain),
            "verdict": words.verdict(last.change, metric.direction),
            "change": change if asked.compare != "none" else "",
            "goal": words.goal_in_words(goal, metric.unit) if goal else "",
        }
    return context | (split(metric, asked, at) if asked.by else {})


def target_of(key: str, asked: Asked) -> float | None:
    """The goal that holds at the end of the time asked, for periods like those shown; else the workspace's own."""
    if asked.where:
        return None
    standing = SetGoal.standing(key, asked.end or date.today()).filter(grain=asked.grain).order_by("-since").first()
    return standing.target if standing else workspace().settings.goals.get(key)


def trends(
    metric: Metric, rows: Sequence[Row], labels: Sequence[str], target: float | None, events: Sequence[int] = ()
) -> list[str]:
    """The value over time, for a desk and for a phone."""
    scale = words.scale(metric.unit, [row.estimate for row in rows])
    told = [
        f"{label}: {words.in_words(row.estimate, metric.unit, metric.entity)}" for row, label in zip(rows, labels, strict=True)
    ]
    marks = charts.Marks(target, _published(metric), tuple(events))
    return [charts.trend(rows, labels, told, scale, marks, width) for width in WIDTHS]


def _published(metric: Metric) -> tuple[float, float] | None:
    """The range of the first published value that is one."""
    return next(((one.low, one.high) for one in metric.benchmarks if one.low < one.high), None)


def _events(metric: Metric, asked: Asked, rows: Sequence[Row]) -> list[tuple[int, Happening]]:
    """What happened in the time shown, each with the place of its period."""
    starts = [row.period[:10] for row in rows]
    found = Happening.objects.filter(kpi__in=("", metric.key), day__gte=asked.start, day__lt=asked.end)
    places = ((max((i for i, start in enumerate(starts) if start <= one.day.isoformat()), default=0), one) for one in found)
    return list(places)


def split(metric: Metric, asked: Asked, at: Desk) -> dict[str, Any]:
    """The KPI by segment, largest first."""
    answer = at.ask(asked.query(metric.key, grain="all")).only
    shown, hidden = _shown(answer)
    names = [row.segment[asked.by] or _("unknown") for row in shown]
    told = [f"{name}: {words.in_words(row.estimate, metric.unit, metric.entity)}" for row, name in zip(shown, names, strict=True)]
    scale = words.scale(metric.unit, [row.estimate for row in shown])
    narrowed = [asked.narrowed(row.segment[asked.by]) for row in shown]
    return {
        "split": list(zip(shown, names, narrowed, strict=True)),
        "bars": [charts.bars(shown, names, told, scale, width) for width in WIDTHS] if shown else [],
        "hidden": hidden,
    }


def _shown(answer: Answer) -> tuple[list[Row], int]:
    """Segments with a number, largest first, and how many are kept to themselves because they are small."""
    known = sorted((row for row in answer if row.estimate.n), key=lambda row: -row.estimate.n)
    return known[:_MOST_SEGMENTS], len(answer) - len(known)


def _partner(key: str, asked: Asked, at: Desk) -> dict[str, Any]:
    metric = at.catalogue[key]
    found = {"key": key, "name": metric.name(at.language), "unit": metric.unit}
    if not at.reaches(metric.entity):
        return found
    try:
        return found | {"estimate": at.ask(asked.query(key, grain="all", by=())).only.only.estimate}
    except PolsoError:
        return found


def spread(metric: Metric, bars: Sequence[Bar]) -> list[str]:
    """How values are spread, as charts for a desk and for a phone; nothing without bars."""
    if len(bars) < 2:
        return []
    names = [words.duration(bar.low) if metric.unit == "seconds" else words.plain(bar.low) for bar in bars]
    whole = sum(bar.rows for bar in bars)
    told = [
        _("%(value)s: %(rows)s facts, %(share)s")
        % {"value": name, "rows": words.number(bar.rows), "share": words.amount(100 * bar.rows / whole, "%")}
        for bar, name in zip(bars, names, strict=True)
    ]
    return [charts.spread(names, [bar.rows for bar in bars], told, width) for width in WIDTHS]


def splits(metric: Metric, at: Desk) -> list[str]:
    """The columns a KPI may be split by."""
    found = [column.name for column in ENTITIES[metric.entity].columns if column.dimension]
    return [name for name in found if name != "agent" or at.compares_agents]


def texts(metric: Metric, at: Desk) -> dict[str, str]:
    """What is said of a KPI, in the language of the page."""
    return {**metric.texts.get("en", {}), **metric.texts.get(at.language, {}), "name": metric.name(at.language)}


def command(metric: Metric, asked: Asked) -> str:
    """What to type for the same numbers."""
    parts = [f"polso measure {metric.key}", f"--by {asked.by}" if asked.by else "", f"--grain {asked.grain}"]
    parts += [f"--from {asked.start} --to {asked.end}", f'--where "{asked.where}"' if asked.where else "", "--format json"]
    return " ".join(part for part in parts if part)
