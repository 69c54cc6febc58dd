"""A customer, from the day they came to the day they left."""

from polso.entities.schema import Entity, dimension, flag, moment, text

CUSTOMER = Entity(
    name="customer",
    row="customer",
    anchor="acquired_at",
    begin="acquired_at",
    end="lost_at",
    columns=(
        moment("acquired_at", "When they became a customer.", required=True),
        moment("lost_at", "When they stopped being one; empty while they are."),
        text("lost_reason", "Why they left."),
        text("name", "Their name.", personal=True),
        text("email", "Their e-mail address.", personal=True),
        text("phone", "Their telephone number.", personal=True),
        flag("consent_contact", "Whether they may be asked for feedback."),
        flag("consent_marketing", "Whether they accept marketing."),
        dimension("segment", "Kind of customer."),
        dimension("country", "Country."),
        dimension("acquisition_channel", "The channel they came by."),
        dimension("product_category", "What they mostly buy."),
        dimension("plan", "Their plan."),
        dimension("company", "The company they belong to."),
    ),
)
