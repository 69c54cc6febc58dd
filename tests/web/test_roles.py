"""Who may see what: every address of the site, for every role, for those outside, and for keys of programs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from browsing import Client, Reply
from crowd import People
from servers import Site
from shop import AGENTS, NORTH, SECRET_OF_SOUTH, SOUTH

from polso.query import Query, Within
from polso.workspace import Workspace

ROLES = ("owner", "analyst", "manager", "operator", "executive")
OUTSIDE = ("anonymous", "closed")
LOADERS = DEFINERS = ("owner", "analyst")
EXPORTERS = ("owner", "analyst", "manager")
READERS = ("owner", "analyst", "manager", "operator")
NOBODY = UUID(int=0)
LAST_DAYS = "from=2025-03-01&to=2025-04-01"


@dataclass(frozen=True)
class Row:
    """A request, and what each role gets: `status` for those it is for, `otherwise` for other roles, `outside` else."""

    name: str
    path: str
    status: int = 200
    to: tuple[str, ...] = ROLES
    method: str = "GET"
    otherwise: int = 403
    outside: int = 302
    form: dict[str, Any] = field(default_factory=dict)
    but: dict[str, int] = field(default_factory=dict)
    """What some roles get instead."""

    def expected(self, role: str) -> int:
        if role in OUTSIDE:
            return self.outside
        if role in self.but:
            return self.but[role]
        return self.status if role in self.to else self.otherwise

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def posted(name: str, path: str, status: int, to: tuple[str, ...], **form: str) -> tuple[Row, Row]:
    """An address that only takes forms."""
    return Row(name, path, 405), Row(name, path, status, to, "POST", form=form)


PAGES = (
    Row("today", "/"),
    Row("dashboard", "/dashboards/service/"),
    Row("dashboard", "/dashboards/nothing/", 404),
    Row("tour", "/tour"),
    Row("dashboard_new", "/dashboards/new"),
    Row("dashboard_new", "/dashboards/new", 200, method="POST"),
    Row("own_dashboard", "/dashboards/own/{private}/", to=("owner",), otherwise=404),
    Row("own_dashboard", "/dashboards/own/{shared}/"),
    Row("dashboard_edit", "/dashboards/own/{private}/edit", to=("owner",), otherwise=404),
    Row("dashboard_edit", "/dashboards/own/{shared}/edit", to=("owner",), otherwise=404),
    *posted("dashboard_drop", "/dashboards/own/999/drop", 404, ROLES),
    *posted("dashboard_share", "/dashboards/own/999/share", 404, EXPORTERS),
    Row("shared", "/shared/{link}/", outside=200),
    Row("shared", "/shared/nothing/", 410, outside=410),
    Row("shared_changed", "/shared/{link}/changed", outside=200),
    Row("shared_changed", "/shared/nothing/changed", 410, outside=410),
    Row("kpis", "/kpi/"),
    Row("changed", "/kpi/changed"),
    Row("goals", "/kpi/goals"),
    *posted("goal_pin", "/kpi/goals/999/pin", 404, DEFINERS),
    *posted("goal_drop", "/kpi/goals/999/drop", 404, DEFINERS),
    *posted("happening_drop", "/kpi/happenings/999/drop", 404, DEFINERS),
    Row("kpi_new", "/kpi/new", to=DEFINERS),
    Row("kpi_new", "/kpi/new", 422, DEFINERS, "POST", form={"entity": "response", "formula": "count(", "key": "wrong"}),
    *posted("kpi_try", "/kpi/try", 200, DEFINERS, entity="response", formula="count()", time="submitted_at"),
    Row("kpi", "/kpi/nps/"),
    Row("kpi", "/kpi/nothing/", 404),
    Row("kpi", "/kpi/nps/?grain=month&by=agent", 422),
    # Orders have neither a department nor an agent: who is limited to some cannot be shown any.
    Row("kpi", "/kpi/revenue/", to=("owner", "analyst", "executive"), otherwise=404),
    Row("kpi_edit", "/kpi/own_one/edit", to=DEFINERS),
    Row("kpi_edit", "/kpi/nps/edit", 404, DEFINERS),
    *posted("kpi_drop", "/kpi/nothing/drop", 404, DEFINERS),
    *posted("kpi_goal", "/kpi/nps/goal", 302, DEFINERS),
    *posted("kpi_happening", "/kpi/nps/happening", 302, DEFINERS),
    Row("kpi_distribution", "/kpi/csat/distribution"),
    Row("kpi_rows", "/kpi/nps/rows", to=READERS),
    Row("kpi_picture", "/kpi/nps/trend.svg"),
    Row("kpi_picture", "/kpi/nps/trend.png"),
    Row("kpi_rows_file", "/kpi/nps/rows.csv", to=EXPORTERS),
    Row("kpi_rows_file", "/kpi/nps/rows.xlsx", to=EXPORTERS),
    Row("kpi_download", "/kpi/nps/numbers.parquet", to=EXPORTERS),
    Row("sources", "/facts/", to=LOADERS),
    *posted("receive", "/facts/upload", 302, LOADERS),
    Row("upload", "/facts/upload/{upload}/", to=("owner",), but={"analyst": 404}),
    Row("upload", f"/facts/upload/{NOBODY}/", 404, LOADERS),
    *posted("load", f"/facts/upload/{NOBODY}/load", 404, LOADERS),
    Row("progress", f"/facts/upload/{NOBODY}/progress", 404, LOADERS),
    *posted("stop", f"/facts/upload/{NOBODY}/stop", 404, LOADERS),
    Row("rejects", f"/facts/upload/{NOBODY}/rejects", 404, LOADERS),
    *posted("discard", f"/facts/upload/{NOBODY}/discard", 404, LOADERS),
    Row("entity", "/facts/response/", to=LOADERS),
    *posted("undo", "/facts/response/999/undo", 302, LOADERS),
    Row("cases", "/cases/", to=READERS),
    Row("case", "/cases/999/", 404, READERS),
    *posted("case_do", "/cases/999/note", 404, READERS),
    Row("case_rules", "/cases/rules/", to=DEFINERS),
    Row("case_rule_new", "/cases/rules/new", to=DEFINERS),
    Row("case_rule_new", "/cases/rules/new", 422, DEFINERS, "POST", form={"name": "all"}),
    *posted("case_rule_try", "/cases/rules/try", 200, DEFINERS),
    Row("case_rule", "/cases/rules/999/", 404, DEFINERS),
    *posted("case_rule_stop", "/cases/rules/999/stop", 404, DEFINERS),
    *posted("case_team_new", "/cases/rules/team", 302, DEFINERS),
    *posted("case_team", "/cases/rules/team/999", 404, DEFINERS),
    *posted("case_reason_new", "/cases/rules/reason", 302, DEFINERS),
    *posted("case_reason", "/cases/rules/reason/999", 404, DEFINERS),
    Row("surveys", "/surveys/"),
    Row("surveys", "/surveys/", 302, DEFINERS, "POST", form={"like": "nothing"}),
    Row("survey", "/surveys/nothing/", 404),
    *posted("survey_status", "/surveys/nothing/status", 404, DEFINERS),
    Row("survey_edit", "/surveys/nothing/edit", 404, DEFINERS),
    Row("survey_preview", "/surveys/nothing/preview", 404, DEFINERS),
    Row("survey_addresses", "/surveys/nothing/addresses", 404),
    Row("survey_qr", "/surveys/nothing/qr.svg", 404),
    Row("survey_phone", "/surveys/nothing/phone", 404, READERS),
    Row("survey_answer", "/s/nothing/", 404, outside=404),
    Row("survey_public", "/a/nothing/", 404, outside=404),
    Row("survey_place", "/a/nothing/kiosk/", 404, outside=404),
    Row("survey_look", "/a/nothing/look.css", 404, outside=404),
    Row("survey_logo", "/a/nothing/logo", 404, outside=404),
    Row("widget", "/widgets/nothing/", 404, DEFINERS),
    Row("widget_script", "/w.js", outside=200),
    Row("widget_config", "/w/nothing.json", 404, outside=404),
    Row("widget_answers", "/w/nothing", 404, method="POST", outside=404),
    Row("customers", "/customers/", to=READERS),
    Row("customers", "/customers/", 200, READERS, "POST", form={"words": "001"}),
    Row("customer", "/customers/one?id=north-001", to=READERS),
    Row("customer", "/customers/one?id=south-001", to=LOADERS, otherwise=404, but={"executive": 403}),
    Row("customer", "/customers/one?id=nobody", 404, READERS),
    Row("customer_export", "/customers/one/everything.json?id=north-001", to=EXPORTERS),
    Row("customer_export", "/customers/one/everything.zip?id=south-001", to=LOADERS, but={"manager": 404}),
    *posted("customer_erase", "/customers/one/erase", 404, ("owner",), id="nobody"),
    Row("customer_erase", "/customers/one/erase", 422, ("owner",), "POST", form={"id": "north-001", "again": "north"}),
    Row("customer_erased", "/customers/erased", 302, ("owner",)),
    Row("inbox", "/inbox/", to=LOADERS),
    Row("inbox_batch", f"/inbox/{NOBODY}/", 404, LOADERS),
    *posted("inbox_forget", f"/inbox/{NOBODY}/forget", 404, LOADERS),
    Row("webhooks", "/webhooks/", to=DEFINERS),
    Row("webhook", "/webhooks/999/", 404, DEFINERS),
    *posted("webhook_try", "/webhooks/999/try", 404, DEFINERS),
    *posted("webhook_stop", "/webhooks/999/stop", 404, DEFINERS),
    *posted("webhook_drop", "/webhooks/999/drop", 404, DEFINERS),
    Row("welcome", "/welcome/", 302),
    Row("accept", "/invitation/nothing/", 410, outside=410),
    Row("people", "/people/", to=("owner",)),
    *posted("let_go", "/people/999/close", 404, ("owner",)),
    Row("myself", "/me/"),
    *posted("revoke_key", "/me/keys/999/revoke", 404, ROLES),
    Row("cut_key", "/me/keys", 405),
    Row("language", "/language", 405, outside=405),
    Row("language", "/language", 404, method="POST", outside=404, form={"language": "xx"}),
    # Signing in, passwords and second factors; what changes a second factor asks for the password again.
    Row("account_login", "/accounts/login/", 302, outside=200),
    Row("account_logout", "/accounts/logout/"),
    Row("account_inactive", "/accounts/inactive/"),
    Row("account_signup", "/accounts/signup/", 302),
    Row("account_reauthenticate", "/accounts/reauthenticate/"),
    Row("account_email", "/accounts/email/"),
    Row("account_email_verification_sent", "/accounts/confirm-email/"),
    Row("account_confirm_email", "/accounts/confirm-email/nothing/"),
    Row("account_change_password", "/accounts/password/change/"),
    Row("account_set_password", "/accounts/password/set/", 302),
    Row("account_reset_password", "/accounts/password/reset/", outside=200),
    Row("account_reset_password_done", "/accounts/password/reset/done/", outside=200),
    Row("account_reset_password_from_key", "/accounts/password/reset/key/1-nothing/", outside=200),
    Row("account_reset_password_from_key_done", "/accounts/password/reset/key/done/", outside=200),
    Row("account_confirm_login_code", "/accounts/login/code/confirm/", 302),
    Row("mfa_index", "/accounts/2fa/"),
    Row("mfa_authenticate", "/accounts/2fa/authenticate/", 302),
    Row("mfa_reauthenticate", "/accounts/2fa/reauthenticate/", 302),
    Row("mfa_activate_totp", "/accounts/2fa/totp/activate/", 302),
    Row("mfa_deactivate_totp", "/accounts/2fa/totp/deactivate/", 404),
    Row("mfa_view_recovery_codes", "/accounts/2fa/recovery-codes/", 404),
    Row("mfa_generate_recovery_codes", "/accounts/2fa/recovery-codes/generate/", 302),
    Row("mfa_download_recovery_codes", "/accounts/2fa/recovery-codes/download/", 404),
    Row("mfa_list_webauthn", "/accounts/2fa/webauthn/"),
    Row("mfa_add_webauthn", "/accounts/2fa/webauthn/add/", 302),
    Row("mfa_reauthenticate_webauthn", "/accounts/2fa/webauthn/reauthenticate/", 302),
    Row("mfa_remove_webauthn", "/accounts/2fa/webauthn/keys/999/remove/", 302),
    Row("mfa_edit_webauthn", "/accounts/2fa/webauthn/keys/999/edit/", 302),
    Row("mfa_login_webauthn", "/accounts/2fa/webauthn/login/", 302),
    Row("socialaccount_login_cancelled", "/accounts/3rdparty/login/cancelled/"),
    Row("socialaccount_login_error", "/accounts/3rdparty/login/error/", 401),
    Row("socialaccount_signup", "/accounts/3rdparty/signup/", 302),
    Row("socialaccount_connections", "/accounts/3rdparty/"),
    Row("openid_connect_login", "/accounts/oidc/sso/login/", 404, outside=404),
    Row("openid_connect_callback", "/accounts/oidc/sso/login/callback/", 404, outside=404),
    Row("live", "/health/live", outside=200),
    Row("ready", "/health/ready", outside=200),
    # From this very machine.
    Row("metrics", "/health/metrics", outside=200),
    Row("metrics", "/metrics", outside=200),
)

API = (
    Row("api:measure", "/measure?metric=nps"),
    Row("api:measure", "/measure?metric=nothing", 422),
    Row("api:measure", "/measure?metric=revenue", to=("owner", "analyst", "executive"), otherwise=422),
    Row("api:kpis", "/kpis"),
    Row("api:kpi", "/kpis/nps"),
    Row("api:kpi", "/kpis/revenue", to=("owner", "analyst", "executive"), otherwise=404),
    Row("api:entities", "/entities"),
    Row("api:dashboards", "/dashboards"),
    Row("api:dashboard", "/dashboards/service"),
    Row("api:batches", "/facts/batches", to=LOADERS),
    Row("api:batch", f"/facts/batches/{NOBODY}", 404, LOADERS),
    Row("api:load", "/facts/response", 422, LOADERS, "POST", form={"rows": "none"}),
    Row("api:export", "/customers/north-001", to=LOADERS),
    Row("api:erase", "/customers/nobody", 200, ("owner",), "DELETE"),
    Row("api:all_cases", "/cases", to=READERS),
    Row("api:one_case", "/cases/999", 404, READERS),
    Row("api:make_case", "/cases", 404, DEFINERS, "POST", form={"answer": "nothing"}),
    Row("api:write_note", "/cases/999/notes", 404, LOADERS, "POST", form={"text": "x"}),
    Row("api:close_case", "/cases/999/close", 404, LOADERS, "POST", form={"status": "solved"}),
    Row("api:all_surveys", "/surveys"),
    Row("api:one_survey", "/surveys/nothing", 404),
    Row("api:put_survey", "/surveys/No", 422, DEFINERS, "PUT", form={"name": ""}),
    Row("api:make_links", "/surveys/nothing/links", 404, LOADERS, "POST", form={"people": [{}]}),
    Row("api:post_answers", "/surveys/nothing/answers", 404, LOADERS, "POST", form={"id": "1", "answers": [{"question": "x"}]}),
    Row("api:make", "/webhooks", 422, DEFINERS, "POST", form={"url": "https://127.0.0.1/", "events": ["kpi.changed"]}),
    Row("api:listed", "/webhooks", to=DEFINERS),
    Row("api:drop", "/webhooks/999", 404, DEFINERS, "DELETE"),
    Row("api:try_out", "/webhooks/999/try", 404, DEFINERS, "POST"),
    Row("api:deliveries", "/webhooks/999/deliveries", 404, DEFINERS),
)
"""Of keys; a key of somebody who is gone opens nothing."""
API_FOR_ALL = {"api:openapi-json": "/openapi.json", "api:openapi-view": "/docs"}
UNNAMED = ("accounts/social/login/cancelled/", "accounts/social/login/error/", "accounts/social/signup/")
OLD = ("metrics", *UNNAMED, "accounts/social/connections/", "api:api-root")
"""Addresses of former times, which lead on to others."""


@pytest.fixture(scope="module")
def there(people: People, site: Site) -> dict[str, str]:
    """Things of the owner that addresses name: a private and a shared dashboard, a link, a KPI, an upload."""
    owner = people["owner"]
    found = {}
    for name in ("private", "shared"):
        made = owner.post("/dashboards/new", {"name": f"A {name} one", "like": "voice"})
        path = made.location
        found[name] = path.split("/")[3]
        changes = {"name": f"A {name} one", "days": "90"} | ({"shared": "on"} if name == "shared" else {})
        added = {"add": "1", "new_kind": "comments", "new_kpi": "", "new_by": "", "new_where": "", "new_width": "2"}
        assert owner.post(path, changes | added).status == 302
    assert owner.post(f"/dashboards/own/{found['shared']}/share", {"days": "7"}).status == 302
    found["link"] = re.findall(r"/shared/([\w-]+)/", owner.get(f"/dashboards/own/{found['shared']}/edit").text)[0]
    own = {"key": "own_one", "entity": "response", "formula": "count()", "time": "submitted_at", "unit": "count"}
    assert owner.post("/kpi/new", {**own, "direction": "up", "en_name": "All answers"}).status == 302
    file = b"id,submitted_at,kind,score\nx1,2025-01-01 10:00,nps,9\n"
    found["upload"] = owner.upload("/facts/upload", {"entity": "response"}, "one.csv", file).location.split("/")[3]
    return found


def _addresses(django: None) -> Iterator[tuple[str, str]]:
    """Every address that Django knows: its name, or its pattern where it has none."""
    from django.urls import get_resolver

    def walk(resolver: Any, before: str, space: str) -> Iterator[tuple[str, str]]:
        for one in resolver.url_patterns:
            if hasattr(one, "url_patterns"):
                yield from walk(one, before + str(one.pattern), f"{one.namespace}:" if one.namespace else space)
            else:
                yield (f"{space}{one.name}" if one.name else before + str(one.pattern)), before + str(one.pattern)

    yield from walk(get_resolver(), "", "")


def test_every_address_has_an_entry(django: None) -> None:
    known = {row.name for row in (*PAGES, *API)} | set(API_FOR_ALL) | set(OLD)
    there = {name for name, _pattern in _addresses(django)}
    assert there - known == set(), "say in the table who may see these"
    assert known - there == set(), "these are gone"


@pytest.mark.parametrize("row", PAGES, ids=str)
def test_each_role_gets_what_the_table_says(row: Row, people: People, there: dict[str, str]) -> None:
    path = row.path.format(**there)
    found = {}
    for role in (*ROLES, *OUTSIDE):
        client = people[role]
        reply = client.get(path) if row.method == "GET" else client.post(path, row.form)
        found[role] = reply.status
        if reply.status == 302 and role in OUTSIDE and row.outside == 302:
            assert reply.location.startswith(("/accounts/login/?next=", "/")), reply.location
        assert reply.status != 500
    assert found == {role: row.expected(role) for role in found}


def ask(client: Client, path: str, key: str | None = None, method: str = "GET", form: Any = None) -> Reply:
    """Ask the API."""
    import json

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = json.dumps(form).encode() if form is not None else None
    return client.send(method, f"/api/v1{path}", body, headers | ({"Content-Type": "application/json"} if body else {}))


@pytest.mark.parametrize("row", API, ids=str)
def test_each_key_gets_what_the_table_says(row: Row, people: People, site: Site) -> None:
    found = {}
    for role in ROLES:
        found[role] = ask(site.client(), row.path, people.keys[role], row.method, row.form or None).status
    assert found == {role: row.expected(role) for role in ROLES}
    for key in (None, people.keys["closed"], "polso_nothing"):
        assert ask(site.client(), row.path, key, row.method, row.form or None).status == 401
    # A session is no key: another site could make a browser use it.
    assert ask(people["owner"], row.path, None, row.method, row.form or None).status == 401


def test_what_the_api_says_of_itself_is_open(people: People, site: Site) -> None:
    for path in API_FOR_ALL.values():
        assert ask(site.client(), path).status == 200


# --- reach ---


def limits(role: str) -> Within:
    return {"manager": Within("department", (NORTH,)), "operator": Within("agent", ("Anna",))}[role]


def whole(workspace: Workspace, metric: str, within: Within | None) -> float:
    asked = workspace.ask(Query((metric,), start=_day(2025, 1), end=_day(2025, 4), compare="none"), within=within)
    value = asked.only.only.estimate.value
    assert value is not None
    return value


def _day(year: int, month: int) -> Any:
    from datetime import date

    return date(year, month, 1)


WHEN = "from=2025-01-01&to=2025-04-01"


@pytest.mark.parametrize("role", ["manager", "operator"])
def test_limits_change_the_number_everywhere_it_is_told(role: str, people: People, workspace: Workspace, site: Site) -> None:
    within = limits(role)
    for metric in ("csat", "nps", "ticket_volume"):
        expected, everything = whole(workspace, metric, within), whole(workspace, metric, None)
        assert expected != pytest.approx(everything)
        told = ask(site.client(), f"/measure?metric={metric}&{WHEN}&compare=none", people.keys[role]).json()
        assert told["answers"][0]["rows"][0]["value"] == pytest.approx(expected)
    if role == "manager":
        table = csv.DictReader(io.StringIO(people[role].get(f"/kpi/csat/numbers.csv?{WHEN}&grain=year").text))
        assert float(next(table)["value"]) == pytest.approx(whole(workspace, "csat", within))


@pytest.mark.parametrize("role", ["manager", "operator"])
def test_nobody_sees_rows_of_others(role: str, people: People) -> None:
    client = people[role]
    seen = 0
    for metric in ("csat", "nps", "ticket_volume"):
        for page in range(1, 12):
            rows = re.findall(r"<tr>(<td>.*?)</tr>", client.get(f"/kpi/{metric}/rows?{WHEN}&page={page}").text)
            seen += len(rows)
            for row in rows:
                assert SOUTH not in row and SECRET_OF_SOUTH not in row and not any(agent in row for agent in AGENTS[SOUTH])
                assert role != "operator" or "Anna" in row
            if not rows:
                break
    assert seen > 100


def test_a_file_of_rows_holds_only_those_of_its_department(people: People) -> None:
    found = pq.read_table(io.BytesIO(people["manager"].get(f"/kpi/csat/rows.parquet?{WHEN}").body))
    assert found.num_rows > 50 and set(found["department"].to_pylist()) == {NORTH}
    everything = pq.read_table(io.BytesIO(people["owner"].get(f"/kpi/csat/rows.parquet?{WHEN}").body))
    assert set(everything["department"].to_pylist()) == {NORTH, SOUTH}


@pytest.mark.parametrize("role", ["manager", "operator"])
def test_a_condition_or_a_split_does_not_lift_a_limit(role: str, people: People, site: Site) -> None:
    for where in (f"department = '{SOUTH}'", f"agent = '{AGENTS[SOUTH][0]}'", "1 = 1) or (1 = 1", "true or department = 'south'"):
        reply = ask(site.client(), "/measure?" + _words(metric="csat", where=where, compare="none"), people.keys[role])
        if reply.status == 200:
            narrow = reply.json()["answers"][0]["rows"]
            assert where.startswith("true") or all(row["value"] is None for row in narrow)
        else:
            assert reply.status == 422
        page = people[role].get("/kpi/csat/rows?" + _words(where=where))
        assert page.status in (200, 422) and SECRET_OF_SOUTH not in page.text and "south-" not in page.text
    split = ask(site.client(), f"/measure?metric=csat&by=department&{WHEN}", people.keys[role]).json()
    assert {row["department"] for row in split["answers"][0]["rows"]} == {NORTH}
    assert SOUTH not in people[role].get(f"/kpi/csat/?by=department&{WHEN}").text.replace("options", "")


def _words(**given: str) -> str:
    from urllib.parse import urlencode

    return urlencode(given)


def test_a_chart_says_only_what_its_reader_may_know(people: People) -> None:
    one, other = (people[role].get(f"/kpi/csat/trend.svg?{WHEN}").text for role in ("manager", "owner"))
    assert one.startswith("<svg") and one != other


def test_a_shared_dashboard_shows_each_reader_their_own_part(people: People, there: dict[str, str]) -> None:
    page = f"/dashboards/own/{there['shared']}/"
    assert SECRET_OF_SOUTH in people["owner"].get(page).text
    for role in ("manager", "operator", "executive"):
        assert SECRET_OF_SOUTH not in people[role].get(page).text


def test_a_link_shows_numbers_and_no_words_of_people(people: People, there: dict[str, str]) -> None:
    page = people["anonymous"].get(f"/shared/{there['link']}/")
    assert SECRET_OF_SOUTH not in page.text and "A fine lamp" not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex" and page.headers["Referrer-Policy"] == "no-referrer"
    assert "/kpi/" not in page.text.replace("/kpi/changed", "")


@pytest.mark.parametrize("role", ["manager", "operator"])
def test_nobody_finds_customers_of_others(role: str, people: People) -> None:
    for words in ("south", "south-001", SECRET_OF_SOUTH, "south1@example.org", "of the south"):
        page = people[role].post("/customers/", {"words": words})
        assert page.status == 200 and "?id=south" not in page.text and "of the south<" not in page.text
    found = people[role].post("/customers/", {"words": "north-001"})
    assert found.status == 302 and found.headers["Location"] == "/customers/one?id=north-001"
    page = people[role].get(found.headers["Location"]).text
    assert SECRET_OF_SOUTH not in page and "A fine lamp" in page
    assert role != "operator" or "Nora" not in page


def test_an_executive_sees_no_personal_data(people: People) -> None:
    client = people["executive"]
    for path in ("/", "/kpi/csat/", "/kpi/nps/?by=channel", "/dashboards/voice/"):
        text = client.get(path).text
        assert SECRET_OF_SOUTH not in text and "@example.org" not in text and "north-0" not in text


def test_small_groups_are_not_told(people: People, site: Site) -> None:
    told = ask(site.client(), f"/measure?metric=nps&by=channel&{LAST_DAYS}&compare=none", people.keys["owner"]).json()
    everything = ask(site.client(), "/measure?metric=nps&by=channel&compare=none", people.keys["owner"]).json()
    fax = [row for row in everything["answers"][0]["rows"] if row["channel"] == "fax"]
    assert fax and all(row["value"] is None and "too few" in row["reason"] for row in fax)
    assert all(row["channel"] != "fax" for row in told["answers"][0]["rows"])
    only = ask(site.client(), "/measure?" + _words(metric="nps", where="channel = 'fax'"), people.keys["owner"]).json()
    assert all(row["value"] is None for row in only["answers"][0]["rows"])
    page = people["owner"].get("/kpi/nps/?by=channel&from=2024-10-01&to=2025-04-01")
    assert "small group" in page.text and ">fax<" not in page.text
    agents = ask(site.client(), "/measure?metric=nps&by=agent", people.keys["owner"])
    assert agents.status == 422 and "agents" in agents.json()["detail"]
