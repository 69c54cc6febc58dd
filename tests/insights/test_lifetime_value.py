"""Lifetime value against the published examples.

`cdnow.csv.gz` is the summary of the CDNOW sample (2,357 customers of a music shop, first quarter of 1997, 39 weeks) of
Fader & Hardie, brucehardie.com/datasets, as the package `lifetimes` (MIT) distributes it.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from polso.insights.intervals import Array
from polso.insights.lifetime_value import Contracts, Purchases, Spending


@pytest.fixture(scope="module")
def cdnow() -> tuple[Array, Array, Array, Array]:
    with gzip.open(Path(__file__).with_name("cdnow.csv.gz"), "rt") as text:
        rows = np.array([[float(cell) for cell in row] for row in list(csv.reader(text))[1:]])
    repeats, recency, age, mean = rows.T
    return repeats, recency, age, mean


def test_purchases_of_cdnow_are_those_of_the_paper(cdnow: tuple[Array, ...]) -> None:
    """Fader, Hardie & Lee 2005, table 2."""
    repeats, recency, age, _ = cdnow
    model = Purchases.fit(repeats, recency, age, np.ones(len(repeats)))
    assert [model.r, model.alpha, model.a, model.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=6e-4)


def test_a_customer_of_the_paper_buys_1_226_times_in_39_weeks() -> None:
    """The worked example of Fader, Hardie & Lee's spreadsheet note: x = 2, t_x = 30.43, T = 38.86."""
    model = Purchases(0.243, 4.414, 0.793, 2.426)
    assert model.expected(np.array([2.0]), np.array([30.43]), np.array([38.86]), 39)[0] == pytest.approx(1.226, abs=5e-4)


def test_spending_of_cdnow_is_that_of_the_note(cdnow: tuple[Array, ...]) -> None:
    """Fader & Hardie 2013: p 6.25, q 3.74, γ 15.44."""
    repeats, _, _, mean = cdnow
    came_back = repeats > 0
    model = Spending.fit(repeats[came_back], mean[came_back], np.ones(int(came_back.sum())))
    assert [model.p, model.q] == pytest.approx([6.25, 3.74], abs=6e-3)
    assert model.gamma == pytest.approx(15.44, abs=0.015)


@pytest.mark.parametrize(
    ("left", "alpha", "beta"),
    [
        ([1000, 869, 743, 653, 593, 551, 517, 491], 0.668, 3.806),
        ([1000, 631, 468, 382, 326, 289, 262, 241], 0.704, 1.182),
    ],
    ids=["high end", "regular"],
)
def test_contracts_are_those_of_the_paper(left: list[int], alpha: float, beta: float) -> None:
    """Fader & Hardie 2007, table 1: two groups of customers over seven renewals."""
    lost = -np.diff(left)
    months = np.append(np.arange(1.0, 8.0), 7.0)
    ended = np.append(np.ones(7, dtype=bool), False)
    model = Contracts.fit(months, ended, np.append(lost, left[-1]).astype(float))
    assert [model.alpha, model.beta] == pytest.approx([alpha, beta], abs=6e-4)
    assert 1000 * model.survives(np.array([0.0, 7.0])) == pytest.approx([1000, left[-1]], rel=0.02)


def test_who_has_lasted_long_is_expected_to_last_longer() -> None:
    to_come = Contracts(0.7, 1.2).expected(np.array([0.0, 6.0, 24.0]), 12)
    assert list(to_come) == sorted(to_come)
    assert to_come[0] == pytest.approx(sum(Contracts(0.7, 1.2).survives(np.arange(1.0, 13.0))))


def test_who_has_not_come_for_long_is_less_likely_alive() -> None:
    model = Purchases(0.243, 4.414, 0.793, 2.426)
    often, lately, long_ago = np.array([8.0, 8.0]), 36.0, 10.0
    alive = model.alive(often, np.array([lately, long_ago]), np.array([38.0, 38.0]))
    assert alive[0] > 0.8 and alive[1] < 0.05
