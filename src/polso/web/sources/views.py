"""The facts there are; a file becomes facts in two steps: see what would come of it, then load."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from polso.entities import ENTITIES
from polso.errors import PolsoError
from polso.ingest.preview import Preview
from polso.web.accounts.models import note
from polso.web.accounts.roles import Ability
from polso.web.desk import Desk, desk
from polso.web.sources import columns, work
from polso.web.sources.models import State, Upload
from polso.web.sources.traffic import DAYS, traffic
from polso.workspace import Workspace

MOST_LOADS = 100
_OPEN = (State.WAITING, State.REFUSED, State.STOPPED, State.BROKEN)


def sources(request: HttpRequest) -> HttpResponse:
    """What facts there are, and the place to drop a file."""
    at = _loader(request)
    Upload.tidy()
    uploads = list(Upload.objects.filter(person=at.person).exclude(state=State.DONE))
    for one in uploads:
        one.settle()
    there = [{"kept": kept, "changed": _changed_at(at.whole, kept.entity.name)} for kept in at.whole.overview()]
    return render(request, "sources/sources.html", {"there": there, "entities": list(ENTITIES.values()), "uploads": uploads})


def _changed_at(workspace: Workspace, name: str) -> datetime:
    return datetime.fromtimestamp(workspace.warehouse.log(name).changed / 1e9, UTC)


@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Take a file and look at it."""
    at = _loader(request)
    file, entity = request.FILES.get("file"), request.POST.get("entity", "")
    if not isinstance(file, UploadedFile) or (entity and entity not in ENTITIES):
        messages.error(request, _("Choose a file, and what its rows are."))
        return _go(request, reverse("sources"))
    name = re.sub(r"[^\w. -]", "_", Path((file.name or "").replace("\\", "/")).name)[-120:].strip(" .") or "file"
    upload = Upload.objects.create(person=at.person, entity=entity, name=name, size=file.size or 0)
    upload.folder.mkdir(parents=True)
    with upload.path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    try:
        _guess(upload, at.whole, entity or None)
    except PolsoError as error:
        upload.discard()
        messages.error(request, work.told(error))
        return _go(request, reverse("sources"))
    return _go(request, reverse("upload", args=[upload.pk]))


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """Go on to a page; a script that sent the file itself is told where."""
    if request.headers.get("X-Sent-By") == "script":
        return HttpResponse(status=201, headers={"Location": address})
    return redirect(address)


def _guess(upload: Upload, workspace: Workspace, entity: str | None) -> None:
    mapping = workspace.first_mapping(upload.path, entity)
    upload.entity, upload.mapping = mapping.entity, workspace.mapping_text(mapping)
    upload.save(update_fields=["entity", "mapping"])


def upload(request: HttpRequest, pk: str) -> HttpResponse:
    """A file: what would come of it, how far it is, or what came of it."""
    at = _loader(request)
    one = _mine(at, pk)
    if one.state == State.LOADING:
        return render(request, "sources/loading.html", {"upload": one, "entity": ENTITIES[one.entity]})
    if one.state == State.DONE:
        return render(request, "sources/loaded.html", {"upload": one, "entity": ENTITIES[one.entity]})
    problem = _changed(request, one, at.whole) if request.method == "POST" else ""
    if request.method == "POST" and not problem and not request.headers.get("HX-Request"):
        return redirect("upload", one.pk)
    context = _looked_at(one, at.whole, problem)
    context["reasons"] = _reasons(one)
    context["nothing_since"] = at.whole.warehouse.snapshot(one.entity).version == one.before
    if request.headers.get("HX-Request"):
        return render(request, "sources/_preview.html", context | {"again": True})
    return render(request, "sources/upload.html", context, status=422 if problem else 200)


def _changed(request: HttpRequest, one: Upload, workspace: Workspace) -> str:
    """Take over what a form says of the mapping; returns what is wrong with it."""
    given = request.POST
    try:
        if given.get("entity", one.entity) != one.entity and given["entity"] in ENTITIES:
            _guess(one, workspace, given["entity"])
        elif "text" in given:
            mapping = workspace.mapping(given["text"].replace("\r\n", "\n"))
            one.entity, one.mapping = mapping.entity, given["text"].replace("\r\n", "\n")
        else:
            mapping = columns.read(given, workspace.mapping(one.mapping), workspace)
            one.mapping = workspace.mapping_text(mapping)
    except PolsoError as error:
        return work.told(error)
    Upload.objects.filter(pk=one.pk, state__in=_OPEN).update(entity=one.entity, mapping=one.mapping)
    return ""


def _looked_at(one: Upload, workspace: Workspace, problem: str) -> dict[str, Any]:
    entity = ENTITIES[one.entity]
    context: dict[str, Any] = {"upload": one, "entity": entity, "entities": list(ENTITIES.values()), "problem": problem}
    try:
        mapping = workspace.mapping(one.mapping)
        seen = workspace.preview(mapping, one.path)
    except PolsoError as error:
        return context | {"problem": problem or work.told(error)}
    return context | {
        "seen": seen,
        "problem": problem or work.told(PolsoError(seen.problem)),
        "form": columns.form(mapping, seen.headings, entity),
        "facts": _facts(seen),
        "separators": columns.SEPARATORS,
        "orders": columns.ORDERS,
    }


