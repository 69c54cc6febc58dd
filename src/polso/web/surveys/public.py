"""The pages on which customers answer: nobody signs in, nothing is kept in the browser, and looking never answers."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import override
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from polso.web.surveys import form, guard, links
from polso.web.surveys.actions import Given, answer, happened, invite
from polso.web.surveys.models import Link, Question, Survey
from polso.web.surveys.texts import chosen, direction
from polso.web.surveys.words import words

_ABOUT = ("touchpoint", "segment", "country", "department", "agent", "product_category", "page", "place")
"""Fields that a public address may bring along; who answers is not among them, as anybody can write an address."""
_PLACES = {"": "link", "qr": "qr", "kiosk": "kiosk", "rating": "embed"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
View = Callable[..., HttpResponse]


def _public(view: View) -> View:
    """What all of these pages share: no token but their own, no cookies, no traces, frames only where they may be."""

    # A form is accepted for the signature it carries; without cookies there is nothing to forge a request with.
    @csrf_exempt
    @xframe_options_exempt
    @functools.wraps(view)
    def respond(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        response = view(request, *args, **named)
        response.headers.setdefault("Content-Security-Policy", f"{_POLICY}; frame-ancestors 'none'")
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return respond


@_public
@require_http_methods(["GET", "HEAD", "POST"])
def respond(request: HttpRequest, token: str) -> HttpResponse:
    """One person's page."""
    link = links.find(token)
    if link is None:
        return _told(request, None, "broken", 404)
    return _post(request, link) if request.method == "POST" else _show(request, link)


@_public
@require_http_methods(["GET", "HEAD", "POST"])
def anybody(request: HttpRequest, key: str, place: str = "") -> HttpResponse:
    """The page of a survey for anybody: by a link, a QR code, in a kiosk or inside a page of help."""
    survey = Survey.objects.filter(key=key).first()
    if survey is None or place not in _PLACES:
        return _told(request, None, "broken", 404)
    channel = "qr" if "qr" in request.GET else _PLACES[place]
    if request.method == "POST":
        uid = guard.uid_shown(request) or uuid.uuid4()
        known = Link.objects.select_related("survey").filter(uid=uid, survey=survey).first()
        return _post(request, known or Link(uid=uid, survey=survey, channel=channel, fields=_fields(request)))
    return _show(request, Link(uid=uuid.uuid4(), survey=survey, channel=channel))


def _fields(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name][:200] for name in _ABOUT if request.GET.get(name)}


def _show(request: HttpRequest, link: Link, said: form.Said | None = None, problem: str = "", status: int = 200) -> HttpResponse:
    """The page that a link is on: its first question, the rest of them, or thanks."""
    if refused := _refused(link):
        return _told(request, link.survey, refused, 410, link)
    before = form.known(link) if link.pk else form.Said()
    if said is None and before.given and link.completed_at and ("change" not in request.GET or not link.changeable):
        return _thanks(request, link)
    if said is None and before.given and not link.changeable:
        return _thanks(request, link)
    language = _language(request, link)
    questions = link.survey.asked
    tapped = _tapped(request, link) if said is None and not before.given else None
    said = said or (form.Said({tapped.question: tapped}) if tapped else before)
    whole = bool(said.given) or bool(said.problems) or "whole" in request.GET
    shown = form.asked(link, questions, language, said)
    one_tap = not whole and shown and shown[0].picks
    context = {
        "questions": shown[:1] if one_tap else shown,
        "one_tap": one_tap,
        "tapped": bool(tapped),
        "chosen": _chosen(shown, language) if tapped else "",
        "started": bool(before.given),
        "problem": problem,
        "shown": guard.shown(link.uid),
        "trap": guard.TRAP,
    }
    return _page(request, link.survey, "ask", context, status, link, language)


def _tapped(request: HttpRequest, link: Link) -> Given | None:
    """The score that was tapped in a message: shown as chosen, recorded only when somebody confirms it."""
    question = next((one for one in link.survey.asked if one.key == request.GET.get("q")), None)
    said = request.GET.get("score", "")
    if question is None or not said.isdecimal() or int(said) not in question.scores:
        return None
    return Given(question.key, float(said))


def _chosen(shown: Sequence[form.Asked], language: str) -> str:
    picked = next(choice.label for one in shown for choice in one.choices if choice.chosen)
    return str(words(language)["chosen"]).format(answer=picked)


def _post(request: HttpRequest, link: Link) -> HttpResponse:
    """Keep what was sent, and thank only after it is kept."""
    if refused := _refused(link):
        return _told(request, link.survey, refused, 410, link)
    language = _language(request, link)
    own = words(language)
    if not guard.calm(request, link.uid):
        return _show(request, link, _said(request, link, language), own["too_many"], 429)
    if not guard.human(request, link.uid):
        return _show(request, link, _said(request, link, language), own["once_more"], 422)
    if "seen" in request.POST:
        if link.pk and link.sent_at:
            happened(link, "opened")
        return HttpResponse(status=204)
    if not link.changeable:
        return _thanks(request, link)
    return _keep(request, link, language)


def _said(request: HttpRequest, link: Link, language: str) -> form.Said:
    before = form.known(link) if link.pk else form.Said()
    return form.read(request.POST, link.survey.asked, before, language, whole=False)


