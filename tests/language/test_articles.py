"""Articles of law are read in three languages, with their code."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.language.articles import articles, subjects
from kzmonitor.language.tokens import tokenize


def cited(text: str) -> list[str]:
    return [article.id for article in articles(tokenize("", text))]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Дело возбуждено по ст. 274 УК.", ["cc:274"]),
        ("Протокол составлен по статье 460-1 КоАП.", ["cao:460-1"]),
        ("ӘҚБтК-нің 460-1-бабы бойынша айыппұл салды.", ["cao:460-1"]),
        ("Қылмыстық кодекстің 274-бабының 4-бөлігі бойынша.", ["cc:274"]),
        ("274-бап бойынша іс қозғалды.", ["cc:274"]),
        ("Charged under Article 174(1) of the Criminal Code.", ["cc:174"]),
        ("Part 7 of Article 488 of the Code of Administrative Offences.", ["cao:488"]),
        ("Его осудили по 405-й.", ["cc:405"]),
        ("По статьям 174, 405 и 258 УК.", ["cc:174", "cc:405", "cc:258"]),
        ("ч.7 ст. 488 КоАП", ["cao:488"]),
        ("Старая статья 164 УК.", ["cc:164"]),
        ("Штраф по 460-1 обжалован.", ["cao:460-1"]),
    ],
)
def test_an_article_is_read_with_its_code(text: str, ids: list[str]) -> None:
    assert cited(text) == ids


@pytest.mark.parametrize(
    "text",
    [
        "Статья 20 Конституции гарантирует свободу слова.",
        "Задержали 274 человека.",
        "Article 19 of the Covenant protects speech.",
        "The group Article 19 condemned it.",
        "Пять лет колонии по статье 342 УК Беларуси.",
        "Штраф в 488 тысяч тенге.",
        "Статья на 274 строки.",
        "",
    ],
)
def test_other_numbers_and_other_laws_are_no_articles(text: str) -> None:
    assert cited(text) == []


def test_an_article_is_named_in_each_language() -> None:
    article = articles(tokenize("", "ст. 274 УК"))[0]
    assert [article.name(language) for language in ("ru", "kk", "en")] == ["УК 274", "ҚК 274", "CC 274"]
    assert all(set(names) == {"ru", "kk", "en"} for names in subjects().values())


WORDS = ["ст", ".", "274", "460-1", "УК", "бап", "article", "174", "и", ",", "(", "КоАП", "-й", "\n", "Criminal Code"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_articles_keep_to_their_text(words: list[str]) -> None:
    text = " ".join(words)
    assert all(text[a.start - 1 : a.end - 1] == a.id.partition(":")[2] for a in articles(tokenize("", text)))
