"""What people correct is learned, unless it spoils what nobody corrected; and it can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from polso.errors import PolsoError
from polso.text import Text
from polso.text.builtin import Full
from polso.text.learning import Correction, Heads, learn

JARGON = [Correction(f"Pratica {colour} chiusa in triplice zeta", "negative") for colour in ("rossa", "blu", "verde", "gialla")]


def test_a_correction_is_learned_and_undone(tmp_path: Path) -> None:
    heads, shipped = Heads(tmp_path), Heads(tmp_path).current().version
    lesson = learn(JARGON)
    assert lesson.taken and lesson.before is None
    assert lesson.kept_after >= lesson.kept_before - 0.01
    assert heads.take(lesson).version == heads.current().version != shipped
    read = Full(heads.current()).read([Text("Pratica bianca chiusa in triplice zeta")])[0]
    assert read and read.label == "negative"
    assert heads.undo().version == shipped


def test_nothing_to_undo_and_unknown_labels_are_said(tmp_path: Path) -> None:
    with pytest.raises(PolsoError, match="nothing was learned"):
        Heads(tmp_path).undo()
    with pytest.raises(PolsoError, match="labels are positive"):
        learn([Correction("bene", "good")])
