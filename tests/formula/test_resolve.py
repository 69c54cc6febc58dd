"""A formula is checked against the entities, and its errors show the place and the nearest word."""

import pytest

from formula.definitions import Kpi
from polso.errors import FormulaError
from polso.formula.resolve import Resolved, resolve

OTHERS = {
    "win_rate": Kpi("100 * count(outcome = 'won') / count(outcome in ('won', 'lost'))", "deal", "closed_at", key="win_rate"),
    "circle": Kpi("circle + 1", key="circle"),
    "ping": Kpi("pong", key="ping"),
    "pong": Kpi("ping", key="pong"),
}


def taken_apart(kpi: Kpi, extras: frozenset[str] | None = frozenset()) -> Resolved:
    return resolve(kpi, OTHERS.__getitem__, OTHERS.keys(), lambda entity: extras)


def refused(kpi: Kpi) -> str:
    with pytest.raises(FormulaError) as raised:
        taken_apart(kpi)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("shar(reopens > 0)", "at column 1: there is no function 'shar' between aggregates: did you mean 'share'?"),
        ("mean(reopen)", "at column 6: ticket has no column 'reopen': did you mean 'reopens'?"),
        ("mean(topic)", "at column 6: 'topic' is a text, but a number is needed here"),
        ("share(reopens)", "at column 7: 'reopens' is a number, but a condition is needed here"),
        ("count(topic = 3)", "at column 7: 'topic = 3' compares a number with a text"),
        ("reopens + 1", "at column 1: column 'reopens' must stand inside an aggregate, for example mean(reopens)"),
        ("win_rat * 2", "at column 1: there is no KPI 'win_rat': did you mean 'win_rate'?"),
        ("mean(seconds(opened_at))", "at column 6: seconds() takes 2 arguments, not 1"),
        ("quantile(reopens, 1.5)", "at column 1: quantile() needs a number between 0 and 1, for example 0.9"),
        ("count(tikcet.id)", "at column 1: there is no entity 'tikcet': did you mean 'ticket'?"),
        ("count(ticket.id = order.id)", "at column 1: one aggregate speaks of ticket and order"),
        ("at_end(visit)", "at column 1: at_end() needs an entity that begins and ends; visit does not"),
        ("kept()", "at column 1: kept() takes 1 argument, not 0"),
        ("lower(topic)", "it works on one row, so put it inside an aggregate such as mean(…)"),
        ("count(*)", "'*' is not part of the formula language"),
        ("count(opened_at > 'soon')", "at column 19: ''soon'' is not a date like '2026-01-31'"),
        ("count(lower(topic) is 'x')", "'is' may be followed by null, true or false"),
        ("count(cast(topic as int))", "cast is written cast(x as number) or cast(x as text)"),
        ("count(followed_within(topic))", "followed_within needs a number of days first"),
        ("sum(reopens) filter (where nosuch = 1)", "at column 28: ticket has no column 'nosuch'"),
        ("count(a.b.id = 1)", "there is no entity 'b'"),
        ("read_csv('/etc/passwd')", "there is no function 'read_csv' between aggregates"),
        ("count(read_text('/etc/passwd') = '')", "there is no function of a row 'read_text'"),
        ("circle", "'circle' is defined by itself: mine → circle → circle"),
        ("ping", "'ping' is defined by itself"),
    ],
)
def test_a_wrong_formula_is_told_where_and_what_was_meant(formula: str, message: str) -> None:
    found = refused(Kpi(formula))
    assert message in found or message in found.replace("mine → ", "")


def test_a_name_that_is_no_column_is_looked_for_in_extra() -> None:
    assert len(taken_apart(Kpi("share(made_sla = 'true')"), frozenset({"made_sla"})).aggregates) == 1
    assert "did you mean 'made_sla'?" in _refused_with("share(mad_sla = 'true')", frozenset({"made_sla"}))


def _refused_with(formula: str, extras: frozenset[str]) -> str:
    with pytest.raises(FormulaError) as raised:
        taken_apart(Kpi(formula), extras)
    return str(raised.value)


def test_the_condition_of_a_metric_holds_inside_each_of_its_aggregates_and_no_other() -> None:
    found = taken_apart(Kpi("count() / count(order.id)", where="status = 'open'"))
    own, other = found.aggregates
    assert "status" in str(own.where)
    assert other.entity == "order" and other.where is None and other.time == "ordered_at"


def test_the_same_aggregate_twice_is_computed_once() -> None:
    assert len(taken_apart(Kpi("count() + count() / (count() - 1)")).aggregates) == 1


def test_a_metric_by_name_keeps_its_own_entity_and_time() -> None:
    found = taken_apart(Kpi("win_rate / 100 * count()"))
    assert {(aggregate.entity, aggregate.time) for aggregate in found.aggregates} == {
        ("deal", "closed_at"),
        ("ticket", "opened_at"),
    }
