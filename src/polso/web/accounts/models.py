"""People, invitations, keys of programs, and the log of what matters."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from polso.query import Within
from polso.web.accounts.roles import LIMITED_TO, MAY, NAMES, Ability, Role

ROLES = [(role.value, NAMES[role]) for role in Role]
INVITATION_DAYS = 14


def fingerprint(secret: str) -> str:
    """What is kept of a secret that was shown once."""
    return hashlib.sha256(secret.encode()).hexdigest()


class People(BaseUserManager["Person"]):
    """Makes people."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """Make a person who signs in with an e-mail address."""
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save()
        return person


class Limited(models.Model):
    """A role, and the part of the facts it reaches."""

    role = models.CharField(_("role"), max_length=20, choices=ROLES, default=Role.EXECUTIVE)
    limit_column = models.CharField(max_length=40, blank=True)
    limit_values = models.JSONField(default=list, blank=True)

    class Meta:
        abstract = True

    def may(self, ability: Ability) -> bool:
        """Whether the role allows something."""
        return ability in MAY[Role(self.role)]

    @property
    def within(self) -> Within | None:
        """The rows they may see; None is all of them. Who is limited but to nothing sees nothing."""
        columns = LIMITED_TO.get(Role(self.role))
        if columns is None:
            return None
        return Within(self.limit_column or columns[0], tuple(self.limit_values))


class Person(AbstractBaseUser, PermissionsMixin, Limited):
    """Somebody who signs in."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = People()

    def __str__(self) -> str:
        return self.name or self.email


class Invitation(Limited):
    """A link that lets somebody in."""

    email = models.EmailField(_("e-mail"))
    token = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(Person, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    @classmethod
    def write(cls, email: str, invited_by: Person, **limits: Any) -> tuple[Invitation, str]:
        """Make an invitation; its secret is returned once and not kept."""
        secret = secrets.token_urlsafe(32)
        expires = timezone.now() + timedelta(days=INVITATION_DAYS)
        made = cls.objects.create(
            email=email.lower(), token=fingerprint(secret), invited_by=invited_by, expires_at=expires, **limits
        )
        return made, secret

    @classmethod
    def open(cls, secret: str) -> Invitation | None:
        """The invitation a secret belongs to, if it still stands."""
        now = timezone.now()
        return cls.objects.filter(token=fingerprint(secret), accepted_at=None, expires_at__gt=now).first()


class ApiKey(models.Model):
    """What a program signs in with: shown once, kept as a hash."""

    SCOPES = (("read", _("read numbers")), ("write", _("load facts")))
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(_("name"), max_length=80)
    start = models.CharField(max_length=12, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    @classmethod
    def cut(cls, person: Person, name: str, scopes: list[str]) -> tuple[ApiKey, str]:
        """Make a key; its text is returned once and not kept."""
        text = f"polso_{secrets.token_urlsafe(32)}"
        return cls.objects.create(person=person, name=name, start=text[:12], hash=fingerprint(text), scopes=scopes), text

    @classmethod
    def find(cls, text: str) -> ApiKey | None:
        """The key a text belongs to, if it still opens."""
        found = cls.objects.filter(hash=fingerprint(text), revoked_at=None, person__is_active=True)
        return found.select_related("person").first()


class LogEntry(models.Model):
    """Something that mattered: who did or saw what."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True)
    what = models.CharField(max_length=60)
    about = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-at"]


def note(person: Person | None, what: str, about: str = "") -> None:
    """Write in the log."""
    LogEntry.objects.create(person=person, what=what, about=about[:200])
