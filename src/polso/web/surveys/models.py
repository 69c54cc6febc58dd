"""Surveys, their questions, who was asked, and what they answered."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from polso.web.surveys.kinds import KINDS, Kind
from polso.web.surveys.texts import Texts, told

PROGRAMMES = {"relational": _("of the whole relation"), "transactional": _("of one contact")}
MODES = {"identified": _("with their name"), "anonymous": _("anonymous")}
STATUSES = {"draft": _("draft"), "live": _("live"), "paused": _("paused"), "ended": _("ended")}
THEMES = {"auto": _("as the device"), "light": _("light"), "dark": _("dark")}
EVENTS = ("sent", "delivered", "opened", "started", "completed", "bounced")
"""What happens to a request to answer, in its order; each is a time of the fact `invitation`."""


class Survey(models.Model):
    """What is asked, of whom, in which languages, and how it looks."""

    key = models.SlugField(_("key"), max_length=60, unique=True)
    """In addresses, and the `survey` of every answer: it never changes."""
    name = models.CharField(_("name"), max_length=120)
    programme = models.CharField(_("programme"), max_length=20, choices=PROGRAMMES, default="transactional")
    touchpoint = models.CharField(_("touchpoint"), max_length=60, blank=True)
    mode = models.CharField(_("who answers"), max_length=20, choices=MODES, default="identified")
    status = models.CharField(_("status"), max_length=20, choices=STATUSES, default="draft")
    languages = models.JSONField(_("languages"), default=list)
    language = models.CharField(_("first language"), max_length=12, default="en")
    """Told where a text has no translation."""
    texts = models.JSONField(default=dict)
    """title, intro, thanks, consent: each {language: text}."""
    colour = models.CharField(_("colour"), max_length=7, default="#1f5fbf")
    theme = models.CharField(_("theme"), max_length=5, choices=THEMES, default="auto")
    logo = models.BinaryField(default=bytes, blank=True)
    logo_type = models.CharField(max_length=20, blank=True)
    frames = models.JSONField(_("sites that may show it in a frame"), default=list)
    """Origins like https://help.example.com."""
    edit_hours = models.PositiveIntegerField(_("hours in which an answer may be changed"), default=24)
    version = models.PositiveIntegerField(default=1)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "key"]

    def __str__(self) -> str:
        return self.name

    @property
    def open(self) -> bool:
        """Whether answers are taken."""
        return self.status == "live"

    @property
    def anonymous(self) -> bool:
        """Whether nothing that tells who answered is kept."""
        return self.mode == "anonymous"

    @property
    def asked(self) -> list[Question]:
        """The questions, in their order."""
        return list(self.questions.filter(removed=False))

    def text(self, name: str, language: str) -> str:
        """One of the survey's texts, in a language or the nearest there is."""
        return told(self.texts.get(name, {}), language, self.language)


class Question(models.Model):
    """One question; what was answered keeps it from being deleted, so it is only taken out."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(default=0)
    key = models.SlugField(max_length=40)
    kind = models.CharField(_("kind"), max_length=12, choices={name: kind.name for name, kind in KINDS.items()})
    scale_min = models.SmallIntegerField(null=True)
    scale_max = models.SmallIntegerField(null=True)
    high_is_good = models.BooleanField(null=True)
    """Whether a high score is a good one; of effort, "easy to agree with" and "how much effort" differ."""
    required = models.BooleanField(default=False)
    texts = models.JSONField(default=dict)
    """text, low, high (what the ends of the scale mean): each {language: text}."""
    options = models.JSONField(default=list)
    """Of a choice: {key, texts: {language: text}}."""
    follow_ups = models.JSONField(default=list)
    """What is asked after a score: {from, to, texts: {language: text}}."""
    removed = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "pk"]
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["survey", "key"], name="surveys_question_key")]

    @property
    def sort(self) -> Kind:
        """What is known of its kind."""
        return KINDS[self.kind]

    @property
    def scores(self) -> list[int]:
        """The scores one can give, lowest first."""
        return list(range(self.scale_min, self.scale_max + 1)) if self.scale_min is not None and self.scale_max else []

    def text(self, name: str, language: str) -> str:
        """One of its texts, in a language or the nearest there is."""
        return told(self.texts.get(name, {}), language, self.survey.language)

    def follow_up(self, score: float | None) -> Texts | None:
        """What is asked after a score, in each language; None where nothing is."""
        found = (one["texts"] for one in self.follow_ups if score is not None and one["from"] <= score <= one["to"])
        return next(found, None)


class Link(models.Model):
    """One person's request to answer a survey, and how far they came with it."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="links")
    customer_id = models.CharField(max_length=200, null=True, db_index=True)
    """None for who comes by a public link, and always in an anonymous survey."""
    language = models.CharField(max_length=12, blank=True)
    channel = models.CharField(max_length=40, default="link")
    fields = models.JSONField(default=dict)
    """What is known beforehand: ticket_id, order_id, segment, agent, department, touchpoint and anything else."""
    test = models.BooleanField(default=False)
    """Its answers are never counted."""
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    """Who typed the answers in, on the phone."""
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["survey", "test", "made_at"], name="surveys_link_made")]

    @property
    def expired(self) -> bool:
        """Whether it is too late to begin."""
        return self.expires_at is not None and self.expires_at < timezone.now()

    @property
    def changeable(self) -> bool:
        """Whether answers may be given or changed: until so many hours after the first."""
        return self.started_at is None or timezone.now() < self.started_at + timedelta(hours=self.survey.edit_hours)


class Answer(models.Model):
    """What was answered to one question; former answers are kept, the current one counts."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    score = models.FloatField(null=True)
    choices = models.JSONField(default=list)
    """The keys of the options."""
    comment = models.TextField(blank=True)
    language = models.CharField(max_length=12)
    version = models.PositiveIntegerField()
    """The survey's, when it was answered."""
    how = models.CharField(max_length=12)
    """What confirmed it: a button, a gesture after a tap in an e-mail, a program, a colleague."""
    at = models.DateTimeField(default=timezone.now)
    first_at = models.DateTimeField()
    """When the question was first answered: the day it counts on."""
    current = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["link", "question"], condition=models.Q(current=True), name="surveys_current_answer")
        ]
