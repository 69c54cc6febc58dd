"""People answer over HTTP: by their own link, twice, in their language, without scripts; programs do not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from browsing import Client
from posting import until
from servers import Site, serving
from surveying import Person, answers, invited, on_the_site, survey

from polso.workspace import Workspace


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with an owner and one survey of each ready kind."""
    folder = tmp_path_factory.mktemp("surveys") / "shop"
    with serving(folder) as served:
        served.client().begin("Olga Owner", "owner@example.org")
        for like in ("relationship-nps", "after-ticket", "help-page", "cancellation"):
            survey(folder, like)
        yield served
        assert not served.errors()


@pytest.fixture(scope="module")
def facts(place: Site) -> Workspace:
    return Workspace(place.folder)


def test_an_answer_is_a_fact_within_seconds(place: Site, facts: Workspace) -> None:
    path = invited(place.folder, "relationship-nps", ["c-1"], language="it", fields={"segment": "gold", "till": 4})[0]
    anna = Person(place.client("de"), path)
    assert "Con quale probabilità ci consiglierebbe" in anna.open().text
    assert "Che cosa ha apprezzato di più?" in anna.send(q_nps="9").text
    until(lambda: answers(facts, "relationship-nps"))
    row = next(iter(answers(facts, "relationship-nps").values()))
    expected = {"kind": "nps", "programme": "relational", "score": 9.0, "scale_min": 0.0, "scale_max": 10.0, "language": "it"}
    assert {name: row[name] for name in expected} == expected
    assert (row["customer_id"], row["segment"], row["channel"], row["touchpoint"]) == ("c-1", "gold", "email", "relationship")
    assert "comment" not in row and '"till": 4' in row["extra"]
    assert "La risposta è stata registrata." in anna.send(c_nps="Gentili", step="send").text
    until(lambda: "comment" in next(iter(answers(facts, "relationship-nps").values())))
    asked = until(lambda: [one for one in answers(facts, "relationship-nps", "invitation").values() if "completed_at" in one])
    assert asked[0]["sent_at"] <= asked[0]["started_at"] <= asked[0]["completed_at"]


def test_the_latest_answer_counts_and_the_former_is_kept(place: Site, facts: Workspace) -> None:
    path = invited(place.folder, "relationship-nps", ["c-2"])[0]
    ben = Person(place.client(), path)
    ben.open()
    ben.send(q_nps="3")
    ben.send(c_nps="late again", step="send")
    ben.open("?change=1")
    ben.send(q_nps="8", c_nps="you called back", step="send")
    mine = until(lambda: [one for one in answers(facts, "relationship-nps").values() if one.get("comment") == "you called back"])
    assert mine[0]["score"] == 8 and mine[0]["customer_id"] == "c-2"
    told = on_the_site(place.folder, "print([(a.score, a.current) for a in Answer.objects.filter(link__customer_id='c-2')])")
    assert told == "[(3.0, False), (3.0, False), (8.0, True)]"


def test_after_the_window_an_answer_stays_as_it_is(place: Site) -> None:
    path = invited(place.folder, "relationship-nps", ["c-3"])[0]
    carla = Person(place.client(), path)
    carla.open()
    carla.send(q_nps="10")
    page = carla.page
    on_the_site(
        place.folder,
        "from datetime import timedelta\nlong_ago = timezone.now() - timedelta(hours=25)\n"
        "Link.objects.filter(customer_id='c-3').update(started_at=long_ago)",
    )
    assert "<form" not in carla.open("?change=1").text
    carla.page = page
    assert "<form" not in carla.send(q_nps="0", step="send").text
    assert on_the_site(place.folder, "print(*[a.score for a in Answer.objects.filter(link__customer_id='c-3')])") == "10.0"


def test_a_double_tap_is_one_answer(place: Site) -> None:
    path = invited(place.folder, "relationship-nps", ["c-4"])[0]
    dora = Person(place.client(), path)
    shown = re.findall(r'name="shown" value="([^"]+)"', dora.open().text)[0]
    time.sleep(0.8)
    assert [dora.raw({"shown": shown, "q-nps": "7"}).status for _ in range(3)] == [302, 302, 302]
    assert on_the_site(place.folder, "print(Answer.objects.filter(link__customer_id='c-4').count())") == "1"


