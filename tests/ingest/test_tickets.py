"""Cases worked out by hand from what happened to them, in a workspace in Rome that works Monday to Friday, 9 to 18.

12 January 2026 is a Monday.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

import polso
from polso.workspace import Workspace

ROME = ZoneInfo("Europe/Rome")
Case = dict[str, Any]


def loaded(folder: Path, *files: str, entity: str = "ticket_event", settings: str = "") -> Workspace:
    """A workspace into which files were loaded one after the other."""
    folder.mkdir(exist_ok=True)
    (folder / "polso.toml").write_text(settings, encoding="utf-8")
    workspace = polso.open(folder)
    for number, text in enumerate(files):
        path = folder / f"{number}.csv"
        path.write_text(text, encoding="utf-8")
        workspace.load(entity, path)
    return workspace


def cases(workspace: Workspace) -> dict[str, Case]:
    """The cases by id, without what is empty, moments as the clock in Rome showed them."""
    rows = [row for file in workspace.warehouse.snapshot("ticket").files for row in pq.ParquetFile(file.path).read().to_pylist()]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: {key: shown(value) for key, value in row.items() if value is not None} for row in rows}


def shown(value: Any) -> Any:
    return value.astimezone(ROME).strftime("%m-%d %H:%M") if isinstance(value, datetime) else value


def made(folder: Path, events: str, settings: str = "") -> dict[str, Case]:
    return cases(loaded(folder, events, settings=settings))


def parts(case: Case, expected: Case) -> Case:
    """The part of a case that an expectation speaks of."""
    return {key: case.get(key) for key in expected}


# --- a whole life -----------------------------------------------------------------------------------------------------

LIFE = """ticket_id,at,kind
A,2026-01-12 09:00,created:customer
A,2026-01-12 09:05,assign:Anna
A,2026-01-12 09:10,note:agent
A,2026-01-12 09:30,reply:agent
A,2026-01-12 09:40,status:pending
A,2026-01-12 10:40,reply:customer
A,2026-01-12 10:41,status:open
A,2026-01-12 11:00,status:solved
A,2026-01-13 17:00,status:open
A,2026-01-13 17:05,assign:Bruno
A,2026-01-13 17:30,status:pending
A,2026-01-14 09:20,reply:agent
A,2026-01-14 09:30,status:solved
A,2026-01-14 10:00,status:closed
A,2026-01-14 10:30,assign:Carla
A,2026-01-15 08:00,rating:5
"""


def test_a_case_is_answered_solved_opened_again_solved_and_closed(tmp_path: Path) -> None:
    expected = {
        "opened_at": "01-12 09:00",
        "first_response_at": "01-12 09:30",
        "first_resolved_at": "01-12 11:00",
        "resolved_at": "01-14 09:30",
        "closed_at": "01-14 10:00",
        "status": "closed",
        "reopens": 1,
        "agent_touches": 2,
        "customer_touches": 2,
        "response_seconds": 30 * 60,
        "response_business_seconds": 30 * 60,
        "first_resolution_seconds": 2 * 3600,
        "first_resolution_business_seconds": 2 * 3600,
        # Two days and half an hour by the calendar; nine hours, nine hours and half an hour at work.
        "resolution_seconds": 48.5 * 3600,
        "resolution_business_seconds": 18.5 * 3600,
        # 9:40 to 10:41, and 17:30 to 9:30 of the next day.
        "waiting_seconds": 61 * 60 + 16 * 3600,
        "handled_by": "human",
        "agent": "Bruno",
    }

    assert parts(made(tmp_path, LIFE)["A"], expected) == expected


SPANS = [
    ("2026-01-09 17:30", "2026-01-12 09:30", 64 * 3600, 3600),
    ("2026-01-10 12:00", "2026-01-10 13:00", 3600, 0),
    ("2026-01-12 08:00", "2026-01-12 19:00", 11 * 3600, 9 * 3600),
    # 6 January is a holiday of Italy.
    ("2026-01-05 17:00", "2026-01-07 10:00", 41 * 3600, 2 * 3600),
    # The clock goes forward in the night to 29 March.
    ("2026-03-28 12:00", "2026-03-30 09:00", 44 * 3600, 0),
]


def test_time_is_counted_by_the_calendar_and_at_work(tmp_path: Path) -> None:
    lines = [f"{opened},{opened},created\n{opened},{done},reply\n{opened},{done},status:solved\n" for opened, done, _, _ in SPANS]

    found = made(tmp_path, "ticket_id,at,kind\n" + "".join(lines), '[calendar]\ncountry = "IT"\n')

    for span in ("response", "first_resolution", "resolution"):
        seconds = {name: (case[f"{span}_seconds"], case[f"{span}_business_seconds"]) for name, case in found.items()}
        assert seconds == {opened: (calendar, working) for opened, _, calendar, working in SPANS}


def test_a_team_with_a_schedule_of_its_own_works_by_it(tmp_path: Path) -> None:
    settings = """
