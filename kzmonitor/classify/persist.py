"""A classifier as bytes and back, by skops: nothing in the file is executed, only the types listed here are built."""

import io
import json
import struct
import tokenize
import zipfile
import zlib
from dataclasses import asdict
from typing import Any

import numpy as np
import skops.io
from skops.io.exceptions import UnsupportedTypeException, UntrustedTypesFoundException

from kzmonitor.classify.calibrate import Sigmoid
from kzmonitor.classify.committee import Committee
from kzmonitor.classify.fields.model import FieldsModel
from kzmonitor.classify.labelled import LabelSpec, Taxonomy
from kzmonitor.classify.model import Classifier, Head
from kzmonitor.classify.thresholds import Pair, Thresholds
from kzmonitor.errors import InputError
from kzmonitor.i18n import _

FORMAT = 3
TRUSTED = [
    "kzmonitor.classify.committee.Committee",
    "kzmonitor.classify.features.SharedWords",
    "kzmonitor.classify.features.WordGrams",
    "kzmonitor.classify.meetings.ConceptCounts",
    "kzmonitor.classify.pairs.SharedPairs",
    "kzmonitor.classify.reading.Reader",
]
# Unpacked, a model is some ten megabytes; a file that claims more is not ours.
MOST_BYTES = 400_000_000
PIECE_BYTES = 1_000_000
BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, UntrustedTypesFoundException, UnsupportedTypeException,
    ValueError, TypeError, LookupError, AttributeError, ImportError, EOFError, OSError, RuntimeError,
    SyntaxError, tokenize.TokenError,  # numpy reads the heads of arrays as Python literals
    MemoryError,  # and believes what they say of their size
)  # fmt: skip


def save(classifier: Classifier) -> bytes:
    """The classifier as a skops file; equal classifiers give equal bytes."""
    heads = ({"relevance": classifier.relevance} if classifier.relevance else {}) | {
        f"label {name}": head for name, head in classifier.labels.items()
    }
    about = {
        "format": FORMAT,
        "version": classifier.version,
        "taxonomy": asdict(classifier.taxonomy),
        "thresholds": asdict(classifier.thresholds),
        "data_sha256": classifier.data_sha256,
        "metrics": classifier.metrics,
        "sigmoids": {name: asdict(head.sigmoid) for name, head in heads.items()},
        "joint_sigmoids": {name: asdict(head.joint) for name, head in heads.items() if head.joint},
    }
    content = {
        "about": json.dumps(about, ensure_ascii=False, sort_keys=False),
        "reader": classifier.reader,
        "features": classifier.features,
        "heads": {name: head.scorer for name, head in heads.items()},
        "fields": classifier.fields.to_state() if classifier.fields else None,
    }
    return _canonical(skops.io.dumps(content))


def _canonical(data: bytes) -> bytes:
    """The same skops file without what differs from run to run: memory addresses in names, and times."""
    numbers: dict[int, int] = {}

    def number(address: int) -> int:
        return numbers.setdefault(address, len(numbers) + 1)

    def renamed(node: Any) -> Any:
        if isinstance(node, list):
            return [renamed(child) for child in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("__id__"), int):
            node["__id__"] = number(node["__id__"])
        if isinstance(node.get("file"), str):
            node["file"] = file_name(node["file"])
        return {key: renamed(child) for key, child in node.items()}

    def file_name(name: str) -> str:
        stem, dot, ending = name.partition(".")
        return f"{number(int(stem))}{dot}{ending}"

    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        schema = json.dumps(renamed(json.loads(old.read("schema.json"))))
        files = {file_name(name): old.read(name) for name in old.namelist() if name != "schema.json"}
        for name, body in [("schema.json", schema.encode()), *sorted(files.items())]:
            new.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def load(data: bytes) -> Classifier:
    """The classifier that `save` wrote. InputError: not a model, damaged, altered, or holding anything unexpected."""
    try:
        content = skops.io.loads(_unpacked(data), trusted=TRUSTED)
        classifier = _classifier(content)
        classifier.predict([("Проверка", "Проба, a trial, сынақ. Журналиста задержали в Алматы.")])
    except BROKEN as error:
        reason = " ".join(str(error).split())[:120]
        message = _("Not a kzmonitor model, or a damaged one ({reason}); train it anew: kzmonitor train")
        raise InputError(message.format(reason=reason or type(error).__name__)) from error
    return classifier


def _unpacked(data: bytes) -> bytes:
    """The same archive, not compressed. What its directory says of sizes is not believed: a member that says it is
    small would unpack to any length in skops's hands."""
    plain, left = io.BytesIO(), MOST_BYTES
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            with old.open(entry) as packed, new.open(entry.filename, "w") as member:
                while piece := packed.read(PIECE_BYTES):
                    left -= len(piece)
                    if left < 0:
                        raise ValueError("too large")
                    member.write(piece)
    return plain.getvalue()


def _classifier(content: dict[str, Any]) -> Classifier:
    about = json.loads(content["about"])
    if about["format"] != FORMAT:
        raise ValueError(f"format {about['format']}")
    joint = {name: Sigmoid(**sigmoid) for name, sigmoid in about["joint_sigmoids"].items()}
    heads = {
        name: Head(scorer, Sigmoid(**about["sigmoids"][name]), joint.get(name))
        for name, scorer in content["heads"].items()
    }
    for scorer in content["heads"].values():
        weights = (scorer.first_, scorer.second_) if isinstance(scorer, Committee) else (scorer.coef_,)
        if not all(np.isfinite(weight).all() for weight in weights):
            raise ValueError("coefficients that are not numbers")
    labels = tuple(LabelSpec(**label) for label in about["taxonomy"]["labels"])
    thresholds = about["thresholds"]
    return Classifier(
        version=str(about["version"]),
        taxonomy=Taxonomy(labels, about["taxonomy"]["country"], about["taxonomy"]["fallback"]),
        thresholds=Thresholds(
            Pair(**thresholds["relevance"]), {name: Pair(**pair) for name, pair in thresholds["labels"].items()}
        ),
        data_sha256=str(about["data_sha256"]),
        metrics=about["metrics"],
        reader=content["reader"],
        features=content["features"],
        relevance=heads.get("relevance"),
        labels={name.removeprefix("label "): head for name, head in heads.items() if name != "relevance"},
        fields=FieldsModel.from_state(content["fields"]) if content["fields"] else None,
    )
