"""A made-up company, the same every time: Bottega Lume, an Italian shop for lamps with a care subscription and support.

Fourteen months of facts up to a day. Three stories are in them, to be found:

- From six weeks before the end, chat customers in Germany wait much longer for a first answer, and CSAT of chat falls.
- Four months before the end the plan "basic" became dearer: its customers leave more often since then.
- The campaign "spring_light" brings more than it costs; "brand_video" does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NAME = "Bottega Lume"
SOURCE = "bottega_lume"
DAYS = 426
CUSTOMERS = 4_000
_SEED = 20_261_101
_DAY = 86_400.0
Numbers = NDArray[np.float64]
Texts = NDArray[np.str_]

_GOOD = ("Consegna veloce, lampada bellissima.", "Assistenza gentile, grazie!", "Great quality, quick delivery.", "Perfetto.")
_BAD = ("Ho aspettato troppo una risposta.", "The lamp arrived broken.", "Prezzo aumentato senza avviso.", "Nobody answers.")
_FAIR = ("Va bene.", "It is what I expected.", "Nella norma.")


@dataclass(frozen=True)
class _Company:
    """The clock, the dice and the customers that everything else is drawn from."""

    end: float
    """The end of the last day, seconds since 1970."""
    dice: np.random.Generator
    customers: dict[str, Any]

    def moments(self, count: int, first: float = 0.0) -> Numbers:
        """Moments of office-like days, fewer at weekends; `first` is how many days after the beginning they start."""
        day = np.floor(first + (DAYS - first) * self.dice.random(count * 2))
        weekday = (np.floor(self.end / _DAY) - DAYS + day + 3) % 7
        day = day[(weekday < 5) | (self.dice.random(len(day)) < 0.45)][:count]
        hour = np.clip(self.dice.normal(14, 3.5, len(day)), 0.2, 23.7)
        return np.asarray(self.end - (DAYS - day) * _DAY + hour * 3600.0)

    def since_end(self, at: Numbers) -> Numbers:
        """Days from a moment to the end."""
        return np.asarray((self.end - at) / _DAY)

    def pick(self, count: int, weights: Mapping[str, float]) -> Texts:
        """Texts drawn with weights."""
        share = np.array(list(weights.values()))
        return np.asarray(self.dice.choice(list(weights), count, p=share / share.sum()))

    def buyers(self, at: Numbers) -> NDArray[np.int64]:
        """For each moment a customer who was one then; the eager ones come more often."""
        eager = self.customers["eager"]
        chosen = self.dice.choice(len(eager), len(at), p=eager / eager.sum())
        for _ in range(12):
            wrong = (self.customers["since"][chosen] > at) | (self.customers["until"][chosen] < at)
            chosen[wrong] = self.dice.choice(len(eager), int(wrong.sum()), p=eager / eager.sum())
        return np.asarray(chosen, dtype=np.int64)


def tables(until: date) -> dict[str, pa.Table]:
    """Make the company's facts, by entity, up to `until` (not included)."""
    end = datetime(until.year, until.month, until.day, tzinfo=UTC).timestamp()
    company = _Company(end, np.random.default_rng(_SEED), _people(end, np.random.default_rng(_SEED + 1)))
    made = {"customer": _customers(company), "subscription": _subscriptions(company), "order": _orders(company)}
    made["visit"] = _visits(company)
    made["campaign_day"] = _campaign_days(company)
    made["lead"], made["deal"] = _leads(company), _deals(company)
    made["ticket_event"], cases = _events(company)
    made["invitation"], made["response"], written = _answers(company, cases)
    made["message"], made["mention"] = _messages(company, cases), _mentions(company)
    made["self_service"], made["ai_answer"] = _self_service(company), _ai_answers(company)
    made["journey_event"] = _journey(company)
    made["annotation"] = _annotations(company, written)
    made["follow_up"] = _follow_ups(company, made["response"])
    made["response"] = pa.concat_tables([made["response"], _exits(company)], promote_options="default")
    return made


