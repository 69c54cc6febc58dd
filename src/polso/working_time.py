"""Working time: how many seconds of a schedule lie between two moments, and how many working days between two days.

A shift belongs to the day it begins on: one that runs from Sunday 22:00 to Monday 06:00 is Sunday's, and is off when Sunday
is off. Shifts are turned into moments one by one, so a night on which the clock changes has the hours it really had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from polso.errors import did_you_mean
from polso.settings import CalendarSettings, Schedule, Settings, SettingsError
from polso.zones import offsets

Micros = NDArray[np.int64]
Seconds = NDArray[np.float64]
UNKNOWN = np.iinfo(np.int64).min
"""Stands for a moment that is not known."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_LOOK_AHEAD = (timedelta(days=7), timedelta(days=60), timedelta(days=366))


@dataclass(frozen=True)
class Calendar:
    """Schedules and days off of a workspace."""

    settings: CalendarSettings
    timezone: str

    @classmethod
    def from_settings(cls, settings: Settings) -> Calendar:
        """The calendar of a workspace; SettingsError for a country or part that is not known."""
        calendar = cls(settings.calendar, settings.timezone)
        calendar._off(2024)
        return calendar

    def seconds(self, start: Micros, end: Micros, schedule: str | None = None) -> Seconds:
        """Working seconds from `start` to `end`, microseconds UTC; nan where either is UNKNOWN, negative when reversed.

        Without a schedule the default one holds, with the dated changes of the settings.
        """
        result = np.full(len(start), np.nan)
        known = (start != UNKNOWN) & (end != UNKNOWN)
        if not known.any():
            return result
        first, last = start[known], end[known]
        starts, ends = self._spells(int(min(first.min(), last.min())), int(max(first.max(), last.max())), schedule)
        result[known] = (_worked(last, starts, ends) - _worked(first, starts, ends)) / 1_000_000
        return result

    def after(self, start: datetime, seconds: float, schedule: str | None = None) -> datetime:
        """The moment at which so much working time has passed since `start`; by the clock where nobody works for a year."""
        first, wanted = (start - _EPOCH) // _MICRO, round(seconds * 1_000_000)
        for ahead in _LOOK_AHEAD:
            left = wanted
            starts, ends = self._spells(first, first + ahead // _MICRO, schedule)
            for begin, end in zip(np.maximum(starts, first).tolist(), ends.tolist(), strict=True):
                if end - begin >= left and end > first:
                    return start + timedelta(microseconds=int(begin + left - first))
                left -= max(end - begin, 0)
        return start + timedelta(seconds=seconds)

    def schedule_for(self, *names: str | None) -> str | None:
        """The schedule of the first of these departments, teams or channels that has one; None for the default."""
        of = self.settings.schedule_of
        return next((of[name] for name in names if name is not None and name in of), None)

    def working_days(self, first: date, last: date) -> int:
        """Days from `first` to `last` (not included) on which somebody works by the default schedule."""
        return sum(self._works(date.fromordinal(day)) for day in range(first.toordinal(), last.toordinal()))

    def is_off(self, day: date) -> bool:
        """Whether a day is a holiday."""
        if day in self.settings.working:
            return False
        return day in self._off(day.year)

    def _works(self, day: date) -> bool:
        return bool(self._in_force(day, None).week[day.weekday()]) and not self.is_off(day)

    def _off(self, year: int) -> frozenset[date]:
        return _days_off(self.settings.country, self.settings.subdivision, self.settings.patron_day, year) | {
            day for day in self.settings.holidays if day.year == year
        }

    def _in_force(self, day: date, schedule: str | None) -> Schedule:
        if schedule is not None:
            if schedule not in self.settings.schedules:
                raise SettingsError(f"there is no schedule '{schedule}'{did_you_mean(schedule, self.settings.schedules)}")
            return self.settings.schedules[schedule]
        changed = [change.schedule for change in self.settings.changes if change.since <= day]
        return self.settings.schedules[changed[-1] if changed else "default"]

    def _spells(self, first: int, last: int, schedule: str | None) -> tuple[Micros, Micros]:
        """The stretches of working time around two moments, in order and without overlap."""
        begin = (_EPOCH + first * _MICRO).date() - timedelta(days=3)
        stop = (_EPOCH + last * _MICRO).date() + timedelta(days=3)
        spells: list[tuple[int, int]] = []
        for ordinal in range(begin.toordinal(), stop.toordinal()):
            day = date.fromordinal(ordinal)
            if not self.is_off(day):
                spells += self._shifts(day, schedule)
        return _merged(spells)

    def _shifts(self, day: date, schedule: str | None) -> Iterable[tuple[int, int]]:
        in_force = self._in_force(day, schedule)
        zone = ZoneInfo(in_force.timezone or self.timezone)
        for shift in in_force.week[day.weekday()]:
            ends_on = day if shift.start < shift.end else day + timedelta(days=1)
            yield from _moments(_clock(day, shift.start), _clock(ends_on, shift.end), zone, day.year)


@lru_cache(maxsize=512)
def _days_off(country: str | None, subdivision: str | None, patron_day: str | None, year: int) -> frozenset[date]:
    found: set[date] = set()
    if country is not None:
        try:
            found.update(holidays.country_holidays(country, subdiv=subdivision, years=year))
        except (NotImplementedError, KeyError):
            place = f"{country} {subdivision or ''}".strip()
            raise SettingsError(f"[calendar] no holidays are known for '{place}': use codes like IT and MI") from None
    if patron_day is not None and not (patron_day == "02-29" and not _leap(year)):
        found.add(date.fromisoformat(f"{year:04d}-{patron_day}"))
    return frozenset(found)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _clock(day: date, clock: time) -> int:
    """Microseconds since 1970 on a local clock."""
    return (datetime.combine(day, clock, tzinfo=UTC) - _EPOCH) // _MICRO


def _moments(start: int, end: int, zone: ZoneInfo, year: int) -> Iterable[tuple[int, int]]:
    """The moments, in UTC, at which a local clock shows a time from `start` to `end`.

    An hour that the clock skips is not there, and one that it shows twice is there twice.
    """
    changes = offsets(zone, year - 1, year + 1)
    untils = [since for since, _ in changes[1:]] + [np.iinfo(np.int64).max]
    for (since, ahead), until in zip(changes, untils, strict=True):
        first, last = max(start - ahead, since), min(end - ahead, until)
        if first < last:
            yield first, last


def _merged(spells: Sequence[tuple[int, int]]) -> tuple[Micros, Micros]:
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted(spells):
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        elif end > start:
            starts.append(start)
            ends.append(end)
    return np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)


def _worked(moment: Micros, starts: Micros, ends: Micros) -> Micros:
    """Microseconds of working time before each moment, from some common beginning."""
    if len(starts) == 0:
        return np.zeros(len(moment), dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(ends - starts)])
    spell = np.searchsorted(starts, moment, side="right") - 1
    inside = np.minimum(moment, ends[np.maximum(spell, 0)]) - starts[np.maximum(spell, 0)]
    return np.asarray(np.where(spell < 0, 0, before[np.maximum(spell, 0)] + inside), dtype=np.int64)
