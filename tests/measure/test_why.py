"""Why a KPI moved, on answers where it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

import polso
from polso import cli
from polso.errors import QueryError
from polso.workspace import Workspace

START, END = "2026-03-01", "2026-04-01"


def _workspace(folder: Path, chat_falls: bool) -> Workspace:
    chance, rows = Random(7), []
    for number in range(2_400):
        month = 2 if number < 1_200 else 3
        channel, country = chance.choice(["chat", "mail", "phone"]), chance.choice(["DE", "IT"])
        falls = chat_falls and month == 3 and channel == "chat"
        score = chance.choice([2, 4, 6, 9] if falls else [6, 8, 9, 10])
        at = datetime(2026, month, 1, 12, tzinfo=UTC) + timedelta(days=number % 27)
        rows.append((f"a{number}", f"c{number}", at, "nps", "relational", score, 0, 10, channel, country))
    names = ("id", "customer_id", "submitted_at", "kind", "programme", "score", "scale_min", "scale_max", "channel", "country")
    made = polso.open(folder)
    made.load_table("response", pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))))
    return made


@pytest.fixture(scope="module")
def fallen(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return _workspace(tmp_path_factory.mktemp("fallen"), chat_falls=True)


def test_the_channel_that_got_worse_is_named_and_no_other(fallen: Workspace) -> None:
    found = fallen.why("nps", start=START, end=END)
    assert found.real
    assert [(part.dimension, part.segment) for part in found.parts if part.real and part.dimension == "channel"] == [
        ("channel", "chat")
    ]
    assert (found.parts[0].dimension, found.parts[0].segment) == ("channel", "chat")
    assert found.parts[0].rate < -20


def test_the_parts_of_every_dimension_add_to_the_change(fallen: Workspace) -> None:
    found = fallen.why("nps", start=START, end=END)
    assert found.now is not None and found.before is not None
    for dimension in ("channel", "country"):
        total = sum(part.value for part in found.parts if part.dimension == dimension)
        assert total == pytest.approx(found.now - found.before)


def test_where_nothing_changed_nobody_is_blamed(tmp_path: Path) -> None:
    found = _workspace(tmp_path, chat_falls=False).why("nps", start=START, end=END)
    assert found.reason == "the change may be chance"
    assert not any(part.real for part in found.parts)


def test_a_change_without_a_period_is_refused(fallen: Workspace) -> None:
    with pytest.raises(QueryError, match="first day"):
        fallen.why("nps")


def test_the_command_line_says_why(fallen: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["explain", "nps", "--why", "--from", START, "--to", END]
    assert cli.main(["--workspace", str(fallen.folder), *asked]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("nps went from ")
    assert second.startswith("  channel = chat: -")


def test_a_median_is_not_split_by_guessing(tmp_path: Path) -> None:
    chance = Random(3)
    rows = [(f"t{n}", f"c{n}", n, chance.choice(["mail", "chat"])) for n in range(400)]
    opened = [datetime(2026, 2 + number // 200, 2, tzinfo=UTC) for _, _, number, _ in rows]
    answered = [at + timedelta(minutes=10 + number) for at, (_, _, number, _) in zip(opened, rows, strict=True)]
    ids, customers, _, channels = (list(side) for side in zip(*rows, strict=True))
    table = {"id": ids, "customer_id": customers, "opened_at": opened, "first_response_at": answered, "channel": channels}
    made = polso.open(tmp_path)
    made.load_table("ticket", pa.table(table))
    assert made.why("first_response_time_median", start=START, end=END).reason == "its segments do not add up to the whole"
