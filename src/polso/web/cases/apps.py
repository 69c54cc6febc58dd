"""The feature, for Django."""

from django.apps import AppConfig


class Cases(AppConfig):
    """The feature."""

    name = "polso.web.cases"
    label = "cases"
    default = True

    def ready(self) -> None:
        """Listen for answers, and know what does the jobs."""
        from polso.web.cases import erase, mail, opening  # noqa: F401
        from polso.web.customers.erasing import ALSO
        from polso.web.inbox.move import moved

        moved.connect(opening.answers_moved)
        ALSO.append(erase.erase)
