"""One visit to the FAQ, the knowledge base or the bot."""

from polso.entities.schema import Entity, dimension, flag, moment, text

SELF_SERVICE = Entity(
    name="self_service",
    row="visit to FAQ, knowledge base or bot",
    anchor="at",
    columns=(
        moment("at", "When.", required=True),
        text("query", "What they searched.", personal=True),
        flag("answered", "Whether they found an answer."),
        flag("escalated", "Whether it went on to a person."),
        flag("human_needed", "Whether a person was needed in the end."),
        dimension("tool", "faq, knowledge_base, bot."),
        dimension("topic", "What it was about."),
    ),
)
