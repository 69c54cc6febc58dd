"""How the columns of a file become facts: read from a TOML file, or proposed and written as one."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping as Table
from dataclasses import Field, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from polso.entities import ENTITIES, entity
from polso.errors import LoadError, did_you_mean

RAGGED = ("refuse", "fill")
DATE_ORDERS = ("dmy", "mdy", "ymd")
EXTRA_TYPES = ("text", "number", "integer", "boolean", "timestamp")


@dataclass(frozen=True)
class FileOptions:
    """What cannot be seen from a file, or is not to be guessed."""

    separator: str | None = None
    """One character, or 'whitespace' for any run of blanks."""
    decimal: str | None = None
    encoding: str | None = None
    missing: tuple[str, ...] | None = None
    """Texts that stand for nothing; [] when only an empty cell does. Unset: the usual ones."""
    timezone: str | None = None
    """The zone of times that state none; unset: the workspace's."""
    skip_rows: int = 0
    header: bool = True
    """False where the first line is data already: the columns are then c1, c2, c3…"""
    sheet: str | None = None
    quote: str | None = None
    """The quoting character; '' for none."""
    date_order: str | None = None
    ragged: str = "refuse"
    """What becomes of rows with too few cells: 'refuse', or 'fill' where the cells left out at the end were empty."""
    keep: str | tuple[str, ...] = "all"
    """Which unmapped columns are kept in `extra`: 'all', 'none' or their names."""


@dataclass(frozen=True)
class Rule:
    """Where one target column comes from, and what is done to it."""

    columns: tuple[str, ...] = ()
    """Source columns; the first that is not empty counts."""
    expr: str | None = None
    const: str | None = None
    values: Table[str, str] = field(default_factory=dict)
    other: str | None = None
    lower: bool = False
    upper: bool = False
    strip: bool | None = None
    """Unset: names, codes and segments are stripped of blanks at the ends, free texts are not."""
    format: tuple[str, ...] = ()
    missing: tuple[str, ...] | None = None
    default: str | None = None
    type: str | None = None
    decimal: str | None = None
    date_order: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class Mapping:
    """How a file becomes facts of one entity."""

    entity: str
    columns: Table[str, Rule]
    file: FileOptions = FileOptions()
    notes: Table[str, str] = field(default_factory=dict)
    """What was guessed about a target, for the reader of a proposal."""
    unused: tuple[str, ...] = ()
    """Source columns a proposal leaves to `extra`."""


_TOP = ("entity", "file", "columns", "keep")
_FILE_KEYS = tuple(f.name for f in fields(FileOptions))
_RULE_KEYS = ("column", *(f.name for f in fields(Rule)))


