"""Addresses of surveys."""

from django.urls import path

from polso.web.surveys import public

urlpatterns = [
    path("s/<str:token>/", public.respond, name="survey_answer"),
    path("a/<slug:key>/", public.anybody, name="survey_public"),
    path("a/<slug:key>/look.css", public.look, name="survey_look"),
    path("a/<slug:key>/logo", public.logo, name="survey_logo"),
    path("a/<slug:key>/<slug:place>/", public.anybody, name="survey_place"),
]
