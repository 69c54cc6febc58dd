"""What a fact is made of: entities and their columns, declared once.

The Arrow schema, the checks, the documentation, the mapping help and the columns that
erasure touches are all read from these declarations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import pyarrow as pa

from polso.errors import QueryError, did_you_mean

CUSTOMER_GROUPS = 32
"""How many groups customers are dealt into; intervals leave out one group at a time."""


class Type(Enum):
    """The type of a column, as stored."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type; timestamps are microseconds in UTC."""
        return _ARROW[self]

    @property
    def sql(self) -> str:
        """The DuckDB type name."""
        return _SQL[self]


_ARROW = {
    Type.TEXT: pa.string(),
    Type.NUMBER: pa.float64(),
    Type.INTEGER: pa.int64(),
    Type.BOOLEAN: pa.bool_(),
    Type.TIMESTAMP: pa.timestamp("us", "UTC"),
}
_SQL = {
    Type.TEXT: "VARCHAR",
    Type.NUMBER: "DOUBLE",
    Type.INTEGER: "BIGINT",
    Type.BOOLEAN: "BOOLEAN",
    Type.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
}


@dataclass(frozen=True)
class Column:
    """One column of an entity."""

    name: str
    type: Type
    about: str
    required: bool = False
    """A row without it is refused."""
    dimension: bool = False
    """One of the segments the field asks for; any text."""
    personal: bool = False
    """Tells who a person is, or is what a person wrote; hidden from roles without the right."""
    values: tuple[str, ...] = ()
    """The closed list of values, where there is one."""
    refers: str | None = None
    """The entity whose `id` it holds; erasing that row erases this one."""
    low: float | None = None
    """The least value that makes sense; a row below it is refused."""
    system: bool = False
    """Filled by Polso, never by a file."""

    @property
    def time(self) -> bool:
        """Whether it is a moment."""
        return self.type is Type.TIMESTAMP


@dataclass(frozen=True)
class Entity:
    """A kind of fact: one row is one `row`, dated by its `anchor`, which never changes."""

    name: str
    row: str
    anchor: str
    columns: tuple[Column, ...]
    begin: str | None = None
    """Where a row stands for something that lasts: the column when it began."""
    end: str | None = None
    """The column when it ended; null while it lasts."""

    @cached_property
    def all_columns(self) -> tuple[Column, ...]:
        """Every stored column: the ones each entity has, then its own."""
        own = {column.name for column in self.columns}
        return tuple(c for c in _every_entity_has(self) if c.name not in own) + self.columns

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Stored columns by name."""
        return {column.name: column for column in self.all_columns}

    @property
    def arrow_schema(self) -> pa.Schema:
        """The stored schema, without the partition column `month`."""
        return pa.schema([pa.field(c.name, c.type.arrow) for c in self.all_columns])

    @property
    def fillable(self) -> tuple[Column, ...]:
        """The columns a file may fill."""
        return tuple(column for column in self.all_columns if not column.system)

    def column(self, name: str) -> Column:
        """Return a stored column; raises QueryError with the nearest name."""
        if name not in self.by_name:
            raise QueryError(f"{self.name} has no column '{name}'{did_you_mean(name, self.by_name)}")
        return self.by_name[name]


def _every_entity_has(entity: Entity) -> tuple[Column, ...]:
    return (
        Column("id", Type.TEXT, f"The {entity.row}'s own identifier, unique among its kind.", required=True),
        Column("source", Type.TEXT, "The system or file it came from.", dimension=True),
        Column("customer_id", Type.TEXT, "The customer concerned, where a person is involved.", personal=True, refers="customer"),
        Column("customer_group", Type.INTEGER, "The customer's group, 0 to 31, by a stable hash.", system=True),
        Column("extra", Type.TEXT, "What else the source said, as JSON text; usable in filters and splits."),
    )


def text(name: str, about: str, **flags: object) -> Column:
    """A text column."""
    return Column(name, Type.TEXT, about, **flags)  # type: ignore[arg-type]


def dimension(name: str, about: str) -> Column:
    """A text column people split by."""
    return Column(name, Type.TEXT, about, dimension=True)


def number(name: str, about: str, **flags: object) -> Column:
    """A column of real numbers."""
    return Column(name, Type.NUMBER, about, **flags)  # type: ignore[arg-type]


def integer(name: str, about: str, **flags: object) -> Column:
    """A column of whole numbers."""
    return Column(name, Type.INTEGER, about, **flags)  # type: ignore[arg-type]


def flag(name: str, about: str, **flags: object) -> Column:
    """A yes-or-no column; null means unknown."""
    return Column(name, Type.BOOLEAN, about, **flags)  # type: ignore[arg-type]


def moment(name: str, about: str, **flags: object) -> Column:
    """A moment, stored in UTC to the microsecond."""
    return Column(name, Type.TIMESTAMP, about, **flags)  # type: ignore[arg-type]
