"""The workspace as one person may see it: the one place where a role's reach is enforced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import get_language

from polso.answer import Answers
from polso.metrics.catalogue import Catalogue
from polso.query import Query
from polso.web.accounts.models import Person
from polso.web.accounts.roles import Ability
from polso.workspace import Workspace


@cache
def workspace() -> Workspace:
    """The workspace this site serves."""
    return Workspace(settings.POLSO_WORKSPACE)


@dataclass(frozen=True)
class Desk:
    """What somebody may ask of the workspace."""

    person: Person

    @property
    def language(self) -> str:
        """The language of the page, of those the KPIs speak."""
        return "it" if (get_language() or "en").startswith("it") else "en"

    @property
    def catalogue(self) -> Catalogue:
        """The KPIs."""
        return workspace().catalogue

    def ask(self, query: Query) -> Answers:
        """Answer a question, about the rows this person may see."""
        self.need(Ability.SEE_NUMBERS)
        return workspace().ask(query, within=self.person.within)

    def need(self, ability: Ability) -> None:
        """Refuse who may not."""
        if not self.person.may(ability):
            raise PermissionDenied

    def reaches(self, entity: str) -> bool:
        """Whether the person's part of the facts can be told apart in an entity."""
        within = self.person.within
        return within is None or within.column in workspace().describe(entity).by_name

    def latest_day(self) -> date | None:
        """The day of the latest fact that is not in the future; None while there are no facts."""
        return workspace().latest_day()

    def until(self, entity: str) -> date:
        """The last day worth asking an entity about: that of its latest fact, or today."""
        return workspace().latest_day(entity) or date.today()

    @property
    def whole(self) -> Workspace:
        """The workspace without limits, for who is not limited."""
        if self.person.within is not None:
            raise PermissionDenied
        return workspace()


def desk(request: HttpRequest) -> Desk:
    """The desk of whoever asks."""
    return Desk(cast(Person, request.user))
