"""Addresses of dashboards."""

from django.urls import path

from polso.web.dashboards import views

urlpatterns = [
    path("", views.today, name="today"),
    path("dashboards/<slug:name>/", views.today, name="dashboard"),
]
