"""Surveys for those who ask: the list, the editor with its preview, live results, addresses, answers typed in."""

from __future__ import annotations

import io

import segno
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST

from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.dashboards.tiles import DAYS, Frame
from polso.web.desk import Desk, desk, workspace
from polso.web.security import POLICY
from polso.web.surveys import editing, links, ready, results
from polso.web.surveys.actions import AnswerError, invite
from polso.web.surveys.models import MODES, PROGRAMMES, STATUSES, THEMES, Link, Question, Survey
from polso.web.surveys.write import SurveyError, define, definition, draw_logo


def surveys(request: HttpRequest) -> HttpResponse:
    """Every survey, and one more."""
    at = desk(request)
    at.need(Ability.SEE_NUMBERS)
    if request.method == "POST":
        return _new(request, at)
    whole = at.someone.within is None
    context = {"surveys": results.listed(list(Survey.objects.all())), "ready": ready.names(at.language).items(), "whole": whole}
    return render(request, "surveys/surveys.html", context)


def _new(request: HttpRequest, at: Desk) -> HttpResponse:
    at.need(Ability.DEFINE)
    like, names = request.POST.get("like", ""), ready.names(at.language)
    if like not in names:
        messages.error(request, _("Choose what it is to be like."))
        return redirect("surveys")
    name = request.POST.get("name", "").strip()[:120] or names[like]
    with transaction.atomic():
        key = ready.free_key(slugify(name)[:50] or like, Survey.objects.values_list("key", flat=True))
        made = ready.make(like, key, at.language, at.person, name)
        note(at.person, "survey made", made.key)
    return redirect("survey_edit", made.key)


def survey(request: HttpRequest, key: str) -> HttpResponse:
    """Live results."""
    at = desk(request)
    at.need(Ability.SEE_NUMBERS)
    found = get_object_or_404(Survey, key=key)
    days = next((choice for choice in DAYS if str(choice) == request.GET.get("days")), 30)
    frame = Frame(timezone.localdate(), days)
    whole = at.someone.within is None
    context = {
        "survey": found,
        "days": days,
        "choices": DAYS,
        "frame": frame,
        "tiles": results.tiles(found, frame, at),
        "whole": whole,
        "steps": results.steps(found) if whole else [],
        "own_accord": results.own_accord(found) if whole else 0,
        "tests": results.tests(found) if whole else 0,
        "chosen": results.choices(found, at.language) if whole else [],
        "statuses": STATUSES.items(),
        "facts": workspace().facts_version(),
        "changed": reverse("changed"),
    }
    part = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "results"
    return render(request, "surveys/_results.html" if part else "surveys/survey.html", context)


@require_POST
def status(request: HttpRequest, key: str) -> HttpResponse:
    """Open, pause or end a survey."""
    at = desk(request)
    at.need(Ability.DEFINE)
    found = get_object_or_404(Survey, key=key)
    try:
        define(found, {"status": request.POST.get("status", "")}, at.person)
        note(at.person, f"survey {request.POST['status']}", key)
    except SurveyError as error:
        messages.error(request, str(error))
    return redirect("survey", key)


def edit(request: HttpRequest, key: str) -> HttpResponse:
    """The editor: questions, texts in one language at a time, look, with the preview beside it."""
    at = desk(request)
    at.need(Ability.DEFINE)
    found = get_object_or_404(Survey, key=key)
    asked = request.POST.get("lang") or request.GET.get("lang", "")
    language = asked if asked in found.languages else found.language
    problem = ""
    if request.method == "POST":
        try:
            found = _save(request, found, at, language)
            language = language if language in found.languages else found.language
            return redirect(f"{reverse('survey_edit', args=[key])}?lang={language}")
        except SurveyError as error:
            problem = str(error)
    context = {
        "survey": found,
        "language": language,
        "problem": problem,
        "questions": found.asked,
        "samples": ready.samples(at.language).items(),
        "lists": {"programme": PROGRAMMES, "mode": MODES, "theme": THEMES},
        "texts": {name: found.texts.get(name, {}).get(language, "") for name in ("title", "intro", "thanks", "consent")},
        "fields": [_field(one, language) for one in found.asked],
        "frames": "\n".join(found.frames),
    }
    response = render(request, "surveys/edit.html", context, status=422 if problem else 200)
    response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response


