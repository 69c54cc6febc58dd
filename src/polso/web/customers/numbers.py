"""The numbers of one customer: plain counts and sums of what is known, for which no interval makes sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from polso.measure.customer import Known
from polso.web.kpis import words

_ASKED = ("nps", "csat", "ces", "stars")
_SOLVED = ("resolved", "closed")


@dataclass(frozen=True)
class Figure:
    """One number, and what to know of it."""

    name: str
    value: str
    note: str = ""


def figures(known: Known, currency: str) -> list[Figure]:
    """What can be counted of a customer, as far as there is anything."""
    return [*_answers(known), *_tickets(known), *_money(known, currency), *_counts(known)]


def _rows(known: Known, entity: str) -> list[dict[str, Any]]:
    """Newest first."""
    table = known.tables.get(entity)
    found: list[dict[str, Any]] = table.to_pylist() if table is not None else []
    return found


def _answers(known: Known) -> Iterator[Figure]:
    rows = [row for row in _rows(known, "response") if row["score"] is not None]
    for kind in _ASKED:
        scores = [row["score"] for row in rows if row["kind"] == kind]
        if not scores:
            continue
        told = {"n": len(scores), "mean": words.number(sum(scores) / len(scores))}
        count = _("the latest of %(n)s, mean %(mean)s") % told if len(scores) > 1 else _("the only answer")
        yield Figure(_("Stars") if kind == "stars" else kind.upper(), words.plain(scores[0]), count)


def _tickets(known: Known) -> Iterator[Figure]:
    rows = _rows(known, "ticket")
    if rows:
        still = sum(row["status"] not in _SOLVED and row["resolved_at"] is None for row in rows)
        note = ngettext("%(n)s open", "%(n)s open", still) % {"n": still}
        yield Figure(_("Tickets"), words.plain(len(rows)), note)


def _money(known: Known, currency: str) -> Iterator[Figure]:
    orders = [row for row in _rows(known, "order") if row["amount"] is not None]
    if orders:
        note = ngettext("from %(n)s order", "from %(n)s orders", len(orders)) % {"n": len(orders)}
        yield Figure(_("Revenue"), words.amount(sum(row["amount"] for row in orders), "currency", currency), note)
    margins = [row["margin"] for row in orders if row["margin"] is not None]
    if margins:
        yield Figure(_("Margin"), words.amount(sum(margins), "currency", currency))
    running = [row for row in _rows(known, "subscription") if row["ended_at"] is None]
    if running:
        monthly = sum(row["monthly_revenue"] or 0 for row in running)
        note = ngettext("%(n)s contract runs", "%(n)s contracts run", len(running)) % {"n": len(running)}
        yield Figure(_("A month"), words.amount(monthly, "currency", currency), note)


def _counts(known: Known) -> Iterator[Figure]:
    for entity, name in (("message", _("Messages")), ("visit", _("Visits"))):
        if entity in known.rows:
            yield Figure(name, words.plain(known.rows[entity]))
