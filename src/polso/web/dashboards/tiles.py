"""Tiles: what each kind shows, asked of the facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from polso.answer import Answer
from polso.errors import PolsoError
from polso.metrics.metric import Metric
from polso.query import Query
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk
from polso.web.kpis import charts, reading, words
from polso.web.kpis.asked import Asked
from polso.web.kpis.goals import progress
from polso.web.kpis.models import Goal

DAYS = (7, 30, 90, 365)
WEEKS_OF_A_SPARK = 13
_SLOW = ("median", "quantile", "time_", "distinct")
"""Aggregates that cannot be put together from those of each hour."""
STEPS = Metric("steps", "journey_event", "distinct(customer_id)", "at", where="customer_id is not null")


@dataclass(frozen=True)
class Frame:
    """The time and the part of the facts that a whole dashboard is about."""

    until: date
    days: int = 30
    where: str = ""
    compare: str = "previous"

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.until + timedelta(days=1)

    @property
    def start(self) -> date:
        """The first day."""
        return self.end - timedelta(days=self.days)

    def query(self, *keys: str, **parts: Any) -> Query:
        """A question about the frame."""
        whole: dict[str, Any] = {"start": self.start, "end": self.end, "where": self.where or None, "compare": self.compare}
        return Query(keys, **{**whole, **parts})

    def narrowed(self, where: str) -> Frame:
        """The same frame for a tile that has a condition of its own."""
        return replace(self, where=f"({self.where}) and ({where})" if self.where and where else self.where or where)


Tile = Mapping[str, Any]


def drawn(tiles: Sequence[Tile], frame: Frame, at: Desk) -> list[dict[str, Any]]:
    """What every tile shows. Numbers are asked together, so that their changes are judged together."""
    together: dict[str, list[str]] = defaultdict(list)
    for tile in tiles:
        if tile["kind"] == "number" and _seen(tile["kpi"], at):
            together[tile.get("where", "")].append(tile["kpi"])
    told = {
        (where, key): found
        for where, keys in together.items()
        for key, found in _numbers(keys, frame.narrowed(where), at).items()
    }
    found = []
    for tile in tiles:
        where = tile.get("where", "")
        known = told.get((where, tile["kpi"])) if tile["kind"] == "number" else None
        found.append((known or _one(tile, frame.narrowed(where), at)) | {"width": tile.get("width", 2)})
    return found


def _seen(key: str, at: Desk) -> bool:
    return key in at.catalogue and at.reaches(at.catalogue[key].entity)


def _one(tile: Tile, frame: Frame, at: Desk) -> dict[str, Any]:
    kind, key = tile["kind"], tile.get("kpi", "")
    about = {"kind": kind, "key": key, "name": at.catalogue[key].name(at.language) if key in at.catalogue else ""}
    try:
        if kind in _OF_KPIS:
            if not _seen(key, at):
                return about | {"problem": _("This KPI cannot be told for the part of the facts that you see.")}
            metric = at.catalogue[key]
            return about | {"unit": metric.unit} | _OF_KPIS[kind](metric, tile, frame, at)
        return about | {"funnel": _funnel, "comments": _comments}[kind](tile, frame, at)
    except PolsoError as error:
        return about | {"problem": str(error)}


def _numbers(keys: Sequence[str], frame: Frame, at: Desk) -> dict[str, dict[str, Any]]:
    """The tiles of numbers; when they cannot be asked together, one by one."""
    keys = list(dict.fromkeys(keys))
    about = {
        key: {"kind": "number", "key": key, "name": at.catalogue[key].name(at.language), "unit": at.catalogue[key].unit}
        for key in keys
    }
    try:
        now = at.ask(frame.query(*keys))
        start = frame.end - timedelta(weeks=WEEKS_OF_A_SPARK)
        weeks = at.ask(frame.query(*keys, grain="week", start=start, compare="none"))
    except PolsoError as error:
        if len(keys) == 1:
            return {keys[0]: about[keys[0]] | {"problem": str(error)}}
        return {key: tile for one in keys for key, tile in _numbers([one], frame, at).items()}
    return {key: about[key] | _told(now[key], weeks[key], frame, at.catalogue[key]) for key in keys}


def _told(now: Answer, weeks: Answer, frame: Frame, metric: Metric) -> dict[str, Any]:
    row = now.only
    known = [week for week in weeks if week.estimate.value is not None]
    before = _("the year before") if frame.compare == "year" else _("the %(days)s days before") % {"days": frame.days}
    change = words.change_in_words(row.change, now.unit, now.direction, before) if frame.compare != "none" else ""
    return {
        "estimate": row.estimate,
        "in_words": words.in_words(row.estimate, now.unit, metric.entity),
        "verdict": words.verdict(row.change, now.direction),
        "change": change,
        "size": words.signed(row.change.value, now.unit) if row.change else "",
        "spark": charts.spark(list(weeks)) if len(known) > 1 else "",
        "goal": words.goal_in_words(row.goal, now.unit) if row.goal else "",
    }


def _trend(metric: Metric, tile: Tile, frame: Frame, at: Desk) -> dict[str, Any]:
    grain = "day" if frame.days <= 31 else "week" if frame.days <= 120 else "month"
    rows = list(at.ask(frame.query(metric.key, grain=grain, compare="none")).only)
    labels = [words.period(row.period, grain) for row in rows]
    known = sum(row.estimate.value is not None for row in rows)
    target = reading.target_of(metric.key, Asked(grain=grain, end=frame.end, where=frame.where))
    return {"charts": reading.trends(metric, rows, labels, target) if known > 1 else []}


def _segments(metric: Metric, tile: Tile, frame: Frame, at: Desk) -> dict[str, Any]:
    asked = Asked(by=tile.get("by", ""), start=frame.start, end=frame.end, where=frame.where, compare="none")
    if not asked.by:
        return {"problem": _("Choose by what to split it.")}
    found = reading.split(metric, asked, at)
    return {"charts": found["bars"], "rows": found["split"][:12], "by": asked.by, "hidden": found["hidden"]}


def _heat(metric: Metric, tile: Tile, frame: Frame, at: Desk) -> dict[str, Any]:
    if any(word in metric.formula for word in _SLOW):
        return {"problem": _("This KPI cannot be put together from single hours.")}
    rows = at.ask(frame.query(metric.key, grain="hour", compare="none")).only
    sums: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        if row.estimate.value is None:
            continue
        hour = datetime.fromisoformat(row.period)
        cell = sums[hour.weekday(), hour.hour]
        weight = 1.0 if metric.unit == "count" else row.estimate.n
        cell[0] += row.estimate.value * weight
        cell[1] += weight
    names = words.weekdays()
    cells = []
    for day, name in enumerate(names):
        for hour_of_day in range(24):
            total, weight = sums.get((day, hour_of_day), (0.0, 0.0))
            value = total if metric.unit == "count" else total / weight if weight else None
            told = f"{name}, {hour_of_day:02d}: {words.amount(value, metric.unit)}"
            cells.append((f"{hour_of_day:02d}", name, value, told))
    return {"charts": [charts.heat(cells, width) for width in reading.WIDTHS]}


def _goal(metric: Metric, tile: Tile, frame: Frame, at: Desk) -> dict[str, Any]:
    goal = Goal.standing(metric.key, frame.until).first()
    if goal is None:
        return {"problem": _("No goal is set for this KPI: set one on its page.")}
    return {"one": progress(goal, at)}


def _number(metric: Metric, tile: Tile, frame: Frame, at: Desk) -> dict[str, Any]:
    return _numbers([metric.key], frame, at)[metric.key]


def _funnel(tile: Tile, frame: Frame, at: Desk) -> dict[str, Any]:
    answer = at.try_out(STEPS, frame.query(STEPS.key, by=("name",), compare="none")).only
    steps = sorted((row for row in answer if row.estimate.value), key=lambda row: -(row.estimate.value or 0))
    if not steps:
        return {"name": _("Steps of a journey"), "steps": []}
    most = steps[0].estimate.value or 1.0
    listed = [
        {"name": row.segment["name"], "people": row.estimate.value, "share": round(100 * (row.estimate.value or 0) / most)}
        for row in steps
    ]
    return {"name": _("Steps of a journey"), "steps": listed[:12]}


def _comments(tile: Tile, frame: Frame, at: Desk) -> dict[str, Any]:
    name = {"name": _("What they wrote")}
    if not (at.someone.may(Ability.SEE_PEOPLE) and at.someone.may(Ability.SEE_ROWS)):
        return name | {"problem": _("Comments are for those who may see people.")}
    written = "comment is not null"
    where = f"({frame.where}) and {written}" if frame.where else written
    rows = at.rows(frame.query("responses", where=where), most=8).to_pylist()
    listed = [{"text": row["comment"], "at": row["submitted_at"], "score": row["score"], "kind": row["kind"]} for row in rows]
    return name | {"comments": listed}


_OF_KPIS: dict[str, Callable[[Metric, Tile, Frame, Desk], dict[str, Any]]] = {
    "number": _number,
    "trend": _trend,
    "bars": _segments,
    "table": _segments,
    "heat": _heat,
    "goal": _goal,
}
