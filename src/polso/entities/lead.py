"""One lead."""

from polso.entities.schema import Entity, dimension, moment, text

LEAD = Entity(
    name="lead",
    row="lead",
    anchor="created_at",
    columns=(
        moment("created_at", "When it came in.", required=True),
        moment("first_contact_at", "When someone first got back to them."),
        moment("qualified_at", "When it was found worth pursuing."),
        moment("converted_at", "When it became a customer or a deal."),
        moment("lost_at", "When it was given up."),
        text("first_contact_by", "Who made the first contact.", values=("human", "auto")),
        dimension("source", "Where it came from."),
        dimension("owner", "Who follows it."),
        dimension("campaign", "The campaign it came by."),
    ),
)
