"""A look at the beginning of a file tells what a load would do, and what its rows are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polso.errors import LoadError
from polso.ingest import preview
from polso.workspace import Workspace

HEAD = "id;ordered_at;amount\n"
GOOD = "".join(f"o{n};{n % 28 + 1:02d}/03/2026;{n},5\n" for n in range(50))
BAD = "x1;31/02/2026;1,5\nx2;13/03/2026;much\nx3;13/03/2026\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


def test_it_says_what_a_load_then_does(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(HEAD + GOOD + BAD)
    mapping = workspace.first_mapping(file)
    seen = workspace.preview(mapping, file)
    assert mapping.entity == "order" and seen.whole and (seen.rows, seen.good, seen.refused) == (53, 50, 3)
    assert [(one.row, one.column, one.value) for one in seen.refusals] == [
        *((51, "ordered_at", "31/02/2026"), (52, "amount", "much"), (53, "", "x3;13/03/2026"))
    ]
    assert seen.facts is not None and seen.facts["amount"].to_pylist()[:3] == [0.5, 1.5, 2.5]
    assert [(one.name, len(one.samples)) for one in seen.headings] == [("id", 3), ("ordered_at", 3), ("amount", 3)]
    report = workspace.load("order", file, mapping=mapping, keep_good=True)
    assert (report.rows_read, report.inserted, report.rejected) == (53, 50, 3)


def test_of_a_long_file_only_the_beginning_is_read(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(HEAD + GOOD * 100)
    seen = workspace.preview(workspace.first_mapping(file), file)
    assert (seen.rows, seen.whole, seen.refused) == (preview.MOST_ROWS, False, 0)
    monkeypatch.setattr(preview, "_MOST_BYTES", 500)
    cut = workspace.preview(workspace.first_mapping(file), file)
    assert 10 < cut.rows < 50 and not cut.whole and not cut.refused


def test_every_kind_of_file(workspace: Workspace, tmp_path: Path) -> None:
    rows = [{"id": f"o{n}", "ordered_at": "2026-03-21 10:00", "amount": n + 0.5} for n in range(5)]
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress((HEAD + GOOD).encode()))
    array, lines, sheet, table = (tmp_path / name for name in ("a.json", "a.jsonl", "a.xlsx", "a.parquet"))
    array.write_text(json.dumps(rows))
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n")
    book = openpyxl.Workbook()
    for line in [list(rows[0]), *(list(row.values()) for row in rows)]:
        book.active.append(line)
    book.save(sheet)
    pq.write_table(pa.Table.from_pylist(rows), table)
    for file, good, refused in ((packed, 50, 0), (array, 5, 0), (lines, 5, 1), (sheet, 5, 0), (table, 5, 0)):
        seen = workspace.preview(workspace.first_mapping(file, "order"), file)
        assert (seen.good, seen.refused, seen.problem) == (good, refused, ""), file


def test_what_is_missing_is_a_problem_to_solve(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text("submitted_at,score,comment\n2026-03-21,9,fine\n")
    mapping = workspace.first_mapping(file)
    seen = workspace.preview(mapping, file)
    assert mapping.entity == "response" and "no column fills 'kind'" in seen.problem and len(seen.headings) == 3
    assert seen.facts is None
    dates = tmp_path / "orders.csv"
    dates.write_text("ordered_at,amount\n01/02/2026,3\n")
    assert "date_order" in workspace.preview(workspace.first_mapping(dates), dates).problem


@pytest.mark.parametrize(
    ("columns", "entity"),
    [
        ("id,opened_at,first_response_at,status,agent", "ticket"),
        ("ticket_id,at,kind,to", "ticket_event"),
        ("id,acquired_at,name,email,segment", "customer"),
        ("id,started_at,pageviews,duration_seconds,device", "visit"),
        ("id,started_at,ended_at,monthly_revenue,plan", "subscription"),
        ("date,cost,campaign,new_customers", "campaign_day"),
        ("id,at,direction,author,text", "message"),
        ("id,created_at,outcome,amount,stage", "deal"),
    ],
)
def test_what_rows_are_is_guessed(workspace: Workspace, tmp_path: Path, columns: str, entity: str) -> None:
    file = tmp_path / "export.csv"
    file.write_text(columns + "\n" + ",".join("1" for _ in columns.split(",")) + "\n")
    assert workspace.first_mapping(file).entity == entity


def test_what_cannot_be_read_at_all_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "nothing.csv"
    file.write_bytes(b"")
    with pytest.raises(LoadError, match="0 bytes"):
        workspace.first_mapping(file)
