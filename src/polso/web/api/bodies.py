"""Rows as programs send them: JSON, JSON lines, Arrow, Parquet; within limits."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from django.http import HttpRequest
from ninja.errors import HttpError

from polso.web.inbox.rows import MOST_ERRORS, RowsError, Wrong

MOST_ROWS = 50_000
_EXPANDED = 8
"""A packed body may hold so many times the bytes of the largest plain one."""


def received(request: HttpRequest) -> bytes:
    """The body, unpacked; refused with 413 before more of it is read than may come."""
    most = settings.POLSO_MOST_BYTES
    if int(request.headers.get("Content-Length") or 0) > most:
        raise _too_large()
    if "chunked" in request.headers.get("Transfer-Encoding", ""):
        body: bytes = request.META["wsgi.input"].read(most + 1)
    else:
        body = request.read(most + 1)
    if len(body) > most:
        raise _too_large()
    packing = request.headers.get("Content-Encoding", "identity").lower()
    if packing == "gzip":
        return _gunzip(body, most)
    if packing != "identity":
        raise HttpError(415, f"a body packed as '{packing}' is not read: send it plain or as gzip")
    return body


def _gunzip(body: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, most + 1)
    except zlib.error:
        raise HttpError(400, "the body says that it is gzip, and is not") from None
    if len(plain) > most:
        raise _too_large()
    if not unpacker.eof:
        raise HttpError(400, "the gzip body is cut short")
    return plain


def rows_of(body: bytes, kind: str) -> list[Any]:
    """The rows of a body; 415 for another kind, 400 when it cannot be read, 413 when there are too many."""
    if kind not in READERS:
        raise HttpError(415, f"a body of type '{kind}' is not read: send {', '.join(READERS)}")
    try:
        rows = READERS[kind](body)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, OSError, UnicodeDecodeError, RecursionError) as error:
        raise HttpError(400, f"the body cannot be read as {kind}: {' '.join(str(error).split())[:200]}") from None
    if not rows:
        raise HttpError(422, "there are no rows in the body: send at least one")
    if len(rows) > MOST_ROWS:
        raise HttpError(413, f"there are {len(rows)} rows, and {MOST_ROWS} at most are taken at once: send them in parts")
    return rows


def _json(body: bytes) -> list[Any]:
    try:
        found = json.loads(body, parse_constant=_no_constant)
    except ValueError as error:
        raise HttpError(400, f"the body is not JSON: {str(error)[:200]}") from None
    rows = found.get("rows") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise HttpError(422, 'an object with a list of rows is expected: {"rows": [{"id": "1", …}]}')
    return rows


def _json_lines(body: bytes) -> list[Any]:
    rows, wrong = [], []
    for index, line in enumerate(line for line in body.splitlines() if line.strip()):
        try:
            rows.append(json.loads(line, parse_constant=_no_constant))
        except ValueError as error:
            wrong.append(Wrong(index, "", line[:60].decode(errors="replace"), f"this line is not JSON: {str(error)[:100]}"))
            if len(wrong) >= MOST_ERRORS:
                break
    if wrong:
        raise RowsError(wrong)
    return rows


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _arrow(body: bytes) -> list[Any]:
    with pa.ipc.open_stream(pa.BufferReader(body)) as stream:
        return _gathered(iter(stream))


def _parquet(body: bytes) -> list[Any]:
    file = pq.ParquetFile(io.BytesIO(body))
    if file.metadata.num_rows > MOST_ROWS:
        raise HttpError(413, f"there are {file.metadata.num_rows} rows, and {MOST_ROWS} at most are taken at once")
    return _gathered(file.iter_batches(batch_size=1_000))


def _gathered(batches: Iterator[pa.RecordBatch]) -> list[Any]:
    rows: list[Any] = []
    size = 0
    for batch in batches:
        batch.validate(full=True)
        size += sum(map(_size, batch.columns))
        if size > _EXPANDED * settings.POLSO_MOST_BYTES or len(rows) + batch.num_rows > MOST_ROWS:
            raise _too_large()
        if len(set(batch.schema.names)) < len(batch.schema.names):
            raise HttpError(400, "two columns have the same name")
        rows += batch.to_pylist()
    return rows


def _size(column: pa.Array) -> int:
    """The bytes of a column as plain values: a dictionary may stand for a thousand times its size."""
    if not pa.types.is_dictionary(column.type) or not pa.types.is_string(column.type.value_type):
        return int(column.nbytes)
    return int(pc.sum(pc.binary_length(column.dictionary).take(column.indices)).as_py() or 0)


def _too_large() -> HttpError:
    megabytes = settings.POLSO_MOST_BYTES >> 20
    return HttpError(413, f"the body is too large: {megabytes} MB and {MOST_ROWS} rows are taken at once; send it in parts")


READERS: dict[str, Callable[[bytes], list[Any]]] = {
    "application/json": _json,
    "application/x-ndjson": _json_lines,
    "application/vnd.apache.arrow.stream": _arrow,
    "application/vnd.apache.parquet": _parquet,
}
