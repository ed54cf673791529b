"""The overview: charts that are pictures, words, tables and files, and never more than what was asked for."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from lxml import etree
from sqlalchemy import select, update

from kzmonitor.review import overview
from kzmonitor.sources import coverage
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article, Figure, Incident, Revision
from tests.review.conftest import NOW, Browser

HOSTILE = "=cmd|'/c calc'!A1<script>alert(1)</script>"
CHARTS = ("weeks", "regions", "targets", "actors", "precision", "missed", "versions", "sources", "languages")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def weeks(database: Database, report: Callable[..., Alert]) -> Database:
    with database.session() as session:
        for number, region in enumerate(("KZ-75", "KZ-75", "KZ-71", None)):
            alert = report(session, f"Report {number}", f"Text {number}", at=NOW - timedelta(days=8 * number))
            actors = [HOSTILE] if number == 0 else ["the police"]
            session.execute(
                update(Incident).where(Incident.id == alert.incident_id).values(region=region, actors=actors)
            )
        coverage.count_days(session, NOW)
    return database


def test_each_chart_is_a_picture_with_words_a_table_and_files(weeks: Database, browser: Browser) -> None:
    page = browser.open("/overview")
    assert page.response.status_code == 200
    assert [section.get("id") for section in page.dom.cssselect("section.chart")] == [
        *CHARTS[:4], "campaigns", *CHARTS[4:]
    ]  # fmt: skip
    for picture in page.dom.cssselect("#weeks svg.drawing, #regions svg.drawing"):
        assert picture.get("role") == "img"
        for id in picture.get("aria-labelledby").split():
            [named] = page.dom.cssselect(f"[id='{id}']")
            assert named.text_content().strip()
    assert page.text("#regions .chart-said") == [
        "Most incidents: Almaty (2), Astana (1). 1 incident has no known place."
    ]
    rows = {row[1]: row[2] for row in (page_row(tr) for tr in page.dom.cssselect("#regions tbody tr"))}
    assert (rows["Almaty"], rows["Astana"], len(rows)) == ("2", "1", 21)


def page_row(row: object) -> list[str]:
    return [" ".join(cell.text_content().split()) for cell in row.cssselect("th, td")]  # type: ignore[attr-defined]


def test_the_span_and_the_filters_are_kept_in_the_addresses_of_the_files(weeks: Database, browser: Browser) -> None:
    page = browser.open("/overview?weeks=4&region=KZ-75&label=detention")
    assert page.text("#weeks .chart-said")[0].startswith("2 incidents")
    for link in page.dom.cssselect("#weeks .chart-files a"):
        assert "weeks=4&label=detention&region=KZ-75" in link.get("href")
        assert browser.get(link.get("href")).status_code == 200


def test_a_word_that_cannot_be_meant_is_as_good_as_none(weeks: Database, browser: Browser) -> None:
    page = browser.open("/overview?weeks=9999999&region=%27--&label=%00")
    assert page.text(".tabs [aria-current]") == ["12 weeks"]
    assert page.text("#weeks .chart-said")[0].startswith("4 incidents")


@pytest.mark.parametrize("name", CHARTS)
def test_the_data_of_each_chart_is_a_table_without_formulas(weeks: Database, browser: Browser, name: str) -> None:
    answer = browser.get(f"/overview/{name}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert all(len(row) == len(rows[0]) for row in rows)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("name", CHARTS)
def test_the_picture_of_each_chart_stands_alone_and_does_nothing(weeks: Database, browser: Browser, name: str) -> None:
    answer = browser.get(f"/overview/{name}.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    picture = etree.fromstring(answer.content)
    names = {element.tag.removeprefix(SVG) for element in picture.iter()}
    assert names <= {"svg", "title", "desc", "rect", "g", "text", "path", "line", "circle"}
    assert not [a for element in picture.iter() for a in element.attrib if a.startswith("on") or a in ("style", "href")]
    assert all(mark.get("fill") for mark in picture.iter(f"{SVG}rect", f"{SVG}path", f"{SVG}text"))


def test_hostile_names_are_text_everywhere(weeks: Database, browser: Browser) -> None:
    page = browser.open("/overview")
    assert not [script for script in page.dom.cssselect("script") if not script.get("src")]
    assert any(HOSTILE in said for said in page.text("#actors tbody th"))
    rows = list(csv.reader(io.StringIO(browser.get("/overview/actors.csv").content.decode("utf-8-sig"))))
    assert [f"'{HOSTILE}", "1"] in rows
    assert HOSTILE in "".join(etree.fromstring(browser.get("/overview/actors.svg").content).itertext())


def test_there_is_no_inline_style_or_script(weeks: Database, browser: Browser) -> None:
    page = browser.open("/overview")
    assert not page.dom.cssselect("[style], style, [onclick], [onload]")


def test_an_empty_database_says_so_in_every_chart(browser: Browser) -> None:
    page = browser.open("/overview")
    assert page.response.status_code == 200
    assert page.text("#weeks .chart-said") == ["No incident was reported."]
    assert not page.dom.cssselect("svg.drawing")
    assert "nothing can be said" in page.text("#missed .chart-said")[0]


def test_a_chart_that_is_none_is_not_found(browser: Browser) -> None:
    assert browser.get("/overview/nothing.csv").status_code == 404
    assert browser.get("/overview/nothing.svg").status_code == 404


def test_figures_say_when_they_were_counted_and_are_counted_once(weeks: Database, browser: Browser) -> None:
    assert browser.open("/overview").text("#weeks .chart-said")[0].startswith("4 incidents")
    with weeks.session() as session:
        session.execute(update(Incident).values(first_seen=NOW - timedelta(days=300)))
        assert session.query(Article).count() == session.query(Revision).count()
    page = browser.open("/overview")
    assert page.text("#weeks .chart-said")[0].startswith("4 incidents")
    assert "counted 4 Nov 2025, 08:10" in page.text(".chart-span")[0]


def test_what_the_overview_shows_is_counted_before_anybody_asks(weeks: Database, browser: Browser) -> None:
    for part in overview.PARTS:
        with weeks.session() as session:
            overview.ready(session, part, 12, NOW)
    with weeks.session() as session:
        assert set(session.scalars(select(Figure.name))) == {"overview:12::", "shares:12", "missed:12"}
        session.execute(update(Incident).values(first_seen=NOW - timedelta(days=300)))
    assert browser.open("/overview").text("#weeks .chart-said")[0].startswith("4 incidents")


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_the_page_is_made_in_each_language(weeks: Database, browser: Browser, language: str) -> None:
    assert browser.open(f"/overview?lang={language}").dom.get("lang") == language
