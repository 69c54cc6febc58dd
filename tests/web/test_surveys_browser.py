"""Customers answer in a real browser: on a phone, in a kiosk, after a tap in an e-mail; and axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from servers import Site, serving
from surveying import invited, on_the_site, survey

PHONE, SHOP = {"width": 390, "height": 844}, {"width": 1024, "height": 768}
PAUSE = 1_100
"""Milliseconds after which what a person does is taken for that."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("browser") / "shop"
    with serving(folder) as served:
        served.client().begin("Olga Owner", "owner@example.org")
        for like in ("relationship-nps", "after-ticket", "after-chat", "cancellation", "help-page", "in-person"):
            survey(folder, like)
        on_the_site(
            folder, "one = ready.make('after-purchase', 'stars', 'en')\nready.add(one, 'stars')\none.status = 'live'\none.save()"
        )
        yield served
        assert not served.errors()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert [one for one in found if "status of 4" not in one] == []


def page_of(chromium: Browser, complaints: list[str], locale: str = "de-DE", size: object = None, **more: object) -> Page:
    page = chromium.new_context(viewport=size or PHONE, locale=locale, reduced_motion="reduce", **more).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    return page


def check(page: Page, what: str) -> None:
    found = [(one["id"], one["nodes"][0]["html"]) for one in Axe().run(page).response["violations"] if one["impact"] != "minor"]
    assert found == [], what
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, what


def scores(place: Site, customer: str) -> str:
    found = f"Answer.objects.filter(link__customer_id={customer!r}, current=True)"
    return on_the_site(place.folder, f"print(*[(a.score, a.how, a.comment) for a in {found}])")


@pytest.mark.parametrize(("locale", "send", "thanks"), [("de-AT", "Absenden", "Vielen Dank"), ("it-IT", "Invia", "Grazie")])
def test_a_phone_two_taps_and_words(
    locale: str, send: str, thanks: str, chromium: Browser, place: Site, complaints: list[str]
) -> None:
    page = page_of(chromium, complaints, locale, is_mobile=True, has_touch=True)
    page.goto(place.url + invited(place.folder, "relationship-nps", [locale])[0])
    check(page, "the first question")
    assert all((box.bounding_box() or {"height": 0})["height"] >= 44 for box in page.locator("button").all())
    page.wait_for_timeout(PAUSE)
    page.get_by_role("button", name="6", exact=True).tap()
    page.locator("textarea").fill("<script>alert(1)</script>")
    check(page, "the words")
    page.wait_for_timeout(PAUSE)
    page.get_by_role("button", name=send).dblclick()
    expect(page.locator(".big")).to_have_text(thanks)
    check(page, "thanks")
    assert scores(place, locale) == "(6.0, 'button', '<script>alert(1)</script>')"
    page.locator("main a").tap()
    expect(page.locator("textarea")).to_have_value("<script>alert(1)</script>")
    assert page.context.cookies() == []


def test_a_tap_in_an_e_mail_counts_once_a_person_touches_the_page(chromium: Browser, place: Site, complaints: list[str]) -> None:
    path = invited(place.folder, "relationship-nps", ["tapped"], language="it")[0]
    page = page_of(chromium, complaints)
    page.goto(f"{place.url}{path}?q=nps&score=9")
    check(page, "a tapped score")
    # A scanner runs the scripts, waits, and even makes up events.
    page.wait_for_timeout(2 * PAUSE)
    page.evaluate("for (const kind of ['pointerup', 'keyup', 'pointermove', 'wheel']) dispatchEvent(new Event(kind))")
    page.wait_for_timeout(300)
    assert scores(place, "tapped") == ""
    page.locator("textarea").click()
    expect(page.locator(".chosen")).to_have_text("La risposta è stata registrata. Se vuole, aggiunga un commento.")
    assert scores(place, "tapped") == "(9.0, 'gesture', '')"
    page.get_by_label("8", exact=True).check()
    expect(page.get_by_text("Che cosa ci avrebbe fatto meritare un 10?")).to_be_visible()
    page.get_by_role("button", name="Conferma").click()
    expect(page.locator(".big")).to_have_text("Grazie")
    assert scores(place, "tapped") == "(8.0, 'button', '')"


