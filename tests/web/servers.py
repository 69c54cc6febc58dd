"""The real server of a workspace, and a real PostgreSQL for those sites that keep their accounts there."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from browsing import Client

PATIENCE = 60.0


@dataclass(frozen=True)
class Site:
    """A server that runs."""

    url: str
    folder: Path
    log: Path
    database: str = ""
    """The address of its PostgreSQL; SQLite without one."""

    def client(self, language: str = "en") -> Client:
        return Client(self.url, language)

    def errors(self) -> list[str]:
        """What the server wrote down as errors."""
        return [line for line in self.log.read_text().splitlines() if '"level": "error"' in line]

    def say(self, statement: str) -> None:
        """Change the site's own tables, for what would otherwise take weeks."""
        if self.database:
            with psycopg.connect(self.database, autocommit=True) as connection:
                connection.execute(statement.encode())
            return
        import sqlite3

        connection = sqlite3.connect(self.folder / "site" / "site.sqlite3", timeout=20)
        try:
            with connection:
                connection.execute(statement)
        finally:
            connection.close()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def serving(folder: Path, database: str = "", **settings: str) -> Iterator[Site]:
    """Serve a workspace as `polso serve` does; a warning of Python's is an error."""
    port = free_port()
    unset = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "POLSO_URL", "POLSO_SECRET", "POLSO_WORKSPACE")
    known = {name: value for name, value in os.environ.items() if name not in unset}
    known |= {"PYTHONWARNINGS": "error", **settings} | ({"DATABASE_URL": database} if database else {})
    log = folder.parent / f"{folder.name}.log"
    site = Site(f"http://127.0.0.1:{port}", folder, log, database)
    command = [sys.executable, "-m", "polso.web", "--workspace", str(folder), "--port", str(port), "--threads", "4"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=known, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_for(site, process)
            yield site
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(site: Site, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            if site.client().get("/health/live").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer:\n{site.log.read_text()[-3000:]}")


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL that nobody else knows of; yields the address of its server."""
    folder = Path(tempfile.mkdtemp(prefix="polso-pg-"))
    other = {}
    if os.geteuid() == 0:
        # PostgreSQL does not run as root.
        somebody = next(one for one in pwd.getpwall() if one.pw_name in ("postgres", "nobody"))
        os.chown(folder, somebody.pw_uid, somebody.pw_gid)
        other = {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
    data = folder / "data"
    try:
        make = [_program("initdb"), "-D", str(data), "-U", "polso", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd=folder, **other)
        run = [_program("postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(run, stdout=log, stderr=subprocess.STDOUT, cwd=folder, **other)
        try:
            address = f"postgres://polso@{quote(str(folder), safe='')}"
            _wait_for_postgres(address, process)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
    finally:
        shutil.rmtree(folder)


def _program(name: str) -> str:
    found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default="")
    assert found, f"{name} of PostgreSQL is missing: run scripts/install-postgres.sh"
    return found


def _wait_for_postgres(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            psycopg.connect(f"{address}/postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError("PostgreSQL does not start")


def new_database(server: str, name: str) -> str:
    """Make a database; returns its address."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    return f"{server}/{name}"
