"""Which emotion a text shows; experimental, and silent unless it is sure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polso.errors import PolsoError

EMOTIONS = ("joy", "anger", "sadness", "fear", "surprise", "trust")
_FITTING = {"positive": ("joy", "trust", "surprise"), "negative": ("anger", "sadness", "fear", "surprise"), "mixed": EMOTIONS}
_SURE = 0.45


@dataclass(frozen=True)
class Emotions:
    """One logistic regression an emotion: weight of shape (6, 384), bias of shape (6,)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def of(self, vector: NDArray[np.float32], label: str) -> str | None:
        """The emotion of a text, among those that fit its class; None where none is sure."""
        chances = 1 / (1 + np.exp(-(self.weight @ vector + self.bias)))
        fitting = [(float(chances[EMOTIONS.index(name)]), name) for name in _FITTING.get(label, ())]
        best = max(fitting, default=(0.0, ""))
        return best[1] if best[0] >= _SURE else None


def load(path: Path) -> Emotions:
    """Read the emotions' weights; PolsoError when the file holds none."""
    try:
        with np.load(path) as found:
            return Emotions(found["weight"], found["bias"])
    except (OSError, KeyError, ValueError) as error:
        raise PolsoError(f"{path} holds no emotions ({error}): train them again") from None
