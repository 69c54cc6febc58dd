"""Serve the site and do its work: `polso serve`, `polso serve --web`, `polso work`."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connections
from filelock import FileLock
from granian import Granian
from granian.constants import Interfaces

_FORK = multiprocessing.get_context("fork")
_TO_FINISH = 40.0
_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_HELD_UP = 60.0


def main() -> None:
    """Bring the site's database up to date, under a lock, then serve, or work, or both."""
    asked = _asked()
    asked.workspace.mkdir(parents=True, exist_ok=True)
    os.environ["POLSO_WORKSPACE"] = str(asked.workspace.resolve())
    os.environ.setdefault("POLSO_URL", f"http://{asked.host}:{asked.port}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "polso.web.settings"
    django.setup()
    prepare()
    if asked.work:
        work()
        return
    # What is there now stays as it is in every process that is forked: none needs a copy of it.
    gc.collect()
    gc.freeze()
    if asked.web:
        serve(asked)
    else:
        with Companion():
            serve(asked)
    gc.unfreeze()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="polso serve")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--web", action="store_true", help="serve only; `polso work` does the rest")
    parser.add_argument("--work", action="store_true", help="work only")
    return parser.parse_args()


def prepare() -> None:
    """Make or upgrade the tables; only one process at a time does."""
    from django.conf import settings

    with FileLock(settings.SITE / "prepare.lock"):
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)


def serve(asked: argparse.Namespace) -> None:
    """Serve the site until told to stop; requests under way are finished."""
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
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=30,
    ).serve()


def work(parent: int | None = None) -> None:
    """Move the inbox and do jobs until told to stop, or until the process it belongs to is gone."""
    from polso.web.jobs.worker import Worker

    worker = Worker()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: worker.stop())
    if parent is not None:
        threading.Thread(target=_belong, args=(parent, worker.stop), daemon=True).start()
    worker.run()


def _belong(parent: int, stop: Callable[[], None]) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    stop()


class Companion:
    """The worker beside the web: started again when it dies, stopped with the web, however that ends.

    It is forked, as the web's processes are, so that all share the memory of the code.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._keep, daemon=True)
        self._worker = _FORK.Process()

    def __enter__(self) -> None:
        self._start()
        self._watch.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()
        self._worker.terminate()
        self._worker.join(_TO_FINISH)
        self._worker.kill()

    def _start(self) -> None:
        connections.close_all()
        self._begun = time.monotonic()
        self._worker = _FORK.Process(target=work, args=(os.getpid(),), daemon=True)
        self._worker.start()

    def _keep(self) -> None:
        pause = _PAUSE
        while not self._over.wait(0.2):
            if self._worker.is_alive():
                continue
            pause = _PAUSE if time.monotonic() - self._begun > _HELD_UP else min(pause * 2, _LONGEST_PAUSE)
            print("the worker ended and is started again", file=sys.stderr, flush=True)
            if not self._over.wait(pause):
                self._start()


if __name__ == "__main__":
    main()
