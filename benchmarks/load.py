"""How long loading takes, checks included, against DuckDB's own copy of the same file into a table."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from benchmarks.measuring import compare, write
from polso.engines.duckdb import connect
from polso.workspace import Workspace

COLUMNS = "id, customer_id, submitted_at, kind, programme, score, scale_min, scale_max, high_is_good, channel, segment, language"


def run(data: Path, scale: float) -> None:
    """Load about a million answers from CSV and from Parquet."""
    with tempfile.TemporaryDirectory() as folder:
        files = {kind: Path(folder) / f"answers.{kind}" for kind in ("csv", "parquet")}
        with connect() as work:
            source = f"(select {COLUMNS} from read_parquet('{data}/raw/response-000.parquet'))"  # noqa: S608
            work.execute(f"copy {source} to '{files['csv']}' (header)")
            work.execute(f"copy {source} to '{files['parquet']}' (format parquet)")
        found = []
        for kind, file in files.items():

            def ours(file: Path = file) -> None:
                with tempfile.TemporaryDirectory() as place:
                    Workspace(place).load("response", file)

            def peer(file: Path = file, kind: str = kind) -> None:
                with tempfile.TemporaryDirectory() as place, duckdb.connect(f"{place}/copy.duckdb") as work:
                    work.execute(f"create table copy as select * from read_{kind}('{file}')")  # noqa: S608

            found.append(compare(f"load {kind}, {file.stat().st_size >> 20} MB", ("polso load", ours), ("DuckDB copy", peer), 3))
    write("load", scale, found)
