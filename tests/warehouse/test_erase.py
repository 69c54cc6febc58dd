"""Bob asks to be forgotten; nothing of him is left, and everybody else stays."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stored_rows import on, parquet, stored

from polso.entities import ENTITIES, Entity, Type
from polso.warehouse import layout
from polso.warehouse.erase import erase
from polso.warehouse.lease import lease
from polso.warehouse.partial_cache import PartialCache
from polso.warehouse.store import Commit, Warehouse
from polso.warehouse.upkeep import doctor

Load = Callable[..., Commit]
BOB = "canary-bob-7391"
WORDS = (b"canary", b"Canary", b"7391")


def row(entity: Entity, number: int, customer: str | None) -> dict[str, Any]:
    """A row with something in every column, all of its texts the customer's own."""
    whose = customer or "nobody"
    values: dict[Type, Any] = {
        Type.TEXT: f"{whose} said {number}",
        Type.NUMBER: 1.0,
        Type.INTEGER: 1,
        Type.BOOLEAN: True,
        Type.TIMESTAMP: on(1 + number % 3),
    }
    told = {column.name: values[column.type] for column in entity.columns}
    told |= {"id": f"{whose}-{entity.name}-{number}", "source": "s", "customer_id": customer, "extra": None}
    for column in entity.columns:
        if column.refers:
            told[column.name] = f"{whose}-{column.refers}-{number}"
    if entity.name == "annotation":
        told |= {"of_entity": "response", "of_id": f"{whose}-response-{number}"}
    return told


def plant(warehouse: Warehouse, folder: Path, customers: list[str]) -> None:
    for entity in ENTITIES.values():
        rows = [row(entity, number, customer) for customer in customers for number in range(4)]
        if entity.name == "customer":
            rows = [row(entity, 0, customer) | {"id": customer, "name": f"{customer} Rossi"} for customer in customers]
        warehouse.upsert(entity.name, [parquet(folder, entity.name, rows)])


