"""A workspace's settings, read from its `polso.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from polso.errors import PolsoError, did_you_mean

FILE = "polso.toml"
_KINDS = {str: "a text in quotes", list: "a list in square brackets", int: "a whole number", bool: "true or false"}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LANGUAGES = ("en", "it")
_OFFICE = dict.fromkeys(WEEKDAYS[:5], ("09:00-18:00",))


class SettingsError(PolsoError):
    """A setting that is unknown or cannot be right."""


@dataclass(frozen=True)
class Shift:
    """A stretch of working time; one that ends before it begins runs past midnight."""

    start: time
    end: time
    """00:00 is the end of the day."""


@dataclass(frozen=True)
class Schedule:
    """The shifts of a week, Monday first, in a time zone."""

    week: tuple[tuple[Shift, ...], ...]
    timezone: str | None = None
    """None for the workspace's."""


@dataclass(frozen=True)
class ScheduleChange:
    """From a day on, another schedule holds for everybody without one of their own."""

    since: date
    schedule: str


@dataclass(frozen=True)
class CalendarSettings:
    """Working hours and holidays."""

    country: str | None = None
    subdivision: str | None = None
    patron_day: str | None = None
    """The town's own holiday, as month-day: 12-07 for Milan."""
    holidays: tuple[date, ...] = ()
    """More days off."""
    working: tuple[date, ...] = ()
    """Days that are worked although they would be off."""
    schedules: Mapping[str, Schedule] = field(default_factory=lambda: {"default": _schedule("default", _OFFICE)})
    schedule_of: Mapping[str, str] = field(default_factory=dict)
    """Department, team or channel → schedule."""
    changes: tuple[ScheduleChange, ...] = ()


@dataclass(frozen=True)
class FirstResponse:
    """The six switches that decide what first response time means."""

    start: str = "customer_message"
    stopped_by: str = "human"
    public_only: bool = True
    clock: str = "calendar"
    bot_time: str = "in"
    counted_on: str = "first_response_at"


@dataclass(frozen=True)
class Privacy:
    """What the site shows of small groups and of single workers."""

    smallest_group: int = 5
    """A segment with fewer facts is not shown by itself: one could tell whose they are."""
    operator_rankings: bool = False
    """Whether agents may be compared; monitoring workers needs an agreement in Italy (law 300/1970, article 4)."""


_SWITCHES: dict[str, tuple[Any, ...]] = {
    "start": ("customer_message", "created"),
    "stopped_by": ("human", "any"),
    "public_only": (True, False),
    "clock": ("calendar", "business"),
    "bot_time": ("in", "out"),
    "counted_on": ("first_response_at", "opened_at"),
}