def _keep(request: HttpRequest, link: Link, language: str) -> HttpResponse:
    before = form.known(link) if link.pk else form.Said()
    questions = link.survey.asked
    sent = request.POST.get("step") == "send"
    said = form.read(request.POST, questions, before, language, whole=sent)
    if said.problems or not any(not one.empty for one in said.given.values()):
        for one in questions[:1]:
            said.problems.setdefault(one.key, words(language)["missing"])
        return _show(request, link, said, "", 422)
    how = "gesture" if "quietly" in request.POST else "button"
    complete = sent or not _more(questions, said)
    link = answer(_kept(link), list(said.given.values()), complete=complete, language=language, how=how)
    if "quietly" in request.POST:
        return HttpResponse(status=204)
    # The page after an answer is another request, so that going back or loading it anew sends nothing again.
    return redirect(f"{reverse('survey_answer', args=[links.token(link.uid)])}?lang={language}")


def _more(questions: Sequence[Question], said: form.Said) -> bool:
    """Whether there is more to ask after the first answer."""
    first = said.given.get(questions[0].key)
    return len(questions) > 1 or first is None or questions[0].follow_up(first.score) is not None


def _kept(link: Link) -> Link:
    """The link of somebody who came by a public address, kept with their first answer, once."""
    if link.pk:
        return link
    try:
        with transaction.atomic():
            return invite(link.survey, channel=link.channel, fields=link.fields, uid=link.uid)
    except IntegrityError:
        return Link.objects.select_related("survey").get(uid=link.uid)


def _refused(link: Link) -> str:
    """Why no answer is taken by a link, if so."""
    if link.test:
        return ""
    if not link.survey.open:
        return "closed"
    return "expired" if link.expired and link.started_at is None else ""


def _thanks(request: HttpRequest, link: Link) -> HttpResponse:
    language = _language(request, link)
    context = {"text": link.survey.text("thanks", language), "changeable": link.changeable}
    return _page(request, link.survey, "thanks", context, 200, link, language)


def _told(request: HttpRequest, survey: Survey | None, what: str, status: int, link: Link | None = None) -> HttpResponse:
    """A page that says kindly why nothing can be answered here."""
    language = _language(request, link) if link else chosen(_wanted(request), ["en", "it", "de", "fr", "es"], "en")
    own = words(language)
    return _page(request, survey, "told", {"title": own[f"{what}_title"], "text": own[what]}, status, link, language)


def _page(
    request: HttpRequest, survey: Survey | None, name: str, context: dict[str, Any], status: int, link: Link | None, language: str
) -> HttpResponse:
    channel = link.channel if link else ""
    context |= {
        "survey": survey,
        "link": link,
        "w": words(language),
        "language": language,
        "direction": direction(language),
        "title": context.get("title") or (survey.text("title", language) if survey else ""),
        "intro": survey.text("intro", language) if survey else "",
        "consent": survey.text("consent", language) if survey else "",
        "channel": channel,
        "again": reverse("survey_place", args=[survey.key, "kiosk"]) if survey and channel == "kiosk" else "",
        "others": [one for one in survey.languages if one != language] if survey else [],
        "query": {key: value for key, value in request.GET.items() if key != "lang"},
    }
    with override(language.split("-")[0] if language.split("-")[0] in ("en", "it") else "en"):
        response = render(request, f"surveys/public/{name}.html", context, status=status)
    response.headers["Content-Language"] = language
    response.headers["Content-Security-Policy"] = f"{_POLICY}; frame-ancestors {_frames(survey, link)}"
    return response


def _frames(survey: Survey | None, link: Link | None) -> str:
    """Who may show the page in a frame: our own editor a preview, the survey's sites the rating of a page of help."""
    if link is not None and link.test:
        return "'self'"
    if survey is not None and link is not None and link.channel == "embed" and survey.frames:
        return " ".join(survey.frames)
    return "'none'"


def _language(request: HttpRequest, link: Link) -> str:
    """The language asked for in the address, else the link's, else the browser's, of those the survey speaks."""
    survey = link.survey
    wanted = [request.POST.get("lang", ""), request.GET.get("lang", ""), link.language]
    return chosen([one for one in wanted if one] or _wanted(request), survey.languages, survey.language)


def _wanted(request: HttpRequest) -> list[str]:
    """The languages a browser asks for, best first."""
    found = []
    for place, part in enumerate(request.headers.get("Accept-Language", "")[:200].split(",")):
        name, _, weight = part.strip().partition(";q=")
        with_weight = float(weight) if weight.replace(".", "", 1).isdecimal() else 1.0
        if name:
            found.append((-with_weight, place, name))
    return [name for _weight, _place, name in sorted(found)]


@_public
@require_safe
def look(request: HttpRequest, key: str) -> HttpResponse:
    """A survey's colours, as a style sheet."""
    survey = get_object_or_404(Survey, key=key)
    context = {"colour": survey.colour, "ink": ink_on(survey.colour), "theme": survey.theme}
    response = render(request, "surveys/public/look.css", context, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@_public
@require_safe
def logo(request: HttpRequest, key: str) -> HttpResponse:
    """A survey's logo."""
    survey = get_object_or_404(Survey, key=key)
    if not survey.logo:
        raise Http404
    headers = {
        "Cache-Control": "public, max-age=86400",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return HttpResponse(bytes(survey.logo), content_type=survey.logo_type, headers=headers)


def ink_on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour (WCAG 2.2, relative luminance)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"
