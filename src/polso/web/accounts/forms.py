"""What people are asked about themselves and others."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from polso.web.accounts.models import ROLES, Invitation, Person
from polso.web.accounts.roles import LIMITED_TO, Role


class NewPerson(forms.ModelForm):  # type: ignore[type-arg]
    """The first owner, and whoever accepts an invitation."""

    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least ten characters; a few words in a row are easy to remember."),
    )

    class Meta:
        model = Person
        fields = ("name", "email")
        widgets = {  # noqa: RUF012
            "name": forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def clean_email(self) -> str:
        """Addresses are the same in small and capital letters."""
        email = str(self.cleaned_data["email"]).lower()
        if Person.objects.filter(email=email).exists():
            raise forms.ValidationError(_("Somebody with this address is here already: sign in instead."))
        return email

    def clean_password(self) -> str:
        """Refuse passwords that are guessed first."""
        password = str(self.cleaned_data["password"])
        validate_password(password, Person(email=self.cleaned_data.get("email", ""), name=self.cleaned_data.get("name", "")))
        return password


class Invite(forms.ModelForm):  # type: ignore[type-arg]
    """Whom to invite, and what they may see."""

    role = forms.ChoiceField(label=_("Role"), choices=ROLES, initial=Role.EXECUTIVE)
    limit_column = forms.ChoiceField(
        label=_("Sees only those of some"),
        required=False,
        choices=[("", "—"), ("department", _("department")), ("team", _("team")), ("agent", _("agent"))],
        help_text=_("For managers: department or team. For operators: agent."),
    )
    limits = forms.CharField(
        label=_("Which ones"), required=False, help_text=_("As they are written in the facts, with commas between them.")
    )

    class Meta:
        model = Invitation
        fields = ("email", "role", "limit_column")

    def clean_email(self) -> str:
        """Who is here needs no invitation."""
        email = str(self.cleaned_data["email"]).lower()
        if Person.objects.filter(email=email).exists():
            raise forms.ValidationError(_("Somebody with this address is here already."))
        return email

    def clean(self) -> dict[str, Any]:
        """Limited roles need to know to what."""
        given = super().clean() or {}
        columns = LIMITED_TO.get(Role(given.get("role", Role.EXECUTIVE)))
        values = [value.strip() for value in given.get("limits", "").split(",") if value.strip()]
        if columns is None:
            given["limit_column"], values = "", []
        elif given.get("limit_column") not in columns:
            self.add_error(
                "limit_column", _("Choose what this role is limited by: %(columns)s.") % {"columns": ", ".join(columns)}
            )
        elif not values:
            self.add_error("limits", _("Name at least one."))
        given["limit_values"] = values
        return given
