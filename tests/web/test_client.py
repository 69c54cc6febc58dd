"""A program somewhere else, with nothing but Python: the client against a site that is served."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from posting import Running, answer, key_for

from polso.client import Client, ClientError
from polso.workspace import Workspace


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("client") / "shop", "", POLSO_RATE="100000")
    running.ready()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def client(served: Running) -> Client:
    return Client(served.url, key_for(served.folder))


def test_rows_sent_are_in_the_kpis_when_load_returns(served: Running, client: Client) -> None:
    loaded = client.load("response", [answer(f"a-{n}", n, score=10 if n < 40 else 0) for n in range(60)], wait=True)
    assert (loaded.rows, loaded.refused, len(loaded.batches)) == (60, 0, 1)
    own = Workspace(served.folder).measure("responses", by="kind", compare="none")["responses"]
    (found,) = client.measure("responses", by="kind", compare="none")
    assert found["rows"][0]["value"] == own.rows[0].estimate.value == 60
    (days,) = client.measure("responses", grain="day", start=date(2026, 10, 1), end="2026-10-02", where="score = 10")
    assert [row["value"] for row in days["rows"]] == [40]


@pytest.mark.parametrize("kind", ["pandas", "arrow"])
def test_a_table_is_sent_as_it_is_without_what_is_missing(client: Client, kind: str) -> None:
    rows: dict[str, list[Any]] = {
        "id": [f"{kind}-{n}" for n in range(8)],
        "submitted_at": ["2026-09-01T10:00:00Z"] * 8,
        "kind": ["csat"] * 8,
    }
    rows |= {"score": [4.0, None] * 4, "scale_min": [1.0] * 8, "scale_max": [5.0] * 8, "channel": [kind] * 8}
    rows["score"][1] = rows["score"][3] = 5.0
    loaded = client.load("response", pd.DataFrame(rows) if kind == "pandas" else pa.table(rows), wait=True)
    assert (loaded.rows, loaded.refused) == (8, 0)
    (found,) = client.measure("responses", where=f"channel = '{kind}'", compare="none")
    assert found["rows"][0]["value"] == 6


def test_many_rows_are_sent_in_parts_and_the_same_again_changes_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polso.client.ROWS_AT_ONCE", 100)
    rows = [answer(None, n, channel="parts") for n in range(250)]
    first = client.load("response", rows, wait=True, idempotency_key="monday")
    again = client.load("response", rows, wait=True, idempotency_key="monday")
    assert len(first.batches) == 3 and again.batches == first.batches
    (found,) = client.measure("responses", where="channel = 'parts'", compare="none")
    assert found["rows"][0]["value"] == 250
    assert client.batch(first.batches[0])["state"] == "moved"


def test_what_is_wrong_is_told_by_row_and_column(client: Client) -> None:
    with pytest.raises(ClientError) as told:
        client.load("response", [answer("fine"), answer("bad", score="many")])  # type: ignore[arg-type]
    assert told.value.status == 422
    assert [(one["index"], one["column"]) for one in told.value.errors] == [(1, "score")]
    with pytest.raises(ClientError, match="did you mean 'response'"):
        client.load("respons", [answer("x")])
    with pytest.raises(ClientError, match="a dictionary of columns and values"):
        client.load("response", ["x"])


def test_the_catalogue_is_read_to_its_end(client: Client, served: Running) -> None:
    assert {one["key"] for one in client.kpis()} == {metric.key for metric in Workspace(served.folder).catalogue}
    assert client.kpi("nps")["formula"] == "100 * (share(score >= 9) - share(score <= 6))"


def test_a_customer_takes_everything_along_and_is_erased(client: Client) -> None:
    client.load("response", [answer("mine", customer_id="leaving") | {"comment": "goodbye"}], wait=True)
    assert "goodbye" in str(client.export("leaving"))
    assert client.erase("leaving")["response"] == 1
    with pytest.raises(ClientError) as told:
        client.export("leaving")
    assert told.value.status == 404


def test_a_wrong_key_and_a_server_that_is_not_there_are_told_apart(served: Running) -> None:
    with pytest.raises(ClientError) as told:
        Client(served.url, "polso_wrong").measure("nps")
    assert told.value.status == 401
    with pytest.raises(ClientError, match="does not answer") as told:
        Client("http://127.0.0.1:9", "x", tries=1).measure("nps")
    assert told.value.status is None
    with pytest.raises(ClientError, match="is no address"):
        Client("polso.example.com", "x")


def test_a_server_that_asks_for_patience_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("polso.client.time.sleep", pauses.append)
    answers = [(429, {"Retry-After": "7"}), (503, {}), (200, {})]

    class Busy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers = answers.pop(0)
            body = b'{"answers": []}'
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert Client(f"http://127.0.0.1:{server.server_port}", "x").measure("nps") == []
        server.shutdown()
    assert pauses[0] == 7 and 0.5 <= pauses[1] <= 1.0
