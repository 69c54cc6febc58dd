"""Customers: finding one, everything known of them, taking it along, erasing it. Every look is written in the log."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from polso.measure.customer import Known
from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.customers import erasing
from polso.web.customers.numbers import figures
from polso.web.customers.timeline import item
from polso.web.desk import Desk, desk, workspace
from polso.web.kpis.files import as_file, download

ON_A_PAGE = 50
MOST_FOUND = 50
_PROOF = "proof_of_erasure"


@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """Look for a customer; what is sought is sent in the body, so that no address keeps a name."""
    at = _welcome(request)
    words = request.POST.get("words", "").strip()[:200]
    context: dict[str, Any] = {"words": words, "limited": at.someone.within is not None, "most": MOST_FOUND}
    if words:
        found = workspace().find(words, at.someone.within)
        if len(found) == 1 and found[0]["id"] == words:
            return redirect(_address(words))
        note(at.person, "customers sought", f"{len(found)}")
        context["found"] = [{**one, "address": _address(one["id"])} for one in found]
    return render(request, "customers/search.html", context)


@never_cache
def customer(request: HttpRequest) -> HttpResponse:
    """Everything known of one customer, newest first."""
    at = _welcome(request)
    known = _known(at, request.GET.get("id", ""))
    note(at.person, "customer seen", known.customer)
    kind = request.GET.get("kind", "")
    kind = kind if kind in known.tables else ""
    page = int(given) if (given := request.GET.get("page", "")).isdecimal() and int(given) > 0 else 1
    facts = known.facts(kind or None)
    shown = facts[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    currency = workspace().settings.currency
    context = {
        "known": known,
        "name": known.person.get("name") or known.customer,
        "figures": figures(known, currency),
        "items": [item(fact, currency) for fact in shown],
        "kind": kind,
        "all": sum(known.rows.values()),
        "newer": _address(known.customer, kind=kind, page=page - 1) if page > 1 else "",
        "older": _address(known.customer, kind=kind, page=page + 1) if len(facts) > page * ON_A_PAGE else "",
        "export": urlencode({"id": known.customer}),
    }
    return render(request, "customers/customer.html", context)


@never_cache
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """Everything known of a customer as one JSON file, or as a zip of CSV files."""
    at = _welcome(request)
    at.need(Ability.EXPORT)
    known = _known(at, request.GET.get("id", ""))
    if kind not in ("json", "zip"):
        raise Http404
    note(at.person, "customer exported", known.customer)
    if kind == "json":
        told = {"customer": known.customer, "facts": {name: table.to_pylist() for name, table in known.tables.items()}}
        text = json.dumps(told, ensure_ascii=False, indent=2, default=_plain)
        return download(text, "application/json; charset=utf-8", "customer.json")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in known.tables.items():
            archive.writestr(f"{name}.csv", as_file(table, name, "csv").content)
    return download(packed.getvalue(), "application/zip", "customer.zip")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    """Erase a customer, once the id was typed again."""
    at = _welcome(request)
    at.need(Ability.ERASE)
    known = _known(at, request.POST.get("id", ""))
    if request.POST.get("again", "").strip() != known.customer:
        context = {"known": known, "problem": _("That is not the id of this customer; nothing was erased.")}
        return render(request, "customers/not_erased.html", context | {"everything": _address(known.customer)}, status=422)
    proof = erasing.erase(known.customer, at.whole)
    note(at.person, "customer erased", f"{sum(proof.rows.values())} rows")
    request.session[_PROOF] = {**asdict(proof), "at": proof.at.isoformat()}
    return redirect("customer_erased")


@never_cache
def erased(request: HttpRequest) -> HttpResponse:
    """What an erasure removed; it names nobody."""
    at = _welcome(request)
    at.need(Ability.ERASE)
    proof = request.session.get(_PROOF)
    if proof is None:
        return redirect("customers")
    proof = {**proof, "at": parse_datetime(proof["at"]), "whole": sum(proof["rows"].values())}
    return render(request, "customers/erased.html", {"proof": proof})


def _welcome(request: HttpRequest) -> Desk:
    at = desk(request)
    at.need(Ability.SEE_PEOPLE)
    return at


def _known(at: Desk, customer: str) -> Known:
    """What the person may see of a customer; 404 where that is nothing."""
    known = workspace().known(customer, at.someone.within) if customer else None
    if known is None or not known.tables:
        raise Http404
    return known


def _address(customer: str, **more: object) -> str:
    given = {"id": customer, **{name: str(value) for name, value in more.items() if value}}
    return f"{reverse('customer')}?{urlencode(given)}"
