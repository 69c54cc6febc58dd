"""Surveys from a program: definitions, links for mail merges, and answers from any other channel."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from ninja import Body, Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import BaseModel, BeforeValidator, Field, StrictBool, StrictFloat

from polso.web.accounts.roles import Ability
from polso.web.api.keys import desk_of
from polso.web.api.paging import Paged, of_list
from polso.web.surveys import links
from polso.web.surveys.actions import AnswerError, Given, answer, happened, invite
from polso.web.surveys.models import Link, Survey
from polso.web.surveys.write import create, define, definition

router = Router(tags=["surveys"])
MOST_LINKS = 1_000
_SPACE = uuid.UUID("0b0e8f3a-0f4f-4c3e-9d55-54b1c6cf4e0a")
"""Where the ids of other systems become links."""
_CHANNEL = r"^[a-z][a-z0-9_]{0,39}$"
_DEFINITION = {
    "name": "After a delivery",
    "touchpoint": "delivery",
    "languages": ["en", "it"],
    "questions": [{"key": "csat", "kind": "csat", "texts": {"text": {"en": "How satisfied are you?"}}}],
}


def _text(given: Any) -> Any:
    if given is not None and not isinstance(given, (str, datetime)):
        raise ValueError("a moment is written as text, like 2026-01-31T09:30:00+01:00")
    return given


Moment = Annotated[datetime, BeforeValidator(_text)]


class Asking(BaseModel):
    """One person to be asked."""

    customer_id: str | None = Field(default=None, max_length=200, examples=["c-17"])
    language: str = Field(default="", max_length=12, examples=["it"])
    fields: dict[str, Any] = Field(default_factory=dict, examples=[{"ticket_id": "t-4", "segment": "gold"}])


class Askings(Schema):
    """People to be asked by somebody else's message."""

    channel: str = Field(default="link", pattern=_CHANNEL, examples=["sms"])
    people: list[Asking] = Field(min_length=1, max_length=MOST_LINKS)
    sent: StrictBool = Field(default=True, description="the messages go out now, so that the requests count in the response rate")
    expires_at: Moment | None = None
    test: StrictBool = False


class One(BaseModel):
    """What was answered to one question."""

    question: str = Field(max_length=40, examples=["csat"])
    score: StrictFloat | None = Field(default=None, examples=[5])
    choices: list[str] = Field(default_factory=list, max_length=60)
    comment: str = Field(default="", max_length=5_000)


class Answered(Schema):
    """What one person answered, on a channel of its own: SMS, WhatsApp, a voice menu, a form of yours."""

    id: str = Field(max_length=200, min_length=1, description="yours; the same id later changes the answer", examples=["sms-881"])
    answers: list[One] = Field(min_length=1, max_length=40)
    link: str = Field(default="", max_length=100, description="the token of a link that was made before; else a new one is made")
    customer_id: str | None = Field(default=None, max_length=200)
    channel: str = Field(default="api", pattern=_CHANNEL, examples=["whatsapp"])
    language: str = Field(default="", max_length=12)
    fields: dict[str, Any] = Field(default_factory=dict)
    complete: StrictBool = True
    test: StrictBool = False


class Kept(Schema):
    """An answer that is kept: it is never lost from here on."""

    link: str
    survey: str
    started_at: datetime | None
    completed_at: datetime | None


@router.get("/surveys", response={200: dict[str, Any]}, summary="List the surveys")
def all_surveys(request: HttpRequest, response: HttpResponse, paged: Query[Paged]) -> Any:
    """Every survey, by key."""
    desk_of(request).need(Ability.SEE_NUMBERS)
    shown, after = of_list(list(Survey.objects.order_by("key")), lambda one: one.key, paged, request, response)
    told = [
        {"key": one.key, "name": one.name, "status": one.status, "programme": one.programme, "mode": one.mode} for one in shown
    ]
    return {"surveys": told, "next": after}


@router.get("/surveys/{key}", response={200: dict[str, Any]}, summary="One survey, whole")
def one_survey(request: HttpRequest, key: str) -> Any:
    """Its definition, as it may be sent back with changes."""
    desk_of(request).need(Ability.SEE_NUMBERS)
    return definition(_survey(key))


@router.put(
    "/surveys/{key}",
    response={200: dict[str, Any], 201: dict[str, Any]},
    summary="Make or change a survey",
    openapi_extra={"requestBody": {"content": {"application/json": {"example": _DEFINITION}}}},
)
def put_survey(request: HttpRequest, key: str, given: Body[dict[str, Any]]) -> Any:
    """All or nothing; what is left out stays as it is. Questions are those given, in their order."""
    at = desk_of(request, "write")
    at.need(Ability.DEFINE)
    found = Survey.objects.filter(key=key).first()
    if found is None:
        return Status(201, definition(create(key, given, at.person)))
    return Status(200, definition(define(found, given, at.person)))


@router.post("/surveys/{key}/links", response={201: dict[str, Any]}, summary="Make links for people to answer by")
def make_links(request: HttpRequest, key: str, wanted: Askings) -> Any:
    """One address each, in the order given, for messages that another program sends."""
    at = desk_of(request, "write")
    at.need(Ability.LOAD)
    survey = _survey(key)
    parts = {"channel": wanted.channel, "expires_at": wanted.expires_at, "test": wanted.test}
    with transaction.atomic():
        made = [
            invite(survey, customer_id=one.customer_id, language=one.language, fields=one.fields, **parts)  # type: ignore[arg-type]
            for one in wanted.people
        ]
        if wanted.sent:
            made = [happened(link, "sent", "delivered") for link in made]
    return Status(201, {"links": [{"link": links.token(link.uid), "address": links.address(link)} for link in made]})


@router.post("/surveys/{key}/answers", response={200: Kept}, summary="Post what somebody answered on another channel")
def post_answers(request: HttpRequest, key: str, said: Answered) -> Any:
    """Kept and written down as facts before this is answered. The same id again changes nothing, or replaces the answer."""
    at = desk_of(request, "write")
    at.need(Ability.LOAD)
    survey = _survey(key)
    if not (survey.open or said.test):
        raise AnswerError(f"survey '{key}' is {survey.status}: only a live one takes answers, or a test")
    link = _link(survey, said)
    if not link.changeable:
        raise AnswerError(f"the answer '{said.id}' may not be changed any more: {survey.edit_hours} hours are over")
    given = [Given(one.question, one.score, tuple(one.choices), one.comment) for one in said.answers]
    kept = answer(link, given, complete=said.complete, language=said.language, how="program")
    return Kept(link=links.token(kept.uid), survey=key, started_at=kept.started_at, completed_at=kept.completed_at)


def _link(survey: Survey, said: Answered) -> Link:
    """The link that was made before, or one whose id comes from the answer's own, so that it is made once."""
    if said.link:
        found = links.find(said.link)
        if found is None or found.survey_id != survey.pk:
            raise HttpError(404, "there is no such link of this survey")
        return found
    uid = uuid.uuid5(_SPACE, f"{survey.pk}:{said.id}")
    known = Link.objects.select_related("survey").filter(uid=uid).first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            parts = {"channel": said.channel, "language": said.language, "fields": said.fields, "test": said.test}
            return invite(survey, customer_id=said.customer_id, uid=uid, **parts)  # type: ignore[arg-type]
    except IntegrityError:
        return Link.objects.select_related("survey").get(uid=uid)


def _survey(key: str) -> Survey:
    found = Survey.objects.filter(key=key).first()
    if found is None:
        raise HttpError(404, f"there is no survey '{key[:60]}'")
    return found