[calendar.schedules.night]
fri = ["22:00-06:00"]
[calendar.schedule_of]
"Night desk" = "night"
"""
    # 17:00 on Friday to 7:00 on Saturday.
    events = """ticket_id,at,kind,team
day,2026-01-09 17:00,created,Day desk
day,2026-01-10 07:00,reply,
night,2026-01-09 17:00,created,Night desk
night,2026-01-10 07:00,reply,
"""

    found = made(tmp_path, events, settings)

    assert {name: case["response_business_seconds"] / 3600 for name, case in found.items()} == {"day": 1, "night": 8}


# --- what stops which clock -------------------------------------------------------------------------------------------


def test_what_is_not_there_is_not_known(tmp_path: Path) -> None:
    found = made(tmp_path, "ticket_id,at,kind\nA,2026-01-12 09:00,created\n")["A"]

    found.pop("customer_group")
    assert found == {
        "id": "A",
        "source": "file",
        "opened_at": "01-12 09:00",
        "status": "new",
        "reopens": 0,
        "agent_touches": 0,
        "customer_touches": 1,
    }


def test_the_first_response_is_the_first_public_answer_of_a_person_to_the_customer(tmp_path: Path) -> None:
    events = """ticket_id,at,kind,public
note,2026-01-12 09:00,created,
note,2026-01-12 09:10,note:agent,yes
note,2026-01-12 09:20,reply:agent,no
note,2026-01-12 09:30,reply:bot,
note,2026-01-12 09:40,reply:customer,
note,2026-01-12 09:50,reply:agent,yes
before,2026-01-12 09:00,created:agent,
before,2026-01-12 09:10,reply:agent,
before,2026-01-12 10:00,reply:customer,
before,2026-01-12 10:15,reply:agent,
silent,2026-01-12 09:00,created:agent,
silent,2026-01-12 09:10,reply:agent,
"""
    found = made(tmp_path, events)

    answered = {name: (case["opened_at"], case["first_response_at"], case["response_seconds"]) for name, case in found.items()}
    assert answered == {
        "note": ("01-12 09:00", "01-12 09:50", 50 * 60),
        # Opened by an agent: the clock starts when the customer says something.
        "before": ("01-12 09:00", "01-12 10:15", 15 * 60),
        "silent": ("01-12 09:00", "01-12 09:10", 10 * 60),
    }
    assert {name: (case["agent_touches"], case["customer_touches"]) for name, case in found.items()} == {
        "note": (1, 2),
        "before": (2, 1),
        "silent": (1, 0),
    }


def test_a_case_begins_when_it_was_created_or_with_the_first_thing_known(tmp_path: Path) -> None:
    events = """ticket_id,at,kind
