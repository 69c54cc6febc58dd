"""An unhappy answer opens a case for the right person, once; what they do about it is kept and counted."""

from __future__ import annotations

import email
import email.policy
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import Client
from crowd import People
from posting import Caller, until
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
    with serving(folder, POLSO_CASES_TOLD_SECONDS="0", POLSO_WEBHOOKS_LOCAL="1") as site:
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


# --- who sees what ------------------------------------------------------------------------------------------------------


def test_everybody_sees_their_own_part_of_the_cases(here: Desk) -> None:
    north = here.case_of(here.answer(score=4))
    words = here.case_of(here.answer(score=8, department="south", survey="shop", comment="I want a REFUND", agent="Nora"))
    assert words["person"] == "Nora Person" and words["priority"] == "urgent"
    pages = {
        role: tuple(here.people[role].get(f"/cases/{one['id']}/").status for one in (north, words))
        for role in ("owner", "analyst", "manager", "operator", "nora", "executive")
    }
    assert pages == {
        "owner": (200, 200),
        "analyst": (200, 200),
        "manager": (200, 404),
        "operator": (200, 404),
        "nora": (404, 200),
        "executive": (403, 403),
    }
    assert here.people["executive"].get("/cases/").status == 403
    listed = {one["id"] for one in here.cases("nora")}
    assert words["id"] in listed and north["id"] not in listed
    assert here.call("executive")("GET", "/cases").status == 403
    assert here.people["nora"].post(f"/cases/{north['id']}/note", {"kind": "note", "text": "Not mine"}).status == 404


def test_only_who_defines_may_touch_the_rules(here: Desk) -> None:
    for role in ("manager", "operator", "executive"):
        client = here.people[role]
        assert client.get("/cases/rules/").status == 403
        assert client.post("/cases/rules/new", {"name": "mine", "kind": "nps", "high": "6", "hours": "8"}).status == 403
        assert client.post("/cases/rules/1/stop").status == 403
    assert here.call("operator")("POST", "/cases", {"answer": "a1"}).status == 403


def test_an_operator_sees_of_the_customer_only_their_own_part(here: Desk) -> None:
    case = here.case_of(here.answer(score=1, customer_id="north-002", agent="Nora", comment="A word for Nora"))
    page = here.people["operator"].get(f"/cases/{case['id']}/").words
    before = page.partition("The customer so far")[2]
    assert "A word for Nora" in page and "Ticket" in before and "A word for Nora" not in before


# --- what is done -------------------------------------------------------------------------------------------------------


def test_a_reply_by_email_arrives_threaded_and_counts_as_contact(here: Desk) -> None:
    case = here.case_of(here.answer(score=0, customer_id="north-003", language="it", comment="Che delusione"))
    page, client = f"/cases/{case['id']}/", here.people["operator"]
    assert client.post(f"{page}mail", {"subject": "Your answer", "text": "We are sorry."}).status == 302
    until(lambda: client.get(page).words.count(" sent ") == 1)
    assert client.post(f"{page}mail", {"subject": "Your answer", "text": "One more thing."}).status == 302
    until(lambda: client.get(page).words.count(" sent ") == 2)
    first, second = mails(here.site.folder, "north3@example.org")
    assert first["reply-to"] == "operator@example.org" and first.get_content().strip() == "We are sorry."
    assert second["in-reply-to"] == first["message-id"] and first["message-id"] in second["references"]
    told = here.call("owner")("GET", f"/cases/{case['id']}").json()
    assert told["status"] == "contacted" and told["contacted_at"]
    assert [one["kind"] for one in told["history"]] == ["opened", "mail", "mail"]
    until(lambda: here.facts.known("north-003").rows.get("message") == 2)


def mails(folder: Path, to: str) -> list[Any]:
    """What was sent to an address, oldest first."""
    found = []
    for file in sorted((folder / "site" / "mail").iterdir(), key=lambda one: one.stat().st_mtime):
        for part in file.read_bytes().split(b"-" * 79):
            message = email.message_from_bytes(part.lstrip(), policy=email.policy.default)
            if message["to"] == to:
                found.append(message)
    return found


def test_a_case_is_closed_with_a_reason_and_may_be_opened_again(here: Desk) -> None:
    case = here.case_of(here.answer(score=5))
    path, client = f"/cases/{case['id']}/", here.people["operator"]
    here.people["owner"].post("/cases/rules/reason", {"name": "Late delivery"})
    reason = re.search(r'<option value="(\d+)">Late delivery<', client.get(path).text)
    assert reason
    assert client.post(f"{path}note", {"kind": "call", "text": "Spoke with her"}).status == 302
    assert client.post(f"{path}close", {"status": "solved", "reason": reason[1], "outcome": "A new lamp"}).status == 302
    told = here.call("owner")("GET", f"/cases/{case['id']}").json()
    assert (told["status"], told["reason"], told["outcome"]) == ("solved", "Late delivery", "A new lamp")
    assert here.call("owner")("POST", f"/cases/{case['id']}/close", {"status": "unsolved"}).status == 422
    assert client.post(f"{path}reopen").status == 302
    assert here.call("owner")("GET", f"/cases/{case['id']}").json()["status"] == "contacted"


