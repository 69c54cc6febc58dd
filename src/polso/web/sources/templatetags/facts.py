"""Kinds of facts in templates."""

from __future__ import annotations

from django import template

from polso.web.kpis import words
from polso.web.sources import names
from polso.web.sources.advice import advice

register = template.Library()
register.filter("entity_name", names.entity_name)
register.filter("entity_one", names.entity_one)
register.filter("date_order", names.date_order)
register.filter("advice", advice)
register.filter("stored", lambda value: words.plain(value) if isinstance(value, float) else words.cell(value))
