"""A made-up company, the same every time: Bottega Lume, an Italian shop for lamps with a care subscription and support.

Fourteen months of facts up to a day. Three stories are in them, to be found:

- From six weeks before the end, chat customers in Germany wait much longer for a first answer, and CSAT of chat falls.
- Four months before the end the plan "basic" became dearer: its customers leave more often since then.
- The campaign "spring_light" brings more than it costs; "brand_video" does not.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa

from polso.demo.company import Company, people
from polso.demo.selling import campaign_days, customers, deals, journey, leads, orders, subscriptions, visits
from polso.demo.support import ai_answers, events, messages, self_service
from polso.demo.voice import answers, exits, follow_ups, mentions, readings

NAME = "Bottega Lume"
_SEED = 20_261_101


def tables(until: date) -> dict[str, pa.Table]:
    """Make the company's facts, by entity, up to `until` (not included)."""
    end = datetime(until.year, until.month, until.day, tzinfo=UTC).timestamp()
    company = Company(end, np.random.default_rng(_SEED), people(end, np.random.default_rng(_SEED + 1)))
    made = {"customer": customers(company), "subscription": subscriptions(company), "order": orders(company)}
    made["visit"] = visits(company)
    made["campaign_day"] = campaign_days(company)
    made["lead"], made["deal"] = leads(company), deals(company)
    made["ticket_event"], cases = events(company)
    made["invitation"], made["response"], written = answers(company, cases)
    made["message"], made["mention"] = messages(company, cases), mentions(company)
    made["self_service"], made["ai_answer"] = self_service(company), ai_answers(company)
    made["journey_event"] = journey(company)
    made["annotation"] = readings(company, written)
    made["follow_up"] = follow_ups(company, made["response"])
    made["response"] = pa.concat_tables([made["response"], exits(company)], promote_options="default")
    return made
