"""Taking rows in: checked, written down in one transaction, and only then acknowledged."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from polso.entities import Entity
from polso.errors import PolsoError
from polso.web.accounts.models import ApiKey, Person
from polso.web.desk import workspace
from polso.web.inbox.models import Batch
from polso.web.inbox.rows import packed, table_of


class OtherBodyError(PolsoError):
    """An idempotency key that came before with something else."""


def fingerprint(*parts: bytes) -> str:
    """What tells one request from another."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def known(key: ApiKey, idempotency_key: str, print_: str) -> Batch | None:
    """The batch this very request made before; OtherBodyError when its key came with something else."""
    if not idempotency_key:
        return None
    found = Batch.objects.filter(key=key, idempotency_key=idempotency_key).defer("body").first()
    if found is not None and found.fingerprint != print_:
        raise OtherBodyError(f"the idempotency key '{idempotency_key}' came before with another body: use a new key for new rows")
    return found


def accept(
    entity: Entity,
    rows: Sequence[Any],
    *,
    person: Person | None,
    key: ApiKey | None = None,
    idempotency_key: str = "",
    print_: str = "",
    source: str = "api",
) -> Batch:
    """Check rows and write them down; RowsError when one is wrong, and then none is kept."""
    id_ = uuid.uuid4()
    # The same request again, even after its batch was forgotten, gives its rows the same ids.
    stem = uuid.uuid5(uuid.NAMESPACE_OID, f"{key.pk}:{idempotency_key}:{print_}") if key and idempotency_key else id_
    table = table_of(entity, rows, stem.hex, workspace().settings.zone, source)
    now = timezone.now()
    reply = {"id": str(id_), "entity": entity.name, "rows": table.num_rows, "accepted_at": now.isoformat()}
    batch = Batch(
        id=id_,
        entity=entity.name,
        rows=table.num_rows,
        body=packed(table),
        person=person,
        key=key,
        idempotency_key=idempotency_key,
        fingerprint=print_,
        reply=reply,
        accepted_at=now,
    )
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
    except IntegrityError:
        # Somebody sent the very same at the same moment.
        other = known(key, idempotency_key, print_) if key else None
        if other is None:
            raise
        return other
    return batch
