"""Both catalogues say all that the code says, and say it in their own language."""

import gettext
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from kzmonitor.i18n import CATALOGUES, LANGUAGES, _, ngettext, speaking

ROOT = Path(__file__).parent.parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]
# What `format` and `%` fill in, and braces that are shown as they stand.
PLACEHOLDERS = re.compile(r"\{[^{}]*\}|%\(\w+\)[sd]")
# What a reader types or sets, and so must find unchanged.
TYPED = re.compile(r"(?<=: )kzmonitor [a-z].*|--[a-z][a-z-]*|KZMONITOR_[A-Z_]+|https?://\S+|\b[\w.]+\.(?:txt|yml|py)\b")
NAMES = re.compile(r"\b(?:kzmonitor|Airflow|JSONL?|YAML|PostgreSQL|SMTP|CSS|SHA-256)\b")
LEFT_FROM_THE_TEMPLATE = (
    "FIRST AUTHOR",
    "ORGANIZATION",
    "FULL NAME",
    "EMAIL@ADDRESS",
    "LL@li.org",
    "VERSION",
    "PROJECT",
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The sentences of the code, gathered as `make messages` gathers them."""
    command = re.search(r"pybabel (--quiet extract .*) -o \S+ \.$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert command
    gathered = tmp_path_factory.mktemp("messages") / "kzmonitor.pot"
    options = [*shlex.split(command[1]), "-o", str(gathered), "."]
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", *options], cwd=ROOT, check=True)
    with gathered.open("rb") as file:
        return read_po(file)


def source_of(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / "kzmonitor.po"


def read(language: str) -> Catalog:
    with source_of(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@pytest.fixture(params=TRANSLATED)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return read(request.param)


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """The one form of a sentence, or its plural forms."""
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def entries(catalogue: Catalog) -> list[Message]:
    """All but the header."""
    return [message for message in catalogue if message.id]


def pairs(catalogue: Catalog) -> Iterator[tuple[str, str]]:
    """Each translated form beside the English one; a plural form stands for many numbers."""
    for message in entries(catalogue):
        yield from ((forms(message.id)[-1], form) for form in forms(message.string))


def sentences(catalogue: Catalog) -> set[tuple[str, ...]]:
    return {forms(message.id) for message in entries(catalogue)}


def test_a_catalogue_misses_no_sentence_of_the_code(catalogue: Catalog, template: Catalog) -> None:
    assert len(template) > 400
    assert sorted(sentences(template) - sentences(catalogue)) == [], "run: make messages, and translate"


def test_a_catalogue_holds_no_sentence_that_the_code_has_dropped(catalogue: Catalog, template: Catalog) -> None:
    assert sorted(sentences(catalogue) - sentences(template)) == [], "run: make messages"
    assert not catalogue.obsolete


def test_every_sentence_is_translated_and_none_is_a_guess(catalogue: Catalog) -> None:
    assert [message.id for message in entries(catalogue) if not all(map(str.strip, forms(message.string)))] == []
    assert [message.id for message in catalogue if message.fuzzy] == []


def test_placeholders_agree(catalogue: Catalog) -> None:
    wrong = [
        (english, said)
        for english, said in pairs(catalogue)
        if sorted(PLACEHOLDERS.findall(english)) != sorted(PLACEHOLDERS.findall(said))
    ]
    assert wrong == []
    assert [error for _message, errors in catalogue.check() for error in errors] == []


def test_commands_options_settings_and_files_keep_their_names(catalogue: Catalog) -> None:
    wrong = [
        (english, said)
        for english, said in pairs(catalogue)
        if sorted(TYPED.findall(english)) != sorted(TYPED.findall(said))
    ]
    assert wrong == []


def test_a_translation_has_the_shape_of_the_sentence(catalogue: Catalog) -> None:
    wrong = [
        (english, said)
        for english, said in pairs(catalogue)
        if "\n" in said or said != said.strip() or english.endswith(".") != said.endswith(".")
    ]
    assert wrong == []


def test_every_plural_has_the_forms_of_its_language(catalogue: Catalog) -> None:
    assert catalogue.num_plurals == get_plural(catalogue.locale)[0]
    wrong = [
        message.id
        for message in entries(catalogue)
        if len(forms(message.string)) != (catalogue.num_plurals if message.pluralizable else 1)
    ]
    assert wrong == []


def test_the_forms_follow_the_number() -> None:
    with speaking("ru"):
        counted = [ngettext("{n} source", "{n} sources", n).format(n=n) for n in (1, 3, 5, 11, 21)]
    assert counted == ["1 источник", "3 источника", "5 источников", "11 источников", "21 источник"]
    with speaking("kk"):
        counted = [ngettext("{n} source", "{n} sources", n).format(n=n) for n in (1, 5)]
    assert counted == ["1 дереккөз", "5 дереккөз"]


def test_a_catalogue_compiles_and_is_used(catalogue: Catalog) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    alone = gettext.GNUTranslations(compiled)
    with speaking(str(catalogue.locale)):
        assert _("Alerts") == alone.gettext("Alerts") != "Alerts"


def test_a_translation_does_not_repeat_the_english(catalogue: Catalog) -> None:
    repeated = [
        english
        for english, said in pairs(catalogue)
        if re.search("[a-z]{2}", NAMES.sub("", PLACEHOLDERS.sub("", english)))
        and (said == english or not re.search(r"[^\W\da-z_]", said.lower()))
    ]
    assert repeated == []


def test_kazakh_is_not_russian() -> None:
    russian = {message.id: message.string for message in entries(read("ru"))}
    kazakh = entries(read("kk"))
    borrowed = [message.id for message in kazakh if message.string == russian.get(message.id)]
    assert len(borrowed) < len(kazakh) / 20, borrowed


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_header_is_filled_in(language: str) -> None:
    head = source_of(language).read_text("utf-8").split("\n\n")[0]
    assert [word for word in LEFT_FROM_THE_TEMPLATE if word in head] == []
    assert f'"Language: {language}\\n"' in head
