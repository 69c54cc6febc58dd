"""What each role may do. One table; every page and every call asks it."""

from __future__ import annotations

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Ability(StrEnum):
    """Something a person may or may not do."""

    SEE_NUMBERS = "see_numbers"
    SEE_ROWS = "see_rows"
    """The single facts behind a number."""
    SEE_PEOPLE = "see_people"
    """Who a customer is, and what they wrote."""
    EXPORT = "export"
    LOAD = "load"
    DEFINE = "define"
    """KPIs, goals and shared dashboards."""
    ERASE = "erase"
    MANAGE = "manage"
    """Other people, keys and settings."""


class Role(StrEnum):
    """Who somebody is to the workspace."""

    OWNER = "owner"
    ANALYST = "analyst"
    MANAGER = "manager"
    OPERATOR = "operator"
    EXECUTIVE = "executive"


NAMES = {
    Role.OWNER: _("Owner"),
    Role.ANALYST: _("Analyst"),
    Role.MANAGER: _("Manager"),
    Role.OPERATOR: _("Operator"),
    Role.EXECUTIVE: _("Executive"),
}
MEANINGS = {
    Role.OWNER: _("Everything, people and settings included."),
    Role.ANALYST: _("Every number and fact; loads facts and defines KPIs."),
    Role.MANAGER: _("The numbers and facts of their departments or teams."),
    Role.OPERATOR: _("Their own tickets and feedback, nobody else's."),
    Role.EXECUTIVE: _("Every number, no personal data."),
}
MAY: dict[Role, frozenset[Ability]] = {
    Role.OWNER: frozenset(Ability),
    Role.ANALYST: frozenset(Ability) - {Ability.MANAGE, Ability.ERASE},
    Role.MANAGER: frozenset({Ability.SEE_NUMBERS, Ability.SEE_ROWS, Ability.SEE_PEOPLE, Ability.EXPORT}),
    Role.OPERATOR: frozenset({Ability.SEE_NUMBERS, Ability.SEE_ROWS, Ability.SEE_PEOPLE}),
    Role.EXECUTIVE: frozenset({Ability.SEE_NUMBERS}),
}
LIMITED_TO: dict[Role, tuple[str, ...]] = {Role.MANAGER: ("department", "team"), Role.OPERATOR: ("agent",)}
"""The columns by which a role's view may be limited; a role that is not here sees the whole workspace."""
