"""Serve the site: `polso serve`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import django
from django.core.management import call_command
from filelock import FileLock
from granian import Granian
from granian.constants import Interfaces


def main() -> None:
    """Bring the site's database up to date, under a lock, then serve."""
    parser = argparse.ArgumentParser(prog="polso serve")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--threads", type=int, default=8)
    asked = parser.parse_args()
    asked.workspace.mkdir(parents=True, exist_ok=True)
    os.environ["POLSO_WORKSPACE"] = str(asked.workspace.resolve())
    os.environ.setdefault("POLSO_URL", f"http://{asked.host}:{asked.port}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "polso.web.settings"
    django.setup()
    prepare()
    workers = 2 if "DATABASE_URL" in os.environ else 1
    print(f"Polso is at {os.environ['POLSO_URL']}", flush=True)
    Granian(
        "polso.web.wsgi:application",
        address=asked.host,
        port=asked.port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=asked.threads,
        log_access=False,
    ).serve()


def prepare() -> None:
    """Make or upgrade the tables; only one process at a time does."""
    from django.conf import settings

    with FileLock(settings.SITE / "prepare.lock"):
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)


if __name__ == "__main__":
    main()
