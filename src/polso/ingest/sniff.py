"""How a text file is written: its encoding, separator, quoting and header."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from charset_normalizer import from_bytes

from polso.errors import LoadError
from polso.ingest.mapping import FileOptions

SAMPLE = 1 << 18
CHUNK = 1 << 22
SEPARATORS = (",", ";", "\t", "|")
LONGEST = 64 * 1024**2
"""The longest record, in characters."""
csv.field_size_limit(LONGEST)


@dataclass(frozen=True)
class Dialect:
    """Where and how to read a text file, now certainly UTF-8."""

    path: Path
    separator: str
    quote: str
    escape: str
    skip: int
    """Lines before the header, or before the data when there is no header."""
    headers: tuple[str, ...]
    header: bool
    one_line_end: bool
    """Whether all lines end alike, those inside quotes too; the fast reader goes astray otherwise."""
    warnings: tuple[str, ...] = ()
    fill: bool = False
    """Whether cells left out at the end of a row are empty."""

    @property
    def first_data_line(self) -> int:
        """How many records come before the data."""
        return self.skip + (1 if self.header else 0)


def read_dialect(path: Path, name: str, options: FileOptions, staging: Path) -> Dialect:
    """Find out how a text file is written; one that is not clean UTF-8 is rewritten into `staging`."""
    encoding, alike, warnings = _encoding(path, options)
    if encoding != "utf-8" or options.separator == "whitespace":
        path = _rewritten(path, encoding, options.separator == "whitespace", staging)
        alike = _utf8(path, options.header)[1]
    sample = _sample(path)
    skip = options.skip_rows
    separator = "\t" if options.separator == "whitespace" else options.separator
    lines = sample.splitlines(keepends=True)
    if len(lines) > skip and lines[skip].lower().startswith("sep=") and len(lines[skip].strip()) == 5:
        separator = separator or lines[skip].strip()[-1]
        skip += 1
    body = "".join(lines[skip:])
    if not body.strip():
        raise LoadError(f"{name} is empty: there is not even a header line")
    quote = '"' if options.quote is None else options.quote
    if separator is None:
        separator = _separator(body, quote)
    escape = _escape(body, separator, quote)
    rows = _rows(body, separator, quote, escape)
    # Blank lines above the header are skipped by every reader, but the fast one must be told.
    blank = len(body) - len(body.lstrip("\r\n"))
    skip += len(body[:blank].splitlines())
    header, first = options.header, rows[0]
    if header and _explained(rows):
        header, skip, first = False, skip + 2, [name or below for name, below in zip(rows[0], rows[1], strict=True)]
    headers, notes = headings(first, options.header)
    fill = options.ragged == "fill"
    return Dialect(path, separator, quote, escape, skip, headers, header, alike, (*warnings, *notes), fill)


def _explained(rows: list[list[str]]) -> bool:
    """Whether a second header line follows, which says what kind of answer a column holds, as SurveyMonkey writes it."""
    if len(rows) < 3 or rows[0][0] != "Respondent ID" or len(rows[0]) != len(rows[1]) or rows[1][0]:
        return False
    # Lines are skipped, not rows.
    return any(rows[1]) and not any("\n" in cell or "\r" in cell for row in rows[:2] for cell in row)


def headings(cells: list[str], given: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return unique column names from a header row, and warnings about those that had to be changed."""
    if not given:
        return tuple(f"c{i + 1}" for i in range(len(cells))), ()
    names: list[str] = []
    notes = []
    taken = {cell.strip() for cell in cells}
    for i, cell in enumerate(cells):
        name = " ".join(cell.split()) or f"column_{i + 1}"
        if name in names:
            number = 2
            while f"{name}_{number}" in taken or f"{name}_{number}" in names:
                number += 1
            notes.append(f"the column '{name}' is there more than once: one is called '{name}_{number}'")
            name = f"{name}_{number}"
        names.append(name)
    return tuple(names), tuple(notes)


# --- encoding ---


