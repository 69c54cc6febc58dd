"""Every page in a real browser: both languages, desk and phone, light and dark, by eye of axe and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import Client
from crowd import People
from playwright.sync_api import Browser, BrowserContext, Page, expect
from servers import Site
from shop import SECRET_OF_SOUTH
from tinyhtml5.parser import HTMLParser

from polso.query import Query
from polso.workspace import Workspace

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
TABLET, WIDE = {"width": 1024, "height": 768}, {"width": 1920, "height": 1080}
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
TIME = "from=2024-10-01&to=2025-04-01"
PATHS = (
    *("/", "/?wall=1", "/tour", "/dashboards/voice/?days=90", "/dashboards/new", "{own}/", "{own}/edit"),
    *(
        "/kpi/",
        f"/kpi/nps/?by=channel&{TIME}",
        "/kpi/first_response_time_median/",
        "/kpi/revenue/",
        "/kpi/nps/rows?from=2025-03-24&to=2025-04-01",
    ),
    *("/kpi/goals", "/kpi/new", "/kpi/nps/?from=2025-02-01&to=2025-01-01"),
    *("/customers/", "/customers/one?id=north-001", "/facts/", "/facts/response/", "/facts/order/", "{upload}"),
    *("/surveys/", "/cases/", "/cases/rules/", "/inbox/", "/webhooks/", "{hook}", "/people/", "/me/", "/nothing"),
    *("/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/", "/accounts/email/", "/accounts/reauthenticate/"),
)
OUTSIDE = ("/accounts/login/", "/accounts/password/reset/", "{invitation}", "/invitation/nothing/", "/shared/nothing/", "{link}")
FIXED = "h1, h2, h3, label, legend, summary, button, .button, thead th, figcaption, .lead, .help, main p.quiet, .empty p"
SAME = re.compile(
    r"KPI|NPS|CSAT|Webhook|CSV|Excel|Parquet|JSON|Polso|English|Italiano|Email|E-mail|E‑mail|Password|Account|Mobile|"
    r"Net Promoter Score|Customer Satisfaction Score|Passkey|Lead|Trend"
)
"""Words that both languages have."""
REFERRING = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list")


@pytest.fixture(scope="module")
def visitor(people: People, site: Site) -> Client:
    """The owner in a session of their own."""
    client = site.client()
    assert client.sign_in(people.emails["owner"]).status == 302
    return client


@pytest.fixture(scope="module")
def places(people: People, site: Site, visitor: Client) -> dict[str, str]:
    """Addresses of things: a dashboard with a tile of each kind, a goal, a link, an upload, a webhook, an invitation."""
    own = visitor.post("/dashboards/new", {"name": "Luna"}).location.removesuffix("/edit")
    kinds = ("number", "trend", "bars", "table", "heat", "goal", "funnel", "comments")
    for kind in kinds:
        tile = {"new_kind": kind, "new_kpi": "ticket_volume" if kind == "heat" else "nps", "new_by": "channel"}
        kept = {name: [tile_[name] for tile_ in _tiles(visitor.get(f"{own}/edit").text)] for name in _tiles_names()}
        sent = {"name": "Luna", "days": "365", "add": "1", "new_where": "", "new_width": "3", **tile, **kept}
        assert visitor.post(f"{own}/edit", sent).status == 302
    assert visitor.get(f"{own}/").text.count("<article") == len(kinds)
    goal = {"target": "40", "grain": "month", "since": "2024-10-01", "pinned": "on"}
    assert visitor.post("/kpi/nps/goal", goal).status == 302
    assert visitor.post("/kpi/nps/happening", {"day": "2025-01-10", "text": "Luna Nova", "everywhere": "on"}).status == 302
    visitor.post(f"{own}/share", {"days": "7"})
    link = re.findall(r"/shared/[\w-]+/", visitor.get(f"{own}/edit").text)[0]
    file = b"id,submitted_at,kind,score\nx1,2025-01-01 10:00,nps,9\nx2,2025-13-01 10:00,nps,9\n"
    upload = visitor.upload("/facts/upload", {"entity": "response"}, "luna.csv", file).location
    site.say(
        "insert into webhooks_endpoint (url, about, events, secret, made_at, stopped_at, person_id) select "
        "'https://luna.invalid/', 'Luna', '[\"kpi.changed\"]', 'whsec_', '2025-01-01', '2025-01-02', min(id) from accounts_person"
    )
    hook = re.findall(r'href="(/webhooks/\d+/)"', visitor.get("/webhooks/").text)[0]
    invitation = urlsplit(visitor.invite("luna@example.org", "executive")).path
    visitor.get("/me/")
    return {"own": own, "link": link, "upload": upload, "hook": hook, "invitation": invitation}


def _tiles_names() -> tuple[str, ...]:
    return ("kind", "kpi", "by", "tile_where", "width")


def _tiles(page: str) -> list[dict[str, str]]:
    """The tiles that the page of a dashboard's editor holds."""
    found = []
    for item in re.findall(r'<li class="sheet".*?</li>', page, re.S):
        fields = dict(re.findall(r'name="(kind|kpi|by|tile_where)" value="([^"]*)"', item))
        found.append({**fields, "width": re.findall(r'value="(\d)" selected', item)[0]})
    return found


