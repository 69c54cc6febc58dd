"""What is read in a text, and what reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Text:
    """A text to be read; `hint` is the language it is likely in, for texts too short to tell."""

    text: str
    hint: str | None = None


@dataclass(frozen=True)
class Opinion:
    """What is thought of one aspect; `sentiment` is -100 to 100, `words` what gave the aspect away."""

    aspect: str
    sentiment: float
    label: str
    confidence: float
    words: str = ""


@dataclass(frozen=True)
class Reading:
    """What was read in one text: `sentiment` -100 to 100, `label` positive, neutral, negative or mixed, `confidence` 0 to 1."""

    language: str | None
    sentiment: float
    label: str
    confidence: float
    model: str
    version: str
    emotion: str | None = None
    opinions: tuple[Opinion, ...] = field(default=())


class Reader(Protocol):
    """Whatever reads texts; one file each."""

    @property
    def model(self) -> str:
        """The name kept with each reading."""

    @property
    def version(self) -> str:
        """The version kept with each reading; another version reads everything anew."""

    def read(self, texts: Sequence[Text]) -> list[Reading | None]:
        """Read texts, in their order; None where there is nothing to read."""
