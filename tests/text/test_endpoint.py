"""A reader elsewhere: masked before it is asked, and stood in for when it does not answer well."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from polso.text import Text
from polso.text.builtin import Fast
from polso.text.endpoint import Endpoint


@contextmanager
def standing_in(content: str) -> Iterator[tuple[str, list[str]]]:
    """A server that always answers the same, and what it was sent."""
    sent: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"choices": [{"message": {"content": content}}]}).encode())

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_personal_data_never_leaves() -> None:
    answer = json.dumps({"readings": [{"label": "negative", "sentiment": -80, "confidence": 0.9}]})
    with standing_in(answer) as (url, sent):
        found = Endpoint(url, "far", Fast()).read([Text("Scrivete a ada@example.com"), Text("")])
    assert found[0] and (found[0].label, found[0].sentiment, found[0].model) == ("negative", -80.0, "far")
    assert found[1] is None
    assert "ada@example.com" not in sent[0] and "[email]" in sent[0]


def test_the_built_in_reader_stands_in_when_the_answer_is_nonsense() -> None:
    with standing_in("I am happy to help!") as (url, sent):
        found = Endpoint(url, "far", Fast(), tries=2, pause=0.01).read([Text("Ottimo servizio, grazie!")])
    assert len(sent) == 2
    assert found[0] and (found[0].model, found[0].label) == ("fast", "positive")
