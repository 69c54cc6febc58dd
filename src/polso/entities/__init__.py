"""The kinds of facts Polso keeps, one file each."""

from polso.entities.ai_answer import AI_ANSWER
from polso.entities.annotation import ANNOTATION
from polso.entities.campaign_day import CAMPAIGN_DAY
from polso.entities.customer import CUSTOMER
from polso.entities.deal import DEAL
from polso.entities.follow_up import FOLLOW_UP
from polso.entities.invitation import INVITATION
from polso.entities.journey_event import JOURNEY_EVENT
from polso.entities.lead import LEAD
from polso.entities.mention import MENTION
from polso.entities.message import MESSAGE
from polso.entities.order import ORDER
from polso.entities.response import RESPONSE
from polso.entities.schema import CUSTOMER_GROUPS, Column, Entity, Type
from polso.entities.self_service import SELF_SERVICE
from polso.entities.subscription import SUBSCRIPTION
from polso.entities.ticket import TICKET
from polso.entities.ticket_event import TICKET_EVENT
from polso.entities.visit import VISIT
from polso.errors import QueryError, did_you_mean

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        CUSTOMER,
        RESPONSE,
        INVITATION,
        TICKET,
        TICKET_EVENT,
        MESSAGE,
        MENTION,
        SELF_SERVICE,
        AI_ANSWER,
        LEAD,
        DEAL,
        SUBSCRIPTION,
        ORDER,
        VISIT,
        CAMPAIGN_DAY,
        JOURNEY_EVENT,
        FOLLOW_UP,
        ANNOTATION,
    )
}


def entity(name: str) -> Entity:
    """Return the entity of this name; raises QueryError with the nearest one."""
    if name not in ENTITIES:
        raise QueryError(f"there is no entity '{name}'{did_you_mean(name, ENTITIES)}")
    return ENTITIES[name]


__all__ = ["CUSTOMER_GROUPS", "ENTITIES", "TICKET", "TICKET_EVENT", "Column", "Entity", "Type", "entity"]
