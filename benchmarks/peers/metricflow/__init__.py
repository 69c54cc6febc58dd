"""MetricFlow (dbt-metricflow with dbt-duckdb) over the same Parquet files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Query:
    """One question of MetricFlow: metrics, a time, and a grain or none."""

    metrics: tuple[str, ...]
    start: date
    end: date
    grain: str | None = None


@dataclass(frozen=True)
class Answered:
    """How long all the queries took together (median of the runs, one warm run before), and the rows of all of them."""

    ms: float
    cpu_ms: float
    numbers: list[dict[str, str]]


def ask(data: Path, files: dict[str, list[str]], queries: list[Query], runs: int) -> Answered:
    """Ask in a process of its own, whose start is not timed; `files` are the Parquet files of each entity."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {f"PEER_{name.upper()}": str(paths) for name, paths in files.items()}
    environment |= {"PEER_DATABASE": str((data / "metricflow.duckdb").absolute()), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    # dbt writes into its project.
    project = (data / "metricflow-project").absolute()
    shutil.copytree(HERE / "project", project, dirs_exist_ok=True)
    asked = {"runs": runs, "queries": [vars(query) | {"start": str(query.start), "end": str(query.end)} for query in queries]}
    driver = [_python(data), str(HERE / "driver.py")]
    text = json.dumps(asked)
    done = subprocess.run(driver, input=text, capture_output=True, text=True, env=environment, cwd=project, check=False)
    if done.returncode:
        raise SystemExit(f"MetricFlow failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Answered(**json.loads(done.stdout.splitlines()[-1]))


def _python(data: Path) -> str:
    """The interpreter of MetricFlow's environment, made where it is missing: its pins do not go with ours."""
    if given := os.environ.get("BENCH_METRICFLOW_PYTHON"):
        return given
    home = data / "metricflow"
    if not (home / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin" / "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
        (home / "ready").touch()
    return str(home / "bin" / "python")
