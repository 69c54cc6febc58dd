"""Customers on the site: found, looked at, taken along, erased, and each only by who may."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pyarrow as pa
import pytest
from browsing import Client
from playwright.sync_api import Browser
from servers import Site, serving

from polso.workspace import Workspace

ODD = "K/7 ?&'\"#<b>è"
"""An id may hold any letter."""
NAME = "Marta <i>Bianchi</i>"
MAIL = "marta.bianchi@example.org"
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def fill(workspace: Workspace) -> None:
    people = [("K1", "Ugo Rossi", "ugo@example.org"), ("K2", "Ada Rossi", "ada@example.org"), (ODD, NAME, MAIL)]
    customers = [{"id": id_, "name": name, "email": mail, "acquired_at": START} for id_, name, mail in people]
    workspace.load_table("customer", pa.Table.from_pylist(customers))
    tickets = [
        {"id": f"t{n}", "opened_at": START + timedelta(days=n), "customer_id": who, "department": part, "agent": agent}
        for n, (who, part, agent) in enumerate(((ODD, "north", "Anna"), ("K1", "south", "Sara"), (ODD, "south", "Sara")))
    ]
    workspace.load_table("ticket", pa.Table.from_pylist(tickets))
    messages = [
        {"id": f"m{n}", "at": START + timedelta(hours=n), "ticket_id": f"t{n % 2}", "text": f"words {n} of {NAME}"}
        for n in range(120)
    ]
    workspace.load_table("message", pa.Table.from_pylist(messages))
    orders = [{"id": f"o{n}", "ordered_at": START, "customer_id": ODD, "amount": 10.5 + n} for n in range(3)]
    workspace.load_table("order", pa.Table.from_pylist(orders))
    answer = {"id": "r1", "submitted_at": START, "customer_id": ODD, "kind": "nps", "score": 9.0, "comment": "=cmd|' /c calc'!A1"}
    workspace.load_table("response", pa.Table.from_pylist([{**answer, "order_id": "o1"}]))
    reading = {"id": "a1", "at": START, "of_entity": "response", "of_id": "r1", "label": "positive"}
    workspace.load_table("annotation", pa.Table.from_pylist([reading]))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("customers") / "ws"
    fill(Workspace(folder))
    with serving(folder) as site:
        yield site
        assert not site.errors()


@pytest.fixture(scope="module")
def owner(place: Site) -> Client:
    return place.client().begin("Olga", "olga@example.org")


@pytest.fixture(scope="module")
def others(place: Site, owner: Client) -> dict[str, Client]:
    limits = {"manager": ("department", "north"), "operator": ("agent", "Sara")}
    return {
        role: place.client().accept(owner.invite(f"{role}@example.org", role, *limits.get(role, ())), role)
        for role in ("analyst", "manager", "operator", "executive")
    }


def address(customer: str, page: str = "one", **more: str) -> str:
    return f"/customers/{page}?{urlencode({'id': customer, **more})}"


def log(site: Site) -> list[tuple[str, str]]:
    connection = sqlite3.connect(site.folder / "site" / "site.sqlite3")
    try:
        return connection.execute("select what, about from accounts_logentry order by id desc").fetchall()
    finally:
        connection.close()


def test_customers_are_found_by_id_name_and_address(place: Site, owner: Client) -> None:
    assert owner.post("/customers/", {"words": "K1"}).location == address("K1")
    found = owner.post("/customers/", {"words": "rossi ADA"})
    assert "Ada Rossi" in found.words and "Ugo" not in found.words and "K2 · ada@example.org" in found.words
    assert "2 customers" in owner.post("/customers/", {"words": "rossi"}).words
    assert "&lt;i&gt;Bianchi" in owner.post("/customers/", {"words": "marta.b"}).text
    for nobody in ("nobody", "%", "_", "' or 1=1 --", "K"):
        words = owner.post("/customers/", {"words": nobody}).words
        assert "Nobody was found" in words or nobody == "K", nobody
    assert log(place)[0][0] == "customers sought" and "nobody" not in str(log(place))
    assert owner.get("/customers/?words=rossi").words.count("Rossi") == 0


def test_everything_known_is_on_one_page_newest_first(place: Site, owner: Client) -> None:
    reply = owner.get(address(ODD))
    assert reply.status == 200 and "no-cache" in str(reply.headers["cache-control"])
    assert log(place)[0] == ("customer seen", ODD)
    assert NAME in reply.words and "Revenue 34.5 EUR from 3 orders" in reply.words and "NPS 9 the only answer" in reply.words
    assert "Tickets 2 2 open" in reply.words and "Messages (60)" in reply.words and "Everything (68)" in reply.words
    times = re.findall(r'<time datetime="([^"]+)"', reply.text)
    assert len(times) == 50 and times == sorted(times, reverse=True)
    second = owner.get(address(ODD, page="one") + "&page=2")
    assert len(re.findall("<time", second.text)) == 18 and "Newer" in second.words and "Older" not in second.words
    only = owner.get(address(ODD) + "&kind=order").text
    assert len(re.findall("<time", only)) == 3 and "words 118" not in only
    assert owner.get(address(ODD) + "&kind=nothing&page=-3").status == 200
    assert owner.get(address("nobody")).status == 404 and owner.get("/customers/one").status == 404


def test_each_role_sees_its_part(others: dict[str, Client], place: Site) -> None:
    assert others["analyst"].get(address(ODD)).status == 200
    manager = others["manager"].get(address(ODD))
    assert "Everything (1)" in manager.words and "Bianchi" not in manager.words and "Tickets 1" in manager.words
    assert others["manager"].post("/customers/", {"words": "marta"}).words.count("Nobody was found") == 1
    assert others["manager"].post("/customers/", {"words": ODD}).location == address(ODD)
    assert others["manager"].get(address("K1")).status == 404
    exported = others["manager"].get(address(ODD, "one/everything.json")).json()
    assert list(exported["facts"]) == ["ticket"] and [row["department"] for row in exported["facts"]["ticket"]] == ["north"]
    assert others["operator"].get(address("K1")).status == 200
    assert others["operator"].get(address("K1", "one/everything.json")).status == 403
    executive = others["executive"]
    assert executive.get("/customers/").status == executive.get(address("K1")).status == 403
    assert executive.post("/customers/", {"words": "rossi"}).status == 403 and "Customers" not in executive.get("/").words
    for role in others:
        assert others[role].post("/customers/one/erase", {"id": "K2", "again": "K2"}).status == 403, role
    assert Workspace(place.folder).known("K2").tables


def test_everything_known_can_be_taken_along(place: Site, owner: Client) -> None:
    reply = owner.get(address(ODD, "one/everything.json"))
    told = json.loads(reply.body)
    assert told["customer"] == ODD and {name: len(rows) for name, rows in told["facts"].items()} == {
        **{"customer": 1, "response": 1, "ticket": 2, "message": 60, "order": 3, "annotation": 1},
    }
    assert told["facts"]["order"][0]["ordered_at"] == START.isoformat()
    assert "attachment" in str(reply.headers["content-disposition"])
    with zipfile.ZipFile(io.BytesIO(owner.get(address(ODD, "one/everything.zip")).body)) as archive:
        names = ("annotation", "customer", "message", "order", "response", "ticket")
        assert sorted(archive.namelist()) == [f"{name}.csv" for name in names]
        assert "\"'=cmd" in archive.read("response.csv").decode() or ",'=cmd" in archive.read("response.csv").decode()
    assert owner.get(address(ODD, "one/everything.exe")).status == 404
    assert log(place)[0] == ("customer exported", ODD)


def test_erasing_leaves_nothing_and_proves_it(chromium: Browser, place: Site, owner: Client) -> None:
    head, kind = "id,email,acquired_at\n", {"entity": "customer"}
    waiting = owner.upload("/facts/upload", kind, "c.csv", f"{head}9,{MAIL},2026-01-01\n".encode())
    other = owner.upload("/facts/upload", kind, "d.csv", f"{head}8,zeno@example.org,2026-01-01\n".encode())
    context = chromium.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark")
    context.add_cookies([{"name": name, "value": text, "url": place.url} for name, text in owner.cookies.items()])
    page = context.new_page()
    page.goto(f"{place.url}/customers/")
    page.fill("#words", "marta bianchi")
    page.keyboard.press("Enter")
    page.click("text=Marta")
    assert page.evaluate("document.documentElement.scrollWidth") == 390 and page.locator("h1 i").count() == 0
    page.select_option("#kind", "order")
    page.wait_for_url("**kind=order")
    page.click("summary:has-text('Erase this customer')")
    page.fill("#again", "K1")
    page.click("text=Erase for good")
    assert "nothing was erased" in page.inner_text("main")
    page.click("text=Back to the customer")
    page.click("summary:has-text('Erase this customer')")
    page.fill("#again", ODD)
    page.click("text=Erase for good")
    proof = page.inner_text("main")
    assert "nothing was found" in proof and re.search(r"Messages\s+60", proof) and re.search(r"Orders\s+3", proof)
    assert re.search(r"Files that waited to be loaded\s+1", proof) and NAME not in proof
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()

    whole = Workspace(place.folder)
    assert not whole.known(ODD).tables and not whole.find(ODD) and not whole.find("marta") and whole.known("K1").tables
    assert owner.get(waiting.location).status == 404 and owner.get(other.location).status == 200
    assert owner.get(address(ODD)).status == 404
    assert log(place)[0] == ("customer erased", "68 rows")
    assert not [entry for entry in log(place) if ODD in entry[1] or MAIL in entry[1]]
    for path in place.folder.rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            body = path.read_bytes()
            assert MAIL.encode() not in body and ODD.encode() not in body, path
