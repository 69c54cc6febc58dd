"""Erasing a customer also from what the site itself keeps: files that wait, and who looked at whom."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from polso.web.accounts.models import LogEntry
from polso.web.inbox.erase import erase as erase_facts
from polso.web.sources.models import State, Upload
from polso.workspace import Workspace

_TELLING = 6
"""A shorter word says nothing of a person when found in some file."""
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"PAR1")
_CHUNK = 1 << 22
ALSO: list[Callable[[str], int]] = []
"""What other features do to forget a customer, before the facts go; each returns how many records it removed."""
_ERASED = "erased"


@dataclass(frozen=True)
class Proof:
    """What an erasure removed, and that nothing was found afterwards."""

    at: datetime
    rows: dict[str, int]
    files: int
    others: int
    uploads: int
    log: int
    also: int
    """Records of other features: cases and the like."""
    left: int
    """Rows found when everything was looked through again; 0, or it has to be done again."""


def erase(customer: str, whole: Workspace) -> Proof:
    """Erase a customer everywhere, then look again."""
    person = whole.known(customer).person
    words = {customer, *(str(person[name]) for name in ("name", "email", "phone") if person.get(name))}
    also = sum(forget(customer) for forget in ALSO)
    removed = erase_facts(customer, whole)
    telling = {word for word in words if len(word) >= _TELLING}
    uploads = [one for one in Upload.objects.exclude(state__in=(State.DONE, State.LOADING)) if _speaks(one.path, telling)]
    for upload in uploads:
        upload.discard()
    log = _scrub(customer, telling)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("pragma wal_checkpoint(truncate)")
    left = sum(whole.known(customer).rows.values())
    return Proof(timezone.now(), dict(removed.rows), removed.files, len(removed.others), len(uploads), log, also, left)


def _scrub(customer: str, words: Collection[str]) -> int:
    """Take a customer out of the log: that somebody was looked at stays, who it was does not."""
    about = Q(about=customer) | Q(about__contains=f"'{customer}'")
    for word in words:
        about |= Q(about__contains=word)
    looked = Q(what__in=("rows seen", "customer seen", "customer exported", "customers sought"))
    return LogEntry.objects.filter(looked & about).update(about=_ERASED)


def _speaks(path: Path, words: Collection[str]) -> bool:
    """Whether a file contains one of the words; one that is packed might, so that it counts as well."""
    if not path.is_file():
        return False
    wanted = [word.encode(code, "ignore") for word in words for code in ("utf-8", "utf-16-le", "utf-16-be", "cp1252")]
    longest = max(map(len, wanted), default=0)
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(_CHUNK):
            if not tail and (chunk.startswith(_PACKED) or zipfile.is_zipfile(path)):
                return True
            if any(word in tail + chunk for word in wanted if word):
                return True
            tail = chunk[-longest:]
    return False