def everything(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every byte of a folder, and what the Parquet files say when unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, str(path).encode() + path.read_bytes()
            if path.suffix == ".parquet" and path.read_bytes()[:4] == b"PAR1":
                yield path, json.dumps(pq.ParquetFile(path).read().to_pylist(), default=str).encode()


def traces(folder: Path) -> list[Path]:
    return [path for path, said in everything(folder) if any(word in said for word in WORDS)]


def test_nothing_of_an_erased_customer_is_left_anywhere(warehouse: Warehouse, tmp_path: Path) -> None:
    others = [f"alice-{number}" for number in range(5)]
    plant(warehouse, tmp_path, [*others, BOB])
    _make_history(warehouse, tmp_path)
    _leave_things_about(warehouse, tmp_path)
    before = {name: {i for i in stored(warehouse, name) if "canary" not in i and "nobody" not in i} for name in ENTITIES}
    assert len(traces(warehouse.folder)) > len(ENTITIES)

    erased = erase(warehouse, BOB)

    assert traces(warehouse.folder) == []
    assert {name: set(stored(warehouse, name)) for name in ENTITIES} == before
    assert all(erased.rows[name] >= 4 for name in ENTITIES if name != "customer")
    assert len(erased.others) == 4
    assert doctor(warehouse) == []


def _make_history(warehouse: Warehouse, folder: Path) -> None:
    """Former versions that hold Bob's words, some of which are no longer said in the newest."""
    response = ENTITIES["response"]
    for text in ("canary first thought", "canary second thought"):
        changed = row(response, 1, BOB) | {"comment": text}
        warehouse.upsert("response", [parquet(folder, "response", [changed])])
    mixed_up = row(response, 9, "alice-1") | {"comment": "canary by mistake"}
    warehouse.upsert("response", [parquet(folder, "response", [mixed_up])])
    warehouse.upsert("response", [parquet(folder, "response", [mixed_up | {"comment": "put right"}])])
    # Facts about Bob's cases that do not name Bob.
    anonymous = row(ENTITIES["ticket_event"], 1, None) | {"ticket_id": f"{BOB}-ticket-1"}
    annotation = row(ENTITIES["annotation"], 1, None) | {"of_entity": "message", "of_id": f"{BOB}-message-2"}
    warehouse.upsert("ticket_event", [parquet(folder, "ticket_event", [anonymous])])
    warehouse.upsert("annotation", [parquet(folder, "annotation", [annotation])])


def _leave_things_about(warehouse: Warehouse, folder: Path) -> None:
    """A crashed load's files, partials, rejects, staged and spilled files."""
    month = warehouse.log("response").folder / "month=2024-01"
    leftover = parquet(folder, "response", [row(ENTITIES["response"], 5, BOB)])
    os.replace(leftover, month / "deadbeefdeadbeef-1.parquet")
    cache = PartialCache(layout.partials(warehouse.folder))
    for file in warehouse.snapshot("response").files:
        if "canary" in str(pq.ParquetFile(file.path).read().to_pylist()):
            cache.put_many("themes", {f"{file.name}:all": b"canary" * 3000}, {f"{file.name}:all": [file.name]})
    (warehouse.folder / "rejects" / "a.csv").write_text(f"row;column\n7;{BOB}\n", encoding="utf-16")
    (warehouse.folder / "rejects" / "b.csv.gz").write_bytes(gzip.compress(f"7,x,{BOB}\n".encode()))
    (warehouse.folder / "rejects" / "c.csv").write_text("7;alice-2\n")
    (warehouse.folder / "staging" / "d.ndjson").write_text(f'{{"who":"{BOB}"}}')
    pq.write_table(pa.table({"note": [f"call {BOB} Rossi"]}), warehouse.folder / "rejects" / "e.parquet")
    dead = layout.staged(warehouse.folder) / "0123456789abcdef"
    dead.mkdir()
    (dead / "rows.parquet").write_bytes(b"canary half a file")
    spilled = layout.spill(warehouse.folder) / "0123456789abcdef"
    spilled.mkdir()
    (spilled / "block").write_bytes(b"canary")


def test_a_load_in_progress_is_left_alone(warehouse: Warehouse, load: Callable[..., Commit], tmp_path: Path) -> None:
    load([row(ENTITIES["response"], 1, BOB)])
    with lease(layout.leases(warehouse.folder)) as name, warehouse.staging() as place:
        being_written = warehouse.log("response").folder / "month=2024-01" / f"{name}-1.parquet"
        being_written.parent.mkdir(exist_ok=True)
        os.replace(parquet(tmp_path, "response", [row(ENTITIES["response"], 2, BOB)]), being_written)
        (place / "rows.csv").write_text(BOB)
        erase(warehouse, BOB)
        assert being_written.exists()
        assert (place / "rows.csv").exists()
    erase(warehouse, BOB)
    assert not being_written.exists()


def test_the_log_of_erasures_knows_only_salted_hashes(warehouse: Warehouse, load: Load) -> None:
    load([row(ENTITIES["response"], 1, BOB)])
    erase(warehouse, BOB)
    erase(warehouse, BOB)
    erase(warehouse, "somebody else")
    lines = [json.loads(line) for line in layout.erasure_log(warehouse.folder).read_text().splitlines()]
    assert [sorted(line) for line in lines] == [["at", "hash", "salt"]] * 2
    assert len({line["salt"] for line in lines}) == 1


def test_erasing_someone_unknown_changes_nothing(warehouse: Warehouse, load: Load) -> None:
    load([row(ENTITIES["response"], 1, "alice")])
    before = warehouse.snapshot("response")
    assert not erase(warehouse, "O'Brien; drop table").rows
    assert warehouse.snapshot("response") == before


@pytest.mark.parametrize("entity", ["response", "ticket"])
def test_the_last_row_of_a_table_can_be_erased(warehouse: Warehouse, load: Load, entity: str) -> None:
    load([row(ENTITIES[entity], 1, BOB)], entity=entity)
    assert erase(warehouse, BOB).rows == {entity: 1}
    assert warehouse.snapshot(entity).files == ()
    assert load([row(ENTITIES[entity], 1, "alice")], entity=entity).inserted == 1
