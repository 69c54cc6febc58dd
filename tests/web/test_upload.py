"""A file in the browser: seen before it is loaded, the number moves, and moves back when it is taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Client
from crowd import People
from playwright.sync_api import Browser, Page, expect
from servers import Site

from polso.workspace import Workspace

KPI = "/kpi/csat/?from=2025-03-01&to=2025-04-01&compare=none"
ANSWERS = "Codice;Data risposta;Tipo;Voto;Minimo;Massimo;Cliente\n" + "".join(
    f"u{n};{1 + n % 28:02d}/03/2025 10:00;csat;1;1;5;guest-{n}\n" for n in range(60)
)
BROKEN = "id,submitted_at,kind,score\nb1,2025-03-01 10:00,csat,4\nb2,2025-31-31 10:00,csat,4\nb3,2025-03-01 11:00,csat,good\n"


@pytest.fixture(scope="module")
def analyst(people: People, site: Site) -> Client:
    client = site.client()
    assert client.sign_in(people.emails["analyst"]).status == 302
    return client


@pytest.fixture
def page(chromium: Browser, site: Site, analyst: Client) -> Iterator[Page]:
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": name, "value": text, "url": site.url} for name, text in analyst.cookies.items()])
    opened = context.new_page()
    opened.on("dialog", lambda dialog: dialog.accept())
    yield opened
    context.close()


def number(page: Page, site: Site) -> str:
    page.goto(site.url + KPI)
    return page.inner_text("#now")


def choose(page: Page, site: Site, file: Path) -> None:
    page.goto(f"{site.url}/facts/")
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()


def test_a_file_is_seen_loaded_and_taken_back(page: Page, site: Site, workspace: Workspace, tmp_path: Path) -> None:
    before = number(page, site)
    rows = workspace.warehouse.snapshot("response").rows
    file = tmp_path / "risposte.csv"
    file.write_text(ANSWERS, encoding="utf-8")
    choose(page, site, file)
    page.wait_for_url("**/upload/**")
    # What was understood is shown, and nothing is loaded yet.
    assert "60" in page.inner_text("#preview") and "Data risposta" in page.inner_text("main")
    assert workspace.warehouse.snapshot("response").rows == rows
    if page.input_value("#entity") != "response":
        page.select_option("#entity", "response")
        expect(page.locator("#text")).to_have_value(re.compile('entity = "response"'))
        page.reload()
    for heading, target in (("Codice", "id"), ("Data risposta", "submitted_at"), ("Tipo", "kind"), ("Voto", "score")):
        page.get_by_label(f"What {heading} becomes").select_option(target)
    for heading, target in (("Minimo", "scale_min"), ("Massimo", "scale_max"), ("Cliente", "customer_id")):
        page.get_by_label(f"What {heading} becomes").select_option(target)
    expect(page.locator("#text")).to_have_value(re.compile('customer_id = "Cliente"'))
    page.locator("form[action$='/load'] button").click()
    page.wait_for_selector("#done")
    assert workspace.warehouse.snapshot("response").rows == rows + 60
    after = number(page, site)
    assert float(after.rstrip("% \u00a0")) < float(before.rstrip("% \u00a0"))
    own = workspace.measure("csat", start="2025-03-01", end="2025-04-01", compare="none").only.only.estimate.value
    assert own is not None and float(after.rstrip("% \u00a0")) == pytest.approx(own, abs=0.06)
    page.goto(f"{site.url}/facts/response/")
    page.locator("tr", has_text="risposte.csv").get_by_role("button", name="Take back").click()
    page.wait_for_selector("text=That load was taken back.")
    assert workspace.warehouse.snapshot("response").rows == rows
    assert number(page, site) == before


def test_a_broken_file_says_what_is_wrong_and_loads_nothing(page: Page, site: Site, workspace: Workspace, tmp_path: Path) -> None:
    rows, before = workspace.warehouse.snapshot("response").rows, number(page, site)
    file = tmp_path / "broken.csv"
    file.write_text(BROKEN, encoding="utf-8")
    choose(page, site, file)
    page.wait_for_url("**/upload/**")
    shown = page.inner_text("#refused")
    assert "2025-31-31 10:00" in shown and "good" in shown and "score" in shown
    page.locator("form[action$='/load'] button").click()
    alert = page.get_by_role("alert").filter(has_text="Nothing was loaded")
    alert.wait_for()
    assert "2 rows were refused" in alert.inner_text() and "2025-31-31" in alert.inner_text()
    assert workspace.warehouse.snapshot("response").rows == rows and number(page, site) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [("table.xlsx", b"PK\x03\x04 no workbook"), ("picture.png", b"\x89PNG\r\n\x1a\n\x00"), ("empty.csv", b"")],
)
def test_what_is_no_table_is_refused_on_the_page(name: str, content: bytes, page: Page, site: Site, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    choose(page, site, file)
    wrong = page.locator(".message.error, [role=alert]").filter(has_text=re.compile(r"\w{4}"))
    expect(wrong.first).to_be_visible()
    assert "Traceback" not in page.content()
