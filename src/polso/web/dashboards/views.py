"""Dashboards: the ready ones, one's own, and those that somebody was shown by a link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability, Role
from polso.web.dashboards.models import KINDS, MOST_TILES, WIDTHS, Dashboard, ShareLink
from polso.web.dashboards.ready import FIRST, READY
from polso.web.dashboards.tiles import DAYS, Frame, Tile, drawn
from polso.web.desk import Desk, desk, workspace
from polso.web.kpis.asked import COMPARISONS
from polso.web.kpis.goals import pinned
from polso.web.kpis.views import changed

LINK_DAYS = (1, 7, 30, 90)
_PARTS = ("kind", "kpi", "by", "where", "width")


def today(request: HttpRequest, name: str | None = None) -> HttpResponse:
    """A ready dashboard: the days up to the latest fact, against the same number of days before."""
    at = desk(request)
    name = name or FIRST[Role(at.person.role)]
    if name not in READY:
        raise Http404
    keys = [key for key in READY[name] if key in at.catalogue and at.reaches(at.catalogue[key].entity)]
    tiles = [{"kind": "number", "kpi": key, "width": 2} for key in keys]
    return _shown(request, at, tiles, {"name": name, "title": _titles()[name], "pinned": pinned(at)}, Dashboard())


def own(request: HttpRequest, pk: int) -> HttpResponse:
    """A dashboard of one's own, or one that everybody may see."""
    at = desk(request)
    found = get_object_or_404(Dashboard.seen_by(at.person), pk=pk)
    return _shown(request, at, found.tiles, {"own": found, "title": found.name, "mine": found.person == at.person}, found)


def shared(request: HttpRequest, secret: str) -> HttpResponse:
    """A dashboard for who has its link: numbers only, nothing to go on to."""
    link = ShareLink.open(secret)
    if link is None:
        return render(request, "dashboards/expired.html", status=410)
    context = {"title": link.dashboard.name, "guest": True, "changed": reverse("shared_changed", args=[secret])}
    response = _shown(request, Desk(link), link.dashboard.tiles, context, link.dashboard)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def shared_changed(request: HttpRequest, secret: str) -> HttpResponse:
    """Whether any fact changed, for who has a link."""
    return changed(request) if ShareLink.open(secret) else HttpResponse(status=410)


def _shown(request: HttpRequest, at: Desk, tiles: Sequence[Tile], context: dict[str, Any], kept: Dashboard) -> HttpResponse:
    until = at.latest_day()
    frame = _frame(request, until or date.today(), kept)
    context |= {
        "dashboards": _titles().items(),
        "days": frame.days,
        "choices": DAYS,
        "frame": frame,
        "facts": workspace().facts_version(),
        "until": until,
        "wall": "wall" in request.GET,
        "tiles": drawn(tiles, frame, at) if until is not None else [],
    }
    if not context.get("guest"):
        context["owned"] = Dashboard.seen_by(at.person)
        context["changed"] = reverse("changed")
    part = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "tiles"
    return render(request, "dashboards/_tiles.html" if part else "dashboards/dashboard.html", context)


def _frame(request: HttpRequest, until: date, kept: Dashboard) -> Frame:
    asked = request.GET
    days = next((choice for choice in DAYS if str(choice) == asked.get("days")), kept.days)
    compare = asked.get("compare") if asked.get("compare") in COMPARISONS else kept.compare
    return Frame(until, days, asked.get("where", kept.where).strip(), compare or "previous")


