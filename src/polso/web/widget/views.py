"""The page on which a survey's widget is set up, tried, and its line of HTML is copied."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.desk import desk
from polso.web.surveys.models import Survey
from polso.web.widget.forms import Setting
from polso.web.widget.models import Widget
from polso.web.widget.public import preview_of


def widget(request: HttpRequest, key: str) -> HttpResponse:
    """Settings, the line to copy, and the real thing on this very page."""
    at = desk(request)
    at.need(Ability.DEFINE)
    survey = get_object_or_404(Survey, key=key)
    found, _new = Widget.objects.get_or_create(survey=survey, defaults={"triggers": [{"on": "time", "seconds": 10}]})
    form = Setting(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        form.save()
        note(at.person, "widget changed", survey.key)
        messages.success(request, _("Kept; pages that show it know within a minute."))
        return redirect("widget", survey.key)
    src = settings.POLSO_URL + reverse("widget_script")
    context = {
        "survey": survey,
        "form": form,
        "widget": found,
        "snippet": f'<script src="{src}" data-survey="{survey.key}" async></script>',
        "policy": f"script-src {settings.POLSO_URL}; connect-src {settings.POLSO_URL}",
        "preview": preview_of(survey.key),
    }
    return render(request, "widget/widget.html", context, status=422 if form.errors else 200)
