"""Those who ask: ready surveys, the editor, results, addresses; and programs by the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import Client
from posting import Caller, key_for, until
from servers import Site, serving
from surveying import Person, answers, invited, on_the_site

from polso.workspace import Workspace


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("desk") / "shop") as served:
        yield served
        assert not served.errors()


@pytest.fixture(scope="module")
def owner(place: Site) -> Client:
    return place.client().begin("Olga Owner", "owner@example.org")


@pytest.fixture(scope="module")
def call(place: Site, owner: Client) -> Caller:
    return Caller(place.url, key_for(place.folder))


@pytest.fixture(scope="module")
def facts(place: Site) -> Workspace:
    return Workspace(place.folder)


def form_of(page: str) -> dict[str, Any]:
    """What the editor's form would send."""
    inside = page.partition('enctype="multipart/form-data"')[2].partition("</form>")[0]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", inside):
        name = re.findall(r'name="([^"]+)"', tag)
        if name and 'type="file"' not in tag and ('type="checkbox"' not in tag or " checked" in tag):
            sent.setdefault(name[0], []).append((re.findall(r'value="([^"]*)"', tag) or ["on"])[0])
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', inside):
        sent[name] = [text]
    for name, options in re.findall(r'<select[^>]*name="([^"]+)">(.*?)</select>', inside, re.S):
        picked = re.findall(r'<option(?: value="([^"]*)")? selected>([^<]*)', options) or re.findall(
            r'<option value="([^"]*)">()', options
        )
        sent[name] = [picked[0][0] or picked[0][1]]
    return {name: values if len(values) > 1 else values[0] for name, values in sent.items() if name != "csrfmiddlewaretoken"}


READY = ("after-purchase", "after-ticket", "after-chat", "relationship-nps", "cancellation", "checkout-exit", "help-page")


@pytest.mark.parametrize("like", [*READY, "in-person", "after-call"])
def test_a_ready_survey_speaks_three_languages_and_may_go_live_at_once(like: str, owner: Client, place: Site) -> None:
    path = owner.post("/surveys/", {"like": like, "name": f"Ours {like}"}).location
    assert path == f"/surveys/ours-{like}/edit" and owner.get(path).status == 200
    assert owner.post(f"/surveys/ours-{like}/status", {"status": "live"}).status == 302
    texts = [place.client(language).get(f"/a/ours-{like}/").text for language in ("en", "it", "de")]
    assert len({re.findall(r"<legend>([^<]+)", text)[0] for text in texts}) == 3
    assert all("<form" in text for text in texts)
    assert "has no column" not in owner.get(f"/surveys/ours-{like}/").text, "nobody answered yet"


def test_a_survey_is_edited_and_its_preview_is_the_real_page(owner: Client, place: Site) -> None:
    owner.post("/surveys/", {"like": "after-ticket", "name": "Edited"})
    path = "/surveys/edited/edit"
    form = form_of(owner.get(f"{path}?lang=it").text)
    assert form["csat.text"].startswith("Quanto è soddisfatto dell") and form["question"] == ["csat", "ces"]
    assert owner.post(path, {**form, "csat.text": "Com'è andata?", "do": "down:csat"}).status == 302
    assert owner.post(path, {**form_of(owner.get(path).text), "do": "add", "sample": "open"}).status == 302
    form = form_of(owner.get(f"{path}?lang=it").text)
    assert form["question"] == ["ces", "csat", "open"] and form["csat.text"] == "Com&#x27;è andata?"
    english = form_of(owner.get(f"{path}?lang=en").text)
    assert english["csat.text"] == "How satisfied are you with the help you received?"
    shown = owner.get("/surveys/edited/preview?lang=it").location
    page = place.client().get(shown.removeprefix(place.url))
    assert "Mi avete reso facile" in page.text and "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert owner.post(path, {**form, "csat.text": "x", "do": "remove:open"}).status == 302
    assert form_of(owner.get(path).text)["question"] == ["ces", "csat"]
    log = owner.get("/people/").text
    assert "survey changed" in log and "survey made" in log


def test_nothing_is_kept_of_what_is_wrong(owner: Client) -> None:
    owner.post("/surveys/", {"like": "help-page", "name": "Kept"})
    form = form_of(owner.get("/surveys/kept/edit").text)
    wrongs = {
        "colour": ("red;}", "is not a colour"),
        "frames": ("https://a.example/x", "is not a site"),
        "languages": ("en, deutsch!", "is not a language"),
        "language": ("fr", "is not among"),
        "mode": ("both", "mode cannot be"),
        "useful.follow_to": (["7", "", ""], "is not part of its scale"),
    }
    for name, (value, said) in wrongs.items():
        reply = owner.post("/surveys/kept/edit", {**form, "title": "Changed", name: value})
        assert reply.status == 422 and said in reply.words, name
    assert form_of(owner.get("/surveys/kept/edit").text) == form


def test_a_logo_is_what_it_is_and_not_what_it_is_called(owner: Client, place: Site) -> None:
    owner.post("/surveys/", {"like": "help-page", "name": "Logo"})
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    script = "from polso.web.surveys.write import *\ns = Survey.objects.get(key='logo')\n"
    for content, said in ((svg, "PNG, JPEG or WebP"), (png + b"0" * 300_000, "200 kB"), (png, "kept")):
        drawn = f"draw_logo(s, {content[:40]!r} + b'0' * {len(content) - 40}, None)"
        tried = f"try:\n    {drawn}; print('kept')\nexcept SurveyError as e:\n    print(e)"
        told = on_the_site(place.folder, script + tried)
        assert said in told
    reply = place.client().get("/a/logo/logo")
    assert reply.headers["Content-Type"] == "image/png" and reply.headers["X-Content-Type-Options"] == "nosniff"


