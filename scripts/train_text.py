"""Train the heads of the text reader: `python scripts/train_text.py DATA CACHE`, DATA a folder of JSON lines.

Of DATA only what may go into a product is used: seeds_own, emoseeds_own, uci_sentences_train (CC BY 4.0, Kotzias et al.
2015) and xed_it_train, xed_en_train (CC BY 4.0, Öhman et al. 2020). Vectors are kept in CACHE from one run to the next.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from polso.text import builtin, embedding, head
from polso.text.emotions import EMOTIONS

INTO = Path(__file__).parents[1] / "src/polso/text/data"
LABEL = {"pos": "positive", "neg": "negative", "neu": "neutral", "mix": "mixed"}
VERSION = "1"
HELD = 8
"""Every eighth sentence of UCI is held back, to see what corrections spoil."""
SEEDS, XED_IT, XED_EN = 3_500, 500, 400
WEIGHTS = {"seeds_own": 0.5, "uci_sentences_train": 1.0, "xed_it_train": 0.2, "xed_en_train": 0.2, "comments": 3.0}


@dataclass(frozen=True)
class Rows:
    """Labelled texts and how much each counts."""

    texts: list[str]
    labels: list[str]
    weights: list[float]


def main() -> None:
    """Train and write the files of `src/polso/text/data`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--without-comments", action="store_true", help="leave our own comments out, to see what they bring")
    asked = parser.parse_args()
    rows = training(asked.data, 0.0 if asked.without_comments else WEIGHTS["comments"])
    seen = builtin.with_words(vectors(rows.texts, asked.cache), rows.texts)
    head.fit(seen, rows.labels, rows.weights, VERSION).save(INTO / "head.npz")
    codes = np.array([head.LABELS.index(label) for label in rows.labels], np.int8)
    np.savez_compressed(INTO / "base.npz", seen=seen.astype(np.float16), labels=codes, weights=np.array(rows.weights, np.float32))
    _frozen(asked.data, asked.cache)
    _fast(rows)
    _emotions(asked.data, asked.cache)


def training(data: Path, comments: float) -> Rows:
    """Every row that may be learned from."""
    rows = Rows([], [], [])
    for name in ("uci_sentences_train", "seeds_own", "xed_it_train", "xed_en_train"):
        for place, row in enumerate(lines(data, name)):
            if name == "uci_sentences_train" and place % HELD == 0:
                continue
            _add(rows, row["text"], LABEL[row["label"]], WEIGHTS[name])
    for row in own(held=False):
        if comments:
            _add(rows, row["text"], row["label"], comments)
    return rows


def lines(data: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a corpus, a sample of the long ones."""
    rows = [json.loads(line) for line in (data / f"{name}.jsonl").read_text("utf-8").splitlines()]
    most = {"seeds_own": SEEDS, "xed_it_train": XED_IT, "xed_en_train": XED_EN}.get(name, len(rows))
    random.Random(7).shuffle(rows)
    return rows[:most]


def own(held: bool) -> list[dict[str, str]]:
    """Our own comments: every fifth is held back."""
    with (INTO / "comments.csv").open(encoding="utf-8", newline="") as file:
        return [row for place, row in enumerate(csv.DictReader(file)) if (place % 5 == 0) is held]


def vectors(texts: Sequence[str], cache: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The vectors of texts, from the cache where it has them."""
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / "vectors.npz"
    known: dict[str, Any] = {}
    if file.exists():
        with np.load(file) as kept:
            known = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))
    new = [text for text in dict.fromkeys(texts) if text not in known]
    for start in range(0, len(new), 64):
        part = new[start : start + 64]
        known |= dict(zip(part, embedding.embed(part).astype(np.float16), strict=True))
    if new:
        np.savez(file, texts=np.array(list(known)), vectors=np.array(list(known.values()), np.float16))
    return np.array([known[text] for text in texts], np.float32)


def _add(rows: Rows, text: str, label: str, weight: float) -> None:
    rows.texts.append(text)
    rows.labels.append(label)
    rows.weights.append(weight)


def _frozen(data: Path, cache: Path) -> None:
    """Rows that are never learned from: what corrections must not spoil."""
    rows = [row for place, row in enumerate(lines(data, "uci_sentences_train")) if place % HELD == 0]
    pairs = [(row["text"], LABEL[row["label"]]) for row in rows] + [(row["text"], row["label"]) for row in own(held=True)]
    texts = [text for text, _ in pairs]
    codes = np.array([head.LABELS.index(label) for _, label in pairs], np.int8)
    seen = builtin.with_words(vectors(texts, cache), texts).astype(np.float16)
    np.savez_compressed(INTO / "frozen.npz", seen=seen, labels=codes)


def _fast(rows: Rows) -> None:
    made = head.fit_sparse(builtin.grams(rows.texts), rows.labels, rows.weights, VERSION)
    np.savez_compressed(INTO / "fast.npz", weight=made.weight.astype(np.float16), bias=made.bias, version=np.array(VERSION))


def _emotions(data: Path, cache: Path) -> None:
    rows = [row for name in ("emoseeds_own", "xed_it_train", "xed_en_train") for row in lines(data, name)]
    seen = vectors([row["text"] for row in rows], cache)
    sizes = [1.0 if row.get("label") is None else 0.5 for row in rows]
    solved = [
        LogisticRegression(C=4, max_iter=400, class_weight="balanced").fit(seen, [name in row["emotions"] for row in rows], sizes)
        for name in EMOTIONS
    ]
    weight = np.concatenate([one.coef_ for one in solved]).astype(np.float32)
    np.savez_compressed(INTO / "emotions.npz", weight=weight, bias=np.array([one.intercept_[0] for one in solved], np.float32))


if __name__ == "__main__":
    main()
