"""Why a number moved: parts that add up, against numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polso.insights.contributions import holm, judged, kitagawa, totals
from polso.insights.intervals import Array

rows = st.lists(
    st.tuples(st.floats(-100, 100), st.floats(-100, 100), st.integers(1, 10_000), st.integers(1, 10_000)), min_size=1, max_size=12
)


@given(rows)
def test_the_parts_add_exactly_to_the_change(segments: list[tuple[float, float, int, int]]) -> None:
    old, new, before, now = (np.array(side, dtype=float) for side in zip(*segments, strict=True))
    parts = kitagawa((old, new), (before, now))
    change = np.average(new, weights=now) - np.average(old, weights=before)
    assert parts.total.sum() == pytest.approx(change, abs=1e-9)


def test_mix_and_rate_are_those_worked_by_hand() -> None:
    # Chat goes from 1 in 4 to 1 in 2 and from 40 to 20; mail stays at 80: 70 becomes 50.
    parts = kitagawa((np.array([40.0, 80.0]), np.array([20.0, 80.0])), (np.array([25.0, 75.0]), np.array([50.0, 50.0])))
    assert parts.rate.tolist() == pytest.approx([-7.5, 0.0])
    assert parts.mix.tolist() == pytest.approx([-7.5, -5.0])


def test_where_every_group_got_better_but_the_whole_worse_it_is_the_mix() -> None:
    parts = kitagawa((np.array([90.0, 30.0]), np.array([92.0, 35.0])), (np.array([80.0, 20.0]), np.array([20.0, 80.0])))
    assert (parts.rate > 0).all()
    assert parts.mix.sum() == pytest.approx(-35.1)
    assert parts.total.sum() == pytest.approx(46.4 - 78.0)


def test_a_channel_that_opened_is_mix_and_not_a_worse_channel() -> None:
    parts = kitagawa((np.array([80.0, np.nan]), np.array([80.0, 20.0])), (np.array([50.0, 0.0]), np.array([50.0, 50.0])))
    assert parts.rate.tolist() == [0.0, 0.0]
    assert parts.total.sum() == pytest.approx(-30.0)


def test_a_count_moves_by_what_its_segments_move() -> None:
    parts = totals((np.array([10.0, np.nan]), np.array([7.0, 5.0])))
    assert parts.rate.tolist() == [-3.0, 5.0]


def test_holm_stops_at_the_first_that_does_not_pass() -> None:
    # Holm's steps of 0.05: 0.05/4, 0.05/3, 0.05/2, 0.05.
    assert holm(np.array([0.01, 0.04, 0.03, 0.005, np.nan])).tolist() == [True, False, False, True, False]


def _answers_of_a_period(chance: np.random.Generator) -> tuple[Array, Array]:
    segment, group = chance.integers(0, 8, 1500), chance.integers(0, 32, 1500)
    n, total = np.zeros((8, 32)), np.zeros((8, 32))
    np.add.at(n, (segment, group), 1)
    np.add.at(total, (segment, group), chance.choice([-100, 0, 100], 1500, p=[0.2, 0.3, 0.5]))
    rows, sums = (np.column_stack([one.sum(axis=1), one.sum(axis=1)[:, None] - one]) for one in (n, total))
    return sums / rows, rows


def test_where_nothing_changed_a_segment_is_blamed_at_most_once_in_twenty() -> None:
    chance, blamed, covered = np.random.default_rng(1), 0, []
    for _ in range(200):
        (old, before), (new, now) = _answers_of_a_period(chance), _answers_of_a_period(chance)
        found = judged(kitagawa((old, new), (before, now)).total, np.full(8, 32))
        blamed += bool(holm(found.p).any())
        covered.append(((found.low <= 0) & (found.high >= 0)).mean())
    assert blamed <= 16  # 200 × 5 %, and two standard deviations
    assert 0.93 <= np.mean(covered) <= 0.97
