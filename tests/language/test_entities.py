"""Names are found in any form and language, and words that only look like names are not."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.language.concepts import read_lexicon
from kzmonitor.language.entities import Entity, actor_of, entities_of, names_of, seat_of, side_of
from kzmonitor.language.names import people


def ids(text: str, title: str = "") -> set[str | None]:
    return {entity.id for entity in entities_of(title, text)}


def named(text: str, kind: str) -> list[str]:
    return [entity.name for entity in entities_of("", text) if entity.kind == kind]


@pytest.mark.parametrize(
    "text",
    [
        "Евгений Жовтис выступил.",
        "Слова Евгения Жовтиса приводит портал.",
        "Жовтистің айтуынша, бұл негізсіз.",
        "Интервью с Жовтисом вышло вчера.",
        "Zhovtis said so.",
        "They quoted Yevgeny Jovtis at length.",
        "Е. Жовтис подписал обращение.",
        "Evgenii Jovtistiñ aıtuynsha, uıym salyqtan jaltarǵan joq dep habarlady búgin keshke.",
    ],
)
def test_a_person_is_found_in_every_spelling_and_case(text: str) -> None:
    assert "zhovtis" in ids(text)


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("Ашық хатты Бақытжан Төреғожина жазды.", "toregozhina"),
        ("Ашык хатты Бакытжан Торегожина жазды.", "toregozhina"),
        ("Суд над Думаном Мұхаметкәрімом.", "mukhametkarim"),
        ("Duman Muhammedkarim is on trial.", "mukhametkarim"),
        ("ДГД оштрафовал КМБПЧ.", "kibhr"),
        ("KIBHR's office was fined.", "kibhr"),
        ("Қазақстанда «Әділ сөздің» мониторингі жарияланды.", "adil-soz"),
        ("Азаттыққа аккредитация бермеді.", "azattyq"),
        ("Активисты движения «Оян, Казахстан» вышли.", "oyan"),
        ("Alga, Qazaqstan was refused again.", "alga"),
        ("Мемлекеттік кірістер комитетінің өкілі келді.", "revenue-committee"),
        ("Сотрудники КНБ пришли утром.", "national-security"),
        ("Обыск прошёл в Семее.", "KZ-10/semey"),
    ],
)
def test_gazetteer_names_in_three_languages(text: str, entity: str) -> None:
    assert entity in ids(text)


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("Власть обещает реформы.", "vlast"),
        ("Он сказал: «Власть боится нас и не слышит».", "vlast"),
        ("Журналист рассказал о семье и семейных делах, семей у них не было.", "KZ-10/semey"),
        ("Оян, қазағым, деп жазды ақын.", "oyan"),
        ("Алга, кричали болельщики.", "alga"),
        ("Золотая Орда распалась в пятнадцатом веке.", "orda"),
        ("Ел азаттық үшін күресті.", "azattyq"),
        ("«Республика Казахстан» стоит на печати.", "respublika"),
        ("«Эхо Москвы» сообщило об этом.", "echo"),
        ("Адам құқықтары бұзылды.", "adam"),
        ("Улица Сатпаева перекрыта.", "KZ-62/satpaev"),
        ("Аянбай жеңіске жетті.", "ayan"),
        ("Омаров выиграл матч.", "omarov-azamat"),
    ],
)
def test_what_only_looks_like_a_name_is_left_out(text: str, entity: str) -> None:
    assert entity not in ids(text)


def test_the_outlet_and_the_word_are_told_apart_in_one_sentence() -> None:
    found = entities_of("", "Власть молчит, пишет «Власть», а издание «Власть» ждёт ответа властей.")
    assert [entity.start for entity in found if entity.id == "vlast"] == [23, 34]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Активиста Серика Ахметова увезли.", "Серик Ахметов"),
        ("Полиция ұстаған Айгерім Сәрсенованың адвокаты келді.", "Айгерім Сәрсенова"),
        ("Journalist Daniyar Bekturov's flat was searched.", "Daniyar Bekturov"),
        ("Суд оставил под стражей Гульмиру Касенову.", "Гульмира Касенова"),
        ("Повестку получила С. Мукамбетжанова.", "С. Мукамбетжанова"),
        ("Сәуле Қайратқызы сотқа келді.", "Сәуле Қайратқызы"),
        ("Допросили С. Жумабаевой и отпустили.", "С. Жумабаева"),
        ("Адвокат Нурлана Досыма подал жалобу.", "Нурлан Досым"),
        ("Суд вызвал Ольгу Петренко.", "Ольга Петренко"),
    ],
)
def test_people_outside_the_gazetteer_are_named_in_the_nominative(text: str, name: str) -> None:
    assert named(text, "person") == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Северо-Казахстанская область ждёт паводка.",
        "Генеральная прокуратура ответила.",
        "The Supreme Court heard Deputy Minister of Justice.",
        "Police Detain Activists In Almaty After Rally",
        "Новый год встретили на площади Республики.",
        "Қазақстан Республикасы Ішкі істер министрлігі хабарлады.",
    ],
)
def test_capital_letters_alone_make_no_person(text: str) -> None:
    assert named(text, "person") == []


def test_a_surname_alone_means_the_person_named_before() -> None:
    found = entities_of("", "Задержали Серика Ахметова. Ахметов объявил голодовку, адвокат навестил Ахметова.")
    assert [entity.name for entity in found] == ["Серик Ахметов"] * 3


def test_a_surname_alone_is_known_in_its_cases_only() -> None:
    found = entities_of("", "Задержали Нурлана Досыма. Досыму вручили повестку. Адвокат Умарова видела Досымова.")
    assert [entity.name for entity in found if entity.kind == "person"] == ["Нурлан Досым"] * 2


def test_unlisted_outlets_and_groups_are_found_by_what_stands_beside_them() -> None:
    text = "Сайт Dala-news.kz и газета «Степной вестник» писали о фонде «Ақ жүрек» и профсоюзе «Шахтёр»."
    found = {(entity.kind, entity.name) for entity in entities_of("", text) if entity.id is None}
    assert found == {
        ("outlet", "Dala-news.kz"),
        ("outlet", "Степной вестник"),
        ("NGO", "Ақ жүрек"),
        ("union", "Шахтёр"),
    }


def test_offsets_count_from_the_title_and_a_line_break() -> None:
    title, text = "Обыск у Жовтиса", "Утром полиция пришла в Алматы."
    joint = f"{title}\n{text}"
    assert [joint[e.start : e.end] for e in entities_of(title, text)] == ["Жовтиса", "полиция", "Алматы"]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.text(max_size=300))
def test_any_text_gives_entities_in_order_that_do_not_overlap(title: str, text: str) -> None:
    found = entities_of(title, text)
    assert all(0 <= e.start < e.end <= len(title) + 1 + len(text) for e in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Серик", "Ахметов", "«Власть»", "С.", "фонд", "«", "»", "Алматы", ".", "\n", "И", "NGO"]),
        max_size=25,
    )
)
def test_names_in_any_order_do_not_overlap(words: list[str]) -> None:
    found: list[Entity] = entities_of(" ".join(words[:3]), " ".join(words))
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_the_classifier_reads_no_name_of_a_person() -> None:
    words = {word.strip('^"*') for _, pattern in read_lexicon() for word in pattern.split()}
    surnames = {record["ru"].split()[-1].lower() for record in people().values()} - {"токаев"}
    assert surnames & words <= {"адам", "аян"}  # everyday words of Kazakh


def test_what_the_gazetteer_knows_of_an_id() -> None:
    assert names_of("kibhr")["en"] == "Kazakhstan International Bureau for Human Rights"
    assert names_of("nobody") == {}
    assert (actor_of("police"), actor_of("kibhr")) == ("police", None)
    assert (seat_of("uralsk-week"), seat_of("hrw")) == ("KZ-27", None)
    assert [side_of(i) for i in ("zhovtis", "tokayev", "hrw", "amanat", "orda")] == [
        "civil", "state", "watchdog", "state", "civil"
    ]  # fmt: skip


def test_every_listed_person_is_found_by_every_listed_name() -> None:
    missed = [
        (name, written)
        for name, record in people().items()
        for written in [record[code] for code in ("ru", "kk", "en") if code in record] + record.get("also", [])
        if name not in ids(f"Об этом сообщили {written} и другие.")
    ]
    assert missed == []
