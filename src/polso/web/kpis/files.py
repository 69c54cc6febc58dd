"""Numbers, rows and pictures as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
from django.http import HttpResponse
from xlsxwriter import Workbook

_EXECUTE = ("=", "+", "-", "@", "\t", "\r")


def as_file(table: pa.Table, name: str, kind: str) -> HttpResponse:
    """A table as csv, xlsx or parquet."""
    content_type, write = _KINDS[kind]
    return download(write(table), content_type, f"{name}.{kind}")


def download(body: bytes | str, content_type: str, name: str) -> HttpResponse:
    """A response that is kept as a file."""
    return HttpResponse(body, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _csv(table: pa.Table) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.column_names)
    writer.writerows([_harmless(cell) for cell in row.values()] for row in table.to_pylist())
    return out.getvalue().encode()


def _harmless(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_EXECUTE) else cell


def _xlsx(table: pa.Table) -> bytes:
    out = io.BytesIO()
    with Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([table.column_names, *(list(row.values()) for row in table.to_pylist())]):
            sheet.write_row(place, 0, [cell.isoformat() if isinstance(cell, datetime) else cell for cell in row])
    return out.getvalue()


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


_KINDS: dict[str, tuple[str, Callable[[pa.Table], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "parquet": ("application/vnd.apache.parquet", _parquet),
}
KINDS = tuple(_KINDS)
