"""Copies are found by an index look-up and verified; what merely shares a subject, or a set phrase, is no copy."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from kzmonitor.collect.canonical import article_key
from kzmonitor.incidents.duplicates import (
    BEARERS,
    OWN_FROM,
    SAME_FROM,
    Asked,
    containment,
    copies,
    copies_of,
    index_waiting,
    likeness,
    tell_of_the_same,
    word_pairs,
)
from kzmonitor.incidents.signatures import KEYS, marks, signature
from kzmonitor.sources import load
from kzmonitor.store import Database
from kzmonitor.store.tables import Article, ArticleBand, ArticleSignature, Capture, Revision, Source, new_id

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RU = (
    "Департамент государственных доходов Алматы начал внеплановую проверку фонда, который наблюдает за выборами. "
    "Уведомление пришло в пятницу вечером, сообщили сотрудники. По их словам, ведомство ссылается на форму отчёта о "
    "деньгах из-за рубежа, которую фонд сдал в срок. Юристы организации готовят жалобу и называют проверку давлением. "
    "Похожие письма в том же месяце получили ещё несколько объединений в других городах страны."
)
OTHER = (
    "Налоговая проверка фонда наблюдателей вызвала возмущение правозащитников. Международные организации призвали "
    "власти прекратить преследование независимых объединений и отменить решения о штрафах."
)
COURT = (
    "Специализированный межрайонный суд по административным правонарушениям признал {name} виновным в нарушении "
    "порядка проведения мирных собраний. Судья {judge} назначил наказание в виде административного ареста, "
    "постановление вступает в силу немедленно. Заседание проходило в режиме видеоконференции, журналистов и "
    "наблюдателей в зал не допустили. Адвокат намерен обжаловать решение в апелляционной инстанции. {more}"
)


def changed(text: str, share: float, seed: int) -> str:
    words = text.split()
    chooser = random.Random(seed)
    for place in chooser.sample(range(len(words)), int(len(words) * share)):
        words[place] = f"слово{chooser.choice('абвгдежз')}{chooser.choice('абвгдежз')}{chooser.choice('абвгдежз')}"
    return " ".join(words)


def half(text: str) -> str:
    words = text.split()
    return " ".join(words[: len(words) // 2])


def article(session: Session, text: str, title: str = "Заголовок") -> UUID:
    """An article as cutting leaves it."""
    session.merge(Source(slug="world", name="W", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
    session.flush()
    id, address = new_id(), f"https://world.example/{new_id()}"
    capture = Capture(
        id=id, source="world", url=address, canonical_url=address, route="direct", fetched_at=NOW, status=200,
        headers={}, hops=[], sha256=b"",
    )  # fmt: skip
    for row in (capture, Article(id=id, key=address, canonical_url=address, source="world", first_seen=NOW)):
        session.add(row)
        session.flush()
    edit(session, id, text, title)
    return id


def edit(session: Session, id: UUID, text: str, title: str = "Заголовок") -> None:
    revision = Revision(
        id=new_id(), article_id=id, capture_id=session.scalars(select(Capture.id)).first(), title=title, text=text,
        language="ru", script="cyrl", text_sha256=new_id().bytes, published_at=NOW, cut_by="feed",
    )  # fmt: skip
    session.add(revision)
    session.flush()
    session.get_one(Article, id).current_revision = revision.id
    session.flush()


def index_all(session: Session) -> None:
    while index_waiting(session):
        pass


def found(session: Session, text: str) -> list[UUID]:
    return [copy.article_id for copy in copies(session, new_id(), text)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("cut", [False, True])
def test_a_changed_and_cut_copy_is_found(session: Session, share: float, cut: bool) -> None:
    original = article(session, RU)
    article(session, OTHER)
    index_all(session)
    for seed in range(20):
        text = changed(half(RU) if cut else RU, share, seed)
        assert found(session, text) == [original], text


def test_a_copy_is_found_whichever_came_first(session: Session) -> None:
    cut = article(session, half(RU))
    index_all(session)
    assert found(session, RU) == [cut]


def test_another_report_on_the_same_subject_is_no_copy(session: Session) -> None:
    article(session, OTHER)
    index_all(session)
    assert found(session, RU) == []


def test_court_reports_that_differ_in_names_only_are_no_copies(session: Session) -> None:
    texts = [
        COURT.format(name=f"{one}ова {one}бека", judge=f"{one}ский", more=f"{one}ина поддержали {one}цы и {one}чане.")
        for one in ("Айгер", "Берд", "Гульм", "Дияр", "Ерсаин", "Жанар", "Каиргел", "Мадин", "Нурсул", "Оралб") * 4
    ]
    for number in range(BEARERS + 3):
        article(
            session, COURT.format(name=f"Некто{'абвгдежзиклмнопрстуфхцчшщэюя'[number % 28] * 3}", judge="Иной", more="")
        )
    first = article(session, texts[0])
    index_all(session)
    assert first in found(session, changed(texts[0], 0.1, 1))
    assert first not in found(session, texts[1])


def test_a_story_that_everybody_prints_is_still_one_story(session: Session) -> None:
    ids = {article(session, changed(RU, 0.03, seed)) for seed in range(BEARERS + 8)}
    index_all(session)
    told = found(session, RU)
    assert set(told) <= ids
    assert len(told) >= 10


def test_the_headline_does_not_matter(session: Session) -> None:
    original = article(session, RU, "Проверка фонда")
    index_all(session)
    assert copies(session, new_id(), RU)[0].containment == 1.0
    assert found(session, RU) == [original]


def test_an_article_is_no_copy_of_itself(session: Session) -> None:
    original = article(session, RU)
    index_all(session)
    assert copies(session, original, RU) == []


def test_unflagged_articles_are_indexed_and_nothing_waits_twice(session: Session) -> None:
    article(session, RU)
    article(session, OTHER)
    assert index_waiting(session, 1) == Counter(indexed=1)
    assert index_waiting(session) == Counter(indexed=1)
    assert index_waiting(session) == Counter()


def test_an_edited_article_is_found_by_its_new_text_only(session: Session) -> None:
    id = article(session, RU)
    index_all(session)
    edit(session, id, OTHER)
    index_all(session)
    assert found(session, RU) == []
    assert found(session, OTHER) == [id]
    assert session.scalar(select(func.count()).select_from(ArticleBand)) == len(signature(OTHER).keys)


def test_many_are_looked_up_in_one_round_trip(session: Session) -> None:
    ids = [article(session, RU), article(session, OTHER)]
    index_all(session)
    statements: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
    asked = [Asked(new_id(), RU), Asked(new_id(), OTHER), Asked(new_id(), ""), Asked(new_id(), "слово")]
    told = copies_of(session, asked)
    assert len(statements) == 1
    assert [[copy.article_id for copy in told[one.article_id]] for one in asked] == [[ids[0]], [ids[1]], [], []]


def test_two_workers_index_each_article_once(database: Database) -> None:
    with database.session() as session:
        for number in range(40):
            article(session, f"{changed(RU, 0.3, number)} {number}")

    def work(_worker: int) -> int:
        done = 0
        while True:
            with database.session() as session:
                outcome = index_waiting(session, 3)
            if not outcome:
                return done
            done += outcome["indexed"]

    with ThreadPoolExecutor(2) as workers:
        assert sum(workers.map(work, range(2))) == 40
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(ArticleSignature)) == 40


def test_mirrors_and_language_sites_of_rferl_share_the_article_by_its_number() -> None:
    shipped = load()
    mirrors = [
        "https://www.azattyqasia.org/a/33490916.html",
        "https://rus.azattyq.org/a/kazahstan-toregozhina/33490916.html",
        "https://d1iw67jkb6uwc5.cloudfront.net/a/33490916.html",
        "https://www.azattyq.org/amp/33490916.html",
        "https://www.centralasian.org/a/33490916.html",
    ]
    keys = set()
    for url in mirrors:
        owner = shipped.owner(url)
        assert owner is not None, url
        keys.add(article_key(url, owner))
    assert keys == {"rferl:33490916"}
    stranger = shipped.owner("https://azattyq-ruhy.kz/a/33490916.html")
    assert stranger is None or article_key("https://azattyq-ruhy.kz/a/33490916.html", stranger) not in keys


PEOPLE = (("Айдара Жумабаева", "Сериков", "Кокшетау"), ("Гульмиру Тлеубаеву", "Ахметжанова", "Семее"))


def about(who: str, judge: str, place: str, days: int) -> str:
    return COURT.format(name=who, judge=f"{judge} на {days} суток", more=f"Дело рассматривали в {place} {days} марта.")


def test_two_trials_in_one_courts_words_are_no_copies_even_in_a_young_archive(session: Session) -> None:
    first, second = (about(*one, days) for one, days in zip(PEOPLE, (11, 17), strict=True))
    one = article(session, first)
    again = article(session, f"{first} Об этом сообщили наблюдатели.")
    other = article(session, second)
    index_waiting(session)
    assert [copy.article_id for copy in copies(session, one, first)] == [again]
    assert copies(session, other, second) == []


def test_marks_are_names_inside_sentences_and_figures() -> None:
    assert marks("Суд арестовал Марата Ж. на 15 суток. Об этом пишет «Власть».") == {"марата", "15", "власть"}
    assert marks("a b c") == frozenset()


@settings(max_examples=200)
@given(st.text(max_size=500))
def test_a_text_tells_of_the_same_as_itself(text: str) -> None:
    assert tell_of_the_same(text, text)


@settings(max_examples=200)
@given(st.text(max_size=500))
def test_any_text_has_a_signature_that_is_its_own(text: str) -> None:
    signed = signature(text)
    assert len(signed.keys) <= KEYS
    assert len(signed.pairs) == max(0, len(signed.words) - 1)
    assert list(signed.keys) == sorted(set(signed.keys))
    assert all(-(2**31) <= key < 2**31 for key in signed.keys)
    assert signature(text) == signed


@settings(max_examples=100)
@given(st.text(alphabet="абвгд ", max_size=300), st.text(alphabet="абвгд ", max_size=300))
def test_likeness_is_none_or_a_share(one: str, other: str) -> None:
    like = likeness(signature(one), signature(other), frozenset())
    assert like is None or OWN_FROM <= like <= 1.0


@given(st.sets(st.integers(0, 50)), st.sets(st.integers(0, 50)))
def test_containment_is_a_share(one: set[int], other: set[int]) -> None:
    value = containment(frozenset(one), frozenset(other))
    assert 0.0 <= value <= 1.0
    assert value == containment(frozenset(other), frozenset(one))


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_word_pairs_of_a_copy_are_contained(share: float) -> None:
    assert all(containment(word_pairs(RU), word_pairs(changed(RU, share, seed))) >= SAME_FROM for seed in range(100))
    assert containment(word_pairs(RU), word_pairs(half(RU))) == 1.0
    assert containment(word_pairs(RU), word_pairs(OTHER)) < SAME_FROM / 2
