"""One purchase."""

from polso.entities.schema import Entity, dimension, moment, number, text

ORDER = Entity(
    name="order",
    row="purchase",
    anchor="ordered_at",
    columns=(
        moment("ordered_at", "When it was made.", required=True),
        number("amount", "What was paid, in the workspace's currency."),
        number("margin", "What is left of it after direct costs."),
        text("kind", "What kind of purchase.", values=("first", "repeat", "upsell", "cross_sell")),
        moment("delivered_at", "When it was delivered."),
        dimension("campaign", "The campaign it came by."),
        dimension("channel", "Where it was made."),
        dimension("product_category", "The product."),
    ),
)
