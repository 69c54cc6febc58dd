"""Waiting times against lifelines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import qth_survival_time

from polso.entities import CUSTOMER_GROUPS
from polso.insights.survival import happened, time_quantile

WAITS = st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=3, max_size=150)


@given(WAITS)
def test_the_curve_is_that_of_lifelines(waits: list[tuple[int, bool]]) -> None:
    events, waiting, values = _counts(waits)
    fitted = KaplanMeierFitter().fit([time for time, _ in waits], [over for _, over in waits])
    ours = happened(events.sum(axis=0), waiting.sum(axis=0))
    assert ours == pytest.approx(1 - fitted.survival_function_at_times(values).to_numpy(), abs=1e-9)


@given(WAITS, st.sampled_from([0.5, 0.9]))
def test_the_time_is_that_of_lifelines(waits: list[tuple[int, bool]], q: float) -> None:
    fitted = KaplanMeierFitter().fit([time for time, _ in waits], [over for _, over in waits])
    found = time_quantile(*_counts(waits), q)
    expected = float(qth_survival_time(1 - q + 1e-12, fitted.survival_function_))
    if np.isinf(expected):
        assert np.isnan(found.value) and found.reason is not None
    else:
        assert found.value == expected


def test_what_is_still_waiting_lengthens_the_time() -> None:
    over = [(time, True) for time in range(1, 41)]
    waiting = [(time, False) for time in range(20, 41)]
    assert time_quantile(*_counts(over + waiting), 0.5).value > time_quantile(*_counts(over), 0.5).value


def test_when_less_than_half_are_over_there_is_no_median_and_it_says_why() -> None:
    found = time_quantile(*_counts([(5, True)] * 10 + [(9, False)] * 30), 0.5)
    assert np.isnan(found.value)
    assert found.reason == "it has not yet happened to 50% of them"


def _counts(waits: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.unique([float(time) for time, _ in waits])
    events, waiting = np.zeros((CUSTOMER_GROUPS, len(values))), np.zeros((CUSTOMER_GROUPS, len(values)))
    for row, (time, over) in enumerate(waits):
        (events if over else waiting)[row % CUSTOMER_GROUPS, np.searchsorted(values, time)] += 1
    return events, waiting, values
