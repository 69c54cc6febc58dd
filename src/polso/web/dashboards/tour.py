"""The first minutes: from a number to one's own file on one's own dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from polso.web.accounts.models import Invitation, LogEntry
from polso.web.accounts.roles import Ability
from polso.web.dashboards.models import Dashboard
from polso.web.desk import Desk, desk


@dataclass(frozen=True)
class Step:
    """Something to do, where, and whether it was done."""

    name: str
    about: str
    url: str
    done: bool = False


def tour(request: HttpRequest) -> HttpResponse:
    """What to do first, as far as the role goes."""
    return render(request, "dashboards/tour.html", {"steps": list(_steps(desk(request)))})


def _steps(at: Desk) -> Iterator[Step]:
    about = _("Open NPS: the number, how sure it is, whether it moved, and what it is made of.")
    yield Step(_("Look at a number"), about, reverse("kpi", args=["nps"]))
    if at.person.may(Ability.LOAD):
        about = _("A CSV or Excel file of answers, tickets, orders or visits. Polso guesses its columns; you check and load.")
        loaded = LogEntry.objects.filter(person=at.person, what="facts loaded").exists()
        yield Step(_("Bring a file of your own"), about, reverse("sources"), loaded)
    mine = Dashboard.objects.filter(person=at.person).first()
    url = reverse("dashboard_edit", args=[mine.pk]) if mine else reverse("dashboard_new")
    yield Step(_("Make a dashboard"), _("Begin with a ready one, then add, move and size tiles."), url, mine is not None)
    if at.person.may(Ability.MANAGE):
        about = _("Each role sees what it needs and no more.")
        yield Step(_("Bring somebody in"), about, reverse("people"), Invitation.objects.exists())
