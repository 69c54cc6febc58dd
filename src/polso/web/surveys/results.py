"""What a survey has brought: its numbers from the facts, how far requests came, and what was chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from polso.web.dashboards.tiles import Frame, drawn
from polso.web.desk import Desk
from polso.web.surveys.models import Answer, Link, Question, Survey
from polso.web.surveys.texts import told

KPIS = {
    ("nps", "relational"): "nps",
    ("nps", "transactional"): "nps_transactional",
    ("csat", ""): "csat",
    ("ces", ""): "ces",
    ("stars", ""): "stars_mean",
    ("thumbs", ""): "thumbs_up",
}


@dataclass(frozen=True)
class Step:
    """How many requests came so far."""

    name: Any
    people: int
    share: float | None
    """Of those sent, in percent; None where nothing was sent."""


def kpi_of(question: Question) -> str:
    """The KPI that a question's answers make; nothing where there is none."""
    fact = question.sort.fact
    return KPIS.get((fact, question.survey.programme)) or KPIS.get((fact, ""), "")


def tiles(survey: Survey, frame: Frame, at: Desk) -> list[dict[str, Any]]:
    """The numbers of every question with its interval, over time, by channel and language, and the newest comments."""
    where = f"survey = '{survey.key}'"
    asked: list[dict[str, Any]] = []
    measured = [(kpi, one) for one in survey.asked if (kpi := kpi_of(one)) in at.catalogue]
    times = Counter(kpi for kpi, _one in measured)
    # Answers know their question as an extra column, which there is not before the first of them.
    keys = [(kpi, where if times[kpi] == 1 else f"{where} and question = '{one.key}'", one) for kpi, one in measured]
    for kpi, mine, _one in keys:
        asked += [
            {"kind": "number", "kpi": kpi, "where": mine, "width": 2},
            {"kind": "trend", "kpi": kpi, "where": mine, "width": 4},
        ]
    asked.append({"kind": "number", "kpi": "response_rate", "where": where, "width": 2})
    for kpi, mine, _one in keys[:1]:
        asked += [{"kind": "table", "kpi": kpi, "by": by, "where": mine, "width": 2} for by in ("channel", "language")]
    asked.append({"kind": "comments", "kpi": "", "where": where, "width": 6})
    texts = [text for _kpi, _mine, one in keys for text in 2 * [one.text("text", at.language)]]
    found = drawn(asked, frame, at)
    for tile, text in zip(found, texts, strict=False):
        tile["name"] = f"{tile['name']}: {text}"
    return found


def steps(survey: Survey) -> list[Step]:
    """How many people were sent the survey, and how many came how far."""
    names = {
        "sent": _("sent"),
        "delivered": _("delivered"),
        "opened": _("opened"),
        "started": _("started"),
        "completed": _("completed"),
        "bounced": _("came back"),
    }
    counts = {name: Count("pk", filter=Q(**{f"{name}_at__isnull": False})) for name in names}
    found = Link.objects.filter(survey=survey, test=False, sent_at__isnull=False).aggregate(**counts)
    return [Step(name, found[key], 100 * found[key] / found["sent"] if found["sent"] else None) for key, name in names.items()]


def own_accord(survey: Survey) -> int:
    """How many answered without having been asked: by a public link, a QR code, a kiosk, a page of help."""
    return Link.objects.filter(survey=survey, test=False, sent_at=None, started_at__isnull=False).count()


def tests(survey: Survey) -> int:
    """How many tests were answered; they are counted nowhere else."""
    return Link.objects.filter(survey=survey, test=True, started_at__isnull=False).count()


def choices(survey: Survey, language: str) -> list[tuple[str, list[tuple[str, int, float]]]]:
    """Of each question with options: how many chose which, and their share of those who answered it."""
    found = []
    for question in survey.asked:
        if question.options:
            given = list(_counted(question).values_list("choices", flat=True))
            counts = Counter(key for keys in given for key in keys)
            rows = [
                (told(one["texts"], language, survey.language), counts[one["key"]], 100 * counts[one["key"]] / max(len(given), 1))
                for one in question.options
            ]
            found.append((question.text("text", language), sorted(rows, key=lambda row: -row[1])))
    return found


def _counted(question: Question) -> QuerySet[Answer]:
    return Answer.objects.filter(question=question, current=True, link__test=False).exclude(choices=[])


def listed(surveys: Sequence[Survey]) -> list[dict[str, Any]]:
    """Surveys with how many were asked and answered."""
    real = Q(links__test=False)
    counted = Survey.objects.filter(pk__in=[one.pk for one in surveys]).annotate(
        delivered=Count("links", filter=real & Q(links__delivered_at__isnull=False)),
        finished=Count("links", filter=real & Q(links__delivered_at__isnull=False, links__completed_at__isnull=False)),
        answered=Count("links", filter=real & Q(links__started_at__isnull=False)),
        latest=Max("links__started_at", filter=real),
    )
    return [
        {
            "survey": one,
            "answered": one.answered,
            "latest": one.latest,
            "rate": 100 * one.finished / one.delivered if one.delivered else None,
        }
        for one in counted
    ]
