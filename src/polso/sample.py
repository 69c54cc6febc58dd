"""The sample workspace: real data that may be shipped, and a made-up company for what no open data covers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from polso import demo
from polso.workspace import Workspace

REAL = (("ticket", "incidents"), ("visit", "online_shoppers"))
"""Entity and file name of each shipped excerpt; see samples/README.md for sources and licences."""


def load_real(workspace: Workspace, say: Callable[[str], None]) -> None:
    """Load the shipped excerpts of real data."""
    folder = Path(str(files("polso") / "samples"))
    for entity, name in REAL:
        report = workspace.load(entity, folder / f"{name}.csv.gz", mapping=folder / f"{name}.toml")
        say(f"{name}: {report.rows_read} rows of real data as {entity}")


def load_company(workspace: Workspace, until: date, say: Callable[[str], None]) -> None:
    """Load the made-up company's facts up to a day."""
    for entity, table in demo.tables(until).items():
        report = workspace.load_table(entity, table)
        say(f"{demo.NAME}: {report.rows_read} rows as {entity}")


def last_full_month(today: date) -> tuple[date, date]:
    """First day of the last full month, and of the one after."""
    end = today.replace(day=1)
    return (end - timedelta(days=1)).replace(day=1), end
