"""The pages on a real database: the list, an alert and its decisions, captures; three languages; hostile texts."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kzmonitor.incidents import alerts
from kzmonitor.incidents.keeping import keep
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Incident, Review, new_id
from tests.incidents.case import case, stored

NOW = datetime(2025, 11, 4, 3, 10, tzinfo=UTC)
Browser = Any
Page = Any
Morning = dict[str, Alert]
Report = Callable[..., Alert]


def standing(database: Database, alert: Alert) -> alerts.AlertView:
    with database.session() as session:
        view = alerts.alert(session, alert.id)
    assert view is not None
    return view


def path_of(alert: Alert) -> str:
    return f"/alerts/{alert.id}"


def test_the_list_shows_open_alerts_in_the_order_of_work(browser: Browser, morning: Morning) -> None:
    page = browser.open("/")
    titles = page.text(".row-title")
    assert len(titles) == 8
    assert titles[0].startswith("В Алматы полиция обыскала")
    assert "Vlast, Azattyq and 1 more · 3 articles · Almaty" in page.text(".row .told")[0]
    assert page.text(".tabs a")[0] == "Open 8"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("label=detention", 2),
        ("language=kk", 3),
        ("source=orda", 2),
        ("source=orda&language=kk", 1),
        ("label=raid&source=orda", 0),
        ("status=confirmed", 0),
        ("status=all", 8),
        ("label=%00&language=%27&source=%00&status=x&page=-1", 8),
        ("page=99999999999999999999", 8),
        ("page=2", 8),
        ("page=2&label=detention", 2),
        ("region=KZ-75", 0),
        ("assigned=nobody", 8),
        ("assigned=somebody", 0),
        ("assigned=me", 0),
        ("who=%00", 8),
        ("who=Никто", 0),
        ("status=escalated", 0),
        ("order=new&label=detention", 2),
    ],
)
def test_filters_are_plain_addresses(browser: Browser, morning: Morning, query: str, count: int) -> None:
    assert len(browser.open(f"/?{query}").text(".row-title")) == count


def test_a_long_list_has_pages(browser: Browser, database: Database, report: Report) -> None:
    with database.session() as session:
        for number in range(53):
            report(session, f"alert {number}", "x", at=NOW)
    first = browser.open("/?label=detention")
    [further] = first.dom.cssselect("a[rel=next]")
    second = browser.open(further.get("href"))
    assert (len(first.text(".row-title")), len(second.text(".row-title"))) == (50, 3)
    assert second.dom.cssselect("a[rel=prev]")
    assert not second.dom.cssselect("a[rel=next]")


def test_an_alert_shows_every_article_with_its_marks_reasons_and_chances(browser: Browser, morning: Morning) -> None:
    page = browser.open(path_of(morning["raid"]))
    assert page.text("h1 mark") == ["обыскала офис фонда", "увезла его директора"]
    assert page.text(".article .origin strong") == ["Vlast", "Azattyq", "Astana Times"]
    assert page.text(".tellings .badge") == ["first mover"]
    assert "постановлением об обыске" in page.text(".text mark")
    overlap = page.dom.xpath('//div[@class="text"]//mark[text()="независимых"]')[0]
    assert overlap.get("title") == "for: Relevant; for: Relevant"
    assert page.text(".reasons.against li")[0] == "бухгалтерские документы Relevant"
    assert page.text(".chances th")[:3] == ["Relevant", "Raid", "Detention"]
    assert page.text(".chances .number")[:3] == ["98%", "97%", "94%"]
    assert page.text(".facts time")[0] == "3 Nov 2025, 23:10"


def test_a_title_opens_our_copy_and_the_original_is_a_second_link_that_tells_nothing(
    browser: Browser, morning: Morning
) -> None:
    page = browser.open(path_of(morning["raid"]))
    assert page.dom.cssselect("h1 a")[0].get("href").startswith("/captures/")
    [original] = [link for link in page.dom.cssselect("a") if "vlast.example" in link.text_content()]
    assert original.get("href") == "https://vlast.example/novosti/70412.html"
    assert {"noreferrer", "noopener"} <= set(original.get("rel").split())
    copy = browser.open(page.dom.cssselect("h1 a")[0].get("href"))
    assert "изъяли четыре ноутбука" in copy.text(".text")[0]


def test_nothing_is_loaded_from_elsewhere(browser: Browser, morning: Morning) -> None:
    for path in ("/", path_of(morning["raid"])):
        page = browser.open(path)
        loaded = page.dom.xpath("//link/@href | //script/@src | //img/@src | //@srcset | //iframe/@src")
        assert loaded
        assert all(address.startswith("/static/") for address in loaded)
        assert not page.dom.xpath("//@style | //style | //script[not(@src)] | //@onclick")


@pytest.mark.parametrize(
    ("decision", "more", "status", "said"),
    [
        ("confirm", {}, "confirmed", "confirmed"),
        ("correct", {"label": ["raid"]}, "confirmed", "confirmed with other labels"),
        ("confirm", {"label": ["prosecution", "raid"]}, "confirmed", "confirmed with other labels"),
        ("reject", {"reason": "ordinary_crime", "note": "не о них"}, "rejected", "rejected"),
        ("duplicate", {}, "duplicate", "marked as a duplicate"),
        ("unsure", {}, "open", "unsure"),
    ],
)
def test_a_decision_leads_to_the_next_open_alert_and_can_be_undone_from_there(
    browser: Browser, database: Database, morning: Morning, decision: str, more: dict[str, Any], status: str, said: str
) -> None:
    alert = morning["raid"]
    [link] = browser.open(path_of(alert)).dom.cssselect("a[rel=next]")
    following = browser.open(path_of(alert)).decide(decision, **more)
    assert following.path.startswith(link.get("href"))
    view = standing(database, alert)
    assert view.line.status == status
    assert view.line.labels == more.get("label", ["detention", "raid"])
    assert view.history[-1].note == more.get("note")
    [notice] = following.dom.cssselect("form.notice")
    assert said in notice.text_content()
    fields = dict(notice.form_values()) | {"decision": "undo"}
    back = browser.post(notice.get("action"), fields)
    assert back.url.path == path_of(alert)
    assert standing(database, alert).line.status == "open"
    history = standing(database, alert).history
    assert [(past.undone, past.decision) for past in history][-1] == (False, "undo")


def test_one_works_through_a_filtered_list_to_its_end(browser: Browser, database: Database, morning: Morning) -> None:
    page = browser.open(browser.open("/?language=kk").dom.cssselect(".row-title")[0].get("href"))
    for _ in range(3):
        assert page.path.startswith("/alerts/")
        page = page.decide("reject")
    assert page.path.startswith("/?language=kk")
    with database.session() as session:
        assert alerts.counts(session)["rejected"] == 3


def test_the_second_of_two_reviewers_is_told_and_changes_nothing(
    browser: Browser, database: Database, morning: Morning
) -> None:
    alert = morning["tax"]
    one, other = browser.open(path_of(alert)), browser.open(path_of(alert))
    one.decide("confirm")
    told = other.decide("reject")
    assert told.response.status_code == 409
    assert "Somebody else decided on this alert meanwhile" in told.text("[role=alert]")[0]
    assert standing(database, alert).line.status == "confirmed"
    assert told.decide("reject").response.status_code == 200
    assert standing(database, alert).line.status == "rejected"


@pytest.mark.parametrize(
    ("decision", "more", "status"),
    [
        ("correct", {"label": []}, 400),
        ("correct", {"label": ["nonsense"]}, 400),
        ("reject", {"reason": "nonsense"}, 400),
        ("burn", {}, 400),
        ("undo", {}, 400),
        ("confirm", {"note": "x" * 4001}, 400),
        ("confirm", {"revision": "x"}, 400),
        ("confirm", {"seen_version": "x"}, 400),
        ("confirm", {"note": "\0"}, 400),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(
    browser: Browser, database: Database, morning: Morning, decision: str, more: dict[str, Any], status: int
) -> None:
    page = browser.open(path_of(morning["tax"])).decide(decision, **more)
    assert page.response.status_code == status
    assert standing(database, morning["tax"]).history == []


def test_the_decision_keeps_the_text_that_was_read(browser: Browser, database: Database, morning: Morning) -> None:
    browser.open(path_of(morning["raid"])).decide("confirm")
    with database.session() as session:
        view = alerts.alert(session, morning["raid"].id)
        assert view is not None
        review = session.get_one(Review, view.version)
        assert review.revision_id == view.articles[0].revision_id


@pytest.mark.parametrize(
    ("language", "label", "time"),
    [
        ("en", "Tax inspection", "3 Nov 2025, 12:10"),
        ("ru", "Налоговая проверка", "3 нояб. 2025\u202fг., 12:10"),
        ("kk", "Салықтық тексеру", "2025\u202fж. 03 қар., 12:10"),
    ],
)
def test_every_page_speaks_three_languages(
    browser: Browser, morning: Morning, language: str, label: str, time: str
) -> None:
    path = path_of(morning["tax"])
    page = browser.open(f"{path}?lang={language}")
    assert page.dom.get("lang") == language
    assert label in page.text(".chips li")
    assert " ".join(time.split()) in page.text(".facts time")
    assert page.dom.cssselect("h1")[0].get("lang") == "ru"
    assert browser.open("/").dom.get("lang") == language, "remembered"
    for other in ("/nothing", "/alerts/x"):
        assert browser.open(other).dom.get("lang") == language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("kk-KZ,kk;q=0.9,ru;q=0.8", "kk"), ("de,ru;q=0.5", "ru"), ("fr", "en"), ("", "en"), (";;,=é", "en")],
)
def test_the_browsers_own_language_is_the_first_choice(stranger: Browser, accepted: str, language: str) -> None:
    response = stranger.get("/", headers={"accept-language": accepted.encode()})
    assert f'<html lang="{language}">' in response.text


HOSTILE = [
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }}{% raw %}",
    "&lt;script&gt;",
    "\u202e\u2066<b>gnp.exe",
    "%s %(x)s %",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_shown_as_words(browser: Browser, database: Database, report: Report, text: str) -> None:
    reasons = [
        {"label": text, "phrase": text, "start": start, "end": end, "weight": weight, "concept": text, "side": "for"}
        for start, end, weight in ((0, 4, 1.0), (2, 9, -2.0), (0, 10**9, 0.1))
    ]
    with database.session() as session:
        alert = report(
            session, text, f"{text}\n{text}", at=NOW, place=text, url="javascript:alert(1)", labels=[text],
            probabilities={text: 0.5}, reasons=reasons,
        )  # fmt: skip
    page = browser.open(path_of(alert))
    pages = [browser.open("/"), page, browser.open(page.dom.cssselect("h1 a")[0].get("href"))]
    for shown in pages:
        assert shown.response.status_code == 200
        assert not shown.dom.xpath("//script[not(@src)] | //img | //b | //body//*[starts-with(name(@*), 'on')]")
        assert not [href for href in shown.dom.xpath("//@href | //@src | //@action") if "javascript:" in href]
        assert not re.search("[\u202e\u2066]", shown.html)
        assert "49" not in shown.text("h1")[0]
    assert page.text("h1") == [" ".join(re.sub("[\u202e\u2066]", "", text).split())]


def test_a_headline_of_two_megabytes_neither_breaks_nor_bloats_the_pages(
    browser: Browser, database: Database, report: Report
) -> None:
    with database.session() as session:
        alert = report(session, "Ж" * 2_000_000, "x", at=NOW, reasons=[
            {"label": "raid", "phrase": "Ж" * 500_000, "start": 0, "end": 500_000, "weight": 1, "concept": None,
             "side": "for"}
        ])  # fmt: skip
    assert len(browser.get("/").content) < 30_000
    assert len(browser.get(path_of(alert)).content) < 30_000


def test_a_copy_never_holds_live_html(browser: Browser, database: Database, report: Report) -> None:
    text = (
        "<iframe src=//evil></iframe>\n<svg onload=alert(1)>\n<style>*{display:none}</style><meta http-equiv=refresh>"
    )
    with database.session() as session:
        report(session, "<h1>t</h1>", text, at=NOW)
    copy = browser.open(
        browser.open(browser.open("/").dom.cssselect(".row-title")[0].get("href")).dom.cssselect("h1 a")[0].get("href")
    )
    assert not copy.dom.xpath("//article//iframe | //article//svg | //style | //meta[@http-equiv] | //h1/h1")
    assert copy.text(".text p") == text.split("\n")
    assert copy.response.headers["content-type"] == "text/html; charset=utf-8"


def test_an_article_without_texts_or_labels_has_a_page(browser: Browser, database: Database, report: Report) -> None:
    with database.session() as session:
        alert = report(session, "", "", at=NOW, labels=[], language="other")
    page = browser.open(path_of(alert))
    assert page.text("h1") == ["(no title)"]
    assert "(no title)" in browser.open("/").text(".row-title")


def test_an_alert_shows_whose_case_came_how_far_and_what_makes_it_grave(browser: Browser, database: Database) -> None:
    detained, charged, *_ = reports = case()
    with database.session() as session:
        stored(session, reports)
        alert = keep(session, new_id(), [detained, charged], NOW)
    page = browser.open(path_of(alert))
    [party] = page.text(".parties > li")
    assert party.startswith("Берик Сагындыков")
    assert page.text(".turns li") == ["3 Nov 2025 detained", "12 Nov 2025 charged"]
    assert page.text(".parts li") == ["3: Detention", "+1: told by 2 independent sources", "+0.5: 1 turn for the worse"]
    assert "Берик Сагындыков: detained → charged" in " ".join(page.text(".past li"))


def test_a_merged_alert_leads_to_the_one_that_speaks_for_it(browser: Browser, database: Database) -> None:
    detained, charged, *_ = reports = case()
    with database.session() as session:
        stored(session, reports)
        ids = [new_id(), new_id()]
        kept, merged = keep(session, ids[0], [detained], NOW), keep(session, ids[1], [charged], NOW)
        session.get_one(Incident, ids[1]).redirect_to = ids[0]
    answer = browser.get(path_of(merged) + "?status=all")
    assert str(answer.url).endswith(path_of(kept) + "?status=all")
