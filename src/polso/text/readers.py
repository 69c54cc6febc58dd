"""Which readers there are; what a reader needs is loaded when it is first asked for."""

from __future__ import annotations

from importlib import import_module

from polso.errors import PolsoError, did_you_mean
from polso.text.reading import Reader

FULL, FAST = "full", "fast"
READERS = (FULL, FAST)


def reader(name: str = FULL, sector: str = "general") -> Reader:
    """A reader by name; the full one is the fast one where its embedding cannot be had."""
    if name not in READERS:
        raise PolsoError(f"there is no reader '{name}'{did_you_mean(name, READERS)}")
    made: Reader = import_module("polso.text.builtin").made(name == FULL, sector)
    return made
