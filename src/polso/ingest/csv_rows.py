"""A tolerant reader of CSV: what cannot be split into cells is told, row by row, and the rest is read."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from typing import TextIO

from polso.ingest.sniff import Dialect, format_of

Row = tuple[int, list[str] | None, str, str]
"""Number (from 1), cells or None when they cannot be read, and for those the text and the advice."""

_TOLD_EVERY = 10_000


class _TooLongError(Exception):
    pass


class _Lines:
    """Lines of a file that can be given back: an unclosed quote must not swallow the rest."""

    def __init__(self, file: TextIO, longest: int) -> None:
        self._file = file
        self._longest = longest
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self._chars = 0
        self.read = 0
        """Characters taken so far: about the bytes."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._file)
        self.read += len(line)
        self.taken.append(line)
        self._chars += len(line)
        if self._chars > self._longest:
            raise _TooLongError
        return line

    def start(self) -> None:
        """A new record begins."""
        self.taken = []
        self._chars = 0

    def give_back_all_but_first(self) -> str:
        """Return the first line of the record; the others will come again."""
        self._again.extendleft(reversed(self.taken[1:]))
        return self.taken[0]


def tolerant_rows(dialect: Dialect, longest: int, progress: Callable[[int], None]) -> Iterator[Row]:
    """Yield every record after the header; blank lines have no number."""
    kinds = format_of(dialect.separator, dialect.quote, dialect.escape, strict=True)
    width = len(dialect.headers)
    number = 0
    with dialect.path.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(dialect.skip):
            file.readline()
        lines = _Lines(file, longest)
        reader = csv.reader(lines, **kinds)
        to_skip = 1 if dialect.header else 0
        while True:
            lines.start()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLongError):
                number += 1
                text = lines.give_back_all_but_first()
                reader = csv.reader(lines, **kinds)
                advice = "a quote is opened and not closed, or text follows a closing quote: double the quotes inside"
                yield number, None, text.rstrip("\r\n"), advice
                continue
            if to_skip:
                to_skip -= 1
                continue
            if not any(cells) or (len(cells) == 1 and not cells[0].strip()):
                continue
            number += 1
            if number % _TOLD_EVERY == 0:
                progress(lines.read)
            yield _fitted(number, cells, width, dialect)


def _fitted(number: int, cells: list[str], width: int, dialect: Dialect) -> Row:
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        cells = cells[:width]
    if len(cells) < width and dialect.fill:
        cells = [*cells, *[""] * (width - len(cells))]
    if len(cells) != width:
        hint = "quote cells that hold the separator"
        if len(cells) < width:
            hint = 'complete it, or state file.ragged = "fill" where the cells left out at the end were empty'
        return number, None, dialect.separator.join(cells), f"the row has {len(cells)} cells, the header {width}: {hint}"
    return number, [cell or None for cell in cells], "", ""  # type: ignore[misc]
