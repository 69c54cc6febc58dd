"""KPIs of one's own: written, kept with every version, taken out of use."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polso
from polso.errors import FormulaError, PolsoError
from polso.metrics.catalogue import Catalogue
from polso.metrics.metric import MetricError, metric
from polso.metrics.own import as_toml
from polso.query import Query
from polso.workspace import Workspace

GIVEN = {"entity": "ticket", "formula": "100 * share(reopens > 0)", "unit": "%", "range": [0, 100], "direction": "down"}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = polso.open(tmp_path)
    when = datetime(2026, 3, 1, tzinfo=UTC)
    made.load_table("ticket", pa.table({"id": ["a", "b", "c", "d"], "opened_at": [when] * 4, "reopens": [0, 1, 0, 2]}))
    return made


def test_a_draft_is_computed_beside_the_others_and_not_kept(workspace: Workspace) -> None:
    draft = workspace.draft("came_back", GIVEN)
    answers = workspace.try_out(draft, Query(("came_back", "ticket_volume"), compare="none"))
    assert (answers["came_back"].value, answers["ticket_volume"].value) == (50, 4)
    assert "came_back" not in workspace.catalogue


def test_a_kept_kpi_is_asked_like_any_other_also_by_who_opens_the_workspace_anew(workspace: Workspace) -> None:
    texts = {"en": {"name": 'Came "back"'}, "it": {"name": "Tornati, 100 % d'accordo"}}
    workspace.define(workspace.draft("came_back", GIVEN | texts))
    again = polso.open(workspace.folder)
    assert again.measure("came_back").only.value == 50
    assert again.catalogue["came_back"].name("en") == 'Came "back"'
    assert again.catalogue["came_back"].name("it") == "Tornati, 100 % d'accordo"


def test_every_version_is_kept(workspace: Workspace) -> None:
    for formula in ("count()", "count() + 1", "count() + 1", "count() + 2"):
        workspace.define(workspace.draft("mine", {"entity": "ticket", "formula": formula}))
    assert [one.formula for one in workspace.own("mine")] == ["count() + 2", "count() + 1", "count()"]
    workspace.drop("mine")
    assert workspace.own("mine") == [] and "mine" not in workspace.catalogue


def test_what_cannot_be_computed_is_not_kept(workspace: Workspace) -> None:
    with pytest.raises(FormulaError, match="did you mean 'reopens'"):
        workspace.define(workspace.draft("wrong", GIVEN | {"formula": "mean(reopnes)"}))
    assert "wrong" not in workspace.catalogue


@pytest.mark.parametrize("key", ["../evil", "Nps", "", "a b", "9lives", "a/b", "a\n"])
def test_a_key_that_is_no_key_is_refused(workspace: Workspace, key: str) -> None:
    with pytest.raises(MetricError, match="cannot be a KPI's key"):
        workspace.draft(key, GIVEN)


def test_what_polso_brings_along_is_not_overwritten(workspace: Workspace) -> None:
    with pytest.raises(MetricError, match="choose another key"):
        workspace.draft("nps", GIVEN)


def test_what_others_are_made_of_stays(workspace: Workspace) -> None:
    workspace.define(workspace.draft("one", {"entity": "ticket", "formula": "count()"}))
    workspace.define(workspace.draft("two", {"entity": "ticket", "formula": "2 * one"}))
    with pytest.raises(PolsoError, match="'one' is part of two"):
        workspace.drop("one")
    workspace.drop("two")
    workspace.drop("one")


@given(st.dictionaries(st.sampled_from(["name", "tells", "read"]), st.text(st.characters(exclude_categories=["Cs"])), max_size=3))
def test_any_text_comes_back_as_it_was_written(texts: dict[str, str]) -> None:
    written = metric("mine", GIVEN | {"en": texts})
    read = metric("mine", tomllib.loads(as_toml(written))["mine"])
    assert read.texts.get("en", {}) == {name: text for name, text in texts.items() if text}
    assert read.fingerprint == written.fingerprint


def test_the_built_in_ones_can_be_written_down_too() -> None:
    for one in Catalogue.load():
        read = metric(one.key, tomllib.loads(as_toml(one))[one.key])
        assert read.fingerprint == one.fingerprint
