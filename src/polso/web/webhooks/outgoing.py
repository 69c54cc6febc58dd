"""Sending to addresses that somebody typed in: signed, never into the own network, never on to another address."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import os
import socket
import ssl
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from polso.errors import PolsoError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
_TRANSLATED = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
"""IPv6 addresses that stand for IPv4 ones."""


class AddressError(PolsoError):
    """An address that messages are not sent to."""


def local_allowed() -> bool:
    """Whether addresses in the own network may be used, as in tests: POLSO_WEBHOOKS_LOCAL=1."""
    return os.environ.get("POLSO_WEBHOOKS_LOCAL") == "1"


def check(url: str) -> None:
    """Refuse an address that cannot be right; AddressError says why."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError(f"'{url}' is not an address: write one like https://example.com/polso") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and local_allowed()):
        raise AddressError(f"'{url}' does not begin with https:// : messages are sent over HTTPS only")
    if not parts.hostname or parts.username or parts.password:
        raise AddressError(f"'{url}' has no host, or a password in it: write one like https://example.com/polso")
    if any(ord(letter) < 33 or ord(letter) > 126 for letter in url):
        raise AddressError(f"'{url}' has blanks or letters in it that have to be encoded")
    place(parts.hostname, port or (443 if parts.scheme == "https" else 80))


def place(host: str, port: int) -> tuple[str, int]:
    """The address to connect to; AddressError when any of a host's addresses is not a public one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressError(f"the host '{host}' is not found: look for a slip of the pen") from None
    addresses = [str(one[4][0]).split("%")[0] for one in found]
    private = [address for address in addresses if not _public(address)]
    if private and not local_allowed():
        raise AddressError(f"'{host}' is {private[0]}, which is not a public address: messages do not go there")
    return addresses[0], port


def _public(text: str) -> bool:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _public(str(address.ipv4_mapped))
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """The signature of a message (Standard Webhooks, version 1: HMAC-SHA256)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def send(url: str, body: bytes, headers: dict[str, str]) -> int:
    """POST a body and return the status; redirects are not followed. AddressError or OSError when it cannot be sent."""
    check(url)
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    # What was checked is what is connected to: a name that changes meanwhile leads nowhere else.
    where = place(host, parts.port or (443 if secure else 80))
    connection = http.client.HTTPConnection(host, where[1], timeout=ANSWER_SECONDS)
    taken = socket.create_connection(where, CONNECT_SECONDS)
    # A host that answers one letter at a time does not hold the worker.
    hurry = threading.Timer(2 * ANSWER_SECONDS, lambda: _cut(connection.sock))
    try:
        taken.settimeout(ANSWER_SECONDS)
        connection.sock = taken = ssl.create_default_context().wrap_socket(taken, server_hostname=host) if secure else taken
        hurry.start()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {"Host": parts.netloc, "Connection": "close", **headers})
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        hurry.cancel()
        connection.close()
        taken.close()


def _cut(taken: socket.socket) -> None:
    with suppress(OSError):
        taken.shutdown(socket.SHUT_RDWR)
