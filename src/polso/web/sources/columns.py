"""The mapping of a file as a form: a line for each of its columns, and what a column of the facts is filled with otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.translation import gettext as _

from polso.entities import Column, Entity, Type
from polso.errors import LoadError
from polso.ingest.mapping import DATE_ORDERS, FileOptions, Mapping, Rule
from polso.ingest.preview import Heading
from polso.workspace import Workspace

BESIDE, AWAY = "", "-"
"""Instead of a target: kept beside the facts, or left away."""
MOST_COLUMNS = 120
"""A form must not have too many fields."""
_OPTIONS = ("format", "missing", "values", "date_order", "decimal")


@dataclass(frozen=True)
class Line:
    """A column of the file, and what becomes of it."""

    number: int
    heading: Heading
    target: str
    rule: Rule

    @property
    def format(self) -> str:
        """The formats of its dates, as they are typed."""
        return " | ".join(self.rule.format)

    @property
    def missing(self) -> str:
        """The words that stand for nothing, as they are typed."""
        return ", ".join(self.rule.missing or ())

    @property
    def values(self) -> str:
        """What its words are replaced by, one a line."""
        return "\n".join(f"{word} = {value}" for word, value in self.rule.values.items())

    @property
    def changed(self) -> bool:
        """Whether anything is said of it but its target."""
        return any((self.rule.format, self.rule.missing, self.rule.values, self.rule.date_order, self.rule.decimal))


@dataclass(frozen=True)
class Constant:
    """A column of the facts that holds the same in every row."""

    column: Column
    value: str


@dataclass(frozen=True)
class Form:
    """Everything the page shows of a mapping."""

    lines: tuple[Line, ...]
    more: int
    """Columns of the file that are too many to be shown; they are kept beside the facts."""
    constants: tuple[Constant, ...]
    by_hand: tuple[str, ...]
    """Targets whose rule only the text can say."""
    open: tuple[Column, ...]
    """Columns of the facts that nothing fills."""
    file: FileOptions


def form(mapping: Mapping, headings: Sequence[Heading], entity: Entity) -> Form:
    """Lay a mapping out as a form."""
    known = {one.name.casefold() for one in headings}
    found = {
        header.casefold(): (target, rule) for target, rule in mapping.columns.items() if not rule.expr for header in rule.columns
    }
    lines = []
    for number, heading in enumerate(headings[:MOST_COLUMNS]):
        kept = mapping.file.keep == "all" or heading.name in mapping.file.keep
        target, rule = found.get(heading.name.casefold(), (BESIDE if kept else AWAY, Rule()))
        lines.append(Line(number, heading, target, rule))
    constants = {target: rule.const for target, rule in mapping.columns.items() if rule.const is not None}
    for column in entity.fillable:
        if column.required and column.name != "id" and column.name not in mapping.columns:
            constants[column.name] = ""
    shown = {target for target, rule in mapping.columns.items() if rule.const is not None or _shown(rule, known)}
    return Form(
        lines=tuple(lines),
        more=max(len(headings) - MOST_COLUMNS, 0),
        constants=tuple(Constant(entity.by_name[name], value) for name, value in constants.items() if name in entity.by_name),
        by_hand=tuple(target for target in mapping.columns if target not in shown),
        open=tuple(one for one in entity.fillable if one.name not in mapping.columns and one.name not in constants),
        file=mapping.file,
    )


def _shown(rule: Rule, headers: set[str]) -> bool:
    return not rule.expr and any(header.casefold() in headers for header in rule.columns)


def read(given: QueryDict, before: Mapping, workspace: Workspace) -> Mapping:
    """The mapping that a form asks for; what the form does not show stays as it was. LoadError where it makes no sense."""
    headers = given.getlist("header")
    columns: dict[str, Rule] = {}
    targets = [given.get(f"target_{number}", BESIDE) for number in range(len(headers))]
    for number, (header, target) in enumerate(zip(headers, targets, strict=True)):
        if target in (BESIDE, AWAY):
            continue
        former = before.columns.get(target, Rule())
        rule = _rule(given, number, replace(former, columns=(header,), expr=None, const=None))
        if target in columns:
            rule = replace(columns[target], columns=(*columns[target].columns, header))
        columns[target] = rule
    for target, rule in before.columns.items():
        if target not in columns and not _shown(rule, {header.casefold() for header in headers}) and rule.const is None:
            columns[target] = rule
    for target, value in _constants(given):
        if target not in columns:
            columns[target] = Rule(const=value)
    made = Mapping(before.entity, columns, _file(given, before.file, headers, targets))
    return workspace.mapping(workspace.mapping_text(made))


def _constants(given: QueryDict) -> list[tuple[str, str]]:
    stated = [(name.removeprefix("const_"), str(value)) for name, value in given.items() if name.startswith("const_")]
    stated.append((given.get("new_target", ""), given.get("new_value", "")))
    return [(target, value.strip()) for target, value in stated if target and value.strip()]


def _rule(given: QueryDict, number: int, former: Rule) -> Rule:
    said = {name: given.get(f"{name}_{number}", "").strip() for name in _OPTIONS}
    return replace(
        former,
        format=tuple(part.strip() for part in said["format"].split("|") if part.strip()),
        missing=_words(said["missing"]),
        values=_values(said["values"]),
        date_order=said["date_order"] or None,
        decimal=said["decimal"] or None,
    )


def _words(text: str) -> tuple[str, ...] | None:
    return tuple(word.strip() for word in text.split(",") if word.strip()) or None


def _values(text: str) -> dict[str, str]:
    pairs = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        word, equals, value = line.partition("=")
        if not equals:
            raise LoadError(_("'%(line)s' says not what to write instead: give it as word = other word") % {"line": line[:60]})
        pairs[word.strip()] = value.strip()
    return pairs


def _file(given: QueryDict, before: FileOptions, headers: Sequence[str], targets: Sequence[str]) -> FileOptions:
    kept = tuple(header for header, target in zip(headers, targets, strict=True) if target == BESIDE)
    away = AWAY in targets
    skip = given.get("file_skip_rows", "").strip()
    if skip and not skip.isdecimal():
        raise LoadError(_("'%(given)s' is no number of lines to skip: give 0 or more") % {"given": skip[:20]})
    stated = {
        name: given.get(f"file_{name}", "").strip() or None for name in ("decimal", "encoding", "timezone", "date_order", "sheet")
    }
    return replace(
        before,
        **stated,  # type: ignore[arg-type]
        separator=given.get("file_separator") or None,
        missing=_words(given.get("file_missing", "")),
        skip_rows=int(skip or 0),
        keep=(kept or "none") if away else "all",
    )


SEPARATORS = ((";", ";"), (",", ","), ("\t", "tab"), ("|", "|"))
ORDERS = DATE_ORDERS
NUMBERS = (Type.NUMBER, Type.INTEGER)
