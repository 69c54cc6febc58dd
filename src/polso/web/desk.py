"""The workspace as one person may see it: the one place where a role's reach is enforced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Protocol, cast

import pyarrow as pa
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from polso.answer import Answers
from polso.errors import QueryError
from polso.measure import Bar
from polso.metrics.catalogue import Catalogue
from polso.metrics.metric import Metric
from polso.query import Query, Within
from polso.web.accounts.models import Person
from polso.web.accounts.roles import Ability
from polso.web.discreet import discreet
from polso.workspace import Workspace


@cache
def workspace() -> Workspace:
    """The workspace this site serves."""
    return Workspace(settings.POLSO_WORKSPACE)


class Someone(Protocol):
    """Who asks: a person, or who comes by a link."""

    def may(self, ability: Ability) -> bool: ...
    @property
    def within(self) -> Within | None: ...


@dataclass(frozen=True)
class Desk:
    """What somebody may ask of the workspace."""

    someone: Someone

    @property
    def person(self) -> Person:
        """Who is signed in; who came by a link is nobody."""
        if not isinstance(self.someone, Person):
            raise PermissionDenied
        return self.someone

    @property
    def language(self) -> str:
        """The language of the page, of those the KPIs speak."""
        return "it" if (get_language() or "en").startswith("it") else "en"

    @property
    def catalogue(self) -> Catalogue:
        """The KPIs."""
        return workspace().catalogue

    def ask(self, query: Query) -> Answers:
        """Answer a question, about the rows this person may see; small groups are kept to themselves."""
        self.need(Ability.SEE_NUMBERS)
        if "agent" in query.by and not self.compares_agents:
            raise QueryError(_("Comparing agents is switched off in this workspace."))
        answers = workspace().ask(query, within=self.someone.within)
        return discreet(answers, workspace().settings.privacy.smallest_group) if query.by or query.where else answers

    @property
    def compares_agents(self) -> bool:
        """Whether agents may be set side by side."""
        return workspace().settings.privacy.operator_rankings

    def rows(self, query: Query, most: int = 100, skip: int = 0) -> pa.Table:
        """The rows behind an answer, without personal columns for who may not see people."""
        self.need(Ability.SEE_ROWS)
        personal = self.someone.may(Ability.SEE_PEOPLE)
        return workspace().rows(query, personal=personal, most=most, skip=skip, within=self.someone.within)

    def distribution(self, query: Query) -> list[Bar]:
        """How the values behind an answer are spread; nothing where they are too few."""
        self.need(Ability.SEE_NUMBERS)
        bars = workspace().distribution(query, self.someone.within)
        return bars if sum(bar.rows for bar in bars) >= 5 * workspace().settings.privacy.smallest_group else []

    def try_out(self, draft: Metric, query: Query) -> Answers:
        """Answer a question about a KPI that is not in the catalogue."""
        self.need(Ability.SEE_NUMBERS)
        answers = workspace().try_out(draft, query, self.someone.within)
        return discreet(answers, workspace().settings.privacy.smallest_group) if query.by or query.where else answers

    def need(self, ability: Ability) -> None:
        """Refuse who may not."""
        if not self.someone.may(ability):
            raise PermissionDenied

    def reaches(self, entity: str) -> bool:
        """Whether the person's part of the facts can be told apart in an entity."""
        within = self.someone.within
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
        if self.someone.within is not None:
            raise PermissionDenied
        return workspace()


def desk(request: HttpRequest) -> Desk:
    """The desk of whoever asks."""
    return Desk(cast(Person, request.user))
