"""One answer made by a machine."""

from polso.entities.schema import Entity, dimension, flag, moment

AI_ANSWER = Entity(
    name="ai_answer",
    row="machine-made answer",
    anchor="at",
    columns=(
        moment("at", "When it was given.", required=True),
        flag("judged_correct", "What a judge found; empty means not judged."),
        flag("accepted", "Whether the customer or agent accepted it."),
        dimension("tool", "The machine."),
        dimension("topic", "What it was about."),
    ),
)
