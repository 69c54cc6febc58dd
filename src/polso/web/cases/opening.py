"""From answers that arrived to cases that are open, once for each answer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from polso.web.accounts.models import Person, note
from polso.web.accounts.roles import Ability
from polso.web.cases.facts import tell
from polso.web.cases.models import CLOSED, Case, Entry, Rule, Team
from polso.web.cases.rules import active, fits, fresh, might, with_customers
from polso.web.desk import workspace
from polso.web.inbox.models import Batch
from polso.web.jobs.queue import handles, put
from polso.web.webhooks.events import emit

_TOGETHER = 200
_SEVERAL = timedelta(seconds=int(os.environ.get("POLSO_CASES_TOLD_SECONDS", "60")))
_LOOKED_AT = ("id", "submitted_at", "kind", "survey", "score", "comment", "department")
_KEPT = ("kind", "survey", "touchpoint", "channel", "segment", "product_category", "department")


def answers_moved(batches: Sequence[Batch], table: pa.Table, **_: Any) -> None:
    """Have the answers looked at that a rule might be about; in the transaction that marks them as moved."""
    if not batches or batches[0].entity != "response":
        return
    rules = active()
    if not rules:
        return
    rows = table.select([name for name in _LOOKED_AT if name in table.column_names]).to_pylist()
    found = [row["id"] for row in rows if fresh(row) and any(might(rule, row) for rule in rules)]
    for place in range(0, len(found), _TOGETHER):
        put("open_cases", {"answers": found[place : place + _TOGETHER]})


@handles("open_cases")
def open_cases(payload: dict[str, Any]) -> None:
    """Open a case for each answer that a rule fits, as the warehouse has it."""
    known = set(Case.objects.filter(response__in=payload["answers"]).values_list("response", flat=True))
    rules = active()
    rows = workspace().named("response", [one for one in payload["answers"] if one not in known])
    likely = [row for row in rows if fresh(row) and any(might(rule, row) for rule in rules)]
    for answer in with_customers(likely, rules):
        rule = next((rule for rule in rules if fits(rule, answer)), None)
        if rule is not None:
            open_case(answer, rule)


@transaction.atomic
def open_case(answer: Mapping[str, Any], rule: Rule | None = None, by: Person | None = None) -> Case:
    """Open a case about an answer; the one there is where it has one already."""
    now = timezone.now()
    hours = rule.hours if rule else Rule._meta.get_field("hours").default
    given = {name: (answer.get(name) or "")[:200] for name in _KEPT}
    case, new = Case.objects.get_or_create(
        response=answer["id"],
        defaults={
            **given,
            "customer": answer.get("customer_id") or "",
            "rule": rule,
            "rule_name": rule.name if rule else "",
            "priority": rule.priority if rule else Rule._meta.get_field("priority").default,
            "team": rule.team if rule else None,
            "score": answer.get("score"),
            "scale_max": answer.get("scale_max"),
            "answered_at": answer["submitted_at"],
            "opened_at": now,
            "due_at": workspace().working_time_after(now, hours, given["department"] or None),
        },
    )
    if not new:
        return case
    case.person = _whose(rule) if rule else by
    case.given_at = now if case.person else None
    case.save(update_fields=["person", "given_at"])
    notify(case.person if case.person != by else None)
    Entry.objects.create(case=case, kind=Entry.Kind.OPENED, person=by, text=case.rule_name)
    note(by, "case opened", str(case))
    emit("case.opened", {"case": case.pk, "answer": case.response, "rule": case.rule_name, "priority": case.priority})
    tell(case)
    return case


def notify(person: Person | None) -> None:
    """Have somebody told of their new cases, of several in a minute by one e-mail."""
    if person is not None:
        key = f"case_told:{person.pk}"
        put("case_told", {"person": person.pk}, key=key, run_at=timezone.now() + _SEVERAL)


def _whose(rule: Rule) -> Person | None:
    if rule.person is not None and may_have(rule.person):
        return rule.person
    return least_busy(rule.team) if rule.team is not None else None


def may_have(person: Person) -> bool:
    """Whether cases may be given to somebody."""
    return person.is_active and person.may(Ability.SEE_PEOPLE)


def least_busy(team: Team) -> Person | None:
    """Of a team's members the one with fewest open cases; of several, who has waited longest for one."""
    # Two that give at once would both find the same person idle.
    Team.objects.select_for_update().get(pk=team.pk)
    mine = ~Q(cases__status__in=CLOSED) & Q(cases__isnull=False)
    members = team.members.annotate(load=Count("cases", filter=mine, distinct=True), latest=Max("cases__given_at"))
    able = [one for one in members if may_have(one)]
    return min(able, key=lambda one: (one.load, one.latest is not None, one.latest, one.pk), default=None)