def _table(kind: str, columns: Mapping[str, Any]) -> pa.Table:
    """Columns to a table: times from seconds, nan and empty texts to null, ids numbered where there are none."""
    made: dict[str, pa.Array] = {}
    count = len(next(iter(columns.values())))
    if "id" not in columns:
        made["id"] = pa.array([f"{kind}-{number}" for number in range(count)])
    for name, values in columns.items():
        array = np.asarray(values)
        if array.dtype.kind == "f" and (name.endswith("_at") or name in ("at", "date")):
            micros = np.where(np.isnan(array), 0, np.floor(np.nan_to_num(array))) * 1_000_000
            made[name] = pa.array(micros.astype(np.int64), pa.timestamp("us", "UTC"), mask=np.isnan(array))
        elif array.dtype.kind == "f":
            made[name] = pa.array(array, pa.float64(), from_pandas=True)
        elif array.dtype.kind in "bi":
            made[name] = pa.array(array)
        else:
            made[name] = pa.array([text or None for text in array.tolist()], pa.string())
    made["source"] = made.get("source", pa.array([SOURCE] * count))
    return pa.table(made)


def _people(end: float, dice: np.random.Generator) -> dict[str, Any]:
    """The customers: two thirds were there at the beginning, the others came since."""
    came = np.where(dice.random(CUSTOMERS) < 0.66, -30 - 700 * dice.random(CUSTOMERS), DAYS * dice.random(CUSTOMERS))
    since = end - (DAYS - came) * _DAY
    plan = dice.choice(["basic", "plus", "pro"], CUSTOMERS, p=[0.5, 0.35, 0.15])
    risk = np.select([plan == "basic", plan == "plus"], [0.026, 0.018], 0.012) / 30
    alive_from = np.maximum(since, end - DAYS * _DAY)
    life = dice.exponential(1 / risk)
    # The dearer plan: from four months before the end its customers leave twice and a half as often.
    dearer = end - 120 * _DAY
    before = np.maximum(0, (dearer - alive_from) / _DAY)
    life = np.where((plan == "basic") & (life > before), before + (life - before) / 2.5, life)
    until = np.floor(alive_from + life * _DAY)
    return {
        "id": np.array([f"C{number:05d}" for number in range(CUSTOMERS)]),
        "since": np.floor(since),
        "until": np.where(until < end, until, np.inf),
        "plan": plan,
        "country": dice.choice(["IT", "DE", "FR", "ES"], CUSTOMERS, p=[0.55, 0.2, 0.15, 0.1]),
        "segment": dice.choice(["private", "business"], CUSTOMERS, p=[0.8, 0.2]),
        "channel": dice.choice(["search", "referral", "social", "fair"], CUSTOMERS, p=[0.45, 0.25, 0.2, 0.1]),
        "eager": dice.gamma(1.2, 1.0, CUSTOMERS),
        "mood": dice.normal(0, 0.8, CUSTOMERS),
    }


