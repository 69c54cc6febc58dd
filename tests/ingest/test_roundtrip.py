"""Whatever rows are written, in whatever dialect, the same rows are stored."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loading_company import Company

from polso.ingest.zones import to_utc

ROME = ZoneInfo("Europe/Rome")
# What stands for nothing and zero bytes are left out, and CR, which Python's writer leaves unquoted; so it does LF where
# lines end with CR.
# Many control characters make a file that is no text.
NO_TEXT = "".join(map(chr, {*range(32), 127} - {9, 10}))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters=NO_TEXT), max_size=20).filter(
    lambda text: text.strip().lower() not in ("", "null", "nan", "\\n", "#n/a", "#n/d", "(null)", "<null>")
)
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1)).map(lambda moment: moment.replace(microsecond=0))
NUMBERS = st.floats(-1e12, 1e12).map(lambda number: round(number, 4))
ROWS = st.lists(st.tuples(MOMENTS, NUMBERS | st.none(), TEXTS | st.none(), TEXTS | st.none()), min_size=1, max_size=8)


@given(
    rows=ROWS,
    separator=st.sampled_from([",", ";", "\t", "|"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    comma=st.booleans(),
    pattern=st.sampled_from(["%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d %H%M%S", "%m-%d-%y %H.%M.%S"]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_written_in_any_dialect_come_back(
    rows: list[Any], separator: str, line_end: str, quoting: int, encoding: str, comma: bool, pattern: str
) -> None:
    quoting = csv.QUOTE_ALL if line_end == "\r" else quoting
    if "%y" in pattern:
        rows = [(row[0].replace(year=1970 + row[0].year % 50), *row[1:]) for row in rows]
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=separator, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["id", "at", "rating", "text", 'città, "x"'])
    for i, (moment, number, text, extra) in enumerate(rows):
        shown = "" if number is None else f"{number:.4f}".replace(".", "," if comma else ".")
        writer.writerow([i, moment.strftime(pattern), shown, text, extra])
    mapping = (
        f"[file]\nseparator = {json.dumps(separator)}\ndecimal = '{',' if comma else '.'}'\nmissing = []\n"
        f'[columns]\nid = "id"\nrating = "rating"\ntext = "text"\nat = {{ column = "at", format = "{pattern}" }}'
    )
    with TemporaryDirectory() as folder:
        company = Company(Path(folder))
        company.load("mention", written.getvalue().encode(encoding), mapping=mapping)
        stored = _stored(company)

    assert len(stored) == len(rows)
    for i, (moment, number, text, extra) in enumerate(rows):
        found = stored[str(i)]
        assert found["at"] == utc(moment)
        assert found["rating"] == number or abs(found["rating"] - number) < 1e-4
        assert found["text"] == (None if text is None or not text.strip(" ") else text)
        kept = json.loads(found["extra"] or "{}").get('città, "x"')
        assert (kept or "").strip() == (extra or "").strip()


def utc(moment: datetime) -> datetime:
    """The moment of a local time: the first of two, and after the gap moved forward."""
    offset = moment.replace(tzinfo=ROME, fold=0).utcoffset()
    assert offset is not None
    return (moment - offset).replace(tzinfo=UTC)


def _stored(company: Company) -> dict[str, Any]:
    rows = []
    for data in company.warehouse.snapshot("mention").files:
        rows += pq.ParquetFile(data.path).read().to_pylist()
    return {row["id"]: row for row in rows}


@given(st.lists(st.text(st.sampled_from('ab,"\n\r; '), max_size=12), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_whatever_makes_a_load_fall_over(lines: list[str]) -> None:
    with TemporaryDirectory() as folder:
        company = Company(Path(folder))
        rows = company.load("mention", "id,at,text\n9,2026-01-13,x\n" + "\n".join(lines), keep_good=True, mapping=None)

        assert any(row["id"] == "9" for row in rows)


@given(
    moment=st.datetimes(datetime(1905, 1, 1), datetime(2099, 1, 1)),
    zone=st.sampled_from(["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "UTC"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_local_times_are_what_python_says_they_are(moment: datetime, zone: str) -> None:

    offset = moment.replace(tzinfo=ZoneInfo(zone), fold=0).utcoffset()
    assert offset is not None
    expected = moment - offset
    micros = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    with duckdb.connect() as connection:
        query = f"select epoch_us({to_utc('x', zone)}) from (select {micros} as x)"  # noqa: S608
        found = connection.execute(query).fetchone()
    assert found == ((expected - datetime(1970, 1, 1)) // timedelta(microseconds=1),)
