"""Surveys: from a question to an answer, over every channel."""