def _customers(c: _Company) -> pa.Table:
    p = c.customers
    lost = np.where(np.isinf(p["until"]), np.nan, p["until"])
    reasons = np.where(p["plan"] == "basic", "price", c.pick(CUSTOMERS, {"moved": 1, "competitor": 2, "unhappy": 1}))
    return _table(
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


def _subscriptions(c: _Company) -> pa.Table:
    p = c.customers
    price = np.select([p["plan"] == "basic", p["plan"] == "plus"], [9.0, 19.0], 39.0)
    ended = np.where(np.isinf(p["until"]), np.nan, p["until"])
    # One in ten moved to a dearer contract half-way.
    grown = (c.dice.random(CUSTOMERS) < 0.1) & np.isnan(ended)
    moved = np.floor((np.maximum(p["since"], c.end - DAYS * _DAY) + c.end) / 2)
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
    return _table("subscription", {name: np.concatenate([first[name], second[name]]) for name in first})


def _orders(c: _Company) -> pa.Table:
    at = np.sort(c.moments(8_000))
    who = c.buyers(at)
    amount = np.round(np.exp(c.dice.normal(4.0, 0.7, len(at))), 2)
    seen: set[int] = set()
    first = np.array([not (one in seen or seen.add(one)) for one in who.tolist()])  # type: ignore[func-returns-value]
    later = c.pick(len(at), {"repeat": 6, "upsell": 2, "cross_sell": 2})
    return _table(
        "order",
        {
            "customer_id": c.customers["id"][who],
            "ordered_at": at,
            "delivered_at": np.minimum(at + c.dice.gamma(4, 0.8, len(at)) * _DAY, c.end - 1),
            "amount": amount,
            "margin": np.round(amount * c.dice.uniform(0.25, 0.45, len(at)), 2),
            "kind": np.where(first, "first", later),
            "channel": c.pick(len(at), {"web": 6, "app": 3, "shop": 1}),
            "product_category": c.pick(len(at), {"table": 4, "floor": 2, "ceiling": 3, "outdoor": 1}),
        },
    )


def _visits(c: _Company) -> pa.Table:
    at = c.moments(20_000)
    device = c.pick(len(at), {"phone": 6, "desktop": 3, "tablet": 1})
    cart = c.dice.random(len(at)) < 0.11
    paid = cart & (c.dice.random(len(at)) < np.where(device == "phone", 0.26, 0.38))
    return _table(
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


def _campaign_days(c: _Company) -> pa.Table:
    days = np.arange(DAYS)
    columns: dict[str, list[Any]] = {"date": [], "cost": [], "revenue": [], "new_customers": [], "campaign": [], "channel": []}
    for name, channel, back in (("spring_light", "search", 3.1), ("brand_video", "social", 0.7), ("newsletter", "mail", 6.0)):
        cost = np.round(c.dice.gamma(9, 4, DAYS), 2)
        columns["date"].append(c.end - (DAYS - days) * _DAY)
        columns["cost"].append(cost)
        columns["revenue"].append(np.round(cost * back * c.dice.gamma(8, 1 / 8, DAYS), 2))
        columns["new_customers"].append(c.dice.poisson(0.9, DAYS))
        columns["campaign"].append(np.full(DAYS, name))
        columns["channel"].append(np.full(DAYS, channel))
    return _table("campaign_day", {name: np.concatenate(parts) for name, parts in columns.items()})


def _leads(c: _Company) -> pa.Table:
    at = c.moments(2_500)
    count = len(at)
    wait = np.exp(c.dice.normal(7.6, 1.5, count))
    by = c.pick(count, {"human": 8, "auto": 2})
    contacted = np.where(c.dice.random(count) < 0.93, at + np.where(by == "auto", 5, wait), np.nan)
    contacted = np.where(contacted < c.end, contacted, np.nan)
    won = (c.dice.random(count) < 0.22) & ~np.isnan(contacted)
    converted = np.where(won, contacted + c.dice.gamma(3, 4, count) * _DAY, np.nan)
    return _table(
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


def _deals(c: _Company) -> pa.Table:
    at = c.moments(1_500)
    count = len(at)
    closed = at + c.dice.gamma(4, 9, count) * _DAY
    is_closed = closed < c.end
    won = c.dice.random(count) < 0.42
    return _table(
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


@dataclass(frozen=True)
class _Cases:
    """The support cases, as far as other facts need them."""

    id: Texts
    who: NDArray[np.int64]
    channel: Texts
    country: Texts
    opened: Numbers
    solved: Numbers
    waited: Numbers
    agent: Texts
    topic: Texts


def _events(c: _Company) -> tuple[pa.Table, _Cases]:
    """What happened to the support cases; the cases are made from it."""
    opened = np.floor(np.sort(c.moments(5_000)))
    count = len(opened)
    who = c.buyers(opened)
    channel, country = c.pick(count, {"email": 4, "chat": 4, "phone": 2}), c.customers["country"][who]
    topic = c.pick(count, {"delivery": 5, "damaged": 3, "invoice": 2, "subscription": 3, "how_to": 3})
    slow = (channel == "chat") & (country == "DE") & (c.since_end(opened) < 42)
    usual = np.select([channel == "email", channel == "chat"], [9.3, 6.4], 5.2)
    waited = np.floor(np.exp(c.dice.normal(usual + np.where(slow, 2.4, 0), 1.0)))
    solved = opened + waited + np.floor(np.exp(c.dice.normal(10.0, 1.3, count)))
    agent = c.pick(count, {"Sara": 3, "Luca": 3, "Elena": 2, "Paolo": 2})
    cases = _Cases(
        np.array([f"T{number:05d}" for number in range(count)]), who, channel, country, opened, solved, waited, agent, topic
    )
    bot = (channel == "chat") & (c.dice.random(count) < 0.6)
    asked_more = c.dice.random(count) < 0.35
    reopened = c.dice.random(count) < 0.06
    pending = c.dice.random(count) < 0.15
    every = np.ones(count, dtype=bool)
    rows: list[dict[str, Any]] = []

    def happened(which: NDArray[np.bool_], at: Numbers, kind: str, author: str, to: str = "", agents: bool = False) -> None:
        chosen = which & (at < c.end)
        number = int(chosen.sum())
        rows.append(
            {
                "ticket_id": cases.id[chosen],
                "at": np.floor(at[chosen]),
                "kind": np.full(number, kind),
                "author": np.full(number, author),
                "public": np.full(number, kind not in ("note", "assign")),
                "to": np.full(number, to),
                "agent": agent[chosen] if agents else np.full(number, ""),
                "customer_id": c.customers["id"][who[chosen]],
                "channel": channel[chosen],
                "topic": topic[chosen],
                "country": country[chosen],
                "priority": np.where(topic[chosen] == "damaged", "high", "normal"),
                "category": np.where(np.isin(topic[chosen], ["delivery", "damaged"]), "shipping", "account"),
                "team": np.where(channel[chosen] == "phone", "phone", "desk"),
                "department": np.full(number, "support"),
                "complaint": np.where(topic[chosen] == "damaged", "true", "false"),
                "handle_seconds": np.round(180 + 40 * (cases.solved[chosen] % 30)),
            }
        )

    happened(every, opened, "created", "customer")
    happened(bot, opened + 4, "reply", "bot")
    happened(bot, opened + 60, "handover", "bot")
    happened(every, opened + np.minimum(waited * 0.5, 600), "assign", "agent", agents=True)
    happened(every, opened + waited, "reply", "agent", agents=True)
    happened(pending, opened + waited + 60, "status", "agent", "pending", agents=True)
    happened(asked_more, opened + waited + (solved - opened - waited) * 0.4, "reply", "customer")
    happened(asked_more, opened + waited + (solved - opened - waited) * 0.7, "reply", "agent", agents=True)
    happened(every, solved, "status", "agent", "resolved", agents=True)
    happened(reopened, solved + 0.8 * _DAY, "status", "customer", "open")
    happened(reopened, solved + 1.6 * _DAY, "status", "agent", "resolved", agents=True)
    happened(~reopened, solved + 4 * _DAY, "status", "agent", "closed")
    return _table("event", {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}), cases


def _answers(c: _Company, cases: _Cases) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
    """Requests to answer, the answers, and what was written in them."""
    parts: list[dict[str, Any]] = []
    unhappy = np.clip(np.log(cases.waited / 3600), -3, 4) * 0.3 + np.where(
        (cases.channel == "chat") & (cases.country == "DE") & (c.since_end(cases.opened) < 42), 1.0, 0.0
    )
    solved = (cases.solved < c.end - _DAY) & (c.dice.random(len(cases.id)) < 0.8)
    plans = (("csat", 1, 5, True, 3.9, 0.95, 0.5), ("ces", 1, 7, True, 5.4, 1.3, 0.25), ("ces", 1, 5, False, 2.0, 1.0, 0.25))
    turn = c.dice.random(len(cases.id))
    low = 0.0
    for kind, least, most, good, mean, spread, share in plans:
        chosen = np.flatnonzero(solved & (turn >= low) & (turn < low + share))
        low += share
        mood = c.customers["mood"][cases.who[chosen]] - unhappy[chosen] + 0.25
        score = mean + (1 if good else -1) * spread * 0.6 * mood + c.dice.normal(0, spread * 0.7, len(chosen))
        parts.append(
            _asked(c, cases.who[chosen], cases.solved[chosen] + 3600, kind, "transactional", score, (least, most), good)
            | {"ticket_id": cases.id[chosen], "channel": cases.channel[chosen], "agent": cases.agent[chosen]}
            | {"touchpoint": np.full(len(chosen), "support"), "survey": np.full(len(chosen), f"after_ticket_{kind}_{most}")}
        )
    for kind, programme, count, mean, spread, scale in (
        ("nps", "relational", 5_500, 8.0, 1.9, (0, 10)),
        ("nps", "transactional", 2_500, 8.4, 1.8, (0, 10)),
        ("stars", "transactional", 1_500, 4.3, 0.9, (1, 5)),
        ("thumbs", "transactional", 1_200, 0.75, 0.45, (0, 1)),
    ):
        at = c.moments(count)
        who = c.buyers(at)
        score = mean + spread * (0.6 * c.customers["mood"][who] + 0.7 * c.dice.normal(0, 1, len(at)))
        parts.append(
            _asked(c, who, at, kind, programme, score, scale, True)
            | {"ticket_id": np.full(len(at), ""), "agent": np.full(len(at), "")}
            | {"channel": c.pick(len(at), {"email": 6, "web": 3, "app": 1}), "survey": np.full(len(at), f"{kind}_{programme}")}
            | {"touchpoint": np.full(len(at), "relationship" if programme == "relational" else "purchase")}
        )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    inside = joined["sent_at"] < c.end - 0.5 * _DAY
    joined = {name: values[inside] for name, values in joined.items()}
    return _sent(c, joined), _given(c, joined), _written(joined)


def _asked(
    c: _Company,
    who: NDArray[np.int64],
    sent: Numbers,
    kind: str,
    programme: str,
    score: Numbers,
    scale: tuple[int, int],
    good: bool,
) -> dict[str, Any]:
    count = len(who)
    return {
        "who": who,
        "sent_at": sent,
        "kind": np.full(count, kind),
        "programme": np.full(count, programme),
        "score": np.where(c.dice.random(count) < 0.02, np.nan, np.clip(np.round(score), *scale)),
        "scale_min": np.full(count, float(scale[0])),
        "scale_max": np.full(count, float(scale[1])),
        "high_is_good": np.full(count, good),
    }


def _sent(c: _Company, asked: dict[str, Any]) -> pa.Table:
    """All requests: those above, which were answered, and about twice as many that were not."""
    answered = asked["sent_at"]
    silent = c.moments(2 * len(answered))
    sent = np.concatenate([answered, silent])
    done = np.arange(len(sent)) < len(answered)
    bounced = ~done & (c.dice.random(len(sent)) < 0.04)
    begun = ~done & ~bounced & (c.dice.random(len(sent)) < 0.05)
    nothing = np.full(len(sent), np.nan)
    who = np.concatenate([asked["who"], c.buyers(silent)])
    return _table(
        "invitation",
        {
            "customer_id": c.customers["id"][who],
            "sent_at": sent,
            "delivered_at": np.where(bounced, nothing, sent + 20),
            "opened_at": np.where(done | begun, sent + 300, nothing),
            "started_at": np.where(done | begun, sent + 320, nothing),
            "completed_at": np.where(done, sent + 400, nothing),
            "bounced_at": np.where(bounced, sent + 15, nothing),
            "channel": np.concatenate([asked["channel"], c.pick(len(silent), {"email": 8, "app": 2})]),
            "survey": np.concatenate([asked["survey"], np.full(len(silent), "nps_relational")]),
            "segment": c.customers["segment"][who],
        },
    )


def _given(c: _Company, asked: dict[str, Any]) -> pa.Table:
    who = asked["who"]
    columns = {name: values for name, values in asked.items() if name not in ("who", "sent_at")}
    return _table(
        "answer",
        columns
        | {
            "customer_id": c.customers["id"][who],
            "started_at": asked["sent_at"] + 320,
            "submitted_at": asked["sent_at"] + 320 + np.round(c.dice.gamma(2, 25, len(who))),
            "comment": _comments(c, asked),
            "language": np.where(c.customers["country"][who] == "IT", "it", "en"),
            "segment": c.customers["segment"][who],
            "country": c.customers["country"][who],
        },
    )


def _comments(c: _Company, asked: dict[str, Any]) -> Texts:
    share = _satisfied(asked)
    good, bad, fair = (np.array(texts)[c.dice.integers(0, len(texts), len(share))] for texts in (_GOOD, _BAD, _FAIR))
    text = np.where(share > 0.75, good, np.where(share < 0.5, bad, fair))
    return np.asarray(np.where(c.dice.random(len(share)) < 0.3, text, ""))


def _satisfied(asked: dict[str, Any]) -> Numbers:
    share = (np.nan_to_num(asked["score"]) - asked["scale_min"]) / (asked["scale_max"] - asked["scale_min"])
    return np.asarray(np.where(asked["high_is_good"], share, 1 - share))


def _written(asked: dict[str, Any]) -> dict[str, Any]:
    return {"at": asked["sent_at"] + 400, "satisfied": _satisfied(asked), "who": asked["who"], "channel": asked["channel"]}


def _annotations(c: _Company, written: dict[str, Any]) -> pa.Table:
    chosen = np.flatnonzero(c.dice.random(len(written["at"])) < 0.3)
    count = len(chosen)
    sentiment = np.clip(np.round(200 * written["satisfied"][chosen] - 110 + c.dice.normal(0, 18, count)), -100, 100)
    label = np.select([sentiment > 25, sentiment < -25], ["positive", "negative"], "neutral")
    of_text = {
        "customer_id": c.customers["id"][written["who"][chosen]],
        "at": written["at"][chosen],
        "of_entity": np.full(count, "response"),
        "of_id": np.array([f"answer-{number}" for number in chosen]),
        "language": np.where(c.customers["country"][written["who"][chosen]] == "IT", "it", "en"),
        "model": np.full(count, "made_up"),
        "version": np.full(count, "1"),
        "confidence": np.round(c.dice.uniform(0.6, 0.99, count), 2),
        "channel": np.full(count, "survey"),
    }
    read = {
        "sentiment": sentiment,
        "label": label,
        "emotion": np.select([label == "positive", label == "negative"], ["joy", "anger"], "trust"),
        "theme": c.pick(count, {"delivery": 4, "price": 2, "support": 3, "quality": 3}),
    }
    # One text in four speaks of something in particular, and has an opinion of it.
    particular = c.dice.random(count) < 0.25
    aspect = c.pick(int(particular.sum()), {"price": 3, "delivery": 4, "courtesy": 2, "product": 3})
    opinion = np.clip(sentiment[particular] + np.where(aspect == "price", -30, 10), -100, 100)
    of_aspects = {
        "aspect": aspect,
        "sentiment": opinion,
        "label": np.select([opinion > 25, opinion < -25], ["positive", "negative"], "neutral"),
    }
    texts = _table("annotation", of_text | read)
    about = {"id": np.array([f"annotation-{number}-aspect" for number in np.flatnonzero(particular)])}
    aspects = _table("annotation", about | {name: column[particular] for name, column in of_text.items()} | of_aspects)
    return pa.concat_tables([texts, aspects], promote_options="default")


def _messages(c: _Company, cases: _Cases) -> pa.Table:
    chosen = np.flatnonzero(c.dice.random(len(cases.id)) < 0.5)
    count = len(chosen)
    phone = cases.channel[chosen] == "phone"
    return _table(
        "message",
        {
            "customer_id": c.customers["id"][cases.who[chosen]],
            "at": cases.opened[chosen],
            "direction": np.full(count, "in"),
            "author": np.full(count, "customer"),
            "text": np.array(_BAD)[c.dice.integers(0, len(_BAD), count)],
            "duration_seconds": np.where(phone, np.round(c.dice.gamma(3, 90, count)), np.nan),
            "ticket_id": cases.id[chosen],
            "channel": cases.channel[chosen],
        },
    )


def _mentions(c: _Company) -> pa.Table:
    at = c.moments(1_500)
    count = len(at)
    who = c.buyers(at)
    replied = at + np.exp(c.dice.normal(9.2, 1.0, count))
    known = c.dice.random(count) < 0.6
    recommends = c.dice.random(count) < 0.55
    return _table(
        "mention",
        {
            "customer_id": np.where(known, c.customers["id"][who], ""),
            "at": at,
            "replied_at": np.where((c.dice.random(count) < 0.7) & (replied < c.end), replied, np.nan),
            "kind": c.pick(count, {"review": 6, "comment": 3, "post": 1}),
            "rating": np.where(recommends, 5.0, 2.0),
            "recommends": recommends,
            "text": np.where(recommends, _GOOD[2], _BAD[1]),
            "platform": c.pick(count, {"google": 5, "trustpilot": 3, "instagram": 2}),
        },
    )


def _follow_ups(c: _Company, answers: pa.Table) -> pa.Table:
    """Who gave 0 to 6 was called back, most of them within a day."""
    low = answers.filter(pc.and_(pc.equal(answers["kind"], "nps"), pc.less_equal(answers["score"], 6)))
    count = len(low)
    opened = low["submitted_at"].cast(pa.int64()).to_numpy() / 1e6 + 30
    contacted = opened + np.exp(c.dice.normal(10.3, 1.1, count))
    contacted = np.where((c.dice.random(count) < 0.9) & (contacted < c.end), contacted, np.nan)
    closed = contacted + c.dice.gamma(2, 1.2, count) * _DAY
    closed = np.where(closed < c.end, closed, np.nan)
    solved = np.where(c.dice.random(count) < 0.62, "solved", "unsolved")
    who = c.pick(count, {"Sara": 1, "Luca": 1, "Elena": 1})
    same = ("customer_id", "kind", "score", "survey", "touchpoint", "channel", "segment")
    return _table(
        "follow_up",
        {name: low[name].to_numpy(zero_copy_only=False) for name in same if name in low.column_names}
        | {
            "response_id": low["id"].to_numpy(zero_copy_only=False),
            "opened_at": opened,
            "due_at": opened + 1.5 * _DAY,
            "contacted_at": contacted,
            "closed_at": closed,
            "status": np.where(~np.isnan(closed), solved, np.where(~np.isnan(contacted), "contacted", "open")),
            "reason": np.where(np.isnan(closed), "", c.pick(count, {"delivery": 4, "price": 2, "waiting": 3, "product": 2})),
            "agent": who,
            "rule": np.full(count, "NPS 0–6"),
        },
    )


def _exits(c: _Company) -> pa.Table:
    """Four in ten of those who left said why."""
    left = np.flatnonzero(~np.isinf(c.customers["until"]) & (c.dice.random(CUSTOMERS) < 0.4))
    price = (c.customers["plan"][left] == "basic") & (c.dice.random(len(left)) < 0.6)
    reason = np.where(price, "price", c.pick(len(left), {"need": 3, "quality": 2, "service": 3, "competitor": 2}))
    return _table(
        "exit",
        {
            "customer_id": c.customers["id"][left],
            "submitted_at": np.minimum(c.customers["until"][left] + 3600, c.end - 1),
            "kind": np.full(len(left), "choice"),
            "programme": np.full(len(left), "transactional"),
            "survey": np.full(len(left), "cancellation"),
            "touchpoint": np.full(len(left), "cancellation"),
            "channel": np.full(len(left), "email"),
            "extra": np.array([f'{{"choice": "{one}"}}' for one in reason]),
        },
    )


def _self_service(c: _Company) -> pa.Table:
    at = c.moments(7_000)
    count = len(at)
    tool = c.pick(count, {"faq": 5, "knowledge_base": 2, "bot": 3})
    answered = c.dice.random(count) < np.where(tool == "bot", 0.5, 0.68)
    return _table(
        "self_service",
        {
            "customer_id": c.customers["id"][c.buyers(at)],
            "at": at,
            "query": c.pick(count, {"dove è il mio ordine": 4, "fattura": 2, "cambiare piano": 2, "lampadina rotta": 2}),
            "answered": answered,
            "escalated": ~answered & (c.dice.random(count) < 0.6),
            "human_needed": ~answered,
            "tool": tool,
            "topic": c.pick(count, {"delivery": 4, "invoice": 2, "subscription": 2, "damaged": 2}),
        },
    )


def _ai_answers(c: _Company) -> pa.Table:
    at = c.moments(3_000)
    count = len(at)
    judged = c.dice.random(count) < 0.25
    correct = c.dice.random(count) < 0.86
    return _table(
        "ai_answer",
        {
            "customer_id": c.customers["id"][c.buyers(at)],
            "at": at,
            "judged_correct": np.where(judged, np.where(correct, "true", "false"), ""),
            "accepted": c.dice.random(count) < 0.7,
            "tool": np.full(count, "lume_bot"),
            "topic": c.pick(count, {"delivery": 4, "invoice": 2, "how_to": 4}),
        },
    )


def _journey(c: _Company) -> pa.Table:
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
    return _table("journey_event", {name: values[inside] for name, values in joined.items()})
