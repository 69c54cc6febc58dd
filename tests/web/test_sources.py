"""Files become facts over the site: dropped, mapped, looked at, loaded, stopped, taken back; hostile files do no harm."""

from __future__ import annotations

import base64
import html
import io
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Client, Reply
from playwright.sync_api import Browser, Page, expect
from servers import Site, _wait_for, free_port, serving

from polso.workspace import Workspace

ORDERS = "N. ordine;Data;Cliente;Importo;Canale\n" + "".join(
    f"O{i};{1 + i % 28:02d}/03/2026 10:00;C{i % 7};{i},50;web\n" for i in range(40)
)
BAD = "O90;31/02/2026;C1;12,00;web\nO91;13/03/2026;C1;dodici;web\n"
MANY = 400_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site without facts."""
    with serving(tmp_path_factory.mktemp("sources") / "ws") as site:
        yield site
        assert not site.errors()


@pytest.fixture(scope="module")
def owner(place: Site) -> Client:
    return place.client().begin("Olga", "olga@example.org")


@pytest.fixture
def page(chromium: Browser, place: Site, owner: Client) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": name, "value": text, "url": place.url} for name, text in owner.cookies.items()])
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert not wrong


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes seconds to load: its lines do not end alike, so that it is read row by row."""
    path = tmp_path_factory.mktemp("many") / "visits.csv"
    with path.open("w", newline="") as file:
        file.write("id,started_at,customer_id,pageviews,device\r\n")
        for first in range(0, MANY, 50_000):
            some = range(first, first + 50_000)
            file.writelines(f"v{i},2026-01-{1 + i % 28:02d} 10:{i % 60:02d}:00,c{i % 9999},{i % 9},phone\n" for i in some)
    return path


