"""What pages of others ask for: the script, the survey, and to take an answer."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from polso.errors import PolsoError
from polso.web.surveys import guard
from polso.web.surveys.actions import Given, answer, happened, invite
from polso.web.surveys.models import Link
from polso.web.widget.config import told
from polso.web.widget.models import Widget

CHANNEL = "widget"
_LARGEST = 64 << 10
_MOST_ANSWERS = 50
_PREVIEW = "polso.web.widget.preview"
_PREVIEW_SECONDS = 24 * 3600
_ROBOT = re.compile(r"bot\b|crawl|spider", re.IGNORECASE)
_OF_SOMEBODY = ("ticket_id", "order_id")
"""Fields that are believed only of a customer whose id is signed."""


class BodyError(PolsoError):
    """A body that cannot be read."""


@cache
def _file() -> tuple[bytes, str]:
    body = (settings.HERE / "static" / "polso" / "widget.js").read_bytes()
    return body, f'"{sha256(body).hexdigest()[:20]}"'


@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """The script, the same for every survey."""
    body, tag = _file()
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    headers = {"ETag": tag, "Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
    return HttpResponse(body, content_type="text/javascript; charset=utf-8", headers=headers)


@require_GET
def config(request: HttpRequest, key: str) -> HttpResponse:
    """The survey as the script needs it; 403 for sites that may not show it."""
    widget, preview = _widget(key), previews(request.GET.get("preview", ""), key)
    if not _welcome(request, widget):
        return _open(request, widget, HttpResponse(status=403))
    if not widget.survey.open and not preview:
        return _open(request, widget, HttpResponse(status=404))
    reply = JsonResponse(told(widget))
    reply["Cache-Control"] = "no-store" if preview else "public, max-age=60"
    return _open(request, widget, reply)


@csrf_exempt
def take(request: HttpRequest, key: str) -> HttpResponse:
    """Take what was answered so far; the same again changes nothing."""
    widget = _widget(key)
    if request.method == "OPTIONS":
        reply = HttpResponse(status=204)
        if _welcome(request, widget):
            reply["Access-Control-Allow-Methods"], reply["Access-Control-Allow-Headers"] = "POST", "Content-Type"
            reply["Access-Control-Max-Age"] = "86400"
        return _open(request, widget, reply)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST, OPTIONS"})
    if not _welcome(request, widget):
        return HttpResponse(status=403)
    if _ROBOT.search(request.headers.get("User-Agent", "")):
        return _open(request, widget, HttpResponse(status=204))
    try:
        return _open(request, widget, _taken(request, widget, _body(request)))
    except PolsoError as error:
        return _open(request, widget, JsonResponse({"problem": str(error)}, status=422))


def _taken(request: HttpRequest, widget: Widget, body: dict[str, Any]) -> HttpResponse:
    uid = _uid(body)
    if not guard.calm(request, uid):
        return HttpResponse(status=429, headers={"Retry-After": "60"})
    preview = previews(str(body.get("preview") or ""), widget.survey.key)
    if not widget.survey.open and not preview:
        return HttpResponse(status=404)
    link = _link(widget, uid, body, test=preview or bool(body.get("test")))
    if link.survey_id != widget.survey_id or link.channel != CHANNEL or not link.changeable:
        return HttpResponse(status=409)
    if body.get("seen"):
        happened(link, "sent", "opened")
    if given := _given(body):
        answer(link, given, complete=bool(body.get("complete")), language=_text(body, "language", 12))
    return HttpResponse(status=204)


def _uid(body: dict[str, Any]) -> uuid.UUID:
    try:
        return uuid.UUID(str(body.get("id")))
    except ValueError:
        raise BodyError("the id of the answer is no UUID") from None


def _link(widget: Widget, uid: uuid.UUID, body: dict[str, Any], test: bool) -> Link:
    """The request to answer that this id stands for, or that a known customer has open."""
    links = Link.objects.select_related("survey")
    found = links.filter(uid=uid).first()
    if found is not None:
        return found
    customer = _text(body, "customer", 200)
    customer = customer if customer and widget.knows(customer, _text(body, "hash", 128)) else ""
    if customer and not widget.survey.anonymous:
        before = links.filter(survey=widget.survey, channel=CHANNEL, customer_id=customer, test=test).order_by("-pk").first()
        if before is not None and before.changeable:
            return before
    sent = body.get("fields")
    fields = (
        {name: value for name, value in sent.items() if customer or name not in _OF_SOMEBODY} if isinstance(sent, dict) else {}
    )
    fields["page"] = _text(body, "page", 200)
    language = _text(body, "language", 12)
    try:
        with transaction.atomic():
            return invite(
                widget.survey, customer_id=customer, language=language, channel=CHANNEL, fields=fields, test=test, uid=uid
            )
    except IntegrityError:
        # The same was sent twice at once.
        return links.get(uid=uid)


def _given(body: dict[str, Any]) -> list[Given]:
    answers = body.get("answers", [])
    if not isinstance(answers, list) or len(answers) > _MOST_ANSWERS or not all(isinstance(one, dict) for one in answers):
        raise BodyError("answers have to be a list of objects")
    return [_one(one) for one in answers]


def _one(given: dict[str, Any]) -> Given:
    score, choices = given.get("score"), given.get("choices", [])
    if isinstance(score, bool) or not isinstance(score, int | float | None):
        raise BodyError("a score has to be a number")
    if not isinstance(choices, list) or not all(isinstance(one, str) for one in choices):
        raise BodyError("choices have to be a list of texts")
    return Given(_text(given, "question", 40), score, tuple(choices), _text(given, "comment", 20_000))


def _body(request: HttpRequest) -> dict[str, Any]:
    if int(request.headers.get("Content-Length") or 0) > _LARGEST:
        raise BodyError("the body is too large")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BodyError("the body has to be an object in JSON")
    return body


def _text(body: dict[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    return value.replace("\0", "")[:most] if isinstance(value, str) else ""


def _widget(key: str) -> Widget:
    found = Widget.objects.select_related("survey").filter(survey__key=key).first()
    if found is None:
        raise Http404
    return found


def _welcome(request: HttpRequest, widget: Widget) -> bool:
    """Whether the page that asks may; our own pages, which show a preview, may."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    return origin == own(request) or widget.allows(origin)


def _open(request: HttpRequest, widget: Widget, reply: HttpResponse) -> HttpResponse:
    """Let the page read the reply, where it is one of those that may."""
    reply["Vary"] = "Origin"
    origin = request.headers.get("Origin", "")
    if widget.allows(origin):
        reply["Access-Control-Allow-Origin"] = origin
        reply["Cross-Origin-Resource-Policy"] = "cross-origin"
    return reply


def own(request: HttpRequest) -> str:
    """The origin of this site."""
    return f"{request.scheme}://{request.get_host()}"


def preview_of(key: str) -> str:
    """What lets a page of ours show a survey that is not live; its answers are never counted."""
    return signing.TimestampSigner(salt=_PREVIEW).sign(key)


def previews(token: str, key: str) -> bool:
    """Whether a token lets a survey be previewed."""
    try:
        return signing.TimestampSigner(salt=_PREVIEW).unsign(token, timedelta(seconds=_PREVIEW_SECONDS)) == key
    except signing.BadSignature:
        return False
