"""The page of an alert: what stands at its top, why each article stands in it, one key each, and what htmx is sent."""

import hashlib
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import yaml

from kzmonitor.i18n import speaking
from kzmonitor.incidents import alerts
from kzmonitor.incidents.grouping import group_now
from kzmonitor.review import wording
from kzmonitor.review.incident import STAYING
from kzmonitor.store import Database
from kzmonitor.store.tables import Account, Alert, new_id
from tests.review.conftest import NOW

VENDOR = Path(wording.__file__).parent / "static" / "vendor"
Browser = Any
Morning = dict[str, Alert]


@pytest.fixture
def grouped(database: Database, morning: Morning) -> Morning:
    """The morning's alerts, as grouping keeps them."""
    with database.session() as session:
        group_now(session, NOW)
    return morning


def path_of(alert: Alert) -> str:
    return f"/alerts/{alert.id}"


def history(database: Database, alert: Alert) -> list[alerts.Decision]:
    with database.session() as session:
        return alerts.history(session, alert.id)


def test_every_telling_says_where_it_came_from_and_why_it_stands_here(browser: Browser, grouped: Morning) -> None:
    page = browser.open(path_of(grouped["raid"]))
    assert len(page.text(".tellings li")) == 3
    assert [line.startswith("Vlast") for line in page.text(".tellings .origin")] == [True, False, False]
    assert page.text(".tellings .badge") == ["first mover"]
    because = page.text(".tellings .because")
    assert because[0] == "the first telling"
    assert all("the same event, " in line and "Almaty" in line for line in because[1:])


def test_the_top_says_to_whom_and_a_name_leads_to_all_alerts_that_name_it(browser: Browser, grouped: Morning) -> None:
    page = browser.open(path_of(grouped["raid"]))
    links = page.dom.cssselect(".facts dd a")
    assert links
    found = browser.open(links[-1].get("href"))
    assert "В Алматы полиция обыскала" in found.text(".row-title")[0]


def test_a_button_rejects_with_its_reason(browser: Browser, database: Database, morning: Morning) -> None:
    page = browser.open(path_of(morning["tax"]))
    keys = {
        button.get("data-key"): button.get("value") for button in page.dom.cssselect(".sheet button[value^=reject]")
    }
    assert list(keys) == ["1", "2", "3", "4", "5", "6", "7", "8", "r"]
    page.decide(keys["3"])
    [past] = history(database, morning["tax"])
    assert (past.decision, past.reason) == ("reject", "politics")
    assert browser.open(path_of(morning["raid"])).decide("reject:nonsense").response.status_code == 400


def test_no_key_means_two_things_at_once(browser: Browser, grouped: Morning) -> None:
    page = browser.open(path_of(grouped["raid"]))
    plain = [
        element.get("data-key")
        for element in page.dom.cssselect("[data-key]")
        if not element.xpath("ancestor::*[contains(@class, 'sheet')]")
    ]
    assert len(plain) == len(set(plain))
    for sheet in page.dom.cssselect(".sheet"):
        keys = [element.get("data-key") for element in sheet.cssselect("[data-key]")]
        assert len(keys) == len(set(keys))


def test_who_passes_an_alert_on_or_notes_something_changes_nothing_else(
    browser: Browser, database: Database, morning: Morning
) -> None:
    page = browser.open(path_of(morning["tax"])).decide("note", note="ask the lawyer")
    assert "note" in STAYING
    assert page.path == path_of(morning["tax"])
    page.decide("escalate")
    listed = browser.open("/?status=escalated")
    assert len(listed.text(".row-title")) == 1
    assert [past.decision for past in history(database, morning["tax"])] == ["note", "escalate"]
    with database.session() as session:
        assert alerts.counts(session)["open"] == 8


def test_htmx_is_sent_the_next_alert_at_once_with_its_address(browser: Browser, morning: Morning) -> None:
    page = browser.open(path_of(morning["raid"]))
    [form] = page.dom.cssselect("form#decide")
    [following] = page.dom.cssselect("a[rel=next]")
    sent = dict(form.form_values()) | {"decision": "reject"}
    answer = browser.request(
        "POST", form.get("action"), data=sent, headers={"hx-request": "true"}, follow_redirects=False
    )
    assert answer.status_code == 200
    assert answer.headers["hx-push-url"] == f"{following.get('href')}?done={morning['raid'].id}"
    shown = lxml.html.document_fromstring(answer.text)
    assert shown.cssselect("#content h1")
    assert "rejected" in shown.cssselect("[data-say]")[0].text_content()
    assert shown.cssselect("form#decide")[0].get("action") == following.get("href")


def test_after_the_last_alert_htmx_is_led_to_the_list(browser: Browser, morning: Morning) -> None:
    path = browser.open("/?label=censorship").dom.cssselect(".row-title")[0].get("href")
    page = browser.open(path)
    sent = dict(page.dom.cssselect("form#decide")[0].form_values()) | {"decision": "confirm", "label": ["censorship"]}
    answer = browser.request("POST", path, data=sent, headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"].partition("&")[0]) == (204, "/?label=censorship")


def test_the_second_reviewer_is_told_what_the_first_decided(browser: Browser, morning: Morning) -> None:
    one, other = browser.open(path_of(morning["tax"])), browser.open(path_of(morning["tax"]))
    one.decide("reject")
    told = other.decide("confirm")
    assert told.response.status_code == 409
    assert "rejected" in told.text(".notice.problem")[0]


def test_an_alert_is_given_to_somebody_and_given_back(browser: Browser, database: Database, morning: Morning) -> None:
    with database.session() as session:
        person = Account(id=new_id(), pseudonym="Aigul", role="reviewer")
        session.add(person)
    path = path_of(morning["tax"])

    def give(to: str) -> Any:
        [form] = browser.open(path).dom.cssselect("form.assign")
        browser.post(form.get("action"), dict(form.form_values()) | {"to": to})
        return browser.open("/?status=all&assigned=somebody")

    assert give(str(person.id)).text(".holder") == ["Aigul"]
    assert "with Aigul" in browser.open(path).text(".standing")[0]
    assert give("").text(".row-title") == []


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0%"), (0.001, "<\u00a01%"), (0.01, "1%"), (0.5, "50%"), (0.995, ">\u00a099%"), (1, "100%")],
)
def test_a_share_claims_no_more_than_it_knows(number: float, said: str) -> None:
    with speaking("en"):
        assert wording.share(number) == said


@pytest.mark.parametrize(
    ("place", "region", "language", "said"),
    [
        ("Алматы", "KZ-75", "en", "Almaty"), ("Алматы", "KZ-75", "ru", "Алматы"), (None, "KZ-75", "kk", "Алматы"),
        ("Актау", "KZ-47", "en", "Aktau, Mangystau Region"), ("Чу", None, "ru", "Чу"), (None, None, "en", ""),
        ("a village", "KZ-47", "en", "a village, Mangystau Region"),
    ],
)  # fmt: skip
def test_a_place_is_named_once_and_in_the_language_of_the_reader(
    place: str | None, region: str | None, language: str, said: str
) -> None:
    with speaking(language):
        assert wording.where(place, region) == said


def test_files_of_others_are_those_that_are_listed() -> None:
    listed = yaml.safe_load((VENDOR / "vendor.yaml").read_text("utf-8"))
    assert {path.name for path in VENDOR.iterdir() if path.suffix in (".js", ".css")} == set(listed)
    for name, known in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == known["sha256"]
        assert {"package", "version", "licence"} <= set(known)
