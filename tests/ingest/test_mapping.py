"""Mapping files: what people write in them does what it says, and what cannot be right is named."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from loading_company import Company, of

from polso.errors import LoadError
from polso.ingest.load import load
from polso.ingest.mapping import Rule, parse, read, render

ISSUE_EXAMPLE = """
entity = "ticket_event"
[file]            # all optional
separator = ";"
decimal = ","
encoding = "cp1252"
missing = ["?", "NA"]
timezone = "Europe/Rome"
[columns]         # target = "source column", or a table
ticket_id = "number"
at        = { column = "sys_updated_at", format = "%d/%m/%Y %H:%M" }
kind      = { column = "incident_state", values = { New = "created", Resolved = "status:resolved" }, other = "note" }
channel   = { column = "contact_type", lower = true }
priority  = { expr = "cast(impact as int) + cast(urgency as int)" }   # SQL over the source's columns
source    = { const = "servicenow" }
"""
LOG = """number;incident_state;sys_updated_at;contact_type;impact;urgency;città;caller
0000045;New;29/2/2016 01:23;Phone;2;2;Forlì;?
0000045;Resolved;29/2/2016 08:53;Phone;2;?;Forlì;NA
0000045;Awaiting User Info;29/02/2016 11:29;Email;1;3;Forlì;8
"""


def test_the_mapping_of_the_manual_brings_a_help_desk_log_to_events(company: Company, tmp_path: Path) -> None:
    path = tmp_path / "servicenow.toml"
    path.write_text(ISSUE_EXAMPLE, encoding="utf-8")
    mapping = read(path)

    company.load("ticket_event", LOG.encode("cp1252"), mapping=ISSUE_EXAMPLE.split("\n", 2)[2])
    rows = sorted(company.rows("ticket_event"), key=lambda row: row["at"])

    assert mapping.columns["source"] == Rule(const="servicenow")
    assert [(r["ticket_id"], r["at"], r["kind"], r.get("to"), r["source"]) for r in rows] == [
        ("0000045", "2016-02-29 00:23:00", "created", None, "servicenow"),
        ("0000045", "2016-02-29 07:53:00", "status", "resolved", "servicenow"),
        ("0000045", "2016-02-29 10:29:00", "note", None, "servicenow"),
    ]
    assert [json.loads(r["extra"]) for r in rows] == [
        {"channel": "phone", "priority": "4", "città": "Forlì"},
        {"channel": "phone", "città": "Forlì"},
        {"channel": "email", "priority": "4", "città": "Forlì", "caller": "8"},
    ]


def test_events_say_two_things_at_once(company: Company) -> None:
    said = ["reply:agent", "note:agent", "created:customer", "assign:Rossi", "status:Solved", "handover:human", "reply"]
    lines = "".join(f"{i},T1,2026-01-01 10:0{i},{kind}\n" for i, kind in enumerate(said))

    rows = company.load("ticket_event", "id,ticket_id,at,kind\n" + lines)

    assert [(r["kind"], r.get("author"), r.get("agent"), r.get("to")) for r in rows] == [
        ("reply", "agent", None, None),
        ("note", "agent", None, None),
        ("created", "customer", None, None),
        ("assign", None, "Rossi", None),
        ("status", None, None, "resolved"),
        ("handover", None, None, "human"),
        ("reply", None, None, None),
    ]


def mapped(company: Company, entity: str, text: str, columns: str, file: str = "") -> list[dict[str, object]]:
    return company.load(entity, text, mapping=f"[file]\n{file}\n[columns]\n{columns}")


PEOPLE = "id,ordered_at,a,b\n1,2026-01-13, X ,5\n2,2026-01-13,,6\n3,2026-01-13,none,\n"
BASE = 'id = "id"\nordered_at = "ordered_at"\n'


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ('channel = "a"', ["X", None, "none"]),
        ('channel = { columns = ["a", "b"] }', ["X", "6", "none"]),
        ('channel = { column = "a", lower = true }', ["x", None, "none"]),
        ('channel = { column = "a", strip = false }', [" X ", None, "none"]),
        ('channel = { column = "a", missing = ["none"] }', ["X", None, None]),
        ('channel = { column = "a", default = "?" }', ["X", "?", "none"]),
        ('channel = { column = "a", values = { x = "ics" } }', ["ics", None, "none"]),
        ('channel = { column = "a", values = { X = "ics" }, other = "rest" }', ["ics", None, "rest"]),
        ('channel = { column = "a", values = { "" = "empty" } }', ["X", "empty", "none"]),
        ('channel = { const = "web" }', ["web", "web", "web"]),
        ("channel = { expr = \"coalesce(nullif(a, 'none'), 'b' || b)\" }", ["X", "b6", None]),
        ("channel = { expr = \"case when cast(b as int) > 5 then 'many' else 'few' end\" }", ["few", "many", "few"]),
        ("channel = { expr = \"strftime(strptime(ordered_at, '%Y-%m-%d'), '%d')\" }", ["13", "13", "13"]),
        ("channel = { expr = \"cast(strptime(a, '%Y') as varchar)\" }", [None, None, None]),
        ('channel = { expr = "upper(substr(A, 1, 1))" }', ["X", None, "N"]),
        ('channel = { expr = "strftime(cast(ordered_at as date), \'%Y\')" }', ["2026", "2026", "2026"]),
    ],
)  # fmt: skip
def test_a_column_is_made_as_its_rule_says(company: Company, rule: str, values: list[str | None]) -> None:
    rows = mapped(company, "order", PEOPLE, BASE + rule)

    assert [row.get("channel") for row in rows] == values


def test_a_header_may_hold_anything_and_expressions_quote_it(company: Company) -> None:
    text = 'id,ordered_at,"How ""likely"", \'0-10\'?",a b\n1,2026-01-13,7,3\n'

    rows = mapped(
        company,
        "order",
        text,
        BASE + """channel = { expr = "\\"How \\"\\"likely\\"\\", '0-10'?\\" || '-' || \\"a b\\"" }""",
    )

    assert rows[0]["channel"] == "7-3"


def test_extras_may_have_a_type(company: Company) -> None:
    columns = BASE + 'n = { column = "b", type = "integer" }\nflag = { const = "sì", type = "boolean" }\n'

    rows = mapped(company, "order", PEOPLE, columns, 'keep = "none"')

    assert [row["extra"] for row in rows] == ['{"n":5,"flag":true}', '{"n":6,"flag":true}', '{"flag":true}']


def test_what_is_kept_beside_can_be_chosen(company: Company) -> None:
    assert "extra" not in mapped(company, "order", PEOPLE, BASE, 'keep = "none"')[0]
    assert mapped(company, "order", PEOPLE, BASE, 'keep = ["b"]')[0]["extra"] == '{"b":"5"}'
    assert mapped(company, "order", PEOPLE, BASE)[0]["extra"] == '{"a":"X","b":"5"}'


def test_a_file_without_header_separated_by_blanks_is_read(company: Company) -> None:
    text = " 00004 0001 19970101  2   29.33\n 00004 0001 19970118  2   29.73\n"
    columns = 'customer_id = "c1"\nordered_at = "c3"\namount = "c5"\nitems = { column = "c4", type = "integer" }'

    rows = mapped(company, "order", text, columns, 'separator = "whitespace"\nheader = false\nkeep = "none"')

    assert sorted((r["customer_id"], r["ordered_at"], r["amount"], r["extra"]) for r in rows) == [
        ("00004", "1996-12-31 23:00:00", 29.33, '{"items":2}'),
        ("00004", "1997-01-17 23:00:00", 29.73, '{"items":2}'),
    ]


def test_lines_above_the_header_are_skipped(company: Company) -> None:
    rows = mapped(company, "order", "Report of May\n\nid,ordered_at\n1,2026-01-13\n", BASE, "skip_rows = 2")

    assert rows[0]["id"] == "1"


def test_another_zone_can_be_stated_for_the_file_or_a_column(company: Company) -> None:
    columns = 'id = "id"\nordered_at = "a"\ndelivered_at = { column = "b", timezone = "America/New_York" }'

    rows = mapped(company, "order", "id,a,b\n1,2026-01-13 10:00,2026-01-13 10:00\n", columns, 'timezone = "UTC"')

    assert (rows[0]["ordered_at"], rows[0]["delivered_at"]) == ("2026-01-13 10:00:00", "2026-01-13 15:00:00")


def test_months_in_words_have_a_format_too(company: Company) -> None:
    columns = 'id = "id"\nordered_at = { column = "a", format = "%d %B %Y" }'

    assert mapped(company, "order", "id,a\n1,3 marzo 2026\n", columns)[0]["ordered_at"] == "2026-03-02 23:00:00"


def test_a_customer_is_known_by_id_or_customer_id(company: Company) -> None:
    rows = company.load("customer", "codice cliente,cliente dal\nC1,2026-01-13\n")

    assert (rows[0]["id"], rows[0]["customer_id"]) == ("C1", "C1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[colums]\nid = "id"', "there is no option 'colums': did you mean 'columns'"),
        ("[file]\nseperator = ';'", "there is no option 'seperator': did you mean 'separator'"),
        ("[file]\nseparator = '||'", "one character"),
        ("[file]\ndecimal = ';'", "'.' or ',' is expected"),
        ("[file]\ndate_order = 'dym'", "there is no order 'dym': did you mean"),
        ("[file]\ntimezone = 'Europe/Roma'", "there is no time zone 'Europe/Roma'"),
        ("[file]\nskip_rows = -1", "a number of lines is expected"),
        ("[columns]\nid = { colum = 'id' }", "columns.id: there is no option 'colum': did you mean 'column'"),
        ("[columns]\nid = { column = 'id', const = 'x' }", "exactly one of column, columns, expr or const"),
        ("[columns]\nid = 5", "the name of a source column or a table is expected"),
        ("[columns]\nx = { column = 'a', type = 'nummer' }", "there is no type 'nummer': did you mean 'number'"),
    ],
)
def test_a_mistake_in_a_mapping_is_named(text: str, message: str) -> None:
    with pytest.raises(LoadError) as refused:
        of("order", text)

    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ('channel = "canale"', "there is no column 'canale': known are"),
        ('channel = { expr = "aa + 1" }', "the file has no column 'aa'"),
        ('customer_group = "a"', "is filled by Polso"),
        ('amount = { column = "b", type = "text" }', "amount is number in order"),
        ("channel = { expr = \"read_text('/etc/passwd')\" }", "the function 'read_text' is not allowed here"),
        ('channel = { expr = "(select 1)" }', "is not allowed here"),
        ('channel = { expr = "a; drop table x" }', "is not allowed here"),
        ("channel = { expr = \"getenv('HOME')\" }", "'getenv' is not allowed"),
        ("channel = { expr = \"repeat(a, 1000000000)\" }", "'repeat' is not allowed"),
        ("channel = { expr = \"lpad(a, 1000000000, 'x')\" }", "a stated length up to 1000"),
        ('channel = { expr = "other.a" }', "names a table"),
        ('channel = { expr = "sum(cast(b as int)) over ()" }', "not allowed here"),
        ('channel = { expr = "a +" }', "cannot be read as SQL"),
        ("channel = { expr = \"cast(a as struct(x int))\" }", "is not possible here"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_work_is_named_and_reaches_nothing(company: Company, rule: str, message: str) -> None:
    with pytest.raises(LoadError) as refused:
        mapped(company, "order", PEOPLE, BASE + rule)

    assert message in str(refused.value)
    assert company.rows("order") == []


def test_a_target_that_is_nearly_a_column_is_kept_and_told(company: Company) -> None:
    mapped(company, "order", PEOPLE, BASE + 'chanel = "a"')

    assert company.report is not None
    assert "did you mean 'channel'" in company.report.warnings[0]


def test_a_mapping_for_another_entity_is_refused(company: Company) -> None:
    from_order = of("order", "[columns]\n" + BASE)

    with pytest.raises(LoadError, match="the mapping is for order, not for visit"):
        load(company.warehouse, "visit", [company.file(PEOPLE)], settings=company.settings, mapping=from_order)


def test_a_mapping_survives_being_written_and_read() -> None:
    mapping = parse(tomllib.loads(ISSUE_EXAMPLE))

    assert parse(tomllib.loads(render(mapping))) == mapping
