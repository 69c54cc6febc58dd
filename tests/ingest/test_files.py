"""What real files do: every nasty one gives the right values or a named error."""

from __future__ import annotations

import datetime
import gzip
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loading_company import Company

from polso.errors import LoadError
from polso.ingest.load import load, load_table, propose
from polso.ingest.mapping import render

ORDERS = "id,ordered_at,amount,channel\n1,2026-03-01 10:00,12.5,shop\n2,2026-07-01 10:00,7,web\n"
TWO = [
    {"id": "1", "source": "file", "ordered_at": "2026-03-01 09:00:00", "amount": 12.5, "channel": "shop"},
    {"id": "2", "source": "file", "ordered_at": "2026-07-01 08:00:00", "amount": 7.0, "channel": "web"},
]
"""Rome is one hour ahead of UTC in winter and two in summer."""

SAME = {
    "as it is": ORDERS.encode(),
    "byte-order mark": b"\xef\xbb\xbf" + ORDERS.encode(),
    "UTF-16 with mark": ORDERS.encode("utf-16"),
    "UTF-16 without mark": ORDERS.encode("utf-16-le"),
    "UTF-16 big-endian": b"\xfe\xff" + ORDERS.encode("utf-16-be"),
    "zero bytes": ORDERS.replace("shop", "sh\0op").encode(),
    "CR only": ORDERS.replace("\n", "\r").encode(),
    "CRLF": ORDERS.replace("\n", "\r\n").encode(),
    "mixed line ends": ORDERS.replace("\n1", "\r\n1").encode(),
    "no last line end": ORDERS.rstrip().encode(),
    "tabs": ORDERS.replace(",", "\t").encode(),
    "pipes": ORDERS.replace(",", "|").encode(),
    "semicolons": ORDERS.replace(",", ";").encode(),
    "decimal comma": ORDERS.replace(",", ";").replace("12.5", "12,5").encode(),
    "sep= line": b"sep=;\r\n" + ORDERS.replace(",", ";").encode(),
    "empty lines": ORDERS.replace("\n", "\n\n").encode(),
    "lines of separators": (ORDERS + ",,,\n,,,\n").encode(),
    "lines of blanks": ORDERS.replace("\n2", "\n   \n2").encode(),
    "blank line first": b"\n" + ORDERS.encode(),
    "separator at the end of lines": ORDERS.replace("\n", ",\n").encode(),
    "everything quoted": ('"' + ORDERS.strip().replace(",", '","').replace("\n", '"\n"') + '"\n').encode(),
    "blanks at the ends": ORDERS.replace("shop", "  shop ").replace("12.5", " 12.5 ").encode(),
    "gz": gzip.compress(ORDERS.encode()),
    "question marks": (ORDERS.replace("web", "?")).encode(),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_orders_are_read_however_the_file_is_written(company: Company, kind: str) -> None:
    rows = company.load("order", SAME[kind])

    expected = [dict(row) for row in TWO]
    if kind == "question marks":
        del expected[1]["channel"]
    assert rows == expected


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("29/02/2016 01:16", "2016-02-29 00:16:00"),
        ("29/2/2016 1:16", "2016-02-29 00:16:00"),
        ("2016/02/29 01:16:05.000", "2016-02-29 00:16:05"),
        ("29-02-2016", "2016-02-28 23:00:00"),
        ("29.02.2016 01.16", "2016-02-29 00:16:00"),
        ("2016-02-29T01:16:05Z", "2016-02-29 01:16:05"),
        ("2016-02-29T01:16:05+02:00", "2016-02-28 23:16:05"),
        ("2016-02-29 01:16:05 +0200", "2016-02-28 23:16:05"),
        ("2016-02-29 01:16:05.123456+00:00", "2016-02-29 01:16:05"),
        ("2016-02-29T01:16:05.123456789", "2016-02-29 00:16:05"),
        ("2016-02-29 01:16:05 UTC", "2016-02-29 01:16:05"),
        ("20160229", "2016-02-28 23:00:00"),
        ("20160229T011605", "2016-02-29 00:16:05"),
        ("20160229011605", "2016-02-29 00:16:05"),
        ("1456708565", "2016-02-29 01:16:05"),
        ("1456708565.5", "2016-02-29 01:16:05"),
        ("1456708565123", "2016-02-29 01:16:05"),
        ("1456708565123456", "2016-02-29 01:16:05"),
        ("42429", "2016-02-28 23:00:00"),
        ("42429.5", "2016-02-29 11:00:00"),
        ("3 marzo 2026", "2026-03-02 23:00:00"),
        ("3 mar 2026 14:30", "2026-03-03 13:30:00"),
        ("martedì 3 marzo 2026 ore 14:30", "2026-03-03 13:30:00"),
        ("mar 3 mar 2026", "2026-03-02 23:00:00"),
        ("3-mag-26", "2026-05-02 22:00:00"),
        ("March 3, 2026 2:30 PM", "2026-03-03 13:30:00"),
        ("Mar 3, 2026", "2026-03-02 23:00:00"),
        ("Tue, 3 Mar 2026 10:00:00 +0000", "2026-03-03 10:00:00"),
        ("3rd March 2026", "2026-03-02 23:00:00"),
        ("2/29/2016 1:16 PM", "2016-02-29 12:16:00"),
        ("29/02/16", "2016-02-28 23:00:00"),
        ("29/02/2016, 01:16:05", "2016-02-29 00:16:05"),
        ("2016/02/29 1:16:05 PM CET", "2016-02-29 12:16:05"),
        ("2016/02/29 1:16:05 AM GMT-5", "2016-02-29 06:16:05"),
        ("2016-02-29 01:16:05 GMT+05:30", "2016-02-28 19:46:05"),
    ],
)
def test_a_date_is_read_as_people_write_it(company: Company, written: str, stored: str) -> None:
    rows = company.load("order", f'id;ordered_at\n1;"{written}"\n')

    assert rows[0]["ordered_at"] == stored