def test_a_scanner_that_opens_every_address_of_a_message_answers_nothing(place: Site) -> None:
    script = """
from polso.web.surveys.message import block
survey = Survey.objects.get(key="relationship-nps")
link = invite(survey, customer_id="c-5", channel="email", language="de")
happened(link, "sent")
found = block(link)
print(found.html, found.text)
"""
    letter = on_the_site(place.folder, script)
    assert letter.count("Wie wahrscheinlich ist es") == 2
    paths = [one.partition("/s/")[1] + one.partition("/s/")[2] for one in re.findall(r'href="([^"]+)"', letter)]
    assert len(paths) == 12 and len(set(re.findall(r"score=(\d+)", " ".join(paths)))) == 11
    scanner = Client(place.url)
    for path in paths:
        for method in ("HEAD", "GET"):
            assert scanner.send(method, path.replace("&amp;", "&")).status == 200
    counted = "print(Answer.objects.filter(link__customer_id='c-5').count(), Link.objects.get(customer_id='c-5').started_at)"
    assert on_the_site(place.folder, counted) == "0 None"
    person = Person(scanner, paths[9].partition("?")[0])
    page = person.open("?" + paths[9].partition("?")[2].replace("&amp;", "&"))
    assert "Sie haben 9 gewählt." in page.text and 'value="9" checked' in page.text
    assert "Vielen Dank" in person.send(step="send").text
    assert on_the_site(place.folder, "print(*[a.score for a in Answer.objects.filter(link__customer_id='c-5')])") == "9.0"
    assert scanner.cookies == {}


@pytest.mark.parametrize("wrong", ["at once", "no signature", "another's form", "the trap"])
def test_what_no_person_sends_is_not_recorded(place: Site, wrong: str) -> None:
    who = f"bot {wrong}"
    paths = invited(place.folder, "relationship-nps", [who, "other " + wrong])
    bot = Person(place.client(), paths[0])
    other = Person(place.client(), paths[1])
    bot.open()
    fields = {"no signature": {"shown": "x"}, "the trap": {"website_address": "https://example.com"}}.get(wrong, {})
    if wrong == "another's form":
        fields = {"shown": re.findall(r'name="shown" value="([^"]+)"', other.open().text)[0]}
    page = bot.send(0 if wrong == "at once" else 0.8, **{"q_nps": "9", **fields})
    assert page.status == 422 and "once more" in page.words
    assert on_the_site(place.folder, f"print(Answer.objects.filter(link__customer_id={who!r}).count())") == "0"
    # A person who was taken for a program presses once more.
    assert bot.send(step="send").status == 200
    assert on_the_site(place.folder, f"print(Answer.objects.filter(link__customer_id={who!r}).count())") == "1"


def test_a_link_that_sends_too_often_waits(place: Site) -> None:
    eva = Person(place.client(), invited(place.folder, "relationship-nps", ["c-6"])[0])
    shown = re.findall(r'name="shown" value="([^"]+)"', eva.open().text)[0]
    time.sleep(0.8)
    found = [eva.raw({"shown": shown, "q-nps": str(n % 11)}).status for n in range(30)]
    assert found[:15] == [302] * 15 and found[-1] == 429


@pytest.mark.parametrize("given", ["11", "-1", "9.5", "nine", "1e1", "9999999999999999999999"])
def test_a_score_off_the_scale_is_refused_and_nothing_is_kept(place: Site, given: str) -> None:
    fay = Person(place.client(), invited(place.folder, "relationship-nps", [f"off {given}"])[0])
    fay.open()
    page = fay.send(q_nps=given)
    assert page.status == 422 and "choose again" in page.words
    assert on_the_site(place.folder, f"print(Answer.objects.filter(link__customer_id='off {given}').count())") == "0"


def test_links_that_are_cut_changed_or_unknown_get_a_kind_page(place: Site) -> None:
    path = invited(place.folder, "relationship-nps", ["c-7"])[0]
    middle = "A" if path[20] != "A" else "B"
    for broken in (path[:-5] + "/", path[:20] + middle + path[21:], "/s/x/", "/s/%00/", "/s/" + "A" * 5000 + "/", "/a/nothing/"):
        reply = place.client("it").get(broken)
        assert reply.status == 404 and "Questo link non funziona" in reply.text, broken


