"""Spark, for facts that one machine cannot scan: the optional extra `polso[spark]`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlglot import exp

from polso.engines.engine import FILE, Spelling, spell
from polso.entities import ENTITIES, Type
from polso.errors import PolsoError, QueryError

try:
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as spark_functions
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
_PROCESS = {
    "spark.master": "local[*]",
    "spark.app.name": "polso",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.log.level": "OFF",
}
_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    # So that dividing by zero and casting words give null, as they do in DuckDB here.
    "spark.sql.ansi.enabled": "false",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
}
_starting = threading.Lock()


class Spark:
    """Runs a question on Spark: a local one with all cores, or the cluster that SPARK_MASTER names."""

    name = "spark"
    dialect = "spark"

    def __init__(self) -> None:
        self._session = _session()
        self._asking = threading.Lock()

    def sql(self, sql: exp.Expr) -> str:
        """Return the text that `query` would run."""
        return spell(sql, _SPELLING).sql(dialect=self.dialect, identify=True)

    def query(self, sql: exp.Expr, facts: Mapping[str, Sequence[str]]) -> pa.Table:
        """Run `sql` over the named files; timestamps come back in UTC."""
        # Views are named by entity, so one question at a time.
        with self._asking:
            try:
                for entity, paths in facts.items():
                    self._view(entity, paths)
                return self._session.sql(self.sql(sql)).toArrow()
            except (PySparkException, Py4JError) as error:
                raise _failure(error, facts) from None

    def _view(self, entity: str, paths: Sequence[str]) -> None:
        columns = ENTITIES[entity].all_columns
        if paths:
            schema = spark_types.StructType([spark_types.StructField(c.name, _TYPES[c.type]) for c in columns])
            # A path is a name, not a pattern: a folder may be called "2026 [copy]".
            names = [re.sub(r"([\[\]{}*?\\])", r"\\\1", path) for path in paths]
            frame = self._session.read.schema(schema).parquet(*names).selectExpr("*", f"_metadata.file_name as {FILE}")
        else:
            nothing = [spark_functions.lit(None).cast(_TYPES[c.type]).alias(c.name) for c in columns]
            frame = self._session.range(0).select(*nothing, spark_functions.lit("").alias(FILE))
        frame.createOrReplaceTempView(entity)


def _failure(error: Exception, facts: Mapping[str, Sequence[str]]) -> Exception:
    """What to raise instead: a file of the snapshot that is gone is told apart, for whoever asks may ask again."""
    for path in (path for paths in facts.values() for path in paths):
        if "://" not in path and not os.path.exists(path):
            return FileNotFoundError(f"{path} is gone")
    # Spark's own messages begin with a condition in brackets, below a page of Java where the driver is asked.
    found = re.search(r"\[[A-Z0-9_.]+\] .*", str(error))
    return QueryError(f"Spark could not compute this: {found[0] if found else str(error).splitlines()[0]}")


def _session() -> SparkSession:
    """Return a session of its own in this process's Spark, started when there is none."""
    with _starting:
        session = (SparkSession.builder.getOrCreate() if SparkContext._active_spark_context else _start()).newSession()
    for key, value in _SESSION.items():
        session.conf.set(key, value)
    return session


def _start() -> SparkSession:
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise PolsoError("Spark needs Java 17 or newer, and there is no java here: install it, or use --engine duckdb")
    conf = SparkConf()
    for key, value in _PROCESS.items():
        conf.setIfMissing(key, value)
    if "SPARK_MASTER" in os.environ:
        conf.setMaster(os.environ["SPARK_MASTER"])
    try:
        # Spark greets on standard error before it knows its log level.
        gateway = launch_gateway(conf, {"stderr": subprocess.DEVNULL})  # type: ignore[no-untyped-call]
        return SparkSession(SparkContext(conf=conf, gateway=gateway))
    except (PySparkException, Py4JError) as error:
        told = str(error).split("\n", 1)[0]
        raise PolsoError(f"Spark did not start; it needs Java 17 or newer (see java -version): {told}") from None


def _extra(json: exp.Expr, key: exp.Expr) -> exp.Expr:
    """A key of a JSON text. Spark's paths have no escapes, so that odd keys are looked up in a map."""
    if key.name and key.name == key.name.strip() and not set(key.name) & set("'?*\\"):
        return exp.Anonymous(this="get_json_object", expressions=[json, exp.Literal.string(f"$['{key.name}']")])
    as_map = exp.Anonymous(this="from_json", expressions=[json, exp.Literal.string("map<string,string>")])
    return exp.Anonymous(this="try_element_at", expressions=[as_map, key])


_SPELLING: dict[str, Spelling] = {
    "polso_micros": lambda moment: exp.Anonymous(this="unix_micros", expressions=[moment]),
    "polso_extra": _extra,
    "polso_keys": lambda json: exp.Anonymous(this="json_object_keys", expressions=[json]),
}
