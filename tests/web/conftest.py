"""What the tests of the site share: a served workspace, people of every role in it, a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from crowd import People, close
from playwright.sync_api import Browser, sync_playwright
from servers import Site, new_database, postgres, serving
from shop import fill

from polso.workspace import Workspace

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with facts; served by `site`, so tests that load facts take them back."""
    folder = tmp_path_factory.mktemp("web") / "shop"
    fill(Workspace(folder))
    return folder


@pytest.fixture(scope="session")
def workspace(shop: Path) -> Workspace:
    """The served workspace, asked without the site."""
    return Workspace(shop)


@pytest.fixture(scope="session")
def site(shop: Path) -> Iterator[Site]:
    """The shop's site; at the end nothing has gone wrong in it."""
    with serving(shop) as served:
        yield served
        assert not served.errors()


@pytest.fixture(scope="session")
def django(site: Site) -> None:
    """Django in this very process, on the site's own tables: to know its addresses and translations."""
    os.environ["POLSO_WORKSPACE"] = str(site.folder)
    os.environ["POLSO_URL"] = site.url
    os.environ["DJANGO_SETTINGS_MODULE"] = "polso.web.settings"
    os.environ.pop("DATABASE_URL", None)
    import django

    django.setup()


@pytest.fixture(scope="session")
def people(site: Site) -> People:
    """Somebody of each role, invited by the owner; the closed one was signed in when the account was closed."""
    here = People()
    owner = site.client().begin("Olga Owner", "owner@example.org")
    here.clients["owner"], here.emails["owner"] = owner, "owner@example.org"
    limits = {"manager": ("department", "north"), "operator": ("agent", "Anna")}
    for name, role in {**{role: role for role in ("analyst", "manager", "operator", "executive")}, "closed": "analyst"}.items():
        email = f"{name}@example.org"
        link = owner.invite(email, role, *limits.get(name, ()))
        here.clients[name], here.emails[name] = site.client().accept(link, f"{name.title()} Person"), email
    for name, client in here.clients.items():
        here.keys[name] = client.key("for tests", write=True)
    close(owner, here.emails["closed"])
    here.clients["anonymous"] = site.client()
    return here


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def new_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that nobody has been to, once on SQLite and once on PostgreSQL."""
    folder = tmp_path_factory.mktemp("new") / request.param
    name = request.module.__name__.rpartition(".")[2]
    database = new_database(request.getfixturevalue("postgres_server"), name) if request.param == "postgres" else ""
    with serving(folder, database) as served:
        yield served
        assert not served.errors()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "Chromium is missing: run scripts/install-browser.sh"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()
