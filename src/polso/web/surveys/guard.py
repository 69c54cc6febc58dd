"""Who may be a program: answers come from a form that was shown a moment ago, not too often, with the trap left empty."""

from __future__ import annotations

import os
import threading
import time
import uuid

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

TRAP = "website_address"
"""A field that nobody sees; programs fill it in."""
QUICKEST = 0.7
"""Seconds between a page and its answer; nobody reads faster."""
OLDEST = 48 * 3600
PER_LINK = 20
PER_ADDRESS = int(os.environ.get("POLSO_ANSWER_RATE", "240"))
"""Answers a minute from one network address, of each web process; a shop or an office is one address."""
_MOST_KEPT = 50_000
_SALT = "polso.web.surveys.shown"


class Limit:
    """So many a minute for each name: buckets that fill up steadily."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, who: str) -> bool:
        """Take one; False where there is none left."""
        now = time.monotonic()
        with self._lock:
            if len(self._left) >= _MOST_KEPT:
                self._left = {name: one for name, one in self._left.items() if now - one[1] < 60}
            left, since = self._left.get(who, (float(self.most), now))
            left = min(left + (now - since) * self.most / 60, float(self.most))
            self._left[who] = (left - 1 if left >= 1 else left, now)
            return left >= 1


_LINKS, _ADDRESSES = Limit(PER_LINK), Limit(PER_ADDRESS)


def shown(uid: uuid.UUID) -> str:
    """What a form carries: whose it is and when it was shown, signed."""
    # Django's own timestamps are in whole seconds, which is too coarse here.
    return signing.Signer(salt=_SALT).sign(f"{uid.hex}.{int(time.time() * 1000)}")


def _said(request: HttpRequest) -> tuple[uuid.UUID, float] | None:
    """Whose form was sent, and how many seconds ago it was shown; None where it is not ours."""
    try:
        uid, _, at = signing.Signer(salt=_SALT).unsign(request.POST.get("shown", "")).partition(".")
        return uuid.UUID(uid), time.time() - int(at) / 1000
    except (signing.BadSignature, ValueError):
        return None


def uid_shown(request: HttpRequest) -> uuid.UUID | None:
    """Whose form was sent; None where the form is not ours."""
    said = _said(request)
    return said[0] if said else None


def human(request: HttpRequest, uid: uuid.UUID) -> bool:
    """Whether a link's own form was sent as people do: read first, not days old, the trap left empty."""
    said = _said(request)
    return said is not None and said[0] == uid and QUICKEST <= said[1] <= OLDEST and not request.POST.get(TRAP)


def calm(request: HttpRequest, uid: uuid.UUID) -> bool:
    """Whether neither the link nor the address sends too often. The address is kept nowhere."""
    return _LINKS.take(uid.hex) and _ADDRESSES.take(_address(request))


def _address(request: HttpRequest) -> str:
    # Behind a proxy every request comes from the proxy; it adds the real address at the end.
    said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return said if said and settings.SECURE_PROXY_SSL_HEADER else request.META.get("REMOTE_ADDR", "")
