"""Addresses of the widget: those that pages of others ask for, and the page on which it is set up."""

from django.urls import path

from polso.web.widget import public, views

urlpatterns = [
    path("w.js", public.script, name="widget_script"),
    path("w/<slug:key>.json", public.config, name="widget_config"),
    path("w/<slug:key>", public.take, name="widget_answers"),
    path("widgets/<slug:key>/", views.widget, name="widget"),
]
