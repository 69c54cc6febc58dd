"""The site's way from the first visit to a number and back, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from browsing import PASSWORD, Client, Reply
from servers import Site

from polso.workspace import Workspace

ANSWERS = "id,submitted_at,kind,score,scale_min,scale_max,customer_id,department\n" + "".join(
    f"a{n},2025-01-{1 + n % 28:02d} 10:00,csat,{4 + n % 2 if n % 3 else 2},1,5,c{n},{'north' if n % 2 else 'south'}\n"
    for n in range(120)
)
TIME = "from=2025-01-01&to=2025-02-01"


@pytest.fixture(scope="module")
def owner(new_site: Site) -> Client:
    assert new_site.client().get("/").location == "/welcome/"
    return new_site.client().begin("Olga", "olga@example.org")


def ended(client: Client, path: str) -> Reply:
    """The page of a load once it is over."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        reply = client.get(path)
        if "progress" not in reply.text:
            return reply
        time.sleep(0.1)
    raise AssertionError("the load does not end")


def test_people_come_in_by_invitation_and_reach_only_their_part(owner: Client, new_site: Site) -> None:
    link = owner.invite("mario@example.org", "manager", "department", "north")
    mario = new_site.client().accept(link, "Mario")
    assert mario.get("/").status == 200 and mario.get("/people/").status == 403
    assert new_site.client().get(link).status == 410
    again = new_site.client()
    assert again.sign_in("MARIO@example.org").status == 302 and again.get("/me/").status == 200
    assert new_site.client().sign_in("mario@example.org", "wrong").status == 200
    log = owner.get("/people/").words
    assert "owner made" in log and "invited" in log and "invitation accepted" in log


def test_a_file_becomes_a_number_and_is_taken_back(owner: Client, new_site: Site) -> None:
    assert "no facts" in owner.get("/facts/").words.lower()
    page = owner.upload("/facts/upload", {"entity": "response"}, "answers.csv", ANSWERS.encode()).location
    assert owner.get(page).status == 200
    assert owner.post(f"{page}load").status == 302
    assert "120" in ended(owner, page).words
    own = Workspace(new_site.folder).measure("csat", start="2025-01-01", end="2025-02-01", compare="none").only.only.estimate
    assert own.n == 120 and own.value is not None
    key = owner.key("numbers")
    told = owner.get(f"/api/v1/measure?metric=csat&{TIME}&compare=none", Authorization=f"Bearer {key}").json()
    assert told["answers"][0]["rows"][0]["value"] == own.value
    mario = new_site.client()
    assert mario.sign_in("mario@example.org").status == 302
    part = Workspace(new_site.folder).measure("csat", start="2025-01-01", end="2025-02-01", where="department = 'north'")
    assert part.only.only.estimate.n == 60 and "from 60 answers" in mario.get(f"/kpi/csat/?{TIME}").words
    entity = owner.get("/facts/response/").text
    undo = re.findall(r'action="(/facts/response/\d+/undo)"', entity)
    assert len(undo) == 1 and owner.post(undo[0]).status == 302
    assert Workspace(new_site.folder).warehouse.snapshot("response").rows == 0
    assert "nothing to count" in owner.get(f"/kpi/csat/?{TIME}").words.lower()


def test_a_file_that_is_none_is_refused(owner: Client, new_site: Site) -> None:
    reply = owner.upload("/facts/upload", {"entity": "response"}, "broken.xlsx", b"PK\x03\x04 this is no workbook")
    told = owner.get(reply.location).words
    assert "broken.xlsx" in told or "read" in told
    assert Workspace(new_site.folder).warehouse.snapshot("response").rows == 0


def test_posted_facts_arrive(owner: Client, new_site: Site) -> None:
    import json

    key = owner.key("posting", write=True)
    rows = [{"id": f"p{n}", "submitted_at": "2025-03-01T10:00:00Z", "kind": "nps", "customer_id": "guest"} for n in range(5)]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = json.dumps({"rows": rows}).encode()
    made = new_site.client().send("POST", "/api/v1/facts/response?wait=true", body, headers)
    assert made.status == 200 and made.json()["state"] == "moved", made.text
    assert "in the warehouse" in owner.get("/inbox/").words
    erased = new_site.client().send("DELETE", "/api/v1/customers/guest", headers=headers)
    assert erased.json()["rows"] == {"response": 5}


def test_dashboards_goals_and_links_are_kept(owner: Client, new_site: Site) -> None:
    made = owner.post("/dashboards/new", {"name": "Kept", "like": "service"}).location
    assert made.endswith("/edit") and "Kept" in owner.get(made).words
    assert owner.post(made.replace("edit", "share"), {"days": "7"}).status == 302
    link = re.findall(r"/shared/[\w-]+/", owner.get(made).text)
    assert link and new_site.client().get(link[0]).status == 200
    assert owner.post("/kpi/nps/goal", {"target": "30", "grain": "month", "since": "2025-01-01", "pinned": "on"}).status == 302
    assert "Net Promoter Score" in owner.get("/kpi/goals").words


def test_the_database_is_the_one_that_was_asked_for(owner: Client, new_site: Site) -> None:
    ready = new_site.client().get("/health/ready")
    assert ready.status == 200 and ready.json()["status"] == "ok"
    assert (new_site.folder / "site" / "site.sqlite3").exists() != bool(new_site.database)
    assert (new_site.folder / "site" / "secret").stat().st_mode & 0o077 == 0
    assert PASSWORD not in new_site.log.read_text()


def test_no_migration_is_missing(tmp_path: Path) -> None:
    known = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    known |= {"POLSO_WORKSPACE": str(tmp_path), "DJANGO_SETTINGS_MODULE": "polso.web.settings"}
    command = [sys.executable, "-W", "error", "-m", "django", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
