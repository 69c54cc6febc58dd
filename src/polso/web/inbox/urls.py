"""Addresses of the inbox."""

from django.urls import path

from polso.web.inbox import views

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<uuid:pk>/", views.batch, name="inbox_batch"),
    path("<uuid:pk>/forget", views.forget, name="inbox_forget"),
]
