"""polso.toml: what it may say, what holds where it says nothing, and how a mistake in it is named."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

import polso
from polso.settings import (
    DEFAULT,
    FILE,
    CalendarSettings,
    FirstResponse,
    Privacy,
    Schedule,
    ScheduleChange,
    Settings,
    SettingsError,
    Shift,
    write_default,
)

MANUAL = Path(__file__).parents[1] / "docs" / "settings.md"
OFFICE = (Shift(time(9), time(18)),)


def read(text: str) -> Settings:
    return Settings.from_dict(tomllib.loads(text))


def manual() -> dict[str, Any]:
    """The file of the manual with every example in force, and the schedules that the examples name."""
    (text,) = re.findall(r"```toml\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    in_force = re.sub(r"(?m)^# (?=\[|\w+ = )", "", text)
    return tomllib.loads(in_force + '\n[calendar.schedules.night]\nsun = ["22:00-06:00"]\n[calendar.schedules.summer]\n')


# --- what it may say ---------------------------------------------------------------------------------------------------


def test_a_workspace_without_settings_has_the_defaults(tmp_path: Path) -> None:
    nothing = Settings.load(tmp_path)

    assert nothing == Settings() == read("") == read(DEFAULT)
    assert (nothing.name, nothing.timezone, nothing.language, nothing.currency) == ("Polso", "Europe/Rome", "en", "EUR")
    assert nothing.zone.key == "Europe/Rome"
    assert nothing.first_response == FirstResponse("customer_message", "human", True, "calendar", "in", "first_response_at")
    assert nothing.privacy == Privacy(smallest_group=5, operator_rankings=False)
    assert nothing.calendar == CalendarSettings(schedules={"default": Schedule((*[OFFICE] * 5, (), ()))})
    assert nothing.metric_options == {} and nothing.goals == {}


def test_a_new_workspace_gets_the_file_of_the_manual_and_keeps_its_own(tmp_path: Path) -> None:
    polso.open(tmp_path / "new")
    assert (tmp_path / "new" / FILE).read_text(encoding="utf-8") == DEFAULT
    assert f"```toml\n{DEFAULT}```" in MANUAL.read_text(encoding="utf-8")

    (tmp_path / FILE).write_text('[workspace]\nname = "Ours"\n', encoding="utf-8")
    write_default(tmp_path)
    assert Settings.load(tmp_path).name == "Ours"


def test_every_setting_of_the_manual_is_read() -> None:
    given = manual()
    found = Settings.from_dict(given)

    assert (found.name, found.timezone, found.language, found.currency) == ("Polso", "Europe/Rome", "en", "EUR")
    assert found.calendar == CalendarSettings(
        country="IT",
        subdivision="MI",
        patron_day="12-07",
        holidays=(date(2026, 8, 14),),
        working=(date(2026, 6, 2),),
        schedules={
            "default": Schedule(((Shift(time(9), time(13)), Shift(time(14), time(18))), *[()] * 6)),
            "night": Schedule((*[()] * 6, (Shift(time(22), time(6)),))),
            "summer": Schedule(((),) * 7),
        },
        schedule_of={"night_desk": "night"},
        changes=(ScheduleChange(date(2026, 7, 1), "summer"),),
    )
    assert found.first_response == FirstResponse()
    assert found.metric_options == {"nps": {"per_customer": "every"}}
    assert found.goals == {"nps": 50.0}
    assert found.privacy == Privacy()


def test_the_manual_names_every_setting() -> None:
    given = manual()

    assert set(given) == {"workspace", "calendar", "first_response", "metrics", "goals", "privacy"}
    assert set(given["workspace"]) == {"name", "timezone", "language", "currency"}
    for table, kind in (("calendar", CalendarSettings), ("first_response", FirstResponse), ("privacy", Privacy)):
        assert set(given[table]) == {one.name for one in fields(kind)}


@pytest.mark.parametrize(
    ("switch", "value"),
    [
        ("start", "created"),
        ("stopped_by", "any"),
        ("public_only", False),
        ("clock", "business"),
        ("bot_time", "out"),
        ("counted_on", "opened_at"),
    ],
)
def test_each_switch_of_first_response_time_has_another_side(switch: str, value: object) -> None:
    found = Settings.from_dict({"first_response": {switch: value}}).first_response

    assert getattr(found, switch) == value
    assert found != FirstResponse()


def test_other_values_than_the_manual_s_are_read_too() -> None:
    found = read(
        """
