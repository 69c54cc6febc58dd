"""How things are timed: alternating with the peer, in one run, medians and their ratio."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Compared:
    """One task, ours and a peer's, in one run."""

    question: str
    ours: str
    peer: str
    ours_ms: float
    peer_ms: float
    ours_cpu_ms: float
    peer_cpu_ms: float

    @property
    def ratio(self) -> float:
        """Wall time of ours divided by the peer's."""
        return self.ours_ms / self.peer_ms


@dataclass(frozen=True)
class Elsewhere:
    """What a task took in another process, by that process's own clock."""

    wall_ms: float
    cpu_ms: float


def timed(task: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU milliseconds of one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    done = task()
    if isinstance(done, Elsewhere):
        return done.wall_ms, done.cpu_ms
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def compare(
    question: str, ours: tuple[str, Callable[[], object]], peer: tuple[str, Callable[[], object]], runs: int = 5
) -> Compared:
    """Run both in turn; medians."""
    one, two = [], []
    for _ in range(runs):
        two.append(timed(peer[1]))
        one.append(timed(ours[1]))

    def median(found: list[tuple[float, float]], place: int) -> float:
        return round(statistics.median(run[place] for run in found), 2)

    return Compared(question, ours[0], peer[0], median(one, 0), median(two, 0), median(one, 1), median(two, 1))


def write(name: str, scale: float, found: list[Compared], facts: dict[str, object] | None = None) -> None:
    """Write results with machine, date, scale and versions."""
    RESULTS.mkdir(exist_ok=True)
    libraries = ("duckdb", "pandas", "deltalake", "pyarrow", "numpy", "sqlglot")
    result = {
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {library: version(library) for library in libraries},
        "scale": scale,
        "compared": [asdict(one) | {"ratio": round(one.ratio, 3)} for one in found],
        "facts": facts or {},
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for one in found:
        print(f"{one.question:55s} {one.ours_ms:9.1f} ms  {one.peer} {one.peer_ms:9.1f} ms  ratio {one.ratio:.2f}")
