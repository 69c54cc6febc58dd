"""Coming in and going out: the first run, invitations, passwords, languages, and what keeps others out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from browsing import PASSWORD, Client
from crowd import close
from servers import Site, serving


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site nobody has been to; its log at the end names no error and nobody."""
    with serving(tmp_path_factory.mktemp("accounts") / "empty") as served:
        yield served
        assert not served.errors()
        assert "example.org" not in served.log.read_text() and PASSWORD not in served.log.read_text()


@pytest.fixture(scope="module")
def owner(empty: Site) -> Client:
    """The owner, who came on the first run; everything that only works before is tried here too."""
    client = empty.client()
    for path in ("/", "/kpi/", "/accounts/login/", "/people/", "/facts/"):
        assert client.get(path).location == "/welcome/", path
    assert client.get("/api/v1/kpis").status == 401
    page = client.get("/welcome/")
    assert page.status == 200 and "owns the workspace" in page.words
    weak = client.post("/welcome/", {"name": "Olga", "email": "olga@example.org", "password": "password"})
    assert weak.status == 422 and "too common" in weak.words and "at least 10 characters" in weak.words
    alike = client.post("/welcome/", {"name": "Olga", "email": "olga.lampada@example.org", "password": "olga.lampada"})
    assert alike.status == 422 and "too similar" in alike.words
    assert client.post("/welcome/", {"name": "Olga", "email": "nothing", "password": PASSWORD}).status == 422
    assert client.get("/").location == "/welcome/"
    client.begin("Olga", "Olga@Example.org")
    assert client.get("/").status == 200
    return client


def test_the_first_run_makes_one_owner_and_no_second(owner: Client, empty: Site) -> None:
    other = empty.client()
    assert other.get("/welcome/").status == 302
    assert other.post("/welcome/", {"name": "Eve", "email": "eve@example.org", "password": PASSWORD}).status == 302
    assert "eve@example.org" not in owner.get("/people/").text
    assert other.sign_in("eve@example.org").status == 200
    assert other.get("/").status == 302


def test_the_first_page_leads_to_the_first_steps(owner: Client) -> None:
    page = owner.get("/tour")
    assert page.status == 200 and "Bring a file of your own" in page.words


def test_an_invitation_lets_one_person_in_once(owner: Client, empty: Site) -> None:
    link = owner.invite("Mario@example.org", "manager", "department", "north, east")
    assert link.startswith(empty.url)
    client = empty.client().accept(link, "Mario")
    assert client.get("/").status == 200
    assert client.get("/people/").status == 403
    assert "department: north, east" in client.get("/me/").words
    again = empty.client().get(urlsplit(link).path)
    assert again.status == 410 and "no longer open" in again.words
    assert empty.client().post(urlsplit(link).path, {"name": "Eve", "password": PASSWORD}).status == 410
    twice = owner.post("/people/", {"email": "mario@example.org", "role": "executive"})
    assert twice.status == 422 and "is here already" in twice.words


def test_the_address_of_an_invitation_cannot_be_changed(owner: Client, empty: Site) -> None:
    link = owner.invite("ada@example.org", "executive")
    sent = {"name": "Ada", "password": PASSWORD, "email": "eve@example.org", "role": "owner", "is_superuser": "on"}
    client = empty.client()
    assert client.post(urlsplit(link).path, sent).status == 302
    people = owner.get("/people/").words
    assert "ada@example.org Executive" in people and "eve@example.org" not in people


def test_an_invitation_ends_after_two_weeks(owner: Client, empty: Site) -> None:
    link = owner.invite("late@example.org", "executive")
    empty.say("update accounts_invitation set expires_at = '2020-01-01 00:00:00' where email = 'late@example.org'")
    assert empty.client().get(urlsplit(link).path).status == 410
    assert empty.client().post(urlsplit(link).path, {"name": "Late", "password": PASSWORD}).status == 410
    assert "late@example.org" not in owner.get("/people/").text


def test_a_limited_role_needs_a_limit(owner: Client) -> None:
    for form in ({}, {"limit_column": "agent", "limits": "Anna"}, {"limit_column": "team"}):
        assert owner.post("/people/", {"email": "m@example.org", "role": "manager", **form}).status == 422
    assert owner.post("/people/", {"email": "m@example.org", "role": "god"}).status == 422


def test_the_invitation_is_mailed_too(owner: Client, empty: Site) -> None:
    link = owner.invite("mail@example.org", "executive")
    mails = [file.read_text() for file in (empty.folder / "site" / "mail").iterdir()]
    assert any(link in mail.replace("=\n", "") for mail in mails)