def read(path: Path) -> Mapping:
    """Read a mapping file; raises LoadError with the place and the nearest valid word."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise LoadError(f"there is no mapping file {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LoadError(f"{path}: this is not readable as TOML: {error}") from None
    return parse(content, str(path))


def parse(content: Table[str, Any], where: str = "mapping") -> Mapping:
    """Build a mapping from the content of a mapping file."""
    _known(content, _TOP, where)
    if not isinstance(content.get("entity"), str):
        raise LoadError(f'{where}: it must name what a row is, for example entity = "ticket"')
    if content["entity"] not in ENTITIES:
        raise LoadError(f"{where}: there is no entity '{content['entity']}'{did_you_mean(content['entity'], ENTITIES)}")
    options = dict(_section(content, "file", where))
    if "keep" in content:
        options["keep"] = content["keep"]
    columns = _section(content, "columns", where)
    return Mapping(
        entity=content["entity"],
        columns={target: _rule(value, f"{where}: columns.{target}") for target, value in columns.items()},
        file=_options(options, f"{where}: file"),
    )


def _section(content: Table[str, Any], key: str, where: str) -> Table[str, Any]:
    section = content.get(key, {})
    if not isinstance(section, dict):
        raise LoadError(f"{where}: '{key}' must be a table [{key}]")
    return section


def _known(given: Table[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in given:
        if key not in known:
            raise LoadError(f"{where}: there is no option '{key}'{did_you_mean(key, known)}")


def _options(given: Table[str, Any], where: str) -> FileOptions:
    _known(given, _FILE_KEYS, where)
    options = dict(given)
    for key in ("separator", "decimal", "encoding", "timezone", "quote", "date_order"):
        if key in options and not isinstance(options[key], str):
            raise LoadError(f"{where}.{key}: a text is expected, not {options[key]!r}")
    if "sheet" in options:
        options["sheet"] = str(options["sheet"])
    if "missing" in options:
        options["missing"] = _texts(options["missing"], f"{where}.missing")
    if "separator" in options:
        options["separator"] = _separator(options["separator"], where)
    if isinstance(options.get("keep"), list):
        options["keep"] = _texts(options["keep"], f"{where}.keep")
    elif options.get("keep", "all") not in ("all", "none"):
        raise LoadError(f"{where}.keep: 'all', 'none' or a list of column names is expected, not {options['keep']!r}")
    skip = options.get("skip_rows", 0)
    if not isinstance(skip, int) or isinstance(skip, bool) or skip < 0:
        raise LoadError(f"{where}.skip_rows: a number of lines is expected, not {skip!r}")
    if not isinstance(options.get("header", True), bool):
        raise LoadError(f"{where}.header: true or false is expected, not {options['header']!r}")
    made = FileOptions(**options)
    if made.ragged not in RAGGED:
        raise LoadError(f"{where}.ragged: there is no way '{made.ragged}'{did_you_mean(str(made.ragged), RAGGED)}")
    _readings(made.decimal, made.date_order, made.timezone, where)
    return made


def _separator(given: str, where: str) -> str:
    names = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", " ": "whitespace"}
    separator = names.get(given, given)
    if separator != "whitespace" and len(separator) != 1:
        raise LoadError(f"{where}.separator: one character, 'tab' or 'whitespace' is expected, not {given!r}")
    return separator


def _readings(decimal: str | None, order: str | None, zone: str | None, where: str) -> None:
    if decimal not in (None, ".", ","):
        raise LoadError(f"{where}.decimal: '.' or ',' is expected, not {decimal!r}")
    if order is not None and order not in DATE_ORDERS:
        raise LoadError(f"{where}.date_order: there is no order '{order}'{did_you_mean(order, DATE_ORDERS)}")
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise LoadError(f"{where}.timezone: there is no time zone '{zone}'; for example Europe/Rome") from None


def _rule(given: Any, where: str) -> Rule:
    if isinstance(given, str):
        return Rule(columns=(given,))
    if not isinstance(given, dict):
        raise LoadError(f"{where}: the name of a source column or a table is expected, not {given!r}")
    _known(given, _RULE_KEYS, where)
    rule = dict(given)
    if "column" in rule:
        rule["columns"] = [rule.pop("column")]
    if "columns" in rule:
        rule["columns"] = _texts(rule["columns"], f"{where}.columns")
    if sum(key in rule for key in ("columns", "expr", "const")) != 1 and "default" not in rule:
        raise LoadError(f"{where}: exactly one of column, columns, expr or const says where the value comes from")
    for key in ("const", "other", "default"):
        if key in rule:
            rule[key] = _text(rule[key])
    if "values" in rule:
        rule["values"] = {name: _text(value) for name, value in _section(rule, "values", where).items()}
    if "missing" in rule:
        rule["missing"] = _texts(rule["missing"], f"{where}.missing")
    if "format" in rule:
        rule["format"] = _texts(rule["format"] if isinstance(rule["format"], list) else [rule["format"]], where)
    if rule.get("type", "text") not in EXTRA_TYPES:
        near = did_you_mean(str(rule["type"]), EXTRA_TYPES)
        raise LoadError(f"{where}.type: there is no type '{rule['type']}'{near}")
    made = Rule(**rule)
    _readings(made.decimal, made.date_order, made.timezone, where)
    return made


def _texts(given: Any, where: str) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise LoadError(f"{where}: a list of texts is expected, not {given!r}")
    return tuple(_text(item) for item in given)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def render(mapping: Mapping) -> str:
    """Write a mapping as a TOML file ready to edit, with what was guessed and help for the columns left open."""
    kind = entity(mapping.entity)
    lines = [f"# One row is one {kind.row}.", f"entity = {_quoted(kind.name)}", "", "[file]"]
    stated = {f.name: getattr(mapping.file, f.name) for f in fields(FileOptions) if f.name == "keep" or _stated(mapping, f)}
    lines += [f"{key} = {_value(value)}" for key, value in stated.items()]
    lines += ["", '[columns]  # target = "source column", or a table of column, columns, expr, const, values, other,']
    lines += ["           # format, missing, default, lower, upper, strip, type"]
    for target, rule in mapping.columns.items():
        note = mapping.notes.get(target)
        lines.append(f"{_key(target)} = {_rule_text(rule)}" + (f"  # {note}" if note else ""))
    open_columns = [column for column in kind.fillable if column.name not in mapping.columns and column.name != "extra"]
    if open_columns:
        lines += ["", "# Not filled by this file:"]
    for column in open_columns:
        note = mapping.notes.get(column.name)
        need = " REQUIRED." if column.required and column.name != "id" else ""
        choice = f" One of: {', '.join(column.values)}." if column.values else ""
        lines.append(f'# {column.name} = "…"  # {column.about}{choice}{need}{" " + note if note else ""}')
    if mapping.unused:
        lines += ["", '# Kept as they are in "extra":', *(f"#   {_one_line(header)}" for header in mapping.unused)]
    return "\n".join(lines) + "\n"


def _stated(mapping: Mapping, option: Field[Any]) -> bool:
    return bool(getattr(mapping.file, option.name) != option.default)


def _rule_text(rule: Rule) -> str:
    given = {f.name: getattr(rule, f.name) for f in fields(Rule)}
    if rule == Rule(columns=rule.columns) and len(rule.columns) == 1:
        return _quoted(rule.columns[0])
    parts = []
    for key, value in given.items():
        if value in (None, (), False) or value == {}:
            continue
        if key in ("columns", "format") and len(value) == 1:
            key, value = {"columns": "column"}.get(key, key), value[0]
        parts.append(f"{key} = {_value(value)}")
    return "{ " + ", ".join(parts) + " }"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_quoted(v)}" for k, v in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_quoted(item) for item in value) + "]"
    return _quoted(value)


def _key(text: str) -> str:
    return text if text and all(c.isascii() and (c.isalnum() or c in "_-") for c in text) else _quoted(text)


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for one character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return " ".join(text.split())
