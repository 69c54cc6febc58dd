"""Cases, what happened in them, the rules that open them, and who they are given to."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

KINDS = {"nps": "NPS", "csat": "CSAT", "ces": "CES", "stars": _("Stars"), "thumbs": _("Thumbs"), "open": _("Open question")}
_PERSON = settings.AUTH_USER_MODEL


class Priority(models.TextChoices):
    """How much a case matters."""

    URGENT = "urgent", _("urgent")
    HIGH = "high", _("high")
    NORMAL = "normal", _("normal")
    LOW = "low", _("low")


class Status(models.TextChoices):
    """Where a case stands."""

    OPEN = "open", _("open")
    CONTACTED = "contacted", _("contacted")
    SOLVED = "solved", _("solved")
    UNSOLVED = "unsolved", _("could not be solved")


CLOSED = (Status.SOLVED, Status.UNSOLVED)


class Team(models.Model):
    """People who share cases: each new one goes to whoever has fewest open."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    members: models.ManyToManyField[Any, Any] = models.ManyToManyField(_PERSON, related_name="teams", verbose_name=_("members"))

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class Reason(models.Model):
    """What a case may turn out to be about."""

    name = models.CharField(_("reason"), max_length=80, unique=True)
    dropped_at = models.DateTimeField(null=True)
    """From then on no more cases are closed with it."""

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class Rule(models.Model):
    """Which answers open a case, and for whom; of several that fit the first counts. What is left empty fits all."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    place = models.PositiveSmallIntegerField(_("order"), default=100)
    stopped_at = models.DateTimeField(null=True)
    kind = models.CharField(_("question"), max_length=20, blank=True, choices=list(KINDS.items()))
    survey = models.CharField(_("survey"), max_length=120, blank=True)
    low = models.FloatField(_("score from"), null=True, blank=True)
    high = models.FloatField(_("score to"), null=True, blank=True)
    words = models.JSONField(default=list, blank=True)
    """Beginnings of words; the comment has to have one of them."""
    segments = models.JSONField(default=list, blank=True)
    departments = models.JSONField(default=list, blank=True)
    least_revenue = models.FloatField(_("bought in a year for at least"), null=True, blank=True)
    hours = models.FloatField(_("working hours until it is due"), default=8)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    person = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("person"))
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("team"))

    class Meta:
        ordering: ClassVar[list[str]] = ["place", "pk"]

    def __str__(self) -> str:
        return self.name


class Case(models.Model):
    """Somebody is to see to one answer. What the customer wrote stays where it is, in the facts."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    """The id of its fact."""
    response = models.CharField(max_length=255, unique=True)
    """The id of the answer: an answer opens one case, however often it arrives."""
    customer = models.CharField(max_length=255, blank=True, db_index=True)
    rule = models.ForeignKey(Rule, on_delete=models.SET_NULL, null=True)
    rule_name = models.CharField(max_length=80, blank=True)
    """Empty where a person opened it."""
    person = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="cases")
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True)
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    reason = models.ForeignKey(Reason, on_delete=models.SET_NULL, null=True)
    outcome = models.CharField(max_length=1000, blank=True)
    answered_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    given_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    """When the person it was given to was told."""
    contacted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    kind = models.CharField(max_length=20, blank=True)
    score = models.FloatField(null=True)
    scale_max = models.FloatField(null=True)
    survey = models.CharField(max_length=200, blank=True)
    touchpoint = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=200, blank=True)
    segment = models.CharField(max_length=200, blank=True)
    product_category = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["due_at", "pk"]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["due_at"], condition=~Q(status__in=("solved", "unsolved")), name="cases_open_due")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def closed(self) -> bool:
        """Whether it is settled, one way or the other."""
        return self.status in CLOSED

    @property
    def late(self) -> bool:
        """Whether the customer should have been contacted by now, and was not."""
        return self.status == Status.OPEN and self.due_at < timezone.now()


class Entry(models.Model):
    """Something that happened in a case."""

    class Kind(models.TextChoices):
        """What it was."""

        OPENED = "opened", _("opened")
        GIVEN = "given", _("given to")
        NOTE = "note", _("note")
        CALL = "call", _("spoken with the customer")
        MAIL = "mail", _("e-mail to the customer")
        REPLY = "reply", _("reply of the customer")
        DUE = "due", _("due date changed")
        CLOSED = "closed", _("closed")
        REOPENED = "reopened", _("opened again")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="entries")
    at = models.DateTimeField(default=timezone.now)
    person = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField(blank=True)
    subject = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=255, null=True, unique=True)
    """The Message-ID of an e-mail."""
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["at", "pk"]
