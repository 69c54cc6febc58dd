"""What is asked about a case, and about the rules that open them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from polso.web.accounts.models import Person
from polso.web.cases.models import Entry, Priority, Reason, Rule, Status, Team
from polso.web.cases.reach import takers

SAID = (Entry.Kind.NOTE, Entry.Kind.CALL, Entry.Kind.REPLY)
_NOBODY = [("", _("nobody yet"))]


class Note(forms.Form):
    """A note, a call, what the customer replied."""

    kind = forms.ChoiceField(label=_("What"), choices=[(one.value, one.label) for one in SAID])
    text = forms.CharField(label=_("Text"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}))


class Mail(forms.Form):
    """An e-mail to the customer."""

    subject = forms.CharField(label=_("Subject"), max_length=200)
    text = forms.CharField(label=_("Text"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 6}))


class Give(forms.Form):
    """Who is to see to it."""

    to = forms.ChoiceField(label=_("Give it to"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [*_NOBODY, *((f"person:{one.pk}", str(one)) for one in takers())]
        choices += [(f"team:{one.pk}", f"{one} ({_('by load')})") for one in Team.objects.all()]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]

    def clean_to(self) -> Person | Team | None:
        """The person or team that was chosen."""
        sort, _, pk = str(self.cleaned_data["to"]).partition(":")
        if not pk:
            return None
        return Person.objects.get(pk=pk) if sort == "person" else Team.objects.get(pk=pk)


class Due(forms.Form):
    """By when, and how much it matters."""

    due = forms.DateTimeField(
        label=_("Due"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices)


class Close(forms.Form):
    """How it ended."""

    status = forms.ChoiceField(
        label=_("How did it end?"),
        choices=[(Status.SOLVED.value, _("solved")), (Status.UNSOLVED.value, _("could not be solved"))],
    )
    reason = forms.ModelChoiceField(
        label=_("What was it about?"), queryset=Reason.objects.filter(dropped_at=None), required=False, empty_label="—"
    )
    outcome = forms.CharField(
        label=_("What came of it"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class Several(forms.CharField):
    """A few texts with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        """As they are typed."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """As they are kept."""
        given = value if isinstance(value, list) else str(value or "").split(",")
        return list(dict.fromkeys(one.strip()[:80] for one in given if one.strip()))[:50]


class EditRule(forms.ModelForm):  # type: ignore[type-arg]
    """Which answers open a case, and for whom."""

    words = Several(
        label=_("Words in the comment"),
        required=False,
        max_length=1000,
        help_text=_("Beginnings of words, with commas: refund, late"),
    )
    segments = Several(label=_("Customer segments"), required=False, max_length=1000)
    departments = Several(label=_("Departments"), required=False, max_length=1000)

    class Meta:
        model = Rule
        fields = (
            *("name", "kind", "survey", "low", "high", "words", "departments", "segments", "least_revenue"),
            *("person", "team", "hours", "priority", "place"),
        )
        widgets = {"survey": forms.TextInput(attrs={"list": "surveys"})}  # noqa: RUF012

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = [one.pk for one in takers()]
        self.fields["person"].queryset = Person.objects.filter(pk__in=able)  # type: ignore[attr-defined]

    def clean_hours(self) -> float:
        """Some time, and not years of it."""
        hours = float(self.cleaned_data["hours"])
        if not 0 <= hours <= 1000:
            raise forms.ValidationError(_("From 0 to 1000 working hours."))
        return hours

    def clean(self) -> dict[str, Any]:
        """A rule that fits every answer is a mistake."""
        given = super().clean() or {}
        low, high = given.get("low"), given.get("high")
        if low is not None and high is not None and low > high:
            self.add_error("high", _("This is less than where the range begins."))
        narrow = (given.get(name) for name in ("words", "departments", "segments", "survey"))
        if low is None and high is None and not any(narrow) and given.get("least_revenue") is None:
            self.add_error(None, _("Say which answers open a case: by score, words, survey, department, segment or value."))
        if (low is not None or high is not None) and not given.get("kind"):
            self.add_error("kind", _("A score means something of one kind of question only: choose which."))
        return given


class NewTeam(forms.ModelForm):  # type: ignore[type-arg]
    """People who share cases."""

    class Meta:
        model = Team
        fields = ("name", "members")
        widgets = {"members": forms.CheckboxSelectMultiple}  # noqa: RUF012

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].queryset = Person.objects.filter(pk__in=[one.pk for one in takers()])  # type: ignore[attr-defined]


class NewReason(forms.ModelForm):  # type: ignore[type-arg]
    """What a case may be about."""

    class Meta:
        model = Reason
        fields = ("name",)
