"""The site under load: an answer's way to an open dashboard, 200 pages that look for news, and what it takes in memory.

`python -m benchmarks.site [--seconds 30]` serves the demo as `polso serve` does, on loopback. One program posts 200 answers a
second, one at a time as a widget does; one dashboard reads how many answers there are; 200 pages ask whether anything changed,
each every second and a half as the real page does. An answer has arrived when the dashboard's number counts it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np

from benchmarks.measuring import write

ANSWERS_A_SECOND = 200
DASHBOARDS = 200
POSTERS = 8
PAGES = (
    "/",
    "/dashboards/service/",
    "/dashboards/sales/",
    "/kpi/",
    "/kpi/nps/?by=channel",
    "/kpi/csat/",
    "/facts/",
    "/customers/",
)
_LOOK = 1.5
_PATIENCE = 120.0
_SOMEBODY = """
import django
django.setup()
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from polso.web.accounts.models import ApiKey, Person
person = Person.objects.create_user("owner@example.org", None, role="owner")
session = SessionStore()
session.update({SESSION_KEY: str(person.pk), HASH_SESSION_KEY: person.get_session_auth_hash()})
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session.save()
print(ApiKey.cut(person, "benchmark", ["read", "write"])[1], session.session_key)
"""


@dataclass
class Seen:
    """What was measured, in seconds of one clock."""

    posted: list[float] = field(default_factory=list)
    """When each answer was sent."""
    acknowledged: list[float] = field(default_factory=list)
    """How long until it was acknowledged."""
    counted: list[tuple[float, int]] = field(default_factory=list)
    """When the dashboard showed how many."""
    looked: list[float] = field(default_factory=list)
    """How long each look for news took."""

    def arrivals(self) -> np.ndarray:
        """How long each answer took from being sent to being counted."""
        at, shown = np.array([moment for moment, _ in self.counted]), np.array([number for _, number in self.counted])
        places = np.searchsorted(np.maximum.accumulate(shown), np.arange(1, len(self.posted) + 1))
        return np.asarray(at[places] - np.sort(np.array(self.posted)))


class Connection:
    """One connection that is kept open."""

    def __init__(self, port: int, who: str) -> None:
        self.port, self.who = port, who
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Send one request; returns status, headers and body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", self.who, f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        found = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head[1:] if line)}
        status = int(head[0].split()[1])
        return status, found, await reader.readexactly(int(found.get("content-length", 0)))


async def post(connection: Connection, number: int, seconds: int, seen: Seen) -> None:
    """Answers at an even pace, this poster's share of them."""
    begun = time.perf_counter()
    for turn in range(seconds * ANSWERS_A_SECOND // POSTERS):
        await asyncio.sleep(max(begun + (turn * POSTERS + number) / ANSWERS_A_SECOND - time.perf_counter(), 0))
        row = {"submitted_at": datetime.now(UTC).isoformat(), "kind": "nps", "score": turn % 11, "survey": "benchmark"}
        body = json.dumps({"rows": [row]}).encode()
        sent = time.perf_counter()
        status, _, told = await connection.ask("POST", "/api/v1/facts/response", body, Content_Type="application/json")
        assert status == 202, told
        seen.posted.append(sent)
        seen.acknowledged.append(time.perf_counter() - sent)


async def watch(connection: Connection, total: int, seen: Seen) -> None:
    """The number on an open dashboard, read again whenever it has been read, until it counts every answer."""
    path = "/api/v1/measure?metric=responses&where=survey%20%3D%20'benchmark'&compare=none"
    shown, until = 0, time.perf_counter() + _PATIENCE
    while shown < total:
        assert time.perf_counter() < until, f"only {shown} of {total} answers arrived"
        status, _, body = await connection.ask("GET", path)
        assert status == 200, body
        before, shown = shown, int(json.loads(body)["answers"][0]["rows"][0]["value"] or 0)
        seen.counted.append((time.perf_counter(), shown))
        until = time.perf_counter() + _PATIENCE if shown > before else until
        await asyncio.sleep(0.1)


async def look(connection: Connection, number: int, over: asyncio.Event, seen: Seen) -> None:
    """A page that asks whether anything changed."""
    await asyncio.sleep(_LOOK * number / DASHBOARDS)
    version = ""
    while not over.is_set():
        begun = time.perf_counter()
        status, headers, _ = await connection.ask("GET", "/kpi/changed", If_None_Match=version)
        assert status in (200, 304)
        version = headers.get("etag", "")
        seen.looked.append(time.perf_counter() - begun)
        await asyncio.sleep(_LOOK)


async def crowd(port: int, key: str, session: str, seconds: int) -> Seen:
    """Everybody at once."""
    seen, over = Seen(), asyncio.Event()
    program, person = f"Authorization: Bearer {key}", f"Cookie: sessionid={session}"
    pages = [asyncio.create_task(look(Connection(port, person), number, over, seen)) for number in range(DASHBOARDS)]
    posters = [post(Connection(port, program), number, seconds, seen) for number in range(POSTERS)]
    total = seconds * ANSWERS_A_SECOND // POSTERS * POSTERS
    await asyncio.gather(watch(Connection(port, program), total, seen), *posters)
    over.set()
    await asyncio.gather(*pages)
    return seen


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, int]]:
    """The demo, served; yields the port and the process."""
    polso = [sys.executable, "-m", "polso.cli", "--workspace", str(folder)]
    # pandas is no part of Polso; where tests brought it along, pyarrow would load it.
    without = folder.parent / "without"
    without.mkdir()
    (without / "pandas.py").write_text("raise ImportError")
    settings = {**os.environ, "POLSO_RATE": "1000000", "PYTHONPATH": str(without)}
    subprocess.run([*polso, "demo"], check=True, stdout=subprocess.DEVNULL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with subprocess.Popen([*polso, "serve", "--port", str(port)], env=settings) as process:
        try:
            until = time.monotonic() + _PATIENCE
            while not _alive(port):
                assert time.monotonic() < until and process.poll() is None
                time.sleep(0.2)
            yield port, process.pid
        finally:
            process.terminate()


def _alive(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def memory(process: int) -> int:
    """MB of a process and all it started, what they share counted once (PSS)."""
    found = [process]
    for one in found:
        for task in Path(f"/proc/{one}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    lines = [line for one in found for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) >> 10


async def browse(port: int, session: str) -> None:
    """Look at some pages, as somebody does in the morning."""
    connection = Connection(port, f"Cookie: sessionid={session}")
    for path in PAGES:
        status, _, _ = await connection.ask("GET", path)
        assert status == 200, path


def main() -> None:
    """Serve, crowd, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "shop") as (port, process):
        settings = {**os.environ, "POLSO_WORKSPACE": f"{folder}/shop", "DJANGO_SETTINGS_MODULE": "polso.web.settings"}
        made = subprocess.run([sys.executable, "-c", _SOMEBODY], env=settings, check=True, capture_output=True, text=True)
        key, session = made.stdout.split()
        asyncio.run(browse(port, session))
        quiet = memory(process)
        seen = asyncio.run(crowd(port, key, session, seconds))
        busy = memory(process)
    facts: dict[str, object] = {"answers posted": len(seen.posted), "a second": ANSWERS_A_SECOND, "open pages": DASHBOARDS}
    for name, found in (
        ("acknowledged after", np.array(seen.acknowledged)),
        ("on an open dashboard after", seen.arrivals()),
        ("a dashboard's look for news", np.array(seen.looked)),
    ):
        middle, late, last = np.quantile(found, [0.5, 0.99, 1])
        facts[name] = f"median {middle * 1000:.0f} ms, p99 {late * 1000:.0f} ms, longest {last * 1000:.0f} ms"
    facts |= {"MB in all after some pages of the demo (PSS)": quiet, "MB in all after the crowd (PSS)": busy}
    write("site", 1, [], facts)
    for name, value in facts.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
