"""What was read in a text."""

from polso.entities.schema import Entity, dimension, moment, number, text

ANNOTATION = Entity(
    name="annotation",
    row="reading of a text",
    anchor="at",
    columns=(
        moment("at", "When the text was written.", required=True),
        text("of_entity", "The kind of fact it was read in.", values=("response", "message", "mention", "ticket")),
        text("of_id", "The fact it was read in."),
        dimension("language", "The language of the text."),
        number("sentiment", "From −100 (bad) to 100 (good)."),
        text("label", "The class.", values=("positive", "neutral", "negative", "mixed")),
        dimension("emotion", "The emotion."),
        dimension("aspect", "What is spoken of; empty for the text as a whole."),
        dimension("theme", "The theme."),
        dimension("model", "What read it."),
        text("version", "The model's version."),
        number("confidence", "How sure it was, 0 to 1."),
        dimension("channel", "Where the text came from: reviews, social, chat, email, survey."),
    ),
)
