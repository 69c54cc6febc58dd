"""The same question on DuckDB and on a real local Spark gives the same answer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

import polso
from polso.demo import tables
from polso.engines import engine
from polso.errors import PolsoError
from polso.workspace import Workspace


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = polso.open(tmp_path_factory.mktemp("company"))
    made = tables(date(2026, 11, 1))
    for entity in ("ticket_event", "response", "order", "customer", "subscription", "visit"):
        workspace.load_table(entity, made[entity].slice(0, 6_000))
    return workspace


def close(one: float | None, two: float | None) -> bool:
    """Equal to nine digits, or both unknown."""
    return one == two if one is None or two is None else one == pytest.approx(two, rel=1e-9)


QUESTIONS = [
    (("nps", "csat", "ces"), {"by": ("channel",), "grain": "month"}),
    (("resolution_time_p90", "resolution_time_km_median", "repeat_contact_rate", "new_customers_served"), {"grain": "quarter"}),
    (("churn_rate", "arpu", "revenue_retention_net", "conversion_rate_per_visitor"), {"grain": "month"}),
    (("ticket_volume",), {"by": ("country", "topic"), "where": "country in ('IT', 'DE') and priority = 'high'"}),
    (("ticket_volume",), {"grain": "hour", "start": date(2026, 3, 28), "end": date(2026, 3, 30)}),
]


@pytest.mark.spark
@pytest.mark.parametrize(("keys", "question"), QUESTIONS, ids=lambda part: "+".join(part)[:40] if isinstance(part, tuple) else "")
def test_both_engines_give_the_same_answers(company: Workspace, keys: tuple[str, ...], question: dict[str, object]) -> None:
    ours = company.measure(*keys, **question)  # type: ignore[arg-type]
    theirs = company.measure(*keys, engine="spark", **question)  # type: ignore[arg-type]
    assert sum(len(answer) for answer in ours) > 0
    for one, two in zip(ours, theirs, strict=True):
        for row, other in zip(one, two, strict=True):
            assert (row.period, dict(row.segment), row.estimate.n) == (other.period, dict(other.segment), other.estimate.n)
            assert close(row.estimate.value, other.estimate.value)
            assert close(row.estimate.low, other.estimate.low)


@pytest.mark.parametrize("name", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_odd_names_in_extra_are_reached(name: str, tmp_path: Path) -> None:
    workspace = polso.open(tmp_path)
    odd = {"due parole": "a", "perché": "b", "a.b": "c", "100%": "d"}
    table = pa.table({"id": ["1"], "opened_at": ["2026-01-05"], **{key: [value] for key, value in odd.items()}})
    workspace.load_table("ticket", table)
    for key, value in odd.items():
        (row,) = workspace.measure("ticket_volume", by=key, engine=name).only
        assert row.segment[key] == value


@pytest.mark.parametrize("name", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_a_file_that_is_gone_is_told_as_such(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        engine(name).query(exp.select("*").from_("ticket"), {"ticket": [str(tmp_path / "gone.parquet")]})


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(PolsoError, match=r"there is no engine 'sparc': did you mean 'spark'\?"):
        engine("sparc")
