"""A survey in a page of somebody else: another origin, a strict content security policy, real Chromium."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from browsing import Client
from playwright.sync_api import Browser, Page
from posting import until
from servers import Site, serving

from polso.workspace import Workspace

_SURVEYS = """
import django
django.setup()
import json, sys
from polso.web.surveys.models import Question, Survey
from polso.web.widget.models import Widget
for key, given in json.loads(sys.argv[1]).items():
    survey = Survey.objects.create(key=key, name=key, status=given["status"], languages=["en", "it", "de"], touchpoint="site",
        texts={"consent": {"en": "We keep your answer for a year."}}, colour="#0f6a73")
    Question.objects.create(survey=survey, key="nps", kind="nps", scale_min=0, scale_max=10, high_is_good=True, position=0,
        texts={"text": {"en": "Would you recommend us?", "it": "Ci consiglierebbe?", "de": "Würden Sie uns empfehlen?"},
               "low": {"en": "no"}, "high": {"en": "gladly"}},
        follow_ups=[{"from": 0, "to": 6, "texts": {"en": "What went wrong?", "de": "Was lief schief?"}}])
    Question.objects.create(survey=survey, key="why", kind="choice", position=1, texts={"text": {"en": "Why did you come?"}},
        options=[{"key": "buy", "texts": {"en": "To buy"}}, {"key": "look", "texts": {"en": "To look"}}])
    Widget.objects.create(survey=survey, origins=given["origins"], triggers=given["triggers"], pages=given.get("pages", []),
        sample=given.get("sample", 100), secret="the secret")
"""


@dataclass
class Abroad:
    """Somebody else's site."""

    url: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    policy: str = ""


