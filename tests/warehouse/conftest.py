"""A workspace folder, and a way to load rows into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stored_rows import Rows, parquet

from polso.warehouse.store import Commit, Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "workspace")


@pytest.fixture
def load(warehouse: Warehouse, tmp_path: Path) -> Callable[..., Commit]:
    """Load lists of rows, a staged file each."""

    def load(*files: Rows, entity: str = "response", **how: Any) -> Commit:
        return warehouse.upsert(entity, [parquet(tmp_path, entity, rows) for rows in files], **how)

    return load
