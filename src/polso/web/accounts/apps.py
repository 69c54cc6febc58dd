"""People who sign in, what each may do, and what was done."""

from django.apps import AppConfig


class Accounts(AppConfig):
    """The feature."""

    name = "polso.web.accounts"
    label = "accounts"
    default = True
