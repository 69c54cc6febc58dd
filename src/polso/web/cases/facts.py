"""What the warehouse is told of a case."""

from __future__ import annotations

from typing import Any

from polso.entities import ENTITIES
from polso.web.accounts.models import Person
from polso.web.accounts.roles import Role
from polso.web.cases.models import Case
from polso.web.inbox.accept import accept

_SAME = ("opened_at", "answered_at", "due_at", "contacted_at", "closed_at", "status", "score")
_IF_ANY = ("kind", "survey", "touchpoint", "channel", "segment", "product_category", "department", "priority")


def tell(case: Case) -> None:
    """Write a case down as a fact, in the caller's transaction; the same id replaces what was told before."""
    accept(ENTITIES["follow_up"], [_row(case)], person=None, source="cases")


def tell_message(case: Case, id_: str, at: Any, text: str, direction: str, channel: str, author: str) -> None:
    """Write what was said to a customer, or by them, down as a fact."""
    row = {"id": id_, "at": at, "direction": direction, "channel": channel, "author": author, "text": text}
    accept(ENTITIES["message"], [row | {"customer_id": case.customer or None}], person=None, source="cases")


def _row(case: Case) -> dict[str, Any]:
    return {
        "id": str(case.key),
        "customer_id": case.customer or None,
        "response_id": case.response,
        **{name: getattr(case, name) for name in _SAME},
        **{name: getattr(case, name) or None for name in _IF_ANY},
        "reason": case.reason.name if case.reason else None,
        "rule": case.rule_name or None,
        "team": case.team.name if case.team else None,
        "agent": _agent(case.person),
    }


def _agent(person: Person | None) -> str | None:
    """The name under which somebody's work is counted: an operator's is that of their own tickets."""
    if person is None:
        return None
    return str(person.limit_values[0]) if person.role == Role.OPERATOR and person.limit_values else person.name or None
