"""The command line as others script against it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from polso.cli import main

ANSWERS = """id,submitted_at,kind,programme,score,scale_min,scale_max,customer_id,channel
1,2026-01-05T10:00:00Z,nps,relational,10,0,10,a,email
2,2026-01-06T10:00:00Z,nps,relational,9,0,10,b,email
3,2026-01-07T10:00:00Z,nps,relational,3,0,10,c,chat
4,2026-01-08T10:00:00Z,nps,relational,,0,10,d,chat
5,2026-02-05T10:00:00Z,nps,relational,10,0,10,a,email
6,2026-02-06T10:00:00Z,nps,relational,8,0,10,b,chat
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = tmp_path / "answers.csv"
    file.write_text(ANSWERS)
    assert main(["--workspace", str(tmp_path / "w"), "load", "response", str(file)]) == 0
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    return main(["--workspace", str(folder / "w"), *arguments])


def test_measure_prints_the_json_others_rely_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(folder, "measure", "nps", "--by", "channel", "--grain", "month", "--format", "json") == 0
    (answer,) = json.loads(capsys.readouterr().out)["answers"]
    assert {name: answer[name] for name in ("metric", "unit", "snapshot")} == {
        "metric": "nps",
        "unit": "points",
        "snapshot": {"response": 1},
    }
    assert len(answer["version"]) == 10
    rows = answer["rows"]
    assert [(row["period"], row["channel"], row["value"], row["n"]) for row in rows] == [
        ("2026-01-01", "chat", -100.0, 1),
        ("2026-01-01", "email", 100.0, 2),
        ("2026-02-01", "chat", 0.0, 1),
        ("2026-02-01", "email", 100.0, 1),
    ]
    assert set(rows[0]) == {"period", "channel", "value", "low", "high", "n", "reason", "change"}
    assert rows[0]["change"] is None
    assert rows[2]["change"]["value"] == 100.0
    assert set(rows[2]["change"]) == {"value", "low", "high", "real"}


def test_to_is_not_included(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    run(folder, "measure", "responses", "--from", "2026-01-05", "--to", "2026-01-07", "--format", "json")
    (row,) = json.loads(capsys.readouterr().out)["answers"][0]["rows"]
    assert (row["period"], row["value"]) == ("2026-01-05", 2.0)


def test_where_narrows_the_facts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    run(folder, "measure", "responses", "--where", "channel = 'chat' and score is not null", "--format", "csv")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("metric,unit,period,value,low,high,n,reason,change")
    assert lines[1].split(",")[:4] == ["responses", "count", "2026-01-05", "2.0"]


def test_answers_can_be_written_as_parquet(folder: Path) -> None:
    target = folder / "answers.parquet"
    assert run(folder, "measure", "nps", "--format", "parquet", "--output", str(target)) == 0
    assert pq.read_table(target)["metric"].to_pylist() == ["nps"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["measure", "npss"], "there is no KPI 'npss': did you mean 'nps'?"),
        (["measure", "nps", "--by", "chanel"], "response has no column 'chanel': did you mean 'channel'?"),
        (["measure", "nps", "--grain", "fortnight"], "there is no grain 'fortnight'"),
        (["measure", "nps", "--from", "soon"], "'soon' is not a date: write it like 2026-01-31"),
        (["measure", "nps", "--from", "2026-02-01", "--to", "2026-01-01"], "ends (2026-01-01) before it begins"),
        (["measure", "nps", "--where", "score >="], "cannot read the formula"),
        (["measure", "nps", "--where", "1; drop table response"], "cannot read the formula"),
        (["measure", "nps", "--engine", "abacus"], "invalid choice: 'abacus'"),
        (["describe", "tiket"], "there is no entity 'tiket': did you mean 'ticket'?"),
        (["load", "response", "nowhere.csv"], "there is no file nowhere.csv"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_an_error_is_one_line_on_standard_error_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    capsys.readouterr()
    assert run(folder, *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert told in printed.err


def test_a_workspace_that_is_not_there_is_not_made_by_asking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--workspace", str(tmp_path / "none"), "measure", "nps"]) == 2
    assert "there is no workspace at" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_loading_a_file_twice_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(folder, "load", "response", str(folder / "answers.csv")) == 0
    assert "0 new, 0 updated, 6 as before" in capsys.readouterr().out


def test_a_file_may_come_from_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdin:
        buffer = io.BytesIO(ANSWERS.encode())

    monkeypatch.setattr("sys.stdin", Stdin())
    assert run(tmp_path, "load", "response", "-") == 0
    assert "6 new" in capsys.readouterr().out


def test_dry_run_prints_a_mapping_that_loads_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    file = str(folder / "answers.csv")
    assert run(folder, "load", "response", file, "--dry-run") == 0
    mapping = folder / "answers.toml"
    mapping.write_text(capsys.readouterr().out)
    assert main(["--workspace", str(folder / "other"), "load", "response", file, "--mapping", str(mapping)]) == 0
    assert "6 new" in capsys.readouterr().out


def test_explain_shows_definition_sql_files_and_method(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(folder, "explain", "nps") == 0
    told = capsys.readouterr().out
    for part in ("100 * (share(score >= 9) - share(score <= 6))", "adjusted Wald", "SELECT", ".parquet", "n = 3", "snapshot 1"):
        assert part in told


def test_kpis_and_describe_speak_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(folder, "kpis", "--format", "json") == 0
    kpis = {kpi["key"]: kpi for kpi in json.loads(capsys.readouterr().out)["kpis"]}
    assert kpis["csat"]["unit"] == "%"
    assert set(kpis["csat"]["texts"]) == {"en", "it"}
    assert run(folder, "describe", "response", "--format", "json") == 0
    columns = {column["name"]: column for column in json.loads(capsys.readouterr().out)["columns"]}
    assert columns["comment"]["personal"] is True


def test_a_customer_is_erased_and_the_numbers_follow(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "erase", "--customer", "a") == 0
    capsys.readouterr()
    run(folder, "measure", "responses", "--format", "json")
    assert json.loads(capsys.readouterr().out)["answers"][0]["rows"][0]["value"] == 3.0


def test_a_backup_is_one_file_that_brings_everything_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "backup.polso"
    assert run(folder, "backup", str(file)) == 0
    assert main(["--workspace", str(folder / "back"), "restore", str(file)]) == 0
    capsys.readouterr()
    main(["--workspace", str(folder / "back"), "measure", "responses", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["answers"][0]["rows"][0]["value"] == 5.0


def test_export_compact_and_doctor_do_their_work(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "export", str(folder / "out")) == 0
    assert pq.read_table(folder / "out" / "response.parquet").num_rows == 6
    assert run(folder, "compact") == 0
    capsys.readouterr()
    assert run(folder, "doctor") == 0
    assert capsys.readouterr().out.strip() == "sound"
    (folder / "w" / "polso.toml").write_text("[goals]\nnsp = 50\n", encoding="utf-8")
    assert run(folder, "doctor") == 0
    assert capsys.readouterr().out.startswith("polso.toml: the goal of 'nsp' is of no KPI: did you mean 'nps'?")


def test_what_a_spreadsheet_would_run_as_a_formula_is_neutralised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text("id,opened_at,topic\n1,2026-01-05T10:00:00Z,=HYPERLINK(1)\n")
    run(tmp_path, "load", "ticket", str(file))
    capsys.readouterr()
    run(tmp_path, "measure", "ticket_volume", "--by", "topic", "--format", "csv")
    assert "'=HYPERLINK(1)" in capsys.readouterr().out
