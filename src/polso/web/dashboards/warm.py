"""The first visitor does not wait: every web process draws the first dashboard once when it starts."""

from __future__ import annotations

import logging

from django.db import connections

from polso.query import Within
from polso.web.accounts.roles import Ability, Role
from polso.web.dashboards.ready import FIRST, READY
from polso.web.dashboards.tiles import Frame, drawn
from polso.web.desk import Desk

log = logging.getLogger(__name__)


class _Nobody:
    """Who looks at everything and is shown nothing."""

    within: Within | None = None

    def may(self, ability: Ability) -> bool:
        return True


def warm() -> None:
    """Draw the owner's first dashboard and forget it."""
    try:
        at = Desk(_Nobody())
        until = at.latest_day()
        if until is not None:
            drawn([{"kind": "number", "kpi": key, "width": 2} for key in READY[FIRST[Role.OWNER]]], Frame(until), at)
    except Exception:
        log.warning("the first dashboard could not be drawn in advance", exc_info=True)
    finally:
        connections.close_all()
