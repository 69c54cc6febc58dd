"""A KPI's definition, as little as computing it needs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kpi:
    """What `polso.formula.resolve` reads of a metric."""

    formula: str
    entity: str = "ticket"
    time: str = "opened_at"
    where: str | None = None
    per_customer: str = "every"
    key: str = "mine"
