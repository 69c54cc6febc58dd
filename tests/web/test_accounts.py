"""From the first visit on: the owner, invitations, signing in and out, on SQLite and on PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import polso
from web.client import Client
from web.conftest import serving
from web.facts import fill

OWNER = {"name": "Ada", "email": "ada@example.com", "password": "four words in a row"}


@dataclass(frozen=True)
class Served:
    """A site of its own, freshly set up, and its owner's browser."""

    url: str
    folder: Path
    owner: Client
    first: str


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp(request.param)
    fill(folder)
    environment = {"DATABASE_URL": request.getfixturevalue("postgres")} if request.param == "postgres" else {}
    with serving(folder, **environment) as url:
        owner = Client(url)
        first = owner.get("/kpi/nps/").url
        owner.submit("/welcome/", **OWNER)
        yield Served(url, folder, owner, first)


def invited(served: Served, email: str, role: str, **more: str) -> str:
    """The link of a new invitation."""
    page = served.owner.submit("/people/", email=email, role=role, **more).text
    found = re.search(r"http://[^<\s]+/invitation/[^<\s]+", page)
    assert found, page
    return found.group(0)


def joined(served: Served, email: str, role: str, **more: str) -> Client:
    """Somebody who has accepted an invitation."""
    client = Client(served.url)
    link = invited(served, email, role, **more)
    client.submit(link, name="Bea", password="other words in a row")
    return client


def test_before_there_is_anybody_every_page_leads_to_the_welcome(served: Served) -> None:
    assert served.first.endswith("/welcome/")


def test_the_first_becomes_the_owner_and_nobody_after(served: Served) -> None:
    assert "People" in served.owner.get("/").text
    second = Client(served.url).get("/welcome/")
    assert "/accounts/login/" in second.url


def test_an_invitation_opens_once_with_the_role_it_promises(served: Served) -> None:
    link = invited(served, "bea@example.com", "manager", limit_column="team", limits="north")
    bea = Client(served.url)
    page = bea.submit(link, name="Bea", password="other words in a row")
    assert page.status == 200 and "/invitation/" not in page.url
    assert bea.get("/people/").status == 403
    assert bea.get("/kpi/ticket_volume/").status == 200
    assert Client(served.url).get(link).status == 410


def test_the_invitation_is_written_as_an_email(served: Served) -> None:
    invited(served, "carlo@example.com", "executive")
    mails = [path.read_text() for path in (served.folder / "site" / "mail").glob("*")]
    assert any("carlo@example.com" in mail and "/invitation/" in mail for mail in mails)


def test_signing_out_and_in_again(served: Served) -> None:
    dan = joined(served, "dan@example.com", "analyst")
    assert dan.get("/me/").status == 200
    dan.submit("/accounts/logout/", token_from="/me/")
    assert "/accounts/login/" in dan.get("/me/").url
    wrong = dan.submit("/accounts/login/", login="dan@example.com", password="not these words")
    assert "/accounts/login/" in wrong.url
    right = dan.submit("/accounts/login/", login="DAN@example.com", password="other words in a row")
    assert "/accounts/login/" not in right.url


def test_guessing_passwords_is_slowed_down(served: Served) -> None:
    joined(served, "eva@example.com", "executive")
    thief = Client(served.url)
    replies = [thief.submit("/accounts/login/", login="eva@example.com", password=f"guess number {n}") for n in range(12)]
    assert any(reply.status == 429 or "too many" in reply.text.lower() for reply in replies)
    late = thief.submit("/accounts/login/", login="eva@example.com", password="other words in a row")
    assert "/accounts/login/" in late.url


def test_weak_passwords_are_refused(served: Served) -> None:
    link = invited(served, "fay@example.com", "executive")
    for password in ("short", "password1234", "fay@example.com"):
        reply = Client(served.url).submit(link, name="Fay", password=password)
        assert reply.status == 422


def test_a_form_without_its_token_is_refused(served: Served) -> None:
    body = b"email=x%40example.com&role=owner"
    assert served.owner.post("/people/", body, "application/x-www-form-urlencoded").status == 403


def test_signing_in_leads_to_no_other_site(served: Served) -> None:
    gus = joined(served, "gus@example.com", "analyst")
    gus.submit("/accounts/logout/", token_from="/me/")
    path = "/accounts/login/?next=https://evil.example/"
    fields = {"login": "gus@example.com", "password": "other words in a row", "next": "https://evil.example/"}
    assert gus.submit(path, **fields).url.startswith(served.url)
    assert gus.submit("/language", token_from="/me/", language="it", next="https://evil.example/").url.startswith(served.url)


def test_every_answer_carries_the_headers_that_protect_it(served: Served) -> None:
    for path in ("/", "/accounts/login/", "/kpi/nps/", "/nowhere", "/static/polso/site.js"):
        headers = served.owner.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_cookies_are_kept_from_scripts_and_other_sites(served: Served) -> None:
    kept = {cookie.name: cookie for cookie in served.owner.cookies}
    session = kept["sessionid"]
    assert session.has_nonstandard_attr("HttpOnly")
    assert session.get_nonstandard_attr("SameSite") == "Lax"
    assert kept["csrftoken"].get_nonstandard_attr("SameSite") == "Strict"


def test_the_language_is_the_browsers_until_one_chooses(served: Served) -> None:
    ugo = Client(served.url, "it-IT,it;q=0.9")
    assert '<html lang="it">' in ugo.get("/accounts/login/").text
    ugo.submit("/language", token_from="/accounts/login/", language="en", next="/accounts/login/")
    assert '<html lang="en">' in ugo.get("/accounts/login/").text


def test_a_closed_account_is_out_at_once(served: Served) -> None:
    hal = joined(served, "hal@example.com", "analyst")
    page = served.owner.get("/people/").text
    number = re.search(r"hal@example\.com.*?/people/(\d+)/close", page, re.DOTALL)
    assert number
    served.owner.submit(f"/people/{number.group(1)}/close", token_from="/people/")
    assert "/accounts/login/" in hal.get("/").url


def test_what_mattered_is_in_the_log(served: Served) -> None:
    log = served.owner.get("/people/").text
    assert "owner made" in log and "invited" in log


def test_a_dashboard_and_a_goal_are_kept(served: Served) -> None:
    made = served.owner.submit("/dashboards/new", name="Kept", like="service")
    assert made.url.endswith("/edit")
    served.owner.submit("/kpi/nps/goal", token_from="/kpi/nps/", target="30", grain="month", since="2026-01-01", pinned="on")
    assert "Net Promoter Score" in served.owner.get("/kpi/goals").text


def test_secrets_and_passwords_are_not_kept_readable(served: Served) -> None:
    link = invited(served, "ivo@example.com", "executive")
    secret = link.rstrip("/").split("/")[-1]
    kept = b"".join(path.read_bytes() for path in (served.folder / "site").glob("*.sqlite3*"))
    for text in (secret, OWNER["password"], "other words in a row"):
        assert text.encode() not in kept
    assert (served.folder / "site" / "secret").stat().st_mode & 0o077 == 0


def test_the_numbers_are_those_of_the_workspace(served: Served) -> None:
    whole = polso.open(served.folder).measure("ticket_volume", start="2026-01-01", end="2026-06-01", compare="none").only.value
    page = served.owner.get("/kpi/ticket_volume/?from=2026-01-01&to=2026-06-01&compare=none").text
    assert f">{whole:.0f}</h2>" in page
