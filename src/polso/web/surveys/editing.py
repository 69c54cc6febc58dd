"""The editor's form: one survey in one language at a time, read into a definition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from polso.web.surveys.write import QUESTION_TEXTS, TEXTS

_PLAIN = ("name", "programme", "touchpoint", "mode", "language", "colour", "theme")


def read(sent: QueryDict, before: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A definition with what the form says; texts of other languages stay as they are."""
    given: dict[str, Any] = {name: str(sent[name]).strip() for name in _PLAIN if name in sent}
    if "languages" in sent:
        given["languages"] = list(dict.fromkeys(one for one in re.split(r"[\s,;]+", str(sent["languages"])) if one))
    if "frames" in sent:
        given["frames"] = str(sent["frames"]).split()
    if sent.get("edit_hours", "").isdecimal():
        given["edit_hours"] = int(str(sent["edit_hours"])[:6])
    given["texts"] = _texts(sent, "", TEXTS, before["texts"], language)
    known = {one["key"]: one for one in before["questions"]}
    order = [key for key in sent.getlist("question") if key in known]
    given["questions"] = [_question(sent, known[key], language) for key in _moved(order, sent)]
    return given


def _moved(order: list[str], sent: QueryDict) -> list[str]:
    """The questions' keys after one was moved or removed."""
    move, _, key = sent.get("do", "").partition(":")
    if key not in order:
        return order
    if move == "remove":
        return [one for one in order if one != key]
    place = order.index(key)
    other = place + {"up": -1, "down": 1}.get(move, 0)
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    return order


def _texts(sent: QueryDict, stem: str, names: tuple[str, ...], before: Mapping[str, Any], language: str) -> dict[str, Any]:
    found = {name: dict(texts) for name, texts in before.items()}
    for name in names:
        if f"{stem}{name}" in sent:
            found[name] = _with(found.get(name, {}), language, str(sent[f"{stem}{name}"]))
    return {name: texts for name, texts in found.items() if texts}


def _with(texts: Mapping[str, str], language: str, text: str) -> dict[str, str]:
    """The texts with one language's brought up to date."""
    rest = {one: said for one, said in texts.items() if one != language}
    return {**rest, language: text.strip()} if text.strip() else rest


def _question(sent: QueryDict, before: Mapping[str, Any], language: str) -> dict[str, Any]:
    stem = f"{before['key']}."
    found = {**before, "required": f"{stem}required" in sent}
    found["texts"] = _texts(sent, stem, QUESTION_TEXTS, before["texts"], language)
    if f"{stem}options" in sent:
        found["options"] = _options(str(sent[f"{stem}options"]), before["options"], language)
    if before["scale"]:
        found["follow_ups"] = _follow_ups(sent, stem, before["follow_ups"], language)
    return found


def _options(text: str, before: list[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    """One option a line: its key, =, its text."""
    known = {one["key"]: one["texts"] for one in before}
    found = []
    for line in text.splitlines():
        key, _, said = (part.strip() for part in line.partition("="))
        if key:
            found.append({"key": key, "texts": _with(known.get(key, {}), language, said)})
    return found


def _follow_ups(sent: QueryDict, stem: str, before: list[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    parts = zip(*(sent.getlist(f"{stem}follow_{name}") for name in ("from", "to", "text")), strict=False)
    found = []
    for place, (first, last, text) in enumerate(parts):
        texts = before[place]["texts"] if place < len(before) else {}
        if first.strip().isdecimal() and last.strip().isdecimal() and (said := _with(texts, language, text)):
            found.append({"from": int(first), "to": int(last), "texts": said})
    return found
