"""Small groups are not shown: one could tell whose answers they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from polso.answer import Answer, Answers, Estimate, Row

HIDDEN = "too few facts to be shown by themselves"


def discreet(answers: Answers, smallest: int) -> Answers:
    """The answers without the numbers of groups that are smaller than `smallest`.

    Where just one group of a period is hidden, the next smallest is hidden with it, or the first could be worked out from
    the whole.
    """
    return Answers(tuple(replace(answer, rows=_rows(answer, smallest)) for answer in answers))


def _rows(answer: Answer, smallest: int) -> tuple[Row, ...]:
    periods: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(answer.rows):
        periods[row.period].append(place)
    hidden = {place for places in periods.values() for place in _hidden(places, answer.rows, smallest)}
    return tuple(_blank(row) if place in hidden else row for place, row in enumerate(answer.rows))


def _hidden(places: Sequence[int], rows: Sequence[Row], smallest: int) -> list[int]:
    small = [place for place in places if 0 < rows[place].estimate.n < smallest]
    others = sorted((place for place in places if rows[place].estimate.n >= smallest), key=lambda place: rows[place].estimate.n)
    return small + others[:1] if len(small) == 1 and len(places) > 1 else small


def _blank(row: Row) -> Row:
    return replace(row, estimate=Estimate(None, reason=HIDDEN), change=None, goal=None)
