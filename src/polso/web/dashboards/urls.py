"""Addresses of dashboards."""

from django.urls import path

from polso.web.dashboards import tour, views

urlpatterns = [
    path("", views.today, name="today"),
    path("tour", tour.tour, name="tour"),
    path("dashboards/new", views.new, name="dashboard_new"),
    path("dashboards/own/<int:pk>/", views.own, name="own_dashboard"),
    path("dashboards/own/<int:pk>/edit", views.edit, name="dashboard_edit"),
    path("dashboards/own/<int:pk>/drop", views.drop, name="dashboard_drop"),
    path("dashboards/own/<int:pk>/share", views.share, name="dashboard_share"),
    path("dashboards/<slug:name>/", views.today, name="dashboard"),
    path("shared/<str:secret>/", views.shared, name="shared"),
    path("shared/<str:secret>/changed", views.shared_changed, name="shared_changed"),
]