Opening = Callable[..., Page]
Contexts = dict[tuple[str, bool], BrowserContext]


@pytest.fixture(scope="module")
def contexts(chromium: Browser, site: Site, visitor: Client) -> Iterator[Contexts]:
    """Browsers in either language, of the owner and of a guest."""
    made: Contexts = {}
    for language, locale in (("en", "en-GB"), ("it", "it-IT")):
        for inside in (True, False):
            made[language, inside] = context = chromium.new_context(viewport=DESK, locale=locale, reduced_motion="reduce")
            if inside:
                context.add_cookies([{"name": name, "value": text, "url": site.url} for name, text in visitor.cookies.items()])
    yield made
    for context in made.values():
        context.close()


@pytest.fixture
def opened(contexts: Contexts, site: Site) -> Iterator[Opening]:
    """Opens pages, signed in or not; at the end nothing was complained of and nobody else was asked."""
    pages: list[Page] = []
    complaints: list[str] = []

    def open_(path: str = "", language: str = "en", inside: bool = True) -> Page:
        page = contexts[language, inside].new_page()
        pages.append(page)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda said: complaints.append(f"{page.url}: {said.text}") if said.type == "error" else None)
        page.on("request", lambda one: None if one.url.startswith((site.url, "data:")) else complaints.append(one.url))
        if path:
            page.goto(site.url + path)
            settled(page)
        return page

    yield open_
    for page in pages:
        page.close()
    # What a page's status says is no complaint.
    assert [one for one in complaints if "the server responded with a status of 4" not in one] == []


def settled(page: Page) -> None:
    """Wait for the parts that come later."""
    expect(page.locator("[hx-trigger=load], .htmx-request")).to_have_count(0, timeout=20_000)


def check(page: Page, what: str) -> None:
    """Axe finds nothing, and nothing sticks out. Charts are hidden from it; what they say stands beside them."""
    found = Axe().run(page, context={"exclude": [["svg.chart"]]}).response["violations"]
    worse = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found if one["impact"] != "minor"]
    assert worse == [], what
    fits(page, what)


def fits(page: Page, what: str) -> None:
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{what}: the page scrolls sideways"


def fixed(page: Page) -> set[str]:
    """The texts of headings, labels, buttons and the like."""
    texts = page.locator(FIXED).all_text_contents()
    return {" ".join(text.split()) for text in texts if re.search(r"[^\W\d_]{4}", text)}


def look(place: str, inside: bool, opened: Opening, places: dict[str, str]) -> None:
    """A page in both languages, from phone to wide screen, light and dark; and nothing of it is English in Italian."""
    path, name = place.format(**places), "-".join(re.findall(r"[\w.=]+", place)) or "start"
    page = opened(path, "en", inside)
    assert page.locator("h1").count() == 1 and page.title().strip(" ·") != "Polso"
    check(page, "English, on a desk, light")
    page.screenshot(path=PICTURES / "en-desk-light" / f"{name}.png", full_page=True)
    english = fixed(page)
    for size in (WIDE, TABLET, PHONE):
        page.set_viewport_size(size)
        fits(page, f"English, {size['width']} wide")
    page.close()
    page = opened(path, "it", inside)
    assert page.evaluate("document.documentElement.lang") == "it"
    fits(page, "Italian, on a desk")
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    check(page, "Italian, on a phone, dark")
    page.screenshot(path=PICTURES / "it-phone-dark" / f"{name}.png", full_page=True)
    same = {text for text in english & fixed(page) if not SAME.search(text)}
    assert same - _of_the_facts(same) == set()


def _of_the_facts(texts: set[str]) -> set[str]:
    """What is said by people, or is the name of a column."""
    own = re.compile(r"^([a-z_]+( [·*].*)?|.*(Luna|luna|shop|Olga|north-\d|Person \d|\w+ Person|\w+@example).*)$")
    return {text for text in texts if own.match(text)}


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_whole_and_open_to_everybody(path: str, opened: Opening, places: dict[str, str]) -> None:
    look(path, True, opened, places)


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_page_for_those_outside_is_too(path: str, opened: Opening, places: dict[str, str]) -> None:
    look(path, False, opened, places)


