"""What public pages and messages say by themselves, in a customer's language."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from polso.web.surveys.texts import chosen

_FILE = Path(__file__).with_name("words.toml")


@cache
def _all() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def words(language: str) -> dict[str, Any]:
    """The words of a language, or of English where there are none."""
    return _all()[chosen([language], list(_all()), "en")]
