"""The site, for tests: in this process for questions of rights, as a real server for everything else."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import pytest

from web.facts import fill

# Django reads its settings once, when it is first imported: the workspace must be known before.
_FOLDER = Path(tempfile.mkdtemp(prefix="polso-site-"))
os.environ["POLSO_WORKSPACE"] = str(_FOLDER)
os.environ["DJANGO_SETTINGS_MODULE"] = "polso.web.settings"
os.environ.pop("DATABASE_URL", None)
# Playwright keeps an event loop in this thread, in which nothing of Django runs.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PASSWORD = "four words in a row"
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A workspace with facts, served by nobody yet."""
    fill(_FOLDER)
    yield _FOLDER
    shutil.rmtree(_FOLDER, ignore_errors=True)


@pytest.fixture(scope="session")
def django(folder: Path) -> Any:
    """Django, set up in this process, with its tables made."""
    import django

    from polso.web.__main__ import prepare

    django.setup()
    prepare()
    from django.test.utils import setup_test_environment

    setup_test_environment()
    return django


@pytest.fixture(scope="session")
def people(django: Any) -> dict[str, Any]:
    """One person of each role; the manager sees the north, the operator is Ada."""
    from polso.web.accounts.models import Person

    limits = {
        "manager": {"limit_column": "team", "limit_values": ["north"]},
        "operator": {"limit_column": "agent", "limit_values": ["ada"]},
    }
    made = {}
    for role in ("owner", "analyst", "manager", "operator", "executive"):
        email = f"{role}@example.com"
        found = Person.objects.filter(email=email).first()
        made[role] = found or Person.objects.create_user(email, PASSWORD, role=role, name=role, **limits.get(role, {}))
    return made


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[str]:
    """The real server over a workspace; its address."""
    port = free_port()
    own = {name: value for name, value in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "POLSO_WORKSPACE")}
    command = [sys.executable, "-m", "polso.web", "--workspace", str(folder), "--port", str(port)]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=own | environment, stdout=log, stderr=log)
        try:
            _until_it_answers(f"http://127.0.0.1:{port}", server, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _attempt in range(300):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the server did not come up:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def site(people: dict[str, Any], folder: Path) -> Iterator[str]:
    """A real server over the workspace that the people of each role can sign in to."""
    with serving(folder) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "Chromium is missing: scripts/install-browser.sh installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database in a PostgreSQL cluster of its own."""
    found = shutil.which("initdb") or next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)
    assert found, "PostgreSQL is missing: scripts/install-postgres.sh installs it"
    programs = Path(found).resolve().parent
    home = Path(tempfile.mkdtemp(prefix="polso-pg-"))
    # PostgreSQL does not run as root.
    user: dict[str, Any] = {"user": "postgres", "cwd": str(home)} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(home, "postgres")
    quiet: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **user}
    subprocess.run([programs / "initdb", "-D", home / "data", "-U", "polso", "-A", "trust", "-E", "UTF8"], **quiet)
    port = free_port()
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
    subprocess.run([programs / "pg_ctl", "-D", home / "data", "-w", "-o", options, "-l", home / "log", "start"], **quiet)
    try:
        subprocess.run([programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "polso", "polso"], **quiet)
        yield f"postgres://polso@127.0.0.1:{port}/polso"
    finally:
        subprocess.run([programs / "pg_ctl", "-D", home / "data", "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(home, ignore_errors=True)
