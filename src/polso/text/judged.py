"""The Sentiment Score's interval with the machine's errors in it, from texts that people judged.

Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023, Science 382:669): the mean of what the
machine says, corrected by its mean error on judged texts chosen by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from scipy.stats import norm

from polso.errors import QueryError

_POINTS = {"positive": 100.0, "negative": -100.0, "neutral": 0.0, "mixed": 0.0}


@dataclass(frozen=True)
class Judged:
    """A score with its interval, in points; `error` is how far the machine was off on average."""

    score: float
    low: float
    high: float
    error: float
    judgements: int
    readings: int


def score(read: Sequence[str], judged: Sequence[tuple[str, str]], level: float = 0.95) -> Judged:
    """The Sentiment Score of texts: `read` are labels of texts nobody judged, `judged` pairs of machine's and person's label."""
    if len(read) < 2 or len(judged) < 2:
        raise QueryError(f"{len(judged)} judgements of {len(read)} texts are too few: judge at least two texts")
    said = np.array([_POINTS[label] for label in read])
    errors = np.array([_POINTS[machine] - _POINTS[person] for machine, person in judged])
    middle = float(said.mean() - errors.mean())
    half = _z(level) * sqrt(said.var(ddof=1) / len(said) + errors.var(ddof=1) / len(errors))
    return Judged(middle, max(-100.0, middle - half), min(100.0, middle + half), float(errors.mean()), len(judged), len(read))


def needed(read: Sequence[str], judged: Sequence[tuple[str, str]], width: float, level: float = 0.95) -> int | None:
    """How many judgements in all would narrow the interval to `width` points; None where none would, for want of texts."""
    said = np.array([_POINTS[label] for label in read])
    errors = np.array([_POINTS[machine] - _POINTS[person] for machine, person in judged])
    left = (width / 2 / _z(level)) ** 2 - said.var(ddof=1) / len(said)
    return max(2, ceil(errors.var(ddof=1) / left)) if left > 0 else None


def _z(level: float) -> float:
    return float(norm.ppf(0.5 + level / 2))