def _facts(seen: Preview) -> dict[str, Any]:
    if seen.facts is None:
        return {}
    names = [name for name in seen.facts.column_names if name != "extra"] or seen.facts.column_names
    return {"names": names, "rows": [[row[name] for name in names] for row in seen.facts.to_pylist()]}


def _reasons(one: Upload) -> list[list[str]]:
    """The first refusals of the last try."""
    return work.reasons(one.rejects_file) if one.state == State.REFUSED else []


@require_POST
def load(request: HttpRequest, pk: str) -> HttpResponse:
    """Begin to load a file."""
    at = _loader(request)
    one = _mine(at, pk)
    if one.state in _OPEN:
        work.begin(one, "keep_good" in request.POST)
    return redirect("upload", one.pk)


def progress(request: HttpRequest, pk: str) -> HttpResponse:
    """How far a load is; when it is over the page is asked for anew."""
    one = _mine(_loader(request), pk)
    response = render(request, "sources/_progress.html", {"upload": one})
    if one.state != State.LOADING:
        response.headers["HX-Redirect"] = reverse("upload", args=[one.pk])
    return response


@require_POST
def stop(request: HttpRequest, pk: str) -> HttpResponse:
    """Ask a load to stop; nothing of it stays."""
    one = _mine(_loader(request), pk)
    Upload.objects.filter(pk=one.pk, state=State.LOADING).update(stop=True)
    return redirect("upload", one.pk)


@require_POST
def discard(request: HttpRequest, pk: str) -> HttpResponse:
    """Throw a file away, or what is told of a load that is over."""
    one = _mine(_loader(request), pk)
    if one.state != State.LOADING:
        one.discard()
    return redirect("sources")


def rejects(request: HttpRequest, pk: str) -> HttpResponseBase:
    """The refused rows as a file."""
    one = _mine(_loader(request), pk)
    path = one.rejects_file
    if path is None:
        raise Http404
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=f"{Path(one.name).stem}-refused.csv", content_type="text/csv"
    )


@dataclass(frozen=True)
class Past:
    """A line of what was done to an entity's facts."""

    at: datetime
    what: str
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    refused: int = 0
    removed: int = 0
    version: int | None = None
    """To be taken back by; none where that is not possible."""


def entity(request: HttpRequest, name: str) -> HttpResponse:
    """The facts of one entity: how they come in, and every load, which can be taken back."""
    at = _loader(request)
    declared = ENTITIES.get(name)
    if declared is None:
        return redirect("sources")
    days = next((days for days in DAYS if str(days) == request.GET.get("days")), 90)
    kept = next((one for one in at.whole.overview() if one.entity.name == name), None)
    past = _past(at.whole, name)
    counted = traffic(at.whole, declared, days)
    context = {
        "entity": declared,
        "kept": kept,
        "last_load": next((one.at for one in at.whole.history(name) if one.load), None),
        "past": past[:MOST_LOADS],
        "repeated": sum(one.repeated for one in past),
        "unchanged": sum(one.unchanged for one in past),
        "traffic": counted,
        "charts": counted.charts() if counted and counted.counts else [],
        "days": days,
        "choices": DAYS,
    }
    return render(request, "sources/entity.html", context)


def _past(workspace: Workspace, name: str) -> list[Past]:
    """Commits, with the files they came from where those came over this site, and loads that changed nothing."""
    uploads = list(Upload.objects.filter(entity=name, state=State.DONE).select_related("person"))
    by_version = {one.version: one for one in uploads if one.version is not None}
    history = workspace.history(name)
    undone = {one.note["undo"] for one in history if "undo" in one.note}
    found = [_from_upload(one) for one in uploads if one.version is None]
    for commit in history:
        if not (commit.inserted or commit.updated or commit.removed):
            continue
        file = by_version.get(commit.version)
        if "undo" in commit.note:
            what = _("A load taken back")
        else:
            what = f"{file.name} · {file.person}" if file else _("Loaded") if commit.load else _("Changed")
        done = Past(commit.at, what, commit.inserted, commit.updated, commit.unchanged, removed=commit.removed)
        again = commit.load and (commit.inserted or commit.updated) and "undo" not in commit.note
        version = commit.version if again and str(commit.version) not in undone else None
        more = {"repeated": file.repeated, "refused": file.refused} if file else {}
        found.append(Past(**{**vars(done), **more, "version": version}))
    return sorted(found, key=lambda one: one.at, reverse=True)


def _from_upload(one: Upload) -> Past:
    counts = {"unchanged": one.unchanged, "repeated": one.repeated, "refused": one.refused}
    return Past(one.ended_at or one.at, f"{one.name} · {one.person}", **counts)


@require_POST
def undo(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Take a load back."""
    at = _loader(request)
    try:
        at.whole.undo(name, version)
        note(at.person, "load taken back", f"{name} {version}")
        messages.success(request, _("That load was taken back."))
    except PolsoError as error:
        messages.error(request, work.told(error))
    return redirect("entity", name)


def _loader(request: HttpRequest) -> Desk:
    at = desk(request)
    at.need(Ability.LOAD)
    return at


def _mine(at: Desk, pk: str) -> Upload:
    """A file of the person's own, as it stands."""
    one = get_object_or_404(Upload, pk=pk, person=at.person)
    one.settle()
    return one
