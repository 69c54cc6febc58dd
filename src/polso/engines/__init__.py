"""Where SQL runs."""

from polso.engines.duckdb import DuckDB
from polso.engines.engine import Engine
from polso.errors import QueryError, did_you_mean

ENGINES = ("duckdb", "spark")


def engine(name: str) -> Engine:
    """Return a new engine by name; QueryError for an unknown one, or where Spark is not installed."""
    if name == "duckdb":
        return DuckDB()
    if name == "spark":
        # Spark is an optional extra and takes seconds to import.
        from polso.engines.spark import Spark

        return Spark()
    raise QueryError(f"there is no engine '{name}'{did_you_mean(name, ENGINES)}")


__all__ = ["ENGINES", "Engine", "engine"]
