"""The feature, for Django."""

from django.apps import AppConfig


class Surveys(AppConfig):
    """The feature."""

    name = "polso.web.surveys"
    label = "surveys"
    default = True

    def ready(self) -> None:
        """Forget a customer together with the other features."""
        from polso.web.customers.erasing import ALSO
        from polso.web.surveys.erase import erase

        ALSO.append(erase)
