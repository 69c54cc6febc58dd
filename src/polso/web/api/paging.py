"""Long lists in pages: an opaque cursor leads from one to the next."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import Field

from polso.errors import QueryError

One = TypeVar("One")
Row = TypeVar("Row", bound=Model)


class Paged(Schema):
    """Which page."""

    limit: int = Field(default=200, ge=1, le=500, description="how many")
    cursor: str | None = Field(default=None, max_length=200, description="from the `next` of the page before")


def of_list(
    items: Sequence[One], name: Callable[[One], str], paged: Paged, request: HttpRequest, response: HttpResponse
) -> tuple[Sequence[One], str | None]:
    """A page of a list whose things have names, and the cursor of the next."""
    start = 0
    if paged.cursor is not None:
        after = _read(paged.cursor, str)
        names = [name(item) for item in items]
        if after not in names:
            raise QueryError("this cursor leads nowhere any more: begin again without it")
        start = names.index(after) + 1
    shown = items[start : start + paged.limit]
    more = start + paged.limit < len(items)
    return shown, _next(name(shown[-1]) if more else None, paged, request, response)


def of_rows(rows: QuerySet[Row], paged: Paged, request: HttpRequest, response: HttpResponse) -> tuple[list[Row], str | None]:
    """A page of rows, newest first, and the cursor of the next."""
    if paged.cursor is not None:
        rows = rows.filter(pk__lt=_read(paged.cursor, int))
    found = list(rows.order_by("-pk")[: paged.limit + 1])
    more = len(found) > paged.limit
    found = found[: paged.limit]
    return found, _next(found[-1].pk if more else None, paged, request, response)


def _next(after: Any, paged: Paged, request: HttpRequest, response: HttpResponse) -> str | None:
    if after is None:
        return None
    cursor = base64.urlsafe_b64encode(json.dumps(after).encode()).decode().rstrip("=")
    asked = {**request.GET.dict(), "cursor": cursor, "limit": str(paged.limit)}
    response["Link"] = f'<{request.path}?{urlencode(asked)}>; rel="next"'
    return cursor


def _read(cursor: str, kind: type[One]) -> One:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except ValueError:
        found = None
    if not isinstance(found, kind) or isinstance(found, bool) or (isinstance(found, int) and abs(found) >= 2**63):
        raise QueryError("this is no cursor: take it from the `next` of the page before")
    return found
