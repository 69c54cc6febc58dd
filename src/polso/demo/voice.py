"""What customers answered and wrote, and what was read in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from polso.demo.company import BAD, CUSTOMERS, DAY, GOOD, Company, Numbers, Texts, table
from polso.demo.support import Cases

_FAIR = ("Va bene.", "It is what I expected.", "Nella norma.")


def answers(c: Company, cases: Cases) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
    """Requests to answer, the answers, and what was written in them."""
    parts: list[dict[str, Any]] = []
    unhappy = np.clip(np.log(cases.waited / 3600), -3, 4) * 0.3 + np.where(
        (cases.channel == "chat") & (cases.country == "DE") & (c.since_end(cases.opened) < 42), 1.0, 0.0
    )
    solved = (cases.solved < c.end - DAY) & (c.dice.random(len(cases.id)) < 0.8)
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
    inside = joined["sent_at"] < c.end - 0.5 * DAY
    joined = {name: values[inside] for name, values in joined.items()}
    return _sent(c, joined), _given(c, joined), _written(joined)


def _asked(
    c: Company,
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


def _sent(c: Company, asked: dict[str, Any]) -> pa.Table:
    """All requests: those above, which were answered, and about twice as many that were not."""
    answered = asked["sent_at"]
    silent = c.moments(2 * len(answered))
    sent = np.concatenate([answered, silent])
    done = np.arange(len(sent)) < len(answered)
    bounced = ~done & (c.dice.random(len(sent)) < 0.04)
    begun = ~done & ~bounced & (c.dice.random(len(sent)) < 0.05)
    nothing = np.full(len(sent), np.nan)
    who = np.concatenate([asked["who"], c.buyers(silent)])
    return table(
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


def _given(c: Company, asked: dict[str, Any]) -> pa.Table:
    who = asked["who"]
    columns = {name: values for name, values in asked.items() if name not in ("who", "sent_at")}
    return table(
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


def _comments(c: Company, asked: dict[str, Any]) -> Texts:
    share = _satisfied(asked)
    good, bad, fair = (np.array(texts)[c.dice.integers(0, len(texts), len(share))] for texts in (GOOD, BAD, _FAIR))
    text = np.where(share > 0.75, good, np.where(share < 0.5, bad, fair))
    return np.asarray(np.where(c.dice.random(len(share)) < 0.3, text, ""))


def _satisfied(asked: dict[str, Any]) -> Numbers:
    share = (np.nan_to_num(asked["score"]) - asked["scale_min"]) / (asked["scale_max"] - asked["scale_min"])
    return np.asarray(np.where(asked["high_is_good"], share, 1 - share))


def _written(asked: dict[str, Any]) -> dict[str, Any]:
    return {"at": asked["sent_at"] + 400, "satisfied": _satisfied(asked), "who": asked["who"], "channel": asked["channel"]}


def readings(c: Company, written: dict[str, Any]) -> pa.Table:
    """What was read in the comments: sentiment, emotion, aspects."""
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
    texts = table("annotation", of_text | read)
    about = {"id": np.array([f"annotation-{number}-aspect" for number in np.flatnonzero(particular)])}
    aspects = table("annotation", about | {name: column[particular] for name, column in of_text.items()} | of_aspects)
    return pa.concat_tables([texts, aspects], promote_options="default")


def mentions(c: Company) -> pa.Table:
    """Reviews and posts elsewhere."""
    at = c.moments(1_500)
    count = len(at)
    who = c.buyers(at)
    replied = at + np.exp(c.dice.normal(9.2, 1.0, count))
    known = c.dice.random(count) < 0.6
    recommends = c.dice.random(count) < 0.55
    return table(
        "mention",
        {
            "customer_id": np.where(known, c.customers["id"][who], ""),
            "at": at,
            "replied_at": np.where((c.dice.random(count) < 0.7) & (replied < c.end), replied, np.nan),
            "kind": c.pick(count, {"review": 6, "comment": 3, "post": 1}),
            "rating": np.where(recommends, 5.0, 2.0),
            "recommends": recommends,
            "text": np.where(recommends, GOOD[2], BAD[1]),
            "platform": c.pick(count, {"google": 5, "trustpilot": 3, "instagram": 2}),
        },
    )


def follow_ups(c: Company, answers: pa.Table) -> pa.Table:
    """Who gave 0 to 6 was called back, most of them within a day."""
    low = answers.filter(pc.and_(pc.equal(answers["kind"], "nps"), pc.less_equal(answers["score"], 6)))
    count = len(low)
    opened = low["submitted_at"].cast(pa.int64()).to_numpy() / 1e6 + 30
    contacted = opened + np.exp(c.dice.normal(10.3, 1.1, count))
    contacted = np.where((c.dice.random(count) < 0.9) & (contacted < c.end), contacted, np.nan)
    closed = contacted + c.dice.gamma(2, 1.2, count) * DAY
    closed = np.where(closed < c.end, closed, np.nan)
    solved = np.where(c.dice.random(count) < 0.62, "solved", "unsolved")
    who = c.pick(count, {"Sara": 1, "Luca": 1, "Elena": 1})
    same = ("customer_id", "kind", "score", "survey", "touchpoint", "channel", "segment")
    return table(
        "follow_up",
        {name: low[name].to_numpy(zero_copy_only=False) for name in same if name in low.column_names}
        | {
            "response_id": low["id"].to_numpy(zero_copy_only=False),
            "opened_at": opened,
            "due_at": opened + 1.5 * DAY,
            "contacted_at": contacted,
            "closed_at": closed,
            "status": np.where(~np.isnan(closed), solved, np.where(~np.isnan(contacted), "contacted", "open")),
            "reason": np.where(np.isnan(closed), "", c.pick(count, {"delivery": 4, "price": 2, "waiting": 3, "product": 2})),
            "agent": who,
            "rule": np.full(count, "NPS 0–6"),
        },
    )


def exits(c: Company) -> pa.Table:
    """Four in ten of those who left said why."""
    left = np.flatnonzero(~np.isinf(c.customers["until"]) & (c.dice.random(CUSTOMERS) < 0.4))
    price = (c.customers["plan"][left] == "basic") & (c.dice.random(len(left)) < 0.6)
    reason = np.where(price, "price", c.pick(len(left), {"need": 3, "quality": 2, "service": 3, "competitor": 2}))
    return table(
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
