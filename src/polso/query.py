"""The question: which KPIs, split how, over which time."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime

from polso.errors import QueryError, did_you_mean

GRAINS = ("hour", "day", "week", "month", "quarter", "year", "all")
COMPARISONS = ("previous", "year", "none")
_ROLLING = re.compile(r"^(\d{1,3})d$")


@dataclass(frozen=True)
class Within:
    """Only rows whose column has one of the values: a limit that no question can lift."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A question to the facts; dates are in the workspace's time zone, `end` is not included."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: str = "all"
    """One of GRAINS, or '28d' for a window of 28 days ending on each day."""
    start: date | datetime | None = None
    end: date | datetime | None = None
    where: str | None = None
    compare: str = "previous"

    def __post_init__(self) -> None:
        if not self.metrics:
            raise QueryError("no KPI was asked for: name at least one, for example 'nps'")
        if self.grain not in GRAINS and not self.rolling_days:
            raise QueryError(f"there is no grain '{self.grain}'{did_you_mean(self.grain, (*GRAINS, '28d'))}")
        if self.compare not in COMPARISONS:
            raise QueryError(f"cannot compare with '{self.compare}'{did_you_mean(self.compare, COMPARISONS)}")
        if len(set(self.by)) != len(self.by):
            raise QueryError(f"the same split is asked twice: {', '.join(self.by)}")
        if self.start is not None and self.end is not None and _day(self.end) <= _day(self.start):
            raise QueryError(f"the period ends ({self.end}) before it begins ({self.start}); the end is not included")

    @property
    def rolling_days(self) -> int | None:
        """The width of a rolling window in days, if the grain is one."""
        match = _ROLLING.match(self.grain)
        return int(match[1]) or None if match else None

    def asking(self, **changes: object) -> Query:
        """Return the same question with some parts changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def _day(moment: date | datetime) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None)
    return datetime(moment.year, moment.month, moment.day)
