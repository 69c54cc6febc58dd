"""Which language a text is in, short ones too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

LANGUAGES = ("it", "en", "es", "fr", "de")
_SHORT = 16
_SURE = 0.8


def language_of(text: str, hint: str | None = None, languages: Sequence[str] = LANGUAGES) -> str | None:
    """The language of a text among those given; `hint` decides where the text is too short to tell, None with hardly a letter."""
    letters = sum(character.isalpha() for character in text)
    if letters < 4:
        return hint
    known = _identifier(tuple(languages))
    found, sure = known.classify(text)
    unsure = letters < _SHORT or sure < _SURE
    return hint if unsure and hint in languages else str(found)


@lru_cache(maxsize=4)
def _identifier(languages: tuple[str, ...]) -> LanguageIdentifier:
    known = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known.set_languages(list(languages))
    return known
