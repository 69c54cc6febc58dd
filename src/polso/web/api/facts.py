"""Facts in: accepted into the inbox at once, in the warehouse a second or two later."""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import HeaderEx, P, Query, QueryEx, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import Field

from polso.entities import ENTITIES, Entity
from polso.errors import did_you_mean
from polso.web.accounts.roles import Ability
from polso.web.api.bodies import READERS, received, rows_of
from polso.web.api.keys import desk_of, key_of
from polso.web.api.paging import Paged, of_rows
from polso.web.inbox.accept import accept, fingerprint, known
from polso.web.inbox.models import Batch

router = Router(tags=["facts"])
LONGEST_WAIT = 15.0
_TOLD = 100

_ROW = {"id": "a-1", "submitted_at": "2026-01-31T09:30:00+01:00", "kind": "nps", "score": 9, "customer_id": "c-17"}
_BODY = {
    "application/json": {
        "schema": {
            "type": "object",
            "required": ["rows"],
            "properties": {"rows": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
        },
        "example": {"rows": [_ROW]},
    },
    "application/x-ndjson": {
        "schema": {"type": "string"},
        "example": '{"id": "a-1", "submitted_at": "2026-01-31T09:30:00+01:00", "kind": "nps", "score": 9}\n',
    },
    "application/vnd.apache.arrow.stream": {"schema": {"type": "string", "format": "binary"}},
    "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
}
assert list(_BODY) == list(READERS)


class Accepted(Schema):
    """Rows that were written down and will be in the warehouse in a moment."""

    id: uuid.UUID
    entity: str = Field(examples=["response"])
    rows: int = Field(examples=[1])
    accepted_at: datetime


class State(Accepted):
    """Where a batch is."""

    state: str = Field(description="waiting, moved or failed", examples=["moved"])
    moved_at: datetime | None = None
    refused: int = Field(default=0, description="rows that failed the warehouse's checks; all others are facts")
    problem: str = ""
    errors: list[dict[str, Any]] = Field(default_factory=list, description="the first refused rows: index, column, value, advice")


@router.get("/facts/batches", response={200: dict[str, Any]}, summary="List the batches that were posted")
def batches(request: HttpRequest, response: HttpResponse, paged: Query[Paged]) -> Any:
    """What was posted in the last days, newest first."""
    _loader(request)
    shown, after = of_rows(Batch.objects.defer("body"), paged, request, response)
    return {"batches": [State(**_state(one)).model_dump(mode="json") for one in shown], "next": after}


@router.get("/facts/batches/{batch_id}", response={200: State}, summary="One batch", url_name="batch")
def batch(request: HttpRequest, batch_id: uuid.UUID) -> Any:
    """Where a batch is, and its rows that were refused."""
    _loader(request)
    found = Batch.objects.defer("body").filter(id=batch_id).first()
    if found is None:
        raise HttpError(404, f"there is no batch {batch_id}: batches are remembered for a week")
    return _state(found)


@router.post(
    "/facts/{entity}",
    response={200: State, 202: Accepted},
    summary="Post facts; the same rows again change nothing",
    openapi_extra={"requestBody": {"required": True, "content": _BODY}},
)
def load(
    request: HttpRequest,
    response: HttpResponse,
    entity: str,
    wait: QueryEx[bool, P(description="answer when the rows are in the warehouse")] = False,
    idempotency_key: HeaderEx[str, P(alias="Idempotency-Key", max_length=255, examples=["order-17"])] = "",
) -> Any:
    """Rows are checked and written down all or none. A row without an id gets one; the same id later replaces the row.

    With the header Idempotency-Key the same request may be repeated for a week: it is answered as the first time.
    """
    at = desk_of(request, "write")
    at.need(Ability.LOAD)
    declared = _entity(entity)
    body = received(request)
    kind = request.content_type or ""
    print_ = fingerprint(entity.encode(), kind.encode(), body)
    key = key_of(request)
    batch = known(key, idempotency_key, print_)
    if batch is None:
        batch = accept(declared, rows_of(body, kind), person=at.person, key=key, idempotency_key=idempotency_key, print_=print_)
    response["Location"] = reverse("api:batch", args=[batch.id])
    if wait:
        batch = _settled(batch)
        if batch.state != "waiting":
            return Status(200, _state(batch))
    return Status(202, batch.reply)


def _entity(name: str) -> Entity:
    if name not in ENTITIES:
        raise HttpError(404, f"there is no entity '{name[:80]}'{did_you_mean(name[:80], ENTITIES)}")
    return ENTITIES[name]


def _settled(batch: Batch) -> Batch:
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        batch = Batch.objects.defer("body").get(pk=batch.pk)
        if batch.state != "waiting":
            break
        time.sleep(0.05)
    return batch


def _state(batch: Batch) -> dict[str, Any]:
    told = batch.refusals.all()[:_TOLD] if batch.refused else []
    return {
        "id": batch.id,
        "entity": batch.entity,
        "rows": batch.rows,
        "accepted_at": batch.accepted_at,
        "state": batch.state,
        "moved_at": batch.moved_at,
        "refused": batch.refused,
        "problem": batch.problem,
        "errors": [{"index": one.index, "column": one.column, "value": one.value, "advice": one.advice} for one in told],
    }


def _loader(request: HttpRequest) -> None:
    at = desk_of(request)
    at.need(Ability.LOAD)
    at.need(Ability.SEE_PEOPLE)
