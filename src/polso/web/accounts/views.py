"""The first run, invitations, people, one's own keys, the log."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.mail import send_mail
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from polso.web.accounts.forms import Invite, NewPerson
from polso.web.accounts.models import ApiKey, Invitation, LogEntry, Person, note
from polso.web.accounts.roles import MEANINGS, NAMES, Ability, Role
from polso.web.desk import desk

_BACKEND = "django.contrib.auth.backends.ModelBackend"


def welcome(request: HttpRequest) -> HttpResponse:
    """The first run: makes the owner, once."""
    if Person.objects.exists():
        return redirect("today")
    form = NewPerson(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            if Person.objects.select_for_update().exists():
                raise Http404
            owner = _make(form, role=Role.OWNER)
            note(owner, "owner made")
        login(request, owner, backend=_BACKEND)
        return redirect("tour")
    return render(request, "accounts/welcome.html", {"form": form}, status=422 if form.errors else 200)


def accept(request: HttpRequest, secret: str) -> HttpResponse:
    """An invitation's link: make the account it promises."""
    invitation = Invitation.open(secret)
    if invitation is None:
        return render(request, "accounts/expired.html", status=410)
    form = NewPerson(request.POST or None, initial={"email": invitation.email})
    form.fields["email"].disabled = True
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=timezone.now())
            if not taken:
                raise Http404
            limits = {name: getattr(invitation, name) for name in ("role", "limit_column", "limit_values")}
            person = _make(form, **limits)
            note(person, "invitation accepted", invitation.role)
        login(request, person, backend=_BACKEND)
        return redirect("today")
    return render(request, "accounts/accept.html", {"form": form, "invitation": invitation}, status=422 if form.errors else 200)


def _make(form: NewPerson, **fields: object) -> Person:
    given = form.cleaned_data
    person = Person.objects.create_user(given["email"], given["password"], name=given["name"], **fields)
    # The owner is taken at their word; everybody else came by a link that was sent to the address.
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def people(request: HttpRequest) -> HttpResponse:
    """Who is here, and whom to invite."""
    at = desk(request)
    at.need(Ability.MANAGE)
    form = Invite(request.POST or None)
    link = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        limits = {name: given[name] for name in ("role", "limit_column", "limit_values")}
        invitation, secret = Invitation.write(given["email"], at.person, **limits)
        link = settings.POLSO_URL + reverse("accept", args=[secret])
        _send(invitation, link)
        note(at.person, "invited", f"{invitation.role}")
        form = Invite()
    context = {
        "form": form,
        "link": link,
        "people": Person.objects.order_by("email"),
        "open": Invitation.objects.filter(accepted_at=None, expires_at__gt=timezone.now()),
        "roles": [(NAMES[role], MEANINGS[role]) for role in Role],
        "log": LogEntry.objects.select_related("person")[:50],
    }
    return render(request, "accounts/people.html", context, status=422 if form.errors else 200)


def _send(invitation: Invitation, link: str) -> None:
    text = _("You are invited to look at customer experience in Polso. Open this link within two weeks to choose a password:")
    send_mail(_("Your invitation to Polso"), f"{text}\n\n{link}\n", None, [invitation.email], fail_silently=True)


@require_POST
def let_go(request: HttpRequest, pk: int) -> HttpResponse:
    """Close somebody's account; the last owner stays."""
    at = desk(request)
    at.need(Ability.MANAGE)
    person = get_object_or_404(Person, pk=pk)
    owners = Person.objects.filter(role=Role.OWNER, is_active=True)
    if person.role == Role.OWNER and person.is_active and owners.count() == 1:
        messages.error(request, _("The last owner cannot be closed."))
        return redirect("people")
    person.is_active = not person.is_active
    person.save(update_fields=["is_active"])
    note(at.person, "account opened" if person.is_active else "account closed", person.email)
    return redirect("people")


def myself(request: HttpRequest) -> HttpResponse:
    """One's own account: name, keys, two-factor."""
    person = desk(request).person
    context = {
        "keys": person.keys.filter(revoked_at=None),
        "fresh": request.session.pop("fresh_key", None),
        "role": Role(person.role),
    }
    return render(request, "accounts/myself.html", context | {"role_name": NAMES[Role(person.role)]})


@require_POST
def cut_key(request: HttpRequest) -> HttpResponse:
    """Make a key for a program."""
    at = desk(request)
    scopes = ["read"] + (["write"] if request.POST.get("write") and at.person.may(Ability.LOAD) else [])
    _key, text = ApiKey.cut(at.person, request.POST.get("name", "").strip()[:80] or _("without name"), scopes)
    request.session["fresh_key"] = text
    note(at.person, "key made", text[:12])
    return redirect("myself")


@require_POST
def revoke_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a key back."""
    person = desk(request).person
    key = get_object_or_404(ApiKey, pk=pk, person=person)
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    note(person, "key revoked", key.start)
    return redirect("myself")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Choose a language; people keep it, others carry it in a cookie."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        raise Http404
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = "/"
    translation.activate(chosen)
    response = redirect(back)
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    if request.user.is_authenticated:
        request.user.language = chosen
        request.user.save(update_fields=["language"])
    return response
