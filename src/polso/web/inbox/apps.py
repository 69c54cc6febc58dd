"""The feature, for Django."""

from django.apps import AppConfig


class Inbox(AppConfig):
    """The feature."""

    name = "polso.web.inbox"
    label = "inbox"
    default = True

    def ready(self) -> None:
        """Forget what is old together with the other features."""
        from polso.web.inbox.tidy import forget
        from polso.web.jobs.upkeep import FORGETTING

        FORGETTING.append(forget)
