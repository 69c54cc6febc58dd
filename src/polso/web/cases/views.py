"""The cases that are open, and one of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms as django_forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from polso.query import Query
from polso.web.accounts.models import Person, note
from polso.web.accounts.roles import Ability
from polso.web.cases import actions, forms
from polso.web.cases.actions import CaseError
from polso.web.cases.mail import person_of
from polso.web.cases.models import CLOSED, Case, Rule, Status
from polso.web.cases.reach import seen_by, takers
from polso.web.customers.timeline import item
from polso.web.desk import Desk, desk, workspace
from polso.web.kpis import words

ON_A_PAGE = 50
_HISTORY = 30
_LOOP = ("follow_up_24h", "follow_up_recovered", "follow_up_contact_time", "follow_ups_open")
_TEXT = 160


@never_cache
def cases(request: HttpRequest) -> HttpResponse:
    """The cases somebody sees, by when they are due."""
    at = _welcome(request)
    mine = seen_by(at.person)
    asked = {name: request.GET.get(name, "") for name in ("show", "who", "department", "late")}
    page = Paginator(_sifted(mine, asked, at.person), ON_A_PAGE).get_page(request.GET.get("page"))
    texts = _texts([case.response for case in page])
    context = {
        "page": page,
        "rows": [(case, texts.get(case.response, "")) for case in page],
        "asked": asked,
        "any": mine.exists(),
        "ruled": Rule.objects.filter(stopped_at=None).exists(),
        "late": mine.filter(status=Status.OPEN, due_at__lt=timezone.now()).count(),
        "people": takers() if at.someone.within is None or at.person.may(Ability.EXPORT) else [],
        "departments": mine.exclude(department="").order_by("department").values_list("department", flat=True).distinct(),
        "loop": _loop(at),
        "others": urlencode({name: text for name, text in asked.items() if text}),
    }
    return render(request, "cases/cases.html", context)


def _sifted(cases: QuerySet[Case], asked: dict[str, str], person: Person) -> QuerySet[Case]:
    if asked["show"] == "closed":
        cases = cases.filter(status__in=CLOSED)
    elif asked["show"] == "contacted":
        cases = cases.filter(status=Status.CONTACTED)
    elif asked["show"] != "all":
        cases = cases.exclude(status__in=CLOSED)
    if asked["who"] == "me":
        cases = cases.filter(person=person)
    elif asked["who"] == "nobody":
        cases = cases.filter(person=None)
    elif asked["who"].isdecimal():
        cases = cases.filter(person=int(asked["who"][:9]))
    if asked["department"]:
        cases = cases.filter(department=asked["department"])
    if asked["late"]:
        cases = cases.filter(status=Status.OPEN, due_at__lt=timezone.now())
    return cases.order_by(F("closed_at").desc(nulls_first=True), "due_at", "pk")


def _texts(answers: list[str]) -> dict[str, str]:
    """The beginnings of what customers wrote."""
    found = workspace().named("response", answers)
    return {row["id"]: _short(row["comment"]) for row in found if row.get("comment")}


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[:_TEXT].rstrip()}…"


def _loop(at: Desk) -> list[dict[str, str]]:
    """The KPIs of the loop in the last 30 days, as far as the person's part of the facts has any."""
    today = timezone.localdate()
    query = Query(_LOOP, start=today - timedelta(days=29), end=today + timedelta(days=1), compare="none")
    told = []
    for answer in at.ask(query):
        estimate, metric = answer.rows[0].estimate, at.catalogue[answer.metric]
        if estimate.value is not None:
            low, high = (words.amount(edge, metric.unit) for edge in (estimate.low, estimate.high))
            spread = _("from %(low)s to %(high)s") % {"low": low, "high": high} if estimate.low is not None else ""
            value = words.amount(estimate.value, metric.unit)
            told.append({"key": metric.key, "name": metric.name(at.language), "value": value, "spread": spread})
    return told


@never_cache
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """One case: the answer, who gave it, what was done."""
    at = _welcome(request)
    found = _case(at, pk)
    note(at.person, "case seen", str(found))
    return _shown(request, at, found)


def _shown(request: HttpRequest, at: Desk, found: Case, wrong: django_forms.Form | None = None) -> HttpResponse:
    answer = next(iter(workspace().named("response", [found.response])), {})
    person = person_of(found)
    known = workspace().known(found.customer, at.someone.within) if found.customer else None
    currency = workspace().settings.currency
    blank = {
        "note": forms.Note(),
        "mail": forms.Mail(initial={"subject": _subject(found, str(answer.get("language") or ""))}),
        "give": forms.Give(initial={"to": f"person:{found.person.pk}" if found.person else ""}),
        "due": forms.Due(initial={"due": timezone.localtime(found.due_at), "priority": found.priority}),
        "close": forms.Close(),
    }
    if wrong is not None:
        blank[type(wrong).__name__.lower()] = wrong
    context: dict[str, Any] = {
        "case": found,
        "answer": answer,
        "scale": words.plain(found.scale_max) if found.scale_max is not None else "",
        "score": words.plain(found.score) if found.score is not None else "",
        "person": person,
        "entries": found.entries.select_related("person"),
        "items": [item(fact, currency) for fact in known.facts()[:_HISTORY]] if known else [],
        "customer": f"{reverse('customer')}?{urlencode({'id': found.customer})}" if known and known.tables else "",
        "forms": blank,
    }
    return render(request, "cases/case.html", context, status=422 if wrong else 200)


def _subject(case: Case, language: str) -> str:
    """In the language they answered in, where it is one of ours."""
    with translation.override(language[:2] if language[:2] in dict(settings.LANGUAGES) else None):
        return _("Your answer of %(day)s") % {"day": date_format(timezone.localtime(case.answered_at), "DATE_FORMAT")}


@require_POST
def do(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Do something with a case."""
    at = _welcome(request)
    found = _case(at, pk)
    if what == "reopen":
        return _done(request, at, found, _("The case is open again."), lambda: actions.reopen(found, at.person))
    if what not in _FORMS:
        raise Http404
    form = _FORMS[what][0](request.POST)
    if not form.is_valid():
        return _shown(request, at, found, form)
    doing, said = _FORMS[what][1:]
    return _done(request, at, found, said, lambda: doing(found, at.person, **form.cleaned_data))


def _done(request: HttpRequest, at: Desk, case: Case, said: str, doing: Callable[[], object]) -> HttpResponse:
    try:
        doing()
        messages.success(request, said)
    except CaseError as error:
        messages.error(request, str(error))
    # Who gave a case away may not see it any more.
    return redirect("case", case.pk) if seen_by(at.person).filter(pk=case.pk).exists() else redirect("cases")


_FORMS: dict[str, tuple[type[django_forms.Form], Callable[..., object], Any]] = {
    "note": (forms.Note, actions.write, _lazy("Written down.")),
    "mail": (forms.Mail, actions.mail, _lazy("The e-mail is on its way.")),
    "give": (forms.Give, actions.give, _lazy("Given on.")),
    "due": (forms.Due, actions.postpone, _lazy("Changed.")),
    "close": (forms.Close, actions.close, _lazy("The case is closed.")),
}


def _welcome(request: HttpRequest) -> Desk:
    at = desk(request)
    at.need(Ability.SEE_PEOPLE)
    return at


def _case(at: Desk, pk: int) -> Case:
    return get_object_or_404(seen_by(at.person), pk=pk)
