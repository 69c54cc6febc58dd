"""The main road: from a question to its answers."""

from polso.measure.ask import Facts, ask
from polso.measure.behind import Bar, distribution, named, rows_behind
from polso.measure.explain import Explanation, explain
from polso.measure.predict import Prediction, predict
from polso.measure.why import Contribution, Why, why

__all__ = [
    "Bar",
    "Contribution",
    "Explanation",
    "Facts",
    "Prediction",
    "Why",
    "ask",
    "distribution",
    "explain",
    "named",
    "predict",
    "rows_behind",
    "why",
]
