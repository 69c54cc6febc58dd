"""Who is on the site."""

from __future__ import annotations

from dataclasses import dataclass, field

from browsing import Client


@dataclass
class People:
    """Who is on the site, each signed in."""

    clients: dict[str, Client] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, role: str) -> Client:
        return self.clients[role]


def close(owner: Client, email: str) -> None:
    """Close somebody's account on the page of people."""
    page = owner.get("/people/").text
    _before, _, after = page.partition(email)
    path = after.partition('action="')[2].partition('"')[0]
    assert path.startswith("/people/") and owner.post(path).status == 302
