"""`kzmonitor add`: a page of a real server, declared or not, becomes an article with an alert somebody stands for."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article, Capture, MissedReport, Prediction, Review, Revision, Source

from .conftest import Run, one_line

STORY = Record(
    id="raid-1",
    lang="ru",
    title="Полиция пришла с обыском в редакцию «Дала хабар» в Таразе",
    text="Сотрудники департамента полиции изъяли компьютеры и телефоны журналистов независимого издания.\n"
    "Главного редактора Сауле Нурланову увезли на допрос. Адвокат называет обыск давлением на прессу.",
)


@pytest.fixture
def newsroom() -> "Newsroom":
    return Newsroom([Outlet("taraz-times", "plain", [STORY])])


def address(newsroom: Newsroom) -> str:
    outlet = newsroom.outlets["taraz-times"]
    [article] = outlet.articles()
    return f"{outlet.base_url}{article.address}"


def test_a_page_whose_host_nobody_declares_is_fetched_and_opened(
    champion: Database, newsroom: Newsroom, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    with newsroom:
        url = address(newsroom)
        done = run("add", url, "--label", "raid", "--place", "Тараз", "--sources-dir", tmp_path / "none", "--json")
        asked = [request.path for request in newsroom.requests]
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["standing"]) == ("done", "unknown")
    assert asked[0] == "/robots.txt"
    assert len(asked) == 2
    with champion.session() as session:
        alert = session.scalars(select(Alert)).one()
        assert str(alert.id) == told["alert"]
        article = session.scalars(select(Article)).one()
        assert session.get_one(Source, article.source).kind == "import"
        revision = session.get_one(Revision, article.current_revision)
        assert revision.title == STORY.title
        assert revision.search
        assert session.scalars(select(Capture.route)).all() == ["direct"]
        word = session.scalars(select(Review).where(Review.subject == "article")).one()
        assert (word.labels, word.fields) == (["raid"], {"why": "missed"})
        assert session.scalars(select(Prediction)).all()
    again = run("add", url, "--label", "raid", "--sources-dir", tmp_path / "none", "--json")
    assert json.loads(again.stdout)["standing"] == "flagged"
    assert json.loads(again.stdout)["alert"] == told["alert"]


def test_a_page_of_a_declared_outlet_is_fetched_alone_and_belongs_to_it(
    champion: Database, newsroom: Newsroom, run: Run, tmp_path: Path
) -> None:
    with newsroom:
        declare(newsroom, tmp_path / "declared")
        run("add", address(newsroom), "--label", "raid", "--sources-dir", tmp_path / "declared")
        asked = [request.path for request in newsroom.requests]
    assert len(asked) == 2, "robots.txt and the page: no feed"
    with champion.session() as session:
        assert session.scalars(select(Article.source)).one() == "taraz-times"
        assert session.scalars(select(MissedReport.state)).one() == "done"


def test_a_page_that_is_gone_is_a_failed_report_with_its_reason(
    champion: Database, newsroom: Newsroom, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    with newsroom:
        url = f"{newsroom.outlets['taraz-times'].base_url}/nothing-here-12345.html"
        done = run("add", url, "--label", "detention", "--sources-dir", tmp_path / "none")
    assert done.returncode == 1
    assert "could not be fetched" in one_line(done)
    with champion.session() as session:
        report = session.scalars(select(MissedReport)).one()
        assert (report.state, report.error, report.article_id) == ("failed", "404", None)


def test_a_private_address_is_never_asked(champion: Database, newsroom: Newsroom, run: Run, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with newsroom:
        arguments = ("--label", "detention", "--sources-dir", tmp_path / "none")
        done = run("add", address(newsroom), *arguments, KZMONITOR_ALLOW_LOOPBACK="0")
        assert newsroom.requests == []
    assert done.returncode == 1
    with champion.session() as session:
        assert session.scalars(select(MissedReport.error)).one() == "private-address"
        assert session.scalars(select(Capture)).all() == []


def test_a_text_in_a_file_becomes_an_article_at_once(champion: Database, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text(f"{STORY.title}\n{STORY.text}", "utf-8")
    done = run("add", path, "--label", "raid", "--published", "2026-11-19", "--source", "vlast", "--json")
    assert done.returncode == 0, done.stderr
    with champion.session() as session:
        revision = session.scalars(select(Revision)).one()
        assert revision.title == STORY.title
        assert session.scalars(select(Article.source)).one() == "vlast"
        assert session.scalars(select(Capture.route)).one() == "import"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["ftp://example.org/x", "--label", "detention"], "give an address"),
        (["https://", "--label", "detention"], "host"),
        (["https://a:b@example.org/x", "--label", "detention"], "no name or password"),
        (["https://example.org/x"], "choose at least one label"),
        (["https://example.org/x", "--label", "nonsense"], "not a label"),
        (["missing.txt", "--label", "detention"], "no such file"),
        ([], "--waiting"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    database: Database, run: Run, arguments: list[str], complaint: str
) -> None:
    done = run("add", *arguments)
    assert done.returncode == 2
    assert complaint in one_line(done)
    with database.session() as session:
        assert session.scalars(select(MissedReport)).all() == []
