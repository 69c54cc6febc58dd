"""Learning from people: the head is fitted again to what Polso brings along and what people corrected."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polso.errors import PolsoError
from polso.text import embedding
from polso.text.builtin import shipped, with_words
from polso.text.head import LABELS, Head, fit, label_of, load

FOLDS = 5
_MOST_WEIGHT, _SHARES = 40.0, (0.5, 0.2, 0.05)
"""How much all corrections together count beside what Polso brings along: less, where much would do harm."""
_ALLOWED_LOSS = 0.01
_FEWEST = 10
"""Corrections below which before and after cannot be told."""


@dataclass(frozen=True)
class Correction:
    """What a person says a text's label is."""

    text: str
    label: str


@dataclass(frozen=True)
class Lesson:
    """What was learned: `before` and `after` are the share of held-back corrections read right, None where too few.

    `kept_before` and `kept_after` are the same of texts that were not corrected; `taken` says whether the new head is used.
    """

    head: Head
    corrections: int
    before: float | None
    after: float | None
    kept_before: float
    kept_after: float
    taken: bool


def learn(corrections: Sequence[Correction], base: Head | None = None) -> Lesson:
    """Fit the head again; it is not taken where texts that nobody corrected are read worse by more than a point."""
    unknown = {one.label for one in corrections} - set(LABELS)
    if unknown or not corrections:
        raise PolsoError(
            f"nothing to learn from {', '.join(sorted(unknown)) or 'no corrections'}: labels are {', '.join(LABELS)}"
        )
    old, texts = base or load(shipped("head.npz")), [one.text for one in corrections]
    seen, labels = with_words(embedding.embed(texts), texts), [one.label for one in corrections]
    kept, kept_labels = _frozen()
    was = told_apart(old, kept, kept_labels)
    for share in _SHARES:
        new = _fitted(seen, labels, _version(corrections), share)
        now = told_apart(new, kept, kept_labels)
        if now >= was - _ALLOWED_LOSS:
            break
    before, after = _held_back(seen, labels, old, share)
    return Lesson(new, len(corrections), before, after, was, now, now >= was - _ALLOWED_LOSS)


def told_apart(head: Head, seen: NDArray[np.float32], labels: Sequence[str]) -> float:
    """Of the rows that praise or blame, the share where the head leans the right way."""
    polar = [place for place, label in enumerate(labels) if label in ("positive", "negative")]
    chances = head.chances(seen[polar])
    return float(np.mean((chances[:, 0] > chances[:, 1]) == [labels[place] == "positive" for place in polar]))


def right(head: Head, seen: NDArray[np.float32], labels: Sequence[str]) -> float:
    """The share of rows whose label the head finds."""
    found = [label_of(float(praise), float(blame)) for praise, blame in head.chances(seen)]
    return float(np.mean([one == label for one, label in zip(found, labels, strict=True)]))


def _held_back(seen: NDArray[np.float32], labels: list[str], old: Head, share: float) -> tuple[float | None, float | None]:
    """Before and after by cross-validation: each correction is judged by a head that did not see it."""
    if len(labels) < _FEWEST:
        return None, None
    fold = np.random.default_rng(0).permutation(len(labels)) % FOLDS
    hits = 0.0
    for held in range(FOLDS):
        learned = [label for label, one in zip(labels, fold, strict=True) if one != held]
        judged = [label for label, one in zip(labels, fold, strict=True) if one == held]
        hits += len(judged) * right(_fitted(seen[fold != held], learned, "", share), seen[fold == held], judged)
    return right(old, seen, labels), hits / len(labels)


def _fitted(seen: NDArray[np.float32], labels: list[str], version: str, share: float) -> Head:
    rows, known, weights = _base()
    weight = min(_MOST_WEIGHT, share * len(known) / len(labels))
    return fit(np.vstack([rows, seen]), [*known, *labels], [*weights, *[weight] * len(labels)], version)


@lru_cache(maxsize=1)
def _base() -> tuple[NDArray[np.float32], list[str], list[float]]:
    with as_file(files("polso.text").joinpath("data/base.npz")) as path, np.load(path) as found:
        labels = [LABELS[code] for code in found["labels"]]
        return found["seen"].astype(np.float32), labels, found["weights"].astype(float).tolist()


@lru_cache(maxsize=1)
def _frozen() -> tuple[NDArray[np.float32], list[str]]:
    with as_file(files("polso.text").joinpath("data/frozen.npz")) as path, np.load(path) as found:
        return found["seen"].astype(np.float32), [LABELS[code] for code in found["labels"]]


def _version(corrections: Sequence[Correction]) -> str:
    digest = np.frombuffer(json.dumps([[one.text, one.label] for one in corrections]).encode(), np.uint8)
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{len(corrections)}-{int(digest.astype(np.uint64).sum()) % 65536:04x}"


class Heads:
    """The heads a workspace has had, oldest first; the last one not undone is in use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The versions there are, oldest first."""
        return sorted(path.stem for path in self.folder.glob("*.npz"))

    def current(self) -> Head:
        """The head in use: the newest, or the one Polso brings along."""
        names = self.names()
        return load(self.folder / f"{names[-1]}.npz") if names else load(shipped("head.npz"))

    def take(self, lesson: Lesson) -> Head:
        """Use what was learned, unless it does harm; returns the head in use."""
        if not lesson.taken:
            return self.current()
        self.folder.mkdir(parents=True, exist_ok=True)
        lesson.head.save(self.folder / f"{lesson.head.version}.npz")
        return lesson.head

    def undo(self) -> Head:
        """Go back to the head before; PolsoError when nothing was learned."""
        names = self.names()
        if not names:
            raise PolsoError("nothing was learned yet that could be undone")
        (self.folder / f"{names[-1]}.npz").unlink()
        return self.current()
