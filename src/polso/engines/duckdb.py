"""DuckDB, the default engine: in this process, nothing to install."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from polso.engines.engine import FILE, Spelling, spell
from polso.entities import ENTITIES
from polso.errors import QueryError

_SPELLING: dict[str, Spelling] = {
    "polso_keys": lambda json: exp.Anonymous(this="json_keys", expressions=[json]),
    "polso_micros": lambda moment: exp.Anonymous(this="epoch_us", expressions=[moment]),
    "polso_extra": lambda json, key: exp.Anonymous(this="json_extract_string", expressions=[json, _path(key)]),
}


def connect() -> duckdb.DuckDBPyConnection:
    """Return a connection of its own that speaks UTC and never fetches extensions."""
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": str(os.cpu_count() or 1),
        }
    )
    # A global setting: cursors of this connection have it too.
    connection.execute("set global TimeZone = 'UTC'")
    return connection


class DuckDB:
    """Runs a question in DuckDB; safe to use from several threads."""

    name = "duckdb"
    dialect = "duckdb"

    def __init__(self) -> None:
        self._connection = connect()

    def sql(self, sql: exp.Expr) -> str:
        """Return the text that `query` would run."""
        return spell(sql, _SPELLING).sql(dialect=self.dialect, identify=True)

    def query(self, sql: exp.Expr, facts: Mapping[str, Sequence[str]]) -> pa.Table:
        """Run `sql` over the named files; timestamps come back in UTC."""
        cursor = self._connection.cursor()
        try:
            for entity, paths in facts.items():
                cursor.execute(_view(entity, paths))
            return _with_names(cursor.sql(self.sql(sql)).to_arrow_table(), facts)
        except duckdb.IOException as error:
            # A file of the snapshot was erased or tidied away since: whoever asks may ask again.
            raise FileNotFoundError(str(error).splitlines()[0]) from None
        except duckdb.Error as error:
            raise QueryError(f"DuckDB could not compute this: {str(error).splitlines()[0]}") from None
        finally:
            cursor.close()


def _view(entity: str, paths: Sequence[str]) -> str:
    files = exp.Array(expressions=[exp.Literal.string(path) for path in paths]).sql(dialect="duckdb")
    name = exp.to_identifier(entity, quoted=True).sql(dialect="duckdb")
    # The empty row set in front gives every column of the entity its type, also where older files lack one.
    columns = ", ".join(
        f"cast(null as {column.type.sql}) as {exp.to_identifier(column.name, quoted=True).sql(dialect='duckdb')}"
        for column in ENTITIES[entity].all_columns
    )
    read = f"read_parquet({files}, union_by_name = true, hive_partitioning = false)"
    return (
        f"create or replace temp view {name} as "  # noqa: S608
        f"select {columns}, 0::ubigint as {FILE} where false union all by name select *, file_index as {FILE} from {read}"
    )


def _with_names(table: pa.Table, facts: Mapping[str, Sequence[str]]) -> pa.Table:
    """Names for the numbers of files: grouping by numbers is quicker than by texts."""
    if FILE not in table.column_names:
        return table
    ((_, paths),) = facts.items()
    names = pa.array([Path(path).name for path in paths], pa.string())
    return table.set_column(table.column_names.index(FILE), FILE, names.take(table[FILE].combine_chunks()))


def _path(key: exp.Expr) -> exp.Expr:
    escaped = key.name.replace("\\", "\\\\").replace('"', '\\"')
    return exp.Literal.string(f'$."{escaped}"')