@pytest.mark.parametrize("path", [path for path in PATHS if "wall" not in path])
def test_a_page_is_valid_html(path: str, visitor: Client, places: dict[str, str]) -> None:
    page = visitor.get(path.format(**places)).text
    parser = HTMLParser()
    whole = parser.parse(page)
    assert parser.errors == []
    ids = [one.get("id") for one in whole.iter() if one.get("id")]
    assert sorted(ids) == sorted(set(ids))
    named = {name for one in whole.iter() for attribute in REFERRING for name in (one.get(attribute) or "").split()}
    assert named <= set(ids)


def number_of(text: str) -> float:
    """The first number of a text, in English or Italian."""
    found = re.search(r"−?\d[\d.,]*", text)
    assert found, text
    digits = found[0].rstrip(".,").replace("−", "-")
    return float(digits.replace(",", ".") if digits.count(",") == 1 else digits)


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("metric", ["nps", "csat", "ticket_volume", "reopen_rate"])
def test_numbers_are_the_workspaces_own(metric: str, language: str, opened: Opening, workspace: Workspace) -> None:
    page = opened(f"/kpi/{metric}/?{TIME}&grain=month&by=department", language)
    first, end = date(2024, 10, 1), date(2025, 4, 1)
    own = workspace.measure(metric, start=first, end=end, compare="none").only.only.estimate
    close = {"rel": 0.006, "abs": 0.06}
    assert number_of(page.inner_text("#now")) == pytest.approx(own.value, **close)
    lead = page.inner_text("#numbers .lead")
    told = [number_of(part) for part in re.findall(r"−?\d[\d.,]*", lead)]
    if own.low is not None:
        assert told[:3] == [pytest.approx(one, **close) for one in (own.value, own.low, own.high)]
        assert told[3] == own.n
    page.locator("details summary").first.click()
    rows = page.locator("details").first.locator("tbody tr")
    months = workspace.measure(metric, grain="month", start=first, end=end, compare="none").only
    assert rows.count() == 6
    for place, month in enumerate(months):
        cells = rows.nth(place).locator("td").all_inner_texts()
        assert number_of(cells[0]) == pytest.approx(month.estimate.value, **close) and number_of(cells[-1]) == month.estimate.n
    parts = {
        row.segment["department"]: row.estimate for row in workspace.measure(metric, by="department", start=first, end=end).only
    }
    for row in page.locator("section[aria-labelledby=split] tbody tr").all():
        estimate = parts[row.locator("th").inner_text()]
        assert number_of(row.locator("td").first.inner_text()) == pytest.approx(estimate.value, **close)


def test_tiles_show_the_workspaces_numbers(opened: Opening, workspace: Workspace) -> None:
    page = opened("/dashboards/service/?days=30")
    last = workspace.latest_day()
    assert last is not None
    end = date.fromordinal(last.toordinal() + 1)
    start = date.fromordinal(end.toordinal() - 30)
    own = workspace.measure("ticket_volume", "reopen_rate", start=start, end=end)
    for metric in ("ticket_volume", "reopen_rate"):
        tile = page.locator(f".tile:has(a[href^='/kpi/{metric}/'])")
        assert number_of(tile.locator(".value").inner_text()) == pytest.approx(own[metric].only.estimate.value, rel=0.006)


