"""Which answers a rule is about."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from polso.query import Query
from polso.web.cases.models import Rule
from polso.web.desk import workspace

STALE = timedelta(days=14)
"""Nobody is called back about an older answer, so that loading the past opens nothing."""
_YEAR = timedelta(days=365)
_MOST_TRIED = 50_000
Answer = Mapping[str, Any]


def active() -> list[Rule]:
    """The rules that hold, in order."""
    return list(Rule.objects.filter(stopped_at=None).select_related("person", "team"))


def fresh(answer: Answer) -> bool:
    """Whether an answer is recent enough to be followed up."""
    given = answer.get("submitted_at")
    return isinstance(given, datetime) and given > timezone.now() - STALE


def might(rule: Rule, answer: Answer) -> bool:
    """Whether a rule fits an answer, as far as the answer itself tells."""
    score = answer.get("score")
    return (
        rule.kind in ("", answer.get("kind"))
        and rule.survey in ("", answer.get("survey"))
        and (rule.low is None or (score is not None and score >= rule.low))
        and (rule.high is None or (score is not None and score <= rule.high))
        and _one_of(rule.departments, answer.get("department"))
        and says(rule.words, answer.get("comment"))
        and (score is not None or bool(answer.get("comment")))
    )


def fits(rule: Rule, answer: Answer) -> bool:
    """Whether a rule fits an answer of which `segment` and `revenue` of the customer are known too."""
    enough = rule.least_revenue is None or (answer.get("revenue") or 0) >= rule.least_revenue
    return might(rule, answer) and _one_of(rule.segments, answer.get("segment")) and enough


def says(words: Sequence[str], comment: str | None) -> bool:
    """Whether a comment has a word that begins like one of these."""
    if not words:
        return True
    begins = "|".join(re.escape(word) for word in words)
    return bool(comment) and re.search(rf"\b(?:{begins})", comment or "", re.IGNORECASE) is not None


def with_customers(answers: Iterable[Answer], rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """The answers with what the rules ask of their customers."""
    rules = list(rules)
    found = [dict(answer) for answer in answers]
    customers = sorted({answer["customer_id"] for answer in found if answer.get("customer_id")})
    if any(rule.segments for rule in rules):
        segments = {one["id"]: one["segment"] for one in workspace().named("customer", customers)}
        for answer in found:
            answer["segment"] = answer.get("segment") or segments.get(answer.get("customer_id"))
    if any(rule.least_revenue is not None for rule in rules):
        today = timezone.localdate()
        revenue = workspace().revenue_of(customers, today - _YEAR, today + timedelta(days=1))
        for answer in found:
            answer["revenue"] = revenue.get(answer.get("customer_id") or "")
    return found


def trial(rule: Rule, days: int = 30) -> tuple[list[dict[str, Any]], date]:
    """The answers of the last days for which a rule would have opened a case, newest first, and the last of those days."""
    last = workspace().latest_day("response") or timezone.localdate()
    query = Query(("responses",), start=last - timedelta(days=days - 1), end=last + timedelta(days=1), compare="none")
    answers = workspace().rows(query, most=_MOST_TRIED).to_pylist()
    likely = with_customers((one for one in answers if might(rule, one)), [rule])
    return [one for one in likely if fits(rule, one)], last


def _one_of(wanted: Collection[str], value: object) -> bool:
    return not wanted or value in wanted
