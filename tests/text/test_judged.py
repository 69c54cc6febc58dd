"""The score's interval with the machine's errors in it."""

from __future__ import annotations

import numpy as np
import pytest

from polso.errors import QueryError
from polso.text import judged


def test_a_score_worked_by_hand() -> None:
    # Machine: 100, 100, 0, -100 (mean 25, variance 9166.67). Errors: 0, 0, 200, 0 (mean 50, variance 10000).
    found = judged.score(
        ["positive", "positive", "neutral", "negative"],
        [("positive", "positive"), ("negative", "negative"), ("positive", "negative"), ("neutral", "mixed")],
    )
    assert found.score == -25.0
    assert found.error == 50.0
    # 1.959964 * sqrt(9166.667 / 4 + 10000 / 4) = 135.67, held at -100 below.
    assert found.low == -100.0
    assert found.high == 100.0


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    dice, names = np.random.default_rng(3), np.array(["positive", "neutral", "negative"])
    held = 0
    for _ in range(400):
        truth = dice.choice(names, 1_200, p=[0.5, 0.2, 0.3])
        read = np.where(dice.random(1_200) < 0.15, dice.choice(names, 1_200), truth)
        found = judged.score(list(read[200:]), list(zip(read[:200], truth[:200], strict=True)))
        held += found.low <= 20.0 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_how_many_judgements_a_width_takes() -> None:
    read, seen = ["positive", "negative"] * 5_000, [("positive", "positive")] * 90 + [("positive", "neutral")] * 10
    wanted = judged.needed(read, seen, 8.0)
    # (4 / 1.959964)^2 - 10001.0 / 10000 = 3.165; the errors' variance is 909.09: 909.09 / 3.165 = 287.2.
    assert wanted == 288
    assert judged.needed(read, seen, 2.0) is None


def test_too_few_judgements_are_refused() -> None:
    with pytest.raises(QueryError, match="too few"):
        judged.score(["positive"] * 5, [])
