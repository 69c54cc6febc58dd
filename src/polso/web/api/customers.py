"""Customers: everything known about one, and forgetting them (GDPR, articles 15 and 17)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.errors import HttpError

from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.api.keys import desk_of
from polso.web.customers.erasing import erase as erase_everywhere
from polso.web.inbox.models import Batch, Refusal
from polso.web.inbox.rows import unpacked

router = Router(tags=["customers"])


@router.get("/customers/{customer}", response={200: dict[str, Any]}, summary="Everything known about a customer")
def export(request: HttpRequest, customer: str) -> Any:
    """The facts of a customer, those that refer to them (the events of a case, the readings of a text), and what waits."""
    at = desk_of(request)
    at.need(Ability.EXPORT)
    at.need(Ability.SEE_PEOPLE)
    known = at.whole.known(customer)
    waiting = _waiting(customer)
    if not known.tables and not waiting:
        raise HttpError(404, "nothing is known about this customer")
    note(at.person, "customer exported", customer)
    return {
        "customer": customer,
        "at": timezone.now().isoformat(timespec="seconds"),
        "facts": {name: [_plain(row) for row in table.to_pylist()] for name, table in known.tables.items()},
        "cut": list(known.cut),
        "waiting": waiting,
    }


@router.delete("/customers/{customer}", response={200: dict[str, Any]}, summary="Erase a customer everywhere")
def erase(request: HttpRequest, customer: str) -> Any:
    """Facts, facts that refer to them, partials, former versions, the inbox, files that wait; then it is looked again."""
    at = desk_of(request, "write")
    at.need(Ability.ERASE)
    proof = erase_everywhere(customer, at.whole)
    note(at.person, "customer erased")
    return {"rows": proof.rows, "left": proof.left, "at": proof.at.isoformat(timespec="seconds")}


def _waiting(customer: str) -> list[dict[str, Any]]:
    """What did not reach the warehouse, or not yet."""
    found = []
    for batch in Batch.objects.filter(moved_at=None).iterator(20):
        rows = unpacked(batch.body).to_pylist()
        found += [{"entity": batch.entity, "row": _plain(row), "refused": ""} for row in rows if _is_of(customer, row, batch)]
    for refusal in Refusal.objects.select_related("batch").defer("batch__body").iterator(500):
        if _is_of(customer, refusal.row, refusal.batch):
            found.append({"entity": refusal.batch.entity, "row": refusal.row, "refused": refusal.advice})
    return found


def _is_of(customer: str, row: Mapping[str, Any], batch: Batch) -> bool:
    return row.get("customer_id") == customer or (batch.entity == "customer" and row.get("id") == customer)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what is empty or ours, as JSON has it."""
    return {name: _value(name, value) for name, value in row.items() if value is not None and name != "customer_group"}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return json.loads(value) if name == "extra" else value
