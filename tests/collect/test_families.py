"""From pages of each family that the newsroom serves, the general cutter takes the text and little else."""

from datetime import UTC, datetime

import pytest

from bench.collecting_quality import f1
from kzmonitor.collect.cut import Hint, cut
from kzmonitor.newsroom import Outlet, Record
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.newsroom.pages import article_page
from kzmonitor.sources.declaration import Declaration

NOW = datetime(2025, 8, 20, 7, tzinfo=UTC)
GENERAL = Declaration(
    slug="dala", name="Dala", languages=("ru", "kk"), hosts=("dala.example",), feeds=("https://dala.example/rss",)
)
LINES = {
    "ru": (
        "В Астане задержали участников мирного собрания. По словам очевидцев, их посадили в автобус и увезли.",
        "«Нам не объяснили причин», — сказала одна из задержанных. Среди них есть несовершеннолетние.",
        "Полиция от комментариев отказалась, а адвокатов в отдел не пустили до позднего вечера.",
    ),
    "kk": (
        "Алматы қаласының тұрғыны Айгүл Сәрсенова өткен аптада полиция бөлімшесіне шақырылғанын айтты.",
        "«Қағазға қол қоюдан бас тарттым», — деді ол. Ұйым өкілдері мұны қысым деп есептейді.",
        "Полиция өкілдері іс бойынша түсініктеме бермеді, ал адвокаттарды кешке дейін кіргізбеген.",
    ),
    "en": (
        "Participants of a peaceful gathering were taken away by police in Astana and driven to a station.",
        "“Nobody told us why,” said one of those detained. Some of them are minors, witnesses say.",
        "Police gave no comment, and lawyers were kept out of the station until late in the evening.",
    ),
}


@pytest.mark.parametrize("language", LINES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_general_cutter_takes_the_text_and_little_else(layout: str, language: str) -> None:
    told = "\n".join(f"{number}. {line}" for number, line in enumerate(LINES[language] * 10))
    outlet = Outlet("dala", layout, [Record("1", language, "Тақырып", told)], now=NOW, heavy=True)
    page = article_page(outlet, outlet.articles()[0])
    assert f1(told, cut(page, "https://dala.example/news/1.html", NOW, GENERAL, Hint(None, None)).text) > 0.8


def test_divisions_are_paragraphs_where_most_of_the_text_stands() -> None:
    def card(number: int) -> str:
        headline = f"Another headline of the day, number {number}, which is long"
        first_line = f"What the other article number {number} begins with, in a line"
        return f'<div class="card"><a href="/{number}"><div>{headline}</div></a><div>{first_line}</div></div>'

    lines = [f"{number}. {line}" for number, line in enumerate(LINES["en"] * 4)]
    lines.insert(5, '"No," he said.')
    rows = "".join(f'<div class="row-{number}"><div>{line}</div></div>' for number, line in enumerate(lines))
    foot = '<div class="foot"><div>The views of the authors are not always those of the editors.</div></div>'
    page = f"<html><body>{rows}{''.join(map(card, range(30)))}{foot}</body></html>"
    assert cut(page, "https://dala.example/news/1.html", NOW, GENERAL, Hint("Title", None)).text == "\n".join(lines)
