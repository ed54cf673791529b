"""Searching on a real server: what is found, in which order, and that no search costs more than a moment."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from kzmonitor.incidents import indexing, search
from kzmonitor.incidents.search import Cursor, Filters, Hit, Order
from kzmonitor.language.queries import parse
from kzmonitor.language.searching import names_vector
from kzmonitor.store.tables import Alert, Incident, IncidentArticle, Party, Proceeding, Revision, new_id

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
Report = Callable[..., Alert]
FILLER = "Подробности пока неизвестны, редакция следит за событиями. " * 12


@pytest.fixture
def told(session: Session, report: Report) -> Session:
    """Five articles: on detentions in two languages, a court case, and football, which nobody flagged."""
    report(session, "В Жанаозене задержали активиста", "Полиция увезла его из дома.", at=NOW - timedelta(hours=5))
    report(session, "Жаңаөзенде белсенді ұсталды", "Полиция оны үйінен алып кетті.", language="kk", source="egemen",
           at=NOW - timedelta(hours=4))  # fmt: skip
    report(
        session, "Суд над редакцией", f"{FILLER} Активист пришёл поддержать журналистов.", at=NOW - timedelta(hours=3)
    )
    report(
        session, "Футбол: активисты болельщиков", "Матч прошёл спокойно.", source="sport", at=NOW - timedelta(hours=2)
    )
    report(session, "Police detain activist in Zhanaozen", "He was taken from home.", language="en", source="rferl-en",
           at=NOW - timedelta(hours=1))  # fmt: skip
    sport = select(Incident.id).where(Incident.title.startswith("Футбол"))
    session.execute(
        IncidentArticle.__table__.delete().where(IncidentArticle.incident_id.in_(sport))  # type: ignore[attr-defined]
    )
    while indexing.index_waiting(session, limit=2):
        pass
    return session


def titles(
    session: Session, asked: str, filters: Filters | None = None, order: Order = "best", limit: int = 20
) -> list[str]:
    found = search.articles(session, parse(asked), filters or Filters(), order=order, limit=limit)
    return [hit.title for hit in found.hits]


def test_a_latin_word_finds_all_scripts_and_languages(told: Session) -> None:
    assert set(titles(told, "zhanaozen")) == {
        "В Жанаозене задержали активиста", "Жаңаөзенде белсенді ұсталды", "Police detain activist in Zhanaozen",
    }  # fmt: skip
    assert set(titles(told, "Жаңаөзеннің")) == set(titles(told, "zhanaozen"))


def test_a_word_of_the_title_weighs_more(told: Session) -> None:
    assert titles(told, "активисты")[-1] == "Суд над редакцией"


def test_the_newest_come_first_where_that_is_asked(told: Session) -> None:
    assert titles(told, "активист", order="newest") == [
        "Футбол: активисты болельщиков", "Суд над редакцией", "В Жанаозене задержали активиста",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(language="kk"), ["Жаңаөзенде белсенді ұсталды"]),
        (Filters(source="rferl-en"), ["Police detain activist in Zhanaozen"]),
        (Filters(before=NOW - timedelta(hours=4, minutes=30)), ["В Жанаозене задержали активиста"]),
        (Filters(since=NOW - timedelta(hours=1, minutes=30)), ["Police detain activist in Zhanaozen"]),
        (Filters(flagged=False), []),
    ],
)
def test_filters_narrow(told: Session, filters: Filters, found: list[str]) -> None:
    assert titles(told, "жанаозен", filters) == found


def test_what_was_not_flagged_can_be_asked_for(told: Session) -> None:
    assert titles(told, "активист", Filters(flagged=False)) == ["Футбол: активисты болельщиков"]
    assert "Футбол: активисты болельщиков" not in titles(told, "активист", Filters(flagged=True))


def test_a_hit_names_its_alert(told: Session) -> None:
    hits = search.articles(told, parse("активист"), Filters(), order="newest", limit=5).hits
    assert {hit.title: hit.status for hit in hits} == {
        "Футбол: активисты болельщиков": None, "Суд над редакцией": "open", "В Жанаозене задержали активиста": "open",
    }  # fmt: skip


@pytest.mark.parametrize("order", ["best", "newest"])
def test_pages_follow_each_other_without_a_gap_or_a_double(told: Session, order: Order) -> None:
    whole = search.articles(told, parse("полиц* активист*"), Filters(), order=order, limit=20).hits
    everything = search.articles(told, parse("акти*"), Filters(), order=order, limit=20).hits
    paged: list[Hit] = []
    after: Cursor | None = None
    while True:
        page = search.articles(told, parse("акти*"), Filters(), order=order, limit=1, after=after)
        paged += page.hits
        if not page.more:
            break
        after = page.hits[-1].cursor
    assert [hit.revision for hit in paged] == [hit.revision for hit in everything]
    assert {hit.revision for hit in whole} <= {hit.revision for hit in everything}


def test_only_the_newest_matches_are_ranked(told: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_RANKED", 2)
    found = search.articles(told, parse("активист"), Filters(), order="best", limit=20)
    assert found.ranked == 2
    assert {hit.title for hit in found.hits} == {"Футбол: активисты болельщиков", "Суд над редакцией"}


def test_a_search_that_takes_too_long_is_broken_off_and_the_session_goes_on(
    told: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is searched for afterwards has the time that searches have.
    with monkeypatch.context() as hurried:
        hurried.setattr(search, "FIRST_TRY_MS", 20)
        hurried.setattr(search, "SECOND_TRY_MS", 20)
        with pytest.raises(search.TooBroad):
            search._bounded(told, lambda: told.execute(text("select pg_sleep(5)")))
    assert titles(told, "активист")
    assert told.scalar(text("show statement_timeout")) == "0"


def test_an_erased_text_is_not_made_findable_again(told: Session) -> None:
    told.execute(
        update(Revision).where(Revision.title.startswith("Суд")).values(title="[erased]", text="", search=None)
    )
    assert not indexing.index_waiting(told)
    assert "[erased]" not in titles(told, "erased")


def test_incidents_are_found_by_the_names_of_their_parties(told: Session) -> None:
    incident = told.scalars(select(Incident).where(Incident.title.startswith("Суд"))).one()
    party = Party(id=new_id(), key="person:x", kind="person", names=["Евгений Жовтис"])
    told.add(party)
    told.flush()
    told.add(Proceeding(incident_id=incident.id, party_id=party.id, status="named", since=NOW))
    told.flush()
    assert not search.parties(told, parse("zhovtis"))
    indexing.index_waiting(told)
    [found] = search.parties(told, parse("zhovtis"))
    assert (found.name, found.title) == ("Евгений Жовтис", "Суд над редакцией")
    assert party.search
    assert names_vector(party.names)
    assert not search.parties(told, parse("zhovtis токаев"))
