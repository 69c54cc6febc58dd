"""For schemathesis: bodies that are no JSON are sent as they were thought up."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet")
def as_bytes(context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