@pytest.mark.parametrize(
    ("numbers", "values"),
    [
        (["1.234,56", "7"], [1234.56, 7.0]),
        (["1,234.56", "7"], [1234.56, 7.0]),
        (["4,5", "1.234"], [4.5, 1234.0]),
        (["€ 1.234,50", "-3,00 €"], [1234.5, -3.0]),
        (["(12.50)", "1e3"], [-12.5, 1000.0]),
        (["1 234,5", "1\u00a0000,25"], [1234.5, 1000.25]),
        (["1'234.50", "2"], [1234.5, 2.0]),
        (["-", "n.d."], [None, None]),
        (["N/D", "#N/A"], [None, None]),
        (["0.123", "12.345"], [0.123, 12.345]),
        (["1.234.567", "2"], [1234567.0, 2.0]),
        (["45%", "5.5%"], [45.0, 5.5]),
    ],
)
def test_the_numbers_of_a_column_are_read_in_one_way(company: Company, numbers: list[str], values: list[float | None]) -> None:
    rows = company.load("order", "id;ordered_at;amount\n" + "".join(f"{i};2026-01-13;{n}\n" for i, n in enumerate(numbers)))

    assert [row.get("amount") for row in rows] == values


@pytest.mark.parametrize(
    ("entity", "content", "message"),
    [
        ("order", "", "is empty: it has 0 bytes"),
        ("order", "\n\n", "is empty: there is not even a header line"),
        ("order", "id,ordered_at\n", "has a header but no rows"),
        ("order", "id,amount\n1,2\n", "no column fills 'ordered_at'"),
        (
            "order",
            "id,ordered_at\n1,03/04/2026\n2,05/06/2026\n",
            "is '03/04/2026' the 3. of month 4 or the 4. of month 3",
        ),
        (
            "order",
            "id,ordered_at\n1,03/04/2026\n2,13/04/2026\n3,05/26/2026\n",
            "dates both as day/month, such as '13/04/2026', and as month/day, such as '05/26/2026'",
        ),
        ("order", 'id,ordered_at,amount\n1,2026-01-01,"4,5"\n2,2026-01-01,4.5\n', "decimal comma and others"),
        ("order", "id;ordered_at;amount\n1;2026-01-01;1.234\n", "is '1.234' 1234 or 1 and 234 thousandths"),
        ("order", "id,ordered_at\n1,yesterday\n", "row 1, ordered_at 'yesterday': this is no date"),
        ("order", "id,ordered_at\n1,2026-02-30\n", "row 1, ordered_at '2026-02-30'"),
        ("order", "id,ordered_at\n1,2026-01-01,x\n", "row 1 '1,2026-01-01,x': the row has 3 cells, the header 2"),
        ("order", "id,ordered_at\n1,2026-01-01\n2\n", "row 2 '2': the row has 1 cells"),
        ("order", 'id,ordered_at\n1,"2026-01-01\n2,2026-01-01\n', "row 1 '1,\"2026-01-01': a quote is opened"),
        ("order", "id,ordered_at\n,2026-01-01\n", "row 1, id: it is empty"),
        ("order", "id,ordered_at\n1,0016-01-01\n", "row 1, ordered_at"),
        ("ticket", "id,opened_at,reopens\n1,2026-01-01,-2\n", "reopens '-2': it cannot be below 0"),
        ("ticket", "id,opened_at,reopens\n1,2026-01-01,1.5\n", "this is no whole number"),
        ("ticket", "id,opened_at,complaint\n1,2026-01-01,maybe\n", "yes or no is expected"),
        ("ticket", "id,opened_at,status\n1,2026-01-01,lost in space\n", "one of new, open, pending"),
        ("response", "id,submitted_at,score\n1,2026-01-01,9\n", "no column fills 'kind'"),
        ("response", "id,submitted_at,kind,score\n1,2026-01-01,nps,11\n", "it lies outside its scale"),
        ("response", "id,submitted_at,kind,score\n1,2026-01-01,ces,5\n", "the scale of this score is not stated"),
        ("order", "%PDF-1.7", "this is a PDF"),
        ("order", "<html><table>", "this is a web page"),
        ("order", b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel file"),
        ("order", b"\x1f\x8b\x08\x00garbage", "damaged or cut short"),
        ("order", b"PK\x05\x06" + b"\0" * 18, "there is no file in it"),
        ("order", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "this is neither a table nor a text"),
        ("order", "Report of May\n\nid;ordered_at\n", "if the header stands further down, state file.skip_rows"),
        ("order", '[{"id": 1, "ordered_at": "2026-01-13"}] and more', "this is not JSON"),
        ("order", '[{"id": ' + "[" * 100_000 + "]" * 100_000 + "}]", "nested too deeply"),
        ("order", '[["id", "ordered_at"], [1, "2026-01-13"]]', 'row 1 is ["id", "ordered_at"], not an object'),
        ("order", '[{"id": 1, "ordered_at": ', "this is not JSON"),
    ],
)
def test_a_file_that_cannot_be_loaded_says_why_and_nothing_is_stored(
    company: Company, entity: str, content: str | bytes, message: str
) -> None:
    name = "file.json" if content[:1] in ("[", b"[") else "file.csv"
    with pytest.raises(LoadError) as refused:
        company.load(entity, content, name=name)

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert company.rows(entity) == []
    assert company.warehouse.snapshot(entity).version == -1


@pytest.mark.parametrize("name", ["x.json", "x.xlsx", "x.parquet", "x.csv.gz", "x"])
def test_what_stands_in_a_file_counts_and_not_its_name(company: Company, name: str) -> None:
    assert company.load("order", ORDERS, name=name) == TWO
    assert company.load("order", '[{"id": 3, "ordered_at": "2026-01-13"}]', name="x.csv")[2]["id"] == "3"


def test_a_line_of_json_that_is_none_is_refused_by_its_number(company: Company) -> None:
    lines = '{"id": 1, "ordered_at": "2026-01-13"}\n{"id": 2,\n[3]\n\n{"id": 4, "ordered_at": "2026-01-13"}\n'

    with pytest.raises(LoadError, match=r"2 rows were refused .* row 2 '.*id.*2,': this is not JSON"):
        company.load("order", lines, name="x.ndjson")
    rows = company.load("order", lines, name="x.ndjson", keep_good=True)

    assert [row["id"] for row in rows] == ["1", "4"]
    assert company.report is not None
    assert (company.report.rows_read, company.report.rejected) == (4, 2)


def test_pages_of_json_one_after_the_other_are_read(company: Company) -> None:
    page = '[{"id": %d, "ordered_at": "2026-01-13", "channel": "a\\u0000b\\ud800"}]\n'

    rows = company.load("order", page % 1 + page % 2, name="x.json")

    assert [(row["id"], row["channel"]) for row in rows] == [("1", "ab?"), ("2", "ab?")]


def test_rows_cut_short_are_filled_when_that_is_stated(company: Company) -> None:
    text = "id,ordered_at,amount,channel\n1,2026-01-13\n2,2026-01-13,5\n3,2026-01-13,5,web,\n"
    with pytest.raises(LoadError, match=r"the row has 2 cells, the header 4: complete it, or state file\.ragged"):
        company.load("order", text)

    rows = company.load(
        "order",
        text,
        mapping='[file]\nragged = "fill"\n[columns]\nid = "id"\nordered_at = "ordered_at"\namount = "amount"',
    )

    assert [(row["id"], row.get("amount")) for row in rows] == [("1", None), ("2", 5.0), ("3", 5.0)]


def test_an_open_date_is_read_as_another_column_of_the_file_proves(company: Company) -> None:
    rows = company.load("order", "id,ordered_at,delivered_at\n1,03/04/2026,13/04/2026\n")

    assert rows[0]["ordered_at"] == "2026-04-02 22:00:00"


def test_the_order_of_day_and_month_can_be_stated(company: Company) -> None:
    rows = company.load(
        "order",
        "id,ordered_at\n1,03/04/2026\n",
        mapping='[file]\ndate_order = "mdy"\n[columns]\nid = "id"\nordered_at = "ordered_at"',
    )

    assert rows[0]["ordered_at"] == "2026-03-03 23:00:00"


def test_a_date_far_down_the_file_decides_for_the_rows_above(company: Company) -> None:
    lines = [f"{i},0{1 + i % 9}/0{1 + i % 8}/2026" for i in range(9000)] + ["9000,25/12/2026"]

    rows = company.load("order", "id,ordered_at\n" + "\n".join(lines))

    assert len(rows) == 9001
    assert {row["id"]: row["ordered_at"] for row in rows}["3"] == "2026-04-03 22:00:00"


def test_a_bad_value_at_row_40001_is_found_and_named(company: Company) -> None:
    lines = [f"{i},2026-01-01,{i}" for i in range(40_000)] + ["x,2026-01-01,many"]

    with pytest.raises(LoadError, match=r"row 40001, amount 'many'"):
        company.load("order", "id,ordered_at,amount\n" + "\n".join(lines))


def test_the_hour_that_is_skipped_moves_forward_and_the_one_that_comes_twice_is_the_first(company: Company) -> None:
    times = [
        "2026-03-29 01:59",
        "2026-03-29 02:30",
        "2026-03-29 03:00",
        "2026-10-25 01:59",
        "2026-10-25 02:30",
        "2026-10-25 03:00",
    ]
    rows = company.load("order", "id,ordered_at\n" + "".join(f"{i},{t}\n" for i, t in enumerate(times)))

    assert [row["ordered_at"][11:16] for row in rows] == ["00:59", "01:30", "01:00", "23:59", "00:30", "02:00"]


def test_a_million_characters_stand_in_one_field(company: Company) -> None:
    long = "à" * 1_000_000
    rows = company.load("mention", f'id,at,text\n1,2026-01-01,"{long}"\n2,2026-01-01,short\n')

    assert [len(row["text"]) for row in rows] == [1_000_000, 5]


def test_sixteen_million_characters_stand_in_one_field(company: Company) -> None:
    rows = company.load("mention", "id,at,text\n1,2026-01-01," + "x" * 16_000_000 + "\n")

    assert len(rows[0]["text"]) == 16_000_000


def test_line_ends_and_quotes_inside_quotes_are_kept(company: Company) -> None:
    rows = company.load("mention", 'id,at,text\r\n1,2026-01-01,"he said ""no"",\nthen\r\nyes"\r\n')

    assert rows[0]["text"] == 'he said "no",\nthen\r\nyes'


def test_quotes_escaped_by_a_backslash_are_understood(company: Company) -> None:
    rows = company.load("mention", 'id,at,text\n1,2026-01-01,"he said \\"no\\", then"\n2,2026-01-01,"\\"a\\",b"\n')

    assert [row["text"] for row in rows] == ['he said "no", then', '"a",b']


def test_old_windows_letters_are_read_and_told(company: Company) -> None:
    rows = company.load("mention", "id;at;text\n1;2026-01-13;perché no € 5\n".encode("cp1252"))

    assert rows[0]["text"] == "perché no € 5"
    assert company.report is not None
    assert "Windows-1252" in company.report.warnings[0]


def test_windows_letters_far_down_the_file_are_read_too(company: Company) -> None:
    text = "id;at;text\n" + "1;2026-01-13;plain\n" * 300_000 + "2;2026-01-13;città\n"
    rows = company.load("mention", text.encode("cp1252"))

    assert [row["text"] for row in rows] == ["plain", "città"]


def test_codes_keep_their_zeros_and_ids_all_their_digits(company: Company) -> None:
    rows = company.load("order", "id,ordered_at,customer_id,zip\n9007199254740993,2026-01-01,00042,00184\n")

    assert (rows[0]["id"], rows[0]["customer_id"], rows[0]["extra"]) == ("9007199254740993", "00042", '{"zip":"00184"}')


def test_a_header_that_comes_twice_gets_a_number(company: Company) -> None:
    rows = company.load("order", "id,ordered_at,Variant,Variant,variant\n1,2026-01-01,a,b,c\n")

    assert json.loads(rows[0]["extra"]) == {"Variant": "a", "Variant_2": "b", "variant": "c"}
    assert company.report is not None
    assert "'Variant_2'" in company.report.warnings[0]


def test_yes_and_no_in_italian_and_english(company: Company) -> None:
    words = {
        "sì": True,
        "SI": True,
        "vero": True,
        "x": True,
        "1": True,
        "Yes": True,
        "no": False,
        "FALSE": False,
        "0": False,
        "falso": False,
    }
    rows = company.load("visit", "id,started_at,converted\n" + "".join(f"{i},2026-01-01,{w}\n" for i, w in enumerate(words)))

    assert [row["converted"] for row in rows] == list(words.values())


def test_a_question_mark_is_an_answer_in_a_comment_and_nothing_in_a_segment(company: Company) -> None:
    rows = company.load("mention", "id,at,text,platform\n1,2026-01-01,?,?\n2,2026-01-01,-,-\n3,2026-01-01,NULL,NA\n")

    assert [row.get("text") for row in rows] == ["?", "-", None]
    assert [row.get("platform") for row in rows] == [None, None, None]


def test_namibia_is_a_country(company: Company) -> None:
    rows = company.load("customer", "id,acquired_at,country\n1,2026-01-01,NA\n")

    assert rows[0]["country"] == "NA"


def test_good_rows_can_be_kept_and_the_others_are_written_down_harmlessly(company: Company) -> None:
    text = 'id,ordered_at,amount\n1,2026-01-01,5\n2,2026-01-01,=cmd()\n3,2026-01-01\n4,2026-01-01,6\n5,never,"oh, no"\n'

    rows = company.load("order", text, keep_good=True)

    assert [row["id"] for row in rows] == ["1", "4"]
    assert company.report is not None
    assert (company.report.rows_read, company.report.rows_loaded, company.report.rejected) == (5, 2, 3)
    assert company.report.rejects_file is not None
    written = company.report.rejects_file.read_text(encoding="utf-8-sig").splitlines()
    assert written[0] == "file,row,column,value,advice"
    assert sorted(line.split(",")[1] + line.split(",")[2] for line in written[1:]) == [
        "2amount",
        "3",
        "5amount",
        "5ordered_at",
    ]
    assert "'=cmd()" in written[2]


def test_loading_a_file_twice_or_under_another_name_changes_nothing(company: Company) -> None:
    text = "ordered_at,amount\n2026-01-01,5\n2026-01-01,5\n2026-01-02,6\n"
    first = company.load("order", text)
    again = company.load("order", company.file(text, "renamed.csv"))

    assert first == again
    assert len(first) == 3
    assert company.report is not None
    assert (company.report.inserted, company.report.updated, company.report.unchanged) == (0, 0, 3)


def test_identical_rows_are_counted_and_a_new_one_only_adds_itself(company: Company) -> None:
    company.load("order", "ordered_at,amount\n2026-01-01,5\n")
    rows = company.load("order", "ordered_at,amount\n2026-01-01,5\n2026-01-01,5\n")

    assert sorted(len(row["id"]) for row in rows) == [32, 34]
    assert sorted(row["id"] for row in rows)[1].endswith("-2")


def test_of_an_id_that_comes_twice_the_last_row_counts_and_is_told(company: Company) -> None:
    rows = company.load("order", "id,ordered_at,amount\n1,2026-01-01,5\n1,2026-01-01,6\n")

    assert [row["amount"] for row in rows] == [6.0]
    assert company.report is not None
    assert company.report.warnings == ("1 rows repeat an id of the same load: of each id the last row counts",)


def test_several_files_are_one_commit_or_none(company: Company) -> None:
    rows = company.load("order", ORDERS, ORDERS.replace("\n1", "\n3").replace("\n2", "\n4"))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    version = company.warehouse.snapshot("order").version

    with pytest.raises(LoadError):
        company.load("order", "id,ordered_at\n9,2026-01-01\n", "id,ordered_at\n10,never\n")
    assert company.warehouse.snapshot("order").version == version


def test_standard_input_is_read(company: Company) -> None:
    load(company.warehouse, "order", [io.BytesIO(gzip.compress(ORDERS.encode()))], settings=company.settings)

    assert company.rows("order") == TWO


def test_a_zip_of_two_files_is_read(company: Company) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "id,ordered_at\n1,2026-01-01\n")
        archive.writestr("b.json", '[{"id": 2, "ordered_at": "2026-01-01"}]')
        archive.writestr("__MACOSX/._a.csv", "junk")
        archive.writestr("README.txt", "About these files")

    assert [row["id"] for row in company.load("order", packed.getvalue(), name="x.zip")] == ["1", "2"]


