"""The pages of reading: second readings by keyboard, both readings side by side, the audit, agreement."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import anyio.from_thread
import lxml.html
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.accounts import people
from kzmonitor.incidents import alerts, by_hand, reviews
from kzmonitor.learn import adjudication
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article, IncidentArticle, Model, Review
from tests.learn.conftest import passed_by, version
from tests.review.conftest import NOW, Browser, Page

Report = Callable[..., Alert]
Enter = Callable[[str, str], Browser]
# What the model and the first reader made of it must not be seen.
TITLE, TEXT = "Блогера задержали у здания суда", "Полиция увезла блогера в отделение.\nЧерез три часа его отпустили."
MARK = "увезла блогера"
FIRST_NOTE = "the-first-reader-said-so"


@pytest.fixture
def enter(app: FastAPI, portal: anyio.from_thread.BlockingPortal) -> Iterator[Enter]:
    """`enter(pseudonym, role)`: the browser of an account."""

    def one(pseudonym: str, role: str = "reviewer") -> Browser:
        return Browser(app, portal).log_in(role, pseudonym)

    yield one  # noqa: PT022 - the fixture of the portal ends it


@pytest.fixture
def rejected(database: Database, report: Report) -> UUID:
    """The text of an alert with a core label that anna rejected."""
    return reject(database, report, TITLE, TEXT)


def reject(database: Database, report: Report, title: str, text: str) -> UUID:
    start = f"{title}\n{text}".find(MARK)
    reason = {
        "label": "detention", "phrase": MARK, "start": max(start, 0), "end": max(start, 0) + len(MARK), "weight": 2.0,
        "concept": None, "side": "for",
    }  # fmt: skip
    with database.session() as session:
        found = people.find(session, "anna") or people.add(session, "anna", "reviewer", by=None, now=NOW)
        alert = report(session, title, text, at=NOW, reasons=[reason])
        query = select(Article.current_revision).join(IncidentArticle, IncidentArticle.article_id == Article.id)
        revision = session.scalars(query.where(IncidentArticle.incident_id == alert.incident_id)).one()
        assert revision
        reviews.decide(
            session, alert.id, "reject", reason="no_act", note=FIRST_NOTE, revision_id=revision, account_id=found.id,
            now=NOW,
        )  # fmt: skip
        return revision


def of(session: Session, revision: UUID) -> list[Review]:
    return list(session.scalars(select(Review).where(Review.revision_id == revision).order_by(Review.id)))


def test_what_waits_is_counted_for_each_reader(enter: Enter, rejected: UUID) -> None:
    assert enter("berik", "reviewer").open("/readings").text("#second .count") == ["1"]
    own = enter("anna", "reviewer").open("/readings")
    assert own.text("#second .count") == ["0"]
    assert own.dom.cssselect("a[href='/readings/next']") == []


def test_a_second_reader_sees_the_text_and_nothing_that_was_made_of_it(enter: Enter, rejected: UUID) -> None:
    page = enter("berik", "reviewer").open("/readings/next")
    assert page.text("h1") == [TITLE]
    assert page.text(".text p") == TEXT.splitlines()
    assert page.dom.cssselect("mark, .chances, .reasons, .severity, input[checked]") == []
    for hidden in (FIRST_NOTE, "anna", "90%", "90 %"):
        assert hidden not in page.html


def test_the_keys_are_those_of_the_desk(enter: Enter, rejected: UUID) -> None:
    page = enter("berik", "reviewer").open("/readings/next")
    keys = {
        element.get("data-key"): element.get("value")
        for element in page.dom.cssselect("#decide [data-key]")
    }  # fmt: skip
    assert {key: keys[key] for key in "crs1"} == {"c": "correct", "r": "reject", "s": "unsure", "1": "tax_inspection"}
    assert set("123456789") <= set(keys)


def test_a_reading_is_kept_blind_and_the_next_one_comes(
    database: Database, report: Report, enter: Enter, rejected: UUID
) -> None:
    reject(database, report, "Другой заголовок", "Другой текст.")
    page = enter("berik", "reviewer").open("/readings/next")
    shown = page.text("h1")
    after = page.decide("correct", label=["detention"])
    assert after.path.startswith("/readings/next?done=")
    assert after.text("h1") != shown
    assert shown[0] in after.text(".done")[0]
    with database.session() as session:
        made = [review for review in session.scalars(select(Review)) if review.blind]
        assert [(one.decision, one.labels) for one in made] == [("correct", ["detention"])]
    assert after.decide("reject").text("h1") == ["Nothing waits for you."]


def test_a_kept_reading_can_be_undone_with_one_key(database: Database, enter: Enter, rejected: UUID) -> None:
    berik = enter("berik", "reviewer")
    done = berik.open("/readings/next").decide("unsure")
    [form] = done.dom.cssselect("form.done")
    assert form.cssselect("button")[0].get("data-key") == "u"
    back = Page(berik, berik.post(form.get("action"), dict(form.form_values())))
    assert back.text("h1") == [TITLE]
    again = Page(berik, berik.post(form.get("action"), dict(form.form_values())))
    assert again.response.status_code == 409


def test_undo_leads_only_to_readings(enter: Enter, rejected: UUID) -> None:
    berik = enter("berik", "reviewer")
    [form] = berik.open("/readings/next").decide("unsure").dom.cssselect("form.done")
    sent = dict(form.form_values()) | {"where": "https://elsewhere.example/readings?x"}
    answer = berik.post(form.get("action"), sent)
    assert answer.url.host == "127.0.0.1"


def test_labels_without_a_tick_are_asked_for_and_the_form_stays_filled_in(enter: Enter, rejected: UUID) -> None:
    page = enter("berik", "reviewer").open("/readings/next").decide("correct", note="to be kept", label=[])
    assert page.response.status_code == 400
    assert "Choose at least one label" in page.text("[role=alert]")[0]
    assert page.text("h1") == [TITLE]
    assert page.text("textarea") == ["to be kept"]


def test_the_second_of_two_second_readers_is_told(enter: Enter, rejected: UUID) -> None:
    one, other = (enter(name, "reviewer").open("/readings/next") for name in ("berik", "dana"))
    assert one.decide("reject").response.status_code == 200
    told = other.decide("correct", label=["detention"])
    assert told.response.status_code == 409
    assert "no longer waits" in told.text("[role=alert]")[0]


@pytest.fixture
def disputed(enter: Enter, rejected: UUID) -> UUID:
    enter("berik", "reviewer").open("/readings/next").decide("correct", label=["detention"], note="held for hours")
    return rejected


def test_both_readings_stand_side_by_side_without_names_or_marks(enter: Enter, disputed: UUID) -> None:
    page = enter("dana", "reviewer").open("/readings")
    [link] = page.dom.cssselect("#disputes ~ .rows a")
    page = page.browser.open(link.get("href"))
    assert page.text(".sides .chips") == ["Detention"]
    assert page.text(".sides .note") == [FIRST_NOTE, "held for hours"]
    assert page.dom.cssselect("mark, .chances, .reasons") == []
    assert not [name for name in ("anna", "berik") if name in page.html]


def test_a_third_person_settles_it_with_one_key(database: Database, enter: Enter, disputed: UUID) -> None:
    dana = enter("dana", "reviewer")
    page = dana.open(f"/readings/disputes/{disputed}")
    [form] = [form for form in page.dom.cssselect(".sides form") if form.cssselect("[data-key=b]")]
    button = form.cssselect("button")[0]
    after = Page(dana, dana.post(form.get("action"), dict(form.form_values()) | {"decision": button.get("value")}))
    assert after.path.startswith("/readings?done=")
    assert after.text("#disputes .count") == ["0"]
    with database.session() as session:
        made = of(session, disputed)[-1]
        assert (made.fields, made.labels) == ({"adjudicates": True}, ["detention"])
        stands = alerts.standing(session, made.subject_id)
        assert stands is not None
        assert stands.status == "confirmed"
    [form] = after.dom.cssselect("form.done")
    assert Page(dana, dana.post(form.get("action"), dict(form.form_values()))).text("#disputes .count") == ["1"]


def test_it_may_be_settled_otherwise(database: Database, enter: Enter, disputed: UUID) -> None:
    page = enter("dana", "reviewer").open(f"/readings/disputes/{disputed}")
    assert page.decide("correct", label=[]).response.status_code == 400
    page.decide("correct", label=["raid", "obstruction"])
    with database.session() as session:
        assert of(session, disputed)[-1].labels == ["raid", "obstruction"]


def test_a_reader_of_the_text_sees_that_somebody_else_settles_it(enter: Enter, disputed: UUID) -> None:
    berik = enter("berik", "reviewer")
    assert berik.open("/readings").dom.cssselect("#disputes ~ .rows a") == []
    page = berik.open(f"/readings/disputes/{disputed}")
    assert page.dom.cssselect("form#decide, .sides form") == []
    sent = {"form_token": berik.form_token(), "decision": "reject", "seen": str(UUID(int=1))}
    assert berik.post(f"/readings/disputes/{disputed}", sent).status_code == 409


def test_the_second_who_settles_is_told(enter: Enter, disputed: UUID) -> None:
    one, other = (enter(name, "reviewer").open(f"/readings/disputes/{disputed}") for name in ("dana", "erlan"))
    one.decide("reject")
    told = other.decide("correct", label=["raid"])
    assert told.response.status_code == 409
    assert "somebody else" in told.text("[role=alert]")[0].lower()


def test_a_dispute_that_is_none_is_not_found(enter: Enter, rejected: UUID) -> None:
    assert enter("dana", "reviewer").open(f"/readings/disputes/{rejected}").response.status_code == 404


@pytest.fixture
def audited(database: Database) -> list[UUID]:
    """Two articles of yesterday that no model flagged."""
    with database.session() as session:
        model = version(session, "v", "champion")
        return [
            passed_by(session, model, number, at=NOW - timedelta(days=1), title=f"Новость {number}", text=TEXT).id
            for number in (1, 2)
        ]


def test_the_audit_goes_from_article_to_article(database: Database, enter: Enter, audited: list[UUID]) -> None:
    page = enter("dana", "reviewer").open("/readings/audit")
    assert len(page.dom.cssselect(".rows a")) == 2
    page = page.browser.open(page.dom.cssselect("a.button")[0].get("href"))
    after = page.decide("reject")
    assert after.path.startswith("/readings/audit/")
    last = after.decide("correct", label=["detention"])
    assert last.path.startswith("/readings/audit?done=")
    assert last.text("#audit .count") == ["0"]
    with database.session() as session:
        made = list(session.scalars(select(Review).where(Review.subject == "article").order_by(Review.id)))
        assert [(one.decision, one.fields) for one in made] == [
            ("reject", {"why": "audit"}),
            ("correct", {"why": "audit"}),
        ]
        alert = by_hand.alert_of(session, made[1].subject_id)
        assert alert is not None
        stands = alerts.standing(session, alert)
        assert stands is not None
        assert stands.status == "confirmed"


def test_the_second_who_looks_is_told(enter: Enter, audited: list[UUID]) -> None:
    one, other = (enter(name, "reviewer").open(f"/readings/audit/{audited[0]}") for name in ("dana", "erlan"))
    one.decide("reject")
    assert other.decide("correct", label=["raid"]).response.status_code == 409


def test_agreement_is_told_for_each_pair_and_with_the_model(
    database: Database, report: Report, enter: Enter, disputed: UUID
) -> None:
    page = enter("dana", "reviewer").open("/readings/agreement")
    assert page.text("#people ~ h3")[0].startswith("anna · berik 1 text, 1 blind")
    assert page.text("#people ~ .scrolled tbody tr:first-child > *") == ["Relevant", "0%", "0.00", "too few"]
    with database.session() as session:
        found = adjudication.case(session, disputed)
        assert found is not None
        anna = people.find(session, "erlan") or people.add(session, "erlan", "reviewer", by=None, now=NOW)
        adjudication.adjudicate(
            session, disputed, anna.id, labels=["detention"], seen=found.seen, version=found.version, now=NOW
        )
    row = enter("dana", "reviewer").open("/readings/agreement").text("#model ~ .scrolled tbody tr:first-child > *")
    assert row[:4] == ["Relevant", "1", "0", "0"]


def test_an_empty_desk_says_so(enter: Enter, database: Database) -> None:
    with database.session() as session:
        version(session, "v", "champion")
    dana = enter("dana", "reviewer")
    for path in ("/readings", "/readings/audit", "/readings/agreement"):
        assert dana.open(path).response.status_code == 200
    assert dana.open("/readings/next").text("h1") == ["Nothing waits for you."]


def test_only_reviewers_come_here(enter: Enter, rejected: UUID) -> None:
    reader = enter("rita", "reader")
    paths = ("", "/next", "/audit", f"/audit/{rejected}", f"/disputes/{rejected}", "/agreement")
    assert {reader.get(f"/readings{path}").status_code for path in paths} == {403}
    sent = {"form_token": reader.form_token(), "decision": "reject", "review": str(rejected)}
    assert reader.post("/readings/next", sent).status_code == 403


@pytest.mark.parametrize("path", ["/next", "/undo", "/audit/{id}", "/disputes/{id}"])
def test_a_form_that_is_not_complete_or_not_ours_changes_nothing(enter: Enter, rejected: UUID, path: str) -> None:
    dana = enter("dana", "reviewer")
    address = "/readings" + path.format(id=rejected)
    assert dana.post(address, {"form_token": dana.form_token()}).status_code == 400
    whole = {"decision": "reject", "review": str(rejected), "revision": str(rejected), "reading": str(rejected)}
    assert dana.post(address, whole | {"seen": str(rejected)}).status_code == 403


def test_hostile_texts_are_shown_as_text(database: Database, report: Report, enter: Enter) -> None:
    reject(database, report, "<script>alert(1)</script>", "<img src=x onerror=alert(2)>\u202egnp.exe")
    page = enter("berik", "reviewer").open("/readings/next")
    body = lxml.html.tostring(page.dom.cssselect("main")[0], encoding="unicode")
    assert page.dom.cssselect("main script, main img") == []
    assert "\u202e" not in body


def test_the_page_of_an_alert_tells_all_that_was_done_and_how_it_stood_before(
    database: Database, enter: Enter, disputed: UUID
) -> None:
    enter("dana", "reviewer").open(f"/readings/disputes/{disputed}").decide("correct", label=["detention"])
    with database.session() as session:
        alert = of(session, disputed)[0].subject_id
    told = enter("dana", "reviewer").open(f"/alerts/{alert}").text(".past ol li > span:not(.detail)")
    assert [line.split(",")[0] for line in told] == [
        "rejected",
        "read a second time: confirmed with other labels",
        "settled: confirmed with other labels",
        "alert opened",
        "news for the digest",
    ]
    before = enter("dana", "reviewer").open(f"/alerts/{alert}").text(".past .before")
    assert before == ["before: Open", "before: Rejected"]


@pytest.mark.parametrize("path", ["/readings", "/readings/audit", "/readings/agreement"])
def test_a_page_trains_no_model_where_there_is_none_yet(enter: Enter, database: Database, path: str) -> None:
    assert enter("dana").get(path).status_code == 200
    with database.session() as session:
        assert session.scalars(select(Model.id)).all() == []
