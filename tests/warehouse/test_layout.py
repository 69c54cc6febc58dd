"""A folder made by another version of Polso."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polso.errors import WarehouseError
from polso.warehouse import layout


def test_a_new_folder_gets_its_places_and_its_version(tmp_path: Path) -> None:
    assert layout.upgrade(tmp_path / "new") == len(layout.STEPS)
    assert json.loads((tmp_path / "new" / "layout.json").read_text()) == {"layout": len(layout.STEPS)}
    assert (tmp_path / "new" / "facts").is_dir()


def test_an_upgrade_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    done: list[str] = []

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        layout.upgrade(tmp_path, (lambda _: done.append("one"), killed))
    assert layout.version(tmp_path) == 1
    layout.upgrade(tmp_path, (lambda _: done.append("again"), lambda _: done.append("two")))
    assert done == ["one", "two"]
    assert layout.version(tmp_path) == 2


def test_a_folder_of_a_newer_polso_is_refused(tmp_path: Path) -> None:
    (tmp_path / "layout.json").write_text('{"layout": 99}')
    with pytest.raises(WarehouseError, match="has layout 99, this Polso knows 1: upgrade Polso"):
        layout.upgrade(tmp_path)


def test_a_damaged_version_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "layout.json").write_text("{")
    with pytest.raises(WarehouseError, match=r"layout\.json' is damaged"):
        layout.upgrade(tmp_path)
