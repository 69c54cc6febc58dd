"""The rows behind a number, and how their values are spread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

import polso
from polso.errors import QueryError
from polso.query import Query, Within
from polso.workspace import Workspace

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)
SCORES = [10, 9, 9, 8, 7, 6, 3, None]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = polso.open(tmp_path_factory.mktemp("behind"))
    made.load_table(
        "response",
        pa.table(
            {
                "id": [f"a{number}" for number in range(len(SCORES))],
                "customer_id": [f"c{number}" for number in range(len(SCORES))],
                "submitted_at": [BEGIN + timedelta(days=number) for number in range(len(SCORES))],
                "kind": ["nps"] * len(SCORES),
                "programme": ["relational"] * len(SCORES),
                "score": pa.array(SCORES, pa.float64()),
                "scale_min": [0.0] * len(SCORES),
                "scale_max": [10.0] * len(SCORES),
                "comment": [f"text {number}" for number in range(len(SCORES))],
                "channel": ["email", "web"] * (len(SCORES) // 2),
                "floor": ["first"] * len(SCORES),
            }
        ),
    )
    waits = [0.0, 30.0, 60.0, *(90.0 * 1.3**number for number in range(30))]
    made.load_table(
        "ticket",
        pa.table(
            {
                "id": [f"t{number}" for number in range(len(waits))],
                "opened_at": [BEGIN] * len(waits),
                "first_response_at": [BEGIN + timedelta(seconds=wait) for wait in waits],
            }
        ),
    )
    return made


def test_the_rows_are_those_that_are_counted_newest_first(workspace: Workspace) -> None:
    rows = workspace.rows(Query(("nps",)))
    assert rows["id"].to_pylist() == ["a6", "a5", "a4", "a3", "a2", "a1", "a0"]
    assert len(rows) == workspace.measure("nps").only.only.estimate.n
    assert rows["comment"].to_pylist()[0] == "text 6"


def test_rows_come_page_by_page_and_within_the_time_and_condition(workspace: Workspace) -> None:
    assert workspace.rows(Query(("nps",)), most=2, skip=2)["id"].to_pylist() == ["a4", "a3"]
    first, end = (BEGIN.date() + timedelta(days=days) for days in (2, 5))
    narrow = Query(("nps",), start=first, end=end, where="channel = 'email'")
    assert workspace.rows(narrow)["id"].to_pylist() == ["a4", "a2"]


def test_who_may_not_see_people_sees_no_personal_column(workspace: Workspace) -> None:
    names = workspace.rows(Query(("nps",)), personal=False).column_names
    assert not {"customer_id", "comment", "extra"} & set(names)
    assert {"score", "channel"} <= set(names)


def test_who_is_limited_sees_only_their_rows(workspace: Workspace) -> None:
    assert workspace.rows(Query(("nps",)), within=Within("channel", ("web",)))["id"].to_pylist() == ["a5", "a3", "a1"]
    assert len(workspace.rows(Query(("nps",)), within=Within("channel", ()))) == 0


def test_few_values_have_a_bar_each(workspace: Workspace) -> None:
    bars = workspace.distribution(Query(("nps",)))
    assert [(bar.low, bar.rows) for bar in bars] == [(3, 1), (6, 1), (7, 1), (8, 1), (9, 2), (10, 1)]


def test_durations_have_bars_by_size_and_none_is_lost(workspace: Workspace) -> None:
    bars = workspace.distribution(Query(("first_response_time_median",)))
    assert sum(bar.rows for bar in bars) == 33
    assert (bars[0].low, bars[0].high, bars[0].rows) == (0, 0, 1)
    assert all(one.high == pytest.approx(two.low) for one, two in pairwise(bars[1:]))
    assert bars[1].low <= 30 < bars[1].high


@pytest.mark.parametrize("key", ["ticket_volume", "reopen_rate", "churn_rate", "engagement_score"])
def test_what_is_not_made_of_values_has_no_spread(workspace: Workspace, key: str) -> None:
    assert workspace.distribution(Query((key,))) == []


def test_a_workspace_without_facts_has_no_rows_but_their_columns(tmp_path: Path) -> None:
    rows = polso.open(tmp_path).rows(Query(("nps",)))
    assert len(rows) == 0 and "score" in rows.column_names


def test_too_many_rows_at_once_are_refused(workspace: Workspace) -> None:
    with pytest.raises(QueryError, match="ask for 1 to 100000 at a time"):
        workspace.rows(Query(("nps",)), most=1_000_000)