def test_a_closed_survey_and_a_late_link_say_so(place: Site) -> None:
    key = survey(place.folder, "after-ticket", "paused", status="paused")
    path = invited(place.folder, key, ["c-8"])[0]
    reply = place.client("de").get(path)
    assert reply.status == 410 and "Diese Umfrage ist geschlossen" in reply.text
    on_the_site(
        place.folder,
        "Survey.objects.filter(key='paused').update(status='live')\nLink.objects.filter(survey__key='paused').update(expires_at=timezone.now())",
    )
    reply = place.client("fr").get(path)
    assert reply.status == 410 and "This link is too old" in reply.text
    assert place.client("it").get(path).text.count("Questo link è scaduto") == 2


def test_hostile_comments_are_text(place: Site, facts: Workspace) -> None:
    hostile = """</textarea><script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7|add:7 }}\u202e=cmd|' /C calc'!A0"""
    gil = Person(place.client(), invited(place.folder, "relationship-nps", ["c-9"])[0])
    gil.open()
    gil.send(q_nps="0", c_nps=hostile)
    page = gil.open()
    assert "<script>alert" not in page.text and "<img src=x" not in page.text and "&lt;script&gt;" in page.text
    rows = until(
        lambda: [one for one in answers(facts, "relationship-nps").values() if one["customer_id"] == "c-9" and "comment" in one]
    )
    assert rows[0]["comment"] == hostile


def test_several_questions_one_required_and_texts_by_score(place: Site, facts: Workspace) -> None:
    hal = Person(place.client(), invited(place.folder, "cancellation", ["c-10"])[0])
    assert "What is the main reason" in hal.open().text
    assert hal.raw({"shown": "x"}).status == 422
    hal.open("?whole=1")
    assert "Please answer this question." in hal.send(step="send", c_better="a lower price").text
    assert "Your answer is kept." in hal.send(q_reason="price", step="send").text
    rows = until(lambda: {row["id"].rpartition(":")[2]: row for row in answers(facts, "cancellation").values()})
    assert '"choice": "price"' in rows["reason"]["extra"] and rows["reason"]["kind"] == "choice"
    assert rows["better"]["comment"] == "a lower price" and rows["better"]["kind"] == "open"


def test_anybody_answers_an_anonymous_survey_and_nobody_is_named(place: Site, facts: Workspace) -> None:
    ida = Person(place.client("it-IT,de;q=0.5"), "/a/help-page/rating/")
    assert "Questa pagina è stata utile?" in ida.open("?page=/faq&customer_id=c-1&ticket_id=t-1").text
    ida.path += "?page=/faq&customer_id=c-1&ticket_id=t-1"
    assert "La risposta è stata registrata." in ida.send(q_useful="1").text
    row = next(iter(until(lambda: answers(facts, "help-page")).values()))
    assert (row["score"], row["channel"], row["language"]) == (1.0, "embed", "it") and '"page": "/faq"' in row["extra"]
    assert not {"customer_id", "ticket_id"} & set(row)
    link = invited(place.folder, "help-page", ["c-11"], fields={"ticket_id": "t-2", "segment": "gold"})[0]
    assert on_the_site(place.folder, "print(Link.objects.filter(customer_id='c-11').count())") == "0" and link


def test_a_test_is_kept_and_never_counted(place: Site, facts: Workspace) -> None:
    path = invited(place.folder, "after-ticket", ["tester"], test=True)[0]
    jon = Person(place.client(), path)
    assert "this answer is not counted" in jon.open().text
    jon.send(q_csat="1")
    jon.send(q_ces="1", step="send")
    real = Person(place.client(), invited(place.folder, "after-ticket", ["real"])[0])
    real.open()
    real.send(q_csat="5")
    until(lambda: answers(facts, "after-ticket"))
    assert [row["customer_id"] for row in answers(facts, "after-ticket").values()] == ["real"]
    assert on_the_site(place.folder, "print(Answer.objects.filter(link__test=True).count())") == "2"


def test_frames_are_for_the_sites_that_may(place: Site) -> None:
    policy = place.client().get("/a/help-page/rating/").headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    on_the_site(place.folder, "Survey.objects.filter(key='help-page').update(frames=['https://help.example.com'])")
    reply = place.client().get("/a/help-page/rating/")
    assert "frame-ancestors https://help.example.com" in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Frame-Options"] is None
    assert "frame-ancestors 'none'" in place.client().get("/a/help-page/").headers["Content-Security-Policy"]
