"""A post, comment or review somewhere else."""

from polso.entities.schema import Entity, dimension, flag, moment, number, text

MENTION = Entity(
    name="mention",
    row="post, comment or review elsewhere",
    anchor="at",
    columns=(
        moment("at", "When it was published.", required=True),
        moment("replied_at", "When we replied."),
        text("kind", "post, comment or review."),
        number("rating", "Stars, where given."),
        flag("recommends", "Whether they recommend us."),
        text("text", "What they wrote.", personal=True),
        text("author", "The name they go by.", personal=True),
        dimension("platform", "Where it was published."),
    ),
)
