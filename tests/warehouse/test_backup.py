"""Alice keeps a copy of everything in one file."""

from __future__ import annotations

import json
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from stored_rows import answer, on, parquet, stored

from polso.errors import WarehouseError
from polso.warehouse import layout
from polso.warehouse.backup import backup, restore
from polso.warehouse.erase import erase
from polso.warehouse.store import Commit, Warehouse
from polso.warehouse.upkeep import compact, doctor

Load = Callable[..., Commit]


@pytest.fixture
def full(warehouse: Warehouse, load: Load) -> Warehouse:
    for number in range(5):
        load([answer(number, at=on(1 + number % 2)), answer(0, float(number))], derived_from={"x": number})
    load([{"id": "c1", "name": "Bob", "acquired_at": on(1)}], entity="customer")
    compact(warehouse, "response")
    (warehouse.folder / "polso.toml").write_text('[workspace]\nname = "Shop"\n')
    (warehouse.folder / "metrics" / "mine.toml").write_text("[mine]\n")
    return warehouse


def test_a_restored_workspace_is_the_one_that_was_kept(full: Warehouse, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "kept.zip")
    restore(tmp_path / "kept.zip", tmp_path / "again")
    again = Warehouse(tmp_path / "again")
    assert stored(again) == stored(full)
    assert stored(again, "customer") == stored(full, "customer")
    assert again.snapshot("response").version == full.snapshot("response").version
    assert again.derived_version("response", "x") == 4
    assert (again.folder / "polso.toml").read_text() == '[workspace]\nname = "Shop"\n'
    assert (again.folder / "metrics" / "mine.toml").exists()
    assert doctor(again) == []
    rows = [answer(0, float(4)), answer("new")]
    assert again.upsert("response", [parquet(tmp_path, "response", rows)]).inserted == 1


def test_it_does_not_keep_former_rows(full: Warehouse, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "kept.zip")
    names = zipfile.ZipFile(tmp_path / "kept.zip").namelist()
    live = {file.name for file in full.snapshot("response").files}
    assert {name.split("/")[-1] for name in names if name.startswith("facts/response/month=")} == live


def test_a_backup_made_during_loads_is_a_whole_moment(warehouse: Warehouse, load: Load, tmp_path: Path) -> None:
    load([answer(0)])
    stop = threading.Event()

    def keep_loading() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            load([answer(f"{number}-{half}") for half in ("a", "b")])

    loader = threading.Thread(target=keep_loading)
    loader.start()
    try:
        for number in range(4):
            backup(warehouse.folder, tmp_path / f"{number}.zip")
    finally:
        stop.set()
        loader.join()
    for number in range(4):
        restore(tmp_path / f"{number}.zip", tmp_path / f"again-{number}")
        ids = set(stored(Warehouse(tmp_path / f"again-{number}"))) - {"r0"}
        assert {name[:-1] + "a" for name in ids} == {name for name in ids if name.endswith("a")}
        assert len(ids) % 2 == 0


def test_a_folder_with_something_in_it_is_not_written_over(full: Warehouse, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "kept.zip")
    with pytest.raises(WarehouseError, match="not empty"):
        restore(tmp_path / "kept.zip", full.folder)
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "kept.zip", tmp_path / "empty")
    assert stored(Warehouse(tmp_path / "empty")) == stored(full)


def test_half_a_backup_restores_nothing(full: Warehouse, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "kept.zip")
    whole = (tmp_path / "kept.zip").read_bytes()
    middle = len(whole) // 2
    for number, damaged in enumerate((whole[:middle], b"", b"no zip", whole[:middle] + b"XXXX" + whole[middle + 4 :])):
        (tmp_path / "damaged.zip").write_bytes(damaged)
        with pytest.raises(WarehouseError, match=r"damaged\.zip"):
            restore(tmp_path / "damaged.zip", tmp_path / f"again-{number}")
        assert not (tmp_path / f"again-{number}").exists()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_missing_backup_is_named(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"there is no backup '.*none\.zip'"):
        restore(tmp_path / "none.zip", tmp_path / "again")


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "facts/../../evil", "facts\\..\\evil", "C:evil", "other/evil", "facts/./x", ""]
)
def test_an_archive_that_reaches_outside_is_refused(full: Warehouse, tmp_path: Path, name: str) -> None:
    with pytest.raises(WarehouseError, match="no backup of Polso does"):
        restore(_with(full, tmp_path, zipfile.ZipInfo(name)), tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert not list(tmp_path.rglob("evil"))


def test_an_archive_with_a_link_is_refused(full: Warehouse, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("metrics/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(WarehouseError, match="no backup of Polso does"):
        restore(_with(full, tmp_path, link), tmp_path / "again")


def _with(warehouse: Warehouse, folder: Path, extra: zipfile.ZipInfo) -> Path:
    """A backup with one more entry, which its own list names as well."""
    backup(warehouse.folder, folder / "kept.zip")
    with zipfile.ZipFile(folder / "kept.zip") as kept, zipfile.ZipFile(folder / "hostile.zip", "w") as hostile:
        for info in kept.infolist():
            if info.filename != "polso-backup.json":
                hostile.writestr(info, kept.read(info))
        told = json.loads(kept.read("polso-backup.json"))
        told["files"][extra.filename] = 4
        hostile.writestr(extra, b"evil")
        hostile.writestr("polso-backup.json", json.dumps(told))
    return folder / "hostile.zip"


def test_who_was_erased_after_the_backup_is_erased_again(full: Warehouse, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "kept.zip")
    erase(full, "c1")
    restore(tmp_path / "kept.zip", tmp_path / "again", erased=full.folder)
    again = Warehouse(tmp_path / "again")
    assert stored(again) == stored(full)
    assert stored(again, "customer") == {}
    assert layout.erasure_log(again.folder).read_text() == layout.erasure_log(full.folder).read_text()
    assert not any(b"Bob" in path.read_bytes() for path in again.folder.rglob("*") if path.is_file())
