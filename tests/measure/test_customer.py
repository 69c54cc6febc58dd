"""One customer: everything known is found, whatever refers to it, and nothing of anybody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from polso.measure import customer as customers
from polso.query import Within
from polso.workspace import Workspace

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path)
    people = [{"id": f"c{n}", "acquired_at": START, "name": f"Nome {n}", "email": f"c{n}@example.org"} for n in range(60)]
    made.load_table("customer", pa.Table.from_pylist(people))
    tickets = [
        {"id": f"t{n}", "opened_at": START + timedelta(days=40 * n), "customer_id": f"c{n % 3}", "agent": ("Ugo", "Anna")[n % 2]}
        for n in range(9)
    ]
    made.load_table("ticket", pa.Table.from_pylist(tickets))
    messages = [{"id": f"m{n}", "at": START + timedelta(hours=n), "ticket_id": f"t{n % 9}", "text": "x"} for n in range(18)]
    # A message that tells its customer and its ticket comes once.
    messages.append({"id": "m99", "at": START, "ticket_id": "t0", "customer_id": "c0", "text": "y"})
    made.load_table("message", pa.Table.from_pylist(messages))
    reading = {"id": "a1", "at": START, "of_entity": "message", "of_id": "m0"}
    made.load_table("annotation", pa.Table.from_pylist([reading, {**reading, "id": "a2", "of_id": "m1"}]))
    return made


def ids(known: customers.Known, entity: str) -> list[str]:
    return sorted(known.tables[entity]["id"].to_pylist()) if entity in known.tables else []


def test_what_refers_to_a_customer_is_known_and_nothing_else(workspace: Workspace) -> None:
    known = workspace.known("c0")
    assert ids(known, "ticket") == ["t0", "t3", "t6"]
    assert ids(known, "message") == sorted(["m99", *(f"m{n}" for n in range(18) if n % 9 in (0, 3, 6))])
    assert ids(known, "annotation") == ["a1"] and ids(known, "customer") == ["c0"]
    assert known.person["email"] == "c0@example.org" and known.rows == {"customer": 1, "ticket": 3, "message": 7, "annotation": 1}
    moments = [fact.at for fact in known.facts()]
    assert len(moments) == 12 and moments == sorted(moments, reverse=True)
    assert [fact.entity.name for fact in known.facts("ticket")] == ["ticket"] * 3
    assert all(value is not None for fact in known.facts() for value in fact.values.values())


def test_it_is_what_erasing_removes(workspace: Workspace) -> None:
    known = workspace.known("c1")
    assert dict(workspace.erase("c1").rows) == dict(known.rows)
    assert not workspace.known("c1").tables and workspace.known("c0").tables


def test_who_is_limited_sees_only_rows_that_can_be_told_apart(workspace: Workspace) -> None:
    known = workspace.known("c0", Within("agent", ("Anna",)))
    assert list(known.tables) == ["ticket"] and ids(known, "ticket") == ["t3"]
    assert not workspace.known("c0", Within("agent", ())).tables
    assert workspace.find("Nome 0", Within("agent", ("Anna",))) == []
    assert workspace.find("c0", Within("agent", ("Anna",))) == [{"id": "c0"}]
    assert workspace.find("c5", Within("agent", ("Anna",))) == []


def test_finding(workspace: Workspace) -> None:
    assert workspace.find("c1")[0]["id"] == "c1"
    assert [one["id"] for one in workspace.find("17@EXAMPLE")] == ["c17"]
    assert len(workspace.find("nome")) == 50 and len(customers.find("nome", workspace.facts(), most=3)) == 3
    assert workspace.find("") == workspace.find("  ") == workspace.find("100%") == []
    workspace.load_table("order", pa.Table.from_pylist([{"id": "o1", "ordered_at": START, "customer_id": "guest"}]))
    assert workspace.find("guest") == [{"id": "guest"}]


def test_of_very_many_facts_the_newest_are_read(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers, "MOST_FACTS", 2)
    known = workspace.known("c0")
    assert set(known.cut) == {"ticket", "message"} and ids(known, "ticket") == ["t3", "t6"]
