"""Webhooks, from a program."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import Field

from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.api.keys import desk_of
from polso.web.api.paging import Paged, of_rows
from polso.web.desk import Desk
from polso.web.webhooks.events import emit
from polso.web.webhooks.models import Endpoint
from polso.web.webhooks.outgoing import check

router = Router(tags=["webhooks"])


class Wanted(Schema):
    """An address, and what it is to be told."""

    url: str = Field(max_length=500, examples=["https://example.com/polso"])
    events: list[Literal["answer.received", "case.opened", "kpi.changed", "load.finished"]] = Field(min_length=1, max_length=4)
    about: str = Field(default="", max_length=80)


class Webhook(Schema):
    """An address that is told about some events."""

    id: int
    url: str
    events: list[str]
    about: str
    made_at: datetime
    stopped_at: datetime | None


class Made(Webhook):
    """A new one, with the secret that messages are signed with; it is shown this once."""

    secret: str


class Sent(Schema):
    """A message to an address."""

    message: str
    event: str
    state: str
    attempts: int
    answer: int | None
    problem: str
    made_at: datetime


@router.post("/webhooks", response={201: Made}, summary="Have an address told what happens")
def make(request: HttpRequest, wanted: Wanted) -> Any:
    """Messages are signed as Standard Webhooks has it, and go to public HTTPS addresses only."""
    at = _allowed(request, "write")
    check(wanted.url)
    events = list(dict.fromkeys(wanted.events))
    made = Endpoint.objects.create(person=at.person, url=wanted.url, events=events, about=wanted.about.replace("\0", ""))
    note(at.person, "webhook made", made.url)
    return Status(201, made)


@router.get("/webhooks", response={200: dict[str, Any]}, summary="List the addresses")
def listed(request: HttpRequest, response: HttpResponse, paged: Query[Paged]) -> Any:
    """Every address that is told something, newest first."""
    _allowed(request)
    shown, after = of_rows(Endpoint.objects.all(), paged, request, response)
    return {"webhooks": [Webhook.from_orm(one).model_dump(mode="json") for one in shown], "next": after}


@router.delete("/webhooks/{webhook}", response={204: None}, summary="Forget an address")
def drop(request: HttpRequest, webhook: int) -> Any:
    """It is told nothing any more."""
    at = _allowed(request, "write")
    found = _endpoint(webhook)
    note(at.person, "webhook dropped", found.url)
    found.delete()
    return Status(204, None)


@router.post("/webhooks/{webhook}/try", response={202: Sent}, summary="Send a message to try an address")
def try_out(request: HttpRequest, webhook: int) -> Any:
    """A message `webhook.tried` that says nothing but hello."""
    at = _allowed(request, "write")
    (delivery,) = emit("webhook.tried", {"by": "the API"}, only=_endpoint(webhook))
    note(at.person, "webhook tried")
    return Status(202, delivery)


@router.get("/webhooks/{webhook}/deliveries", response={200: dict[str, Any]}, summary="List the messages to an address")
def deliveries(request: HttpRequest, response: HttpResponse, webhook: int, paged: Query[Paged]) -> Any:
    """How each message of the last month fared, newest first."""
    _allowed(request)
    shown, after = of_rows(_endpoint(webhook).deliveries.all(), paged, request, response)
    return {"deliveries": [Sent.from_orm(one).model_dump(mode="json") for one in shown], "next": after}


def _allowed(request: HttpRequest, scope: str = "read") -> Desk:
    at = desk_of(request, scope)
    at.need(Ability.DEFINE)
    return at


def _endpoint(pk: int) -> Endpoint:
    found = Endpoint.objects.filter(pk=pk).first() if abs(pk) < 2**63 else None
    if found is None:
        raise HttpError(404, f"there is no webhook {pk}")
    return found
