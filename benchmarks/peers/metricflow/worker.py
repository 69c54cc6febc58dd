"""Answers questions with MetricFlow, in the environment of MetricFlow: `python worker.py PROJECT VARS`.

Reads one line of JSON per task from standard input (a list of questions), writes one line of JSON per task: the answers, and
the wall and CPU milliseconds they took by this process's own clock. The interpreter, the imports, the views and the parsed
project are there before the first task; planning, SQL and fetching are inside the time.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest

LIBRARIES = ("dbt-metricflow", "metricflow", "dbt-core", "dbt-duckdb", "duckdb")


def main() -> None:
    """Make the views, then answer until there are no more tasks."""
    project, variables = Path(sys.argv[1]), sys.argv[2]
    # What dbt prints goes elsewhere: standard output carries answers only.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.chdir(project)
    engine = _engine(project, variables)
    _reply(replies, {"versions": {library: version(library) for library in LIBRARIES}})
    for line in sys.stdin:
        questions = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        tables = [_table(engine, question) for question in questions]
        wall, cpu = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
        _reply(replies, {"wall_ms": wall, "cpu_ms": cpu, "tables": tables})


def _engine(project: Path, variables: str) -> MetricFlowEngine:
    places = ("--project-dir", str(project), "--profiles-dir", str(project))
    made = dbtRunner().invoke(["run", "--quiet", *places, "--vars", variables])
    if not made.success:
        raise SystemExit(f"dbt could not make the views: {made.exception or made.result}")
    configuration = CLIConfiguration()
    configuration.setup(dbt_profiles_path=project, dbt_project_path=project, configure_file_logging=False)
    return configuration.mf


def _table(engine: MetricFlowEngine, question: dict[str, Any]) -> dict[str, Any]:
    request = MetricFlowQueryRequest.create(
        metric_names=question["metrics"],
        group_by_names=question["group_by"],
        # Not its time constraint, which stops at the last midnight where moments are finer than days.
        where_constraints=[
            f"{{{{ TimeDimension('metric_time', 'day') }}}} >= '{question['start']}'",
            f"{{{{ TimeDimension('metric_time', 'day') }}}} < '{question['end']}'",
        ],
    )
    found = engine.query(request).result_df
    assert found is not None
    return {"columns": list(found.column_names), "rows": [list(row) for row in found.rows]}


def _reply(replies: Any, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply, default=_plain) + "\n")
    replies.flush()


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else float(value)


if __name__ == "__main__":
    main()
