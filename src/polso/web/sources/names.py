"""What the kinds of facts are called, in the language of the page."""

from __future__ import annotations

from django.utils.translation import gettext as _


def entity_name(name: str) -> str:
    """The plain name of an entity, many of them."""
    return {
        "customer": _("Customers"),
        "response": _("Answers"),
        "invitation": _("Invitations to answer"),
        "ticket": _("Tickets"),
        "ticket_event": _("Events of tickets"),
        "message": _("Messages"),
        "mention": _("Mentions elsewhere"),
        "self_service": _("Self-service"),
        "ai_answer": _("Machine-made answers"),
        "lead": _("Leads"),
        "deal": _("Deals"),
        "subscription": _("Subscriptions"),
        "order": _("Orders"),
        "visit": _("Visits"),
        "campaign_day": _("Days of campaigns"),
        "journey_event": _("Steps of journeys"),
        "follow_up": _("Follow-ups"),
        "annotation": _("Readings of texts"),
    }.get(name, name)


def entity_one(name: str) -> str:
    """The plain name of one fact of an entity."""
    return {
        "customer": _("Customer"),
        "response": _("Answer"),
        "invitation": _("Invitation to answer"),
        "ticket": _("Ticket"),
        "ticket_event": _("In the ticket"),
        "message": _("Message"),
        "mention": _("Mention elsewhere"),
        "self_service": _("Self-service"),
        "ai_answer": _("Machine-made answer"),
        "lead": _("Lead"),
        "deal": _("Deal"),
        "subscription": _("Subscription"),
        "order": _("Order"),
        "visit": _("Visit"),
        "journey_event": _("Step of a journey"),
        "follow_up": _("Follow-up"),
        "annotation": _("Read in a text"),
    }.get(name, name)


def date_order(order: str) -> str:
    """An order of day, month and year as people say it."""
    return {"dmy": _("day, month, year"), "mdy": _("month, day, year"), "ymd": _("year, month, day")}.get(order, order)
