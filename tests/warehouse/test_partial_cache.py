"""Partials are kept, shared and forgotten."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from polso.warehouse.partial_cache import PartialCache, drop


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "partials.sqlite"


def test_what_was_put_is_got_back_also_by_another_process(path: Path) -> None:
    PartialCache(path).put_many("nps", {"a": b"1", "b": b"\0\xff"})
    assert PartialCache(path).get_many("nps", ["a", "b", "c"]) == {"a": b"1", "b": b"\0\xff"}
    assert PartialCache(path).get_many("csat", ["a"]) == {}


def test_thousands_of_keys_fit_in_one_question(path: Path) -> None:
    items = {f"file-{number}": str(number).encode() for number in range(3000)}
    PartialCache(path).put_many("nps", items)
    assert PartialCache(path).get_many("nps", list(items)) == items


def test_memory_is_bounded_and_the_disk_still_knows(path: Path) -> None:
    cache = PartialCache(path, memory=1000)
    cache.put_many("nps", {str(number): bytes(300) for number in range(10)})
    assert len(cache._recent) == 3
    assert len(cache.get_many("nps", [str(number) for number in range(10)])) == 10


def test_dropping_a_file_drops_all_made_from_it_to_the_last_byte(path: Path) -> None:
    cache = PartialCache(path)
    secret = b"CANARY" * 5000
    cache.put_many("nps", {"one": secret, "both": secret, "other": b"kept"}, {"one": ["f1"], "both": ["f1", "f2"]})
    cache.drop_files(["f1"])
    assert cache.get_many("nps", ["one", "both", "other"]) == {"other": b"kept"}
    assert PartialCache(path).get_many("nps", ["one", "both", "other"]) == {"other": b"kept"}
    assert all(b"CANARY" not in file.read_bytes() for file in path.parent.iterdir())


def test_a_partial_of_a_dropped_file_that_comes_late_is_not_kept(path: Path) -> None:
    drop(path, ["f1"])
    assert not path.exists()
    cache = PartialCache(path)
    cache.drop_files(["f1"])
    cache.put_many("nps", {"late": b"x", "f1": b"y", "fine": b"z"}, {"late": ["f1"]})
    assert PartialCache(path).get_many("nps", ["late", "f1", "fine"]) == {"fine": b"z"}


def test_the_oldest_partials_go_first(path: Path) -> None:
    cache = PartialCache(path)
    cache.put_many("nps", {str(number): bytes(1000) for number in range(10)})
    cache.prune(4500)
    assert cache.size == 4000


@pytest.mark.parametrize("damage", [b"", b"this is no database" * 500, b"SQLite format 3\0" + os.urandom(9000)])
def test_a_damaged_file_is_begun_anew(path: Path, damage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    cache = PartialCache(path)
    assert cache.get_many("nps", ["a"]) == {}
    cache.put_many("nps", {"a": b"1"})
    assert PartialCache(path).get_many("nps", ["a"]) == {"a": b"1"}


def test_damage_in_the_middle_is_only_forgetting(path: Path) -> None:
    cache = PartialCache(path)
    cache.put_many("nps", {str(number): os.urandom(3000) for number in range(100)})
    cache.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:5000] + os.urandom(100_000) + whole[105_000:])
    again = PartialCache(path)
    again.get_many("nps", [str(number) for number in range(100)])
    again.put_many("nps", {"a": b"1"})
    assert again.get_many("nps", ["a"]) == {"a": b"1"}


def test_several_processes_write_at_once(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, number)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = PartialCache(path).get_many("nps", [f"{who}-{n}" for who in range(3) for n in range(40)])
    assert len(found) == 120


def _write(path: Path, who: int) -> None:
    cache = PartialCache(path)
    for number in range(40):
        cache.put_many("nps", {f"{who}-{number}": os.urandom(2000)})