[workspace]
name = "Caffè"
timezone = "America/New_York"
language = "it"
currency = "CHF"
[calendar]
holidays = [2026-08-14]
[calendar.schedules.night]
timezone = "Asia/Kolkata"
sat = ["00:00-24:00", " 08:30 - 09:45 "]
[metrics.csat]
formula = "mean(score)"
where = "channel = 'web'"
time = "submitted_at"
[goals]
nps = 12.5
[privacy]
smallest_group = 1
operator_rankings = true
"""
    )

    assert (found.name, found.zone.key, found.language, found.currency) == ("Caffè", "America/New_York", "it", "CHF")
    assert found.calendar.holidays == (date(2026, 8, 14),)
    whole_day_and_more = (Shift(time(0), time(0)), Shift(time(8, 30), time(9, 45)))
    assert found.calendar.schedules["night"] == Schedule((*[()] * 5, whole_day_and_more, ()), "Asia/Kolkata")
    assert found.calendar.schedules["default"].week[0] == OFFICE
    assert found.metric_options["csat"] == {"formula": "mean(score)", "where": "channel = 'web'", "time": "submitted_at"}
    assert found.goals == {"nps": 12.5}
    assert found.privacy == Privacy(1, True)


def test_changes_of_schedule_are_put_in_the_order_of_their_days() -> None:
    later, sooner = ({"from": day, "schedule": "default"} for day in ("2026-09-01", "2026-07-01"))

    found = Settings.from_dict({"calendar": {"changes": [later, sooner]}}).calendar.changes

    assert [one.since for one in found] == [date(2026, 7, 1), date(2026, 9, 1)]


def test_a_file_saved_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes('\ufeff[workspace]\r\nname = "Caffè"\r\n'.encode())

    assert Settings.load(tmp_path).name == "Caffè"


# --- how a mistake is named --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[calender]", "settings has no 'calender': did you mean 'calendar'?"),
        ("[workspace]\ntime_zone = 'UTC'", "[workspace] has no 'time_zone': did you mean 'timezone'?"),
        ("[calendar]\nholiday = []", "[calendar] has no 'holiday': did you mean 'holidays'?"),
        ("[calendar.schedules.desk]\nmonday = []", "[calendar.schedules.desk] has no 'monday': did you mean 'mon'?"),
        ("[[calendar.changes]]\nform = 1", "[[calendar.changes]] has no 'form': did you mean 'from'?"),
        ("[first_response]\nclok = 'business'", "[first_response] has no 'clok': did you mean 'clock'?"),
        ("[metrics.nps]\nper_custmer = 'every'", "[metrics.nps] has no 'per_custmer': did you mean 'per_customer'?"),
        ("[privacy]\nsmallest = 3", "[privacy] has no 'smallest': did you mean 'smallest_group'?"),
        ("[privacy]\nxyz = 3", "[privacy] has no 'xyz': known are operator_rankings, smallest_group"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_one(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(text)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workspace = 5", "[workspace] must be a table, not 5"),
        ("goals = 5", "[goals] must be a table, not 5"),
        ("[workspace]\nname = 5", "[workspace] name is 5: a text in quotes is needed"),
        ("[workspace]\nlanguage = 'italian'", "[workspace] language is 'italian'"),
        ("[workspace]\nlanguage = 'fr'", "[workspace] language is 'fr': known are en, it"),
        ("[workspace]\ntimezone = ''", "there is no time zone '': write one like Europe/Rome"),
        ("[calendar]\ncountry = 39", "[calendar] country is 39: a text in quotes is needed"),
        ("[calendar]\nholidays = '2026-08-14'", "[calendar] holidays is '2026-08-14': a list in square brackets is needed"),
        ("[calendar]\nholidays = ['14/08/2026']", "[calendar] holidays: '14/08/2026' is not a day like 2026-08-14"),
        ("[calendar]\nworking = ['2026-02-30']", "[calendar] working: '2026-02-30' is not a day like 2026-08-14"),
        ("[calendar]\npatron_day = '7 dicembre'", "[calendar] patron_day: "),
        ("[calendar]\npatron_day = '02-30'", "[calendar] patron_day: "),
        ("[calendar.schedules]\ndesk = 3", "[calendar.schedules.desk] must be a table, not 3"),
        (
            "[calendar.schedules.desk]\nmon = ['9-18']",
            "[calendar.schedules.desk] mon: '9-18' is not a shift like 09:00-13:00 or 22:00-06:00",
        ),
        ("[calendar.schedules.desk]\nmon = ['09:00']", "[calendar.schedules.desk] mon: '09:00' is not a shift"),
        ("[calendar.schedules.desk]\nmon = ['09:00-25:00']", "[calendar.schedules.desk] mon: '09:00-25:00' is not a shift"),
        ("[calendar.schedules.desk]\nmon = [9]", "[calendar.schedules.desk] mon: '9' is not a shift"),
        (
            "[calendar.schedules.night]\n[calendar.schedule_of]\ndesk = 'nigth'",
            "[calendar] there is no schedule 'nigth': did you mean 'night'?",
        ),
        ("[calendar]\nschedule_of = 'night'", "[calendar.schedule_of] must be a table, not 'night'"),
        (
            "[calendar.schedules.summer]\n[[calendar.changes]]\nfrom = '2026-07-01'\nschedule = 'sumer'",
            "[calendar] there is no schedule 'sumer': did you mean 'summer'?",
        ),
        ("[[calendar.changes]]\nfrom = '2026-07-01'", "[[calendar.changes]] needs both from and schedule"),
        ("[[calendar.changes]]\nschedule = 'default'", "[[calendar.changes]] needs both from and schedule"),
        (
            "[[calendar.changes]]\nfrom = 'July'\nschedule = 'default'",
            "[calendar] from: 'July' is not a day like 2026-08-14",
        ),
        ("[first_response]\nstart = 'creation'", "[first_response] start is 'creation': it may be customer_message, created"),
        ("[first_response]\nstopped_by = 'bot'", "[first_response] stopped_by is 'bot': it may be human, any"),
        ("[first_response]\npublic_only = 'yes'", "[first_response] public_only is 'yes': it may be true, false"),
        ("[first_response]\nclock = 'working'", "[first_response] clock is 'working': it may be calendar, business"),
        ("[first_response]\nbot_time = true", "[first_response] bot_time is True: it may be in, out"),
        (
            "[first_response]\ncounted_on = 'resolved_at'",
            "[first_response] counted_on is 'resolved_at': it may be first_response_at, opened_at",
        ),
        ("[metrics]\nnps = 'every'", "[metrics.nps] must be a table, not 'every'"),
        ("[metrics.nps]\nper_customer = 'all'", "[metrics.nps] per_customer is 'all': it may be latest or every"),
        ("[workspace]\ntimezone = 'Europe/Roma'", "there is no time zone 'Europe/Roma': write one like Europe/Rome"),
        ("[goals]\nnps = '50'", "[goals] nps is '50': a number is needed"),
        ("[goals]\nnps = true", "[goals] nps is True: a number is needed"),
        ("[first_response]\npublic_only = 1", "[first_response] public_only is 1: it may be true, false"),
        ("[calendar]\nchanges = 5", "[calendar] changes is 5: a list in square brackets is needed"),
        ("[calendar]\npatron_day = '12-7'", "[calendar] patron_day: '12-7' is not a month and day like 12-07"),
        (
            "[calendar]\nholidays = [2026-08-14T10:00:00]",
            "[calendar] holidays: '2026-08-14 10:00:00' is not a day like 2026-08-14",
        ),
        ("[calendar.schedule_of]\na = ['x']", "[calendar.schedule_of] a is ['x']: a text in quotes is needed"),
        ("[calendar.schedules.default]\nmon = 9", "[calendar.schedules.default] mon is 9: a list in square brackets is needed"),
        (
            "[calendar.schedules.default]\nmon = ['09:00+01:00-18:00']",
            "[calendar.schedules.default] mon: '09:00+01:00-18:00' is not a shift like 09:00-13:00 or 22:00-06:00",
        ),
        ("[privacy]\nsmallest_group = 0", "[privacy] smallest_group is 0: a whole number from 1 to 1000 is needed"),
        ("[privacy]\nsmallest_group = true", "[privacy] smallest_group is True: a whole number from 1 to 1000 is needed"),
        ("[privacy]\nsmallest_group = '5'", "[privacy] smallest_group is '5': a whole number is needed"),
        ("[privacy]\noperator_rankings = 'yes'", "[privacy] operator_rankings is 'yes': true or false is needed"),
    ],
)
def test_a_value_that_cannot_be_right_is_told_with_what_is_needed(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(text)

    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[workspace]\nlanguage = 'fr'", "[workspace] language is 'fr'"),
        (b"[workspace\n", "cannot be read"),
        (b"[workspace]\nname = 'Caff\xe8'", "cannot be read"),
    ],
)
def test_the_file_with_the_mistake_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / FILE).write_bytes(content)

    with pytest.raises(SettingsError) as refused:
        polso.open(tmp_path)

    assert str(refused.value).startswith(str(tmp_path / FILE)) and message in str(refused.value)


def test_an_option_for_a_kpi_that_is_not_there_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('[metrics.npss]\nper_customer = "every"\n', encoding="utf-8")

    with pytest.raises(polso.PolsoError, match=r"\[metrics\.npss\]: there is no KPI 'npss': did you mean 'nps'\?"):
        polso.open(tmp_path).measure("nps")
