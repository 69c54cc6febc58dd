"""Make facts to measure with: tickets, responses and visits over 24 months, the same for the same seed.

    python -m benchmarks.facts FOLDER [--scale 1.0]

At scale 1: 2 M tickets, 5 M responses, 20 M visits. Writes FOLDER/raw/*.parquet (plain rows, for the peers) and a workspace
FOLDER/workspace with the same rows as facts.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

from polso.engines.duckdb import connect
from polso.entities import ENTITIES
from polso.warehouse.store import Warehouse

MONTHS = 24
FIRST, LAST = "2024-11-01", "2026-11-01"
SECONDS = 730 * 86_400
CHUNK = 1_000_000

# A pseudo-random number in 0…1 from the row number and a salt: the same on every machine.
_RANDOM = "((md5_number_lower((i * 8 + {salt})::varchar) % 1000003) / 1000003.0)"


def _r(salt: int) -> str:
    return _RANDOM.format(salt=salt)


def _pick(salt: int, *values: str) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"[{listed}][1 + floor({_r(salt)} * {len(values)})::int]"


def _customer(count: int) -> str:
    return f"'c' || floor({_r(1)} * {count})::bigint"


_AT = f"timestamptz '{FIRST} 00:00:00+00' + to_microseconds((i * {SECONDS} * 1000000.0 / {{rows}})::bigint)"
_WAITED = f"to_microseconds((exp(7 + 1.4 * sqrt(-2 * ln(greatest({_r(3)}, 1e-6))) * cos(6.2831853 * {_r(4)})) * 1000000)::bigint)"
_SOLVED = (
    f"to_microseconds((exp(10 + 1.2 * sqrt(-2 * ln(greatest({_r(5)}, 1e-6))) * cos(6.2831853 * {_r(6)})) * 1000000)::bigint)"
)

ROWS = {"ticket": 2_000_000, "response": 5_000_000, "visit": 20_000_000}
CUSTOMERS = {"ticket": 300_000, "response": 800_000, "visit": 3_000_000}
COLUMNS = {
    "ticket": {
        "opened_at": _AT,
        "first_response_at": f"{_AT} + {_WAITED}",
        "resolved_at": f"case when {_r(2)} < 0.97 then {_AT} + {_WAITED} + {_SOLVED} end",
        "response_seconds": f"epoch({_AT} + {_WAITED}) - epoch({_AT})",
        "resolution_seconds": f"case when {_r(2)} < 0.97 then epoch({_AT} + {_WAITED} + {_SOLVED}) - epoch({_AT}) end",
        "reopens": f"case when {_r(7)} < 0.06 then 1 else 0 end",
        "agent_touches": f"1 + floor({_r(4)} * 4)::bigint",
        "channel": _pick(2, "email", "chat", "phone", "social"),
        "priority": _pick(3, "low", "normal", "high"),
        "topic": _pick(5, "login", "delivery", "invoice", "refund", "fault", "other"),
        "team": _pick(6, "A", "B", "C", "D", "E"),
    },
    "response": {
        "submitted_at": _AT,
        "kind": f"case when {_r(2)} < 0.5 then 'nps' else 'csat' end",
        "programme": "'relational'",
        "score": f"case when {_r(7)} < 0.02 then null when {_r(2)} < 0.5 then floor(11 * sqrt({_r(3)})) "
        f"else 1 + floor(5 * sqrt({_r(3)})) end",
        "scale_min": f"case when {_r(2)} < 0.5 then 0 else 1 end",
        "scale_max": f"case when {_r(2)} < 0.5 then 10 else 5 end",
        "high_is_good": "true",
        "channel": _pick(4, "email", "web", "app"),
        "segment": _pick(5, "new", "regular", "vip", "business"),
        "language": _pick(6, "it", "en"),
    },
    "visit": {
        "started_at": _AT,
        "pageviews": f"1 + floor({_r(2)} * 12)::bigint",
        "converted": f"{_r(3)} < 0.03",
        "cart_created": f"{_r(3)} < 0.1",
        "checkout_completed": f"{_r(3)} < 0.03",
        "source": _pick(4, "direct", "search", "social", "mail"),
        "device": _pick(5, "phone", "desktop", "tablet"),
    },
}


def select(entity: str, rows: int, first: int, last: int) -> str:
    """SQL for the rows `first` to `last` of an entity in its stored schema."""
    customer = _customer(max(100, CUSTOMERS[entity] * rows // ROWS[entity]))
    given = {"id": "i::varchar", "source": "'bench'", "customer_id": customer, **COLUMNS[entity]}
    given["customer_group"] = f"(md5_number_lower({customer}) & 31)::bigint"
    columns = ", ".join(
        f'cast({given.get(column.name, "null").format(rows=rows)} as {column.type.sql}) as "{column.name}"'
        for column in ENTITIES[entity].all_columns
    )
    return f"select {columns} from range({first}, {last}) as t(i)"  # noqa: S608


def make(folder: Path, scale: float) -> None:
    """Write the raw files and the workspace; keeps what is there already at this scale."""
    done = folder / f"done-{scale}"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "raw").mkdir(parents=True)
    warehouse = Warehouse(folder / "workspace")
    for entity in ROWS:
        rows = int(ROWS[entity] * scale)
        started = time.perf_counter()
        staged = []
        with connect() as work:
            for first in range(0, rows, CHUNK):
                path = folder / "raw" / f"{entity}-{first // CHUNK:03d}.parquet"
                chosen = select(entity, rows, first, min(rows, first + CHUNK))
                work.execute(f"copy ({chosen}) to '{path}' (format parquet, compression zstd)")
                staged.append(path)
        made = time.perf_counter()
        warehouse.upsert(entity, staged)
        print(f"{entity}: {rows} rows made in {made - started:.1f} s, stored in {time.perf_counter() - made:.1f} s")
    done.touch()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    asked = parser.parse_args()
    make(asked.folder, asked.scale)
