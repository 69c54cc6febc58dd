"""What a widget has to know: the survey, when to show it, and its few words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from polso.web.surveys.models import Question
from polso.web.surveys.texts import RIGHT_TO_LEFT
from polso.web.surveys.words import words
from polso.web.widget.models import Widget

_MORE = {
    "en": {"close": "Close", "skip": "Skip"},
    "it": {"close": "Chiudi", "skip": "Salta"},
    "de": {"close": "Schließen", "skip": "Überspringen"},
    "fr": {"close": "Fermer", "skip": "Passer"},
    "es": {"close": "Cerrar", "skip": "Omitir"},
}
"""What a box has that a page has not."""
_SHARED = ("send", "next", "of", "yes", "no", "faces")


def told(widget: Widget) -> dict[str, Any]:
    """Everything the script asks for; all of it is public."""
    survey = widget.survey
    return {
        "survey": survey.key,
        "version": survey.version,
        "languages": survey.languages or [survey.language],
        "language": survey.language,
        "rtl": sorted(RIGHT_TO_LEFT),
        "colour": survey.colour,
        "theme": survey.theme,
        "edit": survey.edit_hours,
        "texts": {name: survey.texts.get(name, {}) for name in ("thanks", "consent")},
        "questions": [_question(one) for one in survey.asked],
        "words": _words((*survey.languages, survey.language)),
        "triggers": widget.triggers,
        "pages": widget.pages,
        "sample": widget.sample,
        "every": widget.every,
        "position": widget.position,
    }


def _words(languages: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The widget's own words by language: those of the survey's that are known, and English."""
    spoken = [one for one in dict.fromkeys(one.split("-")[0] for one in (*languages, "en")) if one in _MORE]
    return {
        one: {**{name: words(one)[name] for name in _SHARED}, "thanks": words(one)["thanks_title"], **_MORE[one]}
        for one in spoken
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "kind": question.kind,
        "min": question.scale_min,
        "max": question.scale_max,
        "required": question.required,
        "texts": question.texts,
        "options": question.options,
        "follow_ups": question.follow_ups,
    }
