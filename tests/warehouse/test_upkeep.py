"""The worker tidies up; no answer changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
from stored_rows import answer, on, parquet, stored

from polso.warehouse import layout
from polso.warehouse.lease import alive, lease
from polso.warehouse.partial_cache import PartialCache
from polso.warehouse.store import Commit, Warehouse
from polso.warehouse.upkeep import compact, doctor, orphans, vacuum

Load = Callable[..., Commit]


def test_small_files_of_a_month_become_one_with_the_same_rows(warehouse: Warehouse, load: Load) -> None:
    for number in range(6):
        load([answer(number, at=on(1)), answer(f"{number}x", at=on(2))])
    rows = stored(warehouse)
    assert compact(warehouse, "response") == 10
    assert sorted(file.month for file in warehouse.snapshot("response").files) == ["2024-01", "2024-02"]
    assert stored(warehouse) == rows
    assert compact(warehouse, "response") == 0


def test_big_files_are_not_written_again(warehouse: Warehouse, load: Load) -> None:
    load([answer(1)])
    load([answer(2)])
    assert compact(warehouse, "response", small=10) == 0


def test_merging_brings_nothing_new_to_derive_from(warehouse: Warehouse, load: Load) -> None:
    load([answer(1)])
    version = load([answer(2)]).version
    compact(warehouse, "response")
    assert warehouse.appended_since("response", version) == ()


def test_a_load_can_still_be_undone_after_merging(warehouse: Warehouse, load: Load) -> None:
    load([answer(1)])
    version = load([answer(2)]).version
    compact(warehouse, "response")
    warehouse.undo("response", version)
    assert list(stored(warehouse)) == ["r1"]


def test_former_files_stay_for_a_week_and_go_when_asked(warehouse: Warehouse, load: Load) -> None:
    load([answer(1)])
    load([answer(2)])
    former = warehouse.snapshot("response")
    cache = PartialCache(layout.partials(warehouse.folder))
    cache.put_many("nps", {file.name: b"x" for file in former.files})
    compact(warehouse, "response")
    assert vacuum(warehouse, "response") == 0
    assert all(os.path.exists(file.path) for file in former.files)
    assert vacuum(warehouse, "response", hours=0) == 2
    assert not any(os.path.exists(file.path) for file in former.files)
    assert PartialCache(layout.partials(warehouse.folder)).get_many("nps", [f.name for f in former.files]) == {}
    assert sorted(stored(warehouse)) == ["r1", "r2"]


def test_what_a_crashed_load_left_goes_but_not_what_a_living_one_writes(warehouse: Warehouse, load: Load, tmp_path: Path) -> None:
    load([answer(1)])
    month = warehouse.log("response").folder / "month=2024-01"
    with lease(layout.leases(warehouse.folder)) as living:
        for name in (living, "feedfeedfeedfeed"):
            os.replace(parquet(tmp_path, "response", [answer(2)]), month / f"{name}-1.parquet")
        assert [path.name for path in orphans(warehouse.folder, warehouse.log("response"))] == ["feedfeedfeedfeed-1.parquet"]
        assert vacuum(warehouse, "response") == 1
        assert alive(layout.leases(warehouse.folder)) == {living}
    assert vacuum(warehouse, "response") == 1
    assert list(stored(warehouse)) == ["r1"]


def test_a_sound_workspace_gives_the_doctor_nothing_to_say(warehouse: Warehouse, load: Load) -> None:
    assert doctor(warehouse) == []
    load([answer(number, at=on(1 + number % 3)) for number in range(20)])
    assert doctor(warehouse) == []


def test_the_doctor_finds_missing_changed_and_foreign_files(warehouse: Warehouse, load: Load, tmp_path: Path) -> None:
    load([answer(1, at=on(1)), answer(2, at=on(2)), answer(3, at=on(3))])
    one, two, three = sorted(warehouse.snapshot("response").files, key=lambda file: file.month)
    os.unlink(one.path)
    Path(two.path).write_bytes(b"PAR1 broken PAR1")
    os.replace(parquet(tmp_path, "response", [answer(3), answer(4)]), three.path)
    os.replace(parquet(tmp_path, "response", [answer(5)]), Path(two.path).with_name("0000000000000000-x.parquet"))
    said = "\n".join(map(str, doctor(warehouse)))
    for expected in ("is missing", "cannot be read", "holds 2 rows, the log says 1", "not as long", "1 files"):
        assert expected in said


def test_the_doctor_finds_repeated_ids_and_wrong_groups(warehouse: Warehouse, load: Load) -> None:
    load([answer(1, customer_group=99)])
    (file,) = warehouse.snapshot("response").files
    table = pq.ParquetFile(file.path).read()
    load([answer(2)])
    other = next(f for f in warehouse.snapshot("response").files if f.name != file.name)
    pq.write_table(table, other.path)
    said = "\n".join(map(str, doctor(warehouse)))
    assert "1 rows have an id that another row has" in said
    assert "2 rows are in the wrong customer group" in said
