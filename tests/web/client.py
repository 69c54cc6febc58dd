"""A small browser without pictures: keeps cookies, follows redirects, sends forms with their token."""

from __future__ import annotations

import re
import urllib.request
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from uuid import uuid4


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    url: str
    headers: Message
    text: str


class Client:
    """One visitor."""

    def __init__(self, url: str, language: str = "en") -> None:
        self.url = url
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self._opener.addheaders = [("Accept-Language", language)]

    def get(self, path: str) -> Reply:
        """Open a page."""
        return self._send(urllib.request.Request(self._at(path)))

    def submit(self, path: str, token_from: str | None = None, **fields: str) -> Reply:
        """Send a form, with the token of the page it stands on."""
        page = self.get(token_from or path)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        body = urlencode({"csrfmiddlewaretoken": found.group(1) if found else "", **fields}).encode()
        return self.post(path, body, "application/x-www-form-urlencoded")

    def upload(self, path: str, token_from: str, name: str, content: bytes, **fields: str) -> Reply:
        """Send a file with a form."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(token_from).text)
        edge = uuid4().hex
        fields = {"csrfmiddlewaretoken": found.group(1) if found else "", **fields}
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = "".join([*parts, head]).encode() + content + f"\r\n--{edge}--\r\n".encode()
        return self.post(path, body, f"multipart/form-data; boundary={edge}")

    def post(self, path: str, body: bytes, content_type: str) -> Reply:
        """Send a body."""
        headers = {"Content-Type": content_type, "Referer": self._at(path), "Origin": self.url}
        return self._send(urllib.request.Request(self._at(path), data=body, headers=headers, method="POST"))

    def _at(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path

    def _send(self, request: urllib.request.Request) -> Reply:
        try:
            with self._opener.open(request, timeout=60) as answer:
                return Reply(answer.status, answer.url, answer.headers, answer.read().decode("utf-8", "replace"))
        except HTTPError as error:
            with error:
                return Reply(error.code, error.url, error.headers, error.read().decode("utf-8", "replace"))