def _save(request: HttpRequest, found: Survey, at: Desk, language: str) -> Survey:
    with transaction.atomic():
        kept = define(found, editing.read(request.POST, definition(found), language), at.person)
        if request.POST.get("do") == "add" and request.POST.get("sample") in ready.samples(at.language):
            ready.add(kept, request.POST["sample"])
        logo = request.FILES.get("logo")
        if isinstance(logo, UploadedFile):
            draw_logo(kept, logo.read(), at.person)
        elif "no_logo" in request.POST:
            draw_logo(kept, b"", at.person)
    messages.success(request, _("The survey is kept."))
    return kept


def _field(one: Question, language: str) -> dict[str, object]:
    """A question as the editor shows it."""
    texts = {name: one.texts.get(name, {}).get(language, "") for name in ("text", "low", "high")}
    options = "\n".join(f"{o['key']} = {o['texts'].get(language, '')}" for o in one.options)
    follow = [{**f, "text": f["texts"].get(language, "")} for f in one.follow_ups]
    return {"question": one, "texts": texts, "options": options, "follow_ups": [*follow, {}, {}][: max(3, len(follow) + 1)]}


@xframe_options_sameorigin
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """The real page, by a link whose answers are not counted."""
    at = desk(request)
    at.need(Ability.DEFINE)
    found = get_object_or_404(Survey, key=key)
    unused = Link.objects.filter(survey=found, test=True, person=at.person, started_at=None, channel="preview").first()
    link = unused or invite(found, channel="preview", test=True, person=at.person)
    language = request.GET.get("lang", "")
    response = redirect(links.address(link, **({"lang": language} if language else {})))
    response.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
    return response


def addresses(request: HttpRequest, key: str) -> HttpResponse:
    """Where a survey is answered: link, QR code, kiosk, inside a page of help."""
    at = desk(request)
    at.need(Ability.SEE_NUMBERS)
    found = get_object_or_404(Survey, key=key)
    context = {
        "survey": found,
        "link": links.public_address(found),
        "kiosk": links.place_address(found, "kiosk"),
        "rating": links.place_address(found, "rating"),
    }
    return render(request, "surveys/addresses.html", context)


def qr(request: HttpRequest, key: str) -> HttpResponse:
    """The QR code of a survey's public address, as SVG."""
    at = desk(request)
    at.need(Ability.SEE_NUMBERS)
    found = get_object_or_404(Survey, key=key)
    out = io.BytesIO()
    segno.make(links.public_address(found, qr="1"), error="m", micro=False).save(
        out, kind="svg", scale=8, border=4, dark="#000", light="#fff", svgns=True, xmldecl=True
    )
    headers = {"Content-Disposition": f'inline; filename="{found.key}.svg"'}
    return HttpResponse(out.getvalue(), content_type="image/svg+xml", headers=headers)


def phone(request: HttpRequest, key: str) -> HttpResponse:
    """A colleague types in what somebody answers on the phone."""
    at = desk(request)
    at.need(Ability.SEE_PEOPLE)
    found = get_object_or_404(Survey, key=key)
    problem = "" if found.open else _("This survey is not open: nothing can be answered.")
    if request.method == "POST" and not problem:
        given = {name: request.POST.get(name, "").strip()[:200] for name in ("customer_id", "ticket_id", "order_id")}
        customer = given.pop("customer_id")
        try:
            link = invite(found, customer_id=customer, channel="phone", fields=given, person=at.person)
        except AnswerError as error:
            problem = str(error)
        else:
            note(at.person, "answer typed in", key)
            return redirect(links.address(link, whole="1"))
    return render(
        request, "surveys/phone.html", {"survey": found, "problem": problem}, status=422 if problem and request.POST else 200
    )
