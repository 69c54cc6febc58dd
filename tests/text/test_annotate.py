"""Comments become facts, once each, and stay right when texts change or go."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

import polso
from polso.text.builtin import Fast


def workspace(folder: Path, *comments: str) -> polso.Workspace:
    """A workspace with a response a comment."""
    opened = polso.open(folder)
    rows = {"id": [str(n) for n in range(len(comments))], "kind": ["open"] * len(comments), "comment": list(comments)}
    opened.load_table("response", pa.table(rows | {"submitted_at": ["2026-01-05"] * len(comments)}))
    return opened


def test_the_sentiment_score_of_comments(tmp_path: Path) -> None:
    opened = workspace(tmp_path, "Ottimo servizio, grazie!", "Tutto perfetto", "Pessima esperienza", "")
    done = opened.annotate("fast")
    assert (done.read, done.kept, done.left) == (3, 0, 0)
    assert round(opened.measure("sentiment_score").only.value or 0, 1) == 33.3


def test_reading_again_changes_nothing_and_a_changed_comment_is_read_anew(tmp_path: Path) -> None:
    opened = workspace(tmp_path, "Ottimo servizio, grazie!")
    opened.annotate("fast")
    assert opened.annotate("fast").read == 0
    workspace(tmp_path, "Pessima esperienza")
    assert opened.annotate("fast").read == 1
    assert opened.measure("sentiment_score").only.value == -100.0
    assert opened.overview()[0].rows == 1


def test_a_reading_that_is_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    opened = workspace(tmp_path, *[f"Ottimo servizio numero {n}" for n in range(100)])
    asked = iter([False, True])
    stopped = opened.annotate("fast", cancelled=lambda: next(asked))
    assert (stopped.read, stopped.left) == (64, 36)
    seen: list[tuple[int, int | None]] = []
    assert opened.annotate("fast", progress=lambda done, total: seen.append((done, total))).read == 36
    assert seen == [(36, 36)]


def test_what_agents_write_is_not_read(tmp_path: Path) -> None:
    opened = polso.open(tmp_path)
    rows = {"id": ["1", "2"], "at": ["2026-01-05"] * 2, "author": ["customer", "agent"], "text": ["Grazie mille", "Prego"]}
    opened.load_table("message", pa.table(rows))
    assert opened.annotate(Fast()).read == 1
