"""The API: keys, the workspace's own numbers, facts in and out again, errors as problems, a document that is true."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlencode

import jsonschema
import pytest
from browsing import Client, Reply
from crowd import People
from servers import Site

from polso.workspace import Workspace

PROBLEM = "application/problem+json"


def call(site: Site, key: str | None, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    """Call the API with a key."""
    sent = ({"Authorization": f"Bearer {key}"} if key else {}) | {"Content-Type": "application/json"} | headers
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return Client(site.url).send(method, f"/api/v1{path}", data, sent)


def measured(site: Site, key: str, **asked: Any) -> Any:
    reply = call(site, key, "GET", f"/measure?{urlencode(asked, doseq=True)}")
    assert reply.status == 200, reply.text
    return reply.json()


@pytest.fixture
def key(people: People) -> str:
    return people.keys["owner"]


QUESTIONS: list[dict[str, Any]] = [
    {"metric": ["nps", "csat", "ticket_volume", "first_response_time_median"]},
    {"metric": ["csat"], "grain": "month", "from": "2024-11-01", "to": "2025-03-01"},
    {"metric": ["csat"], "by": "department", "grain": "quarter", "compare": "none"},
    {"metric": ["reopen_rate"], "by": ["team", "channel"], "compare": "none"},
    {"metric": ["nps"], "from": "2025-01-01", "to": "2025-04-01", "where": "department = 'north'", "compare": "year"},
    {"metric": ["ticket_volume"], "grain": "28d", "from": "2025-01-01", "to": "2025-01-11", "compare": "none"},
]


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda one: urlencode(one, doseq=True)[:60])
def test_the_api_tells_what_the_workspace_tells(asked: dict[str, Any], key: str, site: Site, workspace: Workspace) -> None:
    words = {"from": "start", "to": "end"}
    given = {words.get(name, name): value for name, value in asked.items() if name != "metric"}
    expected = json.loads(json.dumps(workspace.measure(*asked["metric"], **given).as_dict()))
    told = measured(site, key, **asked)
    assert told == expected
    assert any(row["value"] is not None for answer in told["answers"] for row in answer["rows"])


def test_a_dashboard_tells_the_numbers_of_its_tiles(key: str, site: Site, people: People, workspace: Workspace) -> None:
    told = call(site, key, "GET", "/dashboards/service?days=30").json()
    own = workspace.measure(*told["kpis"], start=told["from"], end=told["to"]).as_dict()["answers"]
    assert [tile["answer"] for tile in told["tiles"]] == json.loads(json.dumps(own)) and len(own) > 3
    made = people["owner"].post("/dashboards/new", {"name": "Numbers", "like": "executive"}).location.split("/")[-2]
    assert call(site, key, "GET", f"/dashboards/own-{made}").json()["name"] == "Numbers"
    assert call(site, people.keys["executive"], "GET", f"/dashboards/own-{made}").status == 404
    for nothing in ("none", "own-", "own-x", "own-0", "own-99999999999999999999"):
        assert call(site, key, "GET", f"/dashboards/{nothing}").status == 404


def test_lists_lead_from_page_to_page(key: str, site: Site, workspace: Workspace) -> None:
    found: list[str] = []
    path = "/kpis?limit=30"
    for _ in range(10):
        reply = call(site, key, "GET", path)
        found += [one["key"] for one in reply.json()["kpis"]]
        after = reply.json()["next"]
        if after is None:
            assert "Link" not in reply.headers
            break
        path = f"/kpis?limit=30&cursor={after}"
        assert path.rpartition("=")[2] in reply.headers["Link"]
    assert len(found) == len(set(found)) and set(workspace.catalogue.keys()) <= set(found)
    assert {one["name"] for one in call(site, key, "GET", "/entities").json()["entities"]} >= {"response", "ticket", "order"}


def test_a_key_reads_and_only_writes_where_it_may(people: People, site: Site) -> None:
    reading = people["owner"].key("only reads")
    assert call(site, reading, "GET", "/measure?metric=nps").status == 200
    refused = call(site, reading, "POST", "/facts/response", {"rows": [{"id": "k1"}]})
    assert refused.status == 403 and "may not write" in refused.json()["detail"]
    assert call(site, reading, "DELETE", "/customers/nobody").status == 403


def test_a_key_that_was_taken_back_opens_nothing(people: People, site: Site) -> None:
    owner = people["owner"]
    text = owner.key("for a moment")
    assert call(site, text, "GET", "/kpis").status == 200
    page = owner.get("/me/").text
    assert text not in page and text[:12] in page
    path = page.partition(text[:12])[2].partition('action="')[2].partition('"')[0]
    assert owner.post(path).status == 302
    assert call(site, text, "GET", "/kpis").status == 401
    assert text[:12] not in owner.get("/me/").text


WRONG: list[tuple[str, str, Any, dict[str, str], int]] = [
    ("GET", "/measure", None, {}, 422),
    ("GET", "/measure?metric=npss", None, {}, 422),
    ("GET", "/measure?metric=nps&grain=fortnight", None, {}, 422),
    ("GET", "/measure?metric=nps&by=nothing", None, {}, 422),
    ("GET", "/measure?metric=nps&from=yesterday", None, {}, 422),
    ("GET", "/measure?metric=nps&from=2025-02-01&to=2025-01-01", None, {}, 422),
    ("GET", "/measure?metric=nps&from=0001-01-01&to=9999-12-31", None, {}, 422),
    ("GET", "/measure?" + urlencode({"metric": "nps", "where": "1=1; drop table response"}), None, {}, 422),
    ("GET", "/measure?" + urlencode({"metric": "nps", "where": "score > (select 1)"}), None, {}, 422),
    ("GET", "/measure?" + urlencode({"metric": "nps", "where": "("}), None, {}, 422),
    ("GET", "/kpis/nothing", None, {}, 404),
    ("GET", "/kpis?limit=0", None, {}, 422),
    ("GET", "/kpis?cursor=nonsense", None, {}, 422),
    ("GET", "/nothing", None, {}, 404),
    ("PUT", "/kpis", None, {}, 405),
    ("GET", "/facts/response", None, {}, 405),
    ("GET", "/facts/batches/nothing", None, {}, 422),
    ("GET", "/customers/nobody", None, {}, 404),
    ("POST", "/facts/nothing", {"rows": [{"id": "1"}]}, {}, 404),
    ("POST", "/facts/response", b"{", {}, 400),
    ("POST", "/facts/response", b'{"rows": [NaN]}', {}, 400),
    ("POST", "/facts/response", {"rows": []}, {}, 422),
    ("POST", "/facts/response", {"rows": "all"}, {}, 422),
    ("POST", "/facts/response", {"rows": [{"id": "w1", "submitted_at": "then", "kind": "nps"}]}, {}, 422),
    ("POST", "/facts/response", b"a,b", {"Content-Type": "text/csv"}, 415),
    ("POST", "/facts/response", b"x", {"Content-Encoding": "gzip"}, 400),
    ("POST", "/facts/response", b"x", {"Content-Encoding": "br"}, 415),
    ("POST", "/webhooks", {"url": "http://example.com/", "events": ["kpi.changed"]}, {}, 422),
    ("POST", "/webhooks", {"url": "https://localhost/", "events": ["kpi.changed"]}, {}, 422),
    ("POST", "/webhooks", {"url": "https://[::1]/", "events": ["kpi.changed"]}, {}, 422),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"), WRONG, ids=[f"{one[0]} {one[1]} {one[2]!s:.40}" for one in WRONG]
)
def test_what_is_wrong_is_told_as_a_problem(
    method: str, path: str, body: Any, headers: dict[str, str], status: int, key: str, site: Site
) -> None:
    reply = call(site, key, method, path, body, **headers)
    assert reply.status == status, reply.text
    assert reply.headers["Content-Type"].startswith(PROBLEM)
    told = reply.json()
    assert set(told) == {"type", "title", "status", "detail", "errors"}
    assert told["status"] == status and told["title"] and len(told["detail"]) > 10
    assert "Traceback" not in told["detail"] and "/site-packages/" not in reply.text
    assert status != 405 or reply.headers["Allow"]


def test_without_a_key_the_api_says_how_to_get_one(site: Site, people: People) -> None:
    reply = call(site, None, "GET", "/kpis")
    assert reply.status == 401 and reply.headers["WWW-Authenticate"] == "Bearer"
    assert reply.headers["Content-Type"].startswith(PROBLEM) and "polso_" in reply.json()["detail"]


def test_slips_are_met_with_a_guess(key: str, site: Site) -> None:
    assert "did you mean 'nps'" in call(site, key, "GET", "/measure?metric=npz").json()["detail"]
    assert "did you mean 'response'" in call(site, key, "POST", "/facts/respons", {"rows": [{}]}).json()["detail"]


def test_every_wrong_row_is_named_and_none_is_taken(key: str, site: Site, workspace: Workspace) -> None:
    good = {"id": "n0", "submitted_at": "2025-03-01T10:00:00Z", "kind": "nps", "score": 9}
    rows = [good, {**good, "id": "n1", "score": "ten"}, {**good, "id": "n2", "submitted_at": None}, "nothing"]
    reply = call(site, key, "POST", "/facts/response?wait=true", {"rows": rows})
    assert reply.status == 422
    assert {(one["index"], one["column"]) for one in reply.json()["errors"]} >= {(1, "score"), (3, "")}
    assert workspace.measure("responses", where="id = 'n0'", compare="none").only.only.estimate.n == 0


def test_posted_facts_are_counted_and_erased_with_their_customer(key: str, site: Site, workspace: Workspace) -> None:
    day = "2025-02-10"
    asked = {"metric": ["csat"], "from": "2025-02-01", "to": "2025-03-01", "compare": "none"}
    before = measured(site, key, **asked)
    scale = {"kind": "csat", "scale_min": 1, "scale_max": 5, "high_is_good": True, "customer_id": "guest-1"}
    rows = [{"id": f"p{n}", "submitted_at": f"{day}T10:{n:02}:00+01:00", "score": 1, **scale} for n in range(30)]
    loaded = call(site, key, "POST", "/facts/response?wait=true", {"rows": rows}, **{"Idempotency-Key": "one"})
    assert loaded.status == 200 and loaded.json()["state"] == "moved" and loaded.json()["refused"] == 0
    after = measured(site, key, **asked)
    row, former = after["answers"][0]["rows"][0], before["answers"][0]["rows"][0]
    assert row["n"] == former["n"] + 30 and row["value"] < former["value"]
    expected = workspace.measure("csat", start="2025-02-01", end="2025-03-01", compare="none").as_dict()
    assert after == json.loads(json.dumps(expected))
    # The same again changes nothing; the same key with something else is refused.
    again = call(site, key, "POST", "/facts/response?wait=true", {"rows": rows}, **{"Idempotency-Key": "one"})
    assert again.json()["id"] == loaded.json()["id"]
    other = call(site, key, "POST", "/facts/response", {"rows": rows[:1]}, **{"Idempotency-Key": "one"})
    assert other.status == 422 and other.headers["Content-Type"].startswith(PROBLEM)
    assert measured(site, key, **asked)["answers"][0]["rows"] == after["answers"][0]["rows"]
    batch = call(site, key, "GET", f"/facts/batches/{loaded.json()['id']}")
    assert batch.json()["state"] == "moved" and batch.json()["rows"] == 30
    everything = call(site, key, "GET", "/customers/guest-1").json()
    assert {one["id"] for one in everything["facts"]["response"]} == {one["id"] for one in rows}
    erased = call(site, key, "DELETE", "/customers/guest-1")
    assert erased.status == 200 and erased.json()["rows"] == {"response": 30}
    assert measured(site, key, **asked)["answers"][0]["rows"] == before["answers"][0]["rows"]
    assert call(site, key, "GET", "/customers/guest-1").status == 404


def test_an_analysts_key_loads_but_does_not_erase(people: People, site: Site) -> None:
    assert call(site, people.keys["analyst"], "DELETE", "/customers/north-001").status == 403
    assert call(site, people.keys["owner"], "GET", "/customers/north-001").status == 200


def test_the_page_of_the_inbox_tells_of_posted_facts(people: People, site: Site) -> None:
    row = {"id": "inbox-1", "submitted_at": "2025-02-01T10:00:00Z", "kind": "choice", "customer_id": "guest-2"}
    made = call(site, people.keys["owner"], "POST", "/facts/response", {"rows": [row]})
    assert made.status == 202
    place = made.headers["Location"]
    until = time.monotonic() + 20
    while call(site, people.keys["owner"], "GET", place.removeprefix("/api/v1")).json()["state"] == "waiting":
        assert time.monotonic() < until
        time.sleep(0.1)
    page = people["analyst"].get(f"/inbox/{made.json()['id']}/")
    assert page.status == 200 and "in the warehouse" in page.words and "1 row" in page.words
    assert call(site, people.keys["owner"], "DELETE", "/customers/guest-2").json()["rows"] == {"response": 1}


def test_the_document_of_the_api_is_valid_and_whole(site: Site) -> None:
    document = call(site, None, "GET", "/openapi.json").json()
    assert document["openapi"].startswith("3.1") and document["info"]["title"] == "Polso"
    names = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names.append(operation["operationId"])
            assert operation["summary"] and operation["tags"], path
            given = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert given == {part.strip("{}") for part in path.split("/") if part.startswith("{")}, path
            assert {"401", "422"} <= set(map(str, operation["responses"])), path
            problem = operation["responses"]["422"]["content"]
            assert list(problem) == [PROBLEM]
            assert operation["security"], f"{method} {path} is open"
            for one in operation.get("parameters", []):
                jsonschema.Draft202012Validator.check_schema(one["schema"])
    assert len(names) == len(set(names))
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    text = json.dumps(document)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert {part.partition('"')[0] for part in text.split('"$ref": "')[1:]} <= known


def test_answers_are_as_the_document_says(key: str, site: Site) -> None:
    document = call(site, None, "GET", "/openapi.json").json()
    problem = {**document["components"]["schemas"]["Problem"], "components": document["components"]}
    jsonschema.validate(call(site, key, "GET", "/measure?metric=npz").json(), problem)
    jsonschema.validate(call(site, key, "POST", "/facts/response", {"rows": [1]}).json(), problem)
