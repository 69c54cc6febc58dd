"""An unhappy answer opens a case for the right person, once; what they do about it is kept and counted."""

from __future__ import annotations

import email
import email.policy
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import Client
from crowd import People
from posting import Caller, Reply, until
from servers import Site, serving
from shop import fill

from polso.workspace import Workspace


@dataclass
class Desk:
    """A shop where unhappy answers are seen to."""

    site: Site
    people: People
    facts: Workspace

    def answer(self, **given: Any) -> str:
        """A customer answers; returns the id of the answer."""
        id_ = f"r-{uuid.uuid4().hex[:10]}"
        row = {"id": id_, "submitted_at": datetime.now(UTC).isoformat(), "kind": "nps", "scale_min": 0, "scale_max": 10}
        row |= {"high_is_good": True, "programme": "relational", "customer_id": "north-001", "department": "north"}
        assert self.call("owner").post([row | given], query="?wait=true").status == 200
        return id_

    def call(self, role: str) -> Caller:
        return Caller(self.site.url, self.people.keys[role])

    def cases(self, role: str = "owner") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call(role)("GET", "/cases?show=all").json()["cases"]
        return found

    def case_of(self, answer: str) -> dict[str, Any]:
        """The case of an answer, once it is open."""
        return dict(until(lambda: next((one for one in self.cases() if one["answer"] == answer), None)))

    def settled(self) -> None:
        """Nothing waits to be done any more."""
        call = self.call("owner")
        until(lambda: all(one["state"] != "waiting" for one in call("GET", "/facts/batches").json()["batches"]))
        until(lambda: "polso_jobs_oldest_due_seconds 0.0" in self.site.client().get("/health/metrics").text.replace("{}", ""))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("cases") / "shop"
    fill(Workspace(folder))
    with serving(folder) as site:
        people = People()
        owner = site.client().begin("Olga Owner", "owner@example.org")
        people.clients["owner"], people.emails["owner"] = owner, "owner@example.org"
        limits = {"manager": ("department", "north"), "operator": ("agent", "Anna"), "nora": ("agent", "Nora")}
        for name in ("analyst", "manager", "operator", "nora", "executive"):
            link = owner.invite(f"{name}@example.org", "operator" if name == "nora" else name, *limits.get(name, ()))
            people.clients[name] = site.client().accept(link, f"{name.title()} Person")
        for name, client in people.clients.items():
            people.keys[name] = client.key("for tests", write=True)
        make(owner, "Detractors of the north", kind="nps", high="6", departments="north", person="Operator Person")
        make(owner, "Angry words", words="refund, rimbors", survey="shop", hours="2", priority="urgent", person="Nora Person")
        yield Desk(site, people, Workspace(folder))
        assert not site.errors()


def make(client: Client, name: str, **given: str) -> None:
    """Fill in the page of a new rule."""
    page = client.get("/cases/rules/new").text
    if "person" in given:
        found = re.search(rf'<option value="(\d+)">{given["person"]}<', page)
        assert found, page
        given["person"] = found[1]
    reply = client.post("/cases/rules/new", {"name": name, "hours": "8", "priority": "normal", "place": "100", **given})
    assert reply.status == 302, reply.words


def test_a_detractor_of_the_north_gets_a_case_with_the_one_who_is_to_see_to_it(here: Desk) -> None:
    case = here.case_of(here.answer(score=3, comment="Arrived broken"))
    assert case["person"] == "Operator Person" and case["rule"] == "Detractors of the north"
    assert case["status"] == "open" and case["score"] == 3
    page = here.people["operator"].get(f"/cases/{case['id']}/")
    assert page.status == 200 and "Arrived broken" in page.words and "Person 1 of the north" in page.words


def test_who_is_content_is_left_alone(here: Desk) -> None:
    content, south = here.answer(score=9), here.answer(score=0, department="south", comment="Bad")
    marker = here.answer(score=1)
    here.case_of(marker)
    assert not {content, south} & {one["answer"] for one in here.cases()}


def test_the_same_answer_posted_again_opens_nothing_more(here: Desk) -> None:
    first = here.answer(score=2)
    here.case_of(first)
    again = {"id": first, "submitted_at": datetime.now(UTC).isoformat(), "kind": "nps", "score": 1, "department": "north"}
    assert here.call("owner").post([again], query="?wait=true").status == 200
    here.case_of(here.answer(score=2))
    assert [one["answer"] for one in here.cases()].count(first) == 1


def test_an_answer_of_last_month_opens_nothing(here: Desk) -> None:
    old = here.answer(score=0, submitted_at=(datetime.now(UTC) - timedelta(days=30)).isoformat())
    here.case_of(here.answer(score=0))
    assert old not in {one["answer"] for one in here.cases()}
