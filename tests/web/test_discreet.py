"""Small groups are kept to themselves, and cannot be worked out from the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from polso.answer import Answer, Answers, Change, Estimate, Goal, Row
from polso.web.discreet import HIDDEN, discreet


def answer(*sizes: int, period: str = "2026-01-01") -> Answer:
    rows = tuple(
        Row(period, {"team": f"t{place}"}, Estimate(1.0 if n else None, 0.5, 1.5, n), Change(1, 0, 2, True), Goal(3, True))
        for place, n in enumerate(sizes)
    )
    return Answer("csat", "%", "v", {}, ("team",), rows)


def shown(*sizes: int, smallest: int = 5) -> list[int]:
    (told,) = discreet(Answers((answer(*sizes),)), smallest)
    return [row.estimate.n for row in told]


def test_groups_of_a_few_are_hidden() -> None:
    assert shown(20, 4, 9, 3) == [20, 0, 9, 0]


def test_one_hidden_group_takes_the_next_smallest_with_it() -> None:
    assert shown(20, 4, 9) == [20, 0, 0]
    assert shown(4, 9) == [0, 0]


def test_nothing_is_hidden_where_nobody_is_small() -> None:
    assert shown(5, 6, 0) == [5, 6, 0]


def test_a_hidden_row_says_why_and_nothing_else() -> None:
    (told,) = discreet(Answers((answer(20, 4, 9, 3),)), 5)
    row = told.rows[1]
    assert row.estimate == Estimate(None, reason=HIDDEN)
    assert row.change is None and row.goal is None


@given(st.lists(st.integers(0, 12), max_size=8), st.integers(1, 10))
def test_never_just_one_is_missing(sizes: list[int], smallest: int) -> None:
    left = shown(*sizes, smallest=smallest)
    assert all(n == 0 or n >= smallest for n in left)
    missing = [n for n, kept in zip(sizes, left, strict=True) if n and not kept]
    assert len(missing) != 1 or len([n for n in sizes if n]) == 1
