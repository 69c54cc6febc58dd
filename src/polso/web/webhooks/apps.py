"""The feature, for Django."""

from django.apps import AppConfig


class Webhooks(AppConfig):
    """The feature."""

    name = "polso.web.webhooks"
    label = "webhooks"
    default = True

    def ready(self) -> None:
        """Listen to what happens."""
        from polso.web.inbox.move import moved
        from polso.web.jobs.upkeep import FORGETTING
        from polso.web.webhooks import deliver, events

        moved.connect(events.batches_moved)
        FORGETTING.append(deliver.forget)
