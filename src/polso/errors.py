"""The errors a person may meet: each names the thing, the value and the way out."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class PolsoError(Exception):
    """Anything Polso refuses; the message is one line, fit for standard error."""


class FormulaError(PolsoError):
    """A formula that cannot be read, checked or computed."""


class LoadError(PolsoError):
    """A file that cannot be loaded as asked; nothing of it was stored."""

    def __init__(self, message: str, rejects_file: Path | None = None) -> None:
        super().__init__(message)
        self.rejects_file = rejects_file
        """Where the refused rows are listed, when rows are what was wrong."""


class WarehouseError(PolsoError):
    """The stored facts cannot be read or written as asked."""


class QueryError(PolsoError):
    """A question that cannot be answered as asked."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `": did you mean 'x'?"` for the nearest known word, or the whole choice when none is near."""
    choices = sorted(known)
    near = get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if near:
        return f": did you mean '{near[0]}'?"
    if len(choices) <= 30:
        return f": known are {', '.join(choices)}" if choices else ""
    return ""
