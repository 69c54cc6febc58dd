"""What is called a real change, against published examples and statsmodels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from insights.populations import Array, Crowd, again, mean, nps, share
from polso.entities import CUSTOMER_GROUPS
from polso.insights.intervals import Intervals, Shape, interval
from polso.insights.significance import benjamini_hochberg, difference

PUBLISHED = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0),
]
"""Newcombe 1998, Statistics in Medicine 17: 873–890, table II, method 10."""


@dataclass(frozen=True)
class One:
    value: Array
    replicates: Array
    intervals: Intervals


def _share(yes: int, n: int) -> One:
    value = np.array([100 * yes / n])
    replicates = np.full((1, CUSTOMER_GROUPS), value[0])
    groups = np.array([CUSTOMER_GROUPS])
    return One(value, replicates, interval(value, replicates, groups, np.array([float(n)]), shape=Shape.PERCENT))


@pytest.mark.parametrize(("one", "two", "low", "high"), PUBLISHED)
def test_the_difference_of_two_shares_is_newcombes(one: tuple[int, int], two: tuple[int, int], low: float, high: float) -> None:
    found = difference(_share(*one), _share(*two))
    assert [found.low[0] / 100, found.high[0] / 100] == pytest.approx([low, high], abs=6e-5)


@given(st.lists(st.one_of(st.floats(0, 1), st.floats(0, 0.05)), min_size=1, max_size=60))
def test_changes_called_real_together_are_those_of_statsmodels(p: list[float]) -> None:
    expected, *_ = multipletests(p, alpha=0.05, method="fdr_bh")
    assert benjamini_hochberg(np.array(p)).tolist() == expected.tolist()


def test_a_change_nobody_can_know_takes_no_part() -> None:
    alone = benjamini_hochberg(np.array([0.04, np.nan, np.nan, np.nan]))
    assert alone.tolist() == [True, False, False, False]


@pytest.mark.parametrize("draw", [share(0.8), nps(0.5, 0.2), mean("exponential")], ids=["share", "nps", "mean"])
@pytest.mark.parametrize("heavy", [False, True], ids=["once", "again and again"])
def test_where_nothing_changed_one_in_twenty_seems_to(draw: object, heavy: bool) -> None:
    """The same customers twice: their answers go together, and the interval of the difference must know it."""
    runs = 2000
    now, before = again(Crowd.of(7, runs, 200, heavy=heavy), draw)  # type: ignore[arg-type]
    called = float((difference(now, before).p < 0.05).mean())
    assert 0.03 - 3 * np.sqrt(0.03 * 0.97 / runs) <= called <= 0.07 + 3 * np.sqrt(0.07 * 0.93 / runs)