def test_a_bomb_is_refused(company: Company) -> None:
    bomb = gzip.compress(b"id,ordered_at\n" + b"1,2026-01-01\n" * 10_000_000, 9)

    with pytest.raises(LoadError, match="like a bomb"):
        company.load("order", bomb, name="x.csv.gz")


def test_excel_gives_dates_numbers_and_serials(company: Company) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "ordered_at", "amount", "delivered_at", "code", "gift"])
    sheet.append([1, datetime.datetime(2026, 3, 1, 10), 12.5, 46082, "007", True])
    sheet.append([None] * 6)
    sheet.append([2, datetime.datetime(2026, 7, 1, 10), 7, 46082.5, 3.0, False])
    book.create_sheet("other")
    out = io.BytesIO()
    book.save(out)

    rows = company.load("order", out.getvalue(), name="x.xlsx")

    assert [row["ordered_at"] for row in rows] == ["2026-03-01 09:00:00", "2026-07-01 08:00:00"]
    assert [row["delivered_at"] for row in rows] == ["2026-02-28 23:00:00", "2026-03-01 11:00:00"]
    assert [row["amount"] for row in rows] == [12.5, 7.0]
    assert [row["extra"] for row in rows] == ['{"code":"007","gift":"true"}', '{"code":"3","gift":"false"}']


