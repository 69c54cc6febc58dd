"""Spark, for facts that one machine cannot scan: the optional extra `polso[spark]`."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlglot import exp

from polso.engines.engine import FILE, Spelling, spell
from polso.entities import ENTITIES, Type
from polso.errors import PolsoError, QueryError

try:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession
    from pyspark.sql import types as spark_types
except ImportError as error:  # the extra is not installed
    raise PolsoError("Spark is not installed: pip install 'polso[spark]'") from error

_TYPES: dict[Type, Any] = {
    Type.TEXT: spark_types.StringType(),
    Type.NUMBER: spark_types.DoubleType(),
    Type.INTEGER: spark_types.LongType(),
    Type.BOOLEAN: spark_types.BooleanType(),
    Type.TIMESTAMP: spark_types.TimestampType(),
}
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # So that dividing by zero and casting words give null, as they do in DuckDB here.
    "spark.sql.ansi.enabled": "false",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
_lock = threading.Lock()


class Spark:
    """Runs a question on Spark: a local one with all cores, or the cluster that SPARK_MASTER names."""

    name = "spark"
    dialect = "spark"

    def __init__(self, session: SparkSession | None = None) -> None:
        self._session = session or _started()

    def sql(self, sql: exp.Expr) -> str:
        """Return the text that `query` would run."""
        return spell(sql, _SPELLING).sql(dialect=self.dialect, identify=True)

    def query(self, sql: exp.Expr, facts: Mapping[str, Sequence[str]]) -> pa.Table:
        """Run `sql` over the named files; timestamps come back in UTC."""
        # Views are named by entity, so one question at a time.
        with _lock:
            try:
                for entity, paths in facts.items():
                    self._view(entity, paths)
                return self._session.sql(self.sql(sql)).toArrow()
            except PySparkException as error:
                told = str(error).splitlines()[0] if str(error) else type(error).__name__
                if "PATH_NOT_FOUND" in str(error) or "FILE_NOT_EXIST" in str(error) or "does not exist" in str(error):
                    raise FileNotFoundError(told) from None
                raise QueryError(f"Spark could not compute this: {told}") from None

    def _view(self, entity: str, paths: Sequence[str]) -> None:
        schema = spark_types.StructType(
            [spark_types.StructField(column.name, _TYPES[column.type]) for column in ENTITIES[entity].all_columns]
        )
        if not paths:
            frame = self._session.createDataFrame([], schema).selectExpr("*", f"'' as {FILE}")
        else:
            frame = self._session.read.schema(schema).parquet(*paths).selectExpr("*", f"_metadata.file_name as {FILE}")
        frame.createOrReplaceTempView(entity)


def _started() -> SparkSession:
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise PolsoError("Spark needs Java 17 or newer, and there is no java here: install it, or use --engine duckdb")
    builder = SparkSession.builder.master(os.environ.get("SPARK_MASTER", "local[*]")).appName("polso")
    for key, value in _SETTINGS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def _path(key: exp.Expr) -> exp.Expr:
    # Spark's paths have no escapes: a name with a quote in it cannot be reached, and gives null.
    return exp.Literal.string(f"$['{key.name}']")


_SPELLING: dict[str, Spelling] = {
    "polso_micros": lambda moment: exp.Anonymous(this="unix_micros", expressions=[moment]),
    "polso_extra": lambda json, key: exp.Anonymous(this="get_json_object", expressions=[json, _path(key)]),
    "polso_keys": lambda json: exp.Anonymous(this="json_object_keys", expressions=[json]),
}