@contextmanager
def abroad() -> Iterator[Abroad]:
    """A site of another origin that serves pages under a strict policy."""
    site = Abroad()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            body = site.pages.get(path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", site.policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Here:
    """Our site, theirs, and a browser."""

    site: Site
    shop: Abroad
    chromium: Browser
    facts: Workspace
    owner: Client
    viewer: Client

    @contextmanager
    def visit(self, survey: str, path: str = "/", attributes: str = "", **context: Any) -> Iterator[Page]:
        """Open a page of theirs that has a survey of ours; afterwards it has broken no rule."""
        tag = f'<script src="{self.site.url}/w.js" data-survey="{survey}" {attributes} async></script>'
        html = '<main><h1>A shop</h1><button id="help">Help</button><p>Text</p></main>'
        self.shop.pages[path] = f'<!doctype html><html lang="en"><title>Shop</title><script src="/own.js"></script>{html}{tag}'
        within = self.chromium.new_context(**context)
        page = within.new_page()
        try:
            page.goto(self.shop.url + path)
            yield page
            until(lambda: page.evaluate("!Object.keys(localStorage).some((one) => one.endsWith(':unsent'))"))
            assert page.evaluate("window.broken") == []
            assert within.cookies() == []
        finally:
            within.close()

    def answers(self, survey: str) -> list[dict[str, Any]]:
        """The answers to a survey among the facts."""
        ids = [row["id"] for row in self.facts.rows(_every(), most=1000).to_pylist() if row["survey"] == survey]
        return sorted(self.facts.named("response", ids), key=lambda row: str(row["id"]))

    def post(self, survey: str, body: Any, origin: str | None = None, method: str = "POST") -> http.client.HTTPResponse:
        parts = urlsplit(self.site.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        headers = {"Content-Type": "text/plain", "Origin": self.shop.url if origin is None else origin}
        connection.request(method, f"/w/{survey}", json.dumps(body), headers)
        reply = connection.getresponse()
        reply.read()
        connection.close()
        return reply


def _every() -> Any:
    from polso.query import Query

    return Query(("responses",), compare="none")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Here]:
    folder = tmp_path_factory.mktemp("widget") / "shop"
    Workspace(folder)
    with serving(folder) as site, abroad() as shop:
        owner = site.client().begin("Olga Owner", "owner@example.org")
        viewer = site.client().accept(owner.invite("boss@example.org", "executive"), "Boss")
        shop.policy = (
            f"default-src 'none'; script-src 'self' {site.url}; connect-src {site.url}; style-src 'none'; img-src 'none'; "
            "base-uri 'none'; form-action 'none'"
        )
        shop.pages["/own.js"] = (
            "window.broken = [];"
            "document.addEventListener('securitypolicyviolation', (e) => window.broken.push(e.violatedDirective));"
            "window.polso = window.polso || function () { (window.polso.q = window.polso.q || []).push(arguments); };"
        )
        make(site, shop)
        yield Here(site, shop, chromium, Workspace(folder), owner, viewer)
        assert not site.errors()


def make(site: Site, shop: Abroad) -> None:
    """Surveys of ours that the shop may show, each for one test."""
    now = [{"on": "time", "seconds": 0}]
    ours: dict[str, dict[str, Any]] = {
        name: {"triggers": now} for name in ("plain", "offline", "twice", "axe", "known", "german", "stumbles")
    }
    ours |= {
        "click": {"triggers": [{"on": "click", "selector": "#help"}]},
        "said": {"triggers": [{"on": "event", "name": "paid"}]},
        "scrolled": {"triggers": [{"on": "scroll", "percent": 50}]},
        "leaving": {"triggers": [{"on": "exit"}]},
        "app": {"triggers": now, "pages": ["/checkout/*"]},
        "half": {"triggers": now, "sample": 50},
        "stranger": {"triggers": now, "origins": ["https://elsewhere.example"]},
        "draft": {"triggers": now, "status": "draft"},
    }
    whole = {key: {"origins": [shop.url], "status": "live", **given} for key, given in ours.items()}
    unset = ("DATABASE_URL", "POLSO_URL")
    env = {name: value for name, value in os.environ.items() if name not in unset}
    env |= {"POLSO_WORKSPACE": str(site.folder), "DJANGO_SETTINGS_MODULE": "polso.web.settings"}
    subprocess.run([sys.executable, "-c", _SURVEYS, json.dumps(whole)], env=env, check=True)


def test_a_visitor_answers_on_a_page_of_another_site_under_a_strict_policy(here: Here) -> None:
    with here.visit("plain") as page:
        page.get_by_role("dialog", name="Would you recommend us?").wait_for()
        assert page.evaluate("localStorage.length") == 0
        page.get_by_role("button", name="3 of 10").click()
        page.get_by_role("textbox", name="What went wrong?").fill("<script>alert(1)</script> too slow")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("button", name="To buy").click()
        page.get_by_text("Thank you").first.wait_for()
    first, second = until(lambda: found if len(found := here.answers("plain")) == 2 and found[0]["comment"] else None)
    assert (first["score"], first["comment"]) == (3, "<script>alert(1)</script> too slow")
    assert (first["channel"], first["language"], first["customer_id"]) == ("widget", "en", None)
    assert json.loads(first["extra"])["page"] == here.shop.url + "/"
    assert json.loads(second["extra"])["choice"] == "buy"


def test_the_script_is_small(here: Here) -> None:
    reply = here.site.client().get("/w.js", **{"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip" and len(reply.body) < 12_000
    text = gzip.decompress(reply.body).decode()
    assert "eval(" not in text and "innerHTML" not in text and "document.cookie" not in text
    assert "Set-Cookie" not in reply.headers


def test_who_may_not_show_it_gets_nothing(here: Here) -> None:
    with here.visit("stranger") as page:
        page.wait_for_load_state("networkidle")
        assert page.get_by_role("dialog").count() == 0
    for survey, origin in (("stranger", here.shop.url), ("plain", "https://evil.example"), ("plain", "null")):
        reply = here.post(survey, {"id": str(uuid.uuid4()), "answers": [{"question": "nps", "score": 0}]}, origin)
        assert reply.status == 403 and reply.headers["Access-Control-Allow-Origin"] is None
    allowed = here.post("plain", {}, method="OPTIONS")
    assert allowed.headers["Access-Control-Allow-Origin"] == here.shop.url and allowed.status == 204
    assert here.post("draft", {"id": str(uuid.uuid4()), "answers": []}).status == 404
    assert here.post("nowhere", {"id": str(uuid.uuid4())}).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"id": "no uuid"},
        {"id": str(uuid.UUID(int=1)), "answers": [{"question": "nps", "score": 11}]},
        {"id": str(uuid.UUID(int=2)), "answers": [{"question": "nps", "score": "9"}]},
        {"id": str(uuid.UUID(int=3)), "answers": [{"question": "why", "choices": ["steal"]}]},
        {"id": str(uuid.UUID(int=4)), "answers": "all"},
        {"id": str(uuid.UUID(int=5)), "answers": [{"question": "nps", "score": 9}], "fields": {"a b": "x"}},
    ],
)
def test_nonsense_is_refused(here: Here, body: dict[str, Any]) -> None:
    assert here.post("known", body).status == 422


