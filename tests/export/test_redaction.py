import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.config import models_folder
from kzmonitor.export.articles import ARTICLES
from kzmonitor.export.incidents import INCIDENTS
from kzmonitor.export.people import PEOPLE
from kzmonitor.export.redaction import REMOVED, Redactor, host_of
from kzmonitor.export.run import export
from kzmonitor.export.tables import Wanted
from tests.export.conftest import party_of
from tests.export.survivors import PERSONS, survivors

FIELDS = {
    "targets": [
        {"name": "Жанболат Мамай", "kind": "person", "id": "mamay"}, {"name": "Эхо", "kind": "NGO", "id": "echo"},
    ],
    "actors": [{"name": "Марат Ахметжанов", "kind": "person", "id": None}],
}  # fmt: skip


def rows(session, table, redaction="names", wanted=None):
    file = io.BytesIO()
    export(session, table, file, "jsonl", wanted or Wanted(), redaction)
    return [json.loads(line) for line in file.getvalue().decode().splitlines()]


def test_a_person_bears_one_number_in_every_column_table_spelling_and_row(session, told):
    alert = told(
        "Мамай арестован", "Жанболата Мамая арестовали. Приказ подписал министр Ахметжанов.", fields=FIELDS,
        url="https://vlast.example/zhanbolat-mamay-arestovan",
    )  # fmt: skip
    told("Zhanbolat Mamay freed", "Mamay's lawyer was there.", language="en", of=alert, source="orda")
    party_of(session, alert, ["Жанболат Мамай", "Zhanbolat Mamay"], gazetteer="mamay")
    (incident,) = rows(session, INCIDENTS)
    assert incident["title"] == "person 1 арестован"
    assert incident["targets"] == ["person 1"]
    assert incident["actors"] == ["person 2"]
    assert incident["addresses"][0] == "https://vlast.example/"
    first, second = rows(session, ARTICLES, wanted=Wanted(with_text=True))
    assert first["text"] == "person 1 арестовали. Приказ подписал министр person 2."
    assert (second["title"], second["text"]) == ("person 1 freed", "person 1 lawyer was there.")
    assert [first[name] for name in ("key", "author", "url")] == [None, None, "https://vlast.example/"]
    (case,) = rows(session, PEOPLE)
    assert (case["name"], case["names"], case["gazetteer"]) == ("person 1", [], None)


def test_a_name_in_a_headline_is_known_from_the_text_that_is_not_exported(session, told):
    told("Ескожу отпустили", "Полиция отпустила Мурата Ескожу.")
    assert [row["title"] for row in rows(session, INCIDENTS)] == ["person 1 отпустили"]
    assert [(row["title"], "text" in row) for row in rows(session, ARTICLES)] == [("person 1 отпустили", False)]


def test_organisations_stay_among_the_parties(session, told):
    alert = told("Штраф", "Фонд оштрафован.", fields=FIELDS)
    party_of(session, alert, ["Төбыл Тудэй"], kind="outlet")
    party_of(session, alert, ["Фонд Жанболата Мамая"], kind="NGO")
    (incident,) = rows(session, INCIDENTS)
    assert sorted(incident["targets"]) == ["Төбыл Тудэй", "Фонд person 1"]


def test_addresses_mail_and_user_names_in_texts_go(session, told):
    text = "Писали на mamay.z@mail.example и @zh_mamay, t.me/zhmamay, https://vlast.example/mamay?x=1 и #ЖаңаӨзен."
    (clean,) = Redactor().redact([text])
    assert clean == f"Писали на {REMOVED} и {REMOVED}, t.me/ https://vlast.example/ и #ЖаңаӨзен."


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://vlast.kz/zhanbolat-mamay", "https://vlast.kz/"), ("http://a@b.kz:81/x", "http://b.kz:81/"),
        ("t.me/somebody", "t.me/"), ("http://[::bad/", REMOVED),
    ],
)  # fmt: skip
def test_an_address_is_cut_to_its_host(address, host):
    assert host_of(address) == host


@given(st.lists(st.text(max_size=60), min_size=1, max_size=3), st.lists(st.text(min_size=1, max_size=12), max_size=2))
def test_any_texts_come_back_as_many_as_they_were(cells, names):
    assert len(Redactor().redact(cells, [(name,) for name in names])) == len(cells)


@pytest.mark.parametrize(
    "text",
    ["a-" * 50_000, "a." * 50_000, "a" * 100_000, "@" * 50_000, "http://" * 10_000, "Аа Бб. " * 3_000, "#Мамай" * 500],
)
def test_texts_made_to_be_slow_are_not(text):
    """No time is measured: were any step quadratic, this would not end."""
    assert Redactor().redact([text])


@given(st.text(max_size=80))
def test_any_party_name_and_address_can_be_redacted(text):
    assert isinstance(Redactor().redact_party(text, [("Жанболат Мамай",)]), str)
    assert isinstance(host_of(text), str)


# Of the persons among the targets of the seed whom their text names, so many may survive in it in some form. Nothing
# but the text was known. What is counted contains other words of the same beginning (Алма and Алматы).
@pytest.mark.parametrize(("language", "most"), [("ru", 0.01), ("kk", 0.01), ("en", 0.01)])
def test_few_persons_of_the_seed_survive_in_its_texts(language: str, most: float) -> None:
    lines = Path(models_folder() / "seed" / f"{language}.jsonl").read_text("utf-8").splitlines()
    redactor, named, left = Redactor(), 0, []
    for record in map(json.loads, lines):
        persons = PERSONS.intersection(record["targets"])
        if not persons:
            continue
        clean = "\n".join(redactor.redact([record["title"], record["text"]]))
        for person in persons:
            if survivors(person, f"{record['title']}\n{record['text']}"):
                named += 1
                left += [(record["id"], person)] if survivors(person, clean) else []
    assert named > 250
    assert len(left) <= most * named, left
