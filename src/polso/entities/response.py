"""One answer to one question of a survey."""

from polso.entities.schema import Entity, dimension, flag, moment, number, text

RESPONSE = Entity(
    name="response",
    row="answer",
    anchor="submitted_at",
    columns=(
        moment("submitted_at", "When it was given.", required=True),
        text(
            "kind",
            "What was asked.",
            required=True,
            values=("nps", "csat", "ces", "stars", "thumbs", "choice", "open"),
        ),
        text("programme", "Of the whole relation, or of one contact.", values=("relational", "transactional")),
        number("score", "The score as given; empty when the question was skipped."),
        number("scale_min", "The lowest score one could give."),
        number("scale_max", "The highest score one could give."),
        flag("high_is_good", "Whether a high score is a good one."),
        text("comment", "What they wrote.", personal=True),
        text("ticket_id", "The ticket it is about.", refers="ticket"),
        text("order_id", "The order it is about.", refers="order"),
        moment("started_at", "When the task or the questionnaire was begun."),
        dimension("survey", "The survey."),
        dimension("touchpoint", "The moment of the journey."),
        dimension("channel", "How they were asked."),
        dimension("language", "The language they answered in."),
        dimension("segment", "Kind of customer."),
        dimension("country", "Country."),
        dimension("agent", "Who served them when they answered."),
        dimension("department", "The department that served them."),
        dimension("product_category", "The product concerned."),
    ),
)
