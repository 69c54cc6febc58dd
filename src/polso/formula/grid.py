"""Time: the periods of a question, as whole numbers of days or hours in the workspace's zone."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from polso.errors import QueryError
from polso.query import Query

_EPOCH = date(1970, 1, 1)
MOST_PERIODS = 20_000


@dataclass(frozen=True)
class Period:
    """A stretch of time, `end` not included; local times without zone."""

    label: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Grid:
    """The periods to compute, in buckets: local days, or UTC hours where days are too coarse."""

    unit: str
    zone: ZoneInfo
    periods: tuple[Period, ...]

    @property
    def edges(self) -> list[tuple[int, int]]:
        """First bucket and last bucket (not included) of each period."""
        return [(self.bucket(period.start), self.bucket(period.end)) for period in self.periods]

    def bucket(self, local: datetime) -> int:
        """The bucket that begins at a local time."""
        if self.unit == "day":
            return (local.date() - _EPOCH).days
        return (micros_utc(local, self.zone) + fraction(self.zone)) // 3_600_000_000

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From the first moment to the last of all periods, in UTC."""
        first, last = min(p.start for p in self.periods), max(p.end for p in self.periods)
        return utc(first, self.zone), utc(last, self.zone)

    @property
    def lanes(self) -> list[list[int]]:
        """The periods dealt into lists in which none overlaps another, each in order of time."""
        lanes: list[list[int]] = []
        ends: list[int] = []
        edges = self.edges
        for index in sorted(range(len(edges)), key=lambda i: edges[i]):
            start, end = edges[index]
            free = next((lane for lane, last in enumerate(ends) if last <= start), None)
            if free is None:
                lanes.append([])
                ends.append(0)
                free = len(lanes) - 1
            lanes[free].append(index)
            ends[free] = end
        return lanes


def utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a local time; in the hour that happens twice, the first."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def micros_utc(local: datetime, zone: ZoneInfo) -> int:
    """Microseconds since 1970 of a local time."""
    return round(utc(local, zone).timestamp()) * 1_000_000


def fraction(zone: ZoneInfo) -> int:
    """Microseconds by which a zone's hours begin off the UTC hour (India: half an hour)."""
    offset = datetime(2020, 1, 1, tzinfo=zone).utcoffset() or timedelta()
    return (offset % timedelta(hours=1)) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Asked:
    """The periods of a question: those shown, and for each the one it is compared with."""

    grid: Grid
    shown: tuple[int, ...]
    before: tuple[int | None, ...]


def periods_of(query: Query, zone: ZoneInfo, extent: tuple[datetime, datetime] | None) -> Asked:
    """Lay out the periods of a question; `extent` is the first and last moment (UTC) of the facts concerned."""
    start, end = _bounds(query, zone, extent)
    hourly = query.grain == "hour" or any(moment.time() != datetime.min.time() for moment in (start, end))
    shown = _shown(query, start, end, zone)
    before = [_compared(query, period, zone) for period in shown] if query.compare != "none" else [None] * len(shown)
    unique = list(dict.fromkeys([*shown, *(period for period in before if period is not None)]))
    # The same stretch may be shown under one label and compared with under another.
    place = {(period.start, period.end): index for index, period in reversed(list(enumerate(unique)))}
    kept = sorted(set(place.values()))
    renumbered = {old: new for new, old in enumerate(kept)}
    grid = Grid("hour" if hourly else "day", zone, tuple(unique[index] for index in kept))

    def index(period: Period | None) -> int | None:
        return None if period is None else renumbered[place[period.start, period.end]]

    return Asked(grid, tuple(index(period) or 0 for period in shown), tuple(index(period) for period in before))