def _encoding(path: Path, options: FileOptions) -> tuple[str, bool, tuple[str, ...]]:
    """Return 'utf-8' when the file can be read as it stands, else how to decode it; and whether lines end alike."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if options.encoding:
        try:
            asked = codecs.lookup(options.encoding).name
        except LookupError:
            raise LoadError(f"file.encoding: there is no encoding '{options.encoding}'; for example cp1252") from None
        if asked not in ("utf-8", "ascii", "utf-8-sig"):
            return asked, False, ()
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32", False, ()
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", False, ()
    if wide := _without_mark(head):
        return wide, False, (f"read as {wide.upper()}, though nothing in the file says so",)
    return _utf8(path, options.header)


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without a byte-order mark shows as a zero in every second place."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    pairs = max(len(head) // 2, 1)
    if odd > 0.4 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    if even > 0.4 * pairs and odd < 0.05 * pairs:
        return "utf-16-be"
    return None


def _utf8(path: Path, header: bool) -> tuple[str, bool, tuple[str, ...]]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    unclean = False
    position = feeds = returns = both = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            # A line end must not be cut in two.
            chunk += file.read(1) if chunk.endswith(b"\r") else b""
            if position == 0 and not header and chunk.startswith(codecs.BOM_UTF8):
                unclean = True
            unclean = unclean or b"\0" in chunk
            if b"\r" in chunk:
                returns, both = returns + chunk.count(b"\r"), both + chunk.count(b"\r\n")
            feeds += (returns > 0 and chunk.count(b"\n")) or b"\n" in chunk
            try:
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
            except UnicodeDecodeError:
                return _eight_bit(path, position)
            position += len(chunk)
    if decoder.getstate()[0]:
        return _eight_bit(path, max(position - CHUNK, 0))
    alike = not returns or (not feeds and not both) or returns == feeds == both
    return ("utf-8-sig" if unclean else "utf-8"), alike, ()


def _eight_bit(path: Path, position: int) -> tuple[str, bool, tuple[str, ...]]:
    """Not UTF-8: an older encoding, or UTF-8 with a few damaged bytes."""
    with path.open("rb") as file:
        file.seek(position)
        part = file.read(CHUNK)
    text = part.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for c in text if c > "\x7f") - bad
    if good > 20 * bad:
        return (
            "utf-8-damaged",
            False,
            (f"about {bad} characters are damaged and read as \ufffd: the file is not quite UTF-8",),
        )
    encoding = "cp1252"
    try:
        part.decode("cp1252")
    except UnicodeDecodeError:
        best = from_bytes(part[:SAMPLE]).best()
        encoding = best.encoding if best else "latin-1"
    shown = "Windows-1252" if encoding == "cp1252" else encoding
    return encoding, False, (f"read as {shown}: the file is not UTF-8; state file.encoding if letters look wrong",)


def _rewritten(path: Path, encoding: str, blanks: bool, staging: Path) -> Path:
    """Copy a text file as UTF-8, without byte-order mark and zero bytes; runs of blanks become tabs if asked."""
    out = staging / f"{uuid4().hex}.csv"
    errors = "replace"
    decoded = {"utf-8-damaged": "utf-8-sig"}.get(encoding, encoding)
    with (
        path.open(encoding=decoded, errors=errors, newline="") as file,
        out.open("w", encoding="utf-8", newline="") as clean,
    ):
        if blanks:
            for line in file:
                clean.write("\t".join(line.replace("\0", "").split()) + "\n")
            return out
        while chunk := file.read(CHUNK):
            clean.write(chunk.replace("\0", "").removeprefix("\ufeff"))
    return out


# --- dialect ---


def _sample(path: Path) -> str:
    """The first part of the file, cut after a whole line where there is one."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
        if len(head) == SAMPLE:
            while not (b"\n" in head or b"\r" in head) and (more := file.read(CHUNK)):
                head += more
            cut = max(head.rfind(b"\n"), head.rfind(b"\r"))
            head = head[: cut + 1] if cut >= 0 else head
    return head.decode("utf-8", "replace").removeprefix("\ufeff")


def _rows(sample: str, separator: str, quote: str, escape: str, most: int = 1000) -> list[list[str]]:
    """Records of the sample, blank ones left out; a header is always among them."""
    reader = csv.reader(io.StringIO(sample, newline=""), **format_of(separator, quote, escape))
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) >= most:
                break
    except csv.Error:
        pass
    return rows or [sample.splitlines()[0].split(separator)]


def format_of(separator: str, quote: str, escape: str, strict: bool = False) -> dict[str, Any]:
    """The keyword arguments of csv.reader for a dialect."""
    kinds: dict[str, Any] = {"delimiter": separator, "strict": strict, "doublequote": escape == quote}
    if not quote:
        return {"delimiter": separator, "quoting": csv.QUOTE_NONE, "strict": strict}
    if escape != quote:
        kinds["escapechar"] = escape
    return {**kinds, "quotechar": quote}


def _separator(sample: str, quote: str) -> str:
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        rows = _rows(sample, separator, quote, quote)
        width = len(rows[0])
        if width < 2:
            continue
        agreeing = sum(len(row) == width for row in rows) / len(rows)
        usual = Counter(len(row) for row in rows).most_common(1)[0][0]
        score = (round(agreeing, 1) + (0.5 if usual == width else 0), width)
        if score > best_score:
            best, best_score = separator, score
    return best


def _escape(sample: str, separator: str, quote: str) -> str:
    """Quotes inside a quoted cell are doubled, or have a backslash in front (MySQL)."""
    if not quote or f"\\{quote}" not in sample:
        return quote
    doubled = _agreement(sample, separator, quote, quote)
    slashed = _agreement(sample, separator, quote, "\\")
    return "\\" if slashed > doubled else quote


def _agreement(sample: str, separator: str, quote: str, escape: str) -> int:
    rows = _rows(sample, separator, quote, escape)
    return sum(len(row) == len(rows[0]) for row in rows)
