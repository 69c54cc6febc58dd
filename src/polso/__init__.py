"""Polso measures customer experience: every KPI from one open formula, each with its interval."""

from polso.answer import Answer, Answers, Change, Estimate, Row
from polso.errors import PolsoError
from polso.query import Query
from polso.workspace import Workspace, measure, open, restore

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Answers",
    "Change",
    "Estimate",
    "PolsoError",
    "Query",
    "Row",
    "Workspace",
    "__version__",
    "measure",
    "open",
    "restore",
]
