"""The main road: from a question to its answers."""

from polso.measure.ask import Facts, ask
from polso.measure.explain import Explanation, explain

__all__ = ["Explanation", "Facts", "ask", "explain"]
