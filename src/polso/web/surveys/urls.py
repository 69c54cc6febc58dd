"""Addresses of surveys."""

from django.urls import path

from polso.web.surveys import public, views

urlpatterns = [
    path("s/<str:token>/", public.respond, name="survey_answer"),
    path("a/<slug:key>/", public.anybody, name="survey_public"),
    path("a/<slug:key>/look.css", public.look, name="survey_look"),
    path("a/<slug:key>/logo", public.logo, name="survey_logo"),
    path("a/<slug:key>/<slug:place>/", public.anybody, name="survey_place"),
    path("surveys/", views.surveys, name="surveys"),
    path("surveys/<slug:key>/", views.survey, name="survey"),
    path("surveys/<slug:key>/status", views.status, name="survey_status"),
    path("surveys/<slug:key>/edit", views.edit, name="survey_edit"),
    path("surveys/<slug:key>/preview", views.preview, name="survey_preview"),
    path("surveys/<slug:key>/addresses", views.addresses, name="survey_addresses"),
    path("surveys/<slug:key>/qr.svg", views.qr, name="survey_qr"),
    path("surveys/<slug:key>/phone", views.phone, name="survey_phone"),
]
