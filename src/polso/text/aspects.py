"""What a text speaks of: words of an editable list, a sector each, and the clause they stand in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from polso.errors import PolsoError, did_you_mean

_TURNS = "ma|però|tuttavia|invece|mentre|but|however|although|though|while|yet"
_CUT = re.compile(rf"(?<=[.!?;…])\s+|,\s+|\s+(?=(?:{_TURNS}|peccato|purtroppo|shame)\b)", re.I)
_TURN = re.compile(rf"^(?:{_TURNS})\b[\s,]*", re.I)
SECTORS = ("general", "hospitality", "retail", "telecom", "banking", "health")


@dataclass(frozen=True)
class Taxonomy:
    """Aspects and the pattern of the words that give each away."""

    patterns: Mapping[str, re.Pattern[str]]


@dataclass(frozen=True)
class About:
    """An aspect found: the words that gave it away, and the clause they stand in."""

    aspect: str
    words: str
    clause: str


def taxonomy(source: str | Path) -> Taxonomy:
    """The aspects of a sector that Polso brings along, or of a file of one's own; PolsoError when it cannot be read."""
    if isinstance(source, Path):
        return parse(source.read_text("utf-8"), str(source))
    if source not in SECTORS:
        raise PolsoError(f"there are no aspects for '{source}'{did_you_mean(source, SECTORS)}")
    return parse(files("polso.text").joinpath(f"data/aspects/{source}.toml").read_text("utf-8"), source)


def parse(text: str, name: str = "the list of aspects") -> Taxonomy:
    """Read a list of aspects: a table each, with the beginnings of words under `it`, `en` and so on."""
    try:
        given = tomllib.loads(text)
        return Taxonomy({aspect: _pattern(seeds) for aspect, seeds in given.items()})
    except (tomllib.TOMLDecodeError, re.error, AttributeError, TypeError) as error:
        raise PolsoError(f'{name} cannot be read ({error}): write [price] and below it it = ["prezz", "costos"]') from None


def clauses_about(text: str, known: Taxonomy, language: str | None = None) -> list[About]:
    """The aspects a text speaks of, each once, with the clauses that speak of it joined."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for clause in clauses(text):
        for aspect, pattern in known.patterns.items():
            if words := pattern.findall(clause):
                seen = found.setdefault(aspect, ([], []))
                seen[0].extend(words)
                seen[1].append(clause)
    return [About(aspect, ", ".join(dict.fromkeys(words)), " ".join(cut)) for aspect, (words, cut) in found.items()]


def clauses(text: str) -> list[str]:
    """A text cut at its stops, commas and turns ("but"), without the turning word."""
    return [piece for piece in (_TURN.sub("", cut).strip() for cut in _CUT.split(text)) if piece]


def _pattern(seeds: Mapping[str, list[str]]) -> re.Pattern[str]:
    stems = "|".join(sorted({stem for stems in seeds.values() for stem in stems}, key=len, reverse=True))
    return re.compile(rf"\b(?:{stems})\w*", re.IGNORECASE)
