"""Ready surveys and questions: data in ready.toml, made into rows of the site's tables."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from polso.web.accounts.models import Person
from polso.web.surveys.kinds import KINDS
from polso.web.surveys.models import Question, Survey
from polso.web.surveys.texts import told

_FILE = Path(__file__).with_name("ready.toml")
LANGUAGES = ["en", "it", "de"]
_NOT_TEXTS = ("from", "to", "key")


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def names(language: str) -> dict[str, str]:
    """The ready surveys, by key."""
    return {key: told(one["name"], language) for key, one in _read()["surveys"].items()}


def samples(language: str) -> dict[str, str]:
    """The ready questions, by name."""
    return {name: told(_whole(one)["text"], language) for name, one in _read()["questions"].items()}


def make(like: str, key: str, language: str, person: Person | None = None, name: str = "") -> Survey:
    """Make a survey as a ready one is, under a key of its own, as a draft."""
    found = _read()["surveys"][like]
    survey = Survey.objects.create(
        key=key,
        name=name or told(found["name"], language),
        programme=found.get("programme", "transactional"),
        touchpoint=found["touchpoint"],
        mode=found.get("mode", "identified"),
        languages=LANGUAGES,
        language=language if language in LANGUAGES else "en",
        texts={"title": found["title"]},
        person=person,
    )
    for position, one in enumerate(found["questions"]):
        ask(survey, one["key"], one, position)
    return survey


def add(survey: Survey, sample: str) -> Question:
    """Add a ready question at the end of a survey."""
    taken = set(survey.questions.values_list("key", flat=True))
    kind = _whole(_read()["questions"][sample])["kind"]
    key = next(name for name in (kind, *(f"{kind}_{n}" for n in range(2, 1000))) if name not in taken)
    last = max((one.position for one in survey.asked), default=-1)
    return ask(survey, key, {"like": sample}, last + 1)


def ask(survey: Survey, key: str, given: Mapping[str, Any], position: int) -> Question:
    """Make a question from what a ready one says."""
    whole = _whole(given)
    low, high = whole.get("scale") or (KINDS[whole["kind"]].scales or ((None, None),))[0]
    return Question.objects.create(
        survey=survey,
        key=key,
        position=position,
        kind=whole["kind"],
        scale_min=low,
        scale_max=high,
        high_is_good=whole.get("high_is_good", True) if low is not None else None,
        required=whole.get("required", False),
        texts={name: whole[name] for name in ("text", "low", "high") if whole.get(name)},
        options=[{"key": one["key"], "texts": _texts(one)} for one in whole.get("options", ())],
        follow_ups=[{"from": one["from"], "to": one["to"], "texts": _texts(one)} for one in whole.get("follow_ups", ())],
    )


def _whole(given: Mapping[str, Any]) -> dict[str, Any]:
    """A question with what the one it is like says."""
    known = _whole(_read()["questions"][given["like"]]) if "like" in given else {}
    return {**known, **{name: value for name, value in given.items() if name not in ("like", "key")}}


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in _NOT_TEXTS}


def free_key(wanted: str, taken: Iterable[str]) -> str:
    """A key that nobody has: the one that is wanted, or with a number."""
    known = set(taken)
    return next(one for one in (wanted, *(f"{wanted}-{n}" for n in range(2, 10_000))) if one not in known)
