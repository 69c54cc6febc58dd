"""The facts there are; a file becomes facts in two steps: see what was understood, then load."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from polso.entities import ENTITIES
from polso.errors import LoadError, PolsoError
from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk, desk
from polso.web.sources.models import Upload

_SHOWN_REJECTS = 50


def sources(request: HttpRequest) -> HttpResponse:
    """What facts there are, and the place to drop a file."""
    at = _loader(request)
    context = {"kept": at.whole.overview(), "entities": list(ENTITIES.values()), "waiting": _waiting(at)}
    return render(request, "sources/sources.html", context)


def _waiting(at: Desk) -> Any:
    return Upload.objects.filter(person=at.person).order_by("-at")


@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Take a file and look at it."""
    at = _loader(request)
    file, entity = request.FILES.get("file"), request.POST.get("entity", "")
    if not isinstance(file, UploadedFile) or entity not in ENTITIES:
        messages.error(request, _("Choose a file, and what its rows are."))
        return redirect("sources")
    name = re.sub(r"[^\w. -]", "_", Path(file.name or "file").name)[-120:] or "file"
    upload = Upload.objects.create(person=at.person, entity=entity, name=name)
    upload.path.parent.mkdir(parents=True)
    with upload.path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    try:
        upload.mapping = at.whole.mapping_text(at.whole.propose(entity, upload.path))
    except PolsoError as error:
        upload.discard()
        messages.error(request, str(error))
        return redirect("sources")
    upload.save(update_fields=["mapping"])
    return redirect("upload", upload.pk)


def upload(request: HttpRequest, pk: str) -> HttpResponse:
    """What was understood of a file; edit it, then load."""
    at = _loader(request)
    waiting = get_object_or_404(Upload, pk=pk, person=at.person)
    context: dict[str, Any] = {"upload": waiting, "entity": ENTITIES[waiting.entity]}
    if request.method == "POST":
        waiting.mapping = request.POST.get("mapping", "").replace("\r\n", "\n")
        waiting.save(update_fields=["mapping"])
        try:
            report = at.whole.load(
                waiting.entity, waiting.path, mapping=at.whole.mapping(waiting.mapping), keep_good="keep_good" in request.POST
            )
        except PolsoError as error:
            context |= {"problem": str(error), "rejects": _rejects(error.rejects_file if isinstance(error, LoadError) else None)}
            return render(request, "sources/upload.html", context, status=422)
        note(at.person, "facts loaded", f"{waiting.entity}: {report.inserted} new, {report.updated} changed")
        told = ngettext("%(n)s fact is new", "%(n)s facts are new", report.inserted) % {"n": report.inserted}
        more = _("%(updated)s changed, %(unchanged)s were there already, %(rejected)s refused") % vars(report)
        messages.success(request, f"{told}, {more}.")
        waiting.discard()
        return redirect("entity", report.entity)
    return render(request, "sources/upload.html", context)


def _rejects(file: Path | None) -> list[list[str]]:
    if file is None or not file.exists():
        return []
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return [row for _number, row in zip(range(_SHOWN_REJECTS + 1), csv.reader(opened), strict=False)]


@require_POST
def discard(request: HttpRequest, pk: str) -> HttpResponse:
    """Throw a waiting file away."""
    at = _loader(request)
    get_object_or_404(Upload, pk=pk, person=at.person).discard()
    return redirect("sources")


def entity(request: HttpRequest, name: str) -> HttpResponse:
    """The facts of one entity: its columns, and every load, which can be taken back."""
    at = _loader(request)
    declared = ENTITIES.get(name)
    if declared is None:
        return redirect("sources")
    kept = next((one for one in at.whole.overview() if one.entity.name == name), None)
    return render(request, "sources/entity.html", {"entity": declared, "kept": kept, "history": at.whole.history(name)[:50]})


@require_POST
def undo(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Take a load back."""
    at = _loader(request)
    try:
        at.whole.undo(name, version)
        note(at.person, "load taken back", f"{name} {version}")
        messages.success(request, _("That load was taken back."))
    except PolsoError as error:
        messages.error(request, str(error))
    return redirect("entity", name)


def _loader(request: HttpRequest) -> Desk:
    at = desk(request)
    at.need(Ability.LOAD)
    return at
