"""A mapping guessed from the names of a file's columns."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping as Table
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from polso.entities import Entity
from polso.errors import LoadError
from polso.ingest.mapping import FileOptions, Mapping, Rule
from polso.ingest.tables import Field, Relation

# These never come from a column of the file by a loose name.
_ONLY_BY_OWN_NAME = frozenset({"extra"})
_ZONE = re.compile(r"\((UTC|GMT|[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+)\)$")
"""Some exports say in the header which zone their times are of."""


@cache
def _names() -> Table[str, Any]:
    return tomllib.loads(resources.files("polso.ingest").joinpath("names.toml").read_text(encoding="utf-8"))


def synonyms(column: str) -> Table[str, str]:
    """What the values of a closed list are called elsewhere."""
    found: Table[str, str] = _names()["values"].get(column, {})
    return found


def plain(name: str) -> str:
    """A column name without accents, case and punctuation."""
    letters = unicodedata.normalize("NFKD", _ZONE.sub(" ", name))
    kept = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return " ".join(kept.lower().split())


def guess(entity: Entity, source: Relation, file: FileOptions | None = None) -> Mapping:
    """Match columns by name: each source column fills one target at most."""
    free = {field.header: field for field in source.fields}
    found: dict[str, Field] = {}
    for wanted in (_own_names, _usual_names):
        for column in entity.fillable:
            if column.name in found:
                continue
            if match := _first(wanted(entity, column.name), free):
                found[column.name] = match
                del free[match.header]
    ordered = [column.name for column in entity.fillable if column.name in found]
    renamed = [name for name in ordered if plain(found[name].header) != plain(name)]
    notes = dict.fromkeys(renamed, "guessed from its name")
    return Mapping(
        entity.name,
        {name: _rule(found[name].header, entity.by_name[name].time) for name in ordered},
        file or FileOptions(),
        notes={name: note.replace("\n", " ") for name, note in notes.items()},
        unused=tuple(free),
    )


def _rule(header: str, time: bool) -> Rule:
    zone = _ZONE.search(header) if time else None
    return Rule(columns=(header,), timezone=_known_zone(zone[1]) if zone else None)


def _known_zone(zone: str) -> str | None:
    try:
        return "UTC" if zone in ("UTC", "GMT") else ZoneInfo(zone).key
    except (KeyError, ValueError, OSError):
        return None


def _own_names(entity: Entity, target: str) -> list[str]:
    return [plain(target)]


def _usual_names(entity: Entity, target: str) -> list[str]:
    if target in _ONLY_BY_OWN_NAME:
        return []
    own: list[str] = _names().get(entity.name, {}).get(target, [])
    usual: list[str] = _names()["any"].get(target, [])
    return [*own, *usual]


def _first(names: list[str], free: Table[str, Field]) -> Field | None:
    by_plain: dict[str, Field] = {}
    for header, field in free.items():
        by_plain.setdefault(plain(header), field)
    return next((by_plain[name] for name in names if name in by_plain), None)


def with_questions(mapping: Mapping, source: Relation) -> Mapping:
    """For answers whose kind is not given: propose it where the wording of a column says it."""
    if mapping.entity != "response" or "kind" in mapping.columns:
        return mapping
    score = mapping.columns.get("score")
    headers = list(score.columns) if score else [field.header for field in source.fields]
    for kind, question in _names()["questions"].items():
        for header in headers:
            if any(_says(plain(header), piece) for piece in question["contains"]):
                return _asked(mapping, kind, header)
    note = 'add kind = { const = "nps" } (or csat, ces, stars, thumbs, choice, open)'
    return _changed(mapping, dict(mapping.columns), {**mapping.notes, "kind": note})


def _says(header: str, piece: str) -> bool:
    return f" {piece} " in f" {header} " if len(piece) <= 4 else piece in header


def _asked(mapping: Mapping, kind: str, header: str) -> Mapping:
    columns = {**mapping.columns, "score": Rule(columns=(header,)), "kind": Rule(const=kind)}
    notes = {**mapping.notes, "kind": f"guessed from the question in '{' '.join(header.split())[:60]}'"}
    if kind == "nps":
        notes["programme"] = 'add programme = { const = "relational" } if they are: the KPI nps counts those'
    if kind == "ces":
        notes["scale_max"] = "state the scale: scale_min and scale_max, 1 to 5 or 1 to 7, and high_is_good"
    return _changed(mapping, columns, notes)


def _changed(mapping: Mapping, columns: dict[str, Rule], notes: dict[str, str]) -> Mapping:
    used = {header for rule in columns.values() for header in rule.columns}
    unused = tuple(header for header in mapping.unused if header not in used)
    return Mapping(mapping.entity, columns, mapping.file, notes, unused)


def missing_column(entity: Entity, column: str, source: Relation) -> LoadError:
    """The error for a required column that nothing fills."""
    about = entity.by_name[column]
    headers = ", ".join(" ".join(field.header.split())[:40] for field in source.fields[:30])
    const = f'{column} = {{ const = "{about.values[0] if about.values else "…"}" }}'
    elsewhere = "".join(f"; {warning}" for warning in source.warnings if "file.sheet" in warning)
    below = "; if the header stands further down, state file.skip_rows" if len(source.fields) == 1 else ""
    return LoadError(
        f"{source.file}: no column fills '{column}' ({about.about.rstrip('.').lower()}), which every {entity.row} "
        f"needs; the file has: {headers}. Name one in a mapping, or give {const}; "
        f"--dry-run prints a mapping to edit{below}{elsewhere}"
    )