def test_secrets_are_kept_as_hashes_only(owner: Client, empty: Site) -> None:
    link, key = owner.invite("secret@example.org", "executive"), owner.key("a program")
    kept = b"".join(file.read_bytes() for file in (empty.folder / "site").glob("site.sqlite3*"))
    assert link.rstrip("/").rpartition("/")[2].encode() not in kept
    assert PASSWORD.encode() not in kept and b"argon2id" in kept
    # The page that shows it took it out of the session too.
    assert key.encode() not in kept and key not in owner.get("/me/").text


def test_a_wrong_password_is_refused_without_saying_what_was_wrong(owner: Client, empty: Site) -> None:
    told = []
    for email in ("olga@example.org", "nobody@example.org"):
        reply = empty.client().sign_in(email, "not the password")
        assert reply.status == 200
        told.append(re.findall(r'<ul class="errorlist[^>]*>.*?</ul>', reply.text, re.S))
    assert told[0] == told[1] != []


def test_many_wrong_passwords_are_slowed_down(owner: Client, empty: Site) -> None:
    empty.client().accept(owner.invite("slow@example.org", "executive"), "Slow")
    replies = [empty.client().sign_in("slow@example.org", f"wrong password {place}") for place in range(7)]
    assert "Too many" in replies[-1].words
    refused = empty.client().sign_in("slow@example.org")
    assert refused.status == 200 and "Too many" in refused.words
    empty.say("delete from site_cache")
    assert empty.client().sign_in("slow@example.org").status == 302


def test_signing_out_ends_the_session_on_the_server(owner: Client, empty: Site) -> None:
    client = empty.client()
    assert client.sign_in("olga@example.org").location == "/"
    stolen = empty.client()
    stolen.cookies.update(client.cookies)
    assert stolen.get("/me/").status == 200
    assert client.get("/accounts/logout/").status == 200 and client.get("/me/").status == 200
    assert client.post("/accounts/logout/").status == 302
    assert client.get("/me/").location == "/accounts/login/?next=/me/"
    assert stolen.get("/me/").status == 302


def test_signing_in_makes_a_new_session(owner: Client, empty: Site) -> None:
    client = empty.client()
    client.cookies["sessionid"] = "a" * 32
    client.sign_in("olga@example.org")
    assert client.cookies["sessionid"] != "a" * 32


def test_a_changed_password_ends_other_sessions(owner: Client, empty: Site) -> None:
    one = empty.client().accept(owner.invite("change@example.org", "executive"), "Change")
    other = empty.client()
    assert other.sign_in("change@example.org").status == 302 and other.get("/me/").status == 200
    new = "un'altra lampada 8"
    form = {"oldpassword": PASSWORD, "password": new, "password1": new, "password2": new}
    assert one.post("/accounts/password/change/", form).status == 302
    assert other.get("/me/").status == 302
    assert empty.client().sign_in("change@example.org", new).status == 302


def test_a_closed_account_opens_nothing(owner: Client, empty: Site) -> None:
    client = empty.client().accept(owner.invite("closed@example.org", "analyst"), "Closed")
    key = client.key("left behind")
    close(owner, "closed@example.org")
    assert client.get("/").location.startswith("/accounts/login/")
    assert empty.client().sign_in("closed@example.org").location in ("", "/accounts/inactive/")
    assert empty.client().get("/api/v1/kpis", Authorization=f"Bearer {key}").status == 401
    close(owner, "closed@example.org")
    assert empty.client().sign_in("closed@example.org").location == "/"


def test_the_last_owner_stays(owner: Client, empty: Site) -> None:
    close(owner, "olga@example.org")
    page = owner.get("/people/")
    assert page.status == 200 and "The last owner cannot be closed" in page.words


def test_an_address_that_leads_elsewhere_is_not_followed(owner: Client, empty: Site) -> None:
    for path in ("https://evil.example", "//evil.example", "/\\evil.example", "https:evil.example", "javascript:alert(1)"):
        client = empty.client()
        client.get("/accounts/login/")
        form = {"login": "olga@example.org", "password": PASSWORD, "next": path}
        assert client.post("/accounts/login/", form).location == "/"
        assert client.post("/language", {"language": "en", "next": path}).location == "/"
        empty.say("delete from site_cache")
    inside = empty.client()
    form = {"login": "olga@example.org", "password": PASSWORD, "next": "/kpi/nps/?by=channel"}
    assert inside.post("/accounts/login/", form).location == "/kpi/nps/?by=channel"


def test_the_page_asked_for_is_reached_after_signing_in(owner: Client, empty: Site) -> None:
    client = empty.client()
    sent_to = client.get("/kpi/nps/?by=channel&grain=week").location
    page = client.get(sent_to).text
    next_ = re.search(r'name="next" value="([^"]*)"', page.partition("/accounts/login/")[2])
    assert next_
    form = {"login": "olga@example.org", "password": PASSWORD, "next": next_[1].replace("&amp;", "&")}
    assert client.post("/accounts/login/", form).location == "/kpi/nps/?by=channel&grain=week"