late,2026-01-12 09:00,assign:Anna
late,2026-01-12 09:10,created
late,2026-01-12 09:40,status:solved
cut,2026-01-12 09:00,assign:Anna
cut,2026-01-12 09:40,status:solved
"""
    found = made(tmp_path, events)

    assert {name: (case["opened_at"], case["resolution_seconds"]) for name, case in found.items()} == {
        "late": ("01-12 09:10", 30 * 60),
        "cut": ("01-12 09:00", 40 * 60),
    }


STATES = """ticket_id,at,kind
closed,2026-01-12 09:00,created
closed,2026-01-12 10:00,status:solved
closed,2026-01-12 11:00,status:closed
unsolved,2026-01-12 09:00,created
unsolved,2026-01-12 10:00,status:closed
unsolved,2026-01-12 11:00,status:closed
twice,2026-01-12 09:00,created
twice,2026-01-12 10:00,status:solved
twice,2026-01-12 11:00,status:solved
again,2026-01-12 09:00,created
again,2026-01-12 10:00,status:solved
again,2026-01-12 11:00,status:closed
again,2026-01-12 12:00,status:pending
often,2026-01-12 09:00,created
often,2026-01-12 10:00,status:solved
often,2026-01-12 11:00,status:open
often,2026-01-12 12:00,status:open
often,2026-01-12 13:00,status:closed
often,2026-01-12 14:00,status:new
often,2026-01-12 15:00,status:closed
replied,2026-01-12 09:00,created
replied,2026-01-12 10:00,status:solved
replied,2026-01-12 11:00,reply:customer
backwards,2026-01-12 09:00,created
backwards,2026-01-12 10:00,status:closed
backwards,2026-01-12 11:00,status:solved
"""


def test_a_case_is_solved_for_good_the_last_time_and_opened_again_when_a_state_says_so(tmp_path: Path) -> None:
    found = made(tmp_path, STATES)

    told = ("status", "reopens", "first_resolved_at", "resolved_at", "closed_at")
    assert {name: tuple(case.get(one) for one in told) for name, case in found.items()} == {
        "closed": ("closed", 0, "01-12 10:00", "01-12 10:00", "01-12 11:00"),
        # Closing solves what was never said to be solved.
        "unsolved": ("closed", 0, "01-12 10:00", "01-12 10:00", "01-12 11:00"),
        "twice": ("resolved", 0, "01-12 10:00", "01-12 11:00", None),
        # While it is open again it is not solved, but the first solution stays.
        "again": ("pending", 1, "01-12 10:00", None, None),
        "often": ("closed", 2, "01-12 10:00", "01-12 15:00", "01-12 15:00"),
        "replied": ("resolved", 0, "01-12 10:00", "01-12 10:00", None),
        "backwards": ("resolved", 0, "01-12 10:00", "01-12 11:00", None),
    }
    assert "resolution_seconds" not in found["again"]
    assert found["again"]["first_resolution_seconds"] == 3600


def test_waiting_lasts_from_one_state_to_the_next(tmp_path: Path) -> None:
    events = """ticket_id,at,kind
spells,2026-01-12 09:00,status:pending
spells,2026-01-12 09:20,status:pending
spells,2026-01-12 09:30,reply:customer
spells,2026-01-12 09:50,status:open
spells,2026-01-12 10:00,status:pending
spells,2026-01-12 10:05,status:solved
hold,2026-01-12 09:00,status:hold
hold,2026-01-12 10:00,status:open
still,2026-01-12 09:00,status:pending
still,2026-01-12 09:10,status:open
still,2026-01-12 09:20,status:pending
still,2026-01-13 09:20,reply:customer
"""
    found = made(tmp_path, events)

    assert {name: case.get("waiting_seconds") for name, case in found.items()} == {
        "spells": 55 * 60,
        "hold": None,
        "still": 10 * 60,
    }


WORDS = {
    "new": ["New", "nuova"],
    "open": ["open", "In Progress", "Riaperto", "Assigned to vendor", "???"],
    "pending": ["Pending", "In attesa", "Awaiting User Info", "Waiting on customer", "awaiting a miracle", "In attesa di X"],
    "hold": ["On Hold", "on-hold", "sospesa", "Snoozed"],
    "resolved": ["Solved", "RESOLVED", "Done", "Fixed", "Risolto", "evasa", "Resolved by caller"],
    "closed": ["Closed", "chiuso", "Archived", "annullato", "Closed - no answer"],
}


def test_help_desks_call_their_states_by_many_words(tmp_path: Path) -> None:
    said = [(state, how) for state, words in WORDS.items() for word in words for how in (f"status:{word},", f"status,{word}")]
    lines = [f"{number},2026-01-12 09:00,{how}\n" for number, (_, how) in enumerate(said)]

    found = made(tmp_path, "ticket_id,at,kind,to\n" + "".join(lines))

    assert {how: found[str(number)]["status"] for number, (_, how) in enumerate(said)} == {how: state for state, how in said}


def test_who_handled_a_case_is_told_by_who_did_anything(tmp_path: Path) -> None:
    events = """ticket_id,at,kind,author
