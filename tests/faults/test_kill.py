"""Processes are killed in the middle of things; nobody who was told "loaded" loses a row."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import loaders
import pyarrow.parquet as pq
import pytest

from polso.warehouse.store import Warehouse
from polso.warehouse.upkeep import doctor, vacuum

pytestmark = pytest.mark.faults
ROUNDS = 15
PATIENCE = 90.0
"""Seconds; on a machine with nothing else to do they are not needed."""


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    """Starts processes quickly and without the threads of this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["polso.warehouse.erase", "polso.warehouse.upkeep", "pyarrow.parquet"])
    return context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def chance() -> random.Random:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    return random.Random(seed)


def kill(process: BaseProcess) -> None:
    assert process.pid is not None
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()


def _wait_for_a_load(notes: list[Path]) -> None:
    before = sum(len(acknowledged(path)) for path in notes)
    until = time.monotonic() + 10
    while sum(len(acknowledged(path)) for path in notes) == before and time.monotonic() < until:
        time.sleep(0.01)


def acknowledged(path: Path) -> set[int]:
    return {int(line) for line in path.read_text().split()} if path.exists() else set()


def test_loaders_and_tidiers_killed_at_any_moment_lose_and_halve_nothing(
    context: ForkServerContext, folder: Path, tmp_path: Path, chance: random.Random
) -> None:
    warehouse = Warehouse(folder)
    told = {who: tmp_path / f"{who}.txt" for who in ("ann", "bea")}
    next_batch = dict.fromkeys(told, 0)
    for _ in range(ROUNDS):
        running = [context.Process(target=loaders.keep_loading, args=(folder, who, told[who], next_batch[who])) for who in told]
        running.append(context.Process(target=loaders.keep_tidying, args=(folder,)))
        for process in running:
            process.start()
        _wait_for_a_load(list(told.values()))
        time.sleep(chance.uniform(0, 0.5))
        chance.shuffle(running)
        for process in running:
            kill(process)
            time.sleep(chance.uniform(0, 0.05))
        _, scores = loaders.rows_now(warehouse)
        last = loaders.check_whole(scores)
        for who, path in told.items():
            lost = [n for n in acknowledged(path) if f"{who}-{n}-0" not in scores]
            assert not lost, f"{who} was told that {lost} were loaded"
            next_batch[who] = last.get(who, -1) + 1
    assert sum(len(acknowledged(path)) for path in told.values()) > ROUNDS
    assert [finding for finding in doctor(warehouse) if not finding.harmless] == []
    vacuum(warehouse, "response", hours=0)
    live = {file.name for file in warehouse.snapshot("response").files}
    assert {path.name for path in folder.rglob("*.parquet")} - live == set()
    assert doctor(warehouse) == []


def test_two_load_while_one_tidies_and_one_reads(context: ForkServerContext, folder: Path, tmp_path: Path) -> None:
    warehouse = Warehouse(folder)
    told = {who: tmp_path / f"{who}.txt" for who in ("ann", "bea")}
    running = [context.Process(target=loaders.keep_loading, args=(folder, who, path)) for who, path in told.items()]
    running.append(context.Process(target=loaders.keep_tidying, args=(folder,)))
    for process in running:
        process.start()
    versions: list[int] = []
    start = time.monotonic()

    def enough() -> bool:
        return len(set(versions)) > 5 and all(len(acknowledged(path)) > 3 for path in told.values())

    while time.monotonic() < start + 5 or (not enough() and time.monotonic() < start + PATIENCE):
        snapshot, scores = loaders.rows_now(warehouse)
        loaders.check_whole(scores)
        versions.append(snapshot.version)
    assert all(process.is_alive() for process in running)
    for process in running:
        kill(process)
    assert versions == sorted(versions)
    assert enough()


def test_the_same_file_loaded_by_two_at_once_is_there_once(context: ForkServerContext, folder: Path, tmp_path: Path) -> None:
    for number in range(5):
        rows = [loaders.response(f"x-{number}-{n}", 1.0, n) for n in range(2000)]
        file = loaders.stage(tmp_path / "same.parquet", rows)
        answers = [tmp_path / f"{who}.txt" for who in "ab"]
        both = [context.Process(target=loaders.load_once, args=(folder, file, answer)) for answer in answers]
        for process in both:
            process.start()
        for process in both:
            process.join()
        assert sorted(answer.read_text() for answer in answers) == ["0 2000", "2000 0"]
    _, scores = loaders.rows_now(Warehouse(folder))
    assert len(scores) == 10_000


def test_an_erasure_killed_at_any_moment_is_finished_by_the_next(
    context: ForkServerContext, folder: Path, tmp_path: Path, chance: random.Random
) -> None:
    warehouse = Warehouse(folder)
    for number in range(8):
        rows = [loaders.response(f"a-{number}-{n}", 1.0, n, f"canary{n}") for n in range(10)]
        warehouse.upsert("response", [loaders.stage(tmp_path / "rows.parquet", rows)])
    for number in range(8):
        eraser = context.Process(target=loaders.erase_one, args=(folder, f"canary{number}"))
        eraser.start()
        time.sleep(chance.uniform(0.02, 0.5))
        kill(eraser)
        _, scores = loaders.rows_now(warehouse)
        assert len(scores) in {8 * (9 - number), 8 * (10 - number)}
        loaders.erase_one(folder, f"canary{number}")
        assert len(loaders.rows_now(warehouse)[1]) == 8 * (9 - number)
        left = "".join(str(pq.ParquetFile(path).read().to_pylist()) for path in folder.rglob("*.parquet"))
        assert f"canary{number}" not in left
