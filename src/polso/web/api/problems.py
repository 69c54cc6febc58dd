"""What went wrong, as RFC 9457 has it, whichever part of the site noticed it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import Field

from polso.errors import PolsoError
from polso.web.inbox.rows import RowsError

TYPE = "application/problem+json"
log = logging.getLogger(__name__)


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["there is no KPI 'npss': did you mean 'nps'?"])
    errors: list[dict[str, Any]] = Field(
        default_factory=list, examples=[[{"index": 0, "column": "score", "value": "ten", "advice": "a number is expected"}]]
    )


def problem(status: int, detail: str, errors: Sequence[dict[str, Any]] = ()) -> HttpResponse:
    """A problem as a response."""
    body = {"type": "about:blank", "title": title(status), "status": status, "detail": detail, "errors": list(errors)}
    response = HttpResponse(json.dumps(body, ensure_ascii=False, default=str), status=status, content_type=TYPE)
    # Django would write the address into the log, and a customer may be in it.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def title(status: int) -> str:
    """The name of a status."""
    return "Unprocessable Content" if status == 422 else HTTPStatus(status).phrase


class TooManyError(Exception):
    """A key that asked too often; `seconds` until it may again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"this key asked too often: try again in {seconds} s")
        self.seconds = seconds


def told(api: NinjaAPI) -> None:
    """Let an API tell its errors as problems."""

    @api.exception_handler(PolsoError)
    def _refused(request: HttpRequest, error: PolsoError) -> HttpResponse:
        return problem(422, str(error))

    @api.exception_handler(RowsError)
    def _rows(request: HttpRequest, error: RowsError) -> HttpResponse:
        return problem(422, str(error), [asdict(one) for one in error.wrong])

    @api.exception_handler(ValidationError)
    def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return problem(422, "the request is not as it should be: see errors", error.errors)

    @api.exception_handler(HttpError)
    def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
        if error.status_code != HTTPStatus.UNAUTHORIZED:
            return problem(error.status_code, str(error))
        response = problem(401, "a key is needed, as Authorization: Bearer polso_…; keys are made on one's own page")
        response["WWW-Authenticate"] = "Bearer"
        return response

    @api.exception_handler(TooManyError)
    def _too_many(request: HttpRequest, error: TooManyError) -> HttpResponse:
        response = problem(429, str(error))
        response["Retry-After"] = str(error.seconds)
        return response

    @api.exception_handler(PermissionDenied)
    def _forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return problem(403, "the person of this key may not do this")

    @api.exception_handler(Http404)
    def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return problem(404, "there is nothing at this address")

    @api.exception_handler(RequestDataTooBig)
    def _large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return problem(413, "the body is too large: send it in parts")

    @api.exception_handler(SuspiciousOperation)
    def _odd(request: HttpRequest, error: SuspiciousOperation) -> HttpResponse:
        return problem(400, "the request cannot be read")

    @api.exception_handler(Exception)
    def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
        # What the error says may quote data; where it happened does not.
        log.error("%s in %s %s", type(error).__name__, request.method, _route(request), exc_info=error)
        return problem(500, "something broke on our side; it was written down, and the same request may be tried again")


def _route(request: HttpRequest) -> str:
    return getattr(request.resolver_match, "route", "") or "an unknown address"


_OF_THE_SITE = {
    400: "the request cannot be read",
    404: "there is nothing at this address: /api/v1/docs lists what there is",
    405: "this address does not take this method: see the header Allow",
    500: "something broke on our side; it was written down, and the same request may be tried again",
}


def in_the_api(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: errors of the API that the site itself made become problems too."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if not request.path.startswith("/api/") or response.get("Content-Type", "").startswith(TYPE):
            return response
        if 300 <= response.status_code < 400:
            return problem(401, "nobody has an account here yet: open the site to make the first")
        if response.status_code < 400:
            return response
        made = problem(response.status_code, _OF_THE_SITE.get(response.status_code, title(response.status_code)))
        if "Allow" in response:
            made["Allow"] = response["Allow"]
        return made

    return respond
