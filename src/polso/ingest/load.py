"""Loading files as facts: read, map, check, stage, commit; all or nothing."""
# The SQL here holds only quoted literals and names of our own.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polso.entities import TICKET, Entity, entity
from polso.errors import LoadError
from polso.ingest.cells import Cell, cells
from polso.ingest.connection import opened
from polso.ingest.derive import complete_tickets
from polso.ingest.facts import Facts, facts, group, needed
from polso.ingest.files import Source, size_of, unpack
from polso.ingest.guess import missing_column
from polso.ingest.mapping import FileOptions, Mapping
from polso.ingest.proposal import SAMPLE_ROWS, guessed, proposal
from polso.ingest.quote import literal
from polso.ingest.readings import read_all
from polso.ingest.rejects import Rejects
from polso.ingest.tables import Field, Relation, numbered, of_arrow, relation
from polso.ingest.watch import Watch
from polso.settings import Settings
from polso.warehouse.rows import Laid, lay
from polso.warehouse.store import Warehouse


@dataclass(frozen=True)
class LoadReport:
    """What a load did."""

    entity: str
    rows_read: int
    rows_loaded: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    rejects_file: Path | None
    version: int
    mapping: Mapping
    warnings: tuple[str, ...] = ()


@dataclass
class _Job:
    """One load under way."""

    entity: Entity
    settings: Settings
    mapping: Mapping | None
    keep_good: bool
    staging: Path
    connection: duckdb.DuckDBPyConnection
    rejects: Rejects
    watch: Watch
    staged: list[Path | Laid] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    used: Mapping | None = None
    rows: int = 0


def load(
    warehouse: Warehouse,
    entity_name: str,
    sources: Sequence[Source],
    *,
    settings: Settings,
    mapping: Mapping | None = None,
    keep_good: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> LoadReport:
    """Load files as facts of one entity in one commit; raises LoadError, and then nothing was stored.

    `progress` is told bytes read and, where known, bytes in all; `cancelled` is asked a few times a second.
    """
    if not sources:
        raise LoadError("no file was named to load")
    watch = Watch(progress, cancelled, size_of(sources))
    with _job(warehouse, entity_name, settings, mapping, keep_good, watch) as job:
        for source in sources:
            for plain in unpack(source, job.staging):
                _stage(job, relation(plain, _options(mapping), job.staging, job.connection))
        return _commit(job, warehouse)


def load_table(
    warehouse: Warehouse, entity_name: str, table: pa.Table, *, mapping: Mapping | None = None, settings: Settings
) -> LoadReport:
    """Load a table in memory as facts of one entity, through the same checks as a file."""
    with _job(warehouse, entity_name, settings, mapping, False, Watch()) as job:
        _stage(job, of_arrow(table, job.connection))
        return _commit(job, warehouse)


def propose(entity_name: str, source: Source, settings: Settings) -> Mapping:
    """Guess the mapping that would bring a file to an entity; nothing is loaded."""
    kind = entity(entity_name)
    with TemporaryDirectory(prefix="polso-") as folder:
        connection = opened(Path(folder))
        try:
            for plain in unpack(source, Path(folder)):
                seen = relation(plain, FileOptions(), Path(folder), connection)
                return proposal(kind, seen, settings.zone.key, connection)
        finally:
            connection.close()
    raise LoadError("there is no file to look at")


def _options(mapping: Mapping | None) -> FileOptions:
    return mapping.file if mapping else FileOptions()


@contextmanager
def _job(
    warehouse: Warehouse, entity_name: str, settings: Settings, mapping: Mapping | None, keep_good: bool, watch: Watch
) -> Iterator[_Job]:
    kind = entity(entity_name)
    if mapping is not None and mapping.entity != kind.name:
        raise LoadError(f"the mapping is for {mapping.entity}, not for {kind.name}")
    rejects = Rejects(warehouse.folder / "rejects", kind.name)
    with warehouse.staging() as staging:
        connection = opened(staging)
        try:
            yield _Job(kind, settings, mapping, keep_good, staging, connection, rejects, watch)
        finally:
            rejects.close()
            connection.close()


def _stage(job: _Job, source: Relation) -> None:
    """Bring one file to staged facts: at once if it is clean, else row by row."""
    mapping = job.mapping or guessed(job.entity, source, FileOptions(), job.connection)
    job.used = job.used or mapping
    for column in needed(job.entity):
        if column not in mapping.columns and not (job.entity.name == "customer" and column == "customer_id"):
            raise missing_column(job.entity, column, source)
    targets, left, warnings = cells(job.entity, mapping, source, job.connection)
    job.warnings += [f"{source.file}: {warning}" for warning in (*source.warnings, *warnings)]
    clean = not source.numbered and (source.dialect is None or source.dialect.one_line_end)
    if not (clean and _at_once(job, mapping, source, targets, left)):
        try:
            _with_care(job, mapping, source, targets, left)
        except duckdb.Error as error:
            raise LoadError(f"{source.file}: {str(error).splitlines()[0]}") from error
    job.watch.file_done(source.size)


def _zone(job: _Job, mapping: Mapping) -> str:
    return mapping.file.timezone or job.settings.zone.key


def _at_once(job: _Job, mapping: Mapping, source: Relation, targets: tuple[Cell, ...], left: tuple[Field, ...]) -> bool:
    """Stage a clean file in one pass, by the look of its first rows; False when a row does not bear them out."""
    out = job.staging / f"{uuid4().hex}.parquet"
    laid = None
    try:
        job.connection.execute(f"create or replace temp table polso_sample as select * from {source.sql} limit {SAMPLE_ROWS}")
        reads = read_all(targets, source, "polso_sample", mapping.file, _zone(job, mapping), job.connection)
        found = facts(job.entity, reads, left, source, mapping.file)
        laid = _lay(job, found, source.size) if job.entity is not TICKET else None
        rows = laid.rows if laid else _copy(job, found.strict(), out, source.size)
    except (duckdb.Error, LoadError):
        job.watch.check()
        out.unlink(missing_ok=True)
        return False
    if not rows:
        return False
    job.rows += rows
    if laid:
        job.staged.append(laid)
    else:
        _keep(job, found, out)
    return True


def _lay(job: _Job, found: Facts, size: int | None) -> Laid | None:
    """Write rows where they need not be written again; None when an id repeats, so that their order counts."""
    place = job.staging / f"{uuid4().hex}.laid"
    # Each id comes once, so the order of rows need not be kept; keeping it would take one core only.
    job.connection.execute("set preserve_insertion_order = false")
    try:
        laid = lay(lambda sql: job.watch.run(job.connection, sql, size), job.entity, found.strict(), place, found.empty)
    finally:
        job.connection.execute("set preserve_insertion_order = true")
    return None if laid.repeated else laid


def _with_care(job: _Job, mapping: Mapping, source: Relation, targets: tuple[Cell, ...], left: tuple[Field, ...]) -> None:
    """Stage a file whose rows are known by number, all its values looked at first; refused rows are written down."""
    source = numbered(source, job.staging, job.connection, job.watch.reached)
    reads = read_all(targets, source, None, mapping.file, _zone(job, mapping), job.connection)
    found = facts(job.entity, reads, left, source, mapping.file)
    out = job.staging / f"{uuid4().hex}.parquet"
    good = _copy(job, found.good(), out, source.size)
    before = job.rejects.rows
    job.rejects.add(source.file, ((bad.row, "", bad.text, bad.advice) for bad in source.bad))
    job.rejects.count_more(source.bad_count - len(source.bad))
    job.rejects.add(source.file, _fetched(job.connection.execute(found.refused())))
    rows = good + job.rejects.rows - before
    if not rows:
        raise LoadError(f"{source.file} has a header but no rows")
    job.rows += rows
    if good:
        _keep(job, found, out)


def _fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, str, str | None, str]]:
    while rows := result.fetchmany(5_000):
        yield from rows


