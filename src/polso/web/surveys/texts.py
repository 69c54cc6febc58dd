"""Texts in several languages, and which of them is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Texts = Mapping[str, str]
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def told(texts: Texts, language: str, first: str = "en") -> str:
    """The text in a language, in the same language of elsewhere, in the first one, or in any."""
    for one in (language, language.split("-")[0], first, *sorted(texts)):
        if texts.get(one):
            return texts[one]
    return ""


def chosen(wanted: Sequence[str], spoken: Sequence[str], first: str) -> str:
    """The first wanted language that is spoken (de-AT is served by de), or the first one."""
    known = {one.lower(): one for one in spoken}
    for one in wanted:
        for name in (one.lower(), one.lower().split("-")[0]):
            if name in known:
                return known[name]
    return first


def direction(language: str) -> str:
    """Which way a language is written."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"
