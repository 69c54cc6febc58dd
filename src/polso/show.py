"""How answers look on a terminal and in files."""

from __future__ import annotations

import csv
import json
import sys
from math import floor, log10
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from polso.answer import Answer, Answers, Change, Estimate
from polso.entities import Entity
from polso.errors import PolsoError
from polso.ingest.load import LoadReport
from polso.metrics.catalogue import Catalogue
from polso.warehouse.erase import Erased

_DURATIONS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SUFFIX = {"%": " %", "points": "", "days": " d", "months": " months", "currency": "", "currency/day": " a day"}


def answers(replies: Answers, format_: str, output: Path | None) -> None:
    """Print replies, or write them to a file, as table, json, csv or parquet."""
    if format_ == "parquet":
        if output is None and sys.stdout.isatty():
            raise PolsoError("parquet is not for a terminal: add --output FILE or send it to a file with >")
        pq.write_table(replies.to_arrow(), output or sys.stdout.buffer)
        return
    if output is not None:
        with output.open("w", encoding="utf-8", newline="") as file:
            _write(replies, format_, file)
    else:
        _write(replies, format_, sys.stdout)


def _write(replies: Answers, format_: str, file: Any) -> None:
    if format_ == "json":
        json.dump(replies.as_dict(), file, ensure_ascii=False)
        file.write("\n")
    elif format_ == "csv":
        table = replies.to_arrow()
        writer = csv.writer(file)
        writer.writerow(table.column_names)
        writer.writerows([_cell(value) for value in row.values()] for row in table.to_pylist())
    else:
        console = _console(file)
        for reply in replies:
            console.print(_table(reply))


def _console(file: Any = None) -> Console:
    # Away from a terminal nothing is cut.
    wide = file is not None and not getattr(file, "isatty", lambda: False)()
    return Console(file=file, width=240 if wide else None, soft_wrap=False)


def _cell(value: Any) -> Any:
    """A spreadsheet runs a text that begins with one of these as a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value


def _table(reply: Answer) -> Table:
    table = Table(title=f"{reply.name or reply.metric} ({reply.metric}, {reply.unit})", title_justify="left")
    for name in ("period", *reply.by):
        table.add_column(name)
    for name in ("value", "95 % interval", "n", "change", "real?"):
        table.add_column(name, justify="right")
    for row in reply:
        change = row.change
        table.add_row(
            row.period,
            *(value if value is not None else "–" for value in row.segment.values()),
            amount(row.estimate.value, reply.unit),
            interval(row.estimate, reply.unit),
            str(row.estimate.n),
            "" if change is None else _signed(change.value, reply.unit),
            verdict(change),
        )
    return table


def amount(value: float | None, unit: str) -> str:
    """A number with its unit, rounded for reading."""
    if value is None:
        return "unknown"
    if unit == "seconds":
        return _duration(value)
    return f"{_rounded(value)}{_SUFFIX.get(unit, '')}"


def interval(estimate: Estimate, unit: str) -> str:
    """The interval, or why there is none."""
    if estimate.low is None or estimate.high is None:
        return estimate.reason or ""
    return f"{amount(estimate.low, unit)} to {amount(estimate.high, unit)}"


def verdict(change: Change | None) -> str:
    """Whether a change is more than chance, in a word."""
    if change is None:
        return ""
    return {True: "real", False: "not clear", None: "cannot tell"}[change.real]


def _signed(value: float, unit: str) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    # The difference of two percentages is told in percentage points.
    return f"{sign}{_rounded(abs(value))} pp" if unit == "%" else f"{sign}{amount(abs(value), unit)}"


def _duration(seconds: float) -> str:
    for size, name in _DURATIONS:
        if abs(seconds) >= size or size == 1:
            return f"{seconds / size:.1f} {name}"
    raise AssertionError(seconds)


def _rounded(value: float) -> str:
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - floor(log10(abs(value))))
    return f"{value:.{min(digits, 6)}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def summary(replies: Answers, title: str) -> None:
    """Print one line per KPI, for replies of one row each."""
    table = Table(title=title, title_justify="left")
    table.add_column("KPI")
    for name in ("value", "95 % interval", "n", "change", "real?"):
        table.add_column(name, justify="right")
    for reply in replies:
        row = reply.only
        change = row.change
        table.add_row(
            reply.name or reply.metric,
            amount(row.estimate.value, reply.unit),
            interval(row.estimate, reply.unit),
            str(row.estimate.n),
            "" if change is None else _signed(change.value, reply.unit),
            verdict(change),
        )
    _console(sys.stdout).print(table)


def kpis(catalogue: Catalogue, format_: str, language: str) -> None:
    """Print the catalogue."""
    if format_ == "json":
        print(json.dumps({"kpis": [metric.as_dict() for metric in catalogue]}, ensure_ascii=False))
        return
    table = Table(show_lines=False)
    for name in ("key", "name", "unit", "entity", "formula"):
        table.add_column(name, overflow="fold")
    for metric in catalogue:
        table.add_row(metric.key, metric.name(language), metric.unit, metric.entity, metric.formula)
    _console(sys.stdout).print(table)


def entity(declared: Entity, format_: str) -> None:
    """Print an entity's columns."""
    if format_ == "json":
        columns = [
            {
                "name": column.name,
                "type": column.type.value,
                "required": column.required,
                "dimension": column.dimension,
                "personal": column.personal,
                "values": list(column.values),
                "about": column.about,
            }
            for column in declared.all_columns
        ]
        print(json.dumps({"entity": declared.name, "anchor": declared.anchor, "columns": columns}, ensure_ascii=False))
        return
    table = Table(title=f"{declared.name}: one row is one {declared.row}, dated by {declared.anchor}", title_justify="left")
    for name in ("column", "type", "about"):
        table.add_column(name, overflow="fold")
    for column in declared.all_columns:
        marks = [word for word, on in (("required", column.required), ("personal", column.personal)) if on]
        values = f" One of: {', '.join(column.values)}." if column.values else ""
        about = f"{column.about}{values}{' [' + ', '.join(marks) + ']' if marks else ''}"
        table.add_row(column.name, column.type.value, about)
    _console(sys.stdout).print(table)


def loaded(report: LoadReport) -> str:
    """What a load did, in a line."""
    line = (
        f"{report.entity}: {report.rows_read} rows read, {report.inserted} new, {report.updated} updated, "
        f"{report.unchanged} as before"
    )
    if report.rejected:
        line += f", {report.rejected} refused (see {report.rejects_file})"
    return line


def erased(report: Erased) -> str:
    """What an erasure did, in a line."""
    rows = ", ".join(f"{count} {name}" for name, count in report.rows.items() if count)
    return f"erased: {rows or 'nothing was stored of this customer'}"
