"""Addresses of KPIs."""

from django.urls import path, re_path

from polso.web.kpis import define, goals, views

urlpatterns = [
    path("", views.catalogue, name="kpis"),
    path("changed", views.changed, name="changed"),
    path("goals", goals.goals, name="goals"),
    path("goals/<int:pk>/pin", goals.pin, name="goal_pin"),
    path("goals/<int:pk>/drop", goals.drop, name="goal_drop"),
    path("happenings/<int:pk>/drop", goals.forget, name="happening_drop"),
    path("new", define.define, name="kpi_new"),
    path("try", define.try_out, name="kpi_try"),
    path("<slug:key>/", views.kpi, name="kpi"),
    path("<slug:key>/edit", define.define, name="kpi_edit"),
    path("<slug:key>/drop", define.drop, name="kpi_drop"),
    path("<slug:key>/goal", goals.set_goal, name="kpi_goal"),
    path("<slug:key>/happening", goals.happened, name="kpi_happening"),
    path("<slug:key>/distribution", views.distribution, name="kpi_distribution"),
    path("<slug:key>/rows", views.rows, name="kpi_rows"),
    re_path(r"^(?P<key>[-\w]+)/trend\.(?P<kind>svg|png)$", views.picture, name="kpi_picture"),
    re_path(r"^(?P<key>[-\w]+)/rows\.(?P<kind>csv|xlsx|parquet)$", views.rows_file, name="kpi_rows_file"),
    re_path(r"^(?P<key>[-\w]+)/numbers\.(?P<kind>csv|xlsx|parquet)$", views.numbers_file, name="kpi_download"),
]
