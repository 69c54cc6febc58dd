"""Which keys the `extra` column of an entity's facts holds."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlglot import exp

from polso.engines.engine import FILE
from polso.formula.rows import call, column
from polso.measure.kept import Source
from polso.warehouse.store import DataFile

_PLAN = "extra keys 1"


def extra_keys(entity: str, source: Source) -> frozenset[str]:
    """Return the keys found in `extra`, over all facts of an entity; kept per file."""
    files = source.snapshots[entity].files
    kept = source.cache.get_many(_PLAN, [file.name for file in files]) if source.cache is not None else {}
    missing = [file for file in files if file.name not in kept]
    if missing:
        fresh = _read(entity, missing, source)
        if source.cache is not None:
            source.cache.put_many(_PLAN, fresh, {name: [name] for name in fresh})
        kept |= fresh
    return frozenset(key for blob in kept.values() for key in json.loads(blob))


def _read(entity: str, files: Sequence[DataFile], source: Source) -> dict[str, bytes]:
    keys = exp.alias_(call("polso_keys", column("extra")), "keys_", quoted=True)
    lists = exp.select(column(FILE), keys).from_(exp.table_(entity, quoted=True)).distinct()
    table = source.engine.query(lists, {entity: [file.path for file in files]})
    found: dict[str, set[str]] = {file.name: set() for file in files}
    for name, keys_of_row in zip(table[FILE].to_pylist(), table["keys_"].to_pylist(), strict=True):
        found[name].update(keys_of_row or ())
    return {name: json.dumps(sorted(keys)).encode() for name, keys in found.items()}
