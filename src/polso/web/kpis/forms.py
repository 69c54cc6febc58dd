"""What people set beside the numbers, as forms."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from polso.web.kpis.models import MOST_PINNED, Goal, Happening


class NewGoal(forms.ModelForm):  # type: ignore[type-arg]
    """What a KPI should reach."""

    class Meta:
        model = Goal
        fields = ("target", "grain", "since", "until", "where", "pinned")
        widgets: ClassVar[dict[str, Any]] = {
            "since": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "where": forms.TextInput(attrs={"placeholder": "channel = 'email'", "spellcheck": "false"}),
        }

    def clean_pinned(self) -> bool:
        """At most three goals are worked on at once."""
        pinned = bool(self.cleaned_data["pinned"])
        if pinned and Goal.objects.filter(pinned=True).count() >= MOST_PINNED:
            raise forms.ValidationError(_("Three goals are pinned already: unpin one first, or pin this one later."))
        return pinned

    def clean(self) -> dict[str, Any]:
        """A goal cannot end before it begins."""
        given = super().clean() or {}
        if given.get("until") and given.get("since") and given["until"] < given["since"]:
            self.add_error("until", _("It ends before it begins."))
        return given


class NewHappening(forms.ModelForm):  # type: ignore[type-arg]
    """Something that happened."""

    everywhere = forms.BooleanField(label=_("Show it with every KPI"), required=False, initial=True)

    class Meta:
        model = Happening
        fields = ("day", "text")
        widgets: ClassVar[dict[str, Any]] = {"day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
