"""The API: numbers out, facts in, with a key."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Query, Schema
from ninja.errors import HttpError, ValidationError
from ninja.security import HttpBearer
from pydantic import Field

from polso.entities import ENTITIES
from polso.errors import PolsoError
from polso.query import COMPARISONS, GRAINS
from polso.query import Query as Question
from polso.web.accounts.models import ApiKey, note
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk
from polso.workspace import moment

MOST_ROWS = 50_000


class Key(HttpBearer):
    """A key made on one's own page, as `Authorization: Bearer polso_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """The key, if it opens; when it was last used is kept to the day."""
        key = ApiKey.find(token)
        if key is not None and (key.used_at is None or key.used_at < timezone.now() - timedelta(days=1)):
            ApiKey.objects.filter(pk=key.pk).update(used_at=timezone.now())
        return key


api = NinjaAPI(title="Polso", version="1", urls_namespace="api", auth=Key(), docs_url="/docs")


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] = Field(default_factory=list)


def _problem(
    request: HttpRequest, status: int, title: str, detail: str, errors: list[dict[str, Any]] | None = None
) -> HttpResponse:
    body = Problem(title=title, status=status, detail=detail, errors=errors or [])
    response = api.create_response(request, body.model_dump(), status=status)
    response["Content-Type"] = "application/problem+json"
    return response


@api.exception_handler(PolsoError)
def _refused(request: HttpRequest, error: PolsoError) -> HttpResponse:
    return _problem(request, 422, "This cannot be done", str(error))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _problem(request, 422, "The request is not valid", "see errors", error.errors)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _problem(request, error.status_code, "Refused", str(error))


ANSWERS: dict[int, Any] = {200: dict, 400: Problem, 401: Problem, 403: Problem, 404: Problem, 422: Problem}


class Asking(Schema):
    """A question, in the words of the command line."""

    metric: list[str] = Field(min_length=1, max_length=40)
    by: list[str] = Field(default=[], max_length=4)
    grain: str = Field(default="all", description=", ".join(GRAINS))
    from_: str | None = Field(default=None, alias="from", description="first day, 2026-01-31")
    to: str | None = Field(default=None, description="the day after the last")
    where: str | None = Field(default=None, description="channel = 'email'")
    compare: str = Field(default="previous", description=", ".join(COMPARISONS))


@api.get("/measure", response=ANSWERS, summary="Numbers, as `polso measure --format json` prints them")
def measure(request: HttpRequest, asking: Query[Asking]) -> Any:
    """Compute KPIs about the rows that the key's person may see."""
    question = Question(
        tuple(asking.metric),
        tuple(asking.by),
        asking.grain,
        moment(asking.from_),
        moment(asking.to),
        asking.where,
        asking.compare,
    )
    return _desk(request).ask(question).as_dict()


@api.get("/kpis", response=ANSWERS, summary="The catalogue")
def kpis(request: HttpRequest) -> Any:
    """Every KPI: definition, unit, direction and texts."""
    at = _desk(request)
    return {"kpis": [one.as_dict() for one in at.catalogue if at.reaches(one.entity)]}


@api.get("/entities", response=ANSWERS, summary="The kinds of facts, and their columns")
def entities(request: HttpRequest) -> Any:
    """What can be loaded."""
    listed = [
        {
            "name": one.name,
            "row": one.row,
            "columns": [{"name": c.name, "type": c.type.value, "about": c.about} for c in one.columns],
        }
        for one in ENTITIES.values()
    ]
    return {"entities": listed}


class Facts(Schema):
    """Rows of one entity, each with at least an `id` of its own and its moment."""

    rows: list[dict[str, str | int | float | bool | None]] = Field(min_length=1, max_length=MOST_ROWS)


@api.post("/facts/{entity}", response=ANSWERS, summary="Load facts; the same rows again change nothing")
def load(request: HttpRequest, entity: str, facts: Facts) -> Any:
    """Load rows in one commit: all or nothing."""
    at = _desk(request, "write")
    at.need(Ability.LOAD)
    if entity not in ENTITIES:
        raise HttpError(404, f"there is no entity '{entity}'; there are {', '.join(ENTITIES)}")
    names = list(dict.fromkeys(name for row in facts.rows for name in row))
    if "id" not in names:
        raise HttpError(422, "every row needs an id of its own, so that sending it twice changes nothing")
    columns = {name: pa.array([_text(row.get(name)) for row in facts.rows], pa.string()) for name in names}
    report = at.whole.load_table(entity, pa.table(columns))
    note(at.person, "facts loaded", f"{entity}: {report.inserted} new, {report.updated} changed")
    return {"entity": entity, "inserted": report.inserted, "updated": report.updated, "unchanged": report.unchanged}


def _text(value: str | float | bool | None) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


@api.delete("/customers/{customer}", response=ANSWERS, summary="Erase a customer everywhere")
def erase(request: HttpRequest, customer: str) -> Any:
    """GDPR, article 17."""
    at = _desk(request, "write")
    at.need(Ability.ERASE)
    erased = at.whole.erase(customer)
    note(at.person, "customer erased")
    return {"rows": erased.rows, "at": date.today().isoformat()}


def _desk(request: HttpRequest, scope: str = "read") -> Desk:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if scope not in key.scopes:
        raise HttpError(403, f"this key may not {scope}: make one that may on your own page")
    return Desk(key.person)
