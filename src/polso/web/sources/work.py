"""Loads that go on while their page is looked at, in a thread of the web process; how far they are is in the database."""

from __future__ import annotations

import csv
import logging
import re
import threading
from itertools import islice
from pathlib import Path

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_noop
from filelock import BaseFileLock, Timeout

from polso.errors import LoadError, PolsoError
from polso.ingest.load import LoadReport
from polso.web.accounts.models import note
from polso.web.desk import workspace
from polso.web.sources.advice import advice
from polso.web.sources.models import State, Upload

UNFORESEEN = gettext_noop("Something went wrong that nobody foresaw; nothing was loaded. The server's log says more.")
_SECONDS = 0.4
_FOR_TERMINALS = re.compile(r"; --[a-z-]+ [^;]*")
_AGAIN = (State.WAITING, State.REFUSED, State.STOPPED, State.BROKEN)


def begin(upload: Upload, keep_good: bool) -> None:
    """Start to load a file, unless it is being loaded or was."""
    lock = upload.lock
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return
    fresh = {"read": 0, "stop": False, "problem": "", "rejects": "", "refused": 0, "ended_at": None, "keep_good": keep_good}
    before = workspace().warehouse.snapshot(upload.entity).version
    mine = Upload.objects.filter(pk=upload.pk, state__in=_AGAIN)
    if not mine.update(state=State.LOADING, before=before, **fresh):
        lock.release()
        return
    upload.refresh_from_db()
    threading.Thread(target=_load, args=(upload, lock), name=f"load {upload.pk}", daemon=True).start()


class _Pulse:
    """Writes down how far a load is, and hears when it is to stop."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._ended = threading.Event()
        self._read = 0
        self.stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def reached(self, read: int, total: int | None) -> None:
        """So many bytes are read."""
        self._read = read

    def end(self) -> None:
        """The load is over."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        mine = Upload.objects.filter(pk=self._upload.pk)
        try:
            while not self._ended.wait(_SECONDS):
                mine.update(read=self._read)
                if mine.filter(stop=True).exists():
                    self.stopped.set()
        finally:
            connection.close()


def _load(upload: Upload, lock: BaseFileLock) -> None:
    pulse = _Pulse(upload)
    try:
        try:
            report = workspace().load(
                upload.entity,
                upload.path,
                mapping=workspace().mapping(upload.mapping),
                keep_good=upload.keep_good,
                progress=pulse.reached,
                cancelled=pulse.stopped.is_set,
            )
        finally:
            pulse.end()
        _done(upload, report)
    except PolsoError as error:
        _failed(upload, error, pulse.stopped.is_set())
    except Exception:
        logging.getLogger(__name__).exception("a load failed")
        _ended(upload, State.REFUSED, problem=UNFORESEEN)
    finally:
        lock.release()
        connection.close()


def _done(upload: Upload, report: LoadReport) -> None:
    _ended(
        upload,
        State.DONE,
        read=upload.size,
        version=report.version if report.inserted or report.updated else None,
        inserted=report.inserted,
        updated=report.updated,
        unchanged=report.unchanged,
        repeated=max(report.rows_loaded - report.inserted - report.updated - report.unchanged, 0),
        refused=report.rejected,
        rejects=report.rejects_file.name if report.rejects_file else "",
        warnings=list(report.warnings),
    )
    note(upload.person, "facts loaded", f"{upload.entity}: {report.inserted} new, {report.updated} changed")
    upload.forget_file()


def _failed(upload: Upload, error: PolsoError, stopped: bool) -> None:
    if stopped:
        _ended(upload, State.STOPPED)
        return
    rejects = error.rejects_file if isinstance(error, LoadError) else None
    problem = "" if rejects else _FOR_TERMINALS.sub("", str(error))
    _ended(upload, State.REFUSED, problem=problem, rejects=rejects.name if rejects else "", refused=_rows(rejects))


def _ended(upload: Upload, state: State, **told: object) -> None:
    Upload.objects.filter(pk=upload.pk).update(state=state, ended_at=timezone.now(), **told)


def told(error: PolsoError) -> str:
    """An error in the language of the page, without what only helps at a terminal."""
    return advice(_FOR_TERMINALS.sub("", str(error)))


def _rows(rejects: Path | None) -> int:
    """How many rows a list of refusals speaks of; a row may have several reasons, one after the other."""
    if rejects is None:
        return 0
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        reasons = csv.reader(file)
        next(reasons, None)
        return len({(reason[0], reason[1]) for reason in reasons})


def reasons(rejects: Path | None, most: int = 20) -> list[list[str]]:
    """The first refusals of a list: row, column, value, advice."""
    if rejects is None:
        return []
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        return [row[1:] for row in islice(rows, most)]
