"""Themes: what texts speak of, found from the texts themselves, named by their words, the same from week to week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest, false_discovery_control
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer

_ALIKE = 0.85
"""How near (cosine) a theme must lie to one of the week before to be the same."""
_STOP = [
    "il",
    "lo",
    "la",
    "gli",
    "le",
    "un",
    "uno",
    "una",
    "di",
    "del",
    "della",
    "dei",
    "delle",
    "da",
    "dal",
    "in",
    "nel",
    "nella",
    "con",
    "su",
    "per",
    "tra",
    "fra",
    "che",
    "chi",
    "cui",
    "non",
    "ma",
    "se",
    "come",
    "anche",
    "sono",
    "ho",
    "ha",
    "hanno",
    "era",
    "è",
    "si",
    "mi",
    "ci",
    "vi",
    "al",
    "alla",
    "ai",
    "alle",
    "dopo",
    "più",
    "molto",
    "tutto",
    "the",
    "and",
    "to",
    "of",
    "in",
    "is",
    "was",
    "for",
    "it",
    "my",
    "on",
    "with",
    "that",
    "this",
    "have",
    "had",
    "at",
    "be",
    "are",
    "not",
    "but",
    "very",
    "we",
    "they",
    "you",
    "so",
    "from",
    "as",
    "me",
    "our",
    "were",
    "has",
    "been",
    "all",
]


@dataclass(frozen=True)
class Theme:
    """A theme: its centre (length 1), the words that name it; a pinned one keeps its name and centre."""

    key: str
    name: str
    centre: NDArray[np.float32]
    pinned: bool = False


@dataclass(frozen=True)
class Growth:
    """How a theme's share changed; `growing` holds over all themes at once, with 5 % false findings among them."""

    key: str
    before: int
    now: int
    p: float
    new: bool
    growing: bool


def find(texts: Sequence[str], vectors: NDArray[np.float32], count: int = 12, known: Sequence[Theme] = ()) -> list[Theme]:
    """The themes of texts; those like a known one keep its key, and pinned ones stay as they are."""
    count = min(count, len(texts))
    if not count:
        return list(known)
    centred = vectors - vectors.mean(axis=0)
    dealt = KMeans(count, n_init=4, random_state=0).fit_predict(centred)
    names = _names(texts, dealt, count)
    found = [Theme("", names[one], _unit(vectors[dealt == one].mean(axis=0))) for one in range(count)]
    return _same_as(found, known)


def of(vectors: NDArray[np.float32], themes: Sequence[Theme]) -> list[str]:
    """The key of the nearest theme, a text each."""
    nearest = (vectors @ np.array([theme.centre for theme in themes]).T).argmax(axis=1)
    return [themes[one].key for one in nearest]


def merge(themes: Sequence[Theme], keys: Sequence[str], name: str) -> list[Theme]:
    """One theme in place of several, pinned under a name of one's own."""
    parts = [theme for theme in themes if theme.key in keys]
    whole = Theme(parts[0].key, name, _unit(np.mean([theme.centre for theme in parts], axis=0)), pinned=True)
    return [whole, *(theme for theme in themes if theme.key not in keys)]


def rename(themes: Sequence[Theme], key: str, name: str) -> list[Theme]:
    """A theme under a name of one's own, pinned."""
    return [replace(theme, name=name, pinned=True) if theme.key == key else theme for theme in themes]


def split(theme: Theme, texts: Sequence[str], vectors: NDArray[np.float32]) -> list[Theme]:
    """Two themes in place of one, found in its texts."""
    return [replace(part, key=f"{theme.key}.{place}") for place, part in enumerate(find(texts, vectors, 2), 1)]


def growth(before: Mapping[str, int], now: Mapping[str, int]) -> list[Growth]:
    """Which themes grew between two periods, given their texts in each (binomial test, Benjamini and Hochberg 1995)."""
    keys = sorted(set(before) | set(now))
    share = sum(now.values()) / max(1, sum(now.values()) + sum(before.values()))
    counts = [(before.get(key, 0), now.get(key, 0)) for key in keys]
    ps = [float(binomtest(new, old + new, share, "greater").pvalue) if old + new else 1.0 for old, new in counts]
    held = false_discovery_control(ps) <= 0.05 if ps else []
    rows = zip(keys, counts, ps, held, strict=True)
    return [Growth(key, old, new, p, old == 0 and bool(sure), bool(sure)) for key, (old, new), p, sure in rows]


def _names(texts: Sequence[str], dealt: NDArray[np.int32], count: int) -> list[str]:
    """Each theme's most telling words, by class-based TF-IDF (Grootendorst 2022)."""
    joined = [" ".join(text for text, one in zip(texts, dealt, strict=True) if one == theme) for theme in range(count)]
    counter = CountVectorizer(stop_words=_STOP, token_pattern=r"[^\W\d_]{3,}")
    try:
        counts = counter.fit_transform(joined).toarray()
    except ValueError:  # No word in any text.
        return [f"theme {one + 1}" for one in range(count)]
    weight = counts / np.maximum(1, counts.sum(axis=1, keepdims=True)) * np.log1p(counts.sum() / count / counts.sum(axis=0))
    words = counter.get_feature_names_out()
    return [" ".join(words[place] for place in row.argsort()[::-1][:3] if row[place] > 0) for row in weight]


def _same_as(found: list[Theme], known: Sequence[Theme]) -> list[Theme]:
    new_keys = (str(number) for number in range(1, 10_000) if str(number) not in {theme.key for theme in known})
    if not known:
        return [replace(theme, key=next(new_keys)) for theme in found]
    alike = np.array([[float(theme.centre @ old.centre) for old in known] for theme in found])
    pairs = {int(a): known[b] for a, b in zip(*linear_sum_assignment(-alike), strict=True) if alike[a, b] >= _ALIKE}
    kept = [theme for theme in known if theme.pinned and theme not in pairs.values()]
    return [_continued(theme, pairs.get(place), new_keys) for place, theme in enumerate(found)] + kept


def _continued(theme: Theme, old: Theme | None, new_keys: object) -> Theme:
    if old is None:
        return replace(theme, key=next(new_keys))  # type: ignore[call-overload]
    return old if old.pinned else replace(theme, key=old.key)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
