"""The feature, for Django."""

from django.apps import AppConfig


class Jobs(AppConfig):
    """The feature."""

    name = "polso.web.jobs"
    label = "jobs"
    default = True

    def ready(self) -> None:
        """Know what does the jobs."""
        from polso.web.jobs import upkeep  # noqa: F401
