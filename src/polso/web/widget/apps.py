"""The feature, for Django."""

from django.apps import AppConfig


class Widgets(AppConfig):
    """The feature."""

    name = "polso.web.widget"
    label = "widget"
    default = True
