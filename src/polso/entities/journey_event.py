"""One step someone took."""

from polso.entities.schema import Entity, dimension, flag, moment, text

JOURNEY_EVENT = Entity(
    name="journey_event",
    row="step someone took",
    anchor="at",
    columns=(
        moment("at", "When.", required=True),
        text("name", "The step.", required=True),
        flag("goal", "Whether it is the journey's goal."),
        dimension("journey", "The journey."),
        dimension("channel", "The channel."),
    ),
)
