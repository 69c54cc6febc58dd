"""Runs in an environment of MetricFlow's own: asks its questions in one process and prints how long they took, and the numbers.

The semantic manifest is parsed and the tables made before the clock starts; what is timed is a query as its own Python API
runs it: planning, rendering and DuckDB.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest


def main() -> None:
    """Read {runs, queries: [{metrics, start, end, grain}]} from standard input."""
    asked = json.load(sys.stdin)
    here = str(Path.cwd())
    for command in (["parse"], ["run"]):
        done = dbtRunner().invoke([*command, "--quiet", "--project-dir", here, "--profiles-dir", here])
        if not done.success:
            raise SystemExit(f"dbt {command[0]} failed: {done.exception or done.result}")
    configuration = CLIConfiguration()
    configuration.setup(dbt_profiles_path=Path(here), dbt_project_path=Path(here), configure_file_logging=False)
    engine = configuration.mf

    def once() -> tuple[float, float, list[object]]:
        begun, worked = time.perf_counter(), time.process_time()
        tables = []
        for query in asked["queries"]:
            request = MetricFlowQueryRequest.create(
                metric_names=query["metrics"],
                group_by_names=[f"metric_time__{query['grain']}"] if query["grain"] else None,
                where_constraints=[
                    f"{{{{ TimeDimension('metric_time', 'day') }}}} >= '{query['start']}'",
                    f"{{{{ TimeDimension('metric_time', 'day') }}}} < '{query['end']}'",
                ],
            )
            tables.append(engine.query(request).result_df)
        return (time.perf_counter() - begun) * 1000, (time.process_time() - worked) * 1000, tables

    once()
    runs = [once() for _ in range(asked["runs"])]
    numbers = [dict(zip(table.column_names, map(str, row), strict=True)) for table in runs[-1][2] for row in table.rows]
    wall, cpu = (statistics.median(run[place] for run in runs) for place in (0, 1))
    print(json.dumps({"ms": wall, "cpu_ms": cpu, "numbers": numbers}))


if __name__ == "__main__":
    main()
