"""What the company was asked, and how it helped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from polso.demo.company import BAD, DAY, Company, Numbers, Texts, table


@dataclass(frozen=True)
class Cases:
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


def events(c: Company) -> tuple[pa.Table, Cases]:
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
    cases = Cases(
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
    happened(reopened, solved + 0.8 * DAY, "status", "customer", "open")
    happened(reopened, solved + 1.6 * DAY, "status", "agent", "resolved", agents=True)
    happened(~reopened, solved + 4 * DAY, "status", "agent", "closed")
    return table("event", {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}), cases


def messages(c: Company, cases: Cases) -> pa.Table:
    """What customers wrote or said first."""
    chosen = np.flatnonzero(c.dice.random(len(cases.id)) < 0.5)
    count = len(chosen)
    phone = cases.channel[chosen] == "phone"
    return table(
        "message",
        {
            "customer_id": c.customers["id"][cases.who[chosen]],
            "at": cases.opened[chosen],
            "direction": np.full(count, "in"),
            "author": np.full(count, "customer"),
            "text": np.array(BAD)[c.dice.integers(0, len(BAD), count)],
            "duration_seconds": np.where(phone, np.round(c.dice.gamma(3, 90, count)), np.nan),
            "ticket_id": cases.id[chosen],
            "channel": cases.channel[chosen],
        },
    )


def self_service(c: Company) -> pa.Table:
    """Questions to the FAQ, the knowledge base and the bot."""
    at = c.moments(7_000)
    count = len(at)
    tool = c.pick(count, {"faq": 5, "knowledge_base": 2, "bot": 3})
    answered = c.dice.random(count) < np.where(tool == "bot", 0.5, 0.68)
    return table(
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


def ai_answers(c: Company) -> pa.Table:
    """The bot's answers; a quarter of them judged."""
    at = c.moments(3_000)
    count = len(at)
    judged = c.dice.random(count) < 0.25
    correct = c.dice.random(count) < 0.86
    return table(
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
