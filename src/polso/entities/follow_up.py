"""One follow-up of an answer: somebody was asked to see to an unhappy customer."""

from polso.entities.schema import Entity, dimension, moment, number, text

FOLLOW_UP = Entity(
    name="follow_up",
    row="follow-up",
    anchor="opened_at",
    begin="opened_at",
    end="closed_at",
    columns=(
        moment("opened_at", "When somebody was asked to see to it.", required=True),
        moment("answered_at", "When the customer had answered."),
        moment("due_at", "When the customer is to be contacted at the latest."),
        moment("contacted_at", "When they first were."),
        moment("closed_at", "When it was closed; empty while it is open."),
        text("status", "Where it stands.", values=("open", "contacted", "solved", "unsolved")),
        text("reason", "What it turned out to be about, from the workspace's own list."),
        text("response_id", "The answer that is followed up.", refers="response"),
        text("kind", "What had been asked.", values=("nps", "csat", "ces", "stars", "thumbs", "choice", "open")),
        number("score", "The score that was given."),
        dimension("survey", "The survey."),
        dimension("touchpoint", "The moment of the journey."),
        dimension("channel", "How they had been asked."),
        dimension("segment", "Kind of customer."),
        dimension("product_category", "The product concerned."),
        dimension("department", "The department that served them."),
        dimension("team", "The team it was given to."),
        dimension("agent", "Who follows it up."),
        dimension("rule", "The rule that opened it."),
        dimension("priority", "Priority."),
    ),
)
