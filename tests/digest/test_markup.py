"""Mails are valid: HTML that a strict parser accepts, MIME that holds together, headers that nothing can enter."""

import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.policy import SMTP

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import Settings, models_folder
from kzmonitor.digest.channel import Parcel
from kzmonitor.digest.chart import picture
from kzmonitor.digest.confirming import question
from kzmonitor.digest.mail import message_of
from kzmonitor.digest.period import Period
from kzmonitor.digest.rendering import PICTURE, UNSUBSCRIBE, Rendered, render, subject_of
from kzmonitor.digest.selection import Digest, Wishes, select_digest, select_items
from kzmonitor.digest.week import Day
from kzmonitor.i18n import LANGUAGES, speaking
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import new_id
from tests.digest.conftest import END, World

PERIOD = Period(END - timedelta(days=1), END)
TAXONOMY = read_taxonomy(models_folder() / "taxonomy.yaml")
DESK = "https://desk.example.org"
HOSTILE = [
    "Обыск\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script>",
    "Суд\u202e оправдал\u2066 \x01\x7f\u2028 '\"><img src=x onerror=alert(1)>",
    "Задержали " * 200_000,
    "=cmd|' /C calc'!A0 " + "x" * 3000,
]


def own(**more: object) -> Settings:
    values = {"mail_from": "desk@example.org", "desk_url": DESK, "secret_key": "k" * 32} | more
    return Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]


def mailed(rendered: Rendered, mode: str = "daily", **more: object) -> EmailMessage:
    parcel = Parcel(new_id(), "a@example.org", "ru", None, "<abc@x.invalid>", mode, END, None, rendered)
    return message_from_bytes(message_of(parcel, own(**more)).as_bytes(policy=SMTP), policy=policy.default)  # type: ignore[return-value]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", ["daily", "weekly", "immediate"])
@pytest.mark.parametrize("titles", [[], HOSTILE], ids=["quiet", "hostile"])
def test_the_html_is_valid_and_nothing_of_a_headline_gets_out(
    session: Session, world: World, declarations: dict[str, Declaration], language: str, mode: str, titles: list[str]
) -> None:
    if (language, mode) != ("en", "daily"):  # two megabytes once are enough
        titles = [title[:5000] for title in titles]
    for title in titles:
        world.alert(title, phrase=title[:200])
    told = select_digest(session, PERIOD, declarations)
    digest = Digest(PERIOD, told.background, told.items, told.corrections, 3, mode)
    if mode == "immediate" and not titles:
        return
    rendered = render(digest, language, TAXONOMY, declarations, desk_url=DESK, can_unsubscribe=True)
    html5lib.HTMLParser(strict=True).parse(rendered.html)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x01]", rendered.html + rendered.text)
    assert "<script" not in rendered.html
    assert len(rendered.html) < 60_000
    assert rendered.html.count(UNSUBSCRIBE) == rendered.text.count(UNSUBSCRIBE) == 1
    mail = mailed(rendered, mode)
    assert mail["Bcc"] is None
    assert len(mail["Subject"]) <= 200
    assert not mail.defects
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_is_valid_too(language: str) -> None:
    asked = question(new_id(), language, own())
    html5lib.HTMLParser(strict=True).parse(asked.html)
    assert f"{DESK}/confirm/" in asked.html


def test_the_picture_is_inside_the_mail_with_its_figures_beside_it(
    session: Session, world: World, declarations: dict[str, Declaration]
) -> None:
    world.alert("Обыск")
    rendered = render(select_digest(session, PERIOD, declarations), "en", TAXONOMY, declarations)
    mail = mailed(rendered)
    assert mail.get_content_type() == "multipart/alternative"
    related = list(mail.iter_parts())[1]
    html, image = related.iter_parts()  # type: ignore[attr-defined]
    assert image["Content-ID"] == f"<{PICTURE.removeprefix('cid:')}>"
    assert image.get_content().startswith(b"\x89PNG\r\n\x1a\n")
    [alt] = re.findall(r'alt="([^"]*)"', html.get_content())
    assert "Sun 22: 1" in alt
    assert alt in rendered.text
    assert message_bytes(rendered) == message_bytes(rendered), "a second copy has the same bytes"


def message_bytes(rendered: Rendered) -> bytes:
    parcel = Parcel(new_id(), "a@example.org", "ru", None, "<abc@x.invalid>", "daily", END, None, rendered)
    return message_of(parcel, own(secret_key=None)).as_bytes(policy=SMTP)


def test_one_click_where_there_is_a_desk_and_a_mail_to_the_sender_where_there_is_none() -> None:
    rendered = Rendered("s", f"<p>{UNSUBSCRIBE}</p>", UNSUBSCRIBE)
    mail = mailed(rendered)
    [link] = re.findall(rf"<({DESK}/unsubscribe/[0-9a-f-]{{36}}/[0-9a-f]{{64}})>", mail["List-Unsubscribe"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    part = mail.get_body(("plain",))
    assert part is not None
    assert part.get_content().strip() == link
    for lacking in ({"desk_url": None}, {"secret_key": None}):
        plain = mailed(Rendered("s", "h", "t"), **lacking)
        assert plain["List-Unsubscribe"] == "<mailto:desk@example.org?subject=unsubscribe>"
        assert plain["List-Unsubscribe-Post"] is None


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_no_subject_adds_a_header(subject: str) -> None:
    mail = mailed(Rendered(subject, "<p>x</p>", "x"))
    assert set(mail.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
        "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
    }  # fmt: skip


def test_a_headline_of_two_megabytes_makes_a_short_subject(session: Session, world: World) -> None:
    world.alert(HOSTILE[2])
    told = select_digest(session, PERIOD, {})
    with speaking("ru"):
        assert len(subject_of(Digest(PERIOD, told.background, told.items, mode="immediate"), "ru")) < 200


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        (Wishes(), 2), (Wishes(labels=("detention",)), 1), (Wishes(labels=("fine", "detention")), 2),
        (Wishes(regions=("KZ-75",)), 1), (Wishes(regions=("KZ-71",)), 0), (Wishes(outlets=("orda",)), 1),
        (Wishes(outlets=("orda",), labels=("detention",)), 0), (Wishes(min_severity=4), 0),
    ],
)  # fmt: skip
def test_a_reader_is_told_what_was_asked_for_and_how_much_else_there_was(
    session: Session, world: World, wishes: Wishes, told: int
) -> None:
    world.alert("В Алматы задержали журналиста", labels=("detention",))
    world.alert("Редакцию оштрафовали", labels=("fine",), source="orda")
    chosen = select_items(session, PERIOD, wishes)
    assert (len(chosen.items), chosen.left_out) == (told, 2 - told)


def test_the_picture_holds_the_figures() -> None:
    quiet = tuple(Day(END.date() - timedelta(days=back), 0, 0) for back in range(7))
    busy = (*quiet[:6], Day(END.date(), 120, 7))
    assert picture(busy) == picture(busy) != picture(quiet)
    assert len(picture(busy)) < 10_000
