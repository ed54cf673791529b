"""Digests read well in three languages, and nothing in them can bite."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy.orm import Session

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.digest.period import Period
from kzmonitor.digest.rendering import PICTURE, Rendered, render
from kzmonitor.digest.selection import select_digest
from kzmonitor.i18n import LANGUAGES
from kzmonitor.incidents.keeping import keep
from kzmonitor.incidents.telling import Telling
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Alert
from tests.digest.conftest import END, World
from tests.incidents.case import mail, stored, telling

PERIOD = Period(END - timedelta(days=1), END)
Declared = dict[str, Declaration]


def rendered(session: Session, declarations: Declared, language: str = "ru") -> Rendered:
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    return render(select_digest(session, PERIOD, declarations), language, taxonomy, declarations)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alert_is_told_with_what_who_when_and_why(
    session: Session, world: World, declarations: Declared, language: str
) -> None:
    world.alert("В Алматы задержали активистку", phrase="задержали")
    digest = rendered(session, declarations, language)
    for form in (digest.html, digest.text):
        assert "В Алматы задержали активистку" in form
        assert "https://vlast.example/" in form
        assert declarations["vlast"].name in form
        assert "задержали" in form
    assert f'<html lang="{language}">' in digest.html


def test_each_language_has_its_own_words(session: Session, world: World, declarations: Declared) -> None:
    world.alert("Обыск")
    forms = {language: rendered(session, declarations, language) for language in LANGUAGES}
    assert len({form.subject for form in forms.values()}) == 3
    assert re.search("[әғқңөұүһі]", forms["kk"].text)
    assert "not yet checked" in forms["en"].text
    assert "not yet checked" not in forms["ru"].text + forms["kk"].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_quiet_day_says_so(session: Session, declarations: Declared, language: str) -> None:
    digest = rendered(session, declarations, language)
    assert digest.text.strip()
    assert "<article" not in digest.html


def test_rendering_again_gives_the_same_bytes(session: Session, world: World, declarations: Declared) -> None:
    world.alert("Раз")
    world.alert("Два")
    assert rendered(session, declarations) == rendered(session, declarations)


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(
    session: Session, world: World, declarations: Declared
) -> None:
    world.alert('<script>alert(1)</script><img src="//evil.example/x" onerror=alert(1)>', phrase="<b onload=x>")
    tags = Tags()
    tags.feed(rendered(session, declarations).html)
    assert {tag for tag, _attributes in tags.seen} <= {
        "html", "br", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "article", "span",
        "ul", "li", "a", "s", "footer", "img",
    }  # fmt: skip
    assert not any(name.startswith("on") for _tag, attributes in tags.seen for name in attributes)
    assert {attributes["src"] for _tag, attributes in tags.seen if "src" in attributes} == {PICTURE}
    assert "url(" not in rendered(session, declarations).html


def test_a_title_cannot_turn_the_reading_direction(session: Session, world: World, declarations: Declared) -> None:
    world.alert("Суд\u202e оправдал\u2066")
    digest = rendered(session, declarations)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", digest.html + digest.text)


def test_a_renewed_alert_says_what_changed_and_what_came_late(
    session: Session, world: World, declarations: Declared
) -> None:
    def told(title: str, days: int) -> Telling:
        return telling(title, when=END - timedelta(days=days), source="orda")

    alert = session.get_one(Alert, world.alert("Приговор Берику Сагындыкову", ready_at=END - timedelta(days=3)))
    first = told("Суд приговорил Берика Сагындыкова к трём годам колонии", 3)
    detained, released = told("Полиция задержала Берика Сагындыкова", 60), told("Берика Сагындыкова отпустили", 1)
    stored(session, [first, detained, released])
    keep(session, alert.incident_id, [first], END - timedelta(days=3))
    mail(session, END - timedelta(days=2))
    keep(session, alert.incident_id, [first, detained, released], END - timedelta(hours=2))
    for form in (rendered(session, declarations, "en").html, rendered(session, declarations, "en").text):
        assert "Known only now: Берик Сагындыков: detained, 23 Sep" in form
        assert "Берик Сагындыков: sentenced → released, 21 Nov" in form
        assert form.index("detained") < form.index("released")
    assert rendered(session, declarations, "en") == rendered(session, declarations, "en")


def test_an_opened_alert_lists_no_turns(session: Session, world: World, declarations: Declared) -> None:
    alert = session.get_one(Alert, world.alert("Полиция задержала Берика Сагындыкова"))
    told = telling("Полиция задержала Берика Сагындыкова", when=END - timedelta(days=1))
    stored(session, [told])
    keep(session, alert.incident_id, [told], END - timedelta(hours=2))
    [item] = select_digest(session, PERIOD, declarations).items
    assert (item.kind, item.turns) == ("opened", ())
