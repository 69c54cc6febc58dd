"""Clean files are read and written in one pass; nobody notices but for the time."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loading_company import Company

from polso.entities import ENTITIES
from polso.errors import LoadError
from polso.warehouse.erase import erase
from polso.warehouse.export import export
from polso.workspace import Workspace


def test_of_an_id_in_two_months_the_last_row_of_the_file_counts(company: Company) -> None:
    rows = company.load("order", "id,ordered_at,amount\n1,2026-05-01,5\n2,2026-01-01,1\n1,2026-01-01,6\n")

    assert [(row["id"], row["ordered_at"][:7], row["amount"]) for row in rows] == [("1", "2025-12", 6.0), ("2", "2025-12", 1.0)]


def test_of_an_id_in_two_files_the_last_file_counts(company: Company) -> None:
    rows = company.load("order", "id,ordered_at,amount\n1,2026-05-05,5\n", "id,ordered_at,amount\n1,2026-01-05,6\n")

    assert [(row["ordered_at"][:7], row["amount"]) for row in rows] == [("2026-01", 6.0)]


def test_a_second_load_updates_what_changed_and_adds_the_rest(company: Company) -> None:
    company.load("order", "id,ordered_at,amount\n1,2026-01-05,5\n2,2026-02-05,5\n")
    rows = company.load("order", "id,ordered_at,amount,channel\n1,2026-01-05,5,\n2,2026-03-05,7,web\n3,2026-01-05,1,web\n")

    assert [(row["id"], row["ordered_at"][:7], row["amount"], row.get("channel")) for row in rows] == [
        ("1", "2026-01", 5.0, None),
        ("2", "2026-03", 7.0, "web"),
        ("3", "2026-01", 1.0, "web"),
    ]
    assert company.report is not None
    assert (company.report.inserted, company.report.updated, company.report.unchanged) == (1, 1, 1)


@pytest.mark.parametrize("entity", sorted(set(ENTITIES) - {"annotation"}))
def test_an_entity_of_which_only_the_needed_is_known_can_be_exported_and_erased(company: Company, entity: str) -> None:
    kind = ENTITIES[entity]
    given = {"id": "1", "customer_id": "C1"}
    for column in kind.all_columns:
        if column.required and column.name != "id":
            given[column.name] = "2026-01-13" if column.time else column.values[0] if column.values else "x"
    if entity == "customer":
        del given["customer_id"]

    company.load(entity, ",".join(given) + "\n" + ",".join(given.values()) + "\n")
    whole = export(company.warehouse, entity, company.folder / "out")
    erase(company.warehouse, "1" if entity == "customer" else "C1")

    assert whole is not None
    assert pq.read_schema(whole).names == kind.arrow_schema.names
    assert company.rows(entity) == []


def test_questions_may_name_columns_that_no_file_has(company: Company) -> None:
    workspace = Workspace(company.folder / "workspace")
    workspace.load("response", company.file("id,submitted_at,kind,score\n1,2026-01-13,csat,5\n2,2026-01-13,csat,1\n"))

    answers = workspace.measure("csat", by="channel", where="agent is null", compare="none")

    assert [row.estimate.n for row in answers["csat"].rows] == [2]


def test_a_file_that_turns_odd_below_is_read_with_care(company: Company) -> None:
    lines = "".join(f"{i},2026-01-13T10:00:00+01:00,true,5\n" for i in range(6000))
    odd = 'a,13/01/2026 10:00,sì,"1,5"\nb,2026-01-13 10:00:00,VERO, 7 \nc,2026-01-13T10:00:00.25Z,0,-\n'

    with pytest.raises(LoadError, match="row 6001, pageviews '1,5'"):
        company.load("visit", "id,started_at,converted,pageviews\n" + lines + odd)
    rows = company.load("visit", "id,started_at,converted,pageviews\n" + lines + odd.replace("1,5", "15"))

    found = {row["id"]: (row["started_at"], row["converted"], row.get("pageviews")) for row in rows}
    assert found["0"] == found["5999"] == ("2026-01-13 09:00:00", True, 5)
    assert found["a"] == ("2026-01-13 09:00:00", True, 15)
    assert found["b"] == ("2026-01-13 09:00:00", True, 7)
    assert found["c"] == ("2026-01-13 10:00:00", False, None)


@pytest.mark.parametrize("nothing", ["?", "N/A", "n.d.", "-", "—", "NULL", "#N/A", "(vuoto)", "<NA>"])
def test_what_stands_for_nothing_is_known_whatever_its_first_letter(company: Company, nothing: str) -> None:
    rows = company.load("order", f"id,ordered_at,channel,kind\n1,2026-01-13,{nothing},{nothing}\n2,2026-01-13,nota, Repeat \n")

    assert [(row.get("channel"), row.get("kind")) for row in rows] == [(None, None), ("nota", "repeat")]


def test_a_number_that_is_none_means_nothing_in_parquet(company: Company, tmp_path: Path) -> None:
    nan, inf = float("nan"), float("inf")
    table = pa.table({"id": ["1", "2"], "ordered_at": ["2026-01-13"] * 2, "amount": [nan, 2.0], "weight": [nan, inf]})
    pq.write_table(table, tmp_path / "x.parquet")

    rows = company.load("order", tmp_path / "x.parquet")

    assert [(row.get("amount"), row.get("extra")) for row in rows] == [(None, None), (2.0, None)]


def test_two_thousand_columns_are_kept_beside(company: Company) -> None:
    names = [f"k{i}" for i in range(2000)]
    cells = ["?" if i % 3 == 0 else f" {i}" for i in range(2000)]
    [row] = company.load("order", f"id,ordered_at,{','.join(names)}\n1,2026-01-13,{','.join(cells)}\n")

    assert row["extra"].startswith('{"k1":"1","k2":"2","k4":"4",')
    assert row["extra"].count(":") == 1333
