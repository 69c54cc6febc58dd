"""Spark answers as DuckDB does: on every kind of SQL that formulas become, and on files as they are found."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp

from polso.engines import DuckDB, Engine, engine
from polso.engines.engine import FILE
from polso.entities import ENTITIES
from polso.errors import QueryError
from polso.formula.rows import call, column
from polso.measure import ask
from polso.query import Query
from polso.workspace import Workspace

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]

METRICS = """
[deals_created]
entity = "deal"
formula = "count()"
[amount_mean]
entity = "deal"
formula = "mean(amount) + stddev(amount) + max(amount) - min(amount)"
[amount_p90]
entity = "deal"
formula = "quantile(amount, 0.9)"
[balance_median]
entity = "deal"
formula = "median(amount - 500)"
[buyers]
entity = "deal"
formula = "distinct(customer_id)"
[latest_mean]
entity = "deal"
per_customer = "latest"
formula = "mean(amount)"
[first_ones]
entity = "deal"
formula = "count(nth() = 1)"
[soon_again]
entity = "deal"
formula = "100 * share(followed_within(7, stage))"
[wait_median]
entity = "deal"
formula = "time_median(created_at, closed_at)"
[open_at_end]
entity = "deal"
formula = "at_end()"
[closed_of_start]
entity = "deal"
formula = "ended_of_start()"
[kept_amount]
entity = "deal"
formula = "kept(deal.amount) + kept_or_grown(deal.amount)"
[odd_keys]
entity = "deal"
formula = '''count("it's a key" = 'yes') + sum(cast("weight (kg)" as number))'''
[like_and_case]
entity = "deal"
formula = "sum(case when lower(stage) like 'o%r_' then 1 when amount / 0 > 1 then 2 else 4 end)"
"""


class Both:
    """Asks both engines and holds them to the same answer, row by row."""

    name = "duckdb"
    dialect = "duckdb"

    def __init__(self, spark: Engine) -> None:
        self.engines = (DuckDB(), spark)
        self.asked = 0

    def sql(self, sql: exp.Expr) -> str:
        return self.engines[0].sql(sql)

    def query(self, sql: exp.Expr, facts: Mapping[str, Sequence[str]]) -> pa.Table:
        duckdb, spark = (one.query(sql, facts) for one in self.engines)
        assert duckdb.column_names == spark.column_names
        for left, right in zip(_sorted(duckdb), _sorted(spark), strict=True):
            for one, other in zip(left, right, strict=True):
                assert one == (pytest.approx(other, rel=1e-12) if isinstance(other, float) else other), self.sql(sql)
        self.asked += 1
        return duckdb


def _sorted(table: pa.Table) -> list[tuple[Any, ...]]:
    rows = [tuple(row.values()) for row in table.to_pylist()]
    return sorted(rows, key=lambda row: [(cell is None, f"{cell:.6g}" if isinstance(cell, float) else str(cell)) for cell in row])


@pytest.fixture(scope="module")
def spark() -> Engine:
    return engine("spark")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Deals around both clock changes of a year, by customers who come again, with keys of their own."""
    folder = tmp_path_factory.mktemp("both [engines] 100%")
    (folder / "polso.toml").write_text('[workspace]\ntimezone = "Europe/Rome"\n')
    (folder / "metrics").mkdir()
    (folder / "metrics" / "own.toml").write_text(METRICS)
    opened = Workspace(folder)
    for half in (0, 1):
        opened.load_table("deal", pa.Table.from_pylist([_deal(number) for number in range(half, 400, 2)]))
    return opened


def _deal(number: int) -> dict[str, Any]:
    # Every 3 h 17 min from before the clocks go forward, then again from before they go back.
    start = datetime(2026, 3, 20, 22, 30, tzinfo=UTC) if number < 200 else datetime(2026, 10, 15, 21, 30, tzinfo=UTC)
    created = start + timedelta(minutes=197) * (number % 200)
    return {
        "id": f"d{number}",
        "customer_id": None if number % 11 == 0 else f"c{number * 7 % 53}",
        "created_at": created,
        "closed_at": None if number % 4 == 0 else created + timedelta(minutes=number * 37 % 9000),
        "amount": None if number % 13 == 0 else (number * 7919 % 1000) + number / 8,
        "stage": [None, "order", "Offer", "lùme ☂"][number % 4],
        "it's a key": "yes" if number % 3 else "no",
        "weight (kg)": "" if number % 5 == 0 else str(number / 4),
        "what?": "a\\b" if number % 2 else '"',
    }


@pytest.mark.parametrize(("grain", "by"), [("day", ()), ("month", ("stage",)), ("month", ("what?",))])
def test_an_analyst_gets_the_same_sums_from_both_engines(
    workspace: Workspace, spark: Engine, by: tuple[str, ...], grain: str
) -> None:
    both, keys = Both(spark), tuple(_own_keys())
    facts = replace(workspace.facts(), engine=both, cache=None)
    answers = ask(Query(keys, by, grain, date(2026, 3, 21), date(2026, 11, 9), None, "none"), facts)
    assert both.asked >= 6
    assert all(answers[key].rows for key in keys)


def test_hours_around_the_clock_change_are_the_same_on_both_engines(workspace: Workspace, spark: Engine) -> None:
    both = Both(spark)
    facts = replace(workspace.facts(), engine=both, cache=None)
    answers = ask(Query(("deals_created",), (), "hour", date(2026, 10, 24), date(2026, 10, 27), None, "none"), facts)
    assert both.asked >= 1 and answers["deals_created"].rows


