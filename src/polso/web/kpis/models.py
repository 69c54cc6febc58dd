"""What people set beside the numbers: goals, and what happened when."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

MOST_PINNED = 3
"""Who works on everything works on nothing."""


class Goal(models.Model):
    """What a KPI, in the whole or in a segment, should reach in each month, quarter or year."""

    GRAINS = (("month", _("each month")), ("quarter", _("each quarter")), ("year", _("each year")))
    kpi = models.CharField(max_length=80)
    where = models.CharField(_("only where"), max_length=300, blank=True)
    grain = models.CharField(_("period"), max_length=10, choices=GRAINS, default="month")
    target = models.FloatField(_("target"))
    since = models.DateField(_("from"), default=date.today)
    until = models.DateField(_("until"), null=True, blank=True)
    pinned = models.BooleanField(_("what we work on now"), default=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pinned", "kpi", "where"]

    @classmethod
    def standing(cls, kpi: str, day: date) -> models.QuerySet[Goal]:
        """The goals of a KPI as a whole that hold on a day."""
        holds = Q(until=None) | Q(until__gte=day)
        return cls.objects.filter(holds, kpi=kpi, where="", since__lte=day)


class Happening(models.Model):
    """Something that happened and may have moved numbers: a release, a campaign, a strike."""

    day = models.DateField(_("day"))
    text = models.CharField(_("what happened"), max_length=120)
    kpi = models.CharField(max_length=80, blank=True)
    """Empty where it is shown with every KPI."""
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["day"]
