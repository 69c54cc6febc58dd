"""What was acknowledged is in the warehouse, once, whatever is killed in between."""

from __future__ import annotations

import http.client
import multiprocessing
import random
import threading
import time
from contextlib import suppress
from functools import partial
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from posting import Caller, Running, answer, key_for, scores, until, work
from servers import new_database

from polso.workspace import Workspace

KILLS = 20
PROGRAMS = 3
ROWS = 40


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    return new_database(request.getfixturevalue("postgres_server"), "inbox")


class Program(threading.Thread):
    """Posts batch after batch, each until it is acknowledged, and writes down what was."""

    def __init__(self, name: str, call: Caller, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.who, self.call, self.over = name, call, over
        self.acknowledged: dict[str, float] = {}
        self.made: set[str] = set()
        self.batches = 0

    def run(self) -> None:
        while not self.over.is_set():
            key = f"{self.who}-{self.batches}"
            # Every fifth batch leaves it to Polso to name the rows.
            own = self.batches % 5 != 0
            rows = [answer(f"{key}-{n}" if own else None, n, score=(self.batches + n) % 11) for n in range(ROWS)]
            while True:
                with suppress(OSError, http.client.HTTPException):
                    reply = self.call.post(rows, Idempotency_Key=key)
                    assert reply.status == 202, reply.body
                    break
                time.sleep(0.05)
            if own:
                self.acknowledged |= {str(row["id"]): float(row["score"]) for row in rows}
            else:
                self.made.add(reply.json()["id"])
            self.batches += 1
            time.sleep(0.02)


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    """Starts workers quickly, so that they are killed at work and not while they start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["polso.workspace", "django.db.models", "pyarrow.parquet"])
    return context


@pytest.mark.faults
def test_web_and_worker_killed_at_any_moment_lose_and_double_nothing(
    tmp_path: Path, database: str, context: ForkServerContext
) -> None:
    folder = tmp_path / "shop"
    chance = random.Random(seed := random.randrange(10**6))
    print(f"seed {seed}")
    settings = {"POLSO_RATE": "1000000"} | ({"DATABASE_URL": database} if database else {})
    web = Running(folder, "--web", **settings)
    over = threading.Event()
    worker = context.Process()
    kills = KILLS // 4 if database else KILLS
    try:
        web.ready()
        known = Workspace(folder)
        call = Caller(web.url, key_for(folder, database=database))
        programs = [Program(f"p{n}", call, over) for n in range(PROGRAMS)]
        for program in programs:
            program.start()
        for number in range(kills):
            if not worker.is_alive():
                worker = started(context, folder, database)
            if number % 2:
                # Every other one lives until it has moved something, and dies in the middle of the next.
                there = len(scores(known))
                until(partial(_more, known, there), 60)
            time.sleep(chance.uniform(0, 0.8))
            if number % 5 == 2:
                web.kill()
                web.start()
            else:
                kill(worker)
        over.set()
        web.ready()
        for program in programs:
            program.join(30)
            assert not program.is_alive()
        before = len(scores(known))
        kill(worker)
        worker = started(context, folder, database)
        until(lambda: all_moved(call), 60)
        found = scores(known)
    finally:
        over.set()
        web.kill()
        kill(worker)
    sent = {id_: score for program in programs for id_, score in program.acknowledged.items()}
    made = sum(len(program.made) for program in programs) * ROWS
    print(f"{kills} kills, {len(sent) + made} rows acknowledged, {before} moved in between, {len(found)} in the warehouse")
    assert {id_: score for id_, score in found.items() if id_.startswith("p")} == sent
    assert len(found) == len(sent) + made
    assert before > 0


def started(context: ForkServerContext, folder: Path, database: str) -> BaseProcess:
    begun = context.Event()
    process = context.Process(target=work, args=(folder, database, begun))
    process.start()
    assert begun.wait(30)
    return process


def _more(known: Workspace, there: int) -> bool:
    return len(scores(known)) > there


def all_moved(call: Caller) -> bool:
    return all(one["state"] == "moved" for one in call("GET", "/facts/batches?limit=500").json()["batches"])


def kill(process: BaseProcess) -> None:
    if process.is_alive():
        process.kill()
    if process.pid is not None:
        process.join()
