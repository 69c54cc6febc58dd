"""Every address of the site as every role, and as nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from web.facts import SECRET

ROLES = ("owner", "analyst", "manager", "operator", "executive")
EVERYBODY = dict.fromkeys(ROLES, 200)
OWNER = {"owner": 200, **dict.fromkeys(ROLES[1:], 403)}
MAKERS = {"owner": 200, "analyst": 200, **dict.fromkeys(ROLES[2:], 403)}
NOT_EXECUTIVE = {**EVERYBODY, "executive": 403}
EXPORTERS = {"owner": 200, "analyst": 200, "manager": 200, "operator": 403, "executive": 403}
DONE = {"owner": 302, "analyst": 302, "manager": 403, "operator": 403, "executive": 403}
GONE = {"owner": 404, "analyst": 404, "manager": 403, "operator": 403, "executive": 403}
GET: dict[str, tuple[str, dict[str, int]]] = {
    "today": ("/", EVERYBODY),
    "tour": ("/tour", EVERYBODY),
    "dashboard": ("/dashboards/service/", EVERYBODY),
    "dashboard_new": ("/dashboards/new", EVERYBODY),
    "own_dashboard": ("/dashboards/own/1/", {"owner": 200, **dict.fromkeys(ROLES[1:], 404)}),
    "dashboard_edit": ("/dashboards/own/1/edit", {"owner": 200, **dict.fromkeys(ROLES[1:], 404)}),
    "kpis": ("/kpi/", EVERYBODY),
    "kpi": ("/kpi/first_response_time_median/?by=channel", EVERYBODY),
    "kpi_distribution": ("/kpi/first_response_time_median/distribution", EVERYBODY),
    "kpi_rows": ("/kpi/first_response_time_median/rows", NOT_EXECUTIVE),
    "kpi_rows_file": ("/kpi/first_response_time_median/rows.csv", EXPORTERS),
    "kpi_download": ("/kpi/first_response_time_median/numbers.csv", EXPORTERS),
    "kpi_picture": ("/kpi/first_response_time_median/trend.svg", EVERYBODY),
    "kpi_new": ("/kpi/new", MAKERS),
    "kpi_edit": ("/kpi/mine/edit", MAKERS),
    "goals": ("/kpi/goals", EVERYBODY),
    "changed": ("/kpi/changed", EVERYBODY),
    "sources": ("/facts/", MAKERS),
    "entity": ("/facts/ticket/", MAKERS),
    "people": ("/people/", OWNER),
    "myself": ("/me/", EVERYBODY),
}
POST: dict[str, tuple[str, dict[str, int]]] = {
    "kpi_try": ("/kpi/try", MAKERS),
    "kpi_goal": ("/kpi/nps/goal", DONE),
    "kpi_happening": ("/kpi/nps/happening", DONE),
    "goal_pin": ("/kpi/goals/99/pin", GONE),
    "goal_drop": ("/kpi/goals/99/drop", GONE),
    "happening_drop": (
        "/kpi/happenings/99/drop",
        GONE,
    ),
    "kpi_drop": ("/kpi/nps/drop", GONE),
    "dashboard_drop": ("/dashboards/own/1/drop", {**dict.fromkeys(ROLES[1:], 404)}),
    "dashboard_share": ("/dashboards/own/1/share", {"analyst": 404, "manager": 404, "operator": 403, "executive": 403}),
    "receive": ("/facts/upload", {"manager": 403, "operator": 403, "executive": 403}),
    "undo": ("/facts/ticket/999/undo", {"manager": 403, "operator": 403, "executive": 403}),
    "let_go": ("/people/999999/close", {"owner": 404, **dict.fromkeys(ROLES[1:], 403)}),
}
OPEN = {
    *("welcome", "accept", "language", "live", "ready", "metrics", "shared", "shared_changed"),
    *("cut_key", "revoke_key"),
}
"""Addresses with rules of their own, tried in test_accounts.py and test_api.py; those of one's own keys concern nobody else."""


