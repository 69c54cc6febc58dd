"""Cases from the events of a help desk: what happened when, in calendar and in working time.

The rules are told in docs/decisions/ticket-events.md.
"""
# The SQL here holds only quoted literals and names of our own.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from polso.entities import TICKET, Column, Type
from polso.ingest.facts import group
from polso.ingest.quote import literal, name
from polso.settings import FirstResponse, Settings
from polso.working_time import UNKNOWN, Calendar

# Words of help desks for the states of a case, in English and Italian. What is in none of them is open.
_STATES: dict[str, tuple[str, ...]] = {
    "new": ("new", "nuovo", "nuova"),
    "pending": (
        *("pending", "waiting", "wait", "on wait", "in attesa", "attesa", "awaiting", "waiting for customer"),
        *("awaiting user info", "awaiting vendor", "awaiting problem", "awaiting evidence", "in attesa cliente"),
    ),
    "hold": ("hold", "on hold", "on-hold", "onhold", "sospeso", "sospesa"),
    "resolved": (
        *("resolved", "solved", "done", "fixed", "completed", "complete", "resolve", "risolto", "risolta"),
        *("completato", "completata", "evaso", "evasa"),
    ),
    "closed": ("closed", "close", "chiuso", "chiusa", "archived", "archiviato", "archiviata", "cancelled", "annullato"),
}
_RANK = {"new": 0, "open": 1, "pending": 2, "hold": 2, "resolved": 3, "closed": 4}
_DIMENSIONS = tuple(column.name for column in TICKET.columns if column.dimension and column.name != "agent")
_GIVEN = (*_DIMENSIONS, "complaint", "handle_seconds", "customer_id", "source")
"""What a case takes over from its events: the last value that any of them has."""


@dataclass(frozen=True)
class Rules:
    """How a workspace counts."""

    calendar: Calendar
    first_response: FirstResponse

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """The rules of a workspace."""
        return cls(Calendar.from_settings(settings), settings.first_response)


def edition(settings: Settings) -> int:
    """A number that changes with anything in the settings that cases depend on."""
    said = repr((settings.timezone, settings.calendar, settings.first_response))
    return int.from_bytes(sha256(said.encode()).digest()[:6])


def tickets_from(work: duckdb.DuckDBPyConnection, events: str, rules: Rules) -> pa.Table:
    """Make cases, in the schema of `ticket`, from a relation of all their events, given by name."""
    work.execute(f"create or replace temp table event_ as {_ordered(events)}")
    work.execute(f"create or replace temp table case_ as {_cases(rules.first_response)}")
    given = ", ".join(_last_given(one) for one in _GIVEN)
    cleared = ", ".join(f"'{one}': null" for one in (*_GIVEN, "agent", "status"))
    extra = (
        "list_reduce(list(extra order by seq) filter (extra is not null), lambda a, b: cast(json_merge_patch(a, b) as varchar))"
    )
    work.execute(
        f"create or replace temp table given_ as select ticket_id, {given}, {extra} as extra from event_ group by ticket_id"
    )
    found = work.sql(
        "select c.*, g.* exclude (ticket_id, extra), "
        f"nullif(cast(json_merge_patch(coalesce(g.extra, '{{}}'), {{{cleared}}}::json) as varchar), '{{}}') as extra "
        "from case_ c join given_ g using (ticket_id)"
    ).to_arrow_table()
    return _completed(_with_groups(work, found), rules)


def complete(table: pa.Table, rules: Rules) -> pa.Table:
    """Fill in what can be computed of cases that were loaded as they are: seconds, working time, state."""
    return _completed(table, rules)


# --- what happened ---------------------------------------------------------------------------------------------------


def _ordered(events: str) -> str:
    """The events with who and what made plain, in order; at the same moment in the order of a case's life."""
    words = " ".join(
        f"when word in ({', '.join(literal(one) for one in known)}) then {literal(state)}" for state, known in _STATES.items()
    )
    ranks = " ".join(f"when {literal(state)} then {rank}" for state, rank in _RANK.items())
    said = (
        'select *, lower(trim("to")) as word, '
        "coalesce(author, case kind when 'created' then 'customer' when 'reply' then 'agent' end) as who, "
        "coalesce(public, kind <> 'note') as seen, "
        "coalesce(case when kind = 'assign' then \"to\" end, agent) as whose "
        f"from {events}"
    )
    named = (
        "select *, case when kind <> 'status' then null "
        f"{words} when word like 'awaiting%' or word like 'waiting%' or word like 'in attesa%' then 'pending' "
        f"when word like 'closed%' then 'closed' when word like 'resolved%' then 'resolved' else 'open' end as state "
        f"from ({said})"
    )
    place = (
        "case kind when 'created' then 0 when 'handover' then 1 when 'assign' then 2 when 'note' then 3 when 'reply' then 3 "
        f"when 'rating' then 9 else 4 + (case state {ranks} end) / 10.0 end"
    )
    return f'select *, row_number() over (partition by ticket_id order by "at", {place}, id) as seq from ({named})'


