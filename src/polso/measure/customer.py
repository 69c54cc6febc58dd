"""One customer: finding them, and everything that is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
from sqlglot import exp

from polso.entities import ENTITIES, Entity, Type
from polso.formula.resolve import both
from polso.formula.rows import call, column
from polso.measure.ask import Facts, limit

MOST_FACTS = 20_000
"""Of each entity; the newest are read."""
_CUSTOMER = ENTITIES["customer"]
_REFERRED = tuple(
    {one.refers: None for entity in ENTITIES.values() for one in entity.all_columns if one.refers and one.refers != "customer"}
)


@dataclass(frozen=True)
class Fact:
    """One thing that is known, with the entity's columns that say something."""

    entity: Entity
    at: datetime
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """Everything that is known of a customer: the rows of each entity that has any, newest first."""

    customer: str
    tables: Mapping[str, pa.Table]
    cut: tuple[str, ...] = ()
    """Entities of which only the newest MOST_FACTS are here."""

    @property
    def rows(self) -> Mapping[str, int]:
        """How many rows there are of each entity."""
        return {name: len(table) for name, table in self.tables.items()}

    @cached_property
    def person(self) -> Mapping[str, Any]:
        """What is stored of the customer as such; empty where there is nothing."""
        table = self.tables.get("customer")
        return table.slice(0, 1).to_pylist()[0] if table else {}

    def facts(self, entity: str | None = None) -> list[Fact]:
        """Every fact, newest first, of one entity or of all."""
        found = [fact for name in self.tables if entity in (None, name) for fact in self._of(name)]
        return sorted(found, key=lambda fact: fact.at, reverse=True)

    def _of(self, name: str) -> Iterator[Fact]:
        entity = ENTITIES[name]
        for row in self.tables[name].to_pylist():
            said = {key: value for key, value in row.items() if value is not None and not entity.by_name[key].system}
            yield Fact(entity, row[entity.anchor], said)


def find(words: str, facts: Facts, most: int = 50) -> list[Mapping[str, Any]]:
    """Customers by their id, or by what their personal columns say; whoever may not see all is found by the id alone."""
    wanted = " ".join(words.split())
    if not wanted:
        return []
    found = [] if facts.within is not None else _by_what_is_said(wanted, facts, most)
    if any(one["id"] == wanted for one in found) or not exists(wanted, facts):
        return found
    return [{"id": wanted}, *found[: most - 1]]


def _by_what_is_said(wanted: str, facts: Facts, most: int) -> list[Mapping[str, Any]]:
    personal = [one.name for one in _CUSTOMER.columns if one.personal and one.type is Type.TEXT]
    words = [exp.Literal.string(word.lower()) for word in wanted.split(" ")]
    told = [exp.and_(*(call("contains", exp.Lower(this=column(name)), word) for word in words)) for name in personal]
    same = exp.EQ(this=column("id"), expression=exp.Literal.string(wanted))
    shown = ["id", *personal, *(one.name for one in _CUSTOMER.columns if one.dimension), _CUSTOMER.anchor]
    sql = _select(_CUSTOMER, shown, exp.or_(same, *told))
    first = exp.Case(ifs=[exp.If(this=same.copy(), true=exp.Literal.number(0))], default=exp.Literal.number(1))
    order = [exp.Ordered(this=first), exp.Ordered(this=column(personal[0]), nulls_first=False), exp.Ordered(this=column("id"))]
    rows: list[Mapping[str, Any]] = _rows(sql.order_by(*order).limit(most), _CUSTOMER, facts).to_pylist()
    return rows


def exists(customer: str, facts: Facts) -> bool:
    """Whether anything is known of a customer."""
    for entity in ENTITIES.values():
        where = both(_concerns(customer), _reach(entity, facts))
        if _may(entity, facts) and len(_rows(_select(entity, ["id"], where).limit(1), entity, facts)):
            return True
    return False


def known(customer: str, facts: Facts) -> Known:
    """Everything that is known of a customer: what names them, and what refers to that, in one query an entity."""
    tables: dict[str, pa.Table] = {}
    cut = []
    for entity in _in_order():
        if not _may(entity, facts):
            continue
        order = [exp.Ordered(this=column(entity.anchor), desc=True, nulls_first=False), exp.Ordered(this=column("id"))]
        sql = _everything(customer, entity, tables, facts).order_by(*order).limit(MOST_FACTS + 1)
        table = _rows(sql, entity, facts)
        if len(table) > MOST_FACTS:
            cut.append(entity.name)
        if len(table):
            tables[entity.name] = table.slice(0, MOST_FACTS)
    return Known(customer, {name: tables[name] for name in ENTITIES if name in tables}, tuple(cut))


def _everything(customer: str, entity: Entity, tables: Mapping[str, pa.Table], facts: Facts) -> exp.Select:
    """The rows of an entity that concern a customer or refer to rows found; each in a query of its own, as files are read."""
    names, reach = [one.name for one in entity.all_columns], _reach(entity, facts)
    found: exp.Query = _select(entity, names, both(_concerns(customer), reach))
    if ties := list(_ties(entity, tables)):
        found = exp.union(found, _select(entity, names, both(exp.or_(*ties), reach)), distinct=True)
    return exp.select(*map(column, names)).from_(found.subquery("found"))


def _in_order() -> list[Entity]:
    """Entities that others refer to come first, readings of texts last."""
    return sorted(ENTITIES.values(), key=lambda entity: (entity.name not in _REFERRED, "of_entity" in entity.by_name))


def _concerns(customer: str) -> exp.Expr:
    return exp.EQ(this=column("customer_id"), expression=exp.Literal.string(customer))


def _ties(entity: Entity, tables: Mapping[str, pa.Table]) -> Iterator[exp.Expr]:
    """Conditions that hold for rows which refer to rows found."""
    for one in entity.all_columns:
        if one.refers and one.refers in tables and one.refers != "customer":
            yield _among(one.name, tables[one.refers])
    if "of_entity" in entity.by_name:
        for name, table in tables.items():
            kind = exp.EQ(this=column("of_entity"), expression=exp.Literal.string(name))
            yield exp.and_(kind, _among("of_id", table))


def _among(name: str, table: pa.Table) -> exp.Expr:
    return exp.In(this=column(name), expressions=[exp.Literal.string(one) for one in table["id"].to_pylist()])


def _may(entity: Entity, facts: Facts) -> bool:
    """Whether whoever asks can be told which rows of an entity they may see."""
    return facts.within is None or facts.within.column in entity.by_name


def _reach(entity: Entity, facts: Facts) -> exp.Expr | None:
    return limit(facts.within, entity.name) if facts.within is not None and _may(entity, facts) else None


def _select(entity: Entity, names: Sequence[str], where: exp.Expr | None) -> exp.Select:
    return exp.select(*map(column, names)).from_(exp.table_(entity.name, quoted=True)).where(where)


def _rows(sql: exp.Select, entity: Entity, facts: Facts) -> pa.Table:
    files = facts.snapshot(entity.name).files
    if not files:
        return pa.table({"id": pa.nulls(0, pa.string())})
    return facts.engine.query(sql, {entity.name: [file.path for file in files]})
