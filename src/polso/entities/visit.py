"""One session on the site or in the app."""

from polso.entities.schema import Entity, dimension, flag, integer, moment, number, text

VISIT = Entity(
    name="visit",
    row="web or app session",
    anchor="started_at",
    columns=(
        moment("started_at", "When it began.", required=True),
        integer("pageviews", "Pages seen.", low=0),
        number("duration_seconds", "How long it lasted.", low=0),
        flag("converted", "Whether it reached its goal."),
        flag("cart_created", "Whether something was put in a cart."),
        flag("checkout_completed", "Whether the cart was paid."),
        text("visitor_id", "The visitor, where known.", personal=True),
        dimension("source", "Where it came from; 'direct' when hidden or typed in."),
        dimension("medium", "The medium."),
        dimension("campaign", "The campaign."),
        dimension("device", "The device."),
    ),
)
