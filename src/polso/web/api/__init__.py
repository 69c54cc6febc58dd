"""The API: numbers out, facts in, with a key."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from polso import __version__
from polso.web.api import cases, customers, dashboards, facts, hooks, numbers, surveys
from polso.web.api.keys import Key
from polso.web.api.problems import TYPE, Problem, title, told

_ABOUT = """Make a key on your own page and send it as `Authorization: Bearer polso_…`.
A key may do what its person may, and no more. Errors are problems as RFC 9457 has them."""
_ALWAYS = (400, 401, 403, 404, 405, 413, 415, 422, 429, 500)
_WITH_A_BODY = (413, 415)


class Api(NinjaAPI):
    """Describes its errors once, for every operation."""

    def get_openapi_schema(self, **given: Any) -> OpenAPISchema:
        """The OpenAPI document."""
        document = super().get_openapi_schema(**given)
        document["components"]["schemas"]["Problem"] = Problem.json_schema()
        for path in document["paths"].values():
            for operation in path.values():
                for status in _ALWAYS:
                    if status not in _WITH_A_BODY or "requestBody" in operation:
                        operation["responses"][status] = _described(status)
        return document


def _described(status: int) -> dict[str, Any]:
    headers = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}} if status == 429 else {}
    content = {TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": title(status), "content": content, **({"headers": headers} if headers else {})}


api = Api(title="Polso", version=__version__, description=_ABOUT, urls_namespace="api", auth=Key(), docs_url="/docs")
told(api)
for _part in (numbers, dashboards, facts, customers, cases, surveys, hooks):
    api.add_router("", _part.router)
