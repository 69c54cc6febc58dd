"""Serve the site and do its work: `polso serve`, `polso serve --web`, `polso work`."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import django
from django.core.management import call_command
from filelock import FileLock
from granian import Granian
from granian.constants import Interfaces

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
        work(attached=asked.attached)
    elif asked.web:
        serve(asked)
    else:
        with Companion():
            serve(asked)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="polso serve")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--web", action="store_true", help="serve only; `polso work` does the rest")
    parser.add_argument("--work", action="store_true", help="work only")
    parser.add_argument("--attached", action="store_true", help="stop when standard input ends")
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


def work(attached: bool) -> None:
    """Move the inbox and do jobs until told to stop."""
    from polso.web.jobs.worker import Worker

    worker = Worker()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: worker.stop())
    if attached:
        threading.Thread(target=_until_the_end, args=(worker.stop,), daemon=True).start()
    worker.run()


def _until_the_end(stop: Callable[[], None]) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop()


class Companion:
    """The worker beside the web: started again when it dies, stopped with the web, however that ends."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> None:
        self._watch.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join(_TO_FINISH)

    def _keep(self) -> None:
        pause = _PAUSE
        while not self._over.is_set():
            begun = time.monotonic()
            # The worker reads the end of its standard input when this process is gone, killed or not.
            command = [sys.executable, "-m", "polso.web", "--work", "--attached", "--workspace", os.environ["POLSO_WORKSPACE"]]
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
                while process.poll() is None and not self._over.wait(0.2):
                    pass
                if self._over.is_set():
                    self._end(process)
                    return
            pause = _PAUSE if time.monotonic() - begun > _HELD_UP else min(pause * 2, _LONGEST_PAUSE)
            print("the worker ended and is started again", file=sys.stderr, flush=True)
            self._over.wait(pause)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(_TO_FINISH - 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
