"""What happened with a customer, one thing a line, in the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from polso.measure.customer import Fact
from polso.web.kpis import words

_MOST_TEXT = 600
_QUOTED = ("comment", "text", "query")
_NOT_TOLD = ("customer_id", *_QUOTED)
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """One thing that happened."""

    at: datetime
    entity: str
    what: str
    quote: str
    pairs: tuple[tuple[str, str], ...]
    """Every column that says something."""


def item(fact: Fact, currency: str) -> Item:
    """Tell a fact."""
    values, name = fact.values, fact.entity.name
    parts = _TOLD[name](values, currency) if name in _TOLD else [str(values[c.name]) for c in _dimensions(fact)]
    quote = next((str(values[column]) for column in _QUOTED if values.get(column)), "")
    shown = quote if len(quote) <= _MOST_TEXT else f"{quote[:_MOST_TEXT]}…"
    pairs = tuple((column, shown_value(value)) for column, value in values.items() if column not in _NOT_TOLD)
    return Item(fact.at, name, " · ".join(part for part in parts if part), shown, pairs)


def shown_value(value: object) -> str:
    """A stored value as people read it."""
    if isinstance(value, float):
        return words.plain(value)
    return words.cell(value)


def _dimensions(fact: Fact) -> list[Any]:
    found = [one for one in fact.entity.columns if one.dimension and fact.values.get(one.name) is not None]
    return found[:3]


def _said(values: Values, *names: str) -> list[str]:
    return [str(values[name]) for name in names if values.get(name) is not None]


def _money(values: Values, name: str, currency: str) -> str:
    return words.amount(values.get(name), "currency", currency) if values.get(name) is not None else ""


def _response(values: Values, currency: str) -> list[str]:
    score = words.plain(values["score"]) if values.get("score") is not None else _("no score")
    most = (
        f"/{words.plain(values['scale_max'])}" if values.get("scale_max") is not None and values.get("score") is not None else ""
    )
    return [f"{str(values['kind']).upper()} {score}{most}", *_said(values, "survey", "channel")]


def _ticket(values: Values, currency: str) -> list[str]:
    solved = values.get("resolution_seconds")
    took = _("solved in %(time)s") % {"time": words.duration(solved)} if solved is not None else ""
    return [*_said(values, "status", "topic", "category", "channel"), took]


def _message(values: Values, currency: str) -> list[str]:
    towards = {"in": _("from the customer"), "out": _("from us")}.get(values.get("direction", ""), "")
    lasted = words.duration(values["duration_seconds"]) if values.get("duration_seconds") else ""
    return [towards, *_said(values, "channel"), lasted]


def _visit(values: Values, currency: str) -> list[str]:
    pages = values.get("pageviews")
    seen = ngettext("%(n)s page", "%(n)s pages", pages) % {"n": pages} if pages is not None else ""
    return [seen, *_said(values, "device", "campaign"), _("goal reached") if values.get("converted") else ""]


def _subscription(values: Values, currency: str) -> list[str]:
    monthly = _money(values, "monthly_revenue", currency)
    ended = values.get("ended_at")
    until = _("ended on %(day)s") % {"day": words.cell(ended)} if ended else _("runs")
    return [*_said(values, "plan"), _("%(amount)s a month") % {"amount": monthly} if monthly else "", until]


def _customer(values: Values, currency: str) -> list[str]:
    lost = values.get("lost_at")
    return [_("became a customer"), _("left on %(day)s") % {"day": words.cell(lost)} if lost else ""]


def _invitation(values: Values, currency: str) -> list[str]:
    reached = (("bounced_at", _("came back")), ("completed_at", _("answered")), ("opened_at", _("opened, not answered")))
    return [*_said(values, "survey", "channel"), next((told for name, told in reached if values.get(name)), _("not opened"))]


_TOLD: Mapping[str, Callable[[Values, str], list[str]]] = {
    "customer": _customer,
    "response": _response,
    "ticket": _ticket,
    "ticket_event": lambda values, currency: _said(values, "kind", "author", "to"),
    "invitation": _invitation,
    "follow_up": lambda values, currency: _said(values, "status", "reason", "agent"),
    "message": _message,
    "journey_event": lambda values, currency: _said(values, "name", "journey", "channel"),
    "annotation": lambda values, currency: _said(values, "label", "theme", "aspect", "emotion"),
    "order": lambda values, currency: [_money(values, "amount", currency), *_said(values, "product_category", "channel")],
    "visit": _visit,
    "subscription": _subscription,
    "deal": lambda values, currency: [_money(values, "amount", currency), *_said(values, "outcome", "stage")],
    "mention": lambda values, currency: _said(values, "platform", "kind", "rating"),
}