def _copy(job: _Job, query: str, out: Path, size: int | None) -> int:
    sql = f"copy ({query}) to {literal(str(out))} (format parquet, compression lz4_raw)"
    return int(job.watch.run(job.connection, sql, size)[0][0])


def _keep(job: _Job, found: Facts, out: Path) -> None:
    if found.made_ids:
        out = _numbered_ids(job, found, out)
    job.staged.append(out)


def _numbered_ids(job: _Job, found: Facts, out: Path) -> Path:
    """Identical rows of one file are different facts: the second one is -2, the third -3."""
    file = f"read_parquet({literal(str(out))})"
    job.connection.execute(f"create or replace temp table polso_same as select id from {file} group by id having count(*) > 1")
    if not job.connection.execute("select 1 from polso_same limit 1").fetchall():
        return out
    better = job.staging / f"{uuid4().hex}.parquet"
    same = f"select *, row_number() over (partition by id) as n from {file} where id in (from polso_same)"
    again = "case when n > 1 then id || '-' || n else id end"
    customer = f"coalesce(customer_id, {again})" if found.entity.name != "customer" else again
    new = f"select * exclude (n) replace ({again} as id, {group(customer)} as customer_group) from ({same})"
    query = f"select {found.columns} from (select * from {file} where id not in (from polso_same) union all {new})"
    _copy(job, query, better, None)
    out.unlink()
    return better


def _commit(job: _Job, warehouse: Warehouse) -> LoadReport:
    rejects = job.rejects
    rejects.close()
    if rejects.rows and not job.keep_good:
        raise LoadError(rejects.refusal(), rejects.path)
    assert job.used is not None
    if job.entity.name == "ticket":
        job.staged = [_completed(path, job.settings) for path in job.staged if isinstance(path, Path)]
    loaded = sum(staged.rows if isinstance(staged, Laid) else _rows_of(staged) for staged in job.staged)
    if job.staged:
        job.watch.check()
        commit = warehouse.upsert(job.entity.name, job.staged)
        done = (commit.inserted, commit.updated, commit.unchanged)
        version = commit.version
    else:
        done, version = (0, 0, 0), warehouse.snapshot(job.entity.name).version
    repeated = loaded - sum(done)
    if repeated > 0:
        job.warnings.append(f"{repeated} rows repeat an id of the same load: of each id the last row counts")
    return LoadReport(
        entity=job.entity.name,
        rows_read=job.rows,
        rows_loaded=loaded,
        inserted=done[0],
        updated=done[1],
        unchanged=done[2],
        rejected=rejects.rows,
        rejects_file=rejects.path,
        version=version,
        mapping=job.used,
        warnings=tuple(dict.fromkeys(job.warnings)),
    )


def _completed(path: Path, settings: Settings) -> Path:
    """Cases loaded as they are get the seconds and the state that follow from their moments."""
    better = path.with_name(f"{uuid4().hex}.parquet")
    staged = pq.ParquetFile(path)
    with pq.ParquetWriter(better, TICKET.arrow_schema, compression="lz4") as writer:
        for batch in staged.iter_batches(batch_size=250_000):
            writer.write_table(complete_tickets(pa.Table.from_batches([batch]), settings))
    path.unlink()
    return better


def _rows_of(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)