ONE = '{"id": 1, "ordered_at": "2026-03-01T09:00:00Z", "a": {"b": 1}}'
OTHER = '{"id": 2, "ordered_at": 1782892800, "c": [1]}'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", f"[{ONE}, {OTHER}]"),
        ("x.json", f'{{"next": null, "orders": [{ONE}, {OTHER}], "n": 2}}'),
        ("x.ndjson", f"{ONE}\n\n{OTHER}\n"),
        ("x.json", f"{ONE}\n{OTHER}\n"),
    ],
)
def test_json_is_read_in_its_three_shapes(company: Company, name: str, content: str) -> None:
    rows = company.load("order", content, name=name)

    assert [row["ordered_at"] for row in rows] == ["2026-03-01 09:00:00", "2026-07-01 08:00:00"]
    assert [json.loads(row["extra"]) for row in rows] == [{"a.b": "1"}, {"c": '["1"]'}]


def test_parquet_keeps_its_types(company: Company, tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2]),
            "ordered_at": pa.array([datetime.datetime(2026, 3, 1, 10), datetime.datetime(2026, 7, 1, 10)], pa.timestamp("ns")),
            "amount": pa.array([12.5, 7.0]),
            "customer_id": pa.array([5.0, None]),
            "tags": pa.array([["a"], None], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")

    rows = company.load("order", tmp_path / "x.parquet")

    assert [row["ordered_at"] for row in rows] == ["2026-03-01 09:00:00", "2026-07-01 08:00:00"]
    assert (rows[0]["customer_id"], rows[0]["extra"]) == ("5", '{"tags":["a"]}')


def test_a_table_in_memory_is_loaded_through_the_same_checks(company: Company) -> None:
    table = pa.table({"id": ["1"], "ordered_at": ["2026-03-01 10:00"], "amount": ["12,5"]})
    report = load_table(company.warehouse, "order", table, settings=company.settings)

    assert report.inserted == 1
    assert company.rows("order")[0]["amount"] == 12.5


def test_progress_is_told_in_bytes_and_a_load_can_be_stopped(company: Company) -> None:
    path = company.file("id,ordered_at\n" + "".join(f"{i},2026-01-01\n" for i in range(100_000)))
    told: list[tuple[int, int | None]] = []
    load(
        company.warehouse,
        "order",
        [path],
        settings=company.settings,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (path.stat().st_size, path.stat().st_size)

    with pytest.raises(LoadError, match="stopped"):
        load(company.warehouse, "order", [path], settings=company.settings, cancelled=lambda: True)


def test_a_proposal_names_what_was_guessed_and_helps_with_the_rest(company: Company) -> None:
    path = company.file("Numero ticket;Data apertura;Canale;Città\n1;03/04/2026;mail;Roma\n")

    text = render(propose("ticket", path, company.settings))

    assert 'entity = "ticket"' in text
    assert 'id = "Numero ticket"' in text
    assert 'opened_at = "Data apertura"' in text
    assert '# resolved_at = "…"' in text
    assert "#   Città" in text


def test_a_question_proposes_its_kind_but_never_assumes_it(company: Company) -> None:
    text = "Timestamp,How likely are you to recommend us to a friend?\n2026-01-13 10:00:00,9\n"
    proposed = render(propose("response", company.file(text), company.settings))
    assert 'kind = { const = "nps" }' in proposed

    with pytest.raises(LoadError, match="no column fills 'kind'"):
        company.load("response", text)
    rows = company.load("response", text, mapping=proposed.split("\n", 2)[2].replace('entity = "response"', ""))
    assert (rows[0]["score"], rows[0]["scale_min"], rows[0]["scale_max"], rows[0]["high_is_good"]) == (
        9.0,
        0.0,
        10.0,
        True,
    )


def test_formulas_without_a_result_are_told(company: Company) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "ordered_at", "amount"])
    sheet.append([1, datetime.datetime(2026, 3, 1, 10), "=2+3"])
    out = io.BytesIO()
    book.save(out)

    [row] = company.load("order", out.getvalue(), name="x.xlsx")

    assert "amount" not in row
    assert company.report is not None
    assert "some formulas were saved without their result" in company.report.warnings[0]


def test_a_sheet_that_is_not_the_one_is_told_from_the_others(company: Company) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Read me first"])
    book.create_sheet("Data").append(["id", "ordered_at"])
    out = io.BytesIO()
    book.save(out)

    with pytest.raises(LoadError, match=r"it also has Data \(file.sheet\)"):
        company.load("order", out.getvalue(), name="x.xlsx")
