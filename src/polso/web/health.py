"""Is the site there, and can it work?"""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, JsonResponse

from polso.web.desk import workspace


def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """The site's database and the facts can be read."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return JsonResponse({"status": "ok", "facts": workspace().facts_version()})
