"""One contract."""

from polso.entities.schema import Entity, dimension, moment, number, text

SUBSCRIPTION = Entity(
    name="subscription",
    row="contract",
    anchor="started_at",
    begin="started_at",
    end="ended_at",
    columns=(
        moment("started_at", "When it began.", required=True),
        moment("ended_at", "When it ended; empty while it runs."),
        number("monthly_revenue", "What it brings a month, in the workspace's currency.", low=0),
        text("end_reason", "Why it ended."),
        dimension("plan", "The plan."),
        dimension("product_category", "The product."),
    ),
)
