"""Addresses of KPIs."""

from django.urls import path, re_path

from polso.web.kpis import views

urlpatterns = [
    path("", views.catalogue, name="kpis"),
    path("changed", views.changed, name="changed"),
    path("<slug:key>/", views.kpi, name="kpi"),
    path("<slug:key>/trend.svg", views.picture, name="kpi_picture"),
    re_path(r"^(?P<key>\w+)/numbers\.(?P<kind>csv|xlsx|parquet)$", views.download, name="kpi_download"),
]
