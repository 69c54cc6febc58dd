"""The signed text that stands for one request to answer, in addresses."""

from __future__ import annotations

import base64
import binascii
import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from polso.web.surveys.models import Link, Survey

_SIGNED = 12


def token(uid: uuid.UUID) -> str:
    """The token of a link: its id and a signature, 38 letters."""
    return base64.urlsafe_b64encode(uid.bytes + _signature(uid)).decode().rstrip("=")


def uid_of(text: str) -> uuid.UUID | None:
    """The id a token stands for; None where it was tampered with."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        uid = uuid.UUID(bytes=raw[:16])
    except (ValueError, binascii.Error):
        return None
    return uid if constant_time_compare(token(uid), text) else None


def _signature(uid: uuid.UUID) -> bytes:
    return salted_hmac("polso.web.surveys", uid.hex, algorithm="sha256").digest()[:_SIGNED]


def find(text: str) -> Link | None:
    """The link of a token; None where there is none."""
    uid = uid_of(text)
    return Link.objects.select_related("survey").filter(uid=uid).first() if uid else None


def address(link: Link, **query: str) -> str:
    """Where a link is answered, as it is written into a message."""
    return _whole(reverse("survey_answer", args=[token(link.uid)]), query)


def public_address(survey: Survey, **query: str) -> str:
    """Where anybody answers a survey."""
    return _whole(reverse("survey_public", args=[survey.key]), query)


def place_address(survey: Survey, place: str) -> str:
    """Where a survey is answered in a kiosk, or rated inside a page of help."""
    return _whole(reverse("survey_place", args=[survey.key, place]), {})


def _whole(path: str, query: dict[str, str]) -> str:
    return f"{settings.POLSO_URL}{path}" + (f"?{urlencode(query)}" if query else "")
