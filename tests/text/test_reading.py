"""Comments read offline: language, sentiment, aspects, and texts that are hardly texts."""

from __future__ import annotations

import pytest

from polso.text import Reading, Text, reader
from polso.text.aspects import clauses_about, parse, taxonomy
from polso.text.builtin import Fast
from polso.text.language import language_of

READER = reader()


def read(text: str) -> Reading:
    """What the reader that comes along makes of a text."""
    found = READER.read([Text(text)])[0]
    assert found
    return found


@pytest.mark.parametrize("blank", ["", "   ", "\n\t"])
def test_nothing_is_read_in_an_empty_comment(blank: str) -> None:
    assert READER.read([Text(blank)]) == [None]
    assert Fast().read([Text(blank)]) == [None]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Mai avuto un disguido", "positive"),
        ("10/10", "positive"),
        ("2/10", "negative"),
        ("3 stelle", "neutral"),
        ("😍😍", "positive"),
        ("😡", "negative"),
        ("ok", "neutral"),
        ("NON FUNZIONA NULLA, RIDATEMI I SOLDI", "negative"),
        ("Non mi è piaciuto per niente", "negative"),
        ("Ottimo servizio, personale gentilissimo", "positive"),
        ("Excellent service, quick and polite.", "positive"),
        ("Horrible experience, never coming back.", "negative"),
        ("Quanto costa l'abbonamento annuale?", "neutral"),
        ("Ottimo prodotto ma consegna lentissima", "mixed"),
    ],
)
def test_what_customers_write_is_read_as_people_would(text: str, label: str) -> None:
    assert read(text).label == label


@pytest.mark.parametrize("hostile", ["\ud800 \0", "x" * 50_000, "?" * 3_000, "ciao " * 5_000, "١٢٣"])
def test_hostile_texts_are_read_like_any(hostile: str) -> None:
    for found in (READER.read([Text(hostile)])[0], Fast().read([Text(hostile)])[0]):
        assert found is None or -100 <= found.sentiment <= 100


def test_an_hotel_with_four_stars_is_not_a_rating() -> None:
    assert read("Hotel 4 stelle in centro, siamo arrivati in treno").confidence < 0.92


def test_each_aspect_has_a_sentiment_of_its_own() -> None:
    found = {one.aspect: one.sentiment for one in read("Delivery was very fast, but the price is awful").opinions}
    assert set(found) == {"waiting", "delivery", "price"}
    assert found["delivery"] > 0 > found["price"]


def test_a_list_of_aspects_of_ones_own() -> None:
    own = parse('[parking]\nit = ["parchegg"]\nen = ["parking"]\n')
    assert [(one.aspect, one.words) for one in clauses_about("Il parcheggio era pieno", own)] == [("parking", "parcheggio")]
    assert clauses_about("Niente da dire", own) == []


@pytest.mark.parametrize("sector", ["general", "hospitality", "retail", "telecom", "banking", "health"])
def test_every_sector_has_aspects_in_both_languages(sector: str) -> None:
    assert len(taxonomy(sector).patterns) >= 6


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("Il personale è stato molto gentile", None, "it"),
        ("The staff were very kind to us", None, "en"),
        ("El personal fue muy amable con nosotros", None, "es"),
        ("Le personnel était très aimable avec nous", None, "fr"),
        ("Das Personal war sehr freundlich zu uns", None, "de"),
        ("ok", "it", "it"),
        ("👍", None, None),
    ],
)
def test_the_language_of_a_text(text: str, hint: str | None, language: str | None) -> None:
    assert language_of(text, hint) == language
