"""Alice loads answers, again and again; the facts are what the last load said."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_rows import answer, on, parquet, stored

from polso.entities import ENTITIES
from polso.errors import QueryError, WarehouseError
from polso.warehouse.store import Commit, Snapshot, SnapshotGone, Warehouse, reading

Load = Callable[..., Commit]


def test_an_empty_workspace_has_version_minus_one_and_no_files(warehouse: Warehouse) -> None:
    assert warehouse.snapshot("response") == Snapshot("response", -1, ())


def test_loading_nothing_makes_no_table(warehouse: Warehouse, load: Load) -> None:
    assert load([]).version == -1
    assert warehouse.snapshot("response").version == -1


def test_an_unknown_entity_is_refused_with_the_nearest_name(warehouse: Warehouse) -> None:
    with pytest.raises(QueryError, match="did you mean 'response'"):
        warehouse.snapshot("respons")


def test_the_rows_loaded_are_there_by_month_with_their_times(warehouse: Warehouse, load: Load) -> None:
    late = datetime.fromisoformat("2024-01-31T23:59:59.999999+00:00")
    commit = load([answer(1, at=on(1, 5)), answer(2, at=late), answer(3, at=on(2), started_at=on(2))])

    files = {file.month: file for file in warehouse.snapshot("response").files}
    assert (commit.inserted, commit.updated, commit.unchanged) == (3, 0, 0)
    assert {month: file.rows for month, file in files.items()} == {"2024-01": 2, "2024-02": 1}
    assert dict(files["2024-01"].times) == {"submitted_at": (on(1, 5), late)}
    assert files["2024-02"].times["started_at"] == (on(2), on(2))
    assert all(os.path.isabs(file.path) and file.size == os.path.getsize(file.path) for file in files.values())


def test_a_data_file_has_exactly_the_columns_of_its_entity(warehouse: Warehouse, load: Load) -> None:
    load([answer(1)])
    (file,) = warehouse.snapshot("response").files
    schema = pq.read_schema(file.path)
    assert schema.names == ENTITIES["response"].arrow_schema.names
    assert str(schema.field("submitted_at").type) == "timestamp[us, tz=UTC]"


def test_loading_a_file_twice_changes_nothing_not_even_the_version(warehouse: Warehouse, load: Load) -> None:
    rows = [answer(number, at=on(1 + number % 3)) for number in range(30)]
    first = load(rows)
    assert load(rows) == Commit(first.version, 0, 0, 30)
    assert warehouse.snapshot("response").version == first.version


def test_the_row_that_comes_last_wins_across_and_within_files(warehouse: Warehouse, load: Load) -> None:
    commit = load([answer(1, 1.0), answer(1, 2.0)], [answer(2, 3.0), answer(1, 4.0), answer(1, 5.0), answer(2, 6.0)])
    assert {row["id"]: row["score"] for row in stored(warehouse).values()} == {"r1": 5.0, "r2": 6.0}
    assert commit.inserted == 2


def test_changed_rows_replace_and_the_others_stay(warehouse: Warehouse, load: Load) -> None:
    load([answer(number, 5.0, at=on(1 + number % 2)) for number in range(10)])
    commit = load([answer(0, 10.0, at=on(1)), answer(1, 5.0, at=on(2)), answer(99, 7.0)])
    assert (commit.inserted, commit.updated, commit.unchanged) == (1, 1, 1)
    scores = {row["id"]: row["score"] for row in stored(warehouse).values()}
    assert scores == {f"r{number}": 5.0 for number in range(1, 10)} | {"r0": 10.0, "r99": 7.0}


def test_only_the_files_that_hold_changed_rows_are_written_again(warehouse: Warehouse, load: Load) -> None:
    load([answer(1, at=on(1)), answer(2, at=on(2))])
    before = {file.month: file.name for file in warehouse.snapshot("response").files}
    load([answer(1, 0.0, at=on(1))])
    after = {file.month: file.name for file in warehouse.snapshot("response").files}
    assert after["2024-02"] == before["2024-02"]
    assert after["2024-01"] != before["2024-01"]


def test_a_row_that_moves_to_another_month_is_not_in_both(warehouse: Warehouse, load: Load) -> None:
    load([answer(1, at=on(1)), answer(2, at=on(1))])
    assert load([answer(1, at=on(3))]).updated == 1
    assert {row["id"]: row["submitted_at"] for row in stored(warehouse).values()} == {"r1": on(3), "r2": on(1)}


def test_null_and_not_null_are_told_apart_and_nan_equals_itself(warehouse: Warehouse, load: Load) -> None:
    load([answer(1, comment=None), answer(2, comment="x"), answer(3, float("nan"))])
    commit = load([answer(1, comment="x"), answer(2, comment=None), answer(3, float("nan"))])
    assert (commit.updated, commit.unchanged) == (2, 1)


def test_a_row_without_id_or_date_is_refused_and_nothing_is_left(warehouse: Warehouse, load: Load) -> None:
    for broken, column in ((answer(1) | {"id": None}, "id"), (answer(1) | {"submitted_at": None}, "submitted_at")):
        with pytest.raises(WarehouseError, match=f"1 rows of response have no {column}"):
            load([answer(5), broken])
    assert warehouse.snapshot("response").version == -1
    assert not list(warehouse.folder.rglob("*.parquet"))


def test_a_load_that_cannot_be_written_leaves_nothing_and_says_so(
    warehouse: Warehouse, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    load([answer(1)])
    before = set(warehouse.folder.rglob("*.parquet"))

    def full(*_: object) -> None:
        raise duckdb.IOException("IO Error: No space left on device\nmore")

    monkeypatch.setattr("polso.warehouse.staged.write_without", full)
    with pytest.raises(WarehouseError, match=r"response: nothing was changed: IO Error: No space left on device$"):
        load([answer(1, 0.0)])
    assert set(warehouse.folder.rglob("*.parquet")) == before
    with pytest.raises(WarehouseError, match="the checked rows of response cannot be read"):
        warehouse.upsert("response", [warehouse.folder / "none.parquet"])


def test_the_customer_group_is_the_same_everywhere(warehouse: Warehouse, load: Load) -> None:
    load([answer(1), answer(2, customer_id=None)])
    load([{"id": "c1", "acquired_at": on(1)}], entity="customer")
    groups = {row["id"]: row["customer_group"] for row in stored(warehouse).values()}
    # DuckDB's md5_number_lower is the second half of the digest, least byte first.
    assert groups == {"r1": hashlib.md5(b"c1").digest()[8] & 31, "r2": hashlib.md5(b"r2").digest()[8] & 31}
    customer = stored(warehouse, "customer")["c1"]
    assert (customer["customer_id"], customer["customer_group"]) == ("c1", groups["r1"])
    assert duckdb.sql("select md5_number_lower('c1') & 31").fetchall() == [(groups["r1"],)]


def test_names_with_quotes_and_signs_do_no_harm(warehouse: Warehouse, tmp_path: Path) -> None:
    odd = tmp_path / "it's = odd; --"
    odd.mkdir()
    elsewhere = Warehouse(odd / "w'orkspace month=2020-01")
    elsewhere.upsert("order", [parquet(odd, "order", [{"id": "o'1\"", "ordered_at": on(5)}])])
    assert list(stored(elsewhere, "order")) == ["o'1\""]


def test_other_programs_that_know_delta_read_the_same_rows(warehouse: Warehouse, load: Load) -> None:
    load([answer(number, at=on(1 + number % 3)) for number in range(9)])
    load([answer(1, 0.0, at=on(2))])
    table = DeltaTable(warehouse.log("response").folder).to_pyarrow_table()
    assert sorted(table["id"].to_pylist()) == sorted(stored(warehouse))
    assert set(table["month"].to_pylist()) == {"2024-01", "2024-02", "2024-03"}


def test_the_log_keeps_no_words_of_a_person(warehouse: Warehouse, load: Load) -> None:
    load([answer("-secret", comment="my words")])
    log = b"".join(path.read_bytes() for path in warehouse.log("response").folder.glob("_delta_log/*"))
    assert b"secret" not in log
    assert b"my words" not in log


def test_a_snapshot_taken_before_a_load_stays_as_it_was(warehouse: Warehouse, load: Load) -> None:
    load([answer(1, 1.0)])
    before = warehouse.snapshot("response")
    load([answer(1, 2.0)])
    assert [pq.read_table(file.path)["score"].to_pylist() for file in before.files] == [[1.0]]
    assert Warehouse(warehouse.folder).log("response").at(before.version) == before


def test_another_handle_sees_a_load_at_once(warehouse: Warehouse, load: Load) -> None:
    other = Warehouse(warehouse.folder)
    assert other.snapshot("response").rows == 0
    load([answer(1)])
    assert other.snapshot("response").rows == 1
    load([answer(2)])
    assert other.snapshot("response").rows == 2


def test_a_table_of_an_older_polso_is_read_and_gains_the_new_columns(warehouse: Warehouse, tmp_path: Path) -> None:
    schema = ENTITIES["response"].arrow_schema
    older = schema.remove(schema.get_field_index("started_at")).append(schema.field("id").with_name("month"))
    log = warehouse.log("response")
    DeltaTable.create(log.folder, older, partition_by=["month"])
    path = log.folder / "month=2024-01" / "old-1.parquet"
    path.parent.mkdir()
    row = answer(1) | {"customer_group": 3}
    old = pq.read_table(parquet(tmp_path, "response", [row, row | {"id": "r2"}])).drop_columns(["started_at"])
    duckdb.from_arrow(old).write_parquet(str(path))
    _add(log.folder, path)

    assert warehouse.snapshot("response").files[0].times == {"submitted_at": (on(1), on(1))}
    assert warehouse.upsert("response", [parquet(tmp_path, "response", [row | {"started_at": on(1)}])]).updated == 1
    assert {row["id"]: row["started_at"] for row in stored(warehouse).values()} == {"r1": on(1), "r2": None}
    assert "started_at" in {field.name for field in DeltaTable(log.folder).schema().fields}


def _add(folder: Path, path: Path) -> None:
    """Add a file the way a program does that writes no statistics."""
    from deltalake.transaction import AddAction

    table = DeltaTable(folder)
    action = AddAction(path.relative_to(folder).as_posix(), path.stat().st_size, {"month": "2024-01"}, 0, True, "{}")
    table.create_write_transaction([action], mode="append", schema=table.schema(), partition_by=["month"])


def test_deleting_by_id_removes_those_rows_in_one_commit(warehouse: Warehouse, load: Load) -> None:
    version = load([answer(number, at=on(1 + number % 3)) for number in range(9)]).version
    commit = warehouse.delete_rows("response", ["r0", "r1", "nobody"])
    assert (commit.version, commit.removed) == (version + 1, 2)
    assert sorted(stored(warehouse)) == [f"r{number}" for number in range(2, 9)]
    assert warehouse.delete_rows("response", ["r0"]) == Commit(version + 1, 0, 0, 0)


def test_the_history_tells_what_each_load_did(warehouse: Warehouse, load: Load) -> None:
    load([answer(1)], note={"file": "answers.csv"})
    load([answer(1, 0.0), answer(2)])
    latest, first, _made = warehouse.history("response")
    assert (first.inserted, first.note) == (1, {"file": "answers.csv"})
    assert (latest.inserted, latest.updated, latest.version) == (1, 1, first.version + 1)


def test_undoing_a_load_takes_its_rows_out_and_puts_former_ones_back(warehouse: Warehouse, load: Load) -> None:
    load([answer(1, 1.0), answer(2, 2.0)])
    before = stored(warehouse)
    wrong = load([answer(1, 9.0, at=on(4)), answer(3, 3.0)])
    load([answer(4, 4.0)])
    undone = warehouse.undo("response", wrong.version)
    assert (undone.updated, undone.removed) == (1, 1)
    left = stored(warehouse)
    assert left.pop("r4")["score"] == 4.0
    assert left == before


def test_a_load_whose_rows_changed_since_is_not_undone(warehouse: Warehouse, load: Load) -> None:
    first = load([answer(1, 1.0), answer(2)])
    load([answer(1, 2.0)])
    with pytest.raises(WarehouseError, match="1 of its rows were changed or removed later"):
        warehouse.undo("response", first.version)
    with pytest.raises(WarehouseError, match="there is no such load"):
        warehouse.undo("response", 77)
    assert stored(warehouse)["r1"]["score"] == 2.0


def test_a_load_is_not_undone_twice(warehouse: Warehouse, load: Load) -> None:
    first = load([answer(1)])
    warehouse.undo("response", first.version)
    with pytest.raises(WarehouseError, match="cannot be undone"):
        warehouse.undo("response", first.version)


def test_how_far_a_derivation_came_is_kept_with_its_rows(warehouse: Warehouse, load: Load) -> None:
    assert warehouse.derived_version("response", "tickets") is None
    load([answer(1)], derived_from={"tickets": 7})
    assert warehouse.derived_version("response", "tickets") == 7
    load([answer(1)], derived_from={"tickets": 9})
    assert warehouse.derived_version("response", "tickets") == 9
    version = warehouse.snapshot("response").version
    load([], derived_from={"tickets": 9})
    assert warehouse.snapshot("response").version == version


def test_what_came_since_a_version_is_found_even_after_its_file_was_written_again(warehouse: Warehouse, load: Load) -> None:
    first = load([answer(1, at=on(1)), answer(2, at=on(2))])
    load([answer(3, at=on(1)), answer(4, at=on(1))])
    load([answer(3, 0.0, at=on(1))])
    names = [row["id"] for file in warehouse.appended_since("response", first.version) for row in _rows(file.path)]
    assert sorted(names) == ["r3", "r4"]
    assert warehouse.appended_since("response", warehouse.snapshot("response").version) == ()
    assert len(warehouse.appended_since("response", -1)) == len(warehouse.snapshot("response").files)


def _rows(path: str) -> list[dict[str, Any]]:
    return pq.ParquetFile(path).read().to_pylist()


def test_a_reader_whose_files_were_tidied_away_is_told_to_ask_again(warehouse: Warehouse, load: Load) -> None:
    load([answer(1)])
    snapshot = warehouse.snapshot("response")
    os.unlink(snapshot.files[0].path)
    with pytest.raises(SnapshotGone, match="ask again"), reading(snapshot):
        duckdb.read_parquet(snapshot.files[0].path).fetchall()
    with pytest.raises(ZeroDivisionError), reading(Snapshot("response", 1, ())):
        raise ZeroDivisionError


Batch = st.lists(st.tuples(st.integers(0, 12), st.sampled_from([0.0, 5.0, None]), st.integers(1, 3)), max_size=15)


@settings(max_examples=15, deadline=None)
@given(batches=st.lists(Batch, min_size=1, max_size=5))
def test_any_sequence_of_loads_ends_where_a_dictionary_would(
    batches: list[list[tuple[int, float | None, int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("law")
    warehouse, expected = Warehouse(folder / "workspace"), {}
    for batch in batches:
        rows = [answer(number, score, at=on(month)) for number, score, month in batch]
        known = dict(expected)
        expected |= {row["id"]: (row["score"], row["submitted_at"]) for row in rows}
        commit = warehouse.upsert("response", [parquet(folder, "response", rows)])
        assert commit.inserted == len(expected) - len(known)
        assert commit.updated == sum(expected[name] != known[name] for name in known)
    assert {name: (row["score"], row["submitted_at"]) for name, row in stored(warehouse).items()} == expected
    assert warehouse.snapshot("response").rows == len(expected)