nobody,2026-01-12 09:00,created,
nobody,2026-01-12 09:01,status:closed,
human,2026-01-12 09:00,created,
human,2026-01-12 09:01,note,agent
bot,2026-01-12 09:00,created,
bot,2026-01-12 09:01,reply,bot
bot,2026-01-12 09:02,status:solved,bot
both,2026-01-12 09:00,created,
both,2026-01-12 09:01,reply,bot
both,2026-01-12 09:02,reply,
"""
    found = made(tmp_path, events)

    handled = {name: (case.get("handled_by"), case["status"]) for name, case in found.items()}
    assert handled == {
        "nobody": (None, "closed"),
        "human": ("human", "new"),
        "bot": ("bot", "resolved"),
        "both": ("both", "open"),
    }


def test_a_case_is_of_the_agent_who_had_it_when_it_was_solved(tmp_path: Path) -> None:
    events = """ticket_id,at,kind,to,agent
later,2026-01-12 09:00,assign,Anna,
later,2026-01-12 10:00,status,solved,
later,2026-01-12 11:00,assign,Bruno,
again,2026-01-12 09:00,assign,Anna,
again,2026-01-12 10:00,status,solved,
again,2026-01-12 11:00,status,open,
again,2026-01-12 11:00,assign,Bruno,
again,2026-01-12 12:00,status,solved,
open,2026-01-12 09:00,assign,Anna,
open,2026-01-12 11:00,assign,Bruno,
stated,2026-01-12 09:00,created,,Anna
stated,2026-01-12 10:00,status,solved,Bruno
stated,2026-01-12 11:00,note,,Carla
after,2026-01-12 09:00,created,,
after,2026-01-12 10:00,status,solved,
after,2026-01-12 11:00,assign,Bruno,
after,2026-01-12 12:00,assign,Carla,
"""
    found = made(tmp_path, events)

    assert {name: case["agent"] for name, case in found.items()} == {
        "later": "Anna",
        "again": "Bruno",
        "open": "Bruno",
        "stated": "Bruno",
        "after": "Bruno",
    }


def test_at_the_same_moment_things_happen_in_the_order_of_a_case_s_life(tmp_path: Path) -> None:
    events = """id,ticket_id,at,kind,agent
