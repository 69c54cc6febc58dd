"""Programs post facts, in every format, and are told exactly what is wrong."""

from __future__ import annotations

import gzip
import io
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from posting import Caller, Running, answer, key_for, scores, until

from polso.workspace import Workspace


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A site as `polso serve` serves it: web and worker."""
    running = Running(tmp_path_factory.mktemp("facts") / "shop", "", POLSO_RATE="100000", POLSO_MOST_MEGABYTES="1")
    running.ready()
    yield running
    assert running.stop() == 0
    text = running.log.read_text()
    assert '"level": "error"' not in text and "Traceback" not in text, text[-3000:]


@pytest.fixture(scope="module")
def known(served: Running) -> Workspace:
    return Workspace(served.folder)


@pytest.fixture(scope="module")
def call(served: Running) -> Caller:
    return Caller(served.url, key_for(served.folder))


def test_an_answer_is_in_the_kpis_a_moment_after_it_was_posted(call: Caller, known: Workspace) -> None:
    rows = [answer(f"m{n}", n, score=10, programme="relational") for n in range(60)]
    reply = call.post(rows, query="?wait=true")
    assert reply.status == 200, reply.body
    assert reply.json() | {"state": "moved", "rows": 60, "refused": 0, "errors": []} == reply.json()
    (told,) = call("GET", "/measure?metric=nps&from=2026-10-01&to=2026-10-02").json()["answers"]
    assert told["rows"][0]["value"] == 100
    assert known.measure("nps", start="2026-10-01", end="2026-10-02")["nps"].rows[0].estimate.value == 100


def test_the_same_id_again_replaces_the_row(call: Caller, known: Workspace) -> None:
    for score in (3, 7):
        assert call.post([answer("again", score=score)], query="?wait=true").status == 200
    assert scores(known)["again"] == 7


def test_rows_without_an_id_get_one_each(call: Caller, known: Workspace) -> None:
    before = len(scores(known))
    batch = call.post([answer(None), answer(None)], query="?wait=true").json()
    assert len(scores(known)) == before + 2
    assert {id_ for id_ in scores(known) if id_.startswith(uuid.UUID(batch["id"]).hex)} == {
        f"{uuid.UUID(batch['id']).hex}-{n}" for n in range(2)
    }


def test_what_the_entity_does_not_know_is_kept_as_extra(call: Caller) -> None:
    row = answer("extra", customer_id="shoes", shoe=44, nested={"a": [1]}, extra={"own": True})
    assert call.post([row], query="?wait=true").status == 200
    (fact,) = call("GET", "/customers/shoes").json()["facts"]["response"]
    assert fact["extra"] == {"own": True, "shoe": 44, "nested": {"a": [1]}}
    assert fact["source"] == "api"


ROWS = [answer(f"f{n}", n) for n in range(3)]


def _arrow(rows: list[dict[str, Any]]) -> bytes:
    table = pa.Table.from_pylist(rows)
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    return out.getvalue().to_pybytes()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    table = pa.Table.from_pylist(rows)
    moments = table["submitted_at"].cast(pa.timestamp("us", "UTC"))
    out = io.BytesIO()
    pq.write_table(table.set_column(0 if table.column_names[0] == "submitted_at" else 1, "submitted_at", moments), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps({"rows": ROWS}).encode()),
        ("application/json; charset=utf-8", json.dumps({"rows": ROWS}).encode()),
        ("application/x-ndjson", "\n".join(json.dumps(row) for row in ROWS).encode()),
        ("application/vnd.apache.arrow.stream", _arrow(ROWS)),
        ("application/vnd.apache.parquet", _parquet(ROWS)),
    ],
)
def test_every_format_says_the_same(call: Caller, known: Workspace, kind: str, body: bytes) -> None:
    for sent, packing in ((body, ""), (gzip.compress(body), "gzip")):
        reply = call("POST", "/facts/response?wait=true", sent, Content_Type=kind, Content_Encoding=packing)
        assert (reply.status, reply.json().get("refused")) == (200, 0), reply.body
    assert {id_: score for id_, score in scores(known).items() if id_.startswith("f")} == {"f0": 9, "f1": 9, "f2": 9}


def test_every_mistake_is_named_with_its_row(call: Caller, known: Workspace) -> None:
    before = len(scores(known))
    rows = [answer("good"), answer("w1", score="ten"), {"id": "w2", "kind": "npss"}, answer("w3", customer_group=3), "row"]
    reply = call.post(rows)
    assert reply.status == 422
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert [(one["index"], one["column"], one["value"]) for one in reply.json()["errors"]] == [
        (1, "score", "ten"),
        (2, "kind", "npss"),
        (2, "submitted_at", None),
        (3, "customer_group", "3"),
        (4, "", "row"),
    ]
    assert "did you mean 'nps'" in reply.json()["errors"][1]["advice"]
    assert len(scores(known)) == before


def test_a_row_that_only_the_warehouse_refuses_is_kept_with_its_reason(call: Caller, known: Workspace) -> None:
    rows = [answer("fits", 1), answer("beyond", 2, score=99, customer_id="beyond")]
    reply = call.post(rows, query="?wait=true").json()
    assert (reply["state"], reply["refused"]) == ("moved", 1)
    assert [(one["index"], one["column"]) for one in reply["errors"]] == [(1, "score")]
    assert {"fits", "beyond"} & set(scores(known)) == {"fits"}
    (waiting,) = call("GET", "/customers/beyond").json()["waiting"]
    assert "outside its scale" in waiting["refused"]
    assert not list((known.folder / "rejects").glob("*"))
    assert call("DELETE", "/customers/beyond").status == 200
    assert call("GET", "/customers/beyond").status == 404


def test_the_same_request_again_is_answered_the_same_and_does_nothing(call: Caller, known: Workspace) -> None:
    body, key = {"rows": [answer(None), answer(None)]}, "order-17"
    before = len(scores(known))
    first = call("POST", "/facts/response", body, Idempotency_Key=key)
    assert first.status == 202
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda _: call("POST", "/facts/response", body, Idempotency_Key=key), range(8)))
    assert {(one.status, one.body) for one in again} == {(202, first.body)}
    until(lambda: call("GET", first.headers["Location"].removeprefix("/api/v1")).json()["state"] == "moved")
    assert call("POST", "/facts/response", body, Idempotency_Key=key).body == first.body
    assert len(scores(known)) == before + 2
    other = call("POST", "/facts/response", {"rows": [answer("other")]}, Idempotency_Key=key)
    assert other.status == 422 and "another body" in other.json()["detail"]
    assert call("POST", "/facts/ticket", body, Idempotency_Key=key).status == 422


def test_many_who_send_the_same_key_at_once_make_one_batch(call: Caller) -> None:
    def send(_: int) -> bytes:
        return call("POST", "/facts/response", {"rows": [answer(None)]}, Idempotency_Key="at-once").body

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(8)))) == 1


BROKEN = [
    ("not json", b'{"rows": [', "application/json", 400),
    ("no rows", b"{}", "application/json", 422),
    ("empty rows", b'{"rows": []}', "application/json", 422),
    ("infinite", b'{"rows": [{"id": "1", "score": NaN}]}', "application/json", 400),
    ("too deep", b"[" * 100_000, "application/json", 400),
    ("not lines", b'{"id": "1"}\n{', "application/x-ndjson", 422),
    ("not arrow", b"hello", "application/vnd.apache.arrow.stream", 400),
    ("not parquet", b"hello", "application/vnd.apache.parquet", 400),
    ("a table", b"a,b\n1,2", "text/csv", 415),
    ("nothing said", b"{}", "application/octet-stream", 415),
    ("half a character", b'{"rows": [{"id": "\\ud800", "submitted_at": "2026-01-01", "kind": "nps"}]}', "application/json", 422),
    ("too large", b'{"rows": [' + b" " * (1 << 20) + b"]}", "application/json", 413),
    ("too many", json.dumps([{}] * 50_001).encode(), "application/json", 413),
]


@pytest.mark.parametrize(("body", "kind", "status"), [one[1:] for one in BROKEN], ids=[one[0] for one in BROKEN])
def test_a_body_that_cannot_be_taken_is_a_problem(call: Caller, body: bytes, kind: str, status: int) -> None:
    reply = call("POST", "/facts/response", body, Content_Type=kind)
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json"), reply.body
    assert reply.json()["status"] == status and reply.json()["detail"] and reply.json()["title"]


def test_a_packed_body_that_unpacks_to_too_much_is_refused(call: Caller) -> None:
    bomb = gzip.compress(b" " * (50 << 20))
    assert call("POST", "/facts/response", bomb, Content_Encoding="gzip").status == 413
    assert call("POST", "/facts/response", b"{}", Content_Encoding="gzip").status == 400
    assert call("POST", "/facts/response", b"{}", Content_Encoding="br").status == 415
    many = pa.table({"id": pa.array(["x" * 1000]).dictionary_encode().take(pa.array([0] * 49_000))})
    out = io.BytesIO()
    pq.write_table(many, out)
    assert len(out.getvalue()) < 100_000
    assert call("POST", "/facts/response", out.getvalue(), Content_Type="application/vnd.apache.parquet").status == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/kpis/npss", 404),
        ("POST", "/facts/responses", 404),
        ("GET", f"/facts/batches/{uuid.UUID(int=0)}", 404),
        ("GET", "/facts/batches/none", 422),
        ("GET", "/customers/nobody", 404),
        ("PUT", "/kpis", 405),
        ("GET", "/facts/response", 405),
        ("GET", "/measure", 422),
        ("GET", "/measure?metric=npss", 422),
        ("GET", "/measure?metric=nps&from=0001-01-01", 422),
        ("GET", "/measure?metric=nps&grain=century", 422),
        ("GET", "/measure?metric=nps&where=;drop", 422),
        ("GET", "/kpis?cursor=nonsense", 422),
        ("GET", "/kpis?limit=0", 422),
    ],
)
def test_every_error_is_a_problem(call: Caller, method: str, path: str, status: int) -> None:
    reply = call(method, path, b"{}" if method == "POST" else None)
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json"), reply.body
    assert reply.json()["status"] == status
    if status == 405:
        assert reply.headers["Allow"]


def test_without_a_key_nothing_is_told(served: Running, call: Caller) -> None:
    for key in ("", "polso_wrong"):
        reply = Caller(served.url, key)("GET", "/kpis")
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert reply.headers["Content-Type"] == "application/problem+json"
    reader = Caller(served.url, key_for(served.folder, scopes=("read",)))
    assert reader.post([answer("r")]).status == 403
    assert reader("DELETE", "/customers/c-1").status == 403


def test_a_list_is_walked_with_its_cursor(call: Caller) -> None:
    whole = [one["key"] for one in call("GET", "/kpis").json()["kpis"]]
    path, walked, pages = "/kpis?limit=25", [], 0
    while path:
        reply = call("GET", path)
        walked += [one["key"] for one in reply.json()["kpis"]]
        link = reply.headers.get("Link", "")
        assert bool(link) == bool(reply.json()["next"])
        path, pages = link.partition(">")[0].removeprefix("</api/v1"), pages + 1
    assert walked == whole and pages == -(-len(whole) // 25)
    first = call("GET", "/facts/batches?limit=2").json()
    second = call("GET", f"/facts/batches?limit=2&cursor={first['next']}").json()
    assert not {one["id"] for one in first["batches"]} & {one["id"] for one in second["batches"]}
    assert {one["id"] for one in call("GET", "/dashboards").json()["dashboards"]} > {"executive", "service"}


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    slow = Running(tmp_path / "shop", "--web", POLSO_RATE="30")
    try:
        slow.ready()
        call, other = (Caller(slow.url, key_for(slow.folder)) for _ in range(2))
        replies = [call("GET", "/entities") for _ in range(32)]
        assert [one.status for one in replies[:30]] == [200] * 30
        assert replies[-1].status == 429 and replies[-1].headers["Content-Type"] == "application/problem+json"
        assert 1 <= int(replies[-1].headers["Retry-After"]) <= 4
        assert other("GET", "/entities").status == 200
    finally:
        slow.stop()


def test_a_customer_is_erased_from_the_inbox_too(call: Caller, served: Running) -> None:
    rows = [answer("e1", customer_id="zz-erased-person"), answer("e2", score=99, customer_id="zz-erased-person")]
    assert call.post(rows).status == 202
    erased = call("DELETE", "/customers/zz-erased-person")
    assert erased.status == 200 and erased.json()["rows"] == {"response": 1} and erased.json()["left"] == 0
    assert call("GET", "/customers/zz-erased-person").status == 404
    for path in (served.folder / "site").glob("site.sqlite3*"):
        assert b"zz-erased-person" not in path.read_bytes(), path


def test_the_counts_are_for_keys_and_for_this_machine(served: Running, call: Caller) -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    url = f"{served.url}/health/metrics"
    with urlopen(url) as reply:
        text = reply.read().decode()
    assert "polso_inbox_waiting_rows " in text and "# TYPE polso_jobs_pending gauge" in text
    with pytest.raises(HTTPError, match="401") as refused:
        urlopen(Request(url, headers={"X-Forwarded-For": "203.0.113.9"}))
    refused.value.close()
    with urlopen(Request(url, headers={"X-Forwarded-For": "203.0.113.9", "Authorization": f"Bearer {call.key}"})) as reply:
        assert reply.status == 200


def test_the_description_holds_and_names_no_other_host(served: Running, call: Caller) -> None:
    document = call("GET", "/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["summary"] and {"401", "422", "429"} <= set(operation["responses"])
    page = call("GET", "/docs").body.decode()
    assert "http" not in page.replace("http-", "") and "/static/ninja/swagger-ui-bundle.js" in page
