"""Intervals against published ones and against the textbook."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.populations import Array
from polso.entities import CUSTOMER_GROUPS
from polso.formula.combine import replicated
from polso.insights.intervals import FEWEST_GROUPS, Intervals, Shape, interval, quantile_interval, standard_error

ONE = np.array([CUSTOMER_GROUPS])


def alike(value: float, n: float, shape: Shape, **shares: float) -> Intervals:
    """The interval of a number whose rows are independent: its replicates do not move."""
    given_shares = {name: np.array([share]) for name, share in shares.items()}
    return interval(np.array([value]), np.full((1, CUSTOMER_GROUPS), value), ONE, np.array([n]), shape=shape, **given_shares)


def test_18_of_20_lies_between_69_9_and_97_2_percent() -> None:
    """Wilson 1927; the example of Brown, Cai & DasGupta 2001's calculators and of R's binom.confint(18, 20)."""
    found = alike(90.0, 20, Shape.PERCENT)
    assert [found.low[0], found.high[0]] == pytest.approx([69.8966, 97.2133], abs=1e-3)


def test_none_of_10_may_still_be_27_8_percent() -> None:
    """R: prop.test(0, 10, correct = FALSE)$conf.int → 0, 0.2775328."""
    found = alike(0.0, 10, Shape.PERCENT)
    assert [found.low[0], found.high[0]] == pytest.approx([0, 27.75328], abs=1e-4)


def test_nps_of_50_promoters_and_20_detractors_among_100() -> None:
    """Worked by hand with Rocks 2016's adjusted Wald: 50.75/103 − 20.75/103 ± 1.96·√(0.609341/103)."""
    found = alike(30.0, 100, Shape.NPS, promoters=0.5, detractors=0.2)
    assert [found.low[0], found.high[0]] == pytest.approx([14.0511, 44.2013], abs=1e-3)


def test_nps_of_promoters_alone_stays_within_100() -> None:
    found = alike(100.0, 12, Shape.NPS, promoters=1.0, detractors=0.0)
    assert found.high[0] == 100
    assert 50 < found.low[0] < 100


@given(st.lists(st.floats(-1e6, 1e6), min_size=CUSTOMER_GROUPS, max_size=CUSTOMER_GROUPS))
def test_one_customer_a_group_gives_the_standard_error_of_the_textbook(values: list[float]) -> None:
    """s/√n."""
    sums = np.append(values, 0)[None, :]
    rows = np.append(np.ones(CUSTOMER_GROUPS), 0)[None, :]
    theta = replicated(sums) / replicated(rows)
    expected = np.std(values, ddof=1) / np.sqrt(CUSTOMER_GROUPS)
    assert standard_error(theta[:, 0], theta[:, 1:])[0] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_too_few_customers_give_no_interval_of_a_mean_but_say_so() -> None:
    replicates = np.full((1, CUSTOMER_GROUPS), 5.0)
    replicates[0, 0] = 6.0
    few = np.array([FEWEST_GROUPS - 1])
    found = interval(np.array([5.0]), replicates, few, np.array([9.0]), shape=Shape.POSITIVE)
    assert np.isnan(found.low[0]) and np.isnan(found.high[0])
    assert found.reasons == ["too few customers for an interval"]


def test_a_few_customers_who_carry_the_spread_widen_the_interval() -> None:
    even = np.full((1, CUSTOMER_GROUPS), 100.0) + np.where(np.arange(CUSTOMER_GROUPS) % 2, 1.0, -1.0)
    few = np.full((1, CUSTOMER_GROUPS), 100.0)
    few[0, :2] += np.array([1, -1]) * np.sqrt(CUSTOMER_GROUPS / 2)
    widths = []
    for replicates in (even, few):
        found = interval(np.array([100.0]), replicates, ONE, np.array([1000.0]), shape=Shape.FREE)
        widths.append(found.high[0] - found.low[0])
    assert standard_error(np.array([100.0]), even) == pytest.approx(standard_error(np.array([100.0]), few))
    assert widths[1] > 1.3 * widths[0]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=200), st.sampled_from([0.1, 0.5, 0.9, 0.95]))
def test_a_quantile_is_that_of_r_type_7(rows: list[int], q: float) -> None:
    """Hyndman & Fan 1996's definition 7, which NumPy and R take when not told otherwise."""
    found = quantile_interval(*_counts(np.array(rows, dtype=float)), q)
    assert found.value == pytest.approx(np.quantile(rows, q))


def test_the_interval_of_a_median_is_that_of_the_signs() -> None:
    """Independent rows 1…101: the binomial's 95 % interval runs from the 41st to the 61st value (Hahn & Meeker 1991)."""
    found = quantile_interval(*_counts(np.arange(1, 102, dtype=float)), 0.5)
    assert found.value == 51
    assert found.low == pytest.approx(41, abs=1.5) and found.high == pytest.approx(61, abs=1.5)


def _counts(rows: Array) -> tuple[Array, Array]:
    values, place = np.unique(rows, return_inverse=True)
    counts = np.zeros((CUSTOMER_GROUPS, len(values)))
    np.add.at(counts, (np.arange(len(rows)) % CUSTOMER_GROUPS, place), 1)
    return counts, values
