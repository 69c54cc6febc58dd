"""Every KPI against its hand-worked example, on every engine."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from polso.workspace import Workspace

HERE = Path(__file__).parent
EXAMPLES = [
    pytest.param(example, id=f"{path.stem}-{example['key']}-{number}")
    for path in sorted(HERE.glob("*.toml"))
    for number, example in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["example"])
]


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_kpi_gives_the_number_worked_out_by_hand(example: dict[str, Any], engine: str, tmp_path: Path) -> None:
    workspace = opened(example, tmp_path)
    question = {name: example[name] for name in ("start", "end", "where", "by", "grain") if name in example}
    (row,) = workspace.measure(example["key"], compare="none", engine=engine, **question).only
    if "reason" in example:
        assert row.estimate.value is None
        assert row.estimate.reason
    else:
        assert row.estimate.value == pytest.approx(example["expected"], rel=example.get("tolerance", 1e-9))


def opened(example: dict[str, Any], folder: Path) -> Workspace:
    """A workspace with the facts of an example."""
    (folder / "polso.toml").write_text(f'[workspace]\ntimezone = "{example.get("timezone", "UTC")}"\n')
    workspace = Workspace(folder)
    for entity, rows in example["facts"].items():
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = {name: [_text(row.get(name)) for row in rows] for name in names}
        workspace.load_table(entity, pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    return workspace


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