def drop(page: Page, name: str, content: bytes) -> None:
    """Let go of a file over the page."""
    given = page.evaluate_handle(
        """([name, text]) => {
          const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const moved = new DataTransfer();
          moved.items.add(new File([bytes], name));
          return moved;
        }""",
        [name, base64.b64encode(content).decode()],
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": given})
    page.dispatch_event("main", "drop", {"dataTransfer": given})


def hand_over(client: Client, name: str, content: bytes, entity: str = "") -> Reply:
    return client.upload("/facts/upload", {"entity": entity}, name, content)


def handed(client: Client, name: str, content: bytes, entity: str = "") -> str:
    """Hand a file over; returns the address of its page."""
    reply = hand_over(client, name, content, entity)
    assert reply.status == 302 and "/upload/" in reply.location, client.get("/facts/").words
    return reply.location


def ended(client: Client, address: str) -> Reply:
    """Wait until a load is over."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        reply = client.get(address)
        if 'id="progress"' not in reply.text:
            return reply
        time.sleep(0.1)
    raise AssertionError("the load does not end")


def loaded(client: Client, name: str, content: bytes, entity: str = "") -> Reply:
    address = handed(client, name, content, entity)
    assert client.post(f"{address}load").status == 302
    return ended(client, address)


def rows(site: Site, entity: str) -> int:
    return Workspace(site.folder).warehouse.snapshot(entity).rows


def test_a_dropped_file_becomes_facts(page: Page, place: Site, owner: Client) -> None:
    page.goto(f"{place.url}/facts/")
    assert "There are no facts yet" in page.inner_text("main")
    drop(page, "ordini di marzo.csv", (ORDERS + BAD).encode())
    page.wait_for_url("**/upload/**")
    assert page.input_value("#entity") == "order"
    assert "42 rows" in page.inner_text("#preview") and "2 are refused" in page.inner_text("#preview")
    refused = page.inner_text("#refused")
    assert "31/02/2026" in refused and "dodici" in refused and "amount" in refused and "41" in refused

    page.select_option("#target_0", "id")
    expect(page.locator("#text")).to_have_value(re.compile('id = "N. ordine"'))
    expect(page.locator("#facts th").first).to_have_text("id")
    page.locator("summary", has_text="Options Importo").click()
    page.fill("#missing_3", "dodici")
    page.press("#missing_3", "Tab")
    expect(page.locator("#preview")).to_contain_text("1 is refused")
    page.reload()
    assert page.input_value("#target_0") == "id" and page.input_value("#missing_3") == "dodici"

    page.locator("form[action$='/load'] button").click()
    page.wait_for_selector("text=Nothing was loaded")
    assert "1 row was refused" in page.inner_text("main") and rows(place, "order") == 0
    with page.expect_download() as download:
        page.click("text=All refused rows")
    assert "31/02/2026" in download.value.path().read_text("utf-8-sig")
    page.check("#keep_good")
    page.locator("form[action$='/load'] button").click()
    page.wait_for_selector("#done")
    assert page.locator("dl.counts dd").all_inner_texts() == ["41", "0", "0", "0", "1"]
    page.click("text=See what is there now")
    assert "41" in page.inner_text("dl.counts") and "ordini di marzo.csv" in page.inner_text("table >> nth=-1")
    assert page.locator("figure svg").count() and page.locator("details table tr").count() > 28
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert "41, " in owner.get("/kpi/orders/?from=2026-03-01&to=2026-04-01").words

    page.on("dialog", lambda dialog: dialog.accept())
    page.click("button:has-text('Take back')")
    page.wait_for_selector("text=That load was taken back.")
    assert rows(place, "order") == 0
    assert page.locator("button:has-text('Take back')").count() == 0


def test_the_mapping_page_works_without_scripts(chromium: Browser, place: Site, owner: Client) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    context.add_cookies([{"name": name, "value": text, "url": place.url} for name, text in owner.cookies.items()])
    page = context.new_page()
    page.goto(f"{place.url}/facts/")
    page.set_input_files("#file", {"name": "righe.csv", "mimeType": "text/csv", "buffer": ORDERS.encode()})
    page.select_option("#entity", "order")
    page.click("text=Look at it")
    page.select_option("#target_4", "-")
    page.select_option("#target_0", "id")
    page.click("summary:has-text('Fill a column')")
    page.select_option("#new_target", "source")
    page.fill("#new_value", "cassa")
    page.click("text=See what comes of it")
    text = page.input_value("#text")
    assert 'id = "N. ordine"' in text and 'source = { const = "cassa" }' in text and 'keep = "none"' in text
    assert "cassa" in page.inner_text("#facts") and page.input_value("#const_source") == "cassa"
    page.click("summary:has-text('The same as text')")
    page.fill("#text", 'entity = "order"\n[columns]\nordered_at = "Data"\namount = "Betrag"\n')
    page.click("text=Take the text over")
    assert "no column 'Betrag'" in page.inner_text("[role=alert]")
    page.click("text=Throw the file away")
    assert "No file waits" in page.inner_text("main")
    context.close()


def test_loading_again_changes_nothing_and_says_so(place: Site, owner: Client) -> None:
    content = b"id,ordered_at,amount\nA1,2026-03-01 10:00,5\nA2,2026-03-02 10:00,6\nA2,2026-03-02 10:00,6\n"
    assert "New 2" in loaded(owner, "a.csv", content, "order").words
    again = loaded(owner, "a.csv", content, "order").words
    assert "New 0" in again and "There already 2" in again and "Repeated in the file 1" in again
    words = owner.get("/facts/order/").words
    assert "There already 2" in words and "Repeated in a file 2" in words


def test_a_stopped_load_leaves_nothing(page: Page, place: Site, owner: Client, many: Path) -> None:
    page.goto(f"{place.url}/facts/")
    page.set_input_files("#file", many)
    page.click("text=Look at it")
    page.wait_for_url("**/upload/**", timeout=60_000)
    assert page.input_value("#entity") == "visit" and "The first 2,000 rows" in page.inner_text("#preview")
    address = page.url.removeprefix(place.url)
    page.locator("form[action$='/load'] button").click()
    expect(page.locator("#progress progress")).to_have_attribute("value", re.compile("[1-9]"), timeout=30_000)
    page.reload()
    assert page.locator("#progress progress").count() == 1
    assert owner.get("/facts/").words.count("being loaded") == 1
    assert owner.post(f"{address}load").status == 302 and owner.post(f"{address}discard").status == 302
    page.click("text=Stop the load")
    page.wait_for_selector("text=The load was stopped", timeout=30_000)
    assert rows(place, "visit") == 0 and not Workspace(place.folder).history("visit")
    assert not [path for path in (place.folder / "staging" / "loads").rglob("*") if path.is_file()]
    page.click("text=Throw the file away")
    assert not list((place.folder / "site" / "uploads").rglob("visits.csv"))


def test_a_killed_server_shows_that_the_load_was_broken_off(tmp_path: Path, many: Path) -> None:
    folder, port = tmp_path / "ws", free_port()
    site = Site(f"http://127.0.0.1:{port}", folder, tmp_path / "ws.log")
    known = {name: value for name, value in os.environ.items() if not name.startswith(("POLSO_", "DJANGO_", "DATABASE_"))}

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "polso.web", "--workspace", str(folder), "--port", str(port)]
        with site.log.open("ab") as log:
            process = subprocess.Popen(command, env=known, stdout=log, stderr=log, start_new_session=True)
        _wait_for(site, process)
        return process

    process = start()
    try:
        client = site.client().begin("Olga", "olga@example.org")
        address = handed(client, "visits.csv", many.read_bytes(), "visit")
        client.post(f"{address}load")
        while not re.search(r'value="[1-9]', client.get(f"{address}progress").text):
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process = start()
        words = client.get(address).words
        assert "The server stopped while this file was being loaded. Nothing of it was loaded." in words
        assert rows(site, "visit") == 0
        client.post(f"{address}load")
        client.post(f"{address}stop")
        assert "The load was stopped" in ended(client, address).words
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"id,ordered_at\n" + b"0" * (100 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "0 bytes"),
        ("bomb.zip", zip_bomb(), "like a bomb"),
        ("paper.csv", b"%PDF-1.7 \x01\x02", "PDF"),
        ("noise.csv", bytes(range(256)) * 40, "neither a table nor a text"),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00abc", "damaged or cut short"),
    ],
)
def test_files_that_are_none_are_refused_with_a_reason(owner: Client, place: Site, name: str, content: bytes, told: str) -> None:
    assert hand_over(owner, name, content).location == "/facts/"
    words = owner.get("/facts/").words
    assert told in words and "No file waits" in words and "--" not in words
    assert not list((place.folder / "site" / "uploads").rglob(name))


def test_hostile_texts_stay_texts(page: Page, place: Site, owner: Client) -> None:
    evil = "<script>document.title='taken'</script>"
    head = 'id,submitted_at,kind,score,"<img src=x onerror=alert(1)>",comment'
    content = f"{head}\nH1,2026-03-01 10:00,nps,9,x,{evil}\nH2,{evil},nps,9,x,y\n"
    address = handed(owner, 'evil"><script>.csv', content.encode(), "response")
    page.goto(place.url + address)
    assert "taken" not in page.title() and evil in page.inner_text("#facts")
    assert "1 is refused" in page.inner_text("#preview")
    owner.post(f"{address}discard")


def test_a_cell_of_a_million_letters(owner: Client, place: Site) -> None:
    content = b"id,submitted_at,kind,score,comment\nL1,2026-03-01 10:00,nps,9," + b"x" * 1_000_000 + b"\n"
    address = handed(owner, "long.csv", content, "response")
    page = owner.get(address)
    assert "1 becomes a fact" in page.words and len(page.body) < 200_000
    owner.post(f"{address}load")
    assert "New 1" in ended(owner, address).words
    owner.post("/facts/response/1/undo")


def test_a_file_with_hundreds_of_columns(owner: Client) -> None:
    names = [f"c{n}" for n in range(600)]
    content = "ordered_at,amount," + ",".join(names) + "\n2026-03-21,3.5," + ",".join("x" for _ in names) + "\n"
    address = handed(owner, "wide.csv", content.encode(), "order")
    page = owner.get(address)
    assert "1 becomes a fact" in page.words and "482 more columns" in page.words
    form = {f"target_{n}": "" for n in range(120)} | {"target_0": "ordered_at", "target_1": "margin"}
    headers = re.findall(r'name="header" value="([^"]*)"', page.text)
    assert len(headers) == 120
    fields = {f"{option}_{n}": "" for n in range(120) for option in ("format", "missing", "values", "date_order", "decimal")}
    assert owner.post(address, {**form, **fields, "header": headers}).status == 302
    assert 'margin = "amount"' in html.unescape(owner.get(address).text)
    owner.post(f"{address}discard")


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_encodings_are_seen(owner: Client, encoding: str) -> None:
    address = handed(owner, "città.csv", "id;ordered_at;amount;channel\nE1;21/03/2026;3,50;caffè\n".encode(encoding), "order")
    words = owner.get(address).words
    assert "caffè" in words and "3.5" in words and "1 becomes a fact" in words
    owner.post(f"{address}discard")


@pytest.mark.parametrize("name", ["../../../etc/passwd", "..\\..\\boot.ini", "/tmp/x.csv", "...", "a/b.csv", "x" * 300 + ".csv"])
def test_names_of_files_lead_nowhere(owner: Client, place: Site, name: str) -> None:
    address = handed(owner, name, b"id,ordered_at,amount\n1,2026-01-01,2\n", "order")
    folder = place.folder / "site" / "uploads" / address.split("/")[-2]
    (kept,) = folder.iterdir()
    assert kept.parent == folder and len(kept.name) <= 120
    assert owner.get(address).status == 200
    owner.post(f"{address}discard")
    assert not folder.exists()


def test_another_person_does_not_see_the_file(place: Site, owner: Client) -> None:
    address = handed(owner, "mine.csv", b"id,ordered_at,amount\n1,2026-01-01,2\n", "order")
    other = place.client().accept(owner.invite("ana@example.org", "analyst"), "Ana")
    for path in ("", "progress", "rejects"):
        assert other.get(f"{address}{path}").status == 404
    for path in ("load", "stop", "discard"):
        assert other.post(f"{address}{path}").status == 404
    executive = place.client().accept(owner.invite("eva@example.org", "executive"), "Eva")
    assert executive.get("/facts/").status == 403 and executive.get("/facts/order/").status == 403
    owner.post(f"{address}discard")


def test_days_without_facts_are_told(place: Site, owner: Client) -> None:
    days = [f"2026-{month:02d}-{day:02d}" for month in (4, 5) for day in range(1, 31) if not (month == 5 and 11 <= day <= 13)]
    content = "id,at,platform,source\n" + "".join(f"m{i},{day} 12:00,web,feed\n" for i, day in enumerate(days))
    assert f"New {len(days)}" in loaded(owner, "m.csv", content.encode(), "mention").words
    words = owner.get("/facts/mention/?days=30").words
    assert "feed 11 May 2026 – 13 May 2026 (3 days)" in words
    assert "None that stand out" in owner.get("/facts/order/").words
