"""The kinds of questions: their scales, and what they are as facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """What is known of a kind of question."""

    name: Any
    fact: str
    """The `kind` of its answers as facts."""
    scales: tuple[tuple[int, int], ...] = ()
    """The scales it may have, the usual one first; none where there is no score."""

    @property
    def scored(self) -> bool:
        """Whether it is answered with a score."""
        return bool(self.scales)


KINDS: dict[str, Kind] = {
    "nps": Kind(_("recommendation (NPS), 0 to 10"), "nps", ((0, 10),)),
    "csat": Kind(_("satisfaction (CSAT), numbers"), "csat", ((1, 5),)),
    "faces": Kind(_("satisfaction (CSAT), faces"), "csat", ((1, 5),)),
    "stars": Kind(_("stars"), "stars", ((1, 5),)),
    "ces": Kind(_("effort (CES)"), "ces", ((1, 7), (1, 5))),
    "thumbs": Kind(_("thumb up or down"), "thumbs", ((0, 1),)),
    "choice": Kind(_("one of several"), "choice"),
    "choices": Kind(_("any of several"), "choice"),
    "open": Kind(_("in their own words"), "open"),
}
