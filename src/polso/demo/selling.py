"""What was sold, to whom, and what brought them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from polso.demo.company import CUSTOMERS, DAY, DAYS, Company, table


def customers(c: Company) -> pa.Table:
    """Who the customers are."""
    p = c.customers
    lost = np.where(np.isinf(p["until"]), np.nan, p["until"])
    reasons = np.where(p["plan"] == "basic", "price", c.pick(CUSTOMERS, {"moved": 1, "competitor": 2, "unhappy": 1}))
    return table(
        "customer",
        {
            "id": p["id"],
            "acquired_at": p["since"],
            "lost_at": lost,
            "lost_reason": np.where(np.isnan(lost), "", reasons),
            "name": np.array([f"Cliente {number}" for number in range(CUSTOMERS)]),
            "email": np.array([f"cliente{number}@example.org" for number in range(CUSTOMERS)]),
            "consent_contact": c.dice.random(CUSTOMERS) < 0.9,
            "segment": p["segment"],
            "country": p["country"],
            "acquisition_channel": p["channel"],
            "plan": p["plan"],
        },
    )


def subscriptions(c: Company) -> pa.Table:
    """Their care contracts; one in ten moved to a dearer one."""
    p = c.customers
    price = np.select([p["plan"] == "basic", p["plan"] == "plus"], [9.0, 19.0], 39.0)
    ended = np.where(np.isinf(p["until"]), np.nan, p["until"])
    # One in ten moved to a dearer contract half-way.
    grown = (c.dice.random(CUSTOMERS) < 0.1) & np.isnan(ended)
    moved = np.floor((np.maximum(p["since"], c.end - DAYS * DAY) + c.end) / 2)
    first = {
        "id": np.char.add("S", p["id"]),
        "customer_id": p["id"],
        "started_at": p["since"],
        "ended_at": np.where(grown, moved, ended),
        "end_reason": np.where(grown, "upgrade", np.where(np.isnan(ended), "", "cancelled")),
        "monthly_revenue": price,
        "plan": p["plan"],
    }
    second = {
        "id": np.char.add("T", p["id"][grown]),
        "customer_id": p["id"][grown],
        "started_at": moved[grown],
        "ended_at": np.full(int(grown.sum()), np.nan),
        "end_reason": np.full(int(grown.sum()), ""),
        "monthly_revenue": price[grown] + 10,
        "plan": np.full(int(grown.sum()), "plus"),
    }
    return table("subscription", {name: np.concatenate([first[name], second[name]]) for name in first})


def orders(c: Company) -> pa.Table:
    """What they bought."""
    at = np.sort(c.moments(8_000))
    who = c.buyers(at)
    amount = np.round(np.exp(c.dice.normal(4.0, 0.7, len(at))), 2)
    seen: set[int] = set()
    first = np.array([not (one in seen or seen.add(one)) for one in who.tolist()])  # type: ignore[func-returns-value]
    later = c.pick(len(at), {"repeat": 6, "upsell": 2, "cross_sell": 2})
    return table(
        "order",
        {
            "customer_id": c.customers["id"][who],
            "ordered_at": at,
            "delivered_at": np.minimum(at + c.dice.gamma(4, 0.8, len(at)) * DAY, c.end - 1),
            "amount": amount,
            "margin": np.round(amount * c.dice.uniform(0.25, 0.45, len(at)), 2),
            "kind": np.where(first, "first", later),
            "channel": c.pick(len(at), {"web": 6, "app": 3, "shop": 1}),
            "product_category": c.pick(len(at), {"table": 4, "floor": 2, "ceiling": 3, "outdoor": 1}),
        },
    )


def visits(c: Company) -> pa.Table:
    """Sessions on the web and in the app."""
    at = c.moments(20_000)
    device = c.pick(len(at), {"phone": 6, "desktop": 3, "tablet": 1})
    cart = c.dice.random(len(at)) < 0.11
    paid = cart & (c.dice.random(len(at)) < np.where(device == "phone", 0.26, 0.38))
    return table(
        "visit",
        {
            "started_at": at,
            "visitor_id": np.array([f"v{number}" for number in c.dice.integers(0, 9_000, len(at))]),
            "pageviews": 1 + c.dice.poisson(3.5, len(at)),
            "duration_seconds": np.round(c.dice.gamma(1.5, 120, len(at))),
            "cart_created": cart,
            "checkout_completed": paid,
            "converted": paid,
            "source": c.pick(len(at), {"direct": 3, "search": 4, "social": 2, "mail": 1}),
            "medium": c.pick(len(at), {"organic": 5, "paid": 2, "none": 3}),
            "campaign": c.pick(len(at), {"": 7, "spring_light": 2, "brand_video": 1}),
            "device": device,
        },
    )


def campaign_days(c: Company) -> pa.Table:
    """What each campaign cost and brought, by day."""
    days = np.arange(DAYS)
    columns: dict[str, list[Any]] = {"date": [], "cost": [], "revenue": [], "new_customers": [], "campaign": [], "channel": []}
    for name, channel, back in (("spring_light", "search", 3.1), ("brand_video", "social", 0.7), ("newsletter", "mail", 6.0)):
        cost = np.round(c.dice.gamma(9, 4, DAYS), 2)
        columns["date"].append(c.end - (DAYS - days) * DAY)
        columns["cost"].append(cost)
        columns["revenue"].append(np.round(cost * back * c.dice.gamma(8, 1 / 8, DAYS), 2))
        columns["new_customers"].append(c.dice.poisson(0.9, DAYS))
        columns["campaign"].append(np.full(DAYS, name))
        columns["channel"].append(np.full(DAYS, channel))
    return table("campaign_day", {name: np.concatenate(parts) for name, parts in columns.items()})


def leads(c: Company) -> pa.Table:
    """People who may become customers."""
    at = c.moments(2_500)
    count = len(at)
    wait = np.exp(c.dice.normal(7.6, 1.5, count))
    by = c.pick(count, {"human": 8, "auto": 2})
    contacted = np.where(c.dice.random(count) < 0.93, at + np.where(by == "auto", 5, wait), np.nan)
    contacted = np.where(contacted < c.end, contacted, np.nan)
    won = (c.dice.random(count) < 0.22) & ~np.isnan(contacted)
    converted = np.where(won, contacted + c.dice.gamma(3, 4, count) * DAY, np.nan)
    return table(
        "lead",
        {
            "created_at": at,
            "first_contact_at": contacted,
            "first_contact_by": np.where(np.isnan(contacted), "", by),
            "converted_at": np.where(converted < c.end, converted, np.nan),
            "owner": c.pick(count, {"Giulia": 1, "Marco": 1, "Anna": 1}),
            "campaign": c.pick(count, {"": 5, "spring_light": 3, "brand_video": 2}),
            "source": c.pick(count, {"web": 5, "fair": 2, "phone": 3}),
        },
    )


def deals(c: Company) -> pa.Table:
    """Opportunities with firms."""
    at = c.moments(1_500)
    count = len(at)
    closed = at + c.dice.gamma(4, 9, count) * DAY
    is_closed = closed < c.end
    won = c.dice.random(count) < 0.42
    return table(
        "deal",
        {
            "customer_id": c.customers["id"][c.buyers(at)],
            "created_at": at,
            "closed_at": np.where(is_closed, closed, np.nan),
            "outcome": np.where(~is_closed, "open", np.where(won, "won", "lost")),
            "amount": np.round(np.exp(c.dice.normal(7.4, 0.8, count)), 2),
            "kind": c.pick(count, {"new": 5, "upsell": 2, "cross_sell": 1, "renewal": 2}),
            "loss_reason": np.where(is_closed & ~won, c.pick(count, {"price": 5, "timing": 3, "competitor": 2}), ""),
            "stage": np.where(is_closed, "closed", c.pick(count, {"offer": 5, "talks": 5})),
            "owner": c.pick(count, {"Giulia": 1, "Marco": 1, "Anna": 1}),
            "product_category": c.pick(count, {"ceiling": 3, "outdoor": 2, "project": 1}),
        },
    )


def journey(c: Company) -> pa.Table:
    """Steps from the first visit to the payment."""
    start = c.moments(2_000)
    who = c.customers["id"][c.buyers(start)]
    steps: Sequence[tuple[str, float, float]] = (
        *(("visit", 1.0, 0), ("cart", 0.55, 900), ("address", 0.42, 1800), ("paid", 0.33, 2700)),
    )
    luck = c.dice.random(len(start))
    parts = [
        {
            "customer_id": who[luck < share],
            "at": start[luck < share] + after,
            "name": np.full(int((luck < share).sum()), name),
            "goal": np.full(int((luck < share).sum()), name == "paid"),
            "journey": np.full(int((luck < share).sum()), "purchase"),
            "channel": np.full(int((luck < share).sum()), "web"),
        }
        for name, share, after in steps
    ]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    inside = joined["at"] < c.end
    return table("journey_event", {name: values[inside] for name, values in joined.items()})
