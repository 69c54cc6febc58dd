"""Numbers in templates."""

from __future__ import annotations

from django import template

from polso.web.kpis import words

register = template.Library()
register.filter("amount", words.amount)
register.filter("in_words", words.in_words)
register.filter("signed", words.signed)
register.filter("period", words.period)
register.filter("cell", words.cell)
