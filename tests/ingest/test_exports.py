"""The exports of other programs: their columns are known by name, and the proposal works when it is given back."""

from __future__ import annotations

from typing import Any

import pytest
from loading_company import Company

from polso.errors import LoadError
from polso.ingest.load import propose
from polso.ingest.mapping import render


def brought(company: Company, entity: str, text: str, name: str = "file.csv") -> list[dict[str, Any]]:
    """Load a file with the mapping that is proposed for it."""
    proposed = render(propose(entity, company.file(text, name), company.settings))
    body = "\n".join(line for line in proposed.splitlines() if not line.startswith("entity"))
    return company.load(entity, text, mapping=body, name=name)


ZENDESK = (
    "Ticket ID,Ticket status,Ticket channel,Ticket priority,Ticket group,Assignee name,Requester ID,"
    "Ticket created - Timestamp,Ticket solved - Timestamp,Reopens\n"
    "1,Solved,Email,High,Support,Anna,55,2026-01-13 10:00:00,2026-01-14 10:00:00,1\n"
)
INTERCOM = (
    "Conversation ID,Conversation started at (America/New_York),First admin reply at,State\n"
    "1,2026-01-13 10:00,2026-01-13 17:00,closed\n"
)
CHATWOOT = (
    '{"data": {"meta": {"all_count": 2}, "payload": ['
    '{"id": 7, "status": "resolved", "created_at": 1768298400, "meta": {"channel": "Channel::Email"}},'
    '{"id": 8, "status": "open", "created_at": 1768298401, "meta": {"channel": "Channel::Email"}}]}}'
)
BITRIX24 = (
    '{"result": [{"ID": "1", "TITLE": "X", "TYPE_ID": "SALE", "STAGE_SEMANTIC_ID": "S", "OPPORTUNITY": "1000.00",'
    ' "DATE_CREATE": "2026-01-13T10:00:00+03:00"}], "total": 1}'
)
GOOGLE_FORMS = (
    'Informazioni cronologiche,"Da 1 a 5, quanto sei soddisfatto del servizio?",Commenti\n'
    "2026/01/13 10:00:00 AM CET,4,Bravi\n2026/07/13 2:05:00 PM CEST,5,\n2026/07/13 2:05:00 PM GMT+2,5,\n"
)
SURVEYMONKEY = (
    "Respondent ID,Collector ID,End Date,Email Address,How likely is it that you would recommend us to a friend?,,Any comments?\n"
    ",,,,Response,Other (please specify),Open-Ended Response\n118,4,2026-01-13 10:02:00,m@x.it,9,fax,Good\n"
)
TYPEFORM = "#,How likely are you to recommend us?,Submit Date (UTC),Network ID\nabc,9,2026-01-13 10:02:00,n1\n"


def test_a_zendesk_report_is_known_by_its_headers(company: Company) -> None:
    [row] = brought(company, "ticket", ZENDESK)

    assert (row["opened_at"], row["resolved_at"]) == ("2026-01-13 09:00:00", "2026-01-14 09:00:00")
    assert (row["channel"], row["priority"], row["team"], row["agent"]) == ("Email", "High", "Support", "Anna")
    assert (row["status"], row["customer_id"], row["reopens"]) == ("resolved", "55", 1)


def test_a_zone_in_a_header_counts(company: Company) -> None:
    [ticket] = brought(company, "ticket", INTERCOM)
    [answer] = brought(company, "response", TYPEFORM)

    assert (ticket["opened_at"], ticket["first_response_at"]) == ("2026-01-13 15:00:00", "2026-01-13 16:00:00")
    assert answer["submitted_at"] == "2026-01-13 10:02:00"


def test_rows_that_an_interface_wrapped_twice_are_found(company: Company) -> None:
    rows = brought(company, "ticket", CHATWOOT, "page.json")

    assert [(row["id"], row["status"], row["opened_at"]) for row in rows] == [
        ("7", "resolved", "2026-01-13 10:00:00"),
        ("8", "open", "2026-01-13 10:00:01"),
    ]


def test_a_type_that_is_none_of_ours_is_kept_beside(company: Company) -> None:
    [row] = brought(company, "deal", BITRIX24, "deals.json")

    assert (row["outcome"], row["amount"], row["created_at"]) == ("won", 1000.0, "2026-01-13 07:00:00")
    assert "kind" not in row
    assert '"TYPE_ID":"SALE"' in row["extra"]


def test_a_type_some_of_whose_words_are_ours_is_still_checked(company: Company) -> None:
    with pytest.raises(LoadError, match="row 2, kind 'Sale': one of new"):
        company.load("deal", "ID,Date Create,Type\n1,2026-01-13,Rinnovo\n2,2026-01-13,Sale\n")


def test_an_italian_form_of_google_is_read_with_its_odd_dates(company: Company) -> None:
    rows = brought(company, "response", GOOGLE_FORMS)

    assert sorted((row["submitted_at"], row["score"], row["kind"], row.get("comment")) for row in rows) == [
        ("2026-01-13 09:00:00", 4.0, "csat", "Bravi"),
        ("2026-07-13 12:05:00", 5.0, "csat", None),
        ("2026-07-13 12:05:00", 5.0, "csat", None),
    ]


def test_the_second_header_line_of_surveymonkey_is_no_answer(company: Company) -> None:
    [row] = brought(company, "response", SURVEYMONKEY)

    assert (row["id"], row["score"], row["customer_id"], row["comment"]) == ("118", 9.0, "m@x.it", "Good")
    assert '"Other (please specify)":"fax"' in row["extra"]


def test_a_proposal_asks_what_only_a_person_knows(company: Company) -> None:
    text = render(propose("order", company.file('id,ordered_at,amount\n1,03/04/2026,"1,234"\n'), company.settings))

    assert "ordered_at = \"ordered_at\"  # column 'ordered_at': is '03/04/2026' the 3. of month 4" in text
    assert "is '1,234' 1234 or 1 and 234 thousandths" in text
