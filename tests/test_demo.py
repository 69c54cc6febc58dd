"""The made-up company: the same every time, complete, and with its three stories to be found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import polso
from polso import demo, sample
from polso.workspace import Workspace

UNTIL = date(2026, 11, 1)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = polso.open(tmp_path_factory.mktemp("company"))
    sample.load_company(workspace, UNTIL, lambda _: None)
    return workspace


def test_the_company_is_the_same_every_time() -> None:
    once, again = demo.tables(UNTIL), demo.tables(UNTIL)
    assert once.keys() == again.keys()
    assert all(once[name].equals(again[name]) for name in once)


def test_every_kpi_has_a_number_in_the_last_month(company: Workspace) -> None:
    start, end = sample.last_full_month(UNTIL)
    answers = company.measure(*company.catalogue.keys(), start=start, end=end)
    # Whether October's customers stay silent for three months is not known in November.
    assert [answer.metric for answer in answers if answer.value is None] == ["churn_rate_silent"]
    assert company.measure("churn_rate_silent", start="2026-06-01", end="2026-07-01").only.value is not None


def test_nothing_lies_in_the_future(company: Workspace) -> None:
    assert all(kept.last.date() <= UNTIL for kept in company.overview() if kept.entity.name != "subscription")


def test_chat_in_germany_waits_longer_since_six_weeks(company: Workspace) -> None:
    question = {"where": "channel = 'chat' and country = 'DE'", "start": "2026-09-20", "end": "2026-11-01"}
    waits = company.measure("first_response_time_median", **question).only.only  # type: ignore[arg-type]
    assert waits.change is not None and waits.change.real and waits.change.value > 0
    elsewhere = question | {"where": "channel = 'email' and country = 'IT'"}
    others = company.measure("first_response_time_median", **elsewhere).only.only  # type: ignore[arg-type]
    assert others.change is not None and not others.change.real


def test_the_dearer_plan_loses_more_customers(company: Workspace) -> None:
    before, after = (
        company.measure("churn_rate", where="plan = 'basic'", start=start, end=end, compare="none").only.only.estimate
        for start, end in (("2026-03-01", "2026-07-01"), ("2026-07-01", "2026-11-01"))
    )
    assert before.high is not None and after.low is not None
    assert after.low > before.high


def test_one_campaign_pays_and_the_other_does_not(company: Workspace) -> None:
    rows = company.measure("campaign_roi", by="campaign", compare="none").only.rows
    worth = {row.segment["campaign"]: row.estimate for row in rows}
    assert worth["spring_light"].low is not None and worth["spring_light"].low > 0
    assert worth["brand_video"].high is not None and worth["brand_video"].high < 0


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 3, 31), date(2024, 2, 29)])
def test_the_last_full_month_is_over(today: date, tmp_path: Path) -> None:
    start, end = sample.last_full_month(today)
    assert start.day == end.day == 1
    assert end <= today and 28 <= (end - start).days <= 31
