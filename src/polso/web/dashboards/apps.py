"""The feature, for Django."""

from django.apps import AppConfig


class Dashboards(AppConfig):
    """The feature."""

    name = "polso.web.dashboards"
    label = "dashboards"
    default = True