def _bounds(query: Query, zone: ZoneInfo, extent: tuple[datetime, datetime] | None) -> tuple[datetime, datetime]:
    start, end = _local(query.start, zone), _local(query.end, zone)
    if extent is not None:
        first, last = (moment.astimezone(zone).replace(tzinfo=None) for moment in extent)
        start = start or datetime(first.year, first.month, first.day)
        end = end or datetime(last.year, last.month, last.day) + timedelta(days=1)
    elif start is None or end is None:
        # Without any fact one empty period is shown.
        start = start or (end - timedelta(days=1) if end else datetime(1970, 1, 1))
        end = end or start + timedelta(days=1)
    if end <= start:
        end = start + timedelta(days=1)
    return start, end


def _local(moment: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day)
    local = moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment
    if local.minute or local.second or local.microsecond:
        raise QueryError(f"a period begins and ends on whole hours, not at {moment}")
    return local


def _shown(query: Query, start: datetime, end: datetime, zone: ZoneInfo) -> list[Period]:
    if query.grain == "all":
        return [Period(start.date().isoformat(), start, end)]
    width = query.rolling_days
    found: list[Period] = []
    begin = _floor(start, "day" if width else query.grain)
    while begin < end:
        if len(found) >= MOST_PERIODS:
            raise QueryError(f"that is more than {MOST_PERIODS} periods: choose a coarser grain or a shorter time")
        following = _next(begin, "day" if width else query.grain, zone)
        if width:
            found.append(Period(begin.date().isoformat(), following - timedelta(days=width), following))
        else:
            # Cut to what was asked, not to where facts happen to begin and end.
            first = begin if query.start is None else max(begin, start)
            last = following if query.end is None else min(following, end)
            found.append(Period(_label(begin, query.grain, zone), first, last))
        begin = following
    return found


def _next(begin: datetime, grain: str, zone: ZoneInfo) -> datetime:
    """The beginning of the period after; an hour that comes twice comes twice."""
    if grain != "hour":
        return shift(begin, grain, 1)
    return (utc(begin, zone) + timedelta(hours=1)).astimezone(zone).replace(tzinfo=None)


def _label(begin: datetime, grain: str, zone: ZoneInfo) -> str:
    if grain != "hour":
        return begin.date().isoformat()
    # Only the second of two hours of the same name says its offset.
    return (begin.replace(tzinfo=zone) if begin.fold else begin).isoformat(timespec="minutes")


def _floor(moment: datetime, grain: str) -> datetime:
    if grain == "hour":
        return moment
    day = datetime(moment.year, moment.month, moment.day)
    match grain:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
    return day


def shift(moment: datetime, grain: str, steps: int) -> datetime:
    """Move a local time by whole hours, days, weeks, months, quarters or years; 31 January less a month is 31 December."""
    match grain:
        case "hour":
            return moment + timedelta(hours=steps)
        case "day":
            return moment + timedelta(days=steps)
        case "week":
            return moment + timedelta(weeks=steps)
    months = {"month": 1, "quarter": 3, "year": 12}[grain] * steps
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _compared(query: Query, period: Period, zone: ZoneInfo) -> Period | None:
    """The period to compare with; None where there is none to speak of."""
    if query.grain == "all" and query.start is None and query.end is None:
        return None
    moves = _move(query, period)
    start, end = (shift(moment, *moves) for moment in (period.start, period.end))
    return Period(_label(start, query.grain, zone), start, end) if end > start else None


def _move(query: Query, period: Period) -> tuple[str, int]:
    if query.compare == "year":
        return ("week", -52) if query.grain == "week" else ("year", -1)
    if query.rolling_days:
        return "day", -query.rolling_days
    if query.grain != "all":
        return query.grain, -1
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    if months and shift(period.start, "month", months) == period.end and period.start.day == 1:
        return "month", -months
    hours = round((period.end - period.start) / timedelta(hours=1))
    return ("hour", -hours) if hours % 24 else ("day", -hours // 24)


def days(periods: Sequence[Period]) -> list[tuple[date, date]]:
    """The local days of each period, the last not included; a part of a day counts as the day."""
    return [(p.start.date(), (p.end - timedelta(microseconds=1)).date() + timedelta(days=1)) for p in periods]
