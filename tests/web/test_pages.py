"""Every page in a real browser: both languages, desk and phone, light and dark, by eye of axe and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import polso
from polso.query import Query
from polso.web.kpis.words import number
from web.conftest import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

PATHS = (
    *("/", "/tour", "/dashboards/voice/?days=90", "/dashboards/new", "/dashboards/own/1/", "/dashboards/own/1/edit"),
    *("/kpi/", "/kpi/nps/?by=channel", "/kpi/first_response_time_median/", "/kpi/nps/rows", "/kpi/goals", "/kpi/new"),
    *("/facts/", "/facts/ticket/", "/people/", "/me/", "/accounts/2fa/", "/accounts/password/change/"),
)
VIEWS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "color_scheme": "light"},
    "phone, Italian, dark": {"viewport": {"width": 390, "height": 844}, "locale": "it-IT", "color_scheme": "dark"},
}
ENGLISH = re.compile(r"\b(the|with|from|your|over|there|please|sign|rows?|facts?|load|show|split)\b", re.IGNORECASE)
"""Words that no Italian sentence of ours has."""


@pytest.fixture(scope="module")
def state(site: str, browser: Browser) -> Any:
    """The owner, signed in, with a dashboard that has a tile of each kind, and a goal."""
    from polso.web.accounts.models import Person
    from polso.web.dashboards.models import Dashboard
    from polso.web.kpis.models import Goal, Happening

    owner = Person.objects.get(email="owner@example.com")
    kinds = ("number", "trend", "bars", "table", "heat", "goal", "funnel", "comments")
    keys = dict.fromkeys(kinds, "nps") | {"heat": "ticket_volume"}
    tiles = [{"kind": kind, "kpi": keys[kind], "by": "channel", "where": "", "width": 3} for kind in kinds]
    Dashboard.objects.update_or_create(pk=1, defaults={"name": "Everything", "person": owner, "tiles": tiles})
    Goal.objects.get_or_create(kpi="nps", target=40, defaults={"pinned": True, "person": owner, "since": "2026-01-01"})
    Happening.objects.get_or_create(day="2026-03-10", text="New app", defaults={"person": owner})
    context = browser.new_context(locale="en-GB")
    _sign_in(context.new_page(), site)
    kept = context.storage_state()
    context.close()
    return kept


def _sign_in(page: Page, site: str, email: str = "owner@example.com") -> None:
    page.goto(site)
    page.locator("#id_login").fill(email)
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "login" not in url)


@pytest.fixture(params=VIEWS)
def page(request: pytest.FixtureRequest, browser: Browser, state: Any) -> Iterator[Page]:
    """A page in one of the views, that fails the test when it complains."""
    context = browser.new_context(**VIEWS[request.param], storage_state=state)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert complaints == []


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_whole_and_open_to_everybody(page: Page, site: str, path: str) -> None:
    answer = page.goto(site + path)
    assert answer is not None and answer.status == 200
    page.wait_for_load_state("networkidle")
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, "the page scrolls sideways"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if page.evaluate("document.documentElement.lang") == "it":
        own = page.locator("h1, h2, h3, label, button, summary, .lead, .words, legend, th").all_inner_texts()
        ours = [text for text in own if not re.search(r"[_/=<>'@]|Ada|Support|Everything|New app|words of", text)]
        assert [text for text in ours if ENGLISH.search(text)] == []


@pytest.mark.parametrize("path", ["/", "/kpi/nps/?by=channel", "/dashboards/own/1/", "/kpi/"])
def test_no_page_asks_another_host_or_weighs_much(browser: Browser, state: Any, site: str, path: str) -> None:
    context = browser.new_context(storage_state=state)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    weighed: list[int] = []
    page.on("requestfinished", lambda request: weighed.append(request.sizes()["responseBodySize"]))
    page.goto(site + path)
    page.wait_for_load_state("networkidle")
    context.close()
    assert [url for url in asked if not url.startswith((site, "data:"))] == []
    assert sum(weighed) < 420_000 if "kpi/" not in path or "nps" in path else sum(weighed) < 80_000


def test_the_number_on_the_page_is_the_workspaces_own(browser: Browser, state: Any, site: str, folder: Path) -> None:
    context = browser.new_context(storage_state=state, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/kpi/nps/?from=2026-02-01&to=2026-04-01&grain=month")
    own = polso.open(folder).measure("nps", start="2026-02-01", end="2026-04-01", compare="none").only.only.estimate
    assert page.locator("#now").inner_text() == number(own.value or 0)
    lead = page.locator("#numbers .lead").inner_text()
    assert f"between {number(own.low or 0)} and {number(own.high or 0)}, from {own.n} answers" in lead
    context.close()


def test_a_chart_tells_its_points_to_the_keys(browser: Browser, state: Any, site: str) -> None:
    context = browser.new_context(storage_state=state, locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{site}/kpi/nps/?from=2026-01-01&to=2026-05-01")
    page.locator("figure.told").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".bubble").inner_text().startswith("January 2026: ")
    page.keyboard.press("ArrowRight")
    assert page.locator(".bubble").inner_text().startswith("February 2026: ")
    page.keyboard.press("Escape")
    assert page.locator(".bubble").is_hidden()
    context.close()


def test_the_keyboard_reaches_the_content_first_and_always_shows_where_it_is(browser: Browser, state: Any, site: str) -> None:
    context = browser.new_context(storage_state=state, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/kpi/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _step in range(6):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
    context.close()


def test_new_facts_appear_on_an_open_page_within_two_seconds(browser: Browser, state: Any, site: str, folder: Path) -> None:
    import pyarrow as pa

    context = browser.new_context(storage_state=state, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/kpi/ticket_volume/?from=2026-01-01&to=2026-06-01")
    before = int(page.locator("#now").inner_text())
    page.wait_for_timeout(1600)
    workspace = polso.open(folder)
    late = pa.table({"id": ["late"], "opened_at": ["2026-04-20T10:00:00Z"]})
    workspace.load_table("ticket", late)
    expect(page.locator("#now")).to_have_text(str(before + 1), timeout=2_500)
    assert re.match(r"\d", page.locator(".live").first.inner_text())
    context.close()


def test_tiles_are_added_and_moved_with_the_keyboard(browser: Browser, state: Any, site: str) -> None:
    context = browser.new_context(storage_state=state, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/dashboards/new")
    page.get_by_label("Name").fill("My desk")
    page.get_by_role("button", name="Make it").click()
    for key in ("nps", "ticket_volume"):
        page.locator("#new_kpi").select_option(key)
        page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Move", exact=True).nth(1).focus()
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Keep the dashboard").click()
    assert page.locator(".tile h2").all_inner_texts() == ["Tickets opened", "Net Promoter Score (NPS)"]
    context.close()


def test_a_link_shows_a_dashboard_to_a_guest_until_it_is_ended(browser: Browser, state: Any, site: str) -> None:
    context = browser.new_context(storage_state=state, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/dashboards/own/1/edit")
    page.locator("summary").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator(".message").first.inner_text().split(": ")[-1]
    guest = browser.new_context(locale="it-IT").new_page()
    answer = guest.goto(link)
    assert answer is not None and answer.status == 200
    assert guest.locator("nav").count() == 0
    assert "words of" not in guest.content()
    guest.goto(f"{site}/kpi/nps/")
    assert "/accounts/login/" in guest.url
    page.locator("summary").click()
    page.get_by_role("button", name="End it").first.click()
    answer = guest.goto(link)
    assert answer is not None and answer.status == 410
    guest.context.close()
    context.close()


def test_a_kpi_of_ones_own_is_computed_while_it_is_written(browser: Browser, state: Any, site: str, folder: Path) -> None:
    context = browser.new_context(storage_state=state, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/kpi/new")
    page.get_by_label("Key").fill("happy")
    page.get_by_label("The line").press_sequentially("100 * sha")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_label("The line").press_sequentially("scor > 8")
    page.get_by_text("did you mean 'score'?").wait_for()
    page.get_by_label("The line").fill("100 * share(score > 8)")
    page.locator("#tried .value").wait_for()
    page.locator("#en_name").fill("Happy ones")
    page.get_by_role("button", name="Keep it").click()
    assert page.locator("h1").inner_text() == "Happy ones"
    own = polso.open(folder)
    every = own.rows(Query(("nps",)), most=1_000)["score"].to_pylist()
    found = own.measure("happy", compare="none").only.only.estimate
    assert found.n == 600 and 100 * len([score for score in every if score > 8]) / len(every) == pytest.approx(found.value, abs=8)
    own.drop("happy")
    context.close()


def test_a_goal_is_set_and_held_against_the_interval(browser: Browser, state: Any, site: str) -> None:
    context = browser.new_context(storage_state=state, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/kpi/ticket_volume/")
    page.get_by_text("Set a goal", exact=True).click()
    page.get_by_label("target").fill("5")
    page.get_by_role("button", name="Set the goal").click()
    assert page.locator(".message").inner_text() == "The goal is set."
    page.goto(f"{site}/kpi/goals")
    assert page.get_by_text("Goal 5:").count() == 1
    context.close()
