"""The DuckDB connection that files are read with."""

from __future__ import annotations

from pathlib import Path

import duckdb

from polso.engines.duckdb import connect
from polso.ingest.quote import literal

MEMORY = "1GB"
"""What DuckDB may use before it writes to disk."""


def opened(staging: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection that spills into `staging`."""
    connection = connect()
    # It would draw its own bar on standard output.
    connection.execute("set enable_progress_bar_print = false")
    # A list of words is looked through where it stands; as a join it would be looked up for every row. And the
    # statistics of Parquet files leave NaN out, from which the optimizer concludes that there is none.
    connection.execute("set disabled_optimizers = 'in_clause,statistics_propagation'")
    connection.execute(f"set memory_limit = {literal(MEMORY)}")
    connection.execute(f"set temp_directory = {literal(str(staging / 'spill'))}")
    return connection
