"""The feature, for Django."""

from django.apps import AppConfig


class Surveys(AppConfig):
    """The feature."""

    name = "polso.web.surveys"
    label = "surveys"
    default = True
