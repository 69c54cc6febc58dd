"""A client for Polso's API, for programs that run somewhere else; needs nothing but Python."""

from __future__ import annotations

import gzip
import json
import random
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from polso.errors import PolsoError

ROWS_AT_ONCE = 10_000
_AGAIN = (429, 502, 503, 504)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0


class ClientError(PolsoError):
    """The server refused, or did not answer; `status` is None when it did not."""

    def __init__(self, message: str, status: int | None = None, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.errors = list(errors)
        """What is wrong with which row: index, column, value, advice."""


@dataclass(frozen=True)
class Loaded:
    """What became of rows that were sent."""

    rows: int
    batches: tuple[str, ...]
    refused: int = 0
    errors: tuple[Mapping[str, Any], ...] = ()
    """The first refused rows; the others are facts. Known only when `load` waited."""


class Client:
    """Polso, somewhere else.

    >>> polso = Client("https://polso.example.com", "polso_…")  # doctest: +SKIP
    >>> answer = {"id": "a-1", "submitted_at": "2026-01-31T09:30:00+01:00", "kind": "nps", "score": 9}
    >>> polso.load("response", [answer])  # doctest: +SKIP
    >>> polso.measure("nps", grain="month")  # doctest: +SKIP
    """

    def __init__(self, url: str, key: str, *, timeout: float = 60.0, tries: int = 5) -> None:
        if not url.startswith(("http://", "https://")):
            raise ClientError(f"'{url}' is no address: write one like https://polso.example.com")
        self._root = url.rstrip("/") + "/api/v1"
        self._key = key
        self._timeout = timeout
        self._tries = tries

    def measure(
        self,
        *metrics: str,
        by: str | Sequence[str] = (),
        grain: str = "all",
        start: date | str | None = None,
        end: date | str | None = None,
        where: str | None = None,
        compare: str = "previous",
    ) -> list[dict[str, Any]]:
        """Measure KPIs: one answer each, with rows of period, value, low, high, n; `end` is not included."""
        asked = {
            "metric": metrics,
            "by": (by,) if isinstance(by, str) else tuple(by),
            "grain": grain,
            "from": _text(start),
            "to": _text(end),
            "where": where,
            "compare": compare,
        }
        found: list[dict[str, Any]] = self._ask("GET", "/measure", asked)["answers"]
        return found

    def kpis(self) -> list[dict[str, Any]]:
        """Every KPI the key's person may see."""
        return list(self._pages("/kpis", "kpis"))

    def kpi(self, key: str) -> dict[str, Any]:
        """One KPI."""
        return self._ask("GET", f"/kpis/{quote(key, safe='')}")

    def load(self, entity: str, rows: Any, *, wait: bool = False, idempotency_key: str | None = None) -> Loaded:
        """Send rows: dictionaries, or a pandas, polars or Arrow table.

        They are sent in parts; each part is taken whole or not at all, and repeating a part does no harm. With `wait` the
        rows are in the KPIs when this returns. Give an `idempotency_key` of your own to make a load repeatable from outside.
        """
        stem = idempotency_key or uuid.uuid4().hex
        sent, batches, refused = 0, [], 0
        errors: list[Mapping[str, Any]] = []
        for number, (body, count) in enumerate(_parts(rows)):
            headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "Idempotency-Key": f"{stem}-{number}"}
            asked = {"wait": "true"} if wait else {}
            reply = self._ask("POST", f"/facts/{quote(entity, safe='')}", asked, gzip.compress(body, 1), headers)
            if wait and reply.get("state") == "waiting":
                reply = self._moved(reply["id"])
            if reply.get("state") == "failed":
                raise ClientError(f"batch {reply['id']} cannot be loaded: {reply['problem']}", 200)
            sent += count
            batches.append(reply["id"])
            refused += reply.get("refused", 0)
            errors += reply.get("errors", [])
        return Loaded(sent, tuple(batches), refused, tuple(errors))

    def batch(self, batch: str) -> dict[str, Any]:
        """Where a batch is: waiting, moved or failed, and its refused rows."""
        return self._ask("GET", f"/facts/batches/{quote(batch, safe='')}")

    def export(self, customer: str) -> dict[str, Any]:
        """Everything known about a customer."""
        return self._ask("GET", f"/customers/{quote(customer, safe='')}")

    def erase(self, customer: str) -> dict[str, int]:
        """Erase a customer everywhere; returns how many rows of each entity there were."""
        found: dict[str, int] = self._ask("DELETE", f"/customers/{quote(customer, safe='')}")["rows"]
        return found

    def _moved(self, batch: str) -> dict[str, Any]:
        until = time.monotonic() + self._timeout
        while (found := self.batch(batch))["state"] == "waiting":
            if time.monotonic() > until:
                raise ClientError(f"batch {batch} was accepted but is not moved yet: is the worker running?", 202)
            time.sleep(0.2)
        return found

    def _pages(self, path: str, name: str) -> Iterator[dict[str, Any]]:
        asked: dict[str, Any] = {}
        while True:
            page = self._ask("GET", path, asked)
            yield from page[name]
            if not page["next"]:
                return
            asked = {"cursor": page["next"]}

    def _ask(
        self,
        method: str,
        path: str,
        asked: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        given = {name: value for name, value in (asked or {}).items() if value is not None}
        url = self._root + path + (f"?{urlencode(given, doseq=True)}" if given else "")
        known = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", **(headers or {})}
        request = urllib.request.Request(url, body, known, method=method)
        for attempt in range(1, self._tries + 1):
            try:
                with urllib.request.urlopen(request, timeout=self._timeout) as response:
                    found: dict[str, Any] = json.loads(response.read() or b"{}")
                    return found
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in _AGAIN or attempt == self._tries:
                        raise _refusal(error) from None
                    pause = _asked_pause(error)
            except OSError as error:
                # A request that was cut off may have been done: what is sent can be repeated without harm.
                if attempt == self._tries:
                    raise ClientError(f"{self._root} does not answer: {getattr(error, 'reason', error)}") from None
                pause = None
            time.sleep(pause if pause is not None else _pause(attempt))
        raise ClientError("it was tried not even once: give tries=1 or more")


def _pause(attempt: int) -> float:
    return min(_FIRST_PAUSE * float(2 ** (attempt - 1)), _LONGEST_PAUSE) * random.uniform(0.5, 1.0)


def _asked_pause(error: urllib.error.HTTPError) -> float | None:
    text = str(error.headers.get("Retry-After", ""))
    return min(float(text), _LONGEST_PAUSE) if text.isdigit() else None


def _refusal(error: urllib.error.HTTPError) -> ClientError:
    try:
        told = json.loads(error.read())
        return ClientError(str(told["detail"]), error.code, told.get("errors", []))
    except (ValueError, KeyError, TypeError):
        return ClientError(f"the server answered {error.code} {error.reason}", error.code)


def _parts(rows: Any) -> Iterator[tuple[bytes, int]]:
    """Rows as bodies of at most ROWS_AT_ONCE rows, and how many are in each."""
    rest = iter(_objects(rows))
    while part := list(islice(rest, ROWS_AT_ONCE)):
        yield json.dumps({"rows": part}, default=_json, allow_nan=False).encode(), len(part)


def _objects(rows: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of anything, without what is nothing."""
    if hasattr(rows, "to_pylist"):
        rows = rows.to_pylist()
    elif hasattr(rows, "to_dicts"):
        rows = rows.to_dicts()
    elif hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        rows = rows.to_dict("records")
    for row in rows:
        if not isinstance(row, Mapping):
            raise ClientError(f"a row is {row!r}: a dictionary of columns and values is expected")
        # What pandas has for nothing is not equal to itself.
        yield {name: value for name, value in row.items() if value is not None and value == value}


def _json(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise ClientError(f"{value!r} is neither a text, a number, true or false, nor a moment")


def _text(given: date | str | None) -> str | None:
    return given.isoformat() if isinstance(given, date) else given