@dataclass(frozen=True)
class Settings:
    """Everything a workspace decides for itself."""

    name: str = "Polso"
    timezone: str = "Europe/Rome"
    language: str = "en"
    currency: str = "EUR"
    calendar: CalendarSettings = field(default_factory=CalendarSettings)
    first_response: FirstResponse = field(default_factory=FirstResponse)
    metric_options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """KPI → what it does differently here."""
    goals: Mapping[str, float] = field(default_factory=dict)
    privacy: Privacy = field(default_factory=Privacy)

    @property
    def zone(self) -> ZoneInfo:
        """The workspace's time zone."""
        return ZoneInfo(self.timezone)

    @classmethod
    def load(cls, folder: Path) -> Settings:
        """Read a workspace's settings; the defaults where it has none."""
        path = folder / FILE
        if not path.exists():
            return cls()
        try:
            return cls.from_dict(tomllib.loads(path.read_text(encoding="utf-8-sig")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read: {error}") from None
        except SettingsError as error:
            raise SettingsError(f"{path}: {error}") from None

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Settings:
        """Check settings given as tables; SettingsError for what is unknown or cannot be right."""
        _known("settings", given, ("workspace", "calendar", "first_response", "metrics", "goals", "privacy"))
        about = _table("workspace", given.get("workspace", {}))
        _known("[workspace]", about, ("name", "timezone", "language", "currency"))
        texts = {name: _checked("workspace", name, value, str) for name, value in about.items()}
        if "timezone" in texts:
            _zone(texts["timezone"])
        if texts.get("language", "en") not in LANGUAGES:
            raise SettingsError(f"[workspace] language is '{texts['language']}'{did_you_mean(texts['language'], LANGUAGES)}")
        return cls(
            **texts,
            calendar=_calendar(_table("calendar", given.get("calendar", {}))),
            first_response=_first_response(_table("first_response", given.get("first_response", {}))),
            metric_options=_metric_options(_table("metrics", given.get("metrics", {}))),
            goals=_goals(_table("goals", given.get("goals", {}))),
            privacy=_privacy(_table("privacy", given.get("privacy", {}))),
        )


DEFAULT = """\
# Settings of this workspace. Every line may be left out; what stands after # is an example or the default.

[workspace]
# name = "Polso"
# timezone = "Europe/Rome"     # decides where a day begins
# language = "en"              # or "it": the language of KPI names
# currency = "EUR"

[calendar]
# country = "IT"               # public holidays of a country …
# subdivision = "MI"           # … and of a part of it, patron day included
# patron_day = "12-07"         # the town's own holiday, where the line above does not know it
# holidays = ["2026-08-14"]    # more days off
# working = ["2026-06-02"]     # days worked although they would be off

# [calendar.schedules.default] # working hours; "22:00-06:00" runs past midnight
# mon = ["09:00-13:00", "14:00-18:00"]
# [calendar.schedule_of]       # department, team or channel = schedule
# night_desk = "night"
# [[calendar.changes]]         # from a day on another schedule holds
# from = "2026-07-01"
# schedule = "summer"

[first_response]               # what first response time means
# start = "customer_message"   # or "created"
# stopped_by = "human"         # or "any": a bot's answer counts
# public_only = true
# clock = "calendar"           # or "business"
# bot_time = "in"              # or "out": time with the bot does not count
# counted_on = "first_response_at"   # or "opened_at"

# [metrics.nps]                # a KPI that is to be counted differently here
# per_customer = "every"

[goals]                        # KPI = what it should reach
# nps = 50

[privacy]                      # what the site shows
# smallest_group = 5           # segments with fewer facts are not shown by themselves
# operator_rankings = false    # true: agents may be compared; in Italy this needs an agreement (law 300/1970, article 4)
"""


def write_default(folder: Path) -> None:
    """Write a commented polso.toml where there is none."""
    path = folder / FILE
    if not path.exists():
        path.write_text(DEFAULT, encoding="utf-8")


def _known(where: str, given: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in given:
        if name not in names:
            raise SettingsError(f"{where} has no '{name}'{did_you_mean(name, names)}")


def _table(name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise SettingsError(f"[{name}] must be a table, not {given!r}")
    return given


def _checked(table: str, name: str, value: Any, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kind):
        wanted = kind[0] if isinstance(kind, tuple) else kind
        raise SettingsError(f"[{table}] {name} is {value!r}: {_KINDS[wanted]} is needed")
    return value


def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise SettingsError(f"there is no time zone '{name}': write one like Europe/Rome") from None


def _calendar(given: Mapping[str, Any]) -> CalendarSettings:
    _known("[calendar]", given, tuple(one.name for one in fields(CalendarSettings)))
    found: dict[str, Any] = {}
    for name in ("country", "subdivision", "patron_day"):
        if name in given:
            found[name] = _checked("calendar", name, given[name], str)
    for name in ("holidays", "working"):
        if name in given:
            found[name] = tuple(_day(name, day) for day in _checked("calendar", name, given[name], list))
    if "schedules" in given:
        tables = _table("calendar.schedules", given["schedules"])
        found["schedules"] = {"default": _schedule("default", _OFFICE)} | {
            name: _schedule(name, _table(f"calendar.schedules.{name}", table)) for name, table in tables.items()
        }
    if "schedule_of" in given:
        table = _table("calendar.schedule_of", given["schedule_of"])
        found["schedule_of"] = {name: _checked("calendar.schedule_of", name, value, str) for name, value in table.items()}
    if "changes" in given:
        changes = [_change(one) for one in _checked("calendar", "changes", given["changes"], list)]
        found["changes"] = tuple(sorted(changes, key=lambda one: one.since))
    if "patron_day" in found:
        _month_day(found["patron_day"])
    calendar = CalendarSettings(**found)
    for name in (*calendar.schedule_of.values(), *(change.schedule for change in calendar.changes)):
        if name not in calendar.schedules:
            raise SettingsError(f"[calendar] there is no schedule '{name}'{did_you_mean(str(name), calendar.schedules)}")
    return calendar


def _change(given: Any) -> ScheduleChange:
    table = _table("calendar.changes", given)
    _known("[[calendar.changes]]", table, ("from", "schedule"))
    if "from" not in table or "schedule" not in table:
        raise SettingsError("[[calendar.changes]] needs both from and schedule")
    return ScheduleChange(_day("from", table["from"]), str(table["schedule"]))


def _month_day(given: str) -> None:
    try:
        if not re.fullmatch(r"\d\d-\d\d", given):
            raise ValueError(given)
        date.fromisoformat(f"2024-{given}")
    except ValueError:
        raise SettingsError(f"[calendar] patron_day: '{given}' is not a month and day like 12-07") from None


def _day(name: str, given: Any) -> date:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise SettingsError(f"[calendar] {name}: '{given}' is not a day like 2026-08-14") from None


def _schedule(name: str, given: Mapping[str, Any]) -> Schedule:
    _known(f"[calendar.schedules.{name}]", given, (*WEEKDAYS, "timezone"))
    zone = given.get("timezone")
    if zone is not None:
        _zone(str(zone))
    shifts = {day: _checked(f"calendar.schedules.{name}", day, given.get(day, []), (list, tuple)) for day in WEEKDAYS}
    return Schedule(tuple(tuple(_shift(name, day, text) for text in shifts[day]) for day in WEEKDAYS), zone)


def _shift(name: str, day: str, text: Any) -> Shift:
    try:
        start, end = (_clock(part) for part in str(text).split("-"))
    except ValueError:
        raise SettingsError(
            f"[calendar.schedules.{name}] {day}: '{text}' is not a shift like 09:00-13:00 or 22:00-06:00"
        ) from None
    return Shift(start, end)


def _clock(text: str) -> time:
    cleaned = text.strip()
    read = time(0) if cleaned == "24:00" else time.fromisoformat(cleaned)
    if read.tzinfo is not None:
        raise ValueError(text)
    return read


def _first_response(given: Mapping[str, Any]) -> FirstResponse:
    _known("[first_response]", given, tuple(_SWITCHES))
    for name, value in given.items():
        if not any(value is choice or (isinstance(value, str) and value == choice) for choice in _SWITCHES[name]):
            choices = ", ".join(str(choice).lower() for choice in _SWITCHES[name])
            raise SettingsError(f"[first_response] {name} is {value!r}: it may be {choices}")
    return FirstResponse(**given)


def _privacy(given: Mapping[str, Any]) -> Privacy:
    _known("[privacy]", given, ("smallest_group", "operator_rankings"))
    smallest = _checked("privacy", "smallest_group", given.get("smallest_group", 5), int)
    if isinstance(smallest, bool) or not 1 <= smallest <= 1000:
        raise SettingsError(f"[privacy] smallest_group is {smallest!r}: a whole number from 1 to 1000 is needed")
    return Privacy(smallest, _checked("privacy", "operator_rankings", given.get("operator_rankings", False), bool))


def _metric_options(given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    found = {}
    for key, options in given.items():
        table = _table(f"metrics.{key}", options)
        _known(f"[metrics.{key}]", table, ("per_customer", "formula", "where", "time"))
        if table.get("per_customer", "latest") not in ("latest", "every"):
            raise SettingsError(f"[metrics.{key}] per_customer is {table['per_customer']!r}: it may be latest or every")
        found[key] = {name: str(value) for name, value in table.items()}
    return found


def _goals(given: Mapping[str, Any]) -> dict[str, float]:
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingsError(f"[goals] {key} is {value!r}: a number is needed")
    return {key: float(value) for key, value in given.items()}
