"""Erasing a customer: their rows, what refers to them, what was computed or left over from them."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polso.engines.duckdb import connect
from polso.entities import ENTITIES, Entity
from polso.warehouse import layout
from polso.warehouse.lease import alive, exclusive
from polso.warehouse.rows import parquet, quoted
from polso.warehouse.store import Snapshot, SnapshotGone, Warehouse
from polso.warehouse.upkeep import remove_unneeded

_ROUNDS = 10
_TELLING = 6
"""A shorter word (an id such as '17') says nothing of a person when found in some other file."""


_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Erased:
    """What an erasure removed."""

    rows: Mapping[str, int]
    """Rows by entity."""
    files: int
    """Data files of former versions and of crashed loads."""
    others: tuple[str, ...] = field(default=())
    """Rejects and staged files that spoke of the customer, relative to the workspace."""


def erase(warehouse: Warehouse, customer: str) -> Erased:
    """Erase a customer everywhere: facts, facts that refer to those, partials, former versions, leftovers, rejects.

    Loads in progress are left alone: what they bring of this customer is new. A question that was reading the former
    files gets SnapshotGone, or an error of the engine, and should be asked again.
    """
    return erase_all(warehouse, [customer])


def erase_all(warehouse: Warehouse, customers: Iterable[str]) -> Erased:
    """Erase several customers at once."""
    who = sorted(set(customers))
    rows: dict[str, int] = {}
    words = set(who)
    for _ in range(_ROUNDS):
        doomed = _steadily(warehouse, who)
        if not any(doomed.values()):
            break
        for name, found in doomed.items():
            if found:
                words |= {word for word in found.words if len(word) >= _TELLING}
                rows[name] = rows.get(name, 0) + warehouse.delete_rows(name, found.ids).removed
    files = remove_unneeded(warehouse, ENTITIES, hours=0)
    others = _mentions(warehouse.folder, {word for word in words if word})
    _remember(warehouse.folder, who)
    return Erased(rows, files, tuple(others))


@dataclass(frozen=True)
class _Doomed:
    ids: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    """By what other files may speak of them: their ids and, of customers, name and addresses."""

    def __bool__(self) -> bool:
        return bool(self.ids)


def _steadily(warehouse: Warehouse, customers: Sequence[str]) -> dict[str, _Doomed]:
    """Find the rows to erase; again when files were tidied away meanwhile."""
    for _ in range(_ROUNDS):
        with suppress(SnapshotGone, duckdb.IOException):
            return _doomed(warehouse, customers)
    return _doomed(warehouse, customers)


def _doomed(warehouse: Warehouse, customers: Sequence[str]) -> dict[str, _Doomed]:
    """The rows of the customers and, again and again, the rows that refer to rows found."""
    tables = {name: warehouse.snapshot(name) for name in ENTITIES}
    connection = connect()
    try:
        connection.execute("create temp table doomed (entity varchar, id varchar, primary key (entity, id))")
        connection.register("who", pa.table({"id": pa.array(customers, pa.string())}))
        connection.execute("insert into doomed select 'customer', id from who")
        while sum(_spread(connection, ENTITIES[name], table) for name, table in tables.items() if table.files):
            pass
        return {name: _found(connection, ENTITIES[name], table) for name, table in tables.items() if table.files}
    finally:
        connection.close()


def _spread(connection: duckdb.DuckDBPyConnection, entity: Entity, table: Snapshot) -> int:
    """Add the rows that refer to doomed rows; returns how many were added."""
    source = parquet(file.path for file in table.files)
    there = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}  # noqa: S608
    ties = [
        f"{quoted(column.name)} in (select id from doomed where entity = '{column.refers}')"  # noqa: S608
        for column in entity.all_columns
        if column.refers and column.name in there
    ]
    if {"of_entity", "of_id"} <= there:
        ties.append("(of_entity, of_id) in (select entity, id from doomed)")
    before = _count(connection)
    connection.execute(
        f"insert or ignore into doomed select distinct '{entity.name}', id from {source} where {' or '.join(ties)}"  # noqa: S608
    )
    return _count(connection) - before


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select count(*) from doomed").fetchone()
    return int(row[0]) if row else 0


def _found(connection: duckdb.DuckDBPyConnection, entity: Entity, table: Snapshot) -> _Doomed:
    source = parquet(file.path for file in table.files)
    told = ["id", *(c.name for c in entity.columns if entity.name == "customer" and c.personal)]
    rows = connection.execute(
        f"select {', '.join(map(quoted, told))} from {source} "  # noqa: S608
        "where id in (select id from doomed where entity = ?)",
        [entity.name],
    ).fetchall()
    return _Doomed(frozenset(row[0] for row in rows), frozenset(str(word) for row in rows for word in row if word))


def _mentions(folder: Path, words: set[str]) -> Iterator[str]:
    """Remove rejects and staged files of no living load that contain one of the words; yields what was removed."""
    holders = alive(layout.leases(folder))
    speaks = _detector(words)
    for path in sorted((*(folder / "rejects").rglob("*"), *(folder / "staging").rglob("*"))):
        parts = path.relative_to(folder).parts
        if not path.is_file() or "leases" in parts or holders.intersection(parts):
            continue
        if speaks(path):
            path.unlink(missing_ok=True)
            yield path.relative_to(folder).as_posix()


def _detector(words: set[str]) -> Callable[[Path], bool]:
    """Return a test whether a file contains one of the words as a word of its own, in any of the usual encodings."""
    whole = re.compile(r"[^\s\",;|\t<>=:(){}\[\]']+")
    phrases = [word for word in words | {json.dumps(word)[1:-1] for word in words} if not whole.fullmatch(word)]

    def speaks(path: Path) -> bool:
        for text in _texts(path):
            said = {word.strip(".!?") for word in whole.findall(text)}
            if not words.isdisjoint(said) or any(phrase in text for phrase in phrases):
                return True
        return False

    return speaks


def _texts(path: Path) -> Iterator[str]:
    """What a file says; a file that cannot be read as it claims says its plain bytes."""
    with suppress(pa.ArrowInvalid, OSError):
        for batch in pq.ParquetFile(path).iter_batches():
            yield "\n".join(" ".join(map(str, row.values())) for row in batch.to_pylist())
        return
    data = path.read_bytes()
    with suppress(OSError, EOFError):
        data = gzip.decompress(data)
    yield data.decode("utf-16" if data[:2] in _BYTE_ORDER_MARKS else "utf-8", errors="replace")
    yield data.decode("cp1252", errors="replace")


# --- the log of erasures ---


def _remember(folder: Path, customers: Iterable[str]) -> None:
    """Note who was erased, as salted hashes: enough to erase them again from a restored backup, and no more."""
    path = layout.erasure_log(folder)
    with exclusive(folder / ".layout.lock"):
        before = entries(path)
        salt = before[-1]["salt"] if before else secrets.token_hex(16)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        known = {entry["hash"] for entry in before}
        fresh = [{"at": now, "salt": salt, "hash": _hash(salt, customer)} for customer in customers]
        write(path, before + [entry for entry in fresh if entry["hash"] not in known])


def entries(path: Path) -> list[dict[str, str]]:
    """Return the erasures noted in a file; none where there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def write(path: Path, erasures: Iterable[Mapping[str, str]]) -> None:
    """Write the erasures to a file."""
    layout.write_whole(path, "".join(json.dumps(dict(entry)) + "\n" for entry in erasures))


def erase_again(warehouse: Warehouse, erasures: Sequence[Mapping[str, str]]) -> Erased:
    """Erase whoever of the customers present was erased before."""
    hashes: dict[str, set[str]] = {}
    for entry in erasures:
        hashes.setdefault(entry["salt"], set()).add(entry["hash"])
    present = {customer for name in ENTITIES for customer in _customers(warehouse.snapshot(name))}
    back = [c for c in present if any(_hash(salt, c) in known for salt, known in hashes.items())]
    return erase_all(warehouse, back) if back else Erased({}, 0)


def _customers(table: Snapshot) -> Iterator[str]:
    if not table.files:
        return
    connection = connect()
    try:
        source = parquet(file.path for file in table.files)
        sql = f"select distinct customer_id from {source} where customer_id is not null"  # noqa: S608
        yield from (row[0] for row in connection.execute(sql).fetchall())
    finally:
        connection.close()


def _hash(salt: str, customer: str) -> str:
    return hashlib.sha256(f"{salt}:{customer}".encode()).hexdigest()
