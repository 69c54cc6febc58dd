"""The page of all KPIs, made from their definitions."""

from __future__ import annotations

from collections.abc import Iterator

from polso.metrics.catalogue import THEMES, Catalogue
from polso.metrics.metric import Benchmark, Metric

_WORDS = {
    "en": {
        "title": "The KPIs",
        "made": "Made from `src/polso/metrics/*.toml`; run `make docs` after a change.",
        "formula": "Formula",
        "counted": "counted on",
        "where": "where",
        "latest": "the latest of each customer in the period",
        "tells": "What it tells",
        "read": "How to read it",
        "act": "When it is bad",
        "traps": "Traps",
        "with": "Shown with",
        "benchmark": "Benchmark",
        "voice": "Voice of the customer",
        "loop": "Closing the loop",
        "service": "Service",
        "loyalty": "Loyalty and value",
        "sales": "Sales",
        "digital": "Digital",
        "journeys": "Journeys",
        "custom": "Your own",
    },
    "it": {
        "title": "I KPI",
        "made": "Pagina ricavata da `src/polso/metrics/*.toml`; dopo una modifica eseguire `make docs`.",
        "formula": "Formula",
        "counted": "contato su",
        "where": "dove",
        "latest": "l'ultima di ogni cliente nel periodo",
        "tells": "Che cosa dice",
        "read": "Come si legge",
        "act": "Quando va male",
        "traps": "Tranelli",
        "with": "Da guardare insieme a",
        "benchmark": "Riferimento",
        "voice": "Voce del cliente",
        "loop": "Richiamare chi è scontento",
        "service": "Assistenza",
        "loyalty": "Fedeltà e valore",
        "sales": "Vendite",
        "digital": "Digitale",
        "journeys": "Percorsi",
        "custom": "I propri",
    },
}
_UNITS = {
    "points": "punti",
    "seconds": "secondi",
    "days": "giorni",
    "months": "mesi",
    "count": "conteggio",
    "currency": "valuta",
    "currency/day": "valuta al giorno",
    "ratio": "rapporto",
    "score": "punteggio",
}
"""Units in Italian; those not named are the same."""


def markdown(catalogue: Catalogue, language: str) -> str:
    """Write the page of all KPIs in a language, as Markdown."""
    return "\n".join(_lines(catalogue, language)) + "\n"


def _lines(catalogue: Catalogue, language: str) -> Iterator[str]:
    words = _WORDS[language]
    yield from (f"# {words['title']}", "", words["made"])
    for theme in (*THEMES, "custom"):
        metrics = [one for one in catalogue if one.theme == theme]
        if metrics:
            yield from ("", f"## {words[theme]}")
        for one in metrics:
            yield from _entry(one, catalogue, language)


def _entry(one: Metric, catalogue: Catalogue, language: str) -> Iterator[str]:
    words, texts = _WORDS[language], one.texts.get(language, {})
    yield from ("", f"### {one.name(language)} · `{one.key}`", "", texts.get("tells", ""), "")
    unit = _UNITS.get(one.unit, one.unit) if language == "it" else one.unit
    yield f"- **{words['formula']}** ({unit}): `{one.formula}`"
    where = f", {words['where']} `{one.where}`" if one.where else ""
    latest = f"; {words['latest']}" if one.per_customer == "latest" else ""
    yield f"- {one.entity}, {words['counted']} `{one.time}`{where}{latest}"
    for name in ("read", "act", "traps"):
        if texts.get(name):
            yield f"- **{words[name]}**: {texts[name]}"
    if one.shown_with:
        beside = (f"{catalogue[key].name(language)} (`{key}`)" for key in one.shown_with if key in catalogue)
        yield f"- **{words['with']}**: {'; '.join(beside)}"
    for benchmark in one.benchmarks:
        yield f"- **{words['benchmark']}**: {_benchmark(benchmark, language)}"


def _benchmark(benchmark: Benchmark, language: str) -> str:
    low, high = f"{benchmark.low:g}", f"{benchmark.high:g}"
    told = low if low == high else f"{low}–{high}"
    about = benchmark.about.get(language, benchmark.about.get("en", ""))
    source = benchmark.source if benchmark.year is None else f"{benchmark.source}, {benchmark.year}"
    return f"{_figure(told, language)} {about} ({source})".replace("  ", " ")


def _figure(told: str, language: str) -> str:
    return told.replace(".", ",") if language == "it" else told
