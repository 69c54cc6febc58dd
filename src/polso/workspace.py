"""The door: everything people and programs do with a workspace, a few lines each."""

from __future__ import annotations

import logging
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeVar

import pyarrow as pa

from polso.answer import Answer, Answers
from polso.engines import Engine, engine
from polso.entities import ENTITIES, Entity, entity
from polso.errors import LoadError, QueryError, did_you_mean
from polso.ingest import annotate as annotating
from polso.ingest import load as ingest
from polso.ingest import mapping as file_mapping
from polso.ingest import preview
from polso.ingest.derive import update_tickets
from polso.measure import Bar, Explanation, Facts, Prediction, Why, ask, distribution, explain, named, predict, rows_behind, why
from polso.measure import customer as customers
from polso.metrics import own
from polso.metrics.catalogue import KEY, Catalogue
from polso.metrics.metric import Metric, MetricError, metric
from polso.query import Query, Within
from polso.settings import FILE as SETTINGS
from polso.settings import Settings, SettingsError, write_default
from polso.text import FULL, Reader, reader
from polso.warehouse import backup, erase, export, layout, upkeep
from polso.warehouse.partial_cache import PartialCache
from polso.warehouse.past import Past
from polso.warehouse.store import SnapshotGone, Warehouse
from polso.working_time import Calendar

_TRIES = 5
log = logging.getLogger(__name__)
_TOGETHER = 50
"""Customers that one condition names."""
Reply = TypeVar("Reply")
Source = Path | BinaryIO
By = str | Sequence[str]


@dataclass(frozen=True)
class Kept:
    """The facts there are of an entity."""

    entity: Entity
    rows: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class _Decided:
    """What the settings said when they were last read."""

    written: int
    settings: Settings
    calendar: Calendar

    @classmethod
    def read(cls, folder: Path) -> _Decided:
        written, settings = _written(folder), Settings.load(folder)
        return cls(written, settings, Calendar.from_settings(settings))


