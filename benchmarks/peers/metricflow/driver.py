"""MetricFlow as a peer: its own environment, the same files, the same questions, and its numbers held against Polso's.

MetricFlow's pins conflict with Polso's, so it lives in an environment of its own: the one that BENCH_METRICFLOW names, or
`.bench/metricflow`, made at first use. One process of it answers all questions; see `worker.py` for what is timed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

from benchmarks.measuring import Elsewhere
from polso.workspace import Workspace

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
CACHE = HERE.parents[2] / ".bench"

# Counts are the same; means and shares differ only by the order of addition; Polso's quantiles come from bins.
COUNTS = ("ticket_volume", "tickets_resolved", "responses", "visits")
MEANS, QUANTILES = 1e-9, 1e-3
BINNED = ("_p90", "_median")

Cell = tuple[str, str | None]
"""A period's first day ('' when it is all of it) and a segment."""


@dataclass(frozen=True)
class Question:
    """KPIs over a time, `end` not included, by month or not, by one dimension or none."""

    metrics: tuple[str, ...]
    start: date
    end: date
    grain: str = "all"
    by: str | None = None
    """As MetricFlow names it: `ticket__channel` is Polso's `channel`."""

    def for_metricflow(self) -> dict[str, Any]:
        """The question as the worker reads it."""
        months = [f"metric_time__{self.grain}"] if self.grain != "all" else []
        return {
            "metrics": self.metrics,
            "group_by": [*months, *([self.by] if self.by else [])],
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
        }

    def numbers(self, table: Mapping[str, Any]) -> dict[str, dict[Cell, float | None]]:
        """MetricFlow's table, by KPI and cell."""
        columns = {name: place for place, name in enumerate(table["columns"])}
        found: dict[str, dict[Cell, float | None]] = {metric: {} for metric in self.metrics}
        for row in table["rows"]:
            period = row[columns[f"metric_time__{self.grain}"]][:10] if self.grain != "all" else ""
            segment = row[columns[self.by]] if self.by else None
            for metric in self.metrics:
                found[metric][period, segment] = row[columns[metric]]
        return found

    def of_polso(self, workspace: Workspace) -> dict[str, dict[Cell, float | None]]:
        """Polso's answers, by KPI and cell."""
        by = self.by.split("__")[1] if self.by else ""
        split = (by,) if by else ()
        answers = workspace.measure(*self.metrics, by=split, grain=self.grain, start=self.start, end=self.end, compare="none")
        return {
            answer.metric: {
                (row.period[:10] if self.grain != "all" else "", row.segment[by] if by else None): row.estimate.value
                for row in answer
            }
            for answer in answers
        }


class MetricFlow:
    """A running MetricFlow over the facts of a workspace."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin and process.stdout
        self._process = process
        self._to: IO[str] = process.stdin
        self._from: IO[str] = process.stdout
        self.versions: dict[str, str] = self._reply()["versions"]

    def ask(self, questions: Sequence[Question]) -> Elsewhere:
        """Answer, timed by the other process."""
        return self._asked(questions)[0]

    def check(self, workspace: Workspace, questions: Sequence[Question]) -> int:
        """Stop unless all numbers are Polso's; how many there were."""
        checked = 0
        for question, table in zip(questions, self._asked(questions)[1], strict=True):
            checked += held(question.numbers(table), question, workspace)
        return checked

    def _asked(self, questions: Sequence[Question]) -> tuple[Elsewhere, list[dict[str, Any]]]:
        self._to.write(json.dumps([question.for_metricflow() for question in questions]) + "\n")
        self._to.flush()
        reply = self._reply()
        return Elsewhere(reply["wall_ms"], reply["cpu_ms"]), reply["tables"]

    def _reply(self) -> dict[str, Any]:
        line = self._from.readline()
        if not line:
            raise SystemExit(f"MetricFlow ended with {self._process.wait()}; what it said is above")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def metricflow(workspace: Workspace, entities: Sequence[str]) -> Iterator[MetricFlow]:
    """MetricFlow over the very files of the workspace's facts, as long as the block lasts."""
    facts = {entity: [str(file.path) for file in workspace.warehouse.snapshot(entity).files] for entity in entities}
    python = _environment()
    quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "DBT_LOG_LEVEL_FILE": "none"}
    with tempfile.TemporaryDirectory(prefix="bench-metricflow-") as folder:
        # dbt writes beside the project, so it gets a copy.
        project = shutil.copytree(HERE / "project", Path(folder) / "project")
        command = [str(python), str(HERE / "worker.py"), str(project), json.dumps({"facts": facts})]
        with subprocess.Popen(
            command, env=os.environ | quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process:
            try:
                yield MetricFlow(process)
            finally:
                # At the end of its input it ends.
                assert process.stdin
                process.stdin.close()


def _environment() -> Path:
    """The interpreter of MetricFlow's environment, made when there is none or its pins changed."""
    given = os.environ.get("BENCH_METRICFLOW")
    if given:
        return Path(given) / "bin" / "python"
    place, pins = CACHE / "metricflow", REQUIREMENTS.read_text(encoding="utf-8")
    python, done = place / "bin" / "python", place / "installed.txt"
    if not done.exists() or done.read_text(encoding="utf-8") != pins:
        print(f"making an environment for MetricFlow in {place}", file=sys.stderr)
        venv.create(place, clear=True, with_pip=True)
        (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)], check=True)
        done.write_text(pins, encoding="utf-8")
    return python


def held(theirs: Mapping[str, Mapping[Cell, float | None]], question: Question, workspace: Workspace) -> int:
    """Hold a peer's numbers against Polso's and stop unless they are the same; how many there were."""
    checked = 0
    for metric, cells in question.of_polso(workspace).items():
        if cells.keys() != theirs[metric].keys():
            raise SystemExit(f"{metric}: polso and the peer differ in {sorted(cells.keys() ^ theirs[metric].keys(), key=str)}")
        allowed = 0.0 if metric in COUNTS else QUANTILES if metric.endswith(BINNED) else MEANS
        for cell, mine in cells.items():
            other = theirs[metric][cell]
            if mine is None or other is None or abs(mine - other) > allowed * abs(other):
                raise SystemExit(f"{metric} in {cell}: polso says {mine}, the peer {other}")
            checked += 1
    return checked
