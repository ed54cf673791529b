"""From a labelled file to a digest by the commands of the README."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kzmonitor.classify import registry
from kzmonitor.classify.labelled import Taxonomy, Text, read_taxonomy
from kzmonitor.cli import classifying
from kzmonitor.config import models_folder
from kzmonitor.errors import InputError
from kzmonitor.newsroom import demo_files
from kzmonitor.store import Database
from tests.cli.conftest import Run


@pytest.fixture
def served(tmp_path: Path):
    """`kzmonitor newsroom` in a process of its own, serving the demo files."""
    folder = tmp_path / "sources"
    process = subprocess.Popen(
        [sys.executable, "-m", "kzmonitor", "newsroom", *map(str, demo_files()), "--declare", str(folder)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "LANGUAGE": "en", "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    for _file in demo_files():
        process.stdout.readline()
    yield folder
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0


def test_collect_understand_alerts_digest(run: Run, champion: Database, served: Path, tmp_path: Path) -> None:
    first = json.loads(run("collect", "--sources-dir", served, "--json").stdout)
    assert all(source["finished"] == "finished" for source in first)
    total = sum(source["counts"]["fetched"] for source in first)
    assert total == sum(len(file.read_text().splitlines()) for file in demo_files())

    second = json.loads(run("collect", "--sources-dir", served, "--json").stdout)
    assert all(source["counts"] == {"poll:not-modified": 1, "new": 0} for source in second)

    understood = json.loads(run("understand", "--sources-dir", served, "--json").stdout)
    assert understood["cut"] == {"revision": total}
    assert json.loads(run("understand", "--sources-dir", served, "--json").stdout) == {
        "cut": {},
        "scored": {},
        "grouped": {},
    }

    alerts = json.loads(run("alerts", "--json", "--since", "1d").stdout)
    assert len(alerts) == understood["grouped"]["opened"]
    assert all(alert["labels"] and alert["title"] for alert in alerts)

    out = tmp_path / "digest"
    done = run("digest", "--day", "2099-01-01", "--sources-dir", served, "--dry-run", "--out", out)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f"digest-2099-01-01-{language}.{ending}" for language in ("en", "ru", "kk") for ending in ("html", "txt")
    )

    listed = json.loads(run("sources", "list", "--sources-dir", served, "--json").stdout)
    assert {source["state"] for source in listed} == {"ok"} or {source["state"] for source in listed} == {
        "not-modified"
    }
    assert sum(source["articles"] for source in listed) == total


def test_probe_says_what_answers(run: Run, served: Path) -> None:
    told = json.loads(run("sources", "probe", "--sources-dir", served, "--json").stdout)
    for source in told:
        states = {address["kind"]: address["state"] for address in source["addresses"]}
        assert states["feed"] == "ok"
        assert states["article"] == "ok"


def test_train_predict_evaluate_take_any_label_set(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    rows = [
        {"id": str(n), "title": f"Story {n}", "text": f"the {animal} loudly {n}", "labels": [animal.split()[0]]}
        for n, animal in enumerate(["cat purrs", "dog barks"] * 30)
    ]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = tmp_path / "pets.skops"
    assert run("train", "--data", data, "--out", model).returncode == 0
    predicted = [json.loads(line) for line in run("predict", data, "--model", model, "--json").stdout.splitlines()]
    assert set(predicted[0]) == {"id", "relevance", "relevant", "tier", "labels", "probabilities", "reasons", "fields"}
    assert len(predicted) == 60
    judged = json.loads(run("evaluate", data, "--model", model, "--json").stdout)
    assert {"model", "tier", "n", "relevance", "labels", "macro_f1", "micro_f1", "core_macro_f1", "hard_negative_fpr",
            "by_language", "docs_per_second"} <= set(judged)  # fmt: skip
    assert judged["labels"]["cat"]["f1"] > 0.9


def test_without_data_a_model_learns_the_whole_seed_and_the_shipped_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, list[str]]] = []

    def learn(texts: list[Text], labels: Taxonomy) -> None:
        given.append((len(texts), [label.name for label in labels.labels]))
        raise InputError("enough")

    monkeypatch.setattr("kzmonitor.classify.train.train", learn)
    with pytest.raises(InputError, match="enough"):
        classifying.train()
    shipped = read_taxonomy(models_folder() / "taxonomy.yaml")
    assert given == [(len(registry.seed_texts()), [label.name for label in shipped.labels])]


def test_models_are_listed_promoted_and_rolled_back(run: Run, champion: Database, tmp_path: Path) -> None:
    first = json.loads(run("model", "list", "--json").stdout)[0]["version"]
    some = tmp_path / "some.jsonl"
    some.write_text("".join((models_folder() / "seed" / "en.jsonl").read_text().splitlines(keepends=True)[:300]))
    trained = run("train", "--data", some, "--taxonomy", models_folder() / "taxonomy.yaml")
    assert trained.returncode == 0, trained.stderr
    candidate = next(
        m["version"] for m in json.loads(run("model", "list", "--json").stdout) if m["state"] == "candidate"
    )
    assert run("model", "promote", candidate).returncode == 0
    assert first in run("model", "rollback").stdout
    states = {m["version"]: m["state"] for m in json.loads(run("model", "list", "--json").stdout)}
    assert states == {first: "champion", candidate: "retired"}


def test_subscribers_are_added_once(run: Run) -> None:
    for language in ("ru", "kk"):
        assert run("subscriber", "add", "desk@example.org", "--language", language).returncode == 0
    listed = json.loads(run("subscriber", "list", "--json").stdout)
    assert [(one["address"], one["language"]) for one in listed] == [("desk@example.org", "kk")]
    assert run("subscriber", "remove", "DESK@example.org").returncode == 0
    assert json.loads(run("subscriber", "list", "--json").stdout) == []