class Workspace:
    """A folder of facts, definitions and settings, opened."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        layout.upgrade(self.folder)
        write_default(self.folder)
        self._decided = _Decided.read(self.folder)
        self.warehouse = Warehouse(self.folder)
        self._engines: dict[str, Engine] = {}

    @property
    def settings(self) -> Settings:
        """The settings as the workspace's file has them now; the former ones while it cannot be read."""
        return self._now.settings

    @property
    def _now(self) -> _Decided:
        if self._decided.written != _written(self.folder):
            try:
                self._decided = _Decided.read(self.folder)
            except SettingsError as error:
                self._decided = replace(self._decided, written=_written(self.folder))
                log.error("the changed settings are not used: %s", error)
        return self._decided

    # --- facts in ---

    def load(
        self,
        entity_name: str,
        *sources: Source,
        mapping: Path | file_mapping.Mapping | None = None,
        keep_good: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> ingest.LoadReport:
        """Load files as facts of one entity in one commit; cases are brought up to date when their events arrive."""
        how = file_mapping.read(mapping) if isinstance(mapping, Path) else mapping
        report = ingest.load(
            self.warehouse,
            entity(entity_name).name,
            sources,
            settings=self.settings,
            mapping=how,
            keep_good=keep_good,
            progress=progress,
            cancelled=cancelled,
        )
        self.refresh(report.entity)
        return report

    def load_table(self, entity_name: str, table: Any, *, mapping: file_mapping.Mapping | None = None) -> ingest.LoadReport:
        """Load an Arrow, pandas or polars table as facts of one entity."""
        report = ingest.load_table(
            self.warehouse, entity(entity_name).name, arrow(table), mapping=mapping, settings=self.settings
        )
        self.refresh(report.entity)
        return report

    def mapping(self, text: str) -> file_mapping.Mapping:
        """Read the text of a mapping."""
        try:
            return file_mapping.parse(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise LoadError(f"the mapping cannot be read: {error}") from None

    def mapping_text(self, mapping: file_mapping.Mapping) -> str:
        """Write a mapping down."""
        return file_mapping.render(mapping)

    def propose(self, entity_name: str, source: Source) -> file_mapping.Mapping:
        """Guess the mapping that would bring a file to an entity."""
        return ingest.propose(entity(entity_name).name, source, self.settings)

    def first_mapping(self, source: Source, entity_name: str | None = None) -> file_mapping.Mapping:
        """Guess the mapping of a file from its first rows, and what its rows are where that is not said."""
        return preview.first_mapping(source, self.settings, entity_name)

    def preview(self, mapping: file_mapping.Mapping, source: Source) -> preview.Preview:
        """What a mapping would make of the first rows of a file; nothing is loaded."""
        return preview.preview(mapping, source, self.settings)

    def refresh(self, changed: str = "ticket_event") -> None:
        """Bring the facts derived from others up to date; does nothing where they are."""
        if changed == "ticket_event":
            update_tickets(self.warehouse, self.settings)

    def annotate(
        self,
        using: str | Reader = FULL,
        *,
        sector: str = "general",
        progress: Callable[[int, int | None], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> annotating.Annotated:
        """Read the texts that were not read yet: their language, sentiment, emotion and aspects become annotations."""
        chosen = reader(using, sector) if isinstance(using, str) else using
        return annotating.annotate(self.warehouse, chosen, progress, cancelled)

    # --- questions ---

    def measure(
        self,
        *metrics: str,
        by: By = (),
        grain: str = "all",
        start: date | datetime | str | None = None,
        end: date | datetime | str | None = None,
        where: str | None = None,
        compare: str = "previous",
        engine: str = "duckdb",
    ) -> Answers:
        """Compute KPIs; dates are in the workspace's zone and `end` is not included."""
        return self.ask(_query(metrics, by, grain, start, end, where, compare), engine)

    def ask(self, query: Query, engine: str = "duckdb", within: Within | None = None) -> Answers:
        """Answer a question; `within` limits it to rows that whoever asks may see."""
        return self._steadily(lambda: ask(query, replace(self.facts(engine), within=within)))

    def explain(self, metric: str, *, engine: str = "duckdb", **question: Any) -> Explanation:
        """Lay open how a KPI's number came about."""
        query = _query((metric,), **question)
        return self._steadily(lambda: explain(query, self.facts(engine)))

    def why(self, metric: str, *, engine: str = "duckdb", within: Within | None = None, **question: Any) -> Why:
        """Say which segments a KPI's change from the period before came with; `by` names dimensions, else all are tried."""
        query = _query((metric,), **question)
        return self._steadily(lambda: why(query, replace(self.facts(engine), within=within)))

    def rows(
        self, query: Query, *, personal: bool = True, most: int = 100, skip: int = 0, within: Within | None = None
    ) -> pa.Table:
        """The rows behind the answer to a question about one KPI, newest first."""
        return self._steadily(
            lambda: rows_behind(query, replace(self.facts(), within=within), personal=personal, most=most, skip=skip)
        )

    def named(self, entity_name: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """The facts of an entity that have one of these ids."""
        found: list[dict[str, Any]] = self._steadily(lambda: named(entity(entity_name).name, ids, self.facts())).to_pylist()
        return found

    def revenue_of(self, customers: Iterable[str], start: date, end: date) -> dict[str, float]:
        """What customers bought from `start` to `end` (not included), by the KPI `revenue`; who bought nothing is left out."""
        found: dict[str, float] = {}
        quoted = ["'" + one.replace("'", "''") + "'" for one in customers]
        for place in range(0, len(quoted), _TOGETHER):
            where = f"customer_id in ({', '.join(quoted[place : place + _TOGETHER])})"
            rows = self.ask(Query(("revenue",), ("customer_id",), start=start, end=end, where=where, compare="none")).only
            found |= {str(row.segment["customer_id"]): value for row in rows if (value := row.estimate.value) is not None}
        return found

    def working_time_after(self, start: datetime, hours: float, *names: str | None) -> datetime:
        """The moment at which so many working hours have passed, by the schedule of the first of these that has one."""
        return self._now.calendar.after(start, hours * 3600, self._now.calendar.schedule_for(*names))

    def find(self, words: str, within: Within | None = None) -> list[Mapping[str, Any]]:
        """Customers by id, or by what their personal columns say."""
        return self._steadily(lambda: customers.find(words, replace(self.facts(), within=within)))

    def known(self, customer: str, within: Within | None = None) -> customers.Known:
        """Everything that is known of a customer."""
        return self._steadily(lambda: customers.known(customer, replace(self.facts(), within=within)))

    def distribution(self, query: Query, within: Within | None = None) -> list[Bar]:
        """How the values behind the answer to a question about one KPI are spread."""
        return self._steadily(lambda: distribution(query, replace(self.facts(), within=within)))

    def predict(
        self,
        key: str,
        *,
        by: By = (),
        months: int = 12,
        where: str | None = None,
        value: str = "margin",
        engine: str = "duckdb",
    ) -> Answers:
        """Foretell what a customer will bring in the months to come: "clv" from purchases, "contract_value" from contracts."""
        asked = Prediction(key, (by,) if isinstance(by, str) else tuple(by), months, where, value)
        return self._steadily(lambda: predict(asked, self.facts(engine)))

    @property
    def catalogue(self) -> Catalogue:
        """The KPIs: the built-in ones and those of the workspace's own folder."""
        found = Catalogue.load(self.folder / "metrics", self.settings.metric_options)
        return found.counting("first_response_time", "first_response_at", self.settings.first_response.counted_on)

    # --- KPIs of one's own ---

    def draft(self, key: str, given: Mapping[str, Any]) -> Metric:
        """Check a definition of a KPI of one's own; MetricError says what is wrong with it."""
        if not KEY.match(key):
            raise MetricError(f"'{key}' cannot be a KPI's key: use small letters, digits and _")
        if key in Catalogue.load() and not self.own(key):
            raise MetricError(f"'{key}' is a KPI that Polso brings along: choose another key")
        return metric(key, given)

    def try_out(self, draft: Metric, query: Query, within: Within | None = None) -> Answers:
        """Answer a question in which a draft may be named, without keeping the draft."""
        known = Catalogue({**self.catalogue.metrics, draft.key: draft})
        return self._steadily(lambda: ask(query, replace(self.facts(), catalogue=known, within=within)))

    def define(self, draft: Metric) -> None:
        """Keep a KPI of one's own, once it can be computed."""
        self.try_out(draft, Query((draft.key,), compare="none"))
        own.save(self.folder / "metrics", draft)

    def drop(self, key: str) -> None:
        """Take a KPI of one's own out of use; MetricError while others are made of it."""
        needed = [one.key for one in self.catalogue if one.key != key and key in self.catalogue.made_of(one.key)]
        if needed:
            raise MetricError(f"'{key}' is part of {', '.join(needed)}: change those first")
        own.drop(self.folder / "metrics", key)

    def own(self, key: str) -> list[Metric]:
        """The versions of a KPI of one's own, newest first; nothing where Polso brings it along."""
        if not (self.folder / "metrics" / f"{key}.toml").exists():
            return []
        return [self.catalogue[key], *reversed(own.past(self.folder / "metrics", key))]

    def describe(self, entity_name: str) -> Entity:
        """Return the declaration of an entity."""
        return entity(entity_name)

    def facts(self, engine_name: str = "duckdb") -> Facts:
        """What questions are put to."""
        if engine_name not in self._engines:
            self._engines[engine_name] = engine(engine_name)
        return Facts(
            snapshot=self.warehouse.snapshot,
            catalogue=self.catalogue,
            engine=self._engines[engine_name],
            zone=self.settings.zone,
            cache=self.cache,
            working_days=self._now.calendar.working_days,
            goals=self.settings.goals,
            language=self.settings.language,
        )

    @cached_property
    def cache(self) -> PartialCache:
        """The partials kept of earlier questions."""
        return PartialCache(self.folder / "cache" / "partials.sqlite")

    def _steadily(self, question: Callable[[], Reply]) -> Reply:
        """Ask again when files of the snapshot were erased or tidied away in the meantime."""
        self.refresh()
        for attempt in range(_TRIES - 1):
            try:
                return question()
            except (SnapshotGone, FileNotFoundError, OSError):
                time.sleep(0.05 * 2**attempt)
        return question()

    def facts_version(self) -> str:
        """A text that changes whenever any fact does; cheap to ask for again and again."""
        return sha256("-".join(str(self.warehouse.log(name).changed) for name in ENTITIES).encode()).hexdigest()[:16]

    def latest_day(self, entity_name: str | None = None) -> date | None:
        """The local day of the latest fact, of one entity or of all, that is not in the future; None without facts."""
        now = datetime.now(UTC)
        latest = [
            min(file.times[declared.anchor][1], now)
            for declared in (ENTITIES.values() if entity_name is None else [entity(entity_name)])
            for file in self.warehouse.snapshot(declared.name).files
            if declared.anchor in file.times
        ]
        return max(latest).astimezone(self.settings.zone).date() if latest else None

    def overview(self) -> list[Kept]:
        """What facts there are: rows, and the first and last moment, of each entity that has any."""
        found = []
        for declared in ENTITIES.values():
            snapshot = self.warehouse.snapshot(declared.name)
            spans = [file.times[declared.anchor] for file in snapshot.files if declared.anchor in file.times]
            if spans:
                rows = sum(file.rows for file in snapshot.files)
                found.append(Kept(declared, rows, min(first for first, _ in spans), max(last for _, last in spans)))
        return found

    def history(self, entity_name: str) -> list[Past]:
        """What was done to an entity's facts, newest first."""
        return self.warehouse.history(entity(entity_name).name)

    def undo(self, entity_name: str, version: int) -> None:
        """Take back one load; WarehouseError when later loads touched its rows."""
        self.warehouse.undo(entity(entity_name).name, version)
        self.refresh(entity_name)

    # --- keeping house ---

    def erase(self, customer: str) -> erase.Erased:
        """Erase a customer everywhere: facts, partials, old file versions."""
        return erase.erase(self.warehouse, customer)

    def export(self, folder: Path, entities: Iterable[str] = ENTITIES) -> dict[str, Path]:
        """Write the facts of each entity that has any to one Parquet file."""
        return {name: path for name in entities if (path := export.export(self.warehouse, entity(name).name, folder))}

    def backup(self, file: Path) -> None:
        """Write everything to one file."""
        backup.backup(self.folder, file)

    def compact(self) -> dict[str, int]:
        """Merge small files and tidy old ones away; returns how many files each entity lost."""
        merged = {name: upkeep.compact(self.warehouse, name) for name in ENTITIES}
        for name in ENTITIES:
            upkeep.vacuum(self.warehouse, name)
        return {name: count for name, count in merged.items() if count}

    def doctor(self) -> list[upkeep.Finding]:
        """Check that the workspace is sound."""
        aimless = [key for key in self.settings.goals if key not in self.catalogue]
        goals = [
            upkeep.Finding(SETTINGS, f"the goal of '{key}' is of no KPI{did_you_mean(key, self.catalogue.metrics)}")
            for key in aimless
        ]
        return [*upkeep.doctor(self.warehouse), *goals]


def _written(folder: Path) -> int:
    path = folder / SETTINGS
    return path.stat().st_mtime_ns if path.exists() else 0


def open(folder: Path | str) -> Workspace:
    """Open a workspace, made if it is not there."""
    return Workspace(folder)


def restore(file: Path, folder: Path) -> Workspace:
    """Restore a backup into an empty folder and open it."""
    backup.restore(file, folder)
    return Workspace(folder)


def measure(metrics: str | Sequence[str], frame: Any, entity_name: str | None = None, **question: Any) -> Answers:
    """Compute KPIs on a pandas, polars or Arrow table, without a workspace.

    The table's columns are those of the KPI's entity, or are matched by their usual names.
    """
    keys = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    with TemporaryDirectory(prefix="polso-") as folder:
        workspace = Workspace(folder)
        workspace.load_table(entity_name or workspace.catalogue[keys[0]].entity, frame)
        return workspace.measure(*keys, **question)


def arrow(table: Any) -> pa.Table:
    """Return any table of pandas, polars or Arrow as an Arrow table."""
    if isinstance(table, pa.Table):
        return table
    if hasattr(table, "__arrow_c_stream__"):
        return pa.table(table)
    if hasattr(table, "to_dict") and hasattr(table, "columns"):
        return pa.Table.from_pandas(table, preserve_index=False)
    raise QueryError(f"a {type(table).__name__} is not a table: give a pandas, polars or Arrow table")


def _query(
    metrics: Sequence[str],
    by: By = (),
    grain: str = "all",
    start: date | datetime | str | None = None,
    end: date | datetime | str | None = None,
    where: str | None = None,
    compare: str = "previous",
) -> Query:
    splits = (by,) if isinstance(by, str) else tuple(by)
    return Query(tuple(metrics), splits, grain, moment(start), moment(end), where, compare)


def moment(given: date | datetime | str | None) -> date | datetime | None:
    """Read a date as people write it; QueryError when it is none."""
    if not isinstance(given, str):
        return given
    try:
        return date.fromisoformat(given) if len(given) <= 10 else datetime.fromisoformat(given)
    except ValueError:
        raise QueryError(f"'{given}' is not a date: write it like 2026-01-31") from None


__all__ = ["Answer", "Answers", "Mapping", "Workspace", "arrow", "measure", "moment", "open", "restore"]
