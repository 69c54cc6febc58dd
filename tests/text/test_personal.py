"""Personal data found and masked; numbers with a wrong check digit are left."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polso.text.personal import find, is_card, is_iban, is_tax_code, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Scrivetemi a mario.rossi@example.com, grazie", "Scrivetemi a [email], grazie"),
        ("Chiamate il 347 1234567 dopo le 18", "Chiamate il [phone] dopo le 18"),
        ("Call +44 20 7946 0958 please", "Call [phone] please"),
        ("Il codice è RSSMRA85T10A562S", "Il codice è [tax_code]"),
        ("IBAN IT60 X054 2811 1010 0000 0123 456 intestato a me", "IBAN [iban] intestato a me"),
        ("IBAN GB82WEST12345698765432", "IBAN [iban]"),
        ("Carta 4111 1111 1111 1111 bloccata", "Carta [card] bloccata"),
        ("Mi chiamo Ada Bianchi e aspetto", "Mi chiamo [name] e aspetto"),
        ("Ho pagato 1.250,00 euro il 12/05/2026", "Ho pagato 1.250,00 euro il 12/05/2026"),
        ("Ordine numero 12345", "Ordine numero 12345"),
    ],
)
def test_personal_data_is_masked_and_nothing_else(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_check_digits_decide() -> None:
    # The codes are the examples of the standards; each with its last sign changed is refused.
    assert is_tax_code("RSSMRA85T10A562S") and not is_tax_code("RSSMRA85T10A562T")
    assert is_iban("GB82 WEST 1234 5698 7654 32") and not is_iban("GB82 WEST 1234 5698 7654 33")
    assert is_card("4111 1111 1111 1111") and not is_card("4111 1111 1111 1112")


@given(st.text(max_size=200))
def test_what_is_found_never_overlaps(text: str) -> None:
    found = find(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
