"""A small client of the site that keeps cookies, follows nothing by itself, and sends forms as a browser does."""

from __future__ import annotations

import html
import http.client
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

PASSWORD = "una lampada accesa 7"


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def words(self) -> str:
        """The text of a page without its tags."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.text)).split())

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def location(self) -> str:
        return str(self.headers.get("location", ""))


@dataclass
class Client:
    """A browser without a screen."""

    url: str
    language: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: dict[str, str] = field(default_factory=dict)
    """Cookies with their flags, as they were set."""

    def send(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask for a page."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        sent = {"Accept-Language": self.language, "Cookie": "; ".join(f"{name}={text}" for name, text in self.cookies.items())}
        try:
            connection.request(method, path.removeprefix(self.url), body, {**sent, **(headers or {})})
            response = connection.getresponse()
            reply = Reply(response.status, response.headers, response.read())
        finally:
            connection.close()
        for line in reply.headers.get_all("set-cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name], self.set_cookies[name] = morsel.value, line
                if not morsel.value:
                    del self.cookies[name]
        return reply

    def get(self, path: str, **headers: str) -> Reply:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, form: Mapping[str, Any] | None = None, **headers: str) -> Reply:
        """Send a form, with the token that every page of the site has."""
        self._token()
        body = urlencode({"csrfmiddlewaretoken": self.cookies["csrftoken"], **(form or {})}, doseq=True).encode()
        return self.send("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers})

    def upload(self, path: str, form: Mapping[str, str], name: str, content: bytes) -> Reply:
        """Send a form with a file."""
        self._token()
        edge = uuid.uuid4().hex
        fields = {"csrfmiddlewaretoken": self.cookies["csrftoken"], **form}
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n' for key, text in fields.items()]
        parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n')
        body = "".join(parts).encode() + content + f"\r\n--{edge}--\r\n".encode()
        return self.send("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={edge}"})

    def _token(self) -> None:
        if "csrftoken" not in self.cookies:
            self.get("/welcome/")
        if "csrftoken" not in self.cookies:
            self.get("/accounts/login/" if "sessionid" not in self.cookies else "/me/")

    def begin(self, name: str, email: str) -> Client:
        """Fill in the first-run page."""
        assert self.post("/welcome/", {"name": name, "email": email, "password": PASSWORD}).status == 302
        return self

    def invite(self, email: str, role: str, column: str = "", values: str = "") -> str:
        """Invite somebody; returns the link that the page shows."""
        reply = self.post("/people/", {"email": email, "role": role, "limit_column": column, "limits": values})
        assert reply.status == 200, reply.words
        found = re.search(r"https?://[^<\s]+/invitation/[^<\s]+", reply.text)
        assert found, reply.words
        return found[0]

    def accept(self, link: str, name: str) -> Client:
        """Accept an invitation."""
        path = urlsplit(link).path
        assert self.get(path).status == 200
        assert self.post(path, {"name": name, "password": PASSWORD}).status == 302
        return self

    def sign_in(self, email: str, password: str = PASSWORD) -> Reply:
        return self.post("/accounts/login/", {"login": email, "password": password})

    def key(self, name: str, write: bool = False) -> str:
        """Make a key for a program."""
        assert self.post("/me/keys", {"name": name, **({"write": "1"} if write else {})}).status == 302
        found = re.search(r"polso_[\w-]{20,}", self.get("/me/").text)
        assert found
        return found[0]
