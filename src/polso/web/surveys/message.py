"""The first question inside an e-mail: each answer is a link to the page on which it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from polso.web.surveys.form import label
from polso.web.surveys.links import address
from polso.web.surveys.models import Link, Question
from polso.web.surveys.public import ink_on
from polso.web.surveys.texts import chosen, direction
from polso.web.surveys.words import words

_FACES = ("😞", "🙁", "😐", "🙂", "😀")


@dataclass(frozen=True)
class Block:
    """The part of a message that asks: as HTML, to be put into the body of a letter, and as plain text."""

    html: str
    text: str
    title: str
    language: str


@dataclass(frozen=True)
class _Tap:
    label: str
    sign: str
    address: str


def block(link: Link) -> Block:
    """The first question of a link's survey with one address for each answer, in the link's language.

    Opening an address shows the score as chosen; it is recorded when a person confirms it on the page, so that a program
    which follows the links of a message answers nothing (docs/decisions/e-mail-taps.md). Where the first question has no
    score there is one address, of the page.
    """
    survey = link.survey
    language = chosen([link.language or survey.language], survey.languages, survey.language)
    question = next(iter(survey.asked), None)
    context = {
        "question": question.text("text", language) if question else "",
        "low": question.text("low", language) if question else "",
        "high": question.text("high", language) if question else "",
        "intro": survey.text("intro", language),
        "taps": _taps(link, question, language),
        "page": address(link, lang=language),
        "logo": f"{settings.POLSO_URL}{reverse('survey_logo', args=[survey.key])}" if survey.logo else "",
        "colour": survey.colour,
        "ink": ink_on(survey.colour),
        "language": language,
        "direction": direction(language),
        "w": words(language),
    }
    html = render_to_string("surveys/message.html", context)
    lines = [one for one in render_to_string("surveys/message.txt", context).splitlines() if one.strip()]
    return Block(html, "\n".join(lines) + "\n", survey.text("title", language), language)


def _taps(link: Link, question: Question | None, language: str) -> list[_Tap]:
    if question is None:
        return []
    scores = reversed(question.scores) if question.kind == "thumbs" else question.scores
    return [
        _Tap(
            label(question, score, language),
            _sign(question.kind, score, language, question),
            address(link, q=question.key, score=str(score), lang=language),
        )
        for score in scores
    ]


def _sign(kind: str, score: int, language: str, question: Question) -> str:
    if kind == "faces":
        return _FACES[score - 1]
    return "★" * score if kind == "stars" else label(question, score, language)
