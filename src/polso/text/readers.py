"""Which readers there are."""

from __future__ import annotations

from polso.errors import PolsoError, did_you_mean
from polso.text import embedding
from polso.text.aspects import taxonomy
from polso.text.builtin import Fast, Full, shipped
from polso.text.emotions import load as emotions
from polso.text.reading import Reader

FULL, FAST = "full", "fast"
READERS = (FULL, FAST)


def reader(name: str = FULL, sector: str = "general") -> Reader:
    """A reader by name; the full one is the fast one where its embedding cannot be had."""
    if name not in READERS:
        raise PolsoError(f"there is no reader '{name}'{did_you_mean(name, READERS)}")
    if name == FAST or not embedding.available():
        return Fast()
    return Full(taxonomy=taxonomy(sector), emotions=emotions(shipped("emotions.npz")))
