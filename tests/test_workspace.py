"""The library: a workspace from Python, and KPIs of a frame without one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import polso

ROWS = {
    "id": ["1", "2", "3", "4"],
    "submitted_at": ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"],
    "kind": ["nps"] * 4,
    "programme": ["relational"] * 4,
    "score": [10, 9, 3, 8],
}


@pytest.mark.parametrize("frame", [pa.table(ROWS), pd.DataFrame(ROWS), pl.DataFrame(ROWS)], ids=["arrow", "pandas", "polars"])
def test_a_kpi_of_any_frame_without_a_workspace(frame: object) -> None:
    answers = polso.measure("nps", frame)
    assert answers.only.value == 25.0
    assert answers.only.only.estimate.n == 4


def test_answers_turn_into_any_frame_and_a_chart(tmp_path: Path) -> None:
    workspace = polso.open(tmp_path)
    workspace.load_table("response", pa.table(ROWS))
    answers = workspace.measure("nps", by="kind", grain="month")
    assert answers.to_pandas()["value"].tolist() == [25.0]
    assert answers.to_polars()["kind"].to_list() == ["nps"]
    assert pl.DataFrame(answers).height == 1
    assert "Net Promoter Score" in answers.chart().to_dict()["title"]


def test_a_goal_is_reached_missed_or_cannot_be_told(tmp_path: Path) -> None:
    (tmp_path / "polso.toml").write_text("[goals]\nnps = 90\nresponses = 1000\n")
    workspace = polso.open(tmp_path)
    workspace.load_table("response", pa.table(ROWS))
    goal = workspace.measure("nps")["nps"].only.goal
    assert goal is not None
    assert goal.met is None or goal.met is False
    assert goal.target == 90


def test_an_option_of_a_built_in_kpi_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "polso.toml").write_text('[metrics.nps]\nper_customer = "every"\n')
    twice = ROWS | {"customer_id": ["a", "a", "a", "b"]}
    workspace = polso.open(tmp_path)
    workspace.load_table("response", pa.table(twice))
    assert workspace.measure("nps")["nps"].only.estimate.n == 4
    (tmp_path / "polso.toml").write_text("")
    assert polso.open(tmp_path).measure("nps")["nps"].only.estimate.n == 2


def test_the_definition_version_changes_with_the_definition(tmp_path: Path) -> None:
    workspace = polso.open(tmp_path)
    before = workspace.catalogue.version("engagement_score")
    (tmp_path / "metrics").mkdir(exist_ok=True)
    (tmp_path / "metrics" / "mine.toml").write_text('[engagement_speed]\nentity = "ticket"\nformula = "count()"\n')
    assert polso.open(tmp_path).catalogue.version("engagement_score") != before


def test_a_custom_kpi_is_refused_with_the_file_and_the_place(tmp_path: Path) -> None:
    workspace = polso.open(tmp_path)
    workspace.load_table("response", pa.table(ROWS))
    (tmp_path / "metrics" / "mine.toml").write_text('[mine]\nentity = "response"\nformula = "mean(scor)"\n')
    with pytest.raises(polso.PolsoError, match=r"mine: at column 6: response has no column 'scor': did you mean 'score'\?"):
        workspace.measure("mine")
    (tmp_path / "metrics" / "mine.toml").write_text('[mine]\nentity = "respons"\nformula = "count()"\n')
    with pytest.raises(polso.PolsoError, match=r"mine.toml: KPI 'mine': there is no entity 'respons'"):
        workspace.measure("mine")


def test_periods_before_and_after_all_facts_are_unknown_and_gaps_are_zero(tmp_path: Path) -> None:
    workspace = polso.open(tmp_path)
    moments = ["2026-01-05", "2026-03-05"]
    workspace.load_table("ticket", pa.table({"id": ["1", "2"], "opened_at": moments}))
    answer = workspace.measure("ticket_volume", grain="month", start=date(2025, 12, 1), end=date(2026, 5, 1))["ticket_volume"]
    assert [(row.period, row.estimate.value) for row in answer] == [
        ("2025-12-01", None),
        ("2026-01-01", 1.0),
        ("2026-02-01", 0.0),
        ("2026-03-01", 1.0),
        ("2026-04-01", None),
    ]


def test_a_split_by_a_key_of_extra(tmp_path: Path) -> None:
    workspace = polso.open(tmp_path)
    table = pa.table({"id": ["1", "2", "3"], "opened_at": ["2026-01-05"] * 3, "Piano d'uso": ["oro", "oro", None]})
    workspace.load_table("ticket", table)
    answer = workspace.measure("ticket_volume", by="Piano d'uso")["ticket_volume"]
    assert [(row.segment["Piano d'uso"], row.estimate.value) for row in answer] == [("oro", 2.0), (None, 1.0)]


def test_hours_of_the_day_the_clock_goes_back_are_25(tmp_path: Path) -> None:
    workspace = polso.open(tmp_path)
    moments = [f"2026-10-{24 + hour // 24:02d}T{hour % 24:02d}:30:00Z" for hour in range(22, 48)]
    workspace.load_table("ticket", pa.table({"id": [str(n) for n in range(len(moments))], "opened_at": moments}))
    answer = workspace.measure("ticket_volume", grain="hour", start=date(2026, 10, 25), end=date(2026, 10, 26), compare="none")
    values = [row.estimate.value for row in answer.only]
    assert len(values) == 25
    assert sum(value or 0 for value in values) == 25
