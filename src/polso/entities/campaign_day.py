"""One day of a campaign."""

from polso.entities.schema import Entity, dimension, integer, moment, number

CAMPAIGN_DAY = Entity(
    name="campaign_day",
    row="day of a campaign",
    anchor="date",
    columns=(
        moment("date", "The day.", required=True),
        number("cost", "What it cost, in the workspace's currency.", low=0),
        number("revenue", "What it brought, by the attribution rule of the source."),
        integer("new_customers", "New customers it brought.", low=0),
        dimension("campaign", "The campaign."),
        dimension("channel", "The channel."),
    ),
)