def test_a_team_shares_its_cases_by_load(here: Desk) -> None:
    owner = here.people["owner"]
    page = owner.get("/cases/rules/").text
    members = re.findall(r'value="(\d+)"[^>]*>\s*(Manager Person|Analyst Person)', page)
    assert len(members) == 2
    assert owner.post("/cases/rules/team", {"name": "Rescue", "members": [pk for pk, _ in members]}).status == 302
    team = re.search(r'<option value="(\d+)">Rescue<', owner.get("/cases/rules/new").text)
    assert team
    make(owner, "Shared", kind="csat", high="2", departments="rescue", team=team[1])
    given = {"kind": "csat", "scale_min": 1, "scale_max": 5, "department": "rescue", "score": 1}
    whose = [here.case_of(here.answer(**given))["person"] for _ in range(4)]
    assert sorted(whose) == ["Analyst Person"] * 2 + ["Manager Person"] * 2 and whose[0] != whose[1]


def test_a_rule_may_ask_for_what_a_customer_is_worth(here: Desk) -> None:
    make(here.people["owner"], "Good customers", kind="stars", high="3", least_revenue="1000")
    rows = [
        {"id": f"o-{who}", "ordered_at": datetime.now(UTC).isoformat(), "amount": amount, "customer_id": who}
        for who, amount in (("north-010", 1000), ("north-011", 999))
    ]
    assert here.call("owner").post(rows, "order", "?wait=true").status == 200
    given = {"kind": "stars", "scale_min": 1, "scale_max": 5, "score": 2}
    small = here.answer(**given, customer_id="north-011")
    here.case_of(here.answer(**given, customer_id="north-010"))
    assert small not in {one["answer"] for one in here.cases()}


def test_a_trial_counts_what_a_rule_would_have_opened(here: Desk) -> None:
    rule = {"name": "Trial", "kind": "csat", "high": "1", "departments": "south", "hours": "8", "priority": "low", "place": "1"}
    for score in (1, 1, 2):
        here.answer(kind="csat", scale_min=1, scale_max=5, score=score, department="south")
    told = here.people["owner"].post("/cases/rules/try", rule).words
    assert "It would have opened 2 cases in 30 days" in told


def test_the_loop_is_counted_by_the_same_formulas(here: Desk) -> None:
    here.case_of(here.answer(score=0))
    cases = here.cases()
    here.settled()
    asked = here.facts.measure(
        "follow_ups",
        "follow_ups_open",
        "follow_up_24h",
        start=datetime.now(UTC).date() - timedelta(days=1),
        end=datetime.now(UTC).date() + timedelta(days=2),
        compare="none",
    )
    values = {answer.metric: answer.rows[0].estimate.value for answer in asked}
    contacted = sum(one["contacted_at"] is not None for one in cases)
    assert values["follow_ups"] == len(cases)
    assert values["follow_ups_open"] == sum(one["closed_at"] is None for one in cases)
    assert values["follow_up_24h"] == pytest.approx(100 * contacted / len(cases))


def test_erasing_a_customer_erases_their_cases(here: Desk) -> None:
    case = here.case_of(here.answer(score=2, customer_id="north-020", comment="Forget me"))
    here.people["operator"].post(f"/cases/{case['id']}/note", {"kind": "note", "text": "She was angry"})
    assert here.call("owner")("DELETE", "/customers/north-020").status == 200
    assert here.call("owner")("GET", f"/cases/{case['id']}").status == 404
    assert "follow_up" not in here.facts.known("north-020").rows


def test_whoever_gets_a_case_is_told_without_the_customers_name(here: Desk) -> None:
    case = here.case_of(here.answer(score=6, customer_id="north-030", comment="Nobody called"))

    def told() -> list[Any]:
        sent = mails(here.site.folder, "operator@example.org")
        return [one for one in sent if f"/cases/{case['id']}/" in one.get_content()]

    until(told)
    (message,) = told()
    text = message.get_content()
    assert "NPS 6" in text and "north-030" not in text and "Nobody called" not in text


def test_programs_that_ask_at_once_get_one_case(here: Desk) -> None:
    answer = here.answer(score=10)
    with ThreadPoolExecutor(8) as pool:
        call = here.call("analyst")
        replies = list(pool.map(lambda _: call("POST", "/cases", {"answer": answer}), range(8)))
    assert {reply.status for reply in replies} <= {200, 201}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert [one["answer"] for one in here.cases()].count(answer) == 1


def test_other_programs_are_told_that_a_case_was_opened(here: Desk) -> None:
    wanted = {"url": "http://127.0.0.1:9/polso", "events": ["case.opened"]}
    made = here.call("owner")("POST", "/webhooks", wanted).json()
    case = here.case_of(here.answer(score=1, customer_id="north-031"))
    (sent,) = here.call("owner")("GET", f"/webhooks/{made['id']}/deliveries").json()["deliveries"]
    assert sent["event"] == "case.opened" and case["id"]
