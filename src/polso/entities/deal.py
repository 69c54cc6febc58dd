"""One sales opportunity."""

from polso.entities.schema import Entity, dimension, moment, number, text

DEAL = Entity(
    name="deal",
    row="sales opportunity",
    anchor="created_at",
    begin="created_at",
    end="closed_at",
    columns=(
        moment("created_at", "When it was opened.", required=True),
        moment("closed_at", "When it was won or lost."),
        text("outcome", "How it ended.", values=("open", "won", "lost")),
        number("amount", "What it is worth, in the workspace's currency."),
        text("kind", "What is sold to whom.", values=("new", "upsell", "cross_sell", "renewal")),
        dimension("loss_reason", "Why it was lost."),
        dimension("stage", "Where it stands."),
        dimension("owner", "Who follows it."),
        dimension("product_category", "The product."),
    ),
)
