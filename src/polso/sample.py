"""The sample workspace: real data that may be shipped, and a made-up company for what no open data covers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from polso import demo
from polso.answer import Answers
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


def questions(workspace: Workspace, until: date) -> Iterator[tuple[str, Answers]]:
    """What the sample is asked first: every KPI of the company's last month, and a few of the real data."""
    start, end = last_full_month(until)
    month = workspace.measure(*workspace.catalogue.keys(), start=start, end=end, where="not source like 'uci%'")
    yield f"{demo.NAME}, a made-up company: {start:%B %Y} against the month before", month
    incidents = workspace.measure(
        *("ticket_volume", "tickets_resolved", "resolution_time_median", "resolution_time_p90", "reopen_rate"),
        start=date(2016, 3, 14),
        end=date(2016, 3, 21),
        where="source = 'uci_incidents'",
    )
    yield "Real incidents of an IT company: 14–20 March 2016 against the week before", incidents
    visits = workspace.measure(
        *("visits", "conversion_rate", "pages_per_visit"),
        start=date(2017, 11, 1),
        end=date(2017, 12, 1),
        where="source = 'uci_online_shoppers'",
    )
    yield "Real sessions of an online bookshop: November against October", visits


WHAT_NEXT = """\
The workspace is in {workspace}. Ask it something:
  {polso} --workspace {workspace} measure nps csat --by channel --grain month
  {polso} --workspace {workspace} explain first_response_time_median --by channel
  {polso} --workspace {workspace} kpis
See it in the browser:
  {polso} --workspace {workspace} serve
Load your own facts:
  {polso} --workspace mine load ticket tickets.csv --dry-run"""
