"""What the tests of surveys share: a site with surveys, people who answer, what was counted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from browsing import Client, Reply
from posting import Running

from polso.workspace import Workspace

PAUSE = 0.8
"""Longer than the quickest that is taken for a person."""


def on_the_site(folder: Path, script: str, database: str = "") -> str:
    """Run a script with the site's own tables; returns what it prints."""
    env = {**os.environ, "POLSO_WORKSPACE": str(folder), "DJANGO_SETTINGS_MODULE": "polso.web.settings"}
    env |= {"DATABASE_URL": database} if database else {}
    imports = "from polso.web.surveys import links, ready\nfrom polso.web.surveys.actions import *"
    whole = f"import django\ndjango.setup()\n{imports}\n{script}"
    made = subprocess.run([sys.executable, "-c", whole], env=env, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-3000:]
    return made.stdout.strip()


def survey(folder: Path, like: str, key: str = "", database: str = "", **fields: Any) -> str:
    """Make a ready survey and open it; returns its key."""
    key = key or like
    set_ = "".join(f"one.{name} = {value!r}\n" for name, value in {"status": "live", **fields}.items())
    on_the_site(folder, f"one = ready.make({like!r}, {key!r}, 'en')\n{set_}one.save()", database)
    return key


def invited(folder: Path, key: str, customers: list[str], database: str = "", **more: Any) -> list[str]:
    """Ask customers; returns the path of each one's page."""
    script = f"""
survey = Survey.objects.get(key={key!r})
for customer in {customers!r}:
    link = invite(survey, customer_id=customer, channel="email", **{more!r})
    happened(link, "sent", "delivered")
    print("/s/" + links.token(link.uid) + "/")
"""
    return on_the_site(folder, script, database).splitlines()


@dataclass
class Person:
    """Somebody who answers without scripts."""

    client: Client
    path: str
    page: Reply | None = None

    def open(self, query: str = "") -> Reply:
        self.page = self.client.get(self.path + query)
        return self.page

    def send(self, pause: float = PAUSE, **fields: Any) -> Reply:
        """Send the form that is shown, as a browser does; where one is sent on, go there."""
        assert self.page is not None
        time.sleep(pause)
        form = self.page.text.partition("<form")[2].partition("</form>")[0]
        sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        for tag in re.findall(r"<input type=\"radio\"[^>]*checked", form):
            sent[re.findall(r'name="([^"]+)"', tag)[0]] = re.findall(r'value="([^"]*)"', tag)[0]
        for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', form):
            sent[name] = unescape(text)
        body = {**sent, **{re.sub("^([qc])_", r"\1-", name): value for name, value in fields.items()}}
        self.page = self.raw(body)
        if self.page.status == 302:
            self.path = self.page.location.partition("?")[0]
            self.page = self.client.get(self.page.location)
        return self.page

    def raw(self, body: dict[str, Any]) -> Reply:
        from urllib.parse import urlencode

        data = urlencode(body, doseq=True).encode()
        return self.client.send("POST", self.path, data, {"Content-Type": "application/x-www-form-urlencoded"})


def answers(workspace: Workspace, key: str, entity: str = "response") -> dict[str, dict[str, Any]]:
    """Every fact of a survey; an id that is there twice fails."""
    import pyarrow.parquet as pq

    found: dict[str, dict[str, Any]] = {}
    for file in workspace.warehouse.snapshot(entity).files:
        for row in pq.ParquetFile(file.path).read().to_pylist():
            if row["survey"] == key:
                assert row["id"] not in found, f"{row['id']} is there twice"
                found[row["id"]] = {name: value for name, value in row.items() if value is not None}
    return found


__all__ = ["PAUSE", "Person", "Running", "answers", "invited", "on_the_site", "survey"]
