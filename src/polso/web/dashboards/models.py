"""Dashboards of people's own, and links that show one to somebody without an account."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from polso.query import Within
from polso.web.accounts.models import Person, fingerprint
from polso.web.accounts.roles import Ability

KINDS = {
    "number": _("number"),
    "trend": _("trend"),
    "bars": _("bars by segment"),
    "table": _("table by segment"),
    "heat": _("by hour and weekday"),
    "goal": _("goal"),
    "funnel": _("steps of a journey"),
    "comments": _("comments"),
}
WIDTHS = {2: _("a third"), 3: _("a half"), 4: _("two thirds"), 6: _("the whole row")}
MOST_TILES = 24


class Dashboard(models.Model):
    """Tiles in an order; its maker's own until it is shared with everybody."""

    name = models.CharField(_("name"), max_length=80)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    shared = models.BooleanField(_("everybody may see it"), default=False)
    days = models.PositiveSmallIntegerField(default=30)
    where = models.CharField(_("only where"), max_length=300, blank=True)
    compare = models.CharField(max_length=10, default="previous")
    tiles = models.JSONField(default=list)
    """Each: kind, kpi, by, where, width."""
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    @classmethod
    def seen_by(cls, person: Person) -> models.QuerySet[Dashboard]:
        """One's own, and those that everybody may see."""
        return cls.objects.filter(models.Q(person=person) | models.Q(shared=True))


class ShareLink(models.Model):
    """Shows one dashboard, with the reach of whoever made it, numbers only, until a day."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="links")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    token = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    @classmethod
    def cut(cls, dashboard: Dashboard, person: Person, days: int) -> tuple[ShareLink, str]:
        """Make a link; its secret is returned once and not kept."""
        secret = secrets.token_urlsafe(32)
        expires = timezone.now() + timedelta(days=days)
        return cls.objects.create(dashboard=dashboard, person=person, token=fingerprint(secret), expires_at=expires), secret

    @classmethod
    def open(cls, secret: str) -> ShareLink | None:
        """The link a secret belongs to, while it stands and its maker is here."""
        standing: dict[str, Any] = {"revoked_at": None, "expires_at__gt": timezone.now(), "person__is_active": True}
        return cls.objects.filter(token=fingerprint(secret), **standing).select_related("dashboard", "person").first()

    def may(self, ability: Ability) -> bool:
        """Who comes by a link sees numbers and nothing else."""
        return ability is Ability.SEE_NUMBERS

    @property
    def within(self) -> Within | None:
        """The rows that the link's maker may see."""
        return self.person.within
