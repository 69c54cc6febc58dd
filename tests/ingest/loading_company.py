"""A company that loads files and looks at what became of them."""

from __future__ import annotations

import tomllib
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from polso.ingest.load import LoadReport, load
from polso.ingest.mapping import Mapping, parse
from polso.settings import Settings
from polso.warehouse.store import Warehouse


class Company:
    """A workspace in Rome."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = Warehouse(folder / "workspace")
        self.settings = Settings.load(folder / "workspace")
        self.report: LoadReport | None = None

    def file(self, content: str | bytes, name: str = "file.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(
        self,
        entity: str,
        *contents: str | bytes | Path,
        mapping: str | None = None,
        keep_good: bool = False,
        name: str = "file.csv",
    ) -> list[dict[str, Any]]:
        """Load contents or paths, and return all rows of the entity by id, without empty columns."""
        sources = [c if isinstance(c, Path) else self.file(c, f"{i}-{name}") for i, c in enumerate(contents)]
        self.report = load(
            self.warehouse, entity, sources, settings=self.settings, mapping=of(entity, mapping), keep_good=keep_good
        )
        return self.rows(entity)

    def rows(self, entity: str) -> list[dict[str, Any]]:
        found = []
        for data in self.warehouse.snapshot(entity).files:
            found += pq.ParquetFile(data.path).read().to_pylist()
        return [_shown(row) for row in sorted(found, key=lambda row: row["id"])]


def of(entity: str, mapping: str | None) -> Mapping | None:
    """A mapping from TOML text, the entity added."""
    return None if mapping is None else parse(tomllib.loads(f'entity = "{entity}"\n{mapping}'))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if hasattr(value, "astimezone") else value
        for key, value in row.items()
        if value is not None and key != "customer_group"
    }
