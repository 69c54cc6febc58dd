"""What was thanked for is never lost and never doubled, whatever is killed at the thank-you."""

from __future__ import annotations

import http.client
import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from browsing import Client
from posting import Running, until
from servers import new_database
from surveying import Person, answers, invited, survey

from polso.workspace import Workspace

KILLS = 8
PEOPLE = 12


class Crowd(threading.Thread):
    """People who answer one after the other; each tries again until they are thanked."""

    def __init__(self, url: str, paths: list[str], score: int, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.url, self.paths, self.score, self.over = url, paths, score, over
        self.thanked: list[str] = []
        self.tries = 0

    def run(self) -> None:
        for path in self.paths:
            while not self.over.is_set() and not self._thanked(path):
                time.sleep(0.05)

    def _thanked(self, path: str) -> bool:
        self.tries += 1
        with suppress(OSError, http.client.HTTPException):
            person = Person(Client(self.url), path)
            if person.open().status != 200:
                return False
            if "<form" not in person.open().text:
                # Thanked the time before, but the thanks were lost with the server.
                self.thanked.append(path)
                return True
            reply = person.send(q_nps=str(self.score), c_nps="words", step="send")
            if reply.status == 200 and "Your answer is kept." in reply.text and "<form" not in reply.text:
                self.thanked.append(path)
                return True
        return False


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_at_the_thank_you_nothing_is_lost_and_nothing_doubled(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "shop"
    chance = random.Random(seed := random.randrange(10**6))
    print(f"seed {seed}")
    database = new_database(request.getfixturevalue("postgres_server"), "thanks") if kind == "postgres" else ""
    web = Running(folder, "", **({"DATABASE_URL": database} if database else {}))
    over = threading.Event()
    try:
        web.ready()
        Client(web.url).begin("Olga Owner", "owner@example.org")
        survey(folder, "relationship-nps", database=database)
        customers = [[f"c-{crowd}-{n}" for n in range(PEOPLE)] for crowd in range(4)]
        crowds = [
            Crowd(web.url, invited(folder, "relationship-nps", names, database=database), score, over)
            for names, score in zip(customers, (0, 6, 8, 10), strict=True)
        ]
        for crowd in crowds:
            crowd.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.3, 1.5))
            web.kill()
            web.start()
            web.ready()
        for crowd in crowds:
            crowd.join(120)
            assert not crowd.is_alive()
        thanked = sum(len(crowd.thanked) for crowd in crowds)
        known = Workspace(folder)
        until(lambda: len(answers(known, "relationship-nps")) == thanked, 60)
        rows = answers(known, "relationship-nps")
    finally:
        over.set()
        web.kill()
    print(f"{KILLS} kills, {sum(crowd.tries for crowd in crowds)} tries, {thanked} thanked, {len(rows)} in the warehouse")
    assert thanked == 4 * PEOPLE
    found = sorted((row["customer_id"], row["score"], row["comment"]) for row in rows.values())
    assert found == sorted((name, float(c.score), "words") for c, names in zip(crowds, customers, strict=True) for name in names)
    # Of 48: 12 promoters, 24 detractors.
    assert known.measure("nps", where="survey = 'relationship-nps'").only.only.estimate.value == -25.0
