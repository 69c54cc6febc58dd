"""Where messages go, and how each of them fared."""

from __future__ import annotations

import base64
import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

EVENTS = {
    "answer.received": _("answers of customers came in"),
    "case.opened": _("somebody was asked to see to an unhappy customer"),
    "kpi.changed": _("facts changed, so KPIs may have"),
    "load.finished": _("facts that were posted are in the warehouse"),
}


def new_secret() -> str:
    """A secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def new_message() -> str:
    """The id of a message; the same each time it is tried."""
    return "msg_" + secrets.token_urlsafe(18)


class Endpoint(models.Model):
    """An address that is told about some events."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    url = models.URLField(_("address"), max_length=500)
    about = models.CharField(_("what for"), max_length=80, blank=True)
    events = models.JSONField(default=list)
    secret = models.CharField(max_length=80, default=new_secret, editable=False)
    made_at = models.DateTimeField(auto_now_add=True)
    stopped_at = models.DateTimeField(null=True)
    """When it said that it is gone, or failed for days."""

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]


class Delivery(models.Model):
    """One message to one endpoint."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    message = models.CharField(max_length=40, default=new_message, unique=True, editable=False)
    event = models.CharField(max_length=40)
    body = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    answer = models.PositiveSmallIntegerField(null=True)
    """The status the endpoint answered with, the last time."""
    problem = models.CharField(max_length=300, blank=True)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["made_at"], name="webhooks_made")]

    @property
    def state(self) -> str:
        """How it fared: waiting, delivered or failed."""
        return "delivered" if self.done_at else "failed" if self.failed_at else "waiting"


class Seen(models.Model):
    """What was noticed last, so that a change is told once."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.CharField(max_length=80)
