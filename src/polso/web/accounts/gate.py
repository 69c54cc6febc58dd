"""Nobody passes without signing in, but for the few pages named here."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from polso.web.accounts.models import Person

OPEN = (
    "/static/",
    "/accounts/login",
    "/accounts/password/",
    "/accounts/2fa/",
    "/accounts/oidc/",
    "/invitation/",
    "/shared/",
    "/s/",
    "/a/",
    "/health",
    "/metrics",
    "/language",
    "/api/",
    "/w.js",
    "/w/",
)
"""Paths that answer without a session; the API asks for a key of its own."""


def everybody_signs_in(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: send to the first-run page while there is nobody, and to the sign-in page whoever is not signed in."""
    settled = False

    def respond(request: HttpRequest) -> HttpResponse:
        nonlocal settled
        if request.path.startswith(("/static/", "/health")):
            return answer(request)
        settled = settled or Person.objects.exists()
        welcome = reverse("welcome")
        if not settled and request.path not in (welcome, "/language"):
            return redirect(welcome)
        if request.user.is_authenticated or request.path == welcome or request.path.startswith(OPEN):
            return answer(request)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401, headers={"HX-Redirect": reverse("account_login")})
        return redirect(f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()}, safe='/')}")

    return respond
