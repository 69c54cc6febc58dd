"""Files that were handed over: waiting, being loaded, or done with."""

from __future__ import annotations

import shutil
import uuid
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from filelock import FileLock, Timeout

from polso.web.accounts.models import Person

KEPT_DAYS = 14
"""So long a file waits before it is forgotten."""


class State(models.TextChoices):
    """How far a file has come."""

    WAITING = "waiting", _("waiting to be loaded")
    LOADING = "loading", _("being loaded")
    DONE = "done", _("loaded")
    REFUSED = "refused", _("refused")
    STOPPED = "stopped", _("stopped")
    BROKEN = "broken", _("broken off")


class Upload(models.Model):
    """A file, the entity it is meant for, how its columns become facts, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    at = models.DateTimeField(auto_now_add=True)
    entity = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    mapping = models.TextField(blank=True)
    keep_good = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    size = models.BigIntegerField(default=0)
    read = models.BigIntegerField(default=0)
    """Bytes, so far."""
    stop = models.BooleanField(default=False)
    """Whether somebody asked for the load to be stopped."""
    ended_at = models.DateTimeField(null=True)
    before = models.IntegerField(default=-1)
    """The version of the facts when the load began."""
    version = models.IntegerField(null=True)
    """The version that holds the load; none where it changed nothing."""
    inserted = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    repeated = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    rejects = models.CharField(max_length=200, blank=True)
    """The name of the file that lists the refused rows."""
    problem = models.TextField(blank=True)
    warnings = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar[list[str]] = ["-at"]

    @property
    def folder(self) -> Path:
        """The folder of the file's own."""
        return Path(settings.SITE) / "uploads" / str(self.id)

    @property
    def path(self) -> Path:
        """Where the file waits; its own name stays, because it tells what kind of file it is."""
        return self.folder / self.name

    @property
    def rejects_file(self) -> Path | None:
        """The list of refused rows, as long as it is kept."""
        path = Path(settings.POLSO_WORKSPACE) / "rejects" / self.rejects
        return path if self.rejects and path.is_file() else None

    @property
    def share(self) -> int:
        """How much of the file is read, in per cent."""
        return min(100 * self.read // self.size, 100) if self.size else 0

    @property
    def lock(self) -> FileLock:
        """Held by whoever loads the file; the system lets go of it when they die."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder.with_suffix(".lock"), thread_local=False)

    def settle(self) -> None:
        """See whether a load still goes on; where nobody holds its lock any more, it was broken off."""
        if self.state != State.LOADING:
            return
        try:
            with self.lock.acquire(timeout=0):
                broken = {"state": State.BROKEN, "ended_at": timezone.now()}
                Upload.objects.filter(pk=self.pk, state=State.LOADING).update(**broken)
                self.refresh_from_db()
        except Timeout:
            return

    def discard(self) -> None:
        """Forget the file, and that it was here."""
        self.forget_file()
        self.delete()

    def forget_file(self) -> None:
        """Remove the file; what became of it stays known."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.with_suffix(".lock").unlink(missing_ok=True)

    @classmethod
    def tidy(cls) -> None:
        """Forget files that nobody loaded in a long time."""
        old = cls.objects.filter(at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).exclude(state__in=(State.LOADING, State.DONE))
        for one in old:
            one.discard()
