"""The small models on top of the vectors: two logistic regressions, one for praise, one for blame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from polso.errors import PolsoError

LABELS = ("positive", "neutral", "negative", "mixed")
THRESHOLD = 0.40
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """Weights of shape (2, columns) and bias of shape (2,): praise, then blame."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    version: str

    def chances(self, given: Matrix) -> NDArray[np.float32]:
        """How likely there is praise, and blame; shape (rows, 2), each 0 to 1 and together not 1."""
        return np.asarray(1 / (1 + np.exp(-(given @ self.weight.T + self.bias))), np.float32)

    def save(self, path: Path) -> None:
        """Write the head to a file."""
        np.savez_compressed(path, weight=self.weight, bias=self.bias, version=np.array(self.version))


def load(path: Path) -> Head:
    """Read a head from a file; PolsoError when it is none."""
    try:
        with np.load(path) as found:
            return Head(found["weight"].astype(np.float32), found["bias"].astype(np.float32), str(found["version"]))
    except (OSError, KeyError, ValueError) as error:
        raise PolsoError(f"{path} is not a head of the text model ({error}): train it again") from None


def fit(given: Matrix, labels: Sequence[str], weights: Sequence[float], version: str, strength: float = 4.0) -> Head:
    """Learn a head from labelled rows; `mixed` counts as praise and as blame."""
    return fit_sparse(np.asarray(given, np.float64), labels, weights, version, strength)


def fit_sparse(given: Any, labels: Sequence[str], weights: Sequence[float], version: str, strength: float = 4.0) -> Head:
    """As `fit`, of a matrix of any kind."""
    sizes = np.asarray(weights, np.float64)
    solved = []
    for side in ("positive", "negative"):
        is_so = np.array([label in (side, "mixed") for label in labels])
        if is_so.all() or not is_so.any():
            raise PolsoError(f"every text or none is {side}: there is nothing to tell apart; judge texts of other kinds too")
        solved.append(LogisticRegression(C=strength, max_iter=400).fit(given, is_so, sample_weight=sizes))
    weight = np.concatenate([one.coef_ for one in solved]).astype(np.float32)
    return Head(weight, np.concatenate([one.intercept_ for one in solved]).astype(np.float32), version)


def label_of(praise: float, blame: float) -> str:
    """The class by two chances."""
    if praise >= THRESHOLD and blame >= THRESHOLD and abs(praise - blame) < 0.35:
        return "mixed"
    if max(praise, blame) < THRESHOLD:
        return "neutral"
    return "positive" if praise > blame else "negative"


def confidence_of(praise: float, blame: float, label: str) -> float:
    """How sure the class is, 0 to 1: how far the chances are from where it would change."""
    sure = {
        "mixed": min(praise, blame),
        "neutral": 1 - max(praise, blame),
        "positive": praise * (1 - blame),
        "negative": blame * (1 - praise),
    }
    return round(float(sure[label]), 4)
