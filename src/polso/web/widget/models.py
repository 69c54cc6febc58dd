"""How a survey is shown in pages of others."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from polso.web.surveys.models import Survey

TRIGGERS = {
    "time": _("after some seconds"),
    "scroll": _("when a part of the page was read"),
    "exit": _("when the mouse leaves the page"),
    "click": _("on a click on something"),
    "event": _("when the page says so"),
}
POSITIONS = {"right": _("at the bottom, right"), "left": _("at the bottom, left"), "center": _("at the bottom, in the middle")}


def new_secret() -> str:
    """What the customer's own server signs ids with."""
    return secrets.token_hex(24)


class Widget(models.Model):
    """Where, when and to whom a survey shows up."""

    survey = models.OneToOneField(Survey, on_delete=models.CASCADE, related_name="widget")
    origins = models.JSONField(default=list)
    """The sites that may show it, like https://shop.example.com."""
    triggers = models.JSONField(default=list)
    """Any of these shows it: {on: time, seconds}, {on: scroll, percent}, {on: exit}, {on: click, selector}, {on: event, name}."""
    pages = models.JSONField(default=list)
    """Only on these: /checkout/* and the like; everywhere without any."""
    sample = models.FloatField(_("share of visitors, %"), default=100)
    every = models.PositiveIntegerField(_("days until the same browser is asked again"), default=90)
    position = models.CharField(_("place"), max_length=10, choices=POSITIONS, default="right")
    secret = models.CharField(max_length=64, default=new_secret, editable=False)

    class Meta:
        ordering: ClassVar[list[Any]] = ["pk"]

    def allows(self, origin: str) -> bool:
        """Whether a site may show it."""
        return origin in self.origins

    def knows(self, customer: str, signature: str) -> bool:
        """Whether somebody is who they say: HMAC-SHA256 of the id with the secret, in hexadecimal."""
        wanted = hmac.new(self.secret.encode(), customer.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted.encode(), signature.lower().encode())
