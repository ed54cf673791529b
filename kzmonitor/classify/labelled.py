"""Labelled texts and taxonomies: the files that people write, read and checked."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kzmonitor.classify.fields.record import Known, known
from kzmonitor.errors import InputError
from kzmonitor.i18n import _

LANGUAGES = ("ru", "kk", "en")


@dataclass(frozen=True)
class Text:
    """One labelled text. `hard`: a look-alike; `event`: texts of one event are never parted; `date`: ISO 8601; `known`:
    its fields, where people wrote them."""

    id: str
    lang: str | None
    title: str
    text: str
    labels: frozenset[str]
    hard: bool | None = None
    event: str | None = None
    date: str | None = None
    known: Known | None = None


@dataclass(frozen=True)
class LabelSpec:
    """One label. `core`: carries the headline figures; `text`: its name in ru, kk, en; `crosswalk`: names elsewhere."""

    name: str
    core: bool = False
    text: Mapping[str, str] = field(default_factory=dict)
    crosswalk: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Taxonomy:
    """What is looked for. `country`: reports set elsewhere are not relevant; `fallback`: said when no label passes."""

    labels: tuple[LabelSpec, ...]
    country: str | None = None
    fallback: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The labels a model is trained for, in the order of the file: all but the fallback."""
        return tuple(label.name for label in self.labels if label.name != self.fallback)

    @property
    def core(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels if label.core and label.name != self.fallback)


def read_jsonl(path: Path) -> list[Text]:
    """The texts of a labelled JSONL file. InputError names file and line; unknown keys are ignored."""
    texts = [_text(record, where) for record, where in _records(path)]
    if not texts:
        raise InputError(_("{path}: no texts in it; one JSON object a line is expected").format(path=path))
    return texts


def _records(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        message = _("{path}: can't be read ({reason})")
        raise InputError(message.format(path=path, reason=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise InputError(_("{path}: not UTF-8; save it as UTF-8 JSONL").format(path=path)) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(_("{where}: not a JSON object on one line").format(where=where)) from error
        if not isinstance(record, dict):
            raise InputError(_("{where}: not a JSON object on one line").format(where=where))
        yield record, where


def _text(record: dict[str, Any], where: str) -> Text:
    labels = record.get("labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) and label.strip() for label in labels):
        raise InputError(_('{where}: "labels" must be a list of names').format(where=where))
    hard = record.get("hard")
    if not (hard is None or isinstance(hard, bool)):
        raise InputError(_('{where}: "hard" must be true, false or left out').format(where=where))
    text = _string(record, "text", where)
    if text is None:
        raise InputError(_('{where}: "text" is missing').format(where=where))
    return Text(
        id=str(record.get("id", where)),
        lang=_string(record, "lang", where),
        title=_string(record, "title", where) or "",
        text=text,
        labels=frozenset(labels),
        hard=hard,
        event=_string(record, "event", where),
        date=_string(record, "date", where),
        known=known(record),
    )


def _string(record: dict[str, Any], key: str, where: str) -> str | None:
    value = record.get(key)
    if not (value is None or isinstance(value, str)):
        raise InputError(_('{where}: "{key}" must be a string').format(where=where, key=key))
    return value


def read_taxonomy(path: Path) -> Taxonomy:
    """The taxonomy of a YAML file, as `models/taxonomy.yaml` is written. InputError says what is wrong with it."""
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        message = _("{path}: can't be read ({reason})")
        raise InputError(message.format(path=path, reason=error.strerror)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(_("{path}: not YAML ({reason})").format(path=path, reason=reason)) from error
    if not isinstance(data, dict) or not isinstance(data.get("labels"), list) or not data["labels"]:
        raise InputError(_('{path}: "labels" must be a list of labels').format(path=path))
    labels = tuple(_label(item, path) for item in data["labels"])
    names = [label.name for label in labels]
    for name in names:
        if names.count(name) > 1:
            raise InputError(_("{path}: label {name} stands there twice").format(path=path, name=name))
    country, fallback = (data.get(key) for key in ("country", "fallback"))
    for key, value in (("country", country), ("fallback", fallback)):
        if not (value is None or isinstance(value, str)):
            raise InputError(_('{where}: "{key}" must be a string').format(where=path, key=key))
    return Taxonomy(labels, country, fallback)


def _label(item: object, path: Path) -> LabelSpec:
    if isinstance(item, str):
        item = {"name": item}
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not item["name"].strip():
        raise InputError(_('{path}: each label needs a "name"').format(path=path))
    unknown = sorted(set(item) - {"name", "core", "text", "crosswalk"}, key=str)
    if unknown:
        message = _("{path}: label {name} has the unknown key {key}")
        raise InputError(message.format(path=path, name=item["name"], key=unknown[0]))
    for key in ("text", "crosswalk"):
        if not isinstance(item.get(key) or {}, dict):
            message = _('{path}: "{key}" of label {name} must hold one line for each name')
            raise InputError(message.format(path=path, key=key, name=item["name"]))
    return LabelSpec(item["name"], bool(item.get("core", False)), item.get("text") or {}, item.get("crosswalk") or {})


def taxonomy_of(texts: Sequence[Text], *, fallback: str | None = "unknown") -> Taxonomy:
    """The labels that `texts` bear, by name, for the whole world. `fallback` is taken only if some text bears it."""
    names = sorted({label for text in texts for label in text.labels})
    if not set(names) - {fallback}:
        raise InputError(_("None of the texts bears a label, so there is nothing to learn"))
    return Taxonomy(tuple(LabelSpec(name) for name in names), None, fallback if fallback in names else None)