def test_words_that_were_not_sent_are_kept(chromium: Browser, place: Site, complaints: list[str]) -> None:
    page = page_of(chromium, complaints)
    page.goto(f"{place.url}{invited(place.folder, 'relationship-nps', ['left'])[0]}?q=nps&score=2")
    page.wait_for_timeout(PAUSE)
    page.locator("textarea").click()
    page.locator("textarea").press_sequentially("zu teuer")
    expect(page.locator(".chosen")).to_contain_text("gespeichert")
    page.goto("about:blank")
    page.wait_for_timeout(500)
    assert scores(place, "left") == "(2.0, 'gesture', 'zu teuer')"


def test_without_scripts_it_is_the_same(chromium: Browser, place: Site, complaints: list[str]) -> None:
    page = page_of(chromium, complaints, java_script_enabled=False)
    page.goto(f"{place.url}{invited(place.folder, 'after-chat', ['plain'])[0]}")
    page.wait_for_timeout(PAUSE)
    page.get_by_role("button", name="Sehr zufrieden").click()
    page.get_by_label("Nein").check()
    page.wait_for_timeout(PAUSE)
    page.get_by_role("button", name="Absenden").click()
    expect(page.locator(".big")).to_have_text("Vielen Dank")
    assert scores(place, "plain") == "(5.0, 'button', '') (0.0, 'button', '')"


def test_the_keyboard_alone_answers(chromium: Browser, place: Site, complaints: list[str]) -> None:
    page = page_of(chromium, complaints, "en-GB", SHOP)
    page.goto(f"{place.url}{invited(place.folder, 'after-ticket', ['keys'])[0]}?whole=1")
    page.wait_for_timeout(PAUSE)
    for key in ("Tab", "Space", "ArrowRight", "ArrowRight", "Tab", "Tab", "Space"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Send").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".big")).to_have_text("Thank you")
    assert scores(place, "keys") == "(3.0, 'button', '') (1.0, 'button', '')"


def test_a_kiosk_begins_anew_for_the_next_person(chromium: Browser, place: Site, complaints: list[str]) -> None:
    page = page_of(chromium, complaints, "it-IT", SHOP)
    for face in ("Molto contento", "Scontento"):
        page.goto(f"{place.url}/a/in-person/kiosk/")
        check(page, "a kiosk")
        page.wait_for_timeout(PAUSE)
        page.get_by_role("button", name=face, exact=True).click()
        page.wait_for_timeout(PAUSE)
        page.get_by_role("button", name="Invia").click()
        expect(page.locator(".big")).to_have_text("Grazie")
    page.wait_for_url(f"{place.url}/a/in-person/kiosk/", timeout=10_000)
    found = "print(*sorted(a.score for a in Answer.objects.filter(link__channel='kiosk')))"
    assert on_the_site(place.folder, found) == "2.0 5.0"


PAGES = (
    "/a/cancellation/",
    "/a/after-ticket/?whole=1",
    "/a/stars/?whole=1",
    "/a/help-page/rating/",
    "/a/after-chat/",
    "/a/nothing/",
)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_public_page_is_open_to_everybody(
    path: str, scheme: str, chromium: Browser, place: Site, complaints: list[str]
) -> None:
    page = page_of(chromium, complaints, "it-IT", color_scheme=scheme)
    page.goto(place.url + path)
    check(page, path)
    assert page.evaluate("document.documentElement.lang") == "it"
    for pick in page.locator("input[type=radio]").all()[:1]:
        pick.check()
        check(page, f"{path} with a choice")


@pytest.mark.parametrize("colour", ["#ffff00", "#000000", "#777777", "#ff0000"])
def test_any_colour_can_be_read(colour: str, chromium: Browser, place: Site, complaints: list[str]) -> None:
    on_the_site(
        place.folder,
        f"Survey.objects.filter(key='stars').update(colour={colour!r}, version=models.F('version') + 1)".join(
            ("from django.db import models\n", "")
        ),
    )
    page = page_of(chromium, complaints)
    page.goto(f"{place.url}/a/stars/?whole=1")
    page.locator("input[type=radio]").first.check()
    check(page, colour)
