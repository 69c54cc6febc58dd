"""One thing that happened to a support case."""

from polso.entities.schema import Entity, dimension, flag, moment, text

TICKET_EVENT = Entity(
    name="ticket_event",
    row="event of a case",
    anchor="at",
    columns=(
        text("ticket_id", "The case it happened to.", required=True, refers="ticket"),
        moment("at", "When it happened.", required=True),
        text(
            "kind",
            "What happened; a file may write 'status:resolved' for a change of status to resolved.",
            required=True,
            values=("created", "reply", "note", "status", "assign", "rating", "handover"),
        ),
        text("author", "Who did it.", values=("customer", "agent", "bot")),
        flag("public", "Whether the customer could see it."),
        text("from", "The value before, for a change."),
        text("to", "The value after, for a change."),
        dimension("agent", "The agent who had the case then."),
    ),
)
