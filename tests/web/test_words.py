"""Every sentence of the site in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polso.web

WEB = Path(polso.web.__path__[0])
CATALOGUE = WEB / "locale" / "it" / "LC_MESSAGES"


def entries() -> list[dict[str, Any]]:
    """The entries of the Italian catalogue: msgid, plural, translations, flags."""
    found = []
    for block in CATALOGUE.joinpath("django.po").read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith(("#~", "# "))]
        flags = [line for line in lines if line.startswith("#,")]
        texts: dict[str, str] = {}
        name = ""
        for line in lines:
            if match := re.match(r'(msgid_plural|msgid|msgstr(?:\[\d\])?) "(.*)"$', line):
                name, texts[match.group(1)] = match.group(1), match.group(2)
            elif line.startswith('"'):
                texts[name] += line[1:-1]
        if texts.get("msgid"):
            strings = {key: text for key, text in texts.items() if key.startswith("msgstr")}
            found.append({"id": texts["msgid"], "plural": texts.get("msgid_plural"), "texts": strings, "flags": " ".join(flags)})
    return found


def test_every_sentence_is_translated_and_none_is_doubtful() -> None:
    every = entries()
    assert len(every) > 200
    assert [one["id"] for one in every if not all(one["texts"].values()) or "fuzzy" in one["flags"]] == []


def test_translations_keep_what_is_filled_in() -> None:
    holes = re.compile(r"%\(\w+\)[sd]|%[sd]")
    for one in entries():
        expected = set(holes.findall(one["plural"] or one["id"])) | set(holes.findall(one["id"]))
        for text in one["texts"].values():
            assert set(holes.findall(text)) == expected, one["id"]


def test_the_catalogue_knows_every_sentence_in_the_code() -> None:
    """What the code says is found with Django's own patterns; what is missing would be shown in English."""
    known = {_plain(one["id"]) for one in entries()}
    of_code = re.compile(r'\b(?:_|gettext|gettext_lazy|gettext_noop)\(\s*"(?P<text>(?:[^"\\]|\\.)*)"', re.DOTALL)
    of_pages = re.compile(r"\{% translate ([\"'])(?P<text>.*?)\1")
    files = [*WEB.rglob("*.py"), *WEB.rglob("*.html")]
    found = [(of_code if path.suffix == ".py" else of_pages).finditer(path.read_text(encoding="utf-8")) for path in files]
    said = {match["text"] for matches in found for match in matches}
    assert len(said) > 150
    assert {text for text in said if _plain(text) not in known} == set()


def _plain(text: str) -> str:
    return text.replace('\\"', '"').replace("\\n", "\n").replace("%%", "%")


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    import gettext

    with CATALOGUE.joinpath("django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for one in entries():
        msgid = one["id"].replace('\\"', '"').replace("\\n", "\n")
        text = next(iter(one["texts"].values())).replace('\\"', '"').replace("\\n", "\n")
        said = compiled.ngettext(msgid, one["plural"] or "", 1) if one["plural"] else compiled.gettext(msgid)
        assert said == text