def test_a_day_of_25_hours_has_25_hours_on_both_engines(workspace: Workspace, spark: Engine) -> None:
    facts = replace(workspace.facts(), engine=Both(spark), cache=None)
    (row,) = ask(Query(("deals_created",), (), "all", date(2026, 10, 25), date(2026, 10, 26), None, "none"), facts).only
    local_day = [_deal(number)["created_at"] for number in range(400)]
    inside = [at for at in local_day if datetime(2026, 10, 24, 22, tzinfo=UTC) <= at < datetime(2026, 10, 25, 23, tzinfo=UTC)]
    assert row.estimate.value == len(inside) == 8


def _own_keys() -> list[str]:
    return [line[1:-1] for line in METRICS.splitlines() if line.startswith("[")]


KEYS = ("plain", "a b", "it's", "wh?t", "st*r", 'q"q', "b\\s", "d.ot", "br[0]", "$", "è", "%", " lead", "tail ", "from")


def test_people_find_what_they_named_oddly(spark: Engine, tmp_path: Path) -> None:
    said = {key: f"value {number}" for number, key in enumerate(KEYS)} | {"n": 1.5, "yes": True, "none": None, "o": {"x": [1]}}
    rows = [{"id": "1", "extra": json.dumps(said)}, {"id": "2", "extra": None}, {"id": "3", "extra": "{}"}]
    path = _file(tmp_path, "order", rows)
    asked = (*KEYS, "n", "yes", "none", "o", "missing")
    values = [exp.alias_(call("polso_extra", column("extra"), exp.Literal.string(key)), f"k{i}") for i, key in enumerate(asked)]
    keys = exp.alias_(call("polso_keys", column("extra")), "keys_")
    query = exp.select(*values, keys).from_(exp.table_("order", quoted=True)).order_by(column("id"))
    for one in (DuckDB(), spark):
        first, second, third = one.query(query, {"order": [path]}).to_pylist()
        expected = [*(said[key] for key in KEYS), "1.5", "true", None, '{"x":[1]}', None]
        assert [first[f"k{i}"] for i in range(len(asked))] == expected
        assert first["keys_"] == list(said)
        assert second["keys_"] is None and not third["keys_"]
        assert second["k0"] is third["k0"] is None


def test_a_fact_knows_its_file_and_older_files_lack_newer_columns(spark: Engine, tmp_path: Path) -> None:
    new = _file(tmp_path, "order", [{"id": "1", "amount": 2.5, "ordered_at": datetime(2026, 3, 29, 1, tzinfo=UTC)}])
    old = tmp_path / "old.parquet"
    pq.write_table(pa.table({"id": ["2"]}), old)
    query = exp.select(exp.Star()).from_(exp.table_("order", quoted=True)).order_by(column("id"))
    for one in (DuckDB(), spark):
        table = one.query(query, {"order": [new, str(old)]})
        assert set(table.column_names) == {*ENTITIES["order"].arrow_schema.names, FILE}
        assert table[FILE].to_pylist() == ["order.parquet", "old.parquet"]
        assert table["amount"].to_pylist() == [2.5, None]
        assert table["ordered_at"].to_pylist() == [datetime(2026, 3, 29, 1, tzinfo=UTC), None]


def test_no_files_are_no_rows(spark: Engine) -> None:
    query = exp.select(exp.Star()).from_(exp.table_("order", quoted=True))
    table = spark.query(query, {"order": []})
    assert table.num_rows == 0
    assert set(table.column_names) == {*ENTITIES["order"].arrow_schema.names, FILE}


def test_whoever_asks_while_a_file_is_erased_may_ask_again(spark: Engine, tmp_path: Path) -> None:
    query = exp.select(column("id")).from_(exp.table_("order", quoted=True))
    for one in (DuckDB(), spark):
        with pytest.raises(FileNotFoundError):
            one.query(query, {"order": [str(tmp_path / "gone.parquet")]})


def test_a_spoilt_file_is_told_in_one_line(spark: Engine, tmp_path: Path) -> None:
    (tmp_path / "spoilt.parquet").write_bytes(b"not parquet at all" * 9)
    query = exp.select(column("id")).from_(exp.table_("order", quoted=True))
    with pytest.raises(QueryError, match=r"Spark could not compute this: \[[A-Z_.]+\]") as told:
        spark.query(query, {"order": [str(tmp_path / "spoilt.parquet")]})
    assert "\n" not in str(told.value)


def test_numbers_that_are_none_do_not_stop_an_analyst(spark: Engine, tmp_path: Path) -> None:
    path = _file(tmp_path, "order", [{"id": "1", "amount": math.inf, "extra": '{"w": "12 kg"}'}])
    weight = exp.TryCast(this=call("polso_extra", column("extra"), exp.Literal.string("w")), to=exp.DataType.build("double"))
    for one in (DuckDB(), spark):
        query = exp.select(column("amount"), exp.alias_(weight, "w")).from_(exp.table_("order", quoted=True))
        assert one.query(query, {"order": [path]}).to_pylist() == [{"amount": math.inf, "w": None}]


def _file(folder: Path, entity: str, rows: list[dict[str, Any]]) -> str:
    path = folder / f"{entity}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=ENTITIES[entity].arrow_schema), path)
    return str(path)
