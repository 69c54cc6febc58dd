"""Answers and requests as facts: the rows that go to the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polso.entities import ENTITIES
from polso.web.inbox.accept import accept
from polso.web.surveys.models import EVENTS, Answer, Link

SOURCE = "survey"
_RESPONSE, _INVITATION = ENTITIES["response"], ENTITIES["invitation"]


def tell_answers(link: Link, answers: Sequence[Answer]) -> None:
    """Write answers into the inbox; those of a test are not facts."""
    if answers and not link.test:
        accept(_RESPONSE, [row(link, one) for one in answers], person=None, source=SOURCE)


def tell_invitation(link: Link) -> None:
    """Write into the inbox how far a request has come; who came by themselves was not asked."""
    if link.sent_at is not None and not link.test:
        accept(_INVITATION, [_request(link)], person=None, source=SOURCE)


def row(link: Link, answer: Answer) -> dict[str, Any]:
    """The row of an answer. Its id is that of the survey, the link and the question: a later answer replaces it."""
    question, survey = answer.question, link.survey
    known = {name: value for name, value in link.fields.items() if name not in _RESPONSE.by_name or name in _FIELDS}
    chosen = {"choice": answer.choices[0]} if answer.choices and question.kind == "choice" else {}
    several = {f"choice_{key}": "yes" for key in answer.choices} if question.kind == "choices" else {}
    return {
        "touchpoint": survey.touchpoint or None,
        **known,
        "id": f"{survey.key}:{link.uid.hex}:{question.key}",
        "customer_id": link.customer_id,
        "submitted_at": answer.first_at,
        "kind": question.sort.fact,
        "programme": survey.programme,
        "score": answer.score,
        "scale_min": question.scale_min,
        "scale_max": question.scale_max,
        "high_is_good": question.high_is_good,
        "comment": answer.comment or None,
        "survey": survey.key,
        "channel": link.channel,
        "language": answer.language,
        "question": question.key,
        **chosen,
        **several,
    }


_FIELDS = frozenset(
    ("ticket_id", "order_id", "touchpoint", "segment", "country", "agent", "department", "product_category", "started_at")
)
"""Columns of an answer that a link may bring along; other names become part of `extra`."""


def _request(link: Link) -> dict[str, Any]:
    return {
        "id": f"{link.survey.key}:{link.uid.hex}",
        "customer_id": link.customer_id,
        **{f"{event}_at": getattr(link, f"{event}_at") for event in EVENTS},
        "survey": link.survey.key,
        "channel": link.channel,
        "segment": link.fields.get("segment"),
    }