def _cases(switches: FirstResponse) -> str:
    """One row a case: its moments and counts."""
    answered_by = "who in ('agent', 'bot')" if switches.stopped_by == "any" else "who = 'agent'"
    public = " and seen" if switches.public_only else ""
    asked = "min(\"at\") filter (kind in ('created', 'reply') and who = 'customer')"
    opening = 'coalesce(min("at") filter (kind = \'created\'), min("at"))'
    start = opening if switches.start == "created" else f"coalesce({asked}, {opening})"
    begun = f"select ticket_id, {opening} as opened_at, {start} as start_at from event_ group by ticket_id"
    states = (
        'select ticket_id, seq, "at", state, '
        "lag(state) over (partition by ticket_id order by seq) as state_before, "
        'lead("at") over (partition by ticket_id order by seq) as until_at '
        "from event_ where state is not null"
    )
    last = (
        "select ticket_id, arg_max(state, seq) as status, "
        "count(*) filter (state not in ('resolved', 'closed') and state_before in ('resolved', 'closed')) as reopens, "
        "coalesce(max(seq) filter (state not in ('resolved', 'closed') and state_before in ('resolved', 'closed')), 0) "
        "as reopened_seq, "
        "min(\"at\") filter (state in ('resolved', 'closed')) as first_resolved_at, "
        "sum(epoch(until_at) - epoch(\"at\")) filter (state = 'pending') as waiting_seconds "
        f"from ({states}) group by ticket_id"
    )
    done = (
        "select l.ticket_id, max(e.\"at\") filter (e.state = 'resolved') as last_resolved, "
        "min(e.\"at\") filter (e.state = 'closed') as first_closed, max(e.\"at\") filter (e.state = 'closed') as last_closed "
        f"from ({last}) l join event_ e on e.ticket_id = l.ticket_id and e.seq > l.reopened_seq "
        "and e.state in ('resolved', 'closed') where l.status in ('resolved', 'closed') group by l.ticket_id"
    )
    answers = (
        f'select e.ticket_id, min(e."at") filter (kind = \'reply\' and {answered_by}{public} and e."at" >= b.start_at) '
        'as first_response_at, min(e."at") filter (kind = \'handover\' and e."at" >= b.start_at) as handed_over_at, '
        "count(*) filter (kind = 'reply' and who = 'agent' and seen) as agent_touches, "
        "count(*) filter (kind in ('created', 'reply') and who = 'customer') as customer_touches, "
        "case when bool_or(who = 'bot') and bool_or(who = 'agent') then 'both' when bool_or(who = 'bot') then 'bot' "
        "when bool_or(who = 'agent') then 'human' end as handled_by "
        f"from event_ e join ({begun}) b on b.ticket_id = e.ticket_id group by e.ticket_id"
    )
    joined = (
        "select b.ticket_id, b.opened_at, b.start_at, a.first_response_at, a.handed_over_at, l.first_resolved_at, "
        "coalesce(d.last_resolved, d.first_closed) as resolved_at, "
        "case when l.status = 'closed' then d.last_closed end as closed_at, "
        "coalesce(l.status, case when a.first_response_at is null then 'new' else 'open' end) as status, "
        "coalesce(l.reopens, 0) as reopens, a.agent_touches, a.customer_touches, l.waiting_seconds, a.handled_by "
        f"from ({begun}) b join ({answers}) a on a.ticket_id = b.ticket_id "
        f"left join ({last}) l on l.ticket_id = b.ticket_id left join ({done}) d on d.ticket_id = b.ticket_id"
    )
    # Who had it when it was solved, not who holds it now.
    return (
        "select j.*, coalesce(arg_max(e.whose, e.seq) filter (e.whose is not null and "
        '(j.resolved_at is null or e."at" <= j.resolved_at)), arg_min(e.whose, e.seq) filter (e.whose is not null)) as agent '
        f"from ({joined}) j join event_ e on e.ticket_id = j.ticket_id group by all"
    )


