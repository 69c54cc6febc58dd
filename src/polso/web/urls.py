"""Every address of the site."""

from django.urls import include, path

from polso.web import health
from polso.web.api.v1 import api

urlpatterns = [
    path("", include("polso.web.dashboards.urls")),
    path("kpi/", include("polso.web.kpis.urls")),
    path("facts/", include("polso.web.sources.urls")),
    path("", include("polso.web.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
]
