"""Personal data in texts: found by its form and its check digits, and masked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23],  # noqa: E501
        strict=True,
    )
)  # fmt: skip
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_CODE = re.compile(r"\b[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]\b", re.I)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.I)
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_PHONE = re.compile(
    r"(?<![\w.,/])(?:\+\d{1,3}(?:[ .-]?\d{2,4}){2,5}|(?:\(?0\d{1,4}\)?|3\d{2}|[1-9]\d{2})(?:[ ./-]?\d{2,4}){2,4})(?![\w/]|[.,]\d)"
)
_WORD = r"[A-ZÀ-Ý][a-zà-ÿ']{1,24}"
_NAME = re.compile(
    rf"\b(?:(?:[Mm]i chiamo|[Ss]ono (?:il |la )?(?:[Ss]ig(?:nor)?(?:\.|ra|e|a)?\.?)|[Ii]l mio nome è|[Mm]y name is|[Ii]'m called|"
    rf"[Ss]ig(?:\.ra|\.na|nora|nor|\.)|[Dd]ott(?:\.ssa|oressa|ore|or|\.)|[Mm]rs?\.?|[Mm]s\.?|[Cc]ordiali saluti,?|[Dd]istinti saluti,?|"  # noqa: E501
    rf"[Kk]ind regards,?|[Bb]est regards,?|[Ii]n fede,?)\s+)({_WORD}(?:\s+{_WORD}){{0,2}})"
)
_FIRST = frozenset(
    [
        "Marco",
        "Luca",
        "Andrea",
        "Giuseppe",
        "Giovanni",
        "Francesco",
        "Antonio",
        "Alessandro",
        "Stefano",
        "Paolo",
        "Matteo",
        "Lorenzo",
        "Davide",
        "Roberto",
        "Simone",
        "Federico",
        "Giulia",
        "Maria",
        "Anna",
        "Francesca",
        "Sara",
        "Laura",
        "Chiara",
        "Valentina",
        "Elena",
        "Martina",
        "Federica",
        "Alessia",
        "Silvia",
        "Paola",
        "Giorgia",
        "Elisa",
        "Roberta",
        "John",
        "James",
        "Robert",
        "Michael",
        "David",
        "Sarah",
        "Emily",
        "Emma",
        "Susan",
        "Linda",
        "Thomas",
        "Daniel",
        "Jessica",
        "Karen",
        "William",
        "Elizabeth",
    ]
)
_PAIR = re.compile(rf"\b({_WORD})\s+({_WORD})")


@dataclass(frozen=True)
class Found:
    """Personal data at `text[start:end]`; `kind` is email, tax_code, iban, card, phone or name."""

    kind: str
    start: int
    end: int


def find(text: str) -> list[Found]:
    """The personal data in a text, in order, none overlapping."""
    taken: list[Found] = []
    for found in _candidates(text):
        if all(found.end <= other.start or found.start >= other.end for other in taken):
            taken.append(found)
    return sorted(taken, key=lambda found: found.start)


def mask(text: str) -> str:
    """The text with each piece of personal data replaced by its kind in brackets, as [email]."""
    for found in reversed(find(text)):
        text = f"{text[: found.start]}[{found.kind}]{text[found.end :]}"
    return text


def is_tax_code(code: str) -> bool:
    """Whether an Italian fiscal code's last letter is right (decree of 23 December 1976)."""
    code = code.upper()
    if not _CODE.fullmatch(code):
        return False
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in code[1:15:2])
    return chr(65 + (even + sum(_ODD[c] for c in code[0:15:2])) % 26) == code[15]


def is_iban(code: str) -> bool:
    """Whether an IBAN's check digits are right (ISO 13616, modulo 97)."""
    bare = code.replace(" ", "").upper()
    if not 15 <= len(bare) <= 34 or not bare.isascii() or not bare.isalnum():
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def is_card(number: str) -> bool:
    """Whether a card number's check digit is right (Luhn, ISO/IEC 7812)."""
    digits = [int(c) for c in number if c.isdigit()][::-1]
    return sum(digits[0::2]) % 10 == -sum(sum(divmod(2 * d, 10)) for d in digits[1::2]) % 10


def _candidates(text: str) -> Iterable[Found]:
    yield from _all("email", _EMAIL, text, lambda _: True)
    yield from _all("tax_code", _CODE, text, is_tax_code)
    yield from _ibans(text)
    yield from _all("card", _CARD, text, is_card)
    yield from _all("phone", _PHONE, text, lambda found: 8 <= sum(c.isdigit() for c in found) <= 15)
    yield from (Found("name", found.start(1), found.end(1)) for found in _NAME.finditer(text))
    yield from (Found("name", found.start(), found.end()) for found in _PAIR.finditer(text) if found[1] in _FIRST)


def _ibans(text: str) -> Iterable[Found]:
    # A word after an IBAN may look like more of it: shorten until the check digits are right.
    for found in _IBAN.finditer(text):
        for end in range(found.end(), found.start() + 14, -1):
            if is_iban(text[found.start() : end]) and not text[end : end + 1].isalnum():
                yield Found("iban", found.start(), end)
                break


def _all(kind: str, pattern: re.Pattern[str], text: str, right: Callable[[str], bool]) -> Iterable[Found]:
    return (Found(kind, found.start(), found.end()) for found in pattern.finditer(text) if right(found[0]))
