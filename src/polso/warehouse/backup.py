"""A whole workspace in one file, and back."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from polso.entities import ENTITIES
from polso.errors import WarehouseError
from polso.warehouse import layout
from polso.warehouse.erase import entries, erase_again, write
from polso.warehouse.store import Snapshot, SnapshotGone, Warehouse

_TRIES = 5
_MANIFEST = "polso-backup.json"
_PLAIN = ("polso.toml", "layout.json", "erasures.jsonl")
_FOLDERS = ("metrics", "mappings")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    TypeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
_ROOTS = frozenset(("facts", *_FOLDERS, *_PLAIN))


def backup(folder: Path, file: Path) -> None:
    """Write the facts of one moment, settings, metrics, mappings and the log of erasures to one zip file.

    Loads may go on meanwhile. The file appears when it is whole.
    """
    file = Path(file)
    if file.is_dir():
        raise WarehouseError(f"'{file}' is a folder: name a file, such as '{file / 'polso.zip'}'")
    file.parent.mkdir(parents=True, exist_ok=True)
    warehouse = Warehouse(folder)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(descriptor)
    beside = Path(name)
    try:
        for attempt in range(_TRIES):
            try:
                _write(warehouse, beside)
                break
            except (FileNotFoundError, SnapshotGone):
                # A file was erased while we were at it: begin again from what is there now.
                if attempt == _TRIES - 1:
                    raise
        os.replace(beside, file)
    finally:
        beside.unlink(missing_ok=True)


def _write(warehouse: Warehouse, file: Path) -> None:
    tables = _one_moment(warehouse)
    sizes: dict[str, int] = {}
    with file.open("wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in _contents(warehouse, tables):
            name = path.relative_to(warehouse.folder).as_posix()
            packed = zipfile.ZIP_STORED if path.suffix == ".parquet" else zipfile.ZIP_DEFLATED
            archive.write(path, name, compress_type=packed)
            sizes[name] = archive.getinfo(name).file_size
        tables_told = {name: {"version": table.version, "rows": table.rows} for name, table in tables.items()}
        archive.writestr(_MANIFEST, json.dumps({"files": sizes, "tables": tables_told}))
    with file.open("rb+") as written:
        os.fsync(written.fileno())


def _one_moment(warehouse: Warehouse) -> dict[str, Snapshot]:
    """Snapshots of all tables that were the newest at one and the same time."""
    before = {name: warehouse.snapshot(name) for name in ENTITIES}
    for _ in range(100):
        now = {name: warehouse.snapshot(name) for name in ENTITIES}
        if all(now[name].version == before[name].version for name in ENTITIES):
            break
        before = now
    return {name: table for name, table in before.items() if table.version >= 0}


def _contents(warehouse: Warehouse, tables: Mapping[str, Snapshot]) -> Iterator[Path]:
    folder = warehouse.folder
    yield from (folder / name for name in _PLAIN if (folder / name).exists())
    for place in _FOLDERS:
        yield from (path for path in sorted((folder / place).rglob("*")) if path.is_file() and not path.is_symlink())
    for name, table in tables.items():
        log = layout.facts(folder, name) / "_delta_log"
        yield from (path for path in sorted(log.iterdir()) if _told(path, table))
        yield from (Path(file.path) for file in table.files)


def _told(entry: Path, table: Snapshot) -> bool:
    """Whether a file of the log speaks of versions up to the snapshot's."""
    number = entry.name.split(".")[0]
    return number.isdigit() and int(number) <= table.version and entry.suffix in (".json", ".parquet")


def restore(file: Path, folder: Path, erased: Path | None = None) -> None:
    """Restore a backup into a folder that is empty or not there; it appears when it is whole and sound.

    `erased` is a workspace whose erasures, made after the backup, are done again on what is restored.
    """
    file, folder = Path(file), Path(folder).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WarehouseError(f"'{folder}' is not empty: restore into a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        _unpack(file, beside)
        _check(file, beside)
        if erased is not None:
            _erase_again(beside, entries(layout.erasure_log(Path(erased))))
        beside.chmod(0o755)
        with suppress(FileNotFoundError):
            folder.rmdir()
        os.replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unpack(file: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = json.loads(archive.read(_MANIFEST))["files"]
            for info in archive.infolist():
                if info.filename != _MANIFEST:
                    _unpack_one(archive, info, folder, sizes)
            missing = set(sizes) - set(archive.namelist())
    except FileNotFoundError:
        raise WarehouseError(f"there is no backup '{file}'") from None
    except IsADirectoryError:
        raise WarehouseError(f"'{file}' is a folder, not a backup") from None
    except _DAMAGE as error:
        raise WarehouseError(f"'{file}' is not a whole backup of Polso: {error}") from error
    if missing:
        raise WarehouseError(f"'{file}' is not whole: '{min(missing)}' is missing")


def _unpack_one(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path, sizes: Mapping[str, int]) -> None:
    name = PurePosixPath(info.filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    plain = kind in (0, stat.S_IFREG) and not info.filename.endswith("/")
    inside = bool(name.parts) and not name.is_absolute() and not {"..", "."}.intersection(info.filename.split("/"))
    inside = inside and not set("\\:\0").intersection(info.filename)
    if not (plain and inside and name.parts[0] in _ROOTS and sizes.get(info.filename) == info.file_size):
        raise WarehouseError(f"'{archive.filename}' holds '{info.filename}', as no backup of Polso does: not restored")
    target = folder.joinpath(*name.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, target.open("xb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)


def _check(file: Path, folder: Path) -> None:
    """Refuse what was restored unless each file of each table is there with its rows."""
    warehouse = Warehouse(folder)
    for name in ENTITIES:
        for data in warehouse.snapshot(name).files:
            try:
                rows = pq.read_metadata(data.path).num_rows
            except (OSError, pa.ArrowInvalid) as error:
                raise WarehouseError(f"'{file}' is damaged: {name} {data.month} cannot be read ({error})") from error
            if rows != data.rows:
                raise WarehouseError(f"'{file}' is damaged: {name} {data.month} has {rows} rows, not {data.rows}")


def _erase_again(folder: Path, later: list[dict[str, str]]) -> None:
    path = layout.erasure_log(folder)
    before = entries(path)
    erase_again(Warehouse(folder), later)
    # Their own notes go: the hashes erased by are the ones to keep.
    known = {entry["hash"] for entry in before}
    write(path, before + [entry for entry in later if entry["hash"] not in known])
