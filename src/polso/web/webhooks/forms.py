"""Where a message is to go, and about what."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from polso.web.webhooks.models import EVENTS, Endpoint
from polso.web.webhooks.outgoing import AddressError, check


class NewEndpoint(forms.ModelForm):  # type: ignore[type-arg]
    """An address and the events it is told about."""

    url = forms.CharField(label=_("Address"), max_length=500, widget=forms.URLInput(attrs={"placeholder": "https://"}))
    events = forms.MultipleChoiceField(
        label=_("What it is told"), choices=list(EVENTS.items()), widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Endpoint
        fields = ("url", "about", "events")

    def clean_url(self) -> str:
        """Messages go to public addresses only."""
        url = str(self.cleaned_data["url"]).strip()
        try:
            check(url)
        except AddressError as error:
            raise forms.ValidationError(str(error)) from None
        return url
