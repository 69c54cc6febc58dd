"""Whatever is typed as a formula: it is refused in one line, or it reaches its entity's columns and nothing else."""

import string
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from formula.definitions import Kpi
from polso.engines.duckdb import DuckDB
from polso.entities import ENTITIES
from polso.errors import PolsoError
from polso.formula.grid import Grid, Period
from polso.formula.partials import Slice, parts
from polso.formula.resolve import resolve
from polso.formula.scans import file_sql, period_sql


def _empty(entity: str) -> Path:
    path = Path(tempfile.mkdtemp()) / "empty.parquet"
    schema = ENTITIES[entity].arrow_schema
    pq.write_table(schema.empty_table(), path)
    return path


# fmt: off
WORDS = [
    "count", "share", "sum", "mean", "median", "quantile", "min", "max", "stddev", "distinct", "at_start", "at_end",
    "began", "ended", "ended_of_start", "kept", "time_median", "nth", "followed_within", "silent_for", "seconds", "days",
    "scaled",
    "lower", "upper", "abs", "coalesce", "nullif", "cast", "case", "when", "then", "end", "select", "from", "ticket",
    "order", "opened_at", "resolved_at", "topic", "reopens", "score", "'x'", "0", "1", "0.5", "7", "null", "true",
    "and", "or", "not", "in", "is", "(", ")", ",", "+", "-", "*", "/", "=", "<", ">=", "<>", ".", "filter", "where",
    "between", "like", "as", "number", "read_csv", "union", ";", "--", "/*", "*/", '"', "'", "$1", "@x",
]
# fmt: on
DUCKDB = DuckDB()
EMPTY = {name: _empty(name) for name in ENTITIES}
JANUARY = datetime(2026, 1, 1)
GRID = Grid("day", ZoneInfo("UTC"), (Period("2026-01-01", JANUARY, datetime(2026, 2, 1)),))


NUMBERS = st.sampled_from(["reopens", "1", "0", "2.5", "handle_seconds", "seconds(opened_at, resolved_at)", "nth()", "null"])
TEXTS = st.sampled_from(["topic", "'printer'", "lower(channel)", "odd_key", "cast(reopens as text)", "'it''s'"])


def _conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"not {part}"),
    )


CONDITIONS = st.recursive(
    st.one_of(
        st.tuples(NUMBERS, st.sampled_from(["=", "<", ">=", "<>"]), NUMBERS).map(" ".join),
        st.tuples(TEXTS, st.sampled_from(["=", "<>"]), TEXTS).map(" ".join),
        TEXTS.map(lambda text: f"{text} in ('a', 'b')"),
        NUMBERS.map(lambda number: f"{number} between 1 and 2"),
        st.sampled_from(["complaint", "topic is null", "opened_at >= '2026-01-05'", "followed_within(7, topic)"]),
    ),
    _conditions,
    max_leaves=5,
)
AGGREGATED = st.one_of(
    CONDITIONS.map(lambda condition: f"share({condition})"),
    st.tuples(st.sampled_from(["sum", "mean", "median", "max", "stddev"]), NUMBERS, CONDITIONS).map(
        lambda parts: f"{parts[0]}({parts[1]}) filter (where {parts[2]})"
    ),
    TEXTS.map(lambda text: f"distinct({text})"),
    st.sampled_from(["at_end()", "ended_of_start()", "time_median(opened_at, resolved_at)", "began(ticket)"]),
)
FORMULAS = st.recursive(
    AGGREGATED,
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=3,
)


@settings(max_examples=150, deadline=None)
@given(FORMULAS)
def test_any_formula_of_the_language_runs(text: str) -> None:
    assert _runs(text)


@settings(max_examples=1500, deadline=None)
@given(
    st.one_of(
        st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
        st.text(alphabet=string.printable, max_size=60),
    )
)
@example("count() filter (where topic = '''; drop table ticket; --')")
@example("count(\"; drop table ticket; --\" = 'x')")
@example("count(topic in (select 1))")
@example("sum(reopens) over ()")
def test_any_text_is_refused_in_one_line_or_becomes_sql_over_its_entity_alone(text: str) -> None:
    _runs(text)


def _runs(text: str) -> bool:
    try:
        resolved = resolve(Kpi(text), lambda key: Kpi("count()", key=key), ("other",), lambda entity: None)
    except PolsoError as error:
        if "\n" in str(error):
            raise
        return False
    for aggregate in resolved.aggregates:
        for part in parts(aggregate).values():
            columns, everything = {part.name: part.sql}, Slice({}, {})
            if part.scan.whole:
                tree = file_sql(part.scan, columns, everything, "day", GRID.zone, (2025, 2027))
            else:
                tree = period_sql(part.scan, columns, everything, GRID, [0], (2025, 2027), JANUARY)
            assert {table.name for table in tree.find_all(exp.Table)} <= set(ENTITIES)
            DUCKDB.query(tree, {aggregate.entity: [str(EMPTY[aggregate.entity])]})
    return True
