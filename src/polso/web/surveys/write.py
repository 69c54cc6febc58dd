"""A survey as one definition: how the editor and the API read and write it, all or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from polso.errors import PolsoError, did_you_mean
from polso.web.accounts.models import Person, note
from polso.web.surveys.kinds import KINDS
from polso.web.surveys.models import MODES, PROGRAMMES, STATUSES, THEMES, Link, Question, Survey

TEXTS = ("title", "intro", "thanks", "consent")
QUESTION_TEXTS = ("text", "low", "high")
MOST_QUESTIONS = 40
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}\Z")
_QUESTION_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?\Z")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_ORIGIN = re.compile(r"(https://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*|http://(localhost|127\.0\.0\.1))(:\d{1,5})?\Z", re.IGNORECASE)
_LISTED = {"programme": PROGRAMMES, "mode": MODES, "status": STATUSES, "theme": THEMES}
_LONGEST_TEXT = 2_000
_PLAIN = ("name", "programme", "touchpoint", "mode", "status", "language", "languages", "texts", "colour", "theme", "frames")
FIELDS = (*_PLAIN, "edit_hours")


class SurveyError(PolsoError):
    """A definition of a survey that cannot stand."""


def definition(survey: Survey) -> dict[str, Any]:
    """A survey as one definition."""
    return {
        "key": survey.key,
        **{name: getattr(survey, name) for name in FIELDS},
        "version": survey.version,
        "questions": [_told(one) for one in survey.asked],
    }


def _told(question: Question) -> dict[str, Any]:
    names = ("key", "kind", "high_is_good", "required", "texts", "options", "follow_ups")
    scale = [question.scale_min, question.scale_max] if question.scores else None
    return {**{name: getattr(question, name) for name in names}, "scale": scale}


def create(key: str, given: Mapping[str, Any], person: Person | None) -> Survey:
    """Make a survey from a definition."""
    if not _KEY.match(key):
        raise SurveyError(f"'{key[:60]}' cannot be a survey's key: use small letters, digits, - and _")
    with transaction.atomic():
        if Survey.objects.filter(key=key).exists():
            raise SurveyError(f"there is a survey '{key}' already: choose another key")
        survey = Survey.objects.create(key=key, name=key, person=person, languages=["en"])
        survey = define(survey, {"name": key, **given}, None)
        note(person, "survey made", key)
    return survey


def define(survey: Survey, given: Mapping[str, Any], person: Person | None) -> Survey:
    """Bring a survey to a definition; what it leaves out stays as it is. SurveyError says what is wrong, and nothing changed."""
    known = {name: given[name] for name in FIELDS if name in given}
    if unknown := set(given) - set(FIELDS) - {"questions", "key", "version"}:
        name = sorted(unknown)[0]
        raise SurveyError(f"a survey has no '{name[:40]}'{did_you_mean(name[:40], (*FIELDS, 'questions'))}")
    with transaction.atomic():
        survey = Survey.objects.select_for_update().get(pk=survey.pk)
        _check(survey, known)
        for name, value in known.items():
            setattr(survey, name, value)
        _check_languages(survey)
        if "questions" in given:
            _questions(survey, given["questions"])
        if survey.status == "live":
            _check_live(survey)
        survey.version += 1
        survey.save()
        if person is not None:
            note(person, "survey changed", f"{survey.key}, version {survey.version}")
    return survey


def _check(survey: Survey, given: Mapping[str, Any]) -> None:
    for name, values in _LISTED.items():
        if name in given and given[name] not in values:
            raise SurveyError(f"{name} cannot be '{given[name]}': it is one of {', '.join(values)}")
    if not str(given.get("name", "x")).strip():
        raise SurveyError("a survey needs a name")
    if given.get("mode", survey.mode) != survey.mode and Link.objects.filter(survey=survey, test=False).exists():
        raise SurveyError(f"survey '{survey.key}' was sent as {survey.mode} already: make another one to ask otherwise")
    if "colour" in given and not _COLOUR.match(str(given["colour"])):
        raise SurveyError(f"'{given['colour']}' is not a colour: write one like #1f5fbf")
    for origin in _texts_of(given.get("frames", []), "frames"):
        if not _ORIGIN.match(origin):
            raise SurveyError(f"'{origin[:80]}' is not a site: write one like https://help.example.com, without a path")
    hours = given.get("edit_hours", 0)
    if not isinstance(hours, int) or isinstance(hours, bool) or not 0 <= hours <= 24 * 366:
        raise SurveyError(f"edit_hours cannot be '{hours}': a whole number of hours from 0 to 8784 is expected")
    if "texts" in given:
        _check_texts(given["texts"], TEXTS, "the survey")


def _texts_of(given: Any, name: str) -> list[str]:
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(isinstance(one, str) for one in given):
        raise SurveyError(f"{name} has to be a list of texts")
    return list(given)


def _check_languages(survey: Survey) -> None:
    for one in _texts_of(survey.languages, "languages"):
        if not _LANGUAGE.match(one):
            raise SurveyError(f"'{one[:20]}' is not a language: write one like it, de or pt-BR")
    if survey.language not in survey.languages:
        raise SurveyError(f"the first language '{survey.language}' is not among {', '.join(survey.languages) or 'none'}")


def _check_texts(given: Any, names: Sequence[str], where: str) -> None:
    if not isinstance(given, Mapping):
        raise SurveyError(f"the texts of {where} have to be an object of {', '.join(names)}")
    for name, texts in given.items():
        if name not in names:
            raise SurveyError(f"{where} has no text '{str(name)[:40]}'{did_you_mean(str(name)[:40], names)}")
        _check_text(texts, f"{name} of {where}")


def _check_text(texts: Any, where: str) -> None:
    if not isinstance(texts, Mapping) or not all(isinstance(text, str) for text in texts.values()):
        raise SurveyError(f"{where} has to be an object of languages and texts")
    if wrong := [one for one in texts if not _LANGUAGE.match(str(one))]:
        raise SurveyError(f"{where} is in '{str(wrong[0])[:20]}', which is not a language: write one like it, de or pt-BR")
    if any(len(text) > _LONGEST_TEXT or "\0" in text for text in texts.values()):
        raise SurveyError(f"{where} is longer than {_LONGEST_TEXT} letters")


def _check_live(survey: Survey) -> None:
    asked = survey.asked
    if not asked:
        raise SurveyError(f"survey '{survey.key}' has no question: add one before it goes live")
    for one in asked:
        if not one.text("text", survey.language):
            raise SurveyError(f"question '{one.key}' has no text in any language: write one before the survey goes live")


def _questions(survey: Survey, given: Any) -> None:
    """Bring the questions to those given, in their order; others are taken out, and forgotten where nobody answered."""
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_QUESTIONS:
        raise SurveyError(f"questions has to be a list of {MOST_QUESTIONS} at most")
    there = {one.key: one for one in survey.questions.all()}
    kept = set()
    for position, one in enumerate(given):
        if not isinstance(one, Mapping):
            raise SurveyError("a question has to be an object with key, kind and texts")
        key = str(one.get("key", ""))
        if not _QUESTION_KEY.match(key) or key in kept:
            raise SurveyError(f"'{key[:40]}' cannot be a question's key: small letters, digits and _, each key once")
        kept.add(key)
        _question(survey, there.get(key), key, one, position)
    for key, question in there.items():
        if key not in kept:
            if question.answers.exists():
                Question.objects.filter(pk=question.pk).update(removed=True)
            else:
                question.delete()


def _question(survey: Survey, known: Question | None, key: str, given: Mapping[str, Any], position: int) -> None:
    question = known or Question(survey=survey, key=key)
    kind = given.get("kind", question.kind)
    if kind not in KINDS:
        raise SurveyError(f"question '{key}' cannot be of the kind '{kind}'{did_you_mean(str(kind), KINDS)}")
    was = (question.kind, question.scale_min, question.scale_max, question.high_is_good)
    low, high = _scale(key, kind, given.get("scale"), question if question.kind == kind else None)
    usual = question.high_is_good if question.kind == kind and question.high_is_good is not None else True
    good = bool(given.get("high_is_good", usual)) if low is not None else None
    if known is not None and was != (kind, low, high, good) and known.answers.exists():
        raise SurveyError(f"question '{key}' was answered: its kind, scale and direction stay; add another question instead")
    question.kind, question.scale_min, question.scale_max, question.high_is_good = kind, low, high, good
    question.position, question.removed, question.required = position, False, bool(given.get("required", question.required))
    question.texts = given.get("texts", question.texts)
    question.options = given.get("options", question.options) if kind in ("choice", "choices") else []
    question.follow_ups = given.get("follow_ups", question.follow_ups) if low is not None else []
    _check_texts(question.texts, QUESTION_TEXTS, f"question '{key}'")
    _check_options(question)
    _check_follow_ups(question)
    question.save()


def _scale(key: str, kind: str, given: Any, known: Question | None) -> tuple[int | None, int | None]:
    scales = KINDS[kind].scales
    if not scales:
        return None, None
    if given is None:
        return (known.scale_min, known.scale_max) if known and known.scores else scales[0]
    if not isinstance(given, Sequence) or tuple(given) not in scales:
        usual = " or ".join(f"{low} to {high}" for low, high in scales)
        raise SurveyError(f"question '{key}' cannot have the scale {given}: a question of this kind goes from {usual}")
    return tuple(given)


def _check_options(question: Question) -> None:
    keys = [one.get("key") if isinstance(one, Mapping) else None for one in question.options]
    if question.kind in ("choice", "choices") and not 1 < len(set(keys)) == len(keys) <= 60:
        raise SurveyError(f"question '{question.key}' needs from 2 to 60 options, each with a key of its own")
    for one in question.options:
        if set(one) != {"key", "texts"} or not _QUESTION_KEY.match(str(one["key"])):
            raise SurveyError(f"an option of question '{question.key}' needs a key (small letters, digits, _) and texts")
        _check_text(one["texts"], f"option '{one['key']}' of question '{question.key}'")


def _check_follow_ups(question: Question) -> None:
    for one in question.follow_ups:
        if not isinstance(one, Mapping) or set(one) != {"from", "to", "texts"}:
            raise SurveyError(f"what follows a score of question '{question.key}' needs from, to and texts")
        if one["from"] not in question.scores or one["to"] not in question.scores or one["from"] > one["to"]:
            raise SurveyError(
                f"question '{question.key}': {one['from']} to {one['to']} is not part of its scale "
                f"({question.scale_min} to {question.scale_max})"
            )
        _check_text(one["texts"], f"what follows a score of question '{question.key}'")


def draw_logo(survey: Survey, content: bytes, person: Person | None) -> None:
    """Keep a logo: PNG, JPEG or WebP of 200 kB at most, by what it is and not by what it is called; nothing takes it away."""
    kind = ""
    if content:
        kind = next((name for start, name in _PICTURES if content.startswith(start)), "")
        kind = "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else kind
        if not kind or len(content) > _MOST_BYTES:
            raise SurveyError("a logo has to be a PNG, JPEG or WebP picture of 200 kB at most")
    Survey.objects.filter(pk=survey.pk).update(logo=content, logo_type=kind, version=survey.version + 1)
    note(person, "survey logo changed", survey.key)


_PICTURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
_MOST_BYTES = 200 << 10