def test_signing_in_on_the_page(opened: Opening, site: Site, people: People) -> None:
    page = opened("/kpi/nps/", "it", False)
    assert page.url.startswith(f"{site.url}/accounts/login/") and page.locator("h1").inner_text() == "Accedi"
    page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.fill(people.emails["executive"])
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Accedi", exact=True).click()
    expect(page.locator(".errorlist")).to_be_visible()
    page.get_by_label("Password").fill("una lampada accesa 7")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/kpi/nps/")
    page.get_by_role("button", name="English").click()
    page.wait_for_function("document.documentElement.lang == 'en'")
    page.get_by_role("link", name="Executive Person").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{site.url}/accounts/login/**")


@pytest.mark.parametrize("path", ["/", f"/kpi/nps/?{TIME}&by=channel", "/kpi/", "/people/", "/facts/"])
def test_the_keyboard_goes_everywhere_and_shows_where_it_is(path: str, opened: Opening) -> None:
    page = opened(path)
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the content" and (skip.bounding_box() or {"x": -1})["x"] >= 0
    reached = []
    for _step in range(400):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => {
              const one = document.activeElement;
              if (one === document.body) return null;
              const style = getComputedStyle(one), box = one.getBoundingClientRect();
              const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
              return [one.outerHTML.slice(0, 120), shown, box.width > 0, one.getAttribute("href")];
            }"""
        )
        if found is None or "skip" in found[0]:
            break
        if reached and reached[-1][0] == found[0]:
            # Another part of the same field: the year of a date after its month.
            continue
        reached.append(found)
    assert [one for one in reached if not (one[1] and one[2])] == []
    links = page.eval_on_selector_all(
        "main a[href], nav a[href]", "all => all.filter(a => a.offsetWidth).map(a => a.getAttribute('href'))"
    )
    assert set(links) <= {one[3] for one in reached}
    page.goto(page.url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize(
    ("path", "most"),
    [
        *(("/", 420_000), (f"/kpi/nps/?by=channel&{TIME}", 420_000)),
        *((path, 80_000) for path in ("/kpi/", "/facts/", "/customers/", "/people/", "/inbox/", "/surveys/", "/cases/")),
    ],
)
def test_a_page_is_light(path: str, most: int, chromium: Browser, site: Site, visitor: Client) -> None:
    context = chromium.new_context()
    context.add_cookies([{"name": name, "value": text, "url": site.url} for name, text in visitor.cookies.items()])
    page = context.new_page()
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(site.url + path)
    settled(page)
    page.wait_for_load_state("networkidle")
    context.close()
    print(path, sum(sizes))
    assert 20_000 < sum(sizes) < most


def test_a_chart_tells_its_points_to_the_keys(opened: Opening) -> None:
    page = opened(f"/kpi/nps/?{TIME}")
    page.locator("figure.told").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".bubble").inner_text().startswith("October 2024: ")
    page.keyboard.press("ArrowRight")
    assert page.locator(".bubble").inner_text().startswith("November 2024: ")
    page.keyboard.press("Escape")
    assert page.locator(".bubble").is_hidden()


def test_new_facts_appear_on_an_open_page(opened: Opening, workspace: Workspace) -> None:
    page = opened(f"/kpi/ticket_volume/?{TIME}")
    before = int(page.locator("#now").inner_text())
    late = pa.table({"id": ["late"], "opened_at": ["2025-02-20T10:00:00Z"]})
    report = workspace.load_table("ticket", late)
    expect(page.locator("#now")).to_have_text(str(before + 1), timeout=5_000)
    expect(page.locator(".live").first).to_have_text(re.compile(r"^\d"))
    workspace.undo("ticket", report.version)
    expect(page.locator("#now")).to_have_text(str(before), timeout=5_000)


def test_tiles_are_added_and_moved_with_the_keyboard(opened: Opening) -> None:
    page = opened("/dashboards/new")
    page.get_by_label("Name").fill("My desk")
    page.get_by_role("button", name="Make it").click()
    for key in ("nps", "ticket_volume"):
        page.locator("#new_kpi").select_option(key)
        page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Move", exact=True).nth(1).focus()
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Keep the dashboard").click()
    assert page.locator(".tile h2").all_inner_texts() == ["Tickets opened", "Net Promoter Score (NPS)"]


def test_a_link_shows_a_dashboard_to_a_guest_until_it_is_ended(opened: Opening, places: dict[str, str], site: Site) -> None:
    page = opened(f"{places['own']}/edit")
    page.locator("summary").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator(".message").first.inner_text().split(": ")[-1]
    guest = opened("", "it", False)
    answer = guest.goto(link)
    assert answer is not None and answer.status == 200
    assert guest.locator("nav").count() == 0 and SECRET_OF_SOUTH not in guest.content()
    guest.goto(f"{site.url}/kpi/nps/")
    assert "/accounts/login/" in guest.url
    page.locator("summary").click()
    page.get_by_role("button", name="End it").last.click()
    page.wait_for_load_state()
    answer = guest.goto(link)
    assert answer is not None and answer.status == 410


def test_a_kpi_of_ones_own_is_computed_while_it_is_written(opened: Opening, workspace: Workspace) -> None:
    page = opened("/kpi/new")
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
    try:
        found = workspace.measure("happy", compare="none", where="kind = 'nps'").only.only.estimate
        scores = workspace.rows(Query(("happy",), where="kind = 'nps'"), most=2_000)["score"].to_pylist()
        assert found.value == pytest.approx(100 * sum(score > 8 for score in scores) / len(scores))
    finally:
        workspace.drop("happy")


def test_a_goal_is_set_and_held_against_the_interval(opened: Opening) -> None:
    page = opened("/kpi/ticket_volume/")
    page.get_by_text("Set a goal", exact=True).click()
    page.get_by_label("target").fill("5")
    page.get_by_role("button", name="Set the goal").click()
    assert page.locator(".message").inner_text() == "The goal is set."
    page.goto(page.url.partition("/kpi/")[0] + "/kpi/goals")
    assert page.get_by_text("Goal 5:").count() == 1
