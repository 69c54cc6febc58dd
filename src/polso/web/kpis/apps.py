"""The feature, for Django."""

from django.apps import AppConfig


class Kpis(AppConfig):
    """The feature."""

    name = "polso.web.kpis"
    label = "kpis"
    default = True
