"""`kzmonitor evaluate --intervals` as its user runs it."""

import json
from pathlib import Path

from kzmonitor.classify.labelled import read_jsonl, taxonomy_of
from kzmonitor.classify.persist import save
from kzmonitor.classify.train import train
from tests.cli.conftest import Run

LINES = (
    ("detention", "Police detained an activist in Almaty, number {}.", ["detention"]),
    ("football", "The football club of Almaty won match number {}.", []),
)


def test_intervals_constant_guessing_and_calibration_are_told_on_request(run: Run, tmp_path: Path) -> None:
    data, model = tmp_path / "data.jsonl", tmp_path / "model.skops"
    with data.open("w") as file:
        for number in range(12):
            for name, text, labels in LINES:
                record = {"id": f"{name}-{number}", "lang": "en", "text": text.format(number), "labels": labels}
                file.write(json.dumps(record) + "\n")
    texts = read_jsonl(data)
    model.write_bytes(save(train(texts, taxonomy_of(texts))))
    told = json.loads(run("evaluate", data, "--model", model, "--intervals", "--json").stdout)
    assert told["intervals"]["relevance"]["f1"] == [1.0, 1.0]
    assert told["constant_guess"]["always"] == ["detention"]
    head, relevance, label = run("evaluate", data, "--model", model, "--intervals").stdout.splitlines()
    assert head.split("\t")[5:] == ["F1, 95-percent interval", "F1 of constant guessing", "calibration error"]
    assert relevance.split("\t")[:7] == ["relevance", "1.000", "1.000", "1.000", "24", "1.000 - 1.000", "0.667"]
    assert label.startswith("detention\t")
