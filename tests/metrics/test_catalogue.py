"""The catalogue: every KPI complete in both languages, and errors that say what to write instead."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from polso.errors import PolsoError, QueryError
from polso.formula.resolve import resolve
from polso.metrics.book import markdown
from polso.metrics.catalogue import Catalogue
from polso.metrics.metric import LANGUAGES, TEXTS, UNITS, Metric, metric

ROOT = Path(__file__).parents[2]
BUILT_IN = Catalogue.load()
EVERY = [pytest.param(one, id=one.key) for one in BUILT_IN]
FIELD = (
    # Voice of the customer
    *("nps", "nps_transactional", "csat", "csat_mean", "ces", "ces_mean_5", "ces_mean_7", "effort_time"),
    *("sentiment_score", "sentiment_mean", "sentiment_positive", "sentiment_neutral", "sentiment_negative"),
    *("response_rate", "partial_rate", "advocacy_rate", "mentions", "mention_reply_time", "mention_reply_rate"),
    *("engagement_score", "engagement_speed", "engagement_resolution", "engagement_satisfaction", "engagement_repeat"),
    # Service
    *("ticket_volume", "first_response_time", "first_response_time_median", "first_response_time_p90"),
    *("first_response_time_business", "first_response_time_business_median", "first_response_time_business_p90"),
    *("first_response_time_km_median", "first_response_time_km_p90", "resolution_time", "resolution_time_median"),
    *("resolution_time_p90", "resolution_time_business", "resolution_time_business_median"),
    *("resolution_time_business_p90", "resolution_time_km_median", "resolution_time_km_p90", "first_resolution_time"),
    *("handle_time", "agent_touches", "reopen_rate", "reopens", "fcr", "fcr_no_repeat", "tickets_resolved"),
    *("tickets_resolved_per_working_day", "resolution_rate", "solved_to_received", "backlog", "repeat_contact_rate"),
    *("complaints", "new_customers_served", "self_service_rate", "deflection_rate", "self_service_searches"),
    *("unanswered_searches", "chatbot_resolution_rate", "ai_answer_accuracy"),
    # Loyalty and value
    *("churn_rate", "retention_rate", "revenue_retention_gross", "revenue_retention_net", "arpu", "clv_history"),
    *("churn_rate_silent", "repeat_purchase_rate", "repeat_customer_rate", "upsell_rate", "cross_sell_rate"),
    *("new_customers", "acquisition_rate", "acquisition_cost", "payback_months"),
    # Sales
    *("lead_response_time", "lead_response_time_mean", "leads_within_5_minutes", "leads_within_1_hour"),
    *("leads_within_1_day", "pipeline_velocity", "sales_cycle", "win_rate", "win_loss_ratio"),
    # Digital and journeys
    *("conversion_rate", "conversion_rate_per_visitor", "cart_abandonment", "campaign_roi", "direct_traffic"),
    *("direct_visits", "pages_per_visit", "journey_completion_rate"),
    # What they stand on
    *("responses", "visits", "orders", "revenue"),
)


def test_every_kpi_of_the_field_is_there() -> None:
    assert [key for key in FIELD if key not in BUILT_IN] == []


@pytest.mark.parametrize("one", EVERY)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_manager_reads_everything_about_a_kpi_in_her_language(one: Metric, language: str) -> None:
    assert [name for name in TEXTS if not one.texts[language].get(name)] == []


@pytest.mark.parametrize("one", EVERY)
def test_the_italian_guide_is_not_the_english_one(one: Metric) -> None:
    assert [name for name in TEXTS[1:] if one.texts["it"][name] == one.texts["en"][name]] == []


@pytest.mark.parametrize("one", EVERY)
def test_a_formula_can_be_computed_from_columns_that_exist(one: Metric) -> None:
    resolved = resolve(one, BUILT_IN.__getitem__, BUILT_IN.keys(), extras=lambda entity: ())
    assert resolved.aggregates


@pytest.mark.parametrize("one", EVERY)
def test_what_is_shown_beside_a_kpi_exists_and_is_something_else(one: Metric) -> None:
    assert [key for key in one.shown_with if key not in BUILT_IN or key == one.key] == []
    assert one.shown_with


@pytest.mark.parametrize("one", EVERY)
def test_a_kpi_says_its_unit_and_stays_in_its_range(one: Metric) -> None:
    assert one.unit in UNITS
    if one.range is not None and one.unit == "%":
        assert one.range == (0.0, 100.0)


def test_every_time_has_its_quality_beside_it() -> None:
    rushed = [one.key for one in BUILT_IN if "resolution_time" in one.key and "reopen_rate" not in one.shown_with]
    assert rushed == []


def test_every_kpi_has_an_example_worked_out_by_hand() -> None:
    files = sorted((ROOT / "tests" / "kpi").glob("*.toml"))
    examples = [one for path in files for one in tomllib.loads(path.read_text(encoding="utf-8"))["example"]]
    worked = {one["key"] for one in examples}
    assert (sorted(set(BUILT_IN.keys()) - worked), sorted(worked - set(BUILT_IN.keys()))) == ([], [])
    assert [one["key"] for one in examples if not (one.get("why") and one.get("source"))] == []


def test_names_are_not_given_twice() -> None:
    for language in LANGUAGES:
        names = [one.name(language) for one in BUILT_IN]
        assert len(set(names)) == len(names)


# --- a workspace's own ---


@pytest.fixture
def own(tmp_path: Path) -> Callable[[str], Catalogue]:
    def load(text: str) -> Catalogue:
        (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
        return Catalogue.load(tmp_path)

    return load


def test_an_analyst_adds_a_kpi_with_two_lines(own: Callable[[str], Catalogue]) -> None:
    found = own('[slow]\nentity = "ticket"\nformula = "share(response_seconds > 14400)"\n')["slow"]
    assert (found.time, found.theme, found.name("it")) == ("opened_at", "custom", "slow")


def test_a_kpi_with_a_known_key_replaces_the_built_in_one(own: Callable[[str], Catalogue]) -> None:
    found = own('[nps]\nentity = "response"\nformula = "mean(score)"\n')
    assert (found["nps"].formula, len(found)) == ("mean(score)", len(BUILT_IN))


def test_a_file_saved_by_notepad_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[mine]\nentity = "visit"\nformula = "count()"\n', encoding="utf-8-sig")
    assert "mine" in Catalogue.load(tmp_path)


def test_settings_count_an_nps_differently() -> None:
    found = Catalogue.load(options={"nps": {"per_customer": "every"}})
    assert (found["nps"].per_customer, BUILT_IN["nps"].per_customer) == ("every", "latest")


def test_settings_turn_repeats_into_good_news() -> None:
    found = Catalogue.load(options={"engagement_repeat": {"formula": "repeat_customer_rate"}})
    assert found.version("engagement_score") != BUILT_IN.version("engagement_score")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('[Slow]\nentity = "ticket"\nformula = "count()"', "'Slow' cannot be a KPI's key"),
        ('[slow]\nformula = "count()"', "KPI 'slow' needs entity"),
        ('[slow]\nentity = "ticket"', "KPI 'slow' needs formula"),
        ('[slow]\nentity = "tiket"\nformula = "count()"', "did you mean 'ticket'?"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\ntime = "open_at"', "did you mean 'opened_at'?"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\ndirection = "upp"', "did you mean 'up'?"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\nunit = "second"', "did you mean 'seconds'?"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\nformulas = "x"', "did you mean 'formula'?"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\nrange = [1]', "range is two numbers"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\nrange = [2, 1]', "is empty"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\nwhere = true', "where must be a condition in quotes"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\nper_customer = "last"', "did you mean 'latest'?"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\n[slow.en]\nnme = "x"', "did you mean 'name'?"),
        ('[slow]\nentity = "ticket"\nformula = "count()"\n[[slow.benchmark]]\nvalue = 3', "and a source"),
        ("slow = 3", "must be a table"),
        ("[slow", "mine.toml cannot be read"),
    ],
)
def test_a_slip_in_a_definition_is_told_in_one_line(own: Callable[[str], Catalogue], given: str, said: str) -> None:
    with pytest.raises(PolsoError) as told:
        own(given)
    assert said in str(told.value)
    assert str(told.value).startswith("mine.toml")
    assert "\n" not in str(told.value)


def test_settings_of_a_kpi_that_does_not_exist_are_refused() -> None:
    with pytest.raises(PolsoError, match="did you mean 'nps'"):
        Catalogue.load(options={"npss": {"per_customer": "every"}})
    with pytest.raises(PolsoError, match="did you mean 'submitted_at'"):
        Catalogue.load(options={"nps": {"time": "submited_at"}})


def test_asking_for_a_misspelt_kpi_names_the_nearest() -> None:
    with pytest.raises(QueryError, match="there is no KPI 'nsp': did you mean 'nps'"):
        BUILT_IN["nsp"]


# --- versions ---


def versions(first: str, second: str) -> bool:
    """Whether two formulas have the same version."""
    made = [Catalogue({"x": metric("x", {"entity": "ticket", "formula": formula})}) for formula in (first, second)]
    return made[0].version("x") == made[1].version("x")


def test_spaces_and_texts_do_not_make_a_new_version() -> None:
    assert versions("count()  +  1", "count() + 1")
    assert not versions("count() + 1", "count() + 2")


def test_a_kpi_gets_a_new_version_when_one_it_is_made_of_changes() -> None:
    changed = Catalogue.load(options={"win_rate": {"where": "outcome <> 'open'"}})
    assert changed.version("pipeline_velocity") != BUILT_IN.version("pipeline_velocity")
    assert changed.version("sales_cycle") == BUILT_IN.version("sales_cycle")


# --- the book ---


def test_an_italian_reads_decimals_with_a_comma() -> None:
    assert "68,5–70 %" in markdown(BUILT_IN, "it")
    assert "68.5–70 %" in markdown(BUILT_IN, "en")


def test_the_book_has_a_chapter_for_ones_own(own: Callable[[str], Catalogue]) -> None:
    book = markdown(own('[slow]\nentity = "ticket"\nformula = "count()"\n'), "it")
    assert "## I propri" in book
    assert "### slow · `slow`" in book
