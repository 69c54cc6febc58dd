"""Numbers out: KPIs measured, and what there is to ask about."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from polso.entities import ENTITIES, Entity
from polso.errors import QueryError, did_you_mean
from polso.query import COMPARISONS, GRAINS
from polso.query import Query as Question
from polso.web.api.keys import desk_of
from polso.web.api.paging import Paged, of_list
from polso.web.inbox.rows import FIRST_YEAR, LAST_YEAR
from polso.workspace import moment

router = Router(tags=["numbers"])


class Asking(Schema):
    """A question, in the words of the command line."""

    metric: list[str] = Field(min_length=1, max_length=40, examples=[["nps"]])
    by: list[str] = Field(default=[], max_length=4, examples=[[]])
    grain: str = Field(default="all", max_length=20, json_schema_extra={"enum": list(GRAINS)}, examples=["month"])
    from_: str | None = Field(default=None, alias="from", max_length=40, description="first day", examples=["2026-01-01"])
    to: str | None = Field(default=None, max_length=40, description="the day after the last", examples=["2026-02-01"])
    where: str | None = Field(default=None, max_length=1000, examples=["channel = 'email'"])
    compare: str = Field(default="previous", max_length=20, json_schema_extra={"enum": list(COMPARISONS)})


@router.get("/measure", response={200: dict[str, Any]}, summary="Measure KPIs, as `polso measure --format json` does")
def measure(request: HttpRequest, asking: Query[Asking]) -> Any:
    """Compute KPIs about the rows that the key's person may see, each with its interval and its change."""
    start, end = (_day(given) for given in (asking.from_, asking.to))
    question = Question(tuple(asking.metric), tuple(asking.by), asking.grain, start, end, asking.where, asking.compare)
    return desk_of(request).ask(question).as_dict()


def _day(given: str | None) -> Any:
    found = moment(given)
    if found is not None and not isinstance(found, str) and not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise QueryError(f"'{given}' is too far away: from {FIRST_YEAR} to {LAST_YEAR} there may be facts")
    return found


@router.get("/kpis", response={200: dict[str, Any]}, summary="List the KPIs")
def kpis(request: HttpRequest, response: HttpResponse, paged: Query[Paged]) -> Any:
    """Every KPI: definition, unit, direction and texts."""
    at = desk_of(request)
    reached = [one for one in at.catalogue if at.reaches(one.entity)]
    shown, after = of_list(reached, lambda one: one.key, paged, request, response)
    return {"kpis": [one.as_dict() for one in shown], "next": after}


@router.get("/kpis/{key}", response={200: dict[str, Any]}, summary="One KPI")
def kpi(request: HttpRequest, key: str) -> Any:
    """A KPI: definition, unit, direction and texts."""
    at = desk_of(request)
    reached = [one.key for one in at.catalogue if at.reaches(one.entity)]
    if key not in reached:
        raise HttpError(404, f"there is no KPI '{key[:80]}'{did_you_mean(key[:80], reached)}")
    return at.catalogue[key].as_dict()


@router.get("/entities", response={200: dict[str, Any]}, summary="List the kinds of facts, and their columns")
def entities(request: HttpRequest, response: HttpResponse, paged: Query[Paged]) -> Any:
    """What can be posted."""
    desk_of(request)
    shown, after = of_list(list(ENTITIES.values()), lambda one: one.name, paged, request, response)
    return {"entities": [_declared(one) for one in shown], "next": after}


def _declared(entity: Entity) -> dict[str, Any]:
    return {
        "name": entity.name,
        "row": entity.row,
        "columns": [
            {
                "name": column.name,
                "type": column.type.value,
                "about": column.about,
                "required": column.required and column.name != "id",
                "values": list(column.values),
            }
            for column in entity.fillable
        ],
    }
