"""What a public page asks, and what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from polso.web.surveys.actions import Given
from polso.web.surveys.models import Answer, Link, Question
from polso.web.surveys.texts import told
from polso.web.surveys.words import words


@dataclass(frozen=True)
class Choice:
    """A score or an option one can choose."""

    value: str
    label: str
    chosen: bool
    shape: str = ""
    """Which face, star or thumb is drawn."""


@dataclass(frozen=True)
class Asked:
    """One question as a page shows it."""

    key: str
    kind: str
    text: str
    low: str
    high: str
    required: bool
    choices: Sequence[Choice]
    follow_ups: Sequence[Mapping[str, Any]]
    """What is asked after which scores: from, to, text, and whether it is asked now."""
    comment: str
    problem: str = ""

    @property
    def picks(self) -> bool:
        """Whether one answer is picked from several."""
        return self.kind not in ("open", "choices")

    @property
    def asks_now(self) -> bool:
        """Whether the score that was given is followed by a question."""
        return any(one["now"] for one in self.follow_ups)

    @property
    def open_box(self) -> bool:
        """Whether there is room for words beside the score."""
        return self.kind == "open" or bool(self.follow_ups)


@dataclass
class Said:
    """What a form said, question by question, and what was wrong with it."""

    given: dict[str, Given] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def asked(link: Link, questions: Sequence[Question], language: str, said: Said) -> list[Asked]:
    """The questions as a page shows them, with what was said so far."""
    return [_asked(one, language, said.given.get(one.key) or Given(one.key), said.problems.get(one.key, "")) for one in questions]


def _asked(question: Question, language: str, given: Given, problem: str) -> Asked:
    choices = _scores(question, language, given) if question.scores else _options(question, language, given)
    first = question.survey.language
    now = [question.scores and given.score is not None and one["from"] <= given.score <= one["to"] for one in question.follow_ups]
    follow_ups = [
        {"from": one["from"], "to": one["to"], "text": told(one["texts"], language, first), "now": is_now}
        for one, is_now in zip(question.follow_ups, now, strict=True)
    ]
    low, high = question.text("low", language), question.text("high", language)
    text = question.text("text", language)
    return Asked(question.key, question.kind, text, low, high, question.required, choices, follow_ups, given.comment, problem)


def _scores(question: Question, language: str, given: Given) -> list[Choice]:
    return [
        Choice(str(score), label(question, score, language), given.score == score, f"{question.kind}-{score}")
        for score in (reversed(question.scores) if question.kind == "thumbs" else question.scores)
    ]


def label(question: Question, score: int, language: str) -> str:
    """What a score is called: a number, so many of five, a face's name, yes or no."""
    own = words(language)
    if question.kind == "thumbs":
        return str(own["yes"] if score else own["no"])
    if question.kind == "faces":
        return str(own["faces"][score - 1])
    if question.kind == "stars":
        return str(own["of"]).format(n=score, most=question.scale_max)
    return str(score)


def _options(question: Question, language: str, given: Given) -> list[Choice]:
    first = question.survey.language
    return [
        Choice(one["key"], told(one["texts"], language, first) or one["key"], one["key"] in given.choices)
        for one in question.options
    ]


def known(link: Link) -> Said:
    """What was answered before."""
    found = Answer.objects.filter(link=link, current=True).select_related("question")
    return Said({one.question.key: Given(one.question.key, one.score, tuple(one.choices), one.comment) for one in found})


def read(sent: QueryDict, questions: Sequence[Question], before: Said, language: str, whole: bool) -> Said:
    """What a form says; where it is the whole one, what it leaves out of what is required is a problem."""
    said = Said(dict(before.given))
    own = words(language)
    for question in questions:
        key = question.key
        if not any(f"{part}-{key}" in sent for part in "qcm"):
            continue
        was = before.given.get(key) or Given(key)
        try:
            said.given[key] = _read(sent, question, was)
        except ValueError:
            said.problems[key] = own["wrong"]
    for question in questions:
        if whole and question.required and said.given.get(question.key, Given("")).empty:
            said.problems.setdefault(question.key, own["missing"])
    return said


def _read(sent: QueryDict, question: Question, was: Given) -> Given:
    key = question.key
    comment = sent.get(f"c-{key}", was.comment)
    chosen = [one for one in sent.getlist(f"q-{key}") if one]
    if question.kind == "open":
        return Given(key, comment=comment)
    if question.scores:
        score = int(chosen[-1]) if chosen else was.score
        if score is not None and score not in question.scores:
            raise ValueError
        return Given(key, score=score, comment=comment)
    options = {one["key"] for one in question.options}
    if not set(chosen) <= options or (question.kind == "choice" and len(chosen) > 1):
        raise ValueError
    kept = was.choices if not chosen and f"m-{key}" not in sent else tuple(dict.fromkeys(chosen))
    return Given(key, choices=kept, comment=comment)
