"""The readers that come with Polso: the full one, and the fast one that is also the fallback."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer

from polso.text import embedding, words
from polso.text.aspects import Taxonomy, clauses, clauses_about, taxonomy
from polso.text.emotions import Emotions
from polso.text.emotions import load as load_emotions
from polso.text.head import Head, confidence_of, label_of, load
from polso.text.language import language_of
from polso.text.reading import Opinion, Reader, Reading, Text

COLUMNS = 2**17
FRAGMENT = {"positive": (0.9, 0.03), "negative": (0.03, 0.9), "neutral": (0.08, 0.08)}
_CLEAR = 0.5
"""How far praise and blame of a clause must be apart for it to speak clearly."""
_SHORT = 300
_CLAUSE = 0.7
"""How much the clause counts in an aspect's sentiment; the whole text is the rest."""


class Full:
    """Reads with the embedding: about 20 texts a second on one core."""

    model = "e5"

    def __init__(self, head: Head | None = None, taxonomy: Taxonomy | None = None, emotions: Emotions | None = None) -> None:
        self.head = head or load(shipped("head.npz"))
        self.taxonomy = taxonomy
        self.emotions = emotions

    @property
    def version(self) -> str:
        """The version of the head."""
        return self.head.version

    def read(self, texts: Sequence[Text]) -> list[Reading | None]:
        """Read texts, in their order; None where there is nothing to read."""
        return [self._one(text) if text.text and embedding.clean(text.text) else None for text in texts]

    def _one(self, text: Text) -> Reading:
        pieces = embedding.windows(embedding.clean(text.text))
        vectors = embedding.embed(pieces)
        chances = self.head.chances(with_words(vectors, pieces))
        sizes = np.array([len(piece) for piece in pieces], np.float64)
        praise, blame = (float(one) for one in sizes @ chances / sizes.sum())
        said = words.fragment(text.text)
        if said:
            praise, blame = FRAGMENT[said]
        elif len(text.text) <= _SHORT and words.turns(text.text):
            praise, blame = self._turned(text.text, praise, blame)
        language = language_of(text.text, text.hint)
        label = label_of(praise, blame)
        opinions = self._opinions(text.text, language, praise - blame) if self.taxonomy else ()
        emotion = self.emotions.of(vectors.mean(axis=0), label) if self.emotions and not said else None
        sure = confidence_of(praise, blame, label)
        return Reading(language, _score(praise, blame), label, sure, self.model, self.version, emotion, opinions)

    def _turned(self, text: str, praise: float, blame: float) -> tuple[float, float]:
        """Both chances high where one clause clearly praises and another clearly blames."""
        cut = clauses(text)
        each = self.head.chances(with_words(embedding.embed(cut), cut))
        best, worst = each[:, 0] - each[:, 1], each[:, 1] - each[:, 0]
        if best.max() < _CLEAR or worst.max() < _CLEAR:
            return praise, blame
        middle = max(0.5, (praise + blame) / 2)
        return middle + 0.1 * (praise - blame), middle - 0.1 * (praise - blame)

    def _opinions(self, text: str, language: str | None, whole: float) -> tuple[Opinion, ...]:
        found = clauses_about(text, self.taxonomy, language) if self.taxonomy else []
        if not found:
            return ()
        cut = [about.clause for about in found]
        alone = {clause for clause in cut if embedding.clean(clause) != embedding.clean(text)}
        chances = {clause: self.head.chances(with_words(embedding.embed([clause]), [clause]))[0] for clause in alone}
        return tuple(_opinion(about.aspect, about.words, chances.get(about.clause), whole) for about in found)


class Fast:
    """Reads with letters and words only: over a thousand texts a second on one core, less exact."""

    model = "fast"

    def __init__(self, head: Head | None = None) -> None:
        self.head = head or load(shipped("fast.npz"))

    @property
    def version(self) -> str:
        """The version of the head."""
        return self.head.version

    def read(self, texts: Sequence[Text]) -> list[Reading | None]:
        """Read texts, in their order; None where there is nothing to read."""
        if not texts:
            return []
        chances = self.head.chances(grams([embedding.clean(text.text) for text in texts]))
        return [
            self._one(text, *map(float, pair)) if text.text and embedding.clean(text.text) else None
            for text, pair in zip(texts, chances, strict=True)
        ]

    def _one(self, text: Text, praise: float, blame: float) -> Reading:
        said = words.fragment(text.text)
        praise, blame = FRAGMENT[said] if said else (praise, blame)
        label = label_of(praise, blame)
        sure = confidence_of(praise, blame, label)
        return Reading(language_of(text.text, text.hint), _score(praise, blame), label, sure, self.model, self.version)


def made(full: bool, sector: str) -> Reader:
    """The full reader with the aspects of a sector, where its embedding is there; else the fast one."""
    if full and embedding.available():
        return Full(taxonomy=taxonomy(sector), emotions=load_emotions(shipped("emotions.npz")))
    return Fast()


def with_words(vectors: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float32]:
    """What a head sees of texts: their vectors beside what their words say; shape (texts, 394)."""
    return np.hstack([vectors, 0.3 * words.features(texts)])


def grams(texts: Sequence[str]) -> csr_matrix:
    """What the fast head sees of texts: pieces of words, hashed; shape (texts, COLUMNS + FEATURES)."""
    pieces = _hashing().transform([embedding.clean(text).lower() for text in texts])
    return hstack([pieces, csr_matrix(words.features(texts))]).tocsr()


@lru_cache(maxsize=1)
def _hashing() -> HashingVectorizer:
    return HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), n_features=COLUMNS, alternate_sign=False, dtype=np.float32)


def _score(praise: float, blame: float) -> float:
    return round(100 * (praise - blame), 1)


def _opinion(aspect: str, found: str, chances: NDArray[np.float32] | None, whole: float) -> Opinion:
    clause = whole if chances is None else float(chances[0] - chances[1])
    felt = _CLAUSE * clause + (1 - _CLAUSE) * whole
    label = "positive" if felt > 0.1 else "negative" if felt < -0.1 else "neutral"
    return Opinion(aspect, round(100 * felt, 1), label, round(min(1.0, 0.5 + abs(felt) / 2), 4), found)


def shipped(name: str) -> Path:
    """The path of a file that comes with the reader."""
    return Path(str(files("polso.text").joinpath(f"data/{name}")))
