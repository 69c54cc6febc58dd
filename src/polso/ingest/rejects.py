"""The rows that were refused, as a file people open to mend them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

HEADER = ("file", "row", "column", "value", "advice")
LONGEST_VALUE = 200


class Rejects:
    """Collects refused rows; the file is made with the first of them."""

    def __init__(self, folder: Path, entity: str) -> None:
        self._folder = folder
        self._entity = entity
        self._file: IO[str] | None = None
        self._writer: Any = None
        self.path: Path | None = None
        self.first: tuple[str, int, str, str | None, str] | None = None
        self.rows = 0

    def add(self, file: str, reasons: Iterable[tuple[int, str, str | None, str]]) -> None:
        """Write the reasons of refused rows; a row may have several, one after the other."""
        last = None
        for row, column, value, advice in reasons:
            if row != last:
                self.rows += 1
                last = row
            self.first = self.first or (file, row, column, value, advice)
            self._out().writerow([_safe(file), row, column, _safe(value), advice])

    def count_more(self, rows: int) -> None:
        """Count refused rows that are too many to be written."""
        self.rows += rows

    def _out(self) -> Any:
        if self._writer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
            self.path = self._folder / f"{moment}-{self._entity}-{uuid4().hex[:6]}.csv"
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(HEADER)
        return self._writer

    def refusal(self) -> str:
        """What to tell when nothing is loaded because of refused rows."""
        assert self.first is not None
        file, row, column, value, advice = self.first
        shown = "" if value is None else f" '{' '.join(value.split())[:60]}'"
        place = f"{file}, row {row}" + (f", {column}" if column else "")
        rows = "1 row was" if self.rows == 1 else f"{self.rows} rows were"
        return (
            f"{rows} refused and nothing was loaded; the first is {place}{shown}: {advice}; "
            f"all are in {self.path}; --keep-good loads the others"
        )

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()


def _safe(value: str | None) -> str:
    """A text that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    text = text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r", "\0")) else text
