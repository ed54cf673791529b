"""Toy texts in three languages, and a classifier trained on them once."""

from itertools import product

import pytest

from kzmonitor.classify.labelled import LabelSpec, Taxonomy, Text
from kzmonitor.classify.model import Classifier
from kzmonitor.classify.train import train

TAXONOMY = Taxonomy(
    (LabelSpec("detention", core=True), LabelSpec("tax_inspection", core=True), LabelSpec("raid")), country="KZ"
)
PLACES = ("Алматы", "Астане", "Атырау", "Уральске")
TELLINGS = {
    "detention": (
        (
            "ru",
            "Активиста задержали у площади",
            "Полиция задержала активиста в {place}. Суд арестовал его на 15 суток.",
        ),
        (
            "kk",
            "Белсендіні полиция ұстады",
            "Азаматтық белсендіні {place} қаласында полиция ұстап, бөлімшеге алып кетті.",
        ),
        (
            "en",
            "Activist detained before rally",
            "Police in Almaty, {place}, detained an activist and took her to a station.",
        ),
    ),
    "tax_inspection": (
        (
            "ru",
            "Налоговая пришла в НПО",
            "Правозащитный фонд в {place} оштрафовали после налоговой проверки из-за грантов.",
        ),
        ("kk", "Қоғамдық қорға тексеріс келді", "Салық органы {place} қаласындағы құқық қорғау ұйымына айыппұл салды."),
        (
            "en",
            "Tax office fines rights group",
            "The revenue committee in Astana, {place}, fined a human rights group over grants.",
        ),
    ),
    "raid": (
        (
            "ru",
            "Обыск в редакции",
            "В {place} следователи провели обыск в редакции независимого издания и изъяли технику.",
        ),
        (
            "kk",
            "Редакцияда тінту жүрді",
            "{place} қаласында тәуелсіз басылымның редакциясында тінту жүріп, телефондар тәркіленді.",
        ),
        (
            "en",
            "Newsroom searched",
            "Officers in Kazakhstan, {place}, searched the newsroom of an outlet and seized phones.",
        ),
    ),
    "": (
        (
            "ru",
            "Задержан торговец наркотиками",
            "Полиция {place} задержала мужчину с мефедроном. Суд арестовал его на два месяца.",
        ),
        ("kk", "Дүкенге салық тексерісі", "{place} қаласындағы кәсіпкерге айыппұл салынды, дүкенде тексеріс өтті."),
        (
            "en",
            "Football club wins in Astana",
            "The club from {place} won the match; its fans celebrated with a concert.",
        ),
        ("ru", "Форум НПО", "В {place} прошёл форум некоммерческих организаций, победителям конкурса вручили гранты."),
        (
            "en",
            "Shop audited",
            "A tax audit of shops in Kazakhstan, {place}, found unpaid VAT; entrepreneurs were fined.",
        ),
    ),
}


def toy_texts() -> list[Text]:
    """Four tellings of each, in four places; each telling is an event."""
    return [
        Text(
            id=f"{label}-{number}-{place}",
            lang=lang,
            title=title,
            text=text.format(place=place),
            labels=frozenset([label] if label else []),
            hard=not label,
            event=f"{label}-{number}-{PLACES.index(place) // 2}",
        )
        for label, tellings in TELLINGS.items()
        for (number, (lang, title, text)), place in product(enumerate(tellings), PLACES)
    ]


@pytest.fixture(scope="session")
def texts() -> list[Text]:
    return toy_texts()


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return TAXONOMY


@pytest.fixture(scope="session")
def classifier(texts: list[Text], taxonomy: Taxonomy) -> Classifier:
    return train(texts, taxonomy)