def new(request: HttpRequest) -> HttpResponse:
    """Begin a dashboard of one's own, empty or as a copy of a ready one."""
    at = desk(request)
    at.need(Ability.SEE_NUMBERS)
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:80]
        like = request.POST.get("like", "")
        if name:
            tiles = [{"kind": "number", "kpi": key, "by": "", "where": "", "width": 2} for key in READY.get(like, ())]
            made = Dashboard.objects.create(name=name, person=at.person, tiles=tiles)
            return redirect("dashboard_edit", made.pk)
        messages.error(request, _("Give it a name."))
    return render(request, "dashboards/new.html", {"ready": _titles().items()})


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Put tiles on a dashboard, move them, size them."""
    at = desk(request)
    found = get_object_or_404(Dashboard, pk=pk, person=at.person)
    if request.method == "POST":
        problem = _change(request, found, at)
        if problem is None:
            found.save()
            if "add" not in request.POST:
                messages.success(request, _("The dashboard is kept."))
                return redirect("own_dashboard", found.pk)
            return redirect(reverse("dashboard_edit", args=[found.pk]) + "#add")
        messages.error(request, problem)
    context: dict[str, Any] = {
        "own": found,
        "kinds": KINDS.items(),
        "widths": WIDTHS.items(),
        "choices": DAYS,
        "kpis": [(one.key, one.name(at.language)) for one in at.catalogue if at.reaches(one.entity)],
        "names": {one.key: one.name(at.language) for one in at.catalogue},
        "splits": ["channel", "team", "department", "country", "segment", "plan", "product_category", "priority", "topic"],
        "may_share": at.person.may(Ability.DEFINE),
    }
    return render(request, "dashboards/edit.html", context)


def _change(request: HttpRequest, found: Dashboard, at: Desk) -> str | None:
    """Take over what the form says; what is wrong with it, if anything."""
    given = request.POST
    found.name = given.get("name", "").strip()[:80] or found.name
    found.days = next((choice for choice in DAYS if str(choice) == given.get("days")), found.days)
    found.where = given.get("where", "").strip()[:300]
    found.shared = "shared" in given and at.person.may(Ability.DEFINE)
    names = ("kind", "kpi", "by", "tile_where", "width")
    written = [dict(zip(_PARTS, parts, strict=True)) for parts in zip(*(given.getlist(name) for name in names), strict=False)]
    if "add" in given:
        written.append({name: given.get(f"new_{name}", "") for name in _PARTS})
    tiles = [_tile(parts, at) for parts in written]
    if len(tiles) > MOST_TILES:
        return _("A dashboard has at most %(n)s tiles.") % {"n": MOST_TILES}
    if any(tile is None for tile in tiles):
        return _("Choose a kind and a KPI for every tile.")
    found.tiles = tiles
    return None


def _tile(given: dict[str, str], at: Desk) -> dict[str, Any] | None:
    kind, kpi, width = given["kind"], given["kpi"], given["width"]
    needs_kpi = kind not in ("funnel", "comments")
    if kind not in KINDS or (needs_kpi and kpi not in at.catalogue):
        return None
    wide = int(width) if width.isdigit() and int(width) in WIDTHS else 2
    texts = {"by": given["by"].strip()[:60], "where": given["where"].strip()[:300]}
    return {"kind": kind, "kpi": kpi if needs_kpi else "", **texts, "width": wide}


@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a dashboard of one's own away."""
    at = desk(request)
    get_object_or_404(Dashboard, pk=pk, person=at.person).delete()
    messages.success(request, _("The dashboard is gone."))
    return redirect("today")


@require_POST
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link that shows a dashboard to somebody without an account, or take one back."""
    at = desk(request)
    at.need(Ability.EXPORT)
    found = get_object_or_404(Dashboard, pk=pk, person=at.person)
    if "revoke" in request.POST:
        ended = found.links.filter(pk=request.POST["revoke"], revoked_at=None) if request.POST["revoke"].isdigit() else None
        if ended is not None and ended.update(revoked_at=timezone.now()):
            note(at.person, "share link ended", found.name)
            messages.success(request, _("The link no longer works."))
        return redirect("dashboard_edit", pk)
    days = next((choice for choice in LINK_DAYS if str(choice) == request.POST.get("days")), 7)
    _link, secret = ShareLink.cut(found, at.person, days)
    note(at.person, "share link made", f"{found.name}, {days} days")
    address = settings.POLSO_URL + reverse("shared", args=[secret])
    messages.success(request, _("Copy this link now; it is not shown again: %(link)s") % {"link": address})
    return redirect("dashboard_edit", pk)


def _titles() -> dict[str, str]:
    return {
        "executive": _("Five numbers"),
        "service": _("Service"),
        "voice": _("Voice"),
        "sales": _("Sales"),
        "digital": _("Digital"),
        "operator": _("My day"),
    }
