"""Rows of an Excel workbook, as texts."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from polso.errors import LoadError, did_you_mean
from polso.ingest.mapping import FileOptions
from polso.ingest.sniff import headings

CHUNK = 1 << 20
_NO_RESULT = re.compile(rb"</f>(<v\s*/>|<v></v>)?</c>")


def excel_rows(
    path: Path, name: str, options: FileOptions
) -> tuple[tuple[str, ...], Iterator[list[str | None]], tuple[str, ...]]:
    """Return the headers, the rows and warnings of a sheet: the one asked, else the first that holds anything."""
    file = path.open("rb")
    try:
        headers, rows, notes = _sheet(_opened(file, name), name, options)
    except BaseException:
        file.close()
        raise
    return headers, _closing(rows, file), notes


def _opened(file: BinaryIO, name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return openpyxl.load_workbook(file, read_only=True, data_only=True)
        except (InvalidFileException, KeyError, ValueError, OSError) as error:
            raise LoadError(f"{name}: it cannot be read as Excel ({error})") from None


def _closing(rows: Iterator[list[str | None]], file: BinaryIO) -> Iterator[list[str | None]]:
    with file:
        yield from rows


def _sheet(book: Any, name: str, options: FileOptions) -> tuple[tuple[str, ...], Iterator[list[str | None]], tuple[str, ...]]:
    comma = options.decimal == ","
    for title in _sheets(book, name, options.sheet):
        rows = _texts(book[title], options.skip_rows, comma)
        first = next(rows, None)
        if first is None:
            continue
        while first and first[-1] is None:
            first.pop()
        headers, notes = headings([cell or "" for cell in first], options.header)
        if _unsaved(book, book[title]):
            notes = (*notes, "some formulas were saved without their result and are read as empty: save it in Excel")
        others = [sheet for sheet in book.sheetnames if sheet != title]
        if others and options.sheet is None:
            notes = (*notes, f"read the sheet '{title}'; it also has {', '.join(others)} (file.sheet)")
        data = rows if options.header else _chained(first, rows)
        return headers, _cut(data, len(headers)), notes
    raise LoadError(f"{name} is empty: no sheet holds anything")


def _unsaved(book: Any, sheet: Any) -> bool:
    """Whether formulas stand without a result: programs that write Excel files cannot work them out."""
    end = b""
    with book._archive.open(sheet._worksheet_path) as file:
        while chunk := file.read(CHUNK):
            if _NO_RESULT.search(end + chunk):
                return True
            end = chunk[-64:]
    return False


def _sheets(book: Any, name: str, asked: str | None) -> list[str]:
    sheets = [sheet.title for sheet in book.worksheets]
    if asked is None:
        return sheets
    if asked not in sheets:
        raise LoadError(f"{name}: there is no sheet '{asked}'{did_you_mean(asked, sheets)}")
    return [asked]


def _texts(sheet: Any, skip: int, comma: bool) -> Iterator[list[str | None]]:
    # The size written in the file is wrong in the exports of many programs.
    sheet.reset_dimensions()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, cells in enumerate(sheet.iter_rows(values_only=True)):
            if number < skip:
                continue
            texts = [_text(cell, comma) for cell in cells]
            if any(text is not None for text in texts):
                yield texts


def _text(cell: object, comma: bool) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        text = str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
        return text.replace(".", ",") if comma else text
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="microseconds" if cell.microsecond else "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return f"{cell.total_seconds():g}"
    return str(cell)


def _chained(first: list[str | None], rows: Iterator[list[str | None]]) -> Iterator[list[str | None]]:
    yield first
    yield from rows


def _cut(rows: Iterator[list[str | None]], width: int) -> Iterator[list[str | None]]:
    for row in rows:
        yield (row + [None] * (width - len(row)))[:width]
