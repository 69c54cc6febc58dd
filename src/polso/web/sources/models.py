"""Files that were handed over and wait to be loaded."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models

from polso.web.accounts.models import Person


class Upload(models.Model):
    """A file, the entity it is meant for, and how its columns become facts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    at = models.DateTimeField(auto_now_add=True)
    entity = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    mapping = models.TextField(blank=True)

    @property
    def path(self) -> Path:
        """Where the file waits; its own name stays, because it tells what kind of file it is."""
        return settings.SITE / "uploads" / str(self.id) / self.name

    def discard(self) -> None:
        """Forget the file."""
        self.path.unlink(missing_ok=True)
        if self.path.parent.is_dir():
            self.path.parent.rmdir()
        self.delete()