01,A,2026-01-12 09:00,rating:5,
02,A,2026-01-12 09:00,status:closed,
03,A,2026-01-12 09:00,status:solved,
04,A,2026-01-12 09:00,status:pending,
05,A,2026-01-12 09:00,status:open,
06,A,2026-01-12 09:00,reply:agent,Carla
07,A,2026-01-12 09:00,assign:Anna,
08,A,2026-01-12 09:00,handover:human,
09,A,2026-01-12 09:00,created,
11,B,2026-01-12 09:00,assign:Anna,
12,B,2026-01-12 09:00,assign:Bruno,
"""
    expected = {
        "status": "closed",
        "reopens": 0,
        "agent": "Carla",
        "first_response_at": "01-12 09:00",
        "resolved_at": "01-12 09:00",
        "closed_at": "01-12 09:00",
        "waiting_seconds": 0,
        "response_seconds": 0,
    }

    found = made(tmp_path, events)

    assert parts(found["A"], expected) == expected
    assert found["B"]["agent"] == "Bruno"


# --- the switches of first response time --------------------------------------------------------------------------------

# Friday to Monday.
ASKED = """ticket_id,at,kind,public
A,2026-01-09 17:00,created:agent,
A,2026-01-09 17:10,reply:customer,
A,2026-01-09 17:12,reply:bot,
A,2026-01-09 17:20,handover:human,
A,2026-01-09 17:25,reply:agent,no
A,2026-01-12 09:20,reply:agent,
"""
WEEKEND = 64 * 60
"""Minutes from Friday 17:20 to Monday 9:20."""


@pytest.mark.parametrize(
    ("switches", "answered", "minutes", "working_minutes"),
    [
        ("", "01-12 09:20", WEEKEND + 10, 50 + 20),
        ("start = 'created'", "01-12 09:20", WEEKEND + 20, 60 + 20),
        ("stopped_by = 'any'", "01-09 17:12", 2, 2),
        ("public_only = false", "01-09 17:25", 15, 15),
        ("clock = 'business'", "01-12 09:20", 50 + 20, 50 + 20),
        ("bot_time = 'out'", "01-12 09:20", WEEKEND, 40 + 20),
        # It was the bot who answered: nothing was handed over before.
        ("bot_time = 'out'\nstopped_by = 'any'", "01-09 17:12", 2, 2),
        ("bot_time = 'out'\npublic_only = false", "01-09 17:25", 5, 5),
    ],
)
def test_a_switch_says_what_first_response_time_means(
    tmp_path: Path, switches: str, answered: str, minutes: float, working_minutes: float
) -> None:
    expected = {
        "opened_at": "01-09 17:00",
        "first_response_at": answered,
        "response_seconds": minutes * 60,
        "response_business_seconds": working_minutes * 60,
    }

    assert parts(made(tmp_path, ASKED, f"[first_response]\n{switches}\n")["A"], expected) == expected


@pytest.mark.parametrize(("switch", "january", "february"), [("", None, 3.0), ("counted_on = 'opened_at'", 3.0, None)])
def test_a_first_response_is_counted_when_it_was_given_or_when_the_case_was_opened(
    tmp_path: Path, switch: str, january: float | None, february: float | None
) -> None:
    events = "ticket_id,at,kind\nA,2026-01-31 10:00,created\nA,2026-02-03 10:00,reply\n"
    workspace = loaded(tmp_path, events, settings=f"[first_response]\n{switch}\n")

    keys = ("first_response_time", "first_response_time_median")
    answers = workspace.measure(*keys, grain="month", start="2026-01-01", end="2026-03-01", compare="none")

    for key in keys:
        found = [row.estimate.value for row in answers[key]]
        assert [value and round(value / 86400, 2) for value in found] == [january, february]


# --- what a case takes over ---------------------------------------------------------------------------------------------


def test_a_case_takes_over_the_last_that_its_events_said_of_it(tmp_path: Path) -> None:
    events = """ticket_id,at,kind,customer_id,source,channel,priority,team,complaint,handle_seconds,Colour,Size
A,2026-01-12 09:00,created,C1,desk,email,low,,no,10,red,L
A,2026-01-12 09:30,note,,desk,,high,Milan,yes,,blue,
A,2026-01-12 09:20,note,C1,desk,phone,medium,,,90.5,green,
"""
    case = made(tmp_path, events)["A"]

    expected = {
        "customer_id": "C1",
        "source": "desk",
        "channel": "phone",
        "priority": "high",
        "team": "Milan",
        "complaint": True,
        "handle_seconds": 90.5,
    }
    assert parts(case, expected) == expected
    assert json.loads(case["extra"]) == {"Colour": "blue", "Size": "L"}


def test_cases_loaded_as_they_are_get_what_can_be_computed_of_them(tmp_path: Path) -> None:
    tickets = """id,opened_at,first_response_at,first_resolved_at,resolved_at,closed_at,status,response_seconds
