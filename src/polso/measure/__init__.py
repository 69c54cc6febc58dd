"""The main road: from a question to its answers."""

from polso.measure.ask import Facts, ask
from polso.measure.explain import Explanation, explain
from polso.measure.predict import Prediction, predict

__all__ = ["Explanation", "Facts", "Prediction", "ask", "explain", "predict"]
