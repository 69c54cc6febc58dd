"""Bytes in, a plain local file out: standard input is spooled, gz and zip are unpacked within limits."""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO
from uuid import uuid4

from polso.errors import LoadError

CHUNK = 1 << 20
MOST_BYTES = 200 * 1024**3
"""No file may unpack to more than this."""
MOST_RATIO = 200
"""Nor to more than this many times its size, beyond the first FREE_BYTES: real logs stay under 50."""
FREE_BYTES = 64 * 1024**2

Source = Path | BinaryIO

_ABOUT = re.compile(r"(readme|leggimi|licen[sc]e)(\.(txt|md|pdf))?$", re.IGNORECASE)
_FEW_CONTROLS = 20
"""A text may hold some control characters, copied along from somewhere."""
_CONTROL = bytes(set(range(32)) - set(b"\0\t\n\v\f\r\x1a\x1b"))
"""Bytes that stand in no text of any encoding; a zero byte does, in UTF-16."""


@dataclass(frozen=True)
class Plain:
    """One unpacked file: what it is called for people, where it is, and its format."""

    name: str
    path: Path
    format: str
    """csv, excel, json or parquet."""


def size_of(sources: Sequence[Source]) -> int | None:
    """How many bytes there are to read, where that is known."""
    try:
        return sum(source.stat().st_size for source in sources if isinstance(source, Path)) or None
    except OSError:
        return None


def unpack(source: Source, staging: Path) -> Iterator[Plain]:
    """Yield the plain files of a source: itself, or what its gz or zip holds; raises LoadError."""
    path, name = (source, source.name) if isinstance(source, Path) else (_spool(source, staging), _name_of(source))
    try:
        yield from _open(path, name, staging)
    except FileNotFoundError:
        raise LoadError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise LoadError(f"{path} is a folder: name the files in it") from None
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise LoadError(f"{name}: the packed file is damaged or cut short ({error})") from None


def _name_of(stream: BinaryIO) -> str:
    name = getattr(stream, "name", None)
    return Path(name).name if isinstance(name, str) and not name.startswith("<") else "standard input"


def _spool(stream: BinaryIO, staging: Path) -> Path:
    path = staging / f"{uuid4().hex}.input"
    with path.open("wb") as out:
        while chunk := stream.read(CHUNK):
            out.write(chunk)
    return path


def _open(path: Path, name: str, staging: Path, depth: int = 0) -> Iterator[Plain]:
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise LoadError(f"{name} is empty: it has 0 bytes")
    if depth > 1:
        raise LoadError(f"{name}: it is packed more than twice; unpack it first")
    if head.startswith(b"\x1f\x8b"):
        inner = staging / f"{uuid4().hex}.unpacked"
        with gzip.open(path, "rb") as packed:
            _copy(packed, inner, path.stat().st_size, name)
        yield from _open(inner, name.removesuffix(".gz"), staging, depth + 1)
    elif head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        yield from _zip(path, name, staging, depth)
    else:
        yield Plain(name, path, _format(head, name))


def _zip(path: Path, name: str, staging: Path, depth: int) -> Iterator[Plain]:
    with zipfile.ZipFile(path) as archive:
        members = _members(archive)
        if any(m.filename == "xl/workbook.xml" for m in members):
            _bounded(sum(m.file_size for m in members), path.stat().st_size, name)
            yield Plain(name, path, "excel")
            return
        if not members:
            raise LoadError(f"{name}: there is no file in it")
        if any(m.flag_bits & 1 for m in members):
            raise LoadError(f"{name}: it is locked with a password; unpack it first")
        for member in members:
            inner = staging / f"{uuid4().hex}.unpacked"
            with archive.open(member) as packed:
                _copy(packed, inner, max(member.compress_size, 1), f"{name}: {member.filename}")
            yield from _open(inner, PurePosixPath(member.filename).name, staging, depth + 1)


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What may be data: not what a Mac adds, nor what is said about the data where there are other files."""
    members = [m for m in archive.infolist() if not m.is_dir() and not _clutter(m.filename)]
    return [m for m in members if not _ABOUT.match(PurePosixPath(m.filename).name)] or members


def _clutter(member: str) -> bool:
    return member.startswith("__MACOSX/") or PurePosixPath(member).name in (".DS_Store", "Thumbs.db")


def _copy(packed: IO[bytes] | gzip.GzipFile, out: Path, packed_size: int, name: str) -> None:
    written = 0
    with out.open("wb") as file:
        while chunk := packed.read(CHUNK):
            written += len(chunk)
            _bounded(written, packed_size, name)
            file.write(chunk)


def _bounded(size: int, packed_size: int, name: str) -> None:
    if size > MOST_BYTES:
        raise LoadError(f"{name}: it unpacks to more than {MOST_BYTES // 1024**3} GB; unpack and split it first")
    if size > FREE_BYTES and size > MOST_RATIO * packed_size:
        raise LoadError(f"{name}: it unpacks to more than {MOST_RATIO} times its size, like a bomb; unpack it first")


def _format(head: bytes, name: str) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise LoadError(f"{name}: this is an old Excel file (.xls): save it as .xlsx or CSV")
    if head.startswith(b"%PDF"):
        raise LoadError(f"{name}: this is a PDF, not a table")
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if _strange(head):
        raise LoadError(f"{name}: this is neither a table nor a text: CSV, Excel, JSON or Parquet is expected")
    if text[:15].lower().startswith((b"<!doctype", b"<html", b"<table")):
        raise LoadError(f"{name}: this is a web page, whatever its name says: save it as .xlsx or CSV")
    return "json" if _is_json(text, Path(name).suffix.lower()) else "csv"


def _strange(head: bytes) -> bool:
    """Whether it is no text; UTF-16 may hold any byte, but shows by its mark or its separators."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or len(re.findall(rb"[,;\t|]\0|\0[,;\t|]", head)) > 1:
        return False
    return len(head) - len(head.translate(None, _CONTROL)) > max(len(head) / 50, _FEW_CONTROLS)


def _is_json(text: bytes, suffix: str) -> bool:
    """What stands in the file counts; its name only where a first cell may begin with a bracket."""
    if suffix in (".csv", ".tsv", ".txt", ".tab"):
        return re.match(rb'(\[\s*)?\{\s*"[^"]*"\s*:', text) is not None
    return text[:1] in (b"{", b"[")
