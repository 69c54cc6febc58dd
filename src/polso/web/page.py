"""What every page has around it: where one can go, and who one is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from polso.web.accounts.models import Person
from polso.web.accounts.roles import Ability


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """Context of every template."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {"places": []}
    places = [
        (_("Today"), reverse("today"), True),
        (_("KPIs"), reverse("kpis"), True),
        (_("Cases"), reverse("cases"), person.may(Ability.SEE_PEOPLE)),
        (_("Surveys"), reverse("surveys"), True),
        (_("Customers"), reverse("customers"), person.may(Ability.SEE_PEOPLE)),
        (_("Facts"), reverse("sources"), person.may(Ability.LOAD)),
        (_("People"), reverse("people"), person.may(Ability.MANAGE)),
    ]
    here = request.path
    return {
        "places": [
            {"name": name, "url": url, "here": here == url or (url != "/" and here.startswith(url))}
            for name, url, shown in places
            if shown
        ],
        "may": {ability.value: person.may(ability) for ability in Ability},
    }
