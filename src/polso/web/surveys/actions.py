"""Asking and answering: what changes, and the facts that tell of it, in one transaction."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from polso.errors import PolsoError
from polso.web.accounts.models import Person
from polso.web.surveys.facts import tell_answers, tell_invitation
from polso.web.surveys.models import EVENTS, Answer, Link, Question, Survey

LONGEST_COMMENT = 5_000
LONGEST_FIELD = 200
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_OF_A_PERSON = ("ticket_id", "order_id", "email", "name", "phone")
"""Fields that would tell who answered an anonymous survey."""


class AnswerError(PolsoError):
    """An answer that the question does not take."""


@dataclass(frozen=True)
class Given:
    """What somebody answers to one question."""

    question: str
    score: float | None = None
    choices: tuple[str, ...] = ()
    comment: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return self.score is None and not self.choices and not self.comment


def invite(
    survey: Survey,
    *,
    customer_id: str | None = None,
    language: str = "",
    channel: str = "link",
    fields: Mapping[str, Any] | None = None,
    test: bool = False,
    expires_at: datetime | None = None,
    person: Person | None = None,
    uid: uuid.UUID | None = None,
) -> Link:
    """Make the link by which one person answers. Of an anonymous survey it does not say whose it is.

    Nothing is told of it before it is sent: see `happened`.
    """
    known = plain(fields or {})
    if survey.anonymous:
        customer_id, known = None, {name: value for name, value in known.items() if name not in _OF_A_PERSON}
    return Link.objects.create(
        uid=uid or uuid.uuid4(),
        survey=survey,
        customer_id=customer_id or None,
        language=language,
        channel=channel,
        fields=known,
        test=test,
        expires_at=expires_at,
        person=person,
    )


def plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as they are kept: short texts, numbers and moments under simple names; AnswerError names what is not."""
    known: dict[str, Any] = {}
    for name, value in fields.items():
        if value in (None, ""):
            continue
        if not _NAME.match(name):
            raise AnswerError(f"'{name[:60]}' cannot be a field: use small letters, digits and _, 40 at most")
        if not isinstance(value, (str, int, float, bool)):
            raise AnswerError(f"field '{name}' has to be a text or a number, not a {type(value).__name__}")
        if name == "started_at":
            _moment(str(value))
        known[name] = value.replace("\0", "")[:LONGEST_FIELD] if isinstance(value, str) else value
    return known


def _moment(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise AnswerError(f"field 'started_at' is '{text[:40]}': a moment like 2026-01-31T09:30:00+01:00 is expected") from None


def happened(link: Link, *events: str, at: datetime | None = None) -> Link:
    """Note that a request was sent, delivered, opened or bounced, once each, and tell it as a fact."""
    for event in events:
        if event not in EVENTS:
            raise ValueError(event)
    with transaction.atomic():
        kept = _held(link)
        new = [f"{event}_at" for event in events if getattr(kept, f"{event}_at") is None]
        for name in new:
            setattr(kept, name, at or timezone.now())
        if new:
            kept.save(update_fields=new)
            tell_invitation(kept)
    return kept


def answer(
    link: Link,
    given: Sequence[Given],
    *,
    complete: bool = False,
    language: str = "",
    how: str = "button",
    at: datetime | None = None,
) -> Link:
    """Keep answers and write them down as facts, in one transaction: once this returns they are never lost.

    The same again changes nothing; another answer to the same question replaces the former, which is kept as history.
    AnswerError where a question does not take what was given, and then nothing is kept.
    """
    questions = {one.key: one for one in link.survey.asked}
    for one in given:
        check(questions.get(one.question), one)
    with transaction.atomic():
        kept = _held(link)
        now = at or timezone.now()
        made = [_keep(kept, questions[one.question], one, language or kept.language, how, now) for one in given]
        # Who answers was reached, and has opened what was sent.
        reached = ["delivered_at", "opened_at"] if kept.sent_at else []
        new = [*reached, *(["started_at"] if given else []), *(["completed_at"] if complete else [])]
        new = [name for name in new if getattr(kept, name) is None]
        for name in new:
            setattr(kept, name, now)
        if new:
            kept.save(update_fields=new)
            tell_invitation(kept)
        tell_answers(kept, [one for one in made if one is not None])
    return kept


def check(question: Question | None, given: Given) -> None:
    """Refuse what a question does not take."""
    if question is None:
        raise AnswerError(f"there is no question '{given.question}': see the survey's questions")
    if given.score is not None and given.score not in question.scores:
        scale = f"{question.scale_min} to {question.scale_max}" if question.scores else "no score"
        raise AnswerError(f"question '{question.key}' does not take the score {given.score:g}: it takes {scale}")
    options = {one["key"] for one in question.options}
    if wrong := [one for one in given.choices if one not in options]:
        raise AnswerError(f"question '{question.key}' has no option '{wrong[0]}': it has {', '.join(sorted(options)) or 'none'}")
    if len(given.choices) > 1 and question.kind != "choices":
        raise AnswerError(f"question '{question.key}' takes one option, not {len(given.choices)}")


def _held(link: Link) -> Link:
    """The link, for this transaction alone."""
    return Link.objects.select_for_update(of=("self",)).select_related("survey").get(pk=link.pk)


def _keep(link: Link, question: Question, given: Given, language: str, how: str, at: datetime) -> Answer | None:
    """Keep an answer beside the former ones; None where it says nothing new."""
    before = Answer.objects.filter(link=link, question=question, current=True).first()
    comment = given.comment.replace("\0", "").strip()[:LONGEST_COMMENT]
    said = {"score": given.score, "choices": list(given.choices), "comment": comment}
    if before is None and given.empty:
        return None
    if before is not None:
        if all(getattr(before, name) == value for name, value in said.items()):
            return None
        Answer.objects.filter(pk=before.pk).update(current=False)
    return Answer.objects.create(
        link=link,
        question=question,
        **said,
        language=language or link.survey.language,
        version=link.survey.version,
        how=how,
        at=at,
        first_at=before.first_at if before else at,
    )
