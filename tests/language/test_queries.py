"""Whatever is typed is a query that PostgreSQL reads."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import cast, literal, select
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from kzmonitor.language.queries import MOST_TERMS, parse
from kzmonitor.language.searching import search_vector

TEXT = search_vector(
    "Уголовное дело против журналиста", "В Жанаозене полиция задержала активистов, суд назначен на завтра.", "ru"
)


def fits(session: Session, asked: str) -> bool:
    query = parse(asked).tsquery()
    matches = cast(literal(TEXT), TSVECTOR).op("@@")(cast(literal(query), TSQUERY))
    return bool(query) and bool(session.scalar(select(matches)))


def test_all_words_are_wanted_in_any_form(session: Session) -> None:
    assert fits(session, "задержание активист") is False
    assert fits(session, "задержали активиста")
    assert fits(session, "zhanaozen aktivist")
    assert not fits(session, "активист футбол")


def test_a_phrase_wants_its_words_in_a_row(session: Session) -> None:
    assert fits(session, '"уголовные дела"')
    assert fits(session, "«полиция задержала»")
    assert not fits(session, '"дело полиция"')


def test_what_is_excluded_is_left_out(session: Session) -> None:
    assert fits(session, "журналист -футбол")
    assert not fits(session, "журналист -суд")
    assert not fits(session, 'журналист -"уголовное дело"')


def test_the_beginning_of_a_word_finds_it(session: Session) -> None:
    assert fits(session, "акти*")
    assert fits(session, "журналис*")
    assert not fits(session, "футб*")


def test_common_words_are_left_out_and_named() -> None:
    query = parse("и в суд")
    assert len(query.wanted) == 1
    assert query.left_out == ("и", "в")


def test_an_exclusion_alone_wants_nothing() -> None:
    assert parse("-суд").tsquery() == ""


def test_a_long_query_is_cut() -> None:
    assert len(parse("суд " * 1000).wanted) <= MOST_TERMS


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\"-*()&|!<>:\\'%«» абвжABC")), max_size=60))
def test_nothing_that_is_typed_is_an_error(session: Session, asked: str) -> None:
    session.scalar(select(cast(literal(parse(asked).tsquery()), TSQUERY)))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.text(max_size=100), st.sampled_from(["ru", "kk", "en"]))
def test_no_text_makes_a_vector_that_the_database_refuses(
    session: Session, title: str, body: str, language: str
) -> None:
    session.scalar(select(cast(literal(search_vector(title, body, language)), TSVECTOR)))