def test_the_same_answer_sent_twice_counts_once_and_a_later_one_replaces_it(here: Here) -> None:
    id_ = str(uuid.uuid4())
    for score in (2, 2, 9):
        assert here.post("known", {"id": id_, "answers": [{"question": "nps", "score": score}]}).status == 204
    until(lambda: [row["score"] for row in here.answers("known") if id_.replace("-", "") in row["id"]] == [9])


def test_a_customer_is_believed_only_with_a_signature(here: Here) -> None:
    signed = hmac.new(b"the secret", b"c-17", hashlib.sha256).hexdigest()
    for score, hash_ in ((7, signed), (8, "0" * 64)):
        body = {"id": str(uuid.uuid4()), "customer": "c-17", "hash": hash_, "fields": {"order_id": "o-1", "segment": "b2b"}}
        assert here.post("known", {**body, "answers": [{"question": "nps", "score": score}]}).status == 204
    found = until(lambda: both if len(both := [r for r in here.answers("known") if r["score"] in (7, 8)]) == 2 else None)
    rows = {row["score"]: row for row in found}
    assert (rows[7]["customer_id"], rows[7]["order_id"], rows[7]["segment"]) == ("c-17", "o-1", "b2b")
    assert (rows[8]["customer_id"], rows[8]["order_id"], rows[8]["segment"]) == (None, None, "b2b")


def test_an_answer_given_without_a_network_arrives_later_once(here: Here) -> None:
    with here.visit("offline") as page:
        page.get_by_role("dialog").wait_for()
        page.context.set_offline(True)
        page.get_by_role("button", name="9 of 10").click()
        page.get_by_role("button", name="To look").click()
        page.get_by_text("Thank you").first.wait_for()
        until(lambda: page.evaluate("localStorage.getItem('polso:offline:unsent')"))
        assert here.answers("offline") == []
        page.context.set_offline(False)
        until(lambda: page.evaluate("!localStorage.getItem('polso:offline:unsent')"))
    rows = until(lambda: found if len(found := here.answers("offline")) == 2 else None)
    assert [row["score"] for row in rows] == [9, None]


def test_who_answered_is_not_asked_again(here: Here) -> None:
    with here.visit("twice") as page:
        page.get_by_role("button", name="10 of 10").click()
        page.keyboard.press("Escape")
        page.goto(here.shop.url + "/?again")
        page.wait_for_load_state("networkidle")
        until(lambda: page.evaluate("window.polso && window.polso.all"))
        assert page.get_by_role("dialog").count() == 0
        page.evaluate("polso('show')")
        page.get_by_role("button", name="4 of 10").click()
    until(lambda: [row["score"] for row in here.answers("twice")] == [4])


def test_it_is_used_with_the_keyboard_alone(here: Here) -> None:
    with here.visit("click") as page:
        page.wait_for_load_state("networkidle")
        page.locator("#help").focus()
        page.keyboard.press("Enter")
        page.get_by_role("dialog", name="Would you recommend us?").wait_for()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.get_by_role("textbox", name="What went wrong?").evaluate(
            "(area) => area.getRootNode().activeElement === area"
        )
        page.keyboard.press("Escape")
        assert page.get_by_role("dialog").count() == 0
        assert page.evaluate("document.activeElement.id") == "help"
    until(lambda: [row["score"] for row in here.answers("click")] == [1])


def test_it_does_not_take_the_focus_from_who_did_not_ask(here: Here) -> None:
    with here.visit("said") as page:
        page.wait_for_load_state("networkidle")
        page.locator("#help").focus()
        page.evaluate("polso('event', 'looked')")
        assert page.get_by_role("dialog").count() == 0
        page.evaluate("polso('event', 'paid')")
        page.get_by_role("dialog").wait_for()
        assert page.evaluate("document.activeElement.id") == "help"
        assert page.get_by_role("status").inner_text() == "Would you recommend us?"


def test_a_page_that_changes_its_address_without_loading_is_another_page(here: Here) -> None:
    with here.visit("app") as page:
        page.wait_for_load_state("networkidle")
        assert page.get_by_role("dialog").count() == 0
        page.evaluate("history.pushState({}, '', '/checkout/pay')")
        page.get_by_role("dialog").wait_for()


def test_of_a_sample_the_same_customers_are_asked_each_time(here: Here) -> None:
    asked: dict[str, list[int]] = {}
    for customer in ("c-1", "c-2", "c-3", "c-4", "c-5", "c-6"):
        for _ in range(2):
            with here.visit("half", attributes=f'data-customer="{customer}"') as page:
                page.wait_for_load_state("networkidle")
                asked.setdefault(customer, []).append(page.get_by_role("dialog").count())
    assert all(first == second for first, second in asked.values())
    assert {first for first, _ in asked.values()} == {0, 1}


