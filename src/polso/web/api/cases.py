"""Cases, from a program: who is unhappy, and what was done about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import Field

from polso.errors import QueryError
from polso.web.accounts.models import Person, note
from polso.web.accounts.roles import Ability
from polso.web.api.keys import desk_of
from polso.web.api.paging import Paged, of_rows
from polso.web.cases import actions
from polso.web.cases.models import CLOSED, Case, Entry, Reason
from polso.web.cases.opening import open_case
from polso.web.cases.reach import seen_by
from polso.web.desk import Desk, workspace

router = Router(tags=["cases"])


class Sifted(Schema):
    """Which cases."""

    show: Literal["open", "closed", "all"] = Field(default="open", description="open: all that are not closed")
    late: bool = Field(default=False, description="only those whose customer should have been contacted by now")


class Told(Schema):
    """A case; what the customer wrote is among the facts, under the id of the answer."""

    id: int
    answer: str
    customer: str
    status: str = Field(description="open, contacted, solved or unsolved")
    priority: str
    kind: str
    score: float | None
    survey: str
    department: str
    rule: str
    person: str | None
    team: str | None
    opened_at: datetime
    due_at: datetime
    contacted_at: datetime | None
    closed_at: datetime | None
    late: bool
    reason: str | None
    outcome: str


class Happened(Schema):
    """Something that happened in a case."""

    at: datetime
    kind: str
    person: str | None
    subject: str
    text: str
    sent_at: datetime | None


class Whole(Told):
    """A case with its history."""

    history: list[Happened]


class Wanted(Schema):
    """An answer that somebody is to see to."""

    answer: str = Field(max_length=255, examples=["a-1"], description="the id of the answer")
    person: str | None = Field(default=None, description="the e-mail address of whom it is given to; else of nobody")


class Note(Schema):
    """A note, or what was said."""

    text: str = Field(min_length=1, max_length=20_000)
    kind: Literal["note", "call", "reply"] = Field(default="note", description="call and reply: the customer was contacted")


class Closing(Schema):
    """How it ended."""

    status: Literal["solved", "unsolved"]
    reason: str | None = Field(default=None, max_length=80, description="one of the workspace's list")
    outcome: str = Field(default="", max_length=1000)


@router.get("/cases", response={200: dict[str, Any]}, summary="List the cases the key's person sees")
def all_cases(request: HttpRequest, response: HttpResponse, sifted: Query[Sifted], paged: Query[Paged]) -> Any:
    """Newest first."""
    found = seen_by(_allowed(request).person)
    if sifted.show != "all":
        found = found.filter(status__in=CLOSED) if sifted.show == "closed" else found.exclude(status__in=CLOSED)
    if sifted.late:
        found = found.filter(status="open", due_at__lt=timezone.now())
    shown, after = of_rows(found, paged, request, response)
    return {"cases": [Told(**_told(one)).model_dump(mode="json") for one in shown], "next": after}


@router.get("/cases/{case}", response={200: Whole}, summary="One case, with its history")
def one_case(request: HttpRequest, case: int) -> Any:
    """Who has it, what was done."""
    at = _allowed(request)
    found = _case(at, case)
    note(at.person, "case seen", str(found))
    return _whole(found)


@router.post("/cases", response={200: Whole, 201: Whole}, summary="Open a case about an answer")
def make_case(request: HttpRequest, wanted: Wanted) -> Any:
    """Of one answer there is one case: where there is one already, it is returned with status 200."""
    at = _allowed(request, "write")
    at.need(Ability.DEFINE)
    before = Case.objects.filter(response=wanted.answer).first()
    if before is not None:
        return Status(200, _whole(before))
    answers = workspace().named("response", [wanted.answer])
    if not answers:
        raise HttpError(404, f"there is no answer '{wanted.answer[:80]}' among the facts")
    to = _person(wanted.person) if wanted.person else None
    made = open_case(answers[0], by=at.person)
    if to != made.person:
        made = actions.give(made, at.person, to)
    return Status(201, _whole(made))


@router.post("/cases/{case}/notes", response={201: Whole}, summary="Write down what happened")
def write_note(request: HttpRequest, case: int, given: Note) -> Any:
    """A note, a call, or what the customer replied."""
    at = _allowed(request, "write")
    found = _case(at, case)
    actions.write(found, at.person, given.text.replace("\0", ""), given.kind)
    return Status(201, _whole(_case(at, case)))


@router.post("/cases/{case}/close", response={200: Whole}, summary="Close a case")
def close_case(request: HttpRequest, case: int, given: Closing) -> Any:
    """It was solved, or could not be."""
    at = _allowed(request, "write")
    found = _case(at, case)
    reason = Reason.objects.filter(name=given.reason, dropped_at=None).first() if given.reason else None
    if given.reason and reason is None:
        known = ", ".join(Reason.objects.filter(dropped_at=None).values_list("name", flat=True)) or "none yet"
        raise QueryError(f"there is no reason '{given.reason}': there are {known}")
    return _whole(actions.close(found, at.person, given.status, reason, given.outcome.replace("\0", "")))


def _allowed(request: HttpRequest, scope: str = "read") -> Desk:
    at = desk_of(request, scope)
    at.need(Ability.SEE_PEOPLE)
    return at


def _case(at: Desk, pk: int) -> Case:
    found = seen_by(at.person).filter(pk=pk).first() if abs(pk) < 2**63 else None
    if found is None:
        raise HttpError(404, f"there is no case {pk} that you may see")
    return found


def _person(address: str) -> Person:
    found = Person.objects.filter(email=address.lower(), is_active=True).first()
    if found is None:
        raise QueryError(f"nobody here has the address '{address}'")
    return found


def _told(case: Case) -> dict[str, Any]:
    same = ("status", "priority", "kind", "score", "survey", "department", "late", "outcome", "customer")
    times = ("opened_at", "due_at", "contacted_at", "closed_at")
    return {
        "id": case.pk,
        "answer": case.response,
        "rule": case.rule_name,
        "person": str(case.person) if case.person else None,
        "team": str(case.team) if case.team else None,
        "reason": str(case.reason) if case.reason else None,
        **{name: getattr(case, name) for name in (*same, *times)},
    }


def _whole(case: Case) -> dict[str, Any]:
    return {**_told(case), "history": [_happened(entry) for entry in case.entries.select_related("person")]}


def _happened(entry: Entry) -> dict[str, Any]:
    person = str(entry.person) if entry.person else None
    same = {name: getattr(entry, name) for name in ("at", "kind", "subject", "text", "sent_at")}
    return {**same, "person": person}
