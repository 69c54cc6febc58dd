"""The same KPIs counted from scratch, row by row in plain Python: slow, and nothing in common with the engines."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")


@dataclass(frozen=True)
class Deal:
    """One row of the entity `deal`, as far as these tests go."""

    id: str
    customer_id: str | None
    created_at: datetime
    closed_at: datetime | None
    outcome: str
    amount: float | None
    stage: str | None


def local_day(moment: datetime) -> date:
    return moment.astimezone(ROME).date()


def month_of(day: date) -> date:
    return day.replace(day=1)


def next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def customer(row: Deal) -> str:
    return row.customer_id or row.id


Values = dict[tuple[str, str | None], float]


def _groups(rows: Iterable[Deal], split: bool, by: str) -> dict[tuple[date, str | None], list[Deal]]:
    found: dict[tuple[date, str | None], list[Deal]] = {}
    for row in rows:
        moment = getattr(row, by)
        if moment is not None:
            found.setdefault((month_of(local_day(moment)), row.stage if split else None), []).append(row)
    return found


def _labelled(values: dict[tuple[date, str | None], float]) -> Values:
    return {(month.isoformat(), stage): value for (month, stage), value in values.items()}


def created(rows: Iterable[Deal], split: bool) -> Values:
    return _labelled({key: float(len(group)) for key, group in _groups(rows, split, "created_at").items()})


def revenue(rows: Iterable[Deal], split: bool) -> Values:
    known = [row for row in rows if row.amount is not None]
    return _labelled({key: sum(row.amount or 0 for row in group) for key, group in _groups(known, split, "created_at").items()})


def won_share(rows: Iterable[Deal], split: bool) -> Values:
    groups = _groups(rows, split, "closed_at")
    return _labelled({key: 100 * sum(row.outcome == "won" for row in group) / len(group) for key, group in groups.items()})


def customers(rows: Iterable[Deal], split: bool) -> Values:
    known = [row for row in rows if row.customer_id is not None]
    groups = _groups(known, split, "created_at")
    return _labelled({key: float(len({row.customer_id for row in group})) for key, group in groups.items()})


def latest_mean(rows: Iterable[Deal], split: bool) -> Values:
    found = {}
    for key, group in _groups([row for row in rows if row.amount is not None], split, "created_at").items():
        last: dict[str, Deal] = {}
        for row in sorted(group, key=lambda row: (row.created_at, row.id)):
            last[customer(row)] = row
        found[key] = statistics.fmean(row.amount or 0 for row in last.values())
    return _labelled(found)


def first_ones(rows: Iterable[Deal], split: bool) -> Values:
    firsts: dict[str, Deal] = {}
    for row in sorted(rows, key=lambda row: (row.created_at, row.id)):
        firsts.setdefault(customer(row), row)
    return _labelled({key: float(len(group)) for key, group in _groups(firsts.values(), split, "created_at").items()})


def median_amount(rows: Iterable[Deal], split: bool) -> Values:
    known = [row for row in rows if row.amount is not None]
    groups = _groups(known, split, "created_at")
    return _labelled({key: statistics.median(row.amount or 0 for row in group) for key, group in groups.items()})


def open_at_end(rows: Iterable[Deal], month: date) -> float:
    end = next_month(month)
    return float(
        sum(local_day(row.created_at) < end and (row.closed_at is None or local_day(row.closed_at) >= end) for row in rows)
    )


def closed_of_start(rows: Iterable[Deal], month: date) -> float:
    end = next_month(month)
    return float(
        sum(
            local_day(row.created_at) < month and row.closed_at is not None and month <= local_day(row.closed_at) < end
            for row in rows
        )
    )
