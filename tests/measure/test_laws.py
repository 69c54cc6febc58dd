"""Whatever happens to the facts, and in whatever order, the answers are those of counting from scratch."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from measure import scratch
from measure.scratch import Deal
from polso.workspace import Workspace

METRICS = """
[created]
entity = "deal"
formula = "count()"
[revenue]
entity = "deal"
formula = "sum(amount)"
[won_share]
entity = "deal"
time = "closed_at"
formula = "100 * share(outcome = 'won')"
[customers]
entity = "deal"
formula = "distinct(customer_id)"
[latest_mean]
entity = "deal"
where = "amount is not null"
per_customer = "latest"
formula = "mean(amount)"
[first_ones]
entity = "deal"
formula = "count(nth() = 1)"
[median_amount]
entity = "deal"
formula = "median(amount)"
[open_at_end]
entity = "deal"
formula = "at_end()"
[closed_of_start]
entity = "deal"
formula = "ended_of_start()"
"""
BY_PERIOD: dict[str, tuple[Callable[[Iterable[Deal], bool], scratch.Values], float]] = {
    "created": (scratch.created, 0),
    "revenue": (scratch.revenue, 1e-9),
    "won_share": (scratch.won_share, 1e-9),
    "customers": (scratch.customers, 0),
    "latest_mean": (scratch.latest_mean, 1e-9),
    "first_ones": (scratch.first_ones, 0),
    "median_amount": (scratch.median_amount, 1e-3),
}
START = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def deals(draw: st.DrawFn) -> Deal:
    """A deal near the ends of months, where zones matter, with few customers so that they come again."""
    created = START + timedelta(minutes=draw(st.integers(0, 130 * 24 * 60)))
    lasted = draw(st.none() | st.integers(0, 60 * 24 * 60))
    return Deal(
        id=f"d{draw(st.integers(0, 40))}",
        customer_id=draw(st.none() | st.integers(0, 12).map(lambda number: f"c{number}")),
        created_at=created,
        closed_at=None if lasted is None else created + timedelta(minutes=lasted),
        outcome="open" if lasted is None else draw(st.sampled_from(["won", "lost"])),
        amount=draw(st.none() | st.integers(1, 5000).map(float)),
        stage=draw(st.sampled_from(["a", "b", None])),
    )


class Facts(RuleBasedStateMachine):
    """Loads, changes, erasures and compactions in any order, with questions in between."""

    batches = Bundle("batches")
    engine = "duckdb"

    @initialize()
    def open_workspace(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="laws-"))
        (self.folder / "metrics").mkdir()
        (self.folder / "metrics" / "laws.toml").write_text(METRICS)
        self.workspace = Workspace(self.folder)
        self.rows: dict[str, Deal] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @rule(batch=st.lists(deals(), min_size=1, max_size=25))
    def load(self, batch: list[Deal]) -> None:
        table = pa.Table.from_pylist([vars(deal) for deal in batch])
        self.workspace.load_table("deal", table)
        self.rows |= {deal.id: deal for deal in batch}

    @rule(number=st.integers(0, 12))
    def erase(self, number: int) -> None:
        self.workspace.erase(f"c{number}")
        self.rows = {key: deal for key, deal in self.rows.items() if deal.customer_id != f"c{number}"}

    @rule()
    def compact(self) -> None:
        self.workspace.compact()

    @rule(split=st.booleans())
    def ask(self, split: bool) -> None:
        if not self.rows:
            return
        by = "stage" if split else ()
        answers = self.workspace.measure(*BY_PERIOD, grain="month", by=by, compare="none", engine=self.engine)
        for key, (count, tolerance) in BY_PERIOD.items():
            expected = count(self.rows.values(), split)
            found = {(row.period, row.segment.get("stage")): row.estimate.value for row in answers[key] if row.estimate.n}
            found = {cell: value for cell, value in found.items() if value or cell in expected}
            assert found.keys() == expected.keys(), key
            for cell, value in expected.items():
                assert found[cell] == pytest.approx(value, rel=tolerance, abs=1e-9), (key, cell)

    @invariant()
    def stocks_add_up(self) -> None:
        if not getattr(self, "rows", None):
            return
        months = [date(2026, month, 1) for month in range(1, 8)]
        answers = self.workspace.measure(
            *("open_at_end", "closed_of_start"),
            grain="month",
            start=months[0],
            end=date(2026, 8, 1),
            compare="none",
            engine=self.engine,
        )
        for key, count in (("open_at_end", scratch.open_at_end), ("closed_of_start", scratch.closed_of_start)):
            for month, row in zip(months, answers[key], strict=True):
                assert row.estimate.value in (None, count(self.rows.values(), month)), (key, month)
                if row.estimate.value is None:
                    assert count(self.rows.values(), month) == 0


Facts.TestCase.settings = settings(
    max_examples=12, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
test_any_history_of_facts_gives_the_answers_of_counting_from_scratch = Facts.TestCase


class FactsOnSpark(Facts):
    """The same on Spark, which takes longer: fewer and shorter histories."""

    engine = "spark"


FactsOnSpark.TestCase.settings = settings(
    max_examples=8, stateful_step_count=6, deadline=None, suppress_health_check=list(HealthCheck)
)
test_spark_gives_the_answers_of_counting_from_scratch_too = pytest.mark.spark(FactsOnSpark.TestCase)
