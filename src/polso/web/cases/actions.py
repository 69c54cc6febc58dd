"""What one does with a case; each is written in its history, in the log and in the facts."""

from __future__ import annotations

from datetime import datetime
from email.utils import make_msgid

from django.core.mail.utils import DNS_NAME
from django.db import transaction
from django.utils import timezone

from polso.errors import PolsoError
from polso.web.accounts.models import Person, note
from polso.web.cases.facts import tell, tell_message
from polso.web.cases.models import CLOSED, Case, Entry, Priority, Reason, Status, Team
from polso.web.cases.opening import least_busy, may_have, notify
from polso.web.jobs.queue import put

_CHANNELS = {Entry.Kind.CALL: "phone", Entry.Kind.REPLY: "email"}


class CaseError(PolsoError):
    """Something that cannot be done with a case."""


@transaction.atomic
def write(case: Case, person: Person, text: str, kind: str = Entry.Kind.NOTE) -> Entry:
    """Add a note, what was said on the telephone, or what the customer replied."""
    kind = Entry.Kind(kind)
    case = _locked(case)
    entry = Entry.objects.create(case=case, person=person, kind=kind, text=text.strip())
    if kind in _CHANNELS:
        towards, author = ("out", "agent") if kind == Entry.Kind.CALL else ("in", "customer")
        tell_message(case, f"case-{case.key}-{entry.pk}", entry.at, entry.text, towards, _CHANNELS[kind], author)
        contacted(case, entry.at)
    note(person, f"case: {kind}", str(case))
    return entry


@transaction.atomic
def mail(case: Case, person: Person, subject: str, text: str) -> Entry:
    """Have an e-mail sent to the customer."""
    if not case.customer:
        raise CaseError(f"case {case} has no customer: there is nobody to write to")
    entry = Entry.objects.create(
        case=case,
        person=person,
        kind=Entry.Kind.MAIL,
        subject=" ".join(subject.split())[:200],
        text=text.strip(),
        message=make_msgid(f"case-{case.pk}", DNS_NAME.get_fqdn()),
    )
    put("case_mail", {"entry": entry.pk}, key=f"case_mail:{entry.pk}")
    note(person, "case: mail", str(case))
    return entry


def contacted(case: Case, at: datetime) -> None:
    """The customer was spoken with, for who holds the case."""
    if case.contacted_at is None:
        case.contacted_at = at
        case.status = Status.CONTACTED if case.status == Status.OPEN else case.status
        case.save(update_fields=["contacted_at", "status"])
        tell(case)


@transaction.atomic
def give(case: Case, by: Person, to: Person | Team | None) -> Case:
    """Give a case to a person, to whoever of a team has fewest, or to nobody."""
    case = _locked(case)
    person = least_busy(to) if isinstance(to, Team) else to
    if person is not None and not may_have(person):
        raise CaseError(f"{person} may not see customers: choose somebody else")
    case.team = to if isinstance(to, Team) else case.team
    case.person, case.given_at, case.told_at = person, timezone.now() if person else None, None
    case.save(update_fields=["person", "team", "given_at", "told_at"])
    notify(person if person != by else None)
    Entry.objects.create(case=case, person=by, kind=Entry.Kind.GIVEN, text=str(person or case.team or ""))
    note(by, "case: given", str(case))
    tell(case)
    return case


@transaction.atomic
def postpone(case: Case, by: Person, due: datetime, priority: str) -> Case:
    """Change by when a case is due, and how much it matters."""
    case = _locked(case)
    case.due_at, case.priority = due, Priority(priority)
    case.save(update_fields=["due_at", "priority"])
    Entry.objects.create(case=case, person=by, kind=Entry.Kind.DUE, text=f"{due.isoformat()} {priority}")
    note(by, "case: due", str(case))
    tell(case)
    return case


@transaction.atomic
def close(case: Case, by: Person, status: str, reason: Reason | None, outcome: str = "") -> Case:
    """Settle a case; CaseError where it is settled already."""
    case = _locked(case)
    if case.closed:
        raise CaseError(f"case {case} is closed already: open it again first")
    if status not in CLOSED:
        raise CaseError(f"a case is closed as solved or unsolved, not as '{status}'")
    case.status, case.reason, case.outcome, case.closed_at = Status(status), reason, outcome.strip()[:1000], timezone.now()
    case.save(update_fields=["status", "reason", "outcome", "closed_at"])
    Entry.objects.create(case=case, person=by, kind=Entry.Kind.CLOSED, text=case.outcome)
    note(by, "case: closed", str(case))
    tell(case)
    return case


@transaction.atomic
def reopen(case: Case, by: Person) -> Case:
    """Take a settled case up again."""
    case = _locked(case)
    if not case.closed:
        raise CaseError(f"case {case} is not closed")
    case.status, case.closed_at = Status.CONTACTED if case.contacted_at else Status.OPEN, None
    case.save(update_fields=["status", "closed_at"])
    Entry.objects.create(case=case, person=by, kind=Entry.Kind.REOPENED)
    note(by, "case: reopened", str(case))
    tell(case)
    return case


def _locked(case: Case) -> Case:
    return Case.objects.select_for_update().get(pk=case.pk)
