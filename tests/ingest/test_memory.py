"""A file much larger than the memory allowed is loaded all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import resource, sys
from pathlib import Path
from polso.ingest import load as loading
from polso.settings import Settings
from polso.warehouse.store import Commit

class Counting:
    # Stands in for the warehouse: only the reading and checking is measured.
    def __init__(self, folder): self.folder = folder
    from contextlib import contextmanager
    @contextmanager
    def staging(self):
        place = self.folder / "staging"; place.mkdir(parents=True); yield place
    def upsert(self, entity, staged):
        return Commit(0, sum(laid.rows for laid in staged), 0, 0)

folder, path = Path(sys.argv[1]), Path(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
report = loading.load(Counting(folder), "visit", [path], settings=Settings.load(folder))
print(report.inserted, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
ROWS = 2_000_000


def test_three_hundred_megabytes_take_less_than_one_more_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    block = "".join(
        f"2026-01-{1 + i % 28:02d} 10:{i % 60:02d}:00,{i},Returning visitor,{i}.25,organic,sale {i},true,{'x' * 65}\n"
        for i in range(20_000)
    )
    with path.open("w") as file:
        file.write("id,started_at,pageviews,segment,duration,source,campaign,converted,note\n")
        for n in range(ROWS // 20_000):
            file.write("".join(f"{n}-{i},{row}\n" for i, row in enumerate(block.splitlines())))
    assert path.stat().st_size > 280_000_000

    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "w"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    rows, megabytes = map(int, done.stdout.split())
    assert rows == ROWS
    assert megabytes < 900
