"""Lifetime value through the workspace: from orders and contracts whose makers are known."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import polso
from polso.errors import PolsoError, QueryError
from polso.workspace import Workspace

BEGIN = datetime(2025, 1, 1, 12, tzinfo=UTC)
KNOWN_WEEKS, AHEAD_MONTHS = 60, 6
CUSTOMERS = 3_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[str, float]]:
    """A shop whose customers live and buy as BG/NBD says, and what those of each channel really spent afterwards."""
    dice = np.random.default_rng(5)
    until, end = KNOWN_WEEKS * 7, KNOWN_WEEKS * 7 + AHEAD_MONTHS * 365.25 / 12
    rows: dict[str, list[object]] = {name: [] for name in ("customer_id", "ordered_at", "margin", "channel")}
    afterwards: dict[str, list[float]] = {"app": [], "web": []}
    for number in range(CUSTOMERS):
        channel = "app" if number % 3 == 0 else "web"
        rate, leaving = dice.gamma(0.8, 1 / 40) * (2 if channel == "app" else 1), dice.beta(0.8, 2.5)
        worth = dice.gamma(4, 5)
        day, later = dice.uniform(0, 200), 0.0
        alive = True
        while day < end:
            spent = float(worth * dice.gamma(6, 1 / 6))
            if day < until:
                for name, value in zip(rows, (f"c{number}", BEGIN + timedelta(days=day), spent, channel), strict=True):
                    rows[name].append(value)
            else:
                later += spent
            alive = alive and dice.random() >= leaving
            if not alive:
                break
            day += dice.exponential(1 / rate)
        afterwards[channel].append(later)
    workspace = polso.open(tmp_path_factory.mktemp("shop"))
    workspace.load_table("order", pa.table(rows))
    return workspace, {channel: float(np.mean(spent)) for channel, spent in afterwards.items()}


def test_what_customers_spent_afterwards_had_been_foretold(shop: tuple[Workspace, dict[str, float]]) -> None:
    workspace, really = shop
    answer = workspace.predict("clv", months=AHEAD_MONTHS).only
    mean = sum(really[channel] * share for channel, share in (("app", 1 / 3), ("web", 2 / 3)))
    estimate = answer.only.estimate
    assert estimate.value == pytest.approx(mean, rel=0.15)
    assert estimate.low is not None and estimate.high is not None
    assert estimate.low < estimate.value < estimate.high
    assert estimate.n == CUSTOMERS
    assert answer.only.period == "2026-02-26"


def test_who_buys_more_is_worth_more(shop: tuple[Workspace, dict[str, float]]) -> None:
    workspace, really = shop
    rows = workspace.predict("clv", by="channel", months=AHEAD_MONTHS).only.rows
    found = {row.segment["channel"]: row.estimate.value for row in rows}
    assert set(found) == {"app", "web"}
    assert really["app"] > really["web"]
    assert found["app"] > found["web"]  # type: ignore[operator]


def test_a_customer_leaves_no_trace_in_what_others_are_worth_but_one(shop: tuple[Workspace, dict[str, float]]) -> None:
    workspace, _ = shop
    app = workspace.predict("clv", where="channel = 'app'", months=3).only.only.estimate
    assert app.n == CUSTOMERS // 3


def test_contracts_of_two_kinds(tmp_path: Path) -> None:
    """A tenth of plan 'pro' ends each month and a fifth of 'basic': 12 months of a contract are worth Σ 0.9^h, Σ 0.8^h."""
    dice = np.random.default_rng(1)
    workspace = polso.open(tmp_path)
    for plan, leaving, price in (("pro", 0.1, 50.0), ("basic", 0.2, 20.0)):
        lasts = dice.geometric(leaving, 2_000)
        began = dice.uniform(0, 20, 2_000)
        ends = began + lasts - 0.5
        month = timedelta(days=365.25 / 12)
        table = {
            "id": [f"{plan}{number}" for number in range(2_000)],
            "customer_id": [f"{plan}{number}" for number in range(2_000)],
            "started_at": [BEGIN + month * one for one in began],
            "ended_at": [BEGIN + month * one if one < 20 else None for one in ends],
            "monthly_revenue": [price] * 2_000,
            "plan": [plan] * 2_000,
        }
        workspace.load_table("subscription", pa.table(table))
    for plan, stays, price in (("pro", 0.9, 50.0), ("basic", 0.8, 20.0)):
        estimate = workspace.predict("contract_value", where=f"plan = '{plan}'").only.only.estimate
        assert estimate.value == pytest.approx(price * sum(stays**month for month in range(1, 13)), rel=0.05)
        assert estimate.low is not None and estimate.low < estimate.value


def test_a_handful_of_customers_is_too_few_and_it_says_so(tmp_path: Path) -> None:
    workspace = polso.open(tmp_path)
    table = {"customer_id": ["a", "a", "b"], "ordered_at": [BEGIN, BEGIN + timedelta(days=9), BEGIN], "margin": [5.0, 6.0, 7.0]}
    workspace.load_table("order", pa.table(table))
    estimate = workspace.predict("clv").only.only.estimate
    assert estimate.value is None
    assert estimate.reason == "only 1 customers have come back: 30 are needed to learn a habit"


def test_no_orders_at_all_is_an_answer_too(tmp_path: Path) -> None:
    estimate = polso.open(tmp_path).predict("clv").only.only.estimate
    assert (estimate.value, estimate.reason) == (None, "nothing to learn from")


@pytest.mark.parametrize(
    ("key", "question", "said"),
    [
        ("clw", {}, "'clw' cannot be foretold, only clv and contract_value: did you mean 'clv'?"),
        ("clv", {"months": 0}, "--months 0"),
        ("clv", {"value": "profit"}, "--value profit: give margin or amount"),
        ("clv", {"by": "chanel"}, "chanel"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, key: str, question: dict[str, object], said: str) -> None:
    workspace = polso.open(tmp_path)
    workspace.load_table("order", pa.table({"customer_id": ["a"], "ordered_at": [BEGIN], "margin": [5.0]}))
    with pytest.raises(PolsoError, match=re.escape(said)):
        workspace.predict(key, **question)  # type: ignore[arg-type]


def test_orders_without_margin_name_the_way_out(tmp_path: Path) -> None:
    workspace = polso.open(tmp_path)
    workspace.load_table("order", pa.table({"customer_id": ["a"], "ordered_at": [BEGIN], "amount": [5.0]}))
    with pytest.raises(QueryError, match="no order has a margin: load it, or ask for --value amount"):
        workspace.predict("clv")
