"""Addresses of webhooks."""

from django.urls import path

from polso.web.webhooks import views

urlpatterns = [
    path("", views.webhooks, name="webhooks"),
    path("<int:pk>/", views.endpoint, name="webhook"),
    path("<int:pk>/try", views.try_out, name="webhook_try"),
    path("<int:pk>/stop", views.stop, name="webhook_stop"),
    path("<int:pk>/drop", views.drop, name="webhook_drop"),
]
