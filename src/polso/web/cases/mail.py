"""E-mails of a case: sent by the worker, each an answer to the one before."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from polso.web.accounts.models import Person
from polso.web.cases.actions import contacted
from polso.web.cases.facts import tell_message
from polso.web.cases.models import CLOSED, Case, Entry
from polso.web.desk import workspace
from polso.web.jobs.queue import GiveUpError, handles

_TOLD = 30
"""Cases that one message lists."""


def person_of(case: Case) -> dict[str, Any]:
    """What is stored of the customer as such; whoever has the case is to reach them, however little else they see."""
    found = workspace().named("customer", [case.customer]) if case.customer else []
    return found[0] if found else {}


@handles("case_mail")
def send(payload: dict[str, Any]) -> None:
    """Send an e-mail that was written; tried again where the mail server does not take it."""
    entry = Entry.objects.select_related("case", "person").filter(pk=payload["entry"], sent_at=None).first()
    if entry is None:
        return
    address = person_of(entry.case).get("email")
    if not address:
        Entry.objects.filter(pk=entry.pk).update(problem="no address is known")
        raise GiveUpError("no address of the customer is known")
    try:
        _message(entry, address).send()
    except OSError as error:
        Entry.objects.filter(pk=entry.pk).update(problem=f"{type(error).__name__}: it is tried again")
        raise
    with transaction.atomic():
        now = timezone.now()
        Entry.objects.filter(pk=entry.pk).update(sent_at=now, problem="")
        case = Case.objects.select_for_update().get(pk=entry.case.pk)
        tell_message(case, f"case-{case.key}-{entry.pk}", now, f"{entry.subject}\n\n{entry.text}", "out", "email", "agent")
        contacted(case, now)


@handles("case_told")
def tell_person(payload: dict[str, Any]) -> None:
    """Tell somebody of the cases they were given; the message names no customer."""
    person = Person.objects.filter(pk=payload["person"], is_active=True).first()
    new = Case.objects.filter(person=person, told_at=None, given_at__isnull=False).exclude(status__in=CLOSED)
    found = list(new) if person is not None else []
    if person is None or not found:
        return
    with translation.override(person.language or settings.LANGUAGE_CODE):
        count = len(found)
        subject = ngettext("%(n)s customer is waiting for you", "%(n)s customers are waiting for you", count) % {"n": count}
        lines = [f"{_line(one)}\n{settings.POLSO_URL}{reverse('case', args=[one.pk])}" for one in found[:_TOLD]]
    EmailMessage(subject, "\n\n".join(lines), settings.DEFAULT_FROM_EMAIL, [person.email]).send()
    Case.objects.filter(pk__in=[one.pk for one in found]).update(told_at=timezone.now())


def _line(case: Case) -> str:
    score = "" if case.score is None else f" {case.score:g}"
    due = date_format(timezone.localtime(case.due_at), "SHORT_DATETIME_FORMAT")
    return f"{case} {case.kind.upper()}{score} · {case.get_priority_display()} · {_('due %(day)s') % {'day': due}}"


def _message(entry: Entry, address: str) -> EmailMessage:
    before = [one for one in entry.case.entries.filter(pk__lt=entry.pk).values_list("message", flat=True) if one]
    headers = {"Message-ID": entry.message or ""}
    if before:
        headers |= {"In-Reply-To": before[-1], "References": " ".join(before)}
    reply_to = [entry.person.email] if entry.person else []
    return EmailMessage(entry.subject, entry.text, settings.DEFAULT_FROM_EMAIL, [address], reply_to=reply_to, headers=headers)
