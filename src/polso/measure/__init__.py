"""The main road: from a question to its answers."""

from polso.measure.ask import Facts, ask

__all__ = ["Facts", "ask"]