@pytest.fixture(scope="module")
def clients(people: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from django.test import Client

    from polso.metrics.metric import metric
    from polso.web.dashboards.models import Dashboard
    from polso.web.desk import workspace

    Dashboard.objects.get_or_create(pk=1, defaults={"name": "owner's", "person": people["owner"]})
    workspace().define(metric("mine", {"entity": "ticket", "formula": "count()"}))
    found = {"nobody": Client(raise_request_exception=False)}
    for role, person in people.items():
        found[role] = Client(raise_request_exception=False)
        found[role].force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    yield found
    workspace().drop("mine")


@pytest.mark.parametrize("name", GET)
def test_pages_open_for_whom_they_should(clients: dict[str, Any], name: str) -> None:
    path, expected = GET[name]
    assert {role: clients[role].get(path).status_code for role in expected} == expected


@pytest.mark.parametrize("name", POST)
def test_changes_are_made_by_whom_they_may(clients: dict[str, Any], name: str) -> None:
    path, expected = POST[name]
    assert {role: clients[role].post(path).status_code for role in expected} == expected


@pytest.mark.parametrize("path", [path for path, _ in [*GET.values(), *POST.values()]])
def test_nobody_is_sent_to_sign_in(clients: dict[str, Any], path: str) -> None:
    for answer in (clients["nobody"].get(path), clients["nobody"].post(path)):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/login/?next=")


def test_no_address_is_forgotten(django: Any) -> None:
    from django.urls import get_resolver

    ours = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    theirs = ("account_", "mfa_", "socialaccount_", "openid_connect_", "api", "usersessions")
    named = {name for name in ours if not name.startswith(theirs)}
    elsewhere = OPEN | ELSEWHERE
    assert named - set(GET) - set(POST) - elsewhere == set()


ELSEWHERE: set[str] = {"upload", "discard"}
"""Those of one's own waiting files: somebody else's are 404, tried with the uploads."""


@pytest.mark.parametrize(
    ("role", "column", "value"), [("manager", "team", "north"), ("operator", "agent", "ada")], ids=["manager", "operator"]
)
def test_a_limited_role_sees_only_its_part(clients: dict[str, Any], folder: Any, role: str, column: str, value: str) -> None:
    import polso

    own = polso.open(folder).measure("ticket_volume", where=f"{column} = '{value}'", compare="none").only
    whole = polso.open(folder).measure("ticket_volume", compare="none").only
    page = clients[role].get("/kpi/ticket_volume/?from=2026-01-01&to=2026-06-01").content.decode()
    assert f'class="value nothing">{own.value:.0f}<' in page or f">{own.value:.0f}</h2>" in page
    assert f">{whole.value:.0f}</h2>" not in page
    rows = clients[role].get("/kpi/ticket_volume/rows?from=2026-01-01&to=2026-06-01").content.decode()
    others = {"north", "south", "ada", "bob", "carla", "dino"} - (
        {"north", "ada", "bob"} if role == "manager" else {"north", "ada"}
    )
    assert value in rows
    assert not [one for one in others if f"<td>{one}</td>" in rows]


@pytest.mark.parametrize("where", ["team = 'south'", "1 = 1 or team = 'south'", "team <> 'north'", "not team = 'north'"])
def test_no_condition_reaches_beyond_the_limit(clients: dict[str, Any], where: str) -> None:
    answer = clients["manager"].get("/kpi/ticket_volume/rows", {"from": "2026-01-01", "to": "2026-06-01", "where": where})
    assert "<td>south</td>" not in answer.content.decode()


def test_an_operator_cannot_ask_about_facts_that_tell_no_agent(clients: dict[str, Any]) -> None:
    assert clients["operator"].get("/kpi/churn_rate/").status_code == 404


def test_only_who_may_see_people_sees_names_and_words(clients: dict[str, Any]) -> None:
    for role, path in (("executive", "/kpi/nps/"), ("executive", "/dashboards/voice/")):
        page = clients[role].get(path).content.decode()
        assert SECRET not in page and "words of" not in page
    assert "words of" in clients["analyst"].get("/kpi/nps/rows?from=2026-01-01&to=2026-06-01").content.decode()


def test_agents_are_not_compared_unless_that_is_switched_on(clients: dict[str, Any]) -> None:
    answer = clients["owner"].get("/kpi/ticket_volume/?by=agent")
    assert answer.status_code == 422
    assert "Comparing agents is switched off" in answer.content.decode()
    assert "<option>agent</option>" not in clients["owner"].get("/kpi/ticket_volume/").content.decode()


def test_small_groups_are_hidden_on_page_and_file_and_by_condition(clients: dict[str, Any]) -> None:
    query = {"from": "2026-01-05", "to": "2026-01-06", "by": "channel"}
    text = clients["owner"].get("/kpi/ticket_volume/numbers.csv", query).content.decode()
    shown = [line.split(",") for line in text.splitlines()[1:]]
    place = text.splitlines()[0].split(",").index("n")
    assert all(int(row[place]) == 0 or int(row[place]) >= 5 for row in shown)
    one = {"from": "2026-01-01", "to": "2026-06-01", "where": "id = 't3'"}
    page = clients["executive"].get("/kpi/first_response_time_median/", one).content.decode()
    assert "too few facts to be shown by themselves" in page


def test_a_closed_account_and_its_keys_no_longer_open(people: dict[str, Any]) -> None:
    from django.test import Client

    from polso.web.accounts.models import ApiKey, Person

    left = Person.objects.create_user("left@example.com", "four words in a row", role="owner")
    _key, text = ApiKey.cut(left, "script", ["read", "write"])
    client = Client()
    client.force_login(left, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/").status_code == 200
    bearer = {"Authorization": f"Bearer {text}"}
    assert Client().get("/api/v1/kpis", headers=bearer).status_code == 200
    Person.objects.filter(pk=left.pk).update(is_active=False)
    assert client.get("/").status_code == 302
    assert Client().get("/api/v1/kpis", headers=bearer).status_code == 401
    left.delete()


def test_the_api_reaches_as_far_as_its_keys_person(people: dict[str, Any]) -> None:
    from django.test import Client

    from polso.web.accounts.models import ApiKey

    found = {}
    for role in ("owner", "manager", "operator"):
        _key, text = ApiKey.cut(people[role], "test", ["read"])
        answer = Client().get("/api/v1/measure?metric=ticket_volume&compare=none", headers={"Authorization": f"Bearer {text}"})
        found[role] = json.loads(answer.content)["answers"][0]["rows"][0]["value"]
    assert found["owner"] > found["manager"] > found["operator"] > 0
