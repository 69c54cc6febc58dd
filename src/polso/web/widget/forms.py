"""Where, when and to whom a survey shows up."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext_lazy as _

from polso.web.widget.models import Widget

_EVENT = re.compile(r"[\w.:-]{1,60}\Z")


class Lines(forms.CharField):
    """One text a line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """As they are typed."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """As they are kept."""
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return list(dict.fromkeys(line.strip()[:200] for line in lines if line.strip()))[:50]


class Setting(forms.ModelForm):  # type: ignore[type-arg]
    """Everything about a widget; an empty trigger does not trigger."""

    origins = Lines(
        label=_("Sites that may show it"),
        required=False,
        help_text=_("One a line, like https://shop.example.com. Only these may send answers."),
    )
    pages = Lines(label=_("Only on these pages"), required=False, help_text=_("One a line; * stands for anything: /checkout/*"))
    seconds = forms.IntegerField(label=_("After so many seconds"), required=False, min_value=0, max_value=86_400)
    percent = forms.IntegerField(label=_("When so much of the page was read, %"), required=False, min_value=1, max_value=100)
    exit = forms.BooleanField(label=_("When the mouse leaves the page"), required=False)
    selector = forms.CharField(label=_("On a click on (CSS selector)"), required=False, max_length=200)
    event = forms.CharField(label=_("When the page says so, with polso('event', …)"), required=False, max_length=60)

    class Meta:
        model = Widget
        fields = ("origins", "pages", "sample", "every", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {one["on"]: one for one in self.instance.triggers}
        for on, name in _DETAILS.items():
            if on in known:
                self.initial[name] = known[on].get(name if on != "event" else "name", True)

    def clean_origins(self) -> list[str]:
        """Sites, without a path."""
        found = [_origin(one) for one in self.cleaned_data["origins"]]
        if wrong := [given for given, origin in zip(self.cleaned_data["origins"], found, strict=True) if not origin]:
            raise forms.ValidationError(_("“%(site)s” is not a site like https://shop.example.com.") % {"site": wrong[0]})
        return list(dict.fromkeys(found))

    def clean_sample(self) -> float:
        """A share."""
        share = float(self.cleaned_data["sample"])
        if not 0 <= share <= 100:
            raise forms.ValidationError(_("From 0 to 100 %."))
        return share

    def clean_event(self) -> str:
        """A simple name."""
        name = str(self.cleaned_data["event"])
        if name and not _EVENT.match(name):
            raise forms.ValidationError(_("Letters, digits and . : - only."))
        return name

    def save(self, commit: bool = True) -> Any:
        """Keep it with its triggers."""
        self.instance.triggers = list(self._triggers())
        return super().save(commit)

    def _triggers(self) -> Any:
        for on, name in _DETAILS.items():
            value = self.cleaned_data.get(name)
            if value is True:
                yield {"on": on}
            elif value not in (None, "", False):
                yield {"on": on, ("name" if on == "event" else name): value}


_DETAILS = {"time": "seconds", "scroll": "percent", "exit": "exit", "click": "selector", "event": "event"}


def _origin(given: str) -> str:
    """A site as browsers name it; empty where it is none."""
    try:
        parts = urlsplit(given.lower().rstrip("/"))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.username:
        return ""
    return f"{parts.scheme}://{parts.hostname}{port}"
