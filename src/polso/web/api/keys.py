"""Who calls: a key, its scopes, and how often it may."""

from __future__ import annotations

import math
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import HttpBearer

from polso.web.accounts.models import ApiKey
from polso.web.api.problems import TooManyError
from polso.web.desk import Desk


class Key(HttpBearer):
    """A key made on one's own page, as `Authorization: Bearer polso_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """The key, if it opens and did not ask too often; when it was last used is kept to the day."""
        key = ApiKey.find(token)
        if key is None:
            return None
        if wait := LIMIT.take(key.pk):
            raise TooManyError(math.ceil(wait))
        if key.used_at is None or key.used_at < timezone.now() - timedelta(days=1):
            ApiKey.objects.filter(pk=key.pk).update(used_at=timezone.now())
        return key


class Limit:
    """So many requests a minute for each key: a bucket that fills up steadily."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[int, tuple[float, float]] = {}

    def take(self, who: int) -> float:
        """Take one request; returns 0, or the seconds until there is one to take."""
        most = settings.POLSO_RATE
        now = time.monotonic()
        with self._lock:
            left, since = self._left.get(who, (float(most), now))
            left = min(left + (now - since) * most / 60, float(most))
            self._left[who] = (left - 1 if left >= 1 else left, now)
            return 0 if left >= 1 else (1 - left) * 60 / most


LIMIT = Limit()


def key_of(request: HttpRequest) -> ApiKey:
    """The key a request came with."""
    found: ApiKey = request.auth  # type: ignore[attr-defined]
    return found


def desk_of(request: HttpRequest, scope: str = "read") -> Desk:
    """The desk of the key's person, if the key's scopes reach that far."""
    key = key_of(request)
    if scope not in key.scopes:
        raise HttpError(403, f"this key may not {scope}: make one that may on your own page")
    return Desk(key.person)
