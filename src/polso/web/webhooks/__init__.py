"""Signed messages to other programs when something happened."""
