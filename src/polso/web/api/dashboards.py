"""Dashboards: what is on them, and the numbers they show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from polso.errors import PolsoError
from polso.web.api.keys import desk_of
from polso.web.api.paging import Paged, of_list
from polso.web.dashboards.models import Dashboard
from polso.web.dashboards.ready import READY
from polso.web.dashboards.tiles import Frame, Tile
from polso.web.desk import Desk

router = Router(tags=["dashboards"])
_OF_PEOPLE = "own-"


class Framing(Schema):
    """The time a dashboard is looked at for; what it is kept with where nothing is said."""

    days: int | None = Field(default=None, ge=1, le=3650, description="so many days up to the latest fact", examples=[30])


@router.get("/dashboards", response={200: dict[str, Any]}, summary="List the dashboards and their KPIs")
def dashboards(request: HttpRequest, response: HttpResponse, paged: Query[Paged]) -> Any:
    """The ready dashboards, and those of the key's person or shared with everybody."""
    at = desk_of(request)
    listed = [_about(name, name, _ready(name), at) for name in READY]
    listed += [_about(f"{_OF_PEOPLE}{own.pk}", own.name, own.tiles, at) for own in Dashboard.seen_by(at.person)]
    shown, after = of_list(listed, lambda one: str(one["id"]), paged, request, response)
    return {"dashboards": shown, "next": after}


@router.get("/dashboards/{dashboard}", response={200: dict[str, Any]}, summary="One dashboard, with its numbers")
def dashboard(request: HttpRequest, dashboard: str, framing: Query[Framing]) -> Any:
    """Each tile with the answer it is drawn from, about the rows that the key's person may see."""
    at = desk_of(request)
    kept, tiles = _found(dashboard, at)
    frame = Frame(at.latest_day() or date.today(), framing.days or kept.days, kept.where, kept.compare or "previous")
    about = _about(dashboard, kept.name or dashboard, tiles, at)
    return about | {"from": str(frame.start), "to": str(frame.end), "tiles": _told(tiles, frame, at)}


def _ready(name: str) -> list[Tile]:
    return [{"kind": "number", "kpi": key} for key in READY[name]]


def _found(dashboard: str, at: Desk) -> tuple[Dashboard, Sequence[Tile]]:
    if dashboard in READY:
        return Dashboard(), _ready(dashboard)
    number = dashboard.removeprefix(_OF_PEOPLE)
    if number != dashboard and number.isascii() and number.isdecimal() and len(number) < 18:
        own = Dashboard.seen_by(at.person).filter(pk=int(number)).first()
        if own is not None:
            return own, own.tiles
    raise HttpError(404, f"there is no dashboard '{dashboard[:80]}': /api/v1/dashboards lists those there are")


def _about(id_: str, name: str, tiles: Sequence[Tile], at: Desk) -> dict[str, Any]:
    keys = [key for tile in tiles if _seen(key := tile.get("kpi", ""), at)]
    return {"id": id_, "name": name, "ready": id_ in READY, "kpis": list(dict.fromkeys(keys))}


def _seen(key: str, at: Desk) -> bool:
    return key in at.catalogue and at.reaches(at.catalogue[key].entity)


def _told(tiles: Sequence[Tile], frame: Frame, at: Desk) -> list[dict[str, Any]]:
    """Tiles with their answers; what is narrowed and split alike is asked together, so that changes are judged together."""
    together: dict[tuple[str, str], list[str]] = defaultdict(list)
    for tile in tiles:
        if _seen(tile.get("kpi", ""), at):
            together[_parts(tile)].append(tile["kpi"])
    answers: dict[tuple[str, str, str], dict[str, Any]] = {}
    for (where, by), keys in together.items():
        query = frame.narrowed(where).query(*dict.fromkeys(keys), by=(by,) if by else ())
        try:
            answers |= {(where, by, one["metric"]): {"answer": one} for one in at.ask(query).as_dict()["answers"]}
        except PolsoError as error:
            answers |= {(where, by, key): {"problem": str(error)} for key in keys}
    return [
        {name: tile.get(name, "") for name in ("kind", "kpi", "by", "where")}
        | answers.get((*_parts(tile), tile.get("kpi", "")), {})
        for tile in tiles
    ]


def _parts(tile: Tile) -> tuple[str, str]:
    by = tile.get("by", "") if tile["kind"] in ("bars", "table") else ""
    return tile.get("where", ""), by
