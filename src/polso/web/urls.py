"""Every address of the site."""

from django.urls import include, path

from polso.web import health
from polso.web.api import api

urlpatterns = [
    path("", include("polso.web.dashboards.urls")),
    path("kpi/", include("polso.web.kpis.urls")),
    path("facts/", include("polso.web.sources.urls")),
    path("cases/", include("polso.web.cases.urls")),
    path("customers/", include("polso.web.customers.urls")),
    path("inbox/", include("polso.web.inbox.urls")),
    path("", include("polso.web.widget.urls")),
    path("webhooks/", include("polso.web.webhooks.urls")),
    path("", include("polso.web.surveys.urls")),
    path("", include("polso.web.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("health/metrics", health.metrics, name="metrics"),
    path("metrics", health.metrics),
]