open,2026-01-09 17:30,2026-01-12 09:30,,,,,
stated,2026-01-09 17:30,2026-01-12 09:30,,,,hold,7
solved,2026-01-09 17:30,,2026-01-12 10:00,2026-01-13 10:00,,,
closed,2026-01-09 17:30,,,2026-01-13 10:00,2026-01-14 10:00,,
"""
    found = cases(loaded(tmp_path, tickets, entity="ticket"))

    assert {name: case["status"] for name, case in found.items()} == {
        "open": "open",
        "stated": "hold",
        "solved": "resolved",
        "closed": "closed",
    }
    seconds = {name: {key: value for key, value in case.items() if key.endswith("_seconds")} for name, case in found.items()}
    assert seconds == {
        "open": {"response_seconds": 64 * 3600, "response_business_seconds": 3600},
        "stated": {"response_seconds": 7, "response_business_seconds": 3600},
        "solved": {
            "first_resolution_seconds": 64.5 * 3600,
            "first_resolution_business_seconds": 1.5 * 3600,
            "resolution_seconds": 88.5 * 3600,
            "resolution_business_seconds": 10.5 * 3600,
        },
        "closed": {"resolution_seconds": 88.5 * 3600, "resolution_business_seconds": 10.5 * 3600},
    }


def test_the_clock_of_first_response_holds_for_cases_loaded_as_they_are(tmp_path: Path) -> None:
    tickets = "id,opened_at,first_response_at\nA,2026-01-09 17:30,2026-01-12 09:30\n"

    case = cases(loaded(tmp_path, tickets, entity="ticket", settings="[first_response]\nclock = 'business'\n"))["A"]

    assert (case["response_seconds"], case["response_business_seconds"]) == (3600, 3600)


# --- events that come later -----------------------------------------------------------------------------------------------


def test_later_events_bring_their_cases_up_to_date(tmp_path: Path) -> None:
    head = "id,ticket_id,at,kind\n"
    workspace = loaded(
        tmp_path,
        head + "2,A,2026-02-02 09:00,reply\n3,B,2026-01-12 09:00,created\n",
        head + "4,A,2026-02-02 10:00,status:solved\n",
    )
    before = cases(workspace)
    for file in (head + "1,A,2026-01-30 17:00,created\n", head + "2,A,2026-02-02 09:30,reply\n"):
        (tmp_path / "later.csv").write_text(file, encoding="utf-8")
        workspace.load("ticket_event", tmp_path / "later.csv")
    after = cases(workspace)

    told = ("opened_at", "first_response_at", "response_seconds", "resolution_seconds", "status")
    assert [before["A"][one] for one in told] == ["02-02 09:00", "02-02 09:00", 0, 3600, "resolved"]
    # Friday 17:00 to Monday; the reply was put right to 9:30.
    assert [after["A"][one] for one in told] == ["01-30 17:00", "02-02 09:30", 64.5 * 3600, 65 * 3600, "resolved"]
    assert after["B"] == before["B"]
    assert workspace.measure("ticket_volume", "tickets_resolved")["ticket_volume"].only.estimate.value == 2


def test_taking_a_load_of_events_back_takes_back_what_it_did_to_cases(tmp_path: Path) -> None:
    workspace = loaded(tmp_path, "id,ticket_id,at,kind\n1,A,2026-01-12 09:00,created\n")
    before = cases(workspace)
    more = tmp_path / "more.csv"
    more.write_text("id,ticket_id,at,kind\n2,B,2026-01-12 10:00,created\n3,A,2026-01-12 11:00,reply:agent\n")
    workspace.load("ticket_event", more)
    assert set(cases(workspace)) == {"A", "B"}
    workspace.undo("ticket_event", workspace.history("ticket_event")[0].version)
    assert cases(workspace) == before


def test_a_changed_setting_is_true_of_cases_that_were_there_before(tmp_path: Path) -> None:
    head = "id,ticket_id,at,kind\n"
    workspace = loaded(tmp_path, head + "1,A,2026-01-30 17:00,created\n2,A,2026-02-02 10:00,reply:agent\n")
    settings = tmp_path / "polso.toml"
    usual = cases(workspace)["A"]

    settings.write_text('[first_response]\nclock = "business"\n', encoding="utf-8")
    # An hour on Friday until 18:00, an hour on Monday from 9:00.
    assert workspace.measure("first_response_time")["first_response_time"].only.estimate.value == pytest.approx(7200, rel=1e-3)
    assert cases(workspace)["A"]["response_seconds"] == 7200
    settings.write_text('[calendar]\nholidays = ["2026-02-02"]\n', encoding="utf-8")
    workspace.refresh()
    assert cases(workspace)["A"]["response_business_seconds"] == 3600
    settings.write_text("", encoding="utf-8")
    workspace.refresh()
    assert cases(workspace)["A"] == usual


def test_an_event_that_turns_out_to_be_of_another_case_leaves_the_first(tmp_path: Path) -> None:
    workspace = loaded(
        tmp_path,
        "id,ticket_id,at,kind\n1,A,2026-01-12 09:00,created\n2,A,2026-01-12 10:00,reply:agent\n",
        "id,ticket_id,at,kind\n2,B,2026-01-12 10:00,reply:agent\n",
    )
    found = cases(workspace)
    assert "first_response_at" not in found["A"] and found["A"]["agent_touches"] == 0
    assert found["B"]["agent_touches"] == 1


def happenings(seed: int) -> list[str]:
    """Lines of events of a dozen cases, many at the same moments, over the turn of a month."""
    chance = random.Random(seed)
    kinds = ("created", "created:agent", "reply:agent", "reply:bot", "reply:customer", "note:agent", "handover:human", "rating:5")
    said = (*kinds, *(f"assign:{name}" for name in ("Anna", "Bruno")))
    said += tuple(f"status:{word}" for word in ("new", "open", "pending", "hold", "solved", "solved", "closed"))
    start = datetime(2026, 1, 29, 8)
    lines = []
    for number in range(150):
        at = start + timedelta(minutes=30 * chance.randrange(240))
        channel, size = (chance.choice(values) for values in (("email", "phone", "", ""), ("S", "L", "", "")))
        public = chance.choice(("", "", "yes", "no"))
        case = f"T{chance.randrange(12)}"
        lines.append(f"E{number:03d},{case},{at:%Y-%m-%d %H:%M},{chance.choice(said)},{public},{channel},{size},C{case}")
    return lines


def dealt(lines: Sequence[str], seed: int, loads: int) -> Iterator[str]:
    """The same lines in several files, shuffled."""
    chance = random.Random(seed)
    hands: list[list[str]] = [[] for _ in range(loads)]
    for line in chance.sample(lines, len(lines)):
        chance.choice(hands).append(line)
    for hand in hands:
        yield "id,ticket_id,at,kind,public,channel,size,customer_id\n" + "".join(f"{line}\n" for line in hand)


@pytest.mark.parametrize(("seed", "loads", "switches"), [(1, 2, ""), (2, 3, "bot_time = 'out'"), (3, 4, "start = 'created'")])
def test_however_events_are_split_into_loads_the_cases_are_the_same(tmp_path: Path, seed: int, loads: int, switches: str) -> None:
    lines, settings = happenings(seed), f"[first_response]\n{switches}\n"

    at_once = cases(loaded(tmp_path / "once", *dealt(lines, 0, 1), settings=settings))
    bit_by_bit = cases(loaded(tmp_path / "bits", *dealt(lines, seed, loads), settings=settings))

    assert len(at_once) == 12
    assert bit_by_bit == at_once
