"""Labelled files and taxonomies."""

import json

import pytest

from kzmonitor.classify.labelled import read_jsonl, read_taxonomy, taxonomy_of
from kzmonitor.config import models_folder
from kzmonitor.errors import InputError

LINE = {"id": "a", "lang": "ru", "title": "Т", "text": "текст", "labels": ["x"], "hard": False, "outlet": "kept out"}


def write(tmp_path, *lines):
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_unknown_keys_are_ignored_and_absent_ones_are_none(tmp_path):
    (text,) = read_jsonl(write(tmp_path, json.dumps(LINE), ""))
    assert (text.id, text.labels, text.event, text.date) == ("a", frozenset({"x"}), None, None)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1]",
        '{"text": 3}',
        '{"labels": []}',
        '{"text": "", "labels": "x"}',
        '{"text": "", "hard": 1}',
        "[" * 100_000,
    ],
)
def test_a_broken_line_is_named_by_file_and_number(tmp_path, line):
    path = write(tmp_path, json.dumps(LINE), line)
    with pytest.raises(InputError, match=r"texts\.jsonl:2"):
        read_jsonl(path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00"])
def test_a_file_without_texts_is_refused(tmp_path, content):
    path = tmp_path / "texts.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"texts\.jsonl"):
        read_jsonl(path)


def test_a_missing_file_is_refused_in_one_line(tmp_path):
    with pytest.raises(InputError) as caught:
        read_jsonl(tmp_path / "none.jsonl")
    assert "\n" not in str(caught.value)


def test_the_shipped_taxonomy_has_nine_labels_named_in_three_languages():
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    assert len(taxonomy.names) == 9
    assert taxonomy.core == ("tax_inspection", "detention", "smear_campaign")
    assert (taxonomy.country, taxonomy.fallback) == ("KZ", None)
    assert all(set(label.text) == {"ru", "kk", "en"} for label in taxonomy.labels)


@pytest.mark.parametrize(
    "content",
    ["", "labels: []", "labels: [{core: true}]", "labels: [a, a]", "labels: [{name: a, colour: red}]",
     "labels: [a]\ncountry: [KZ]", "labels: [{name: a, text: x}]", "{"],
)  # fmt: skip
def test_a_broken_taxonomy_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "labels.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"labels\.yaml"):
        read_taxonomy(path)


def test_a_taxonomy_of_texts_takes_their_labels_and_the_fallback_only_when_borne(texts):
    assert taxonomy_of(texts).names == ("detention", "raid", "tax_inspection")
    assert taxonomy_of(texts).fallback is None
    assert taxonomy_of(texts, fallback="raid").names == ("detention", "tax_inspection")


def test_texts_without_any_label_make_no_taxonomy(texts):
    with pytest.raises(InputError):
        taxonomy_of([text for text in texts if not text.labels])
