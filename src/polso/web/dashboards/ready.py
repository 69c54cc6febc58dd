"""The dashboards that are there from the first day, one for each role."""

from __future__ import annotations

from polso.web.accounts.roles import Role

READY: dict[str, tuple[str, ...]] = {
    "executive": ("nps", "csat", "churn_rate", "revenue", "resolution_time_median"),
    "service": (
        *("ticket_volume", "first_response_time_median", "resolution_time_median", "resolution_time_p90"),
        *("fcr", "reopen_rate", "backlog", "csat", "repeat_contact_rate"),
    ),
    "voice": ("nps", "csat", "ces", "responses", "response_rate", "sentiment_score", "mentions", "mention_reply_rate"),
    "sales": ("lead_response_time", "win_rate", "sales_cycle", "pipeline_velocity", "revenue", "new_customers"),
    "digital": ("visits", "conversion_rate", "cart_abandonment", "pages_per_visit", "direct_traffic", "campaign_roi"),
    "operator": (
        "ticket_volume",
        "tickets_resolved",
        "first_response_time_median",
        "resolution_time_median",
        "reopen_rate",
        "csat",
    ),
}
FIRST: dict[Role, str] = {
    Role.OWNER: "executive",
    Role.EXECUTIVE: "executive",
    Role.ANALYST: "voice",
    Role.MANAGER: "service",
    Role.OPERATOR: "operator",
}
"""The dashboard a role opens on."""
