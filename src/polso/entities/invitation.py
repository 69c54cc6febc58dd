"""One request to answer a survey."""

from polso.entities.schema import Entity, dimension, moment

INVITATION = Entity(
    name="invitation",
    row="request to answer",
    anchor="sent_at",
    columns=(
        moment("sent_at", "When it was sent.", required=True),
        moment("delivered_at", "When it reached them."),
        moment("opened_at", "When they opened it."),
        moment("started_at", "When they gave a first answer."),
        moment("completed_at", "When they finished."),
        moment("bounced_at", "When it came back undelivered."),
        dimension("survey", "The survey."),
        dimension("channel", "How it was sent."),
        dimension("segment", "Kind of customer."),
    ),
)
