"""What the tests of the API share: sites with an owner and a key, calls, rows."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from servers import PATIENCE, free_port

from polso.workspace import Workspace

START = datetime(2026, 10, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Caller:
    """A program with a key."""

    url: str
    key: str

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(method, "/api/v1" + path, data, {name: value for name, value in sent.items() if value})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def post(self, rows: list[Any], entity: str = "response", query: str = "", **headers: str) -> Reply:
        return self("POST", f"/facts/{entity}{query}", {"rows": rows}, **headers)


def answer(id_: str | None, place: int = 0, score: float = 9, **more: Any) -> dict[str, Any]:
    moment = (START + timedelta(minutes=place)).isoformat()
    row = {"submitted_at": moment, "kind": "nps", "score": score, "customer_id": f"c-{place % 50}", **more}
    return row if id_ is None else {"id": id_, **row}


def scores(workspace: Workspace) -> dict[str, float]:
    """Every answer in the warehouse; an id that is there twice fails."""
    import pyarrow.parquet as pq

    found: dict[str, float] = {}
    for file in workspace.warehouse.snapshot("response").files:
        for row in pq.ParquetFile(file.path).read(columns=["id", "score"]).to_pylist():
            assert row["id"] not in found, f"{row['id']} is there twice"
            found[row["id"]] = row["score"]
    return found


def until(true: Callable[[], Any], patience: float = 20.0) -> Any:
    """Wait for something to come true."""
    end = time.monotonic() + patience
    while not (found := true()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)
    return found


def key_for(folder: Path, role: str = "owner", scopes: tuple[str, ...] = ("read", "write"), database: str = "") -> str:
    """Make a person and a key of theirs in a site's own tables."""
    script = f"""
import django, uuid
django.setup()
from polso.web.accounts.models import ApiKey, Person
person = Person.objects.create_user(f"{{uuid.uuid4().hex}}@example.org", None, role="{role}")
print(ApiKey.cut(person, "tests", {list(scopes)!r})[1])
"""
    env = {**os.environ, "POLSO_WORKSPACE": str(folder), "DJANGO_SETTINGS_MODULE": "polso.web.settings"}
    env |= {"DATABASE_URL": database} if database else {}
    made = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    return made.stdout.strip()


class Running:
    """One part of a site, in a process group of its own, that can be killed and started again."""

    def __init__(self, folder: Path, part: str, port: int | None = None, **settings: str) -> None:
        self.folder, self.part = folder, part
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        unset = ("DJANGO_SETTINGS_MODULE", "POLSO_URL", "POLSO_WORKSPACE", "DATABASE_URL")
        self._settings = {name: value for name, value in os.environ.items() if name not in unset} | settings
        self.log = folder.parent / f"{folder.name}-{part.strip('-') or 'both'}.log"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "polso.web", "--workspace", str(self.folder), "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *([self.part] if self.part else [])],
                env=self._settings | {"PYTHONWARNINGS": "error"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ready(self) -> None:
        def alive() -> bool:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                with closing(connection):
                    connection.request("GET", "/health/live")
                    return connection.getresponse().status == 200
            return False

        until(alive, PATIENCE)

    def kill(self) -> None:
        """Everything of it at once, without a word."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """As a system does that shuts down."""
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.kill()


def work(folder: Path, database: str, begun: Event) -> None:
    """What `polso work` does, in a process that is there at once."""
    os.environ |= {"POLSO_WORKSPACE": str(folder), "DJANGO_SETTINGS_MODULE": "polso.web.settings"}
    if database:
        os.environ["DATABASE_URL"] = database
    import django

    django.setup()
    from polso.web.jobs.worker import Worker

    begun.set()
    Worker().run()