def test_a_german_visitor_is_asked_in_german(here: Here) -> None:
    with here.visit("german", attributes='data-language="de-AT"') as page:
        page.get_by_role("button", name="5 von 10").click()
        page.get_by_role("textbox", name="Was lief schief?").fill("Zu langsam")
        page.get_by_role("button", name="Absenden").click()
        # Who leaves at once is heard all the same.
        page.goto("about:blank")
        (row,) = until(lambda: [row for row in here.answers("german") if row["comment"]])
        page.goto(here.shop.url)
    assert (row["language"], row["comment"]) == ("de", "Zu langsam")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(here: Here, scheme: Any) -> None:
    phone = {"width": 390, "height": 800}
    with here.visit("axe", color_scheme=scheme, viewport=phone, bypass_csp=True) as page:
        page.get_by_role("dialog").wait_for()
        for answer in ("2 of 10", "Send", "To buy"):
            assert Axe().run(page).response["violations"] == []
            page.get_by_role("button", name=answer).click()
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_is_set_up_and_tried_on_a_page_of_ours(here: Here) -> None:
    assert here.viewer.get("/widgets/draft/").status == 403
    given = {
        "origins": "https://shop.example.com\nhttps://www.example.com:8443/",
        "pages": "/a/*",
        "seconds": "5",
        "event": "paid",
    }
    given |= {"sample": "25", "every": "30", "position": "left"}
    assert here.owner.post("/widgets/draft/", given).status == 302
    assert here.owner.post("/widgets/draft/", {**given, "origins": "shop.example.com/page"}).status == 422
    page_text = here.owner.get("/widgets/draft/").text
    assert "https://www.example.com:8443</textarea>" in page_text and 'value="25.0"' in page_text
    within = here.chromium.new_context()
    cookies = [{"name": name, "value": text, "url": here.site.url} for name, text in here.owner.cookies.items()]
    within.add_cookies(cookies)  # type: ignore[arg-type]
    page = within.new_page()
    page.goto(here.site.url + "/widgets/draft/")
    page.get_by_role("button", name="Show it").click()
    page.get_by_role("button", name="10 of 10").click()
    page.get_by_role("button", name="To look").click()
    page.get_by_text("Thank you").first.wait_for()
    assert Axe().run(page).response["violations"] == []
    within.close()
    assert here.answers("draft") == []


def test_it_waits_until_the_page_was_read(here: Here) -> None:
    with here.visit("scrolled", viewport={"width": 800, "height": 60}) as page:
        page.wait_for_load_state("networkidle")
        assert page.get_by_role("dialog").count() == 0
        page.mouse.wheel(0, 1000)
        page.get_by_role("dialog").wait_for()


def test_it_waits_until_the_mouse_leaves(here: Here) -> None:
    with here.visit("leaving") as page:
        page.wait_for_load_state("networkidle")
        page.mouse.move(200, 200)
        leave = "(y) => document.documentElement.dispatchEvent(new MouseEvent('mouseleave', {clientY: y}))"
        page.evaluate(leave, 300)
        assert page.get_by_role("dialog").count() == 0
        page.evaluate(leave, -1)
        page.get_by_role("dialog").wait_for()


def test_a_server_that_stumbles_is_asked_again_and_no_answer_overtakes_a_later_one(here: Here) -> None:
    with here.visit("stumbles") as page:
        page.get_by_role("dialog").wait_for()
        page.clock.install()
        tries: list[str] = []

        def stumble(route: Any) -> None:
            tries.append(route.request.post_data)
            if len(tries) <= 2:
                route.fulfill(status=503, headers={"Access-Control-Allow-Origin": here.shop.url})
            else:
                route.continue_()

        page.route("**/w/stumbles", stumble)
        page.get_by_role("button", name="2 of 10").click()
        page.get_by_role("textbox", name="What went wrong?").fill("Slow")
        page.get_by_role("button", name="Send").click()
        page.wait_for_timeout(300)
        page.clock.fast_forward(400_000)
        page.wait_for_timeout(300)
        page.clock.fast_forward(400_000)
        until(lambda: page.evaluate("!localStorage.getItem('polso:stumbles:unsent')"))
    until(lambda: [(row["score"], row["comment"]) for row in here.answers("stumbles")] == [(2, "Slow")])
