"""Looks: what each means, and that only what later looks bear out is told."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.collect.cut import Article as Cut
from kzmonitor.evidence.looks import (
    CONFIRM,
    LASTING,
    SCHEDULE,
    WALLS,
    Happening,
    Look,
    Standing,
    Verdict,
    Version,
    judge,
    next_at,
    next_look,
    step,
)

START = datetime(2026, 3, 1, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
TITLE = "Полиция задержала пятерых активистов в Алматы"
TEXT = (
    "Полиция Алматы задержала пятерых активистов у здания акимата. Их увезли в районный отдел.\n"
    "К вечеру всех отпустили, но суд назначен на пятницу, сообщил адвокат задержанных."
)
LAST = Version(TITLE, TEXT)
GOOD, EDITED = Verdict("good", "ok"), Verdict("changed", "edited")
NOT_FOUND, WALL = Verdict("gone", "404"), Verdict("blocked", "403-wall")


def page(title: str = TITLE, text: str = TEXT, *, moved: bool = False, heading: str | None = None) -> Look:
    found = Cut(title, text, None, None, None, None, "layout:0")
    return Look("ok", found, title if heading is None else heading, moved)


def after(*verdicts: Verdict, every: timedelta = HOUR, others_answer: bool = True) -> tuple[Standing, list[Happening]]:
    """Where a good page stands after these looks, and all that was told."""
    standing, told, now = Standing("good", START), [], START
    for verdict in verdicts:
        now += every
        standing, happened = step(standing, verdict, now, others_answer=others_answer)
        told += happened
    return standing, told


def test_the_schedule_is_the_documented_one() -> None:
    ages = [round(age / HOUR) for age in SCHEDULE]
    assert ages[:7] == [1, 6, 24, 72, 168, 336, 720]
    assert ages[7:] == [720 * month for month in range(2, 8)]


def test_each_look_is_due_in_its_turn_and_missed_ones_are_not_made_up() -> None:
    seen, now = [], START
    while (due := next_look(START, now)) is not None:
        seen.append(due - START)
        now = due
    assert tuple(seen) == SCHEDULE
    assert next_look(START, START + timedelta(days=5)) == START + timedelta(days=7)
    assert next_look(START, START + timedelta(days=211)) is None


@pytest.mark.parametrize(
    ("look", "verdict"),
    [
        (page(), GOOD),
        (page(text=TEXT.replace(" ", "  ") + "\nПросмотров: 17"), GOOD),
        (page(text=TEXT.replace("пятерых", "двоих")), EDITED),
        (page(title="Полиция задержала активистов"), EDITED),
        (page(moved=True), GOOD),  # a new address of the same text
        (page("Страница не найдена", "Возможно, она была удалена. " * 5), Verdict("gone", "soft-404")),
        (page("Сайт", "Бет табылмады. Басты бетке өтіңіз немесе іздеуді пайдаланыңыз."), Verdict("gone", "soft-404")),
        (page("Новости дня", "Курс тенге вырос. " * 20, moved=True), Verdict("gone", "soft-404")),
        (page("Just a moment...", "Checking your browser before accessing the site. " * 3), WALL),
        (page("Доступ ограничен", "Доступ к ресурсу ограничен по решению уполномоченного органа. " * 3), WALL),
        (page("Акимат сообщает", "В городе прошёл праздник урожая, гости пели и танцевали. " * 5),
         Verdict("changed", "replaced")),
        (Look("404"), NOT_FOUND),
        (Look("layout-changed", heading="404: page not found"), Verdict("gone", "soft-404")),
        (Look("empty", heading="Checking your browser"), WALL),
        (Look("empty", heading=TITLE), Verdict("gone", "no-text")),
        (Look("foreign-host", moved=True), Verdict("gone", "soft-404")),
        (Look("foreign-host"), Verdict("unclear", "foreign-host")),
        (Look("dns"), Verdict("blocked", "dns")),
        (Look("tls"), Verdict("blocked", "tls")),
        (Look("403-wall"), WALL),
        (Look("451"), Verdict("blocked", "451")),
        (Look("server-error"), Verdict("blocked", "server-error")),
        (Look("robots-denied"), Verdict("unclear", "robots-denied")),
        (Look("too-large"), Verdict("unclear", "too-large")),
    ],
)  # fmt: skip
def test_what_a_look_means(look: Look, verdict: Verdict) -> None:
    assert judge(LAST, look) == verdict


def test_an_article_about_removed_pages_is_no_error_page() -> None:
    last = Version("Сайт удалён по решению суда", TEXT)
    assert judge(last, page("Сайт удалён по решению суда", TEXT.replace("пятерых", "двоих"))) == EDITED
    assert judge(last, page("Сайт удалён по решению суда", "Другой текст. " * 30)).kind == "changed"


@pytest.mark.parametrize("bad", [NOT_FOUND, WALL, Verdict("gone", "soft-404"), Verdict("blocked", "dns"),
                                 Verdict("changed", "replaced"), Verdict("gone", "no-text")])  # fmt: skip
def test_an_error_page_between_two_good_ones_raises_nothing(bad: Verdict) -> None:
    standing, told = after(GOOD, bad, GOOD, bad, GOOD)
    assert (standing.kind, standing.doubt, told) == ("good", None, [])


@pytest.mark.parametrize("bad", [NOT_FOUND, Verdict("gone", "soft-404"), WALL, Verdict("blocked", "tls")])
def test_a_second_look_confirms_and_says_since_when(bad: Verdict) -> None:
    standing, told = after(GOOD, bad, bad, bad, bad)
    assert told == [Happening(bad.kind, bad.state, START + 2 * HOUR, START + HOUR)]
    assert standing.kind == bad.kind


def test_two_looks_at_once_confirm_nothing() -> None:
    assert after(NOT_FOUND, NOT_FOUND, NOT_FOUND, every=timedelta(minutes=5))[1] == []


@pytest.mark.parametrize("state", sorted(LASTING))
def test_what_an_overloaded_server_does_too_is_believed_after_a_day(state: str) -> None:
    bad = Verdict("gone" if state == "no-text" else "blocked", state)
    assert after(*[bad] * 5, every=timedelta(hours=5))[1] == []
    assert [one.kind for one in after(*[bad] * 7, every=timedelta(hours=5))[1]] == [bad.kind]


@pytest.mark.parametrize("state", ["dns", "tls", "timeout", "connection"])
def test_while_nobody_answers_it_may_be_our_own_line(state: str) -> None:
    bad = Verdict("blocked", state)
    standing, told = after(*[bad] * 20, every=timedelta(hours=6), others_answer=False)
    assert told == []
    assert standing.doubt is not None
    _standing, told = step(standing, bad, START + timedelta(days=9), others_answer=True)
    assert [(one.kind, one.since) for one in told] == [("blocked", START + timedelta(hours=6))]


def test_a_page_that_returns_is_told_and_an_edit_with_it() -> None:
    assert [one.kind for one in after(NOT_FOUND, NOT_FOUND, GOOD)[1]] == ["gone", "back"]
    assert [one.kind for one in after(WALL, WALL, EDITED)[1]] == ["blocked", "back", "changed"]
    assert [one.kind for one in after(WALL, WALL, NOT_FOUND, NOT_FOUND)[1]] == ["blocked", "gone"]


def test_another_text_is_told_when_it_stays() -> None:
    replaced = Verdict("changed", "replaced")
    standing, told = after(replaced, replaced)
    assert [(one.kind, one.state, one.since) for one in told] == [("changed", "replaced", START + HOUR)]
    assert standing == Standing("good", START + 2 * HOUR)


def test_a_doubt_is_looked_at_again_soon() -> None:
    now = START + timedelta(days=40)
    standing, _told = step(Standing("good", START), NOT_FOUND, now, others_answer=True)
    assert next_at(standing, START, now) == now + CONFIRM
    assert next_at(Standing("good", now), START, now) == START + timedelta(days=60)


VERDICTS = st.lists(
    st.tuples(
        st.sampled_from(
            [GOOD, GOOD, EDITED, NOT_FOUND, WALL, Verdict("gone", "no-text"), Verdict("changed", "replaced"),
             Verdict("unclear", "robots-denied"), *(Verdict("blocked", state) for state in sorted(WALLS | LASTING))]
        ),
        st.integers(1, 60),
        st.booleans(),
    ),
    max_size=25,
)  # fmt: skip


@given(VERDICTS)
def test_whatever_comes_the_story_makes_sense(looked: list[tuple[Verdict, int, bool]]) -> None:
    standing, told, now = Standing("good", START), [], START
    for verdict, hours, others_answer in looked:
        now += hours * HOUR
        standing, happened = step(standing, verdict, now, others_answer=others_answer)
        told += happened
        assert standing.kind in ("good", "gone", "blocked")
        assert all(one.good_at < one.since <= now for one in happened)
        if verdict in (GOOD, EDITED):
            assert standing == Standing("good", now)
    away = [one for one in told if one.kind in ("gone", "blocked", "back")]
    for one, other in pairwise(away):
        assert one.kind != other.kind  # never gone twice, never back from nowhere
        assert one.since <= other.since
    if away:
        assert away[0].kind != "back"
    if all(verdict.kind in ("good", "unclear") for verdict, _hours, _others in looked):
        assert told == []
