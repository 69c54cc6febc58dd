"""Bytes in, a plain local file out: standard input is spooled, gz and zip are unpacked within limits."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
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


@dataclass(frozen=True)
class Plain:
    """One unpacked file: what it is called for people, where it is, and its format."""

    name: str
    path: Path
    format: str
    """csv, excel, json or parquet."""


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
    elif head.startswith(b"PK\x03\x04"):
        yield from _zip(path, name, staging, depth)
    else:
        yield Plain(name, path, _format(head, name))


def _zip(path: Path, name: str, staging: Path, depth: int) -> Iterator[Plain]:
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not _clutter(m.filename)]
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
    suffix = Path(name).suffix.lower()
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise LoadError(f"{name}: this is an old Excel file (.xls): save it as .xlsx or CSV")
    if head.startswith(b"%PDF"):
        raise LoadError(f"{name}: this is a PDF, not a table")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:15].lower().startswith((b"<!doctype", b"<html", b"<table")):
        raise LoadError(f"{name}: this is a web page, whatever its name says: save it as .xlsx or CSV")
    if suffix in (".json", ".ndjson", ".jsonl"):
        return "json"
    if suffix not in (".csv", ".tsv", ".txt", ".tab") and text[:1] in (b"{", b"["):
        return "json"
    return "csv"