def _last_given(column: str) -> str:
    declared = TICKET.by_name[column]
    stored = name(column) if column in ("customer_id", "source") else "null::varchar"
    key = literal('$."' + column + '"')
    value = f"coalesce({stored}, json_extract_string(extra, {key}))"
    if declared.type is not Type.TEXT:
        value = f"try_cast({value} as {declared.type.sql})"
    return f"arg_max({value}, seq) filter ({value} is not null) as {name(column)}"


def _with_groups(work: duckdb.DuckDBPyConnection, found: pa.Table) -> pa.Table:
    work.register("found_", found)
    made = work.sql(
        f"select *, {group('coalesce(customer_id, ticket_id)')} as customer_group, ticket_id as id from found_"
    ).to_arrow_table()
    work.unregister("found_")
    return made


# --- how long it took ------------------------------------------------------------------------------------------------

_SPANS = (
    ("response", "first_response_at"),
    ("first_resolution", "first_resolved_at"),
    ("resolution", "resolved_at"),
)


def _completed(table: pa.Table, rules: Rules) -> pa.Table:
    """Put a table into the schema of `ticket`, with the seconds and the state that follow from its moments."""
    columns = {one.name: _column(table, one) for one in TICKET.all_columns}
    opened = _micros(columns["opened_at"])
    starts = {"response": _response_start(table, opened, rules)}
    schedules = _schedules(columns, rules.calendar)
    for span, end_name in _SPANS:
        start, end = starts.get(span, opened), _micros(columns[end_name])
        calendar = np.where((start == UNKNOWN) | (end == UNKNOWN), np.nan, (end - start) / 1_000_000)
        working = _working(start, end, schedules, rules.calendar)
        if span == "response" and rules.first_response.clock == "business":
            calendar = working
        for column, seconds in ((f"{span}_seconds", calendar), (f"{span}_business_seconds", working)):
            columns[column] = pc.coalesce(columns[column], pa.array(seconds, pa.float64(), from_pandas=True))
    by_times = pc.case_when(
        pc.make_struct(pc.is_valid(columns["closed_at"]), pc.is_valid(columns["resolved_at"])),
        pa.scalar("closed"),
        pa.scalar("resolved"),
        pa.scalar("open"),
    )
    columns["status"] = pc.coalesce(columns["status"], by_times)
    return pa.table(columns, schema=TICKET.arrow_schema)


def _column(table: pa.Table, declared: Column) -> pa.Array:
    if declared.name not in table.column_names:
        return pa.nulls(len(table), declared.type.arrow)
    column = table[declared.name].cast(declared.type.arrow)
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _response_start(table: pa.Table, opened: NDArray[np.int64], rules: Rules) -> NDArray[np.int64]:
    """When the clock of the first response starts: with the customer's message, or when the bot handed over."""
    if "start_at" not in table.column_names:
        return opened
    start = _micros(table["start_at"])
    if rules.first_response.bot_time == "in":
        return start
    handed, answered = _micros(table["handed_over_at"]), _micros(table["first_response_at"])
    return np.where((handed != UNKNOWN) & (handed <= answered), handed, start)


def _micros(moments: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    whole = moments.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return np.asarray(pc.fill_null(whole, int(UNKNOWN)).to_numpy(zero_copy_only=False), dtype=np.int64)


def _schedules(columns: dict[str, pa.Array], calendar: Calendar) -> list[str | None]:
    """The schedule of each case, by its department, team or channel."""
    if not calendar.settings.schedule_of:
        return []
    rows: Sequence[tuple[str | None, ...]] = list(
        zip(*(columns[one].to_pylist() for one in ("department", "team", "channel")), strict=True)
    )
    return [calendar.schedule_for(*row) for row in rows]


def _working(
    start: NDArray[np.int64], end: NDArray[np.int64], schedules: list[str | None], calendar: Calendar
) -> NDArray[np.float64]:
    if not schedules:
        return calendar.seconds(start, end)
    result = np.full(len(start), np.nan)
    names = np.array([schedule or "" for schedule in schedules], dtype=object)
    for one in sorted(set(names)):
        chosen = names == one
        result[chosen] = calendar.seconds(start[chosen], end[chosen], one or None)
    return result