def test_a_form_without_its_token_is_refused(owner: Client) -> None:
    body, kind = b"email=x%40example.org&role=owner", {"Content-Type": "application/x-www-form-urlencoded"}
    assert owner.send("POST", "/people/", body, kind).status == 403
    assert owner.send("POST", "/accounts/logout/", b"", kind).status == 403
    other = body + b"&csrfmiddlewaretoken=" + b"x" * 64
    assert owner.send("POST", "/people/", other, kind).status == 403
    foreign = {**kind, "Origin": "https://evil.example"}
    token = f"&csrfmiddlewaretoken={owner.cookies['csrftoken']}".encode()
    assert owner.send("POST", "/people/", body + token, foreign).status == 403
    refused = owner.send("POST", "/people/", body, kind)
    assert "<main" in refused.text and "DEBUG" not in refused.text


def test_cookies_are_for_this_site_only(owner: Client, empty: Site) -> None:
    session, token = (owner.set_cookies[name].lower() for name in ("sessionid", "csrftoken"))
    assert "httponly" in session and "samesite=lax" in session and "domain=" not in session
    assert "samesite=strict" in token and "domain=" not in token


def test_over_https_cookies_and_addresses_are_for_https_only(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("secure") / "site", POLSO_URL="https://polso.example.org") as secure:
        client = secure.client()
        page = client.get("/welcome/", **{"X-Forwarded-Proto": "https", "Host": "polso.example.org"})
        assert "secure" in client.set_cookies["csrftoken"].lower()
        assert int(re.findall(r"max-age=(\d+)", page.headers["Strict-Transport-Security"])[0]) >= 31_536_000
        assert not secure.errors()


@pytest.mark.parametrize(
    "path", ["/", "/accounts/login/", "/kpi/nps/", "/api/v1/kpis", "/nothing", "/health/live", "/static/polso/site.js"]
)
def test_every_answer_has_the_headers_that_protect_it(path: str, owner: Client) -> None:
    headers = owner.get(path).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'" and policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin" and "camera=()" in headers["Permissions-Policy"]
    if not path.startswith("/static"):
        assert headers["X-Frame-Options"] == "DENY"


def test_pages_with_personal_content_are_not_kept_by_caches(owner: Client) -> None:
    for path in ("/me/", "/people/"):
        headers = owner.get(path).headers
        assert "no-store" in headers.get("Cache-Control", "") or "Cookie" in headers["Vary"]


def test_the_language_is_the_browsers_until_somebody_chooses(owner: Client, empty: Site) -> None:
    guest = empty.client("it-IT,it;q=0.9,en;q=0.5")
    page = guest.get("/accounts/login/")
    assert '<html lang="it">' in page.text and "Accedi" in page.words and page.headers["Content-Language"] == "it"
    assert guest.post("/language", {"language": "en", "next": "/accounts/login/"}).location == "/accounts/login/"
    assert '<html lang="en">' in guest.get("/accounts/login/").text
    assert '<html lang="en">' in empty.client("de").get("/accounts/login/").text
    # A person keeps the choice, whatever browser they come with.
    owner.post("/language", {"language": "it"})
    other = empty.client("en")
    other.sign_in("olga@example.org")
    assert '<html lang="it">' in other.get("/").text
    assert owner.post("/language", {"language": "en"}).status == 302
    assert '<html lang="en">' in other.get("/").text


def test_a_page_that_is_not_there_says_so(owner: Client) -> None:
    page = owner.get("/nothing/here")
    assert page.status == 404 and "There is no such page" in page.words
    assert owner.get("/static/../../polso.toml").status in (400, 404)


def test_a_forgotten_password_is_mailed_and_says_nothing_of_who_is_here(owner: Client, empty: Site) -> None:
    mails = empty.folder / "site" / "mail"
    before = set(mails.iterdir())
    replies = [
        empty.client().post("/accounts/password/reset/", {"email": email}) for email in ("olga@example.org", "no@example.org")
    ]
    assert [reply.status for reply in replies] == [302, 302] and replies[0].location == replies[1].location
    texts = "".join(file.read_text().replace("=\n", "") for file in set(mails.iterdir()) - before)
    link = re.search(rf"{re.escape(empty.url)}(/accounts/password/reset/key/\S+)", texts)
    assert link, texts
    client = empty.client()
    page = client.get(link[1])
    new = "una terza lampada 9"
    assert page.status == 302 and client.get(page.location).status == 200
    form = {"password": new, "password1": new, "password2": new}
    assert client.post(page.location, form).status == 302
    assert empty.client().sign_in("olga@example.org", new).location == "/"
    assert empty.client().sign_in("olga@example.org").status == 200
