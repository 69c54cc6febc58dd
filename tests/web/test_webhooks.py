"""Other programs are told what happened: signed, tried again, never into the own network."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from posting import Caller, Running, answer, key_for, until

from polso.web.webhooks.outgoing import AddressError, check, signature

Message = tuple[dict[str, str], bytes]


class Receiver:
    """A program that is told: it keeps what came and answers as it is bidden."""

    def __init__(self) -> None:
        self.came: list[Message] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append(({name.lower(): text for name, text in self.headers.items()}, body))
                status, more = receiver.answers.pop(0) if receiver.answers else (200, {})
                self.send_response(status)
                for name, text in more.items():
                    self.send_header(name, text)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/polso?from=shop"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self, event: str) -> list[dict[str, Any]]:
        """The messages of a kind, as they were meant."""
        return [found for _, body in self.came if (found := json.loads(body))["type"] == event]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("webhooks") / "shop", "", POLSO_RATE="100000", POLSO_WEBHOOKS_LOCAL="1")
    running.ready()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def call(served: Running) -> Caller:
    return Caller(served.url, key_for(served.folder))


@pytest.fixture
def receiver(call: Caller) -> Iterator[Receiver]:
    with receiving() as one:
        yield one
    for webhook in call("GET", "/webhooks").json()["webhooks"]:
        call("DELETE", f"/webhooks/{webhook['id']}")


@pytest.fixture
def wanting(call: Caller, receiver: Receiver) -> Callable[..., dict[str, Any]]:
    def want(*events: str) -> dict[str, Any]:
        made = call("POST", "/webhooks", {"url": receiver.url, "events": list(events)})
        assert made.status == 201, made.body
        found: dict[str, Any] = made.json()
        return found

    return want


def deliveries(call: Caller, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call("GET", f"/webhooks/{webhook['id']}/deliveries").json()["deliveries"]
    return found


def test_a_signature_is_that_of_the_standard() -> None:
    # Computed with `openssl dgst -sha256 -hmac` over "id.timestamp.body".
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_answer_that_was_posted_is_told_with_its_ids_only(
    call: Caller, receiver: Receiver, wanting: Callable[..., dict[str, Any]]
) -> None:
    webhook = wanting("answer.received", "load.finished", "kpi.changed")
    assert call.post([answer("w-1", comment="secret words"), answer("w-2", 1)], query="?wait=true").status == 200
    until(lambda: receiver.told("answer.received") and receiver.told("load.finished") and receiver.told("kpi.changed"))
    (told,) = receiver.told("answer.received")
    assert told["data"]["ids"] == ["w-1", "w-2"] and told["data"]["answers"] == 2
    assert receiver.told("load.finished")[0]["data"]["entity"] == "response"
    assert all(b"secret words" not in body for _, body in receiver.came)
    for headers, body in receiver.came:
        at = int(headers["webhook-timestamp"])
        assert abs(at - time.time()) < 60
        assert headers["webhook-signature"] == signature(webhook["secret"], headers["webhook-id"], at, body)
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == len(receiver.came)
    until(lambda: all(one["state"] == "delivered" for one in deliveries(call, webhook)))


def test_a_message_that_failed_is_tried_again_and_is_the_same(
    call: Caller, receiver: Receiver, wanting: Callable[..., dict[str, Any]]
) -> None:
    webhook = wanting("answer.received")
    receiver.answers = [(500, {})]
    assert call("POST", f"/webhooks/{webhook['id']}/try").status == 202
    until(lambda: len(receiver.came) == 1)
    (one,) = until(lambda: [one for one in deliveries(call, webhook) if one["attempts"] == 1 and one["problem"]])
    assert (one["state"], one["answer"], one["problem"]) == ("waiting", 500, "the endpoint answered 500")
    until(lambda: len(receiver.came) == 2)
    assert receiver.came[0][0]["webhook-id"] == receiver.came[1][0]["webhook-id"] and receiver.came[0][1] == receiver.came[1][1]
    until(lambda: deliveries(call, webhook)[0]["state"] == "delivered")


def test_a_place_that_is_gone_is_told_nothing_more(
    call: Caller, receiver: Receiver, wanting: Callable[..., dict[str, Any]]
) -> None:
    webhook = wanting("answer.received")
    receiver.answers = [(410, {})]
    call("POST", f"/webhooks/{webhook['id']}/try")
    until(lambda: call("GET", "/webhooks").json()["webhooks"][0]["stopped_at"])
    assert deliveries(call, webhook)[0]["state"] == "failed"
    call.post([answer("w-gone")], query="?wait=true")
    assert len(receiver.came) == 1


def test_nobody_is_led_on_to_another_address(call: Caller, receiver: Receiver, wanting: Callable[..., dict[str, Any]]) -> None:
    with receiving() as other:
        webhook = wanting("answer.received")
        receiver.answers = [(302, {"Location": other.url})]
        call("POST", f"/webhooks/{webhook['id']}/try")
        (one,) = until(lambda: [one for one in deliveries(call, webhook) if one["answer"]])
        assert (one["answer"], one["state"]) == (302, "waiting")
        assert other.came == []


def test_a_killed_site_sends_what_it_still_owes(
    served: Running, call: Caller, receiver: Receiver, wanting: Callable[..., dict[str, Any]]
) -> None:
    webhook = wanting("answer.received")
    receiver.answers = [(503, {})] * 3
    for number in range(3):
        assert call.post([answer(f"k-{number}")], query="?wait=true").status == 200
    served.kill()
    served.start()
    served.ready()
    owed = {f"k-{number}" for number in range(3)}
    until(lambda: {id_ for told in receiver.told("answer.received") for id_ in told["data"]["ids"]} == owed, 60)
    until(lambda: [one["state"] for one in deliveries(call, webhook)] == ["delivered"] * 3, 60)
    ids = [headers["webhook-id"] for headers, _ in receiver.came]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.168.1.1/",
        "https://0.0.0.0/",
        "https://localhost/",
        "https://user:word@1.1.1.1/",
        "https://1.1.1.1/a b",
        "https://1.1.1.1:99999/",
        "ftp://1.1.1.1/",
        "nothing",
    ],
)
def test_messages_do_not_go_into_the_own_network(url: str) -> None:
    with pytest.raises(AddressError):
        check(url)
    check("https://1.1.1.1/polso")


def test_a_private_address_is_refused_by_the_api_as_well(tmp_path: Any) -> None:
    strict = Running(tmp_path / "strict", "--web")
    try:
        strict.ready()
        caller = Caller(strict.url, key_for(strict.folder))
        reply = caller("POST", "/webhooks", {"url": "https://127.0.0.1/", "events": ["kpi.changed"]})
        assert reply.status == 422 and "not a public address" in reply.json()["detail"]
        assert Caller(strict.url, key_for(strict.folder, "executive"))("GET", "/webhooks").status == 403
    finally:
        strict.kill()
