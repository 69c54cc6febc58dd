"""Themes keep their identity, their names tell what they are, and growth is tested over all at once."""

from __future__ import annotations

import numpy as np

from polso.text import themes

DICE = np.random.default_rng(1)
TEXTS = ["consegna corriere ritardo"] * 20 + ["bolletta fattura addebito"] * 20
CENTRES = np.eye(8)[[0] * 20 + [1] * 20]


def vectors() -> np.ndarray:
    """Two groups of vectors of length 1."""
    near = CENTRES + DICE.normal(0, 0.05, CENTRES.shape)
    return np.asarray(near / np.linalg.norm(near, axis=1, keepdims=True), np.float32)


def test_a_theme_keeps_its_key_from_week_to_week_and_a_name_given_by_hand() -> None:
    first = themes.find(TEXTS, vectors(), 2)
    assert sorted(set(" ".join(theme.name for theme in first).split())) == sorted(set(" ".join(TEXTS).split()))
    named = themes.rename(first, first[0].key, "Corrieri")
    week = vectors()
    second = themes.find(TEXTS, week, 2, named)
    assert {theme.key for theme in second} == {theme.key for theme in first}
    assert "Corrieri" in {theme.name for theme in second}
    assert len(set(themes.of(week, second)[:20])) == 1


def test_merged_themes_are_one() -> None:
    found = themes.find(TEXTS, vectors(), 2)
    assert [theme.name for theme in themes.merge(found, [theme.key for theme in found], "Tutto")] == ["Tutto"]


def test_a_new_theme_is_told_from_noise() -> None:
    before = {str(n): 50 for n in range(20)}
    now = before | {"3": 57, "new": 30}
    grown = [(one.key, one.new) for one in themes.growth(before, now) if one.growing]
    assert grown == [("new", True)]
