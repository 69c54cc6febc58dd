"""Periods: months, weeks and hours in the workspace's zone, and what each is compared with."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polso.errors import QueryError
from polso.formula.grid import Asked, fraction, micros_utc, periods_of
from polso.query import Query
from polso.zones import offsets

ROME = ZoneInfo("Europe/Rome")
FACTS = (datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC))


def asked(zone: ZoneInfo = ROME, **question: object) -> Asked:
    return periods_of(Query(("nps",), **question), zone, FACTS)  # type: ignore[arg-type]


def shown(found: Asked) -> list[tuple[str, str, str]]:
    periods = [found.grid.periods[index] for index in found.shown]
    return [(p.label, p.start.date().isoformat(), p.end.date().isoformat()) for p in periods]


def compared(found: Asked) -> list[tuple[str, str] | None]:
    periods = [None if index is None else found.grid.periods[index] for index in found.before]
    return [None if p is None else (p.start.date().isoformat(), p.end.date().isoformat()) for p in periods]


def test_without_dates_whole_months_run_from_the_first_fact_to_the_last() -> None:
    assert shown(asked(grain="month")) == [
        ("2026-01-01", "2026-01-01", "2026-02-01"),
        ("2026-02-01", "2026-02-01", "2026-03-01"),
        ("2026-03-01", "2026-03-01", "2026-04-01"),
        ("2026-04-01", "2026-04-01", "2026-05-01"),
    ]


def test_periods_are_cut_to_what_was_asked() -> None:
    assert shown(asked(start=date(2026, 1, 15), end=date(2026, 2, 10), grain="month")) == [
        ("2026-01-01", "2026-01-15", "2026-02-01"),
        ("2026-02-01", "2026-02-01", "2026-02-10"),
    ]


def test_two_whole_months_are_compared_with_the_two_before() -> None:
    assert compared(asked(start=date(2026, 3, 1), end=date(2026, 5, 1))) == [("2026-01-01", "2026-03-01")]


def test_thirty_days_are_compared_with_the_thirty_before() -> None:
    assert compared(asked(start=date(2026, 3, 10), end=date(2026, 4, 9))) == [("2026-02-08", "2026-03-10")]


def test_a_year_before_a_leap_day_is_the_28th() -> None:
    leap = asked(start=date(2028, 2, 29), end=date(2028, 3, 1), grain="day", compare="year")
    assert compared(leap) == [("2027-02-28", "2027-03-01")]


def test_weeks_begin_on_monday_and_compare_with_52_weeks_before() -> None:
    week = asked(start=date(2026, 3, 2), end=date(2026, 3, 9), grain="week", compare="year")
    assert shown(week) == [("2026-03-02", "2026-03-02", "2026-03-09")]
    assert compared(week) == [("2025-03-03", "2025-03-10")]


def test_everything_there_is_has_nothing_before_it() -> None:
    assert compared(asked()) == [None]


def test_the_day_the_clock_goes_forward_has_23_hours_and_the_other_25() -> None:
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        found = asked(start=day, end=date.fromordinal(day.toordinal() + 1), grain="all", compare="none")
        grid = found.grid
        period = grid.periods[found.shown[0]]
        hourly = (micros_utc(period.end, ROME) - micros_utc(period.start, ROME)) // 3_600_000_000
        assert hourly == hours


def test_a_rolling_window_ends_on_each_day() -> None:
    rolling = asked(start=date(2026, 3, 1), end=date(2026, 3, 3), grain="7d", compare="none")
    assert shown(rolling) == [("2026-03-01", "2026-02-23", "2026-03-02"), ("2026-03-02", "2026-02-24", "2026-03-03")]
    assert len(rolling.grid.lanes) == 2


def test_too_many_periods_are_refused() -> None:
    with pytest.raises(QueryError, match="more than 20000 periods"):
        asked(start=date(2000, 1, 1), end=date(2026, 1, 1), grain="hour")


@given(
    st.sampled_from(["Europe/Rome", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
    st.datetimes(datetime(2015, 1, 2), datetime(2035, 12, 30), timezones=st.just(UTC)),
)
def test_written_out_clock_changes_agree_with_the_time_zone_database(name: str, moment: datetime) -> None:
    zone = ZoneInfo(name)
    at = round(moment.timestamp() * 1_000_000)
    offset = [shift for since, shift in offsets(zone, 2014, 2036) if since <= at][-1]
    local = moment.astimezone(zone)
    assert (at + offset) // 86_400_000_000 == (local.date() - date(1970, 1, 1)).days


def test_hours_of_india_begin_on_the_half_hour() -> None:
    assert fraction(ZoneInfo("Asia/Kolkata")) == 30 * 60 * 1_000_000
    assert fraction(ROME) == 0
