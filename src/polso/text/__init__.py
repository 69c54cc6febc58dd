"""What customers write, read by the machine: language, sentiment, emotion, aspects, themes, personal data."""

from polso.text.readers import FULL, READERS, reader
from polso.text.reading import Opinion, Reader, Reading, Text

__all__ = ["FULL", "READERS", "Opinion", "Reader", "Reading", "Text", "reader"]
