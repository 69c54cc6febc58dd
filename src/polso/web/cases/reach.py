"""Which cases somebody sees."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from polso.web.accounts.models import Person
from polso.web.accounts.roles import Ability, Role
from polso.web.cases.models import Case
from polso.web.cases.opening import may_have


def seen_by(person: Person) -> QuerySet[Case]:
    """The cases a person may see: their own, those of the departments or teams they lead, or all."""
    cases = Case.objects.select_related("person", "team", "reason")
    if not person.may(Ability.SEE_PEOPLE):
        return cases.none()
    within = person.within
    if within is None:
        return cases
    if person.role == Role.MANAGER:
        theirs = Q(team__name__in=within.values) if within.column == "team" else Q(department__in=within.values)
        return cases.filter(theirs | Q(person=person))
    return cases.filter(person=person)


def takers() -> list[Person]:
    """Whom a case may be given to."""
    return [one for one in Person.objects.filter(is_active=True).order_by("name", "email") if may_have(one)]
