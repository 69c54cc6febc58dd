"""The shipped excerpts of real data, against counts made with pandas straight from the files the excerpts were cut from."""

from __future__ import annotations

from datetime import date

import pytest

import polso
from polso import sample
from polso.workspace import Workspace


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, list[str]]:
    workspace = polso.open(tmp_path_factory.mktemp("real"))
    said: list[str] = []
    sample.load_real(workspace, said.append)
    return workspace, said


def test_all_rows_are_read(real: tuple[Workspace, list[str]]) -> None:
    _, said = real
    assert said[1] == "online_shoppers: 6165 rows of real data as visit"
    assert said[0] == "incidents: 19390 rows of real data as ticket"


def test_incidents_are_counted_once_each_by_their_last_row(real: tuple[Workspace, list[str]]) -> None:
    workspace, _ = real
    keys = ("ticket_volume", "tickets_resolved", "resolution_time", "resolution_time_median", "reopen_rate")
    answers = workspace.measure(*keys, where="source = 'uci_incidents'")
    assert answers["ticket_volume"].value == 2981
    assert answers["tickets_resolved"].value == 2712
    assert answers["resolution_time"].value == pytest.approx(893365.7079646018, rel=1e-9)
    assert answers["resolution_time_median"].value == pytest.approx(263640, rel=1e-3)
    assert answers["reopen_rate"].value == pytest.approx(100 * 36 / 2712, rel=1e-9)


def test_sessions_and_purchases_of_the_bookshop(real: tuple[Workspace, list[str]]) -> None:
    workspace, _ = real
    answers = workspace.measure("visits", "conversion_rate", "pages_per_visit", where="source = 'uci_online_shoppers'")
    assert answers["visits"].value == 6165
    assert answers["conversion_rate"].value == pytest.approx(100 * 964 / 6165, rel=1e-9)
    assert answers["pages_per_visit"].value == pytest.approx(34.837307380373076, rel=1e-9)


@pytest.mark.parametrize(("month", "sessions", "bought"), [(10, 283, 63), (11, 1512, 385)])
def test_a_month_of_the_bookshop(real: tuple[Workspace, list[str]], month: int, sessions: int, bought: int) -> None:
    workspace, _ = real
    when = {"start": date(2017, month, 1), "end": date(2017, month + 1, 1), "where": "source = 'uci_online_shoppers'"}
    answers = workspace.measure("visits", "conversion_rate", **when)  # type: ignore[arg-type]
    assert answers["visits"].value == sessions
    assert answers["conversion_rate"].value == pytest.approx(100 * bought / sessions, rel=1e-9)
