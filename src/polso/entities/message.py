"""One message, call or visit."""

from polso.entities.schema import Entity, dimension, moment, number, text

MESSAGE = Entity(
    name="message",
    row="message, call or visit",
    anchor="at",
    columns=(
        moment("at", "When.", required=True),
        text("direction", "Towards us or from us.", values=("in", "out")),
        text("author", "Who wrote or spoke.", values=("customer", "agent", "bot")),
        text("text", "What was said.", personal=True),
        number("duration_seconds", "How long it lasted.", low=0),
        text("ticket_id", "The case it belongs to.", refers="ticket"),
        dimension("channel", "email, chat, social, phone, in_person, sms or form."),
    ),
)
