"""How much memory a load and a dashboard take at their peak."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.load import COLUMNS
from benchmarks.measuring import write
from polso.engines.duckdb import connect

_PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
_LOAD = "from polso.workspace import Workspace; from pathlib import Path; Workspace({folder!r}).load('response', Path({file!r}))"
_ASK = """
from datetime import date
from benchmarks.warm import *
Workspace({folder!r}).measure(*TICKETS, *ANSWERS, *VISITS, start=NOW[0], end=NOW[1])
"""


def run(data: Path, scale: float) -> None:
    """Each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.csv"
        with connect() as work:
            work.execute(f"copy (select {COLUMNS} from read_parquet('{data}/raw/response-*.parquet')) to '{file}' (header)")  # noqa: S608
        loaded = _peak(_LOAD.format(folder=f"{folder}/w", file=str(file)))
        asked = _peak(_ASK.format(folder=str(data / "workspace")))
        size = file.stat().st_size >> 20
    write("memory", scale, [], {f"peak MB of loading a CSV of {size} MB": loaded, "peak MB of the dashboard": asked})


def _peak(program: str) -> int:
    done = subprocess.run([sys.executable, "-c", f"{program}\n{_PEAK}"], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])
