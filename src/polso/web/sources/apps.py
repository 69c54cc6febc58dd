"""The feature, for Django."""

from django.apps import AppConfig


class Sources(AppConfig):
    """The feature."""

    name = "polso.web.sources"
    label = "sources"
    default = True
