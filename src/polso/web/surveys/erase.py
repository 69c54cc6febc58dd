"""Forgetting a customer also here."""

from __future__ import annotations

from django.db import transaction

from polso.web.surveys.models import Link


@transaction.atomic
def erase(customer: str) -> int:
    """Remove a customer's links with their answers and former answers; returns how many links there were."""
    found = Link.objects.filter(customer_id=customer)
    count = found.count()
    found.delete()
    return count
