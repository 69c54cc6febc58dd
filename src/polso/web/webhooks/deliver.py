"""Delivering a message: tried again for three days, with longer and longer pauses."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.utils import timezone

from polso import __version__
from polso.web.accounts.roles import Ability
from polso.web.jobs.queue import GiveUpError, TryLaterError, handles
from polso.web.webhooks.models import Delivery, Endpoint
from polso.web.webhooks.outgoing import AddressError, send, signature

PAUSES = (5, 60, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
KEEP = timedelta(days=30)
GONE = 410


@handles("deliver")
def deliver(payload: dict[str, Any]) -> None:
    """Send one message; 2xx is success, 410 stops the endpoint, anything else is tried again."""
    delivery = Delivery.objects.select_related("endpoint__person").filter(pk=payload["delivery"]).first()
    if delivery is None or delivery.done_at or delivery.failed_at:
        return
    endpoint = delivery.endpoint
    person = endpoint.person
    if endpoint.stopped_at or not (person.is_active and person.may(Ability.DEFINE)):
        _give_up(delivery, "the endpoint is stopped, or who made it may no longer have one")
    delivery.attempts += 1
    try:
        delivery.answer, delivery.problem = _send(delivery), ""
    except AddressError as error:
        _give_up(delivery, str(error))
    except OSError as error:
        delivery.answer, delivery.problem = None, f"{type(error).__name__}: {error}"[:300]
    if delivery.answer is not None and 200 <= delivery.answer < 300:
        delivery.done_at = timezone.now()
        delivery.save()
        return
    delivery.problem = delivery.problem or f"the endpoint answered {delivery.answer}"
    if delivery.answer == GONE:
        Endpoint.objects.filter(pk=endpoint.pk).update(stopped_at=timezone.now())
    if delivery.answer == GONE or delivery.attempts > len(PAUSES):
        _give_up(delivery, delivery.problem)
    delivery.save()
    raise TryLaterError(timedelta(seconds=PAUSES[delivery.attempts - 1]), delivery.problem)


def _send(delivery: Delivery) -> int:
    body, now = delivery.body.encode(), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Polso/{__version__}",
        "webhook-id": delivery.message,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(delivery.endpoint.secret, delivery.message, now, body),
    }
    return send(delivery.endpoint.url, body, headers)


def _give_up(delivery: Delivery, problem: str) -> None:
    delivery.failed_at, delivery.problem = timezone.now(), problem[:300]
    delivery.save()
    raise GiveUpError(problem)


def forget() -> None:
    """Forget deliveries of a month ago."""
    Delivery.objects.filter(made_at__lt=timezone.now() - KEEP).delete()