def test_the_results_are_the_kpi_and_a_hand_count(owner: Client, place: Site, facts: Workspace, call: Caller) -> None:
    owner.post("/surveys/", {"like": "relationship-nps", "name": "Counted"})
    owner.post("/surveys/counted/status", {"status": "live"})
    scores = [10, 9, 9, 9, 8, 7, 7, 6, 3, 0, 10, 10]
    people = [{"customer_id": f"c-{n}"} for n in range(len(scores) + 4)]
    made = call("POST", "/surveys/counted/links", {"channel": "email", "people": people}).json()["links"]
    for n, (link, score) in enumerate(zip(made, scores, strict=False)):
        said = {"id": f"n{n}", "link": link["link"], "answers": [{"question": "nps", "score": score, "comment": f"words {n}"}]}
        assert call("POST", "/surveys/counted/answers", said).status == 200
        assert call("POST", "/surveys/counted/answers", said).status == 200
    until(lambda: len(answers(facts, "counted")) == len(scores))
    until(lambda: sum("completed_at" in one for one in answers(facts, "counted", "invitation").values()) == len(scores))
    # Promoters 10 9 9 9 10 10: six; detractors 6 3 0: three; of twelve: 100 * (6 - 3) / 12 = 25.
    assert facts.measure("nps", where="survey = 'counted'").only.only.estimate.value == 25.0
    assert facts.measure("response_rate", where="survey = 'counted'").only.only.estimate.value == 75.0
    words = owner.get("/surveys/counted/").words
    assert re.search(r"Net Promoter Score \(NPS\): How likely[^?]*\? 25", words), words
    assert re.search(r"sent 16 100.0 % delivered 16 100.0 % opened 12 75.0 % started 12 75.0 % completed 12 75.0 %", words)
    assert "words 11" in words
    assert re.search(r"Counted counted live of the whole relation 12 75.0 %", owner.get("/surveys/").words)


def test_programs_post_what_was_answered_elsewhere_once_each(call: Caller, owner: Client, facts: Workspace) -> None:
    definition = {
        "name": "SMS",
        "status": "live",
        "languages": ["it"],
        "language": "it",
        "questions": [{"key": "csat", "kind": "csat", "texts": {"text": {"it": "Come va?"}}}],
    }
    made = call("PUT", "/surveys/sms", definition)
    assert made.status == 201 and made.json()["questions"][0]["scale"] == [1, 5]
    assert call("PUT", "/surveys/sms", {**made.json(), "touchpoint": "sms"}).json()["version"] == made.json()["version"] + 1
    said = {"id": "sms-1", "customer_id": "c-9", "channel": "sms", "answers": [{"question": "csat", "score": 2}]}
    first = call("POST", "/surveys/sms/answers", said)
    assert first.status == 200 and call("POST", "/surveys/sms/answers", said).json() == first.json()
    said["answers"] = [{"question": "csat", "score": 5}]
    assert call("POST", "/surveys/sms/answers", said).status == 200
    rows = until(lambda: [row for row in answers(facts, "sms").values() if row["score"] == 5])
    assert len(answers(facts, "sms")) == 1 and (rows[0]["channel"], rows[0]["language"]) == ("sms", "it")
    for wrong in ({"question": "csat", "score": 6}, {"question": "nps", "score": 6}, {"question": "csat", "comment": "\ud800"}):
        reply = call("POST", "/surveys/sms/answers", {**said, "id": "sms-2", "answers": [wrong]})
        assert reply.status == 422 and reply.headers["Content-Type"] == "application/problem+json"
    assert call("POST", "/surveys/sms/answers", {**said, "fields": {"Bad name": 1}, "id": "sms-3"}).status == 422
    assert call("PUT", "/surveys/sms", {"questions": [{"key": "csat", "kind": "nps"}]}).status == 422
    assert len(answers(facts, "sms")) == 1


def test_a_colleague_types_in_what_is_said_on_the_phone(owner: Client, place: Site, facts: Workspace) -> None:
    owner.post("/surveys/", {"like": "after-call", "name": "Phone"})
    assert owner.post("/surveys/phone/phone", {"customer_id": "c-20"}).status == 422
    owner.post("/surveys/phone/status", {"status": "live"})
    path = owner.post("/surveys/phone/phone", {"customer_id": "c-20", "ticket_id": "t-20"}).location.removeprefix(place.url)
    caller = Person(owner, path.partition("?")[0])
    caller.open("?whole=1")
    assert "Your answer is kept." in caller.send(q_csat="4", q_ces="5", step="send").text
    rows = until(lambda: list(answers(facts, "phone").values()))
    assert {row["channel"] for row in rows} == {"phone"} and {row["ticket_id"] for row in rows} == {"t-20"}
    assert "answer typed in" in owner.get("/people/").text


def test_an_erased_customer_leaves_no_answers_behind(owner: Client, place: Site, call: Caller, facts: Workspace) -> None:
    owner.post("/surveys/", {"like": "relationship-nps", "name": "Erased"})
    owner.post("/surveys/erased/status", {"status": "live"})
    person = Person(place.client(), invited(place.folder, "erased", ["to-be-erased"])[0])
    person.open()
    person.send(q_nps="0", c_nps="my secret")
    until(lambda: answers(facts, "erased"))
    assert call("DELETE", "/customers/to-be-erased").status == 200
    assert (
        on_the_site(
            place.folder,
            "print(Link.objects.filter(customer_id='to-be-erased').count(), Answer.objects.filter(comment='my secret').count())",
        )
        == "0 0"
    )
    assert person.open().status == 404
    assert answers(facts, "erased") == {}
