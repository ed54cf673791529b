"""Databases in a known state: one with collected pages that nobody has looked at, one that is understood."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from kzmonitor.classify import registry
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.classify.model import Classifier
from kzmonitor.classify.train import train
from kzmonitor.config import models_folder
from kzmonitor.newsroom import Newsroom, declare, demo_files, outlets_from
from kzmonitor.store import embedded, engine, partitions, schema
from tests.faults.essence import essence
from tests.faults.machine import Machine, Server

NOW = datetime.now(UTC)
EVENTS = 220
Make = Callable[..., Machine]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody else uses, with the template `bare`: all tables, a model, and nothing collected."""
    home = tmp_path_factory.mktemp("faults") / "home"
    with Server(home) as server:
        with engine.connected(server.cluster.url()) as database:
            schema.upgrade(database.engine)
            with database.session() as session:
                partitions.ensure(session, NOW)
        server.clone("kzmonitor", "bare")
        yield server
    shutil.rmtree(embedded.Cluster(home).server_home, ignore_errors=True)


@pytest.fixture(scope="session")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Newsroom, Path]]:
    """Three outlets on free ports, and the folder of their declarations."""
    folder = tmp_path_factory.mktemp("declared")
    with Newsroom(outlets_from(demo_files(), NOW)) as running:
        declare(running, folder)
        yield running, folder


@pytest.fixture(scope="session")
def model() -> Classifier:
    """A small model, in seconds: whether it is right is not the question here."""
    texts = registry.seed_texts()
    events = sorted({f"{text.event}" for text in texts}, key=lambda event: sha256(event.encode()).digest())[:EVENTS]
    return train(
        [text for text in texts if f"{text.event}" in events], read_taxonomy(models_folder() / "taxonomy.yaml")
    )


@pytest.fixture(scope="session")
def collected(
    postgres: Server, newsroom: tuple[Newsroom, Path], model: Classifier, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The template of a database in which collected pages wait for a champion that is there."""
    postgres.clone("bare", "collected")
    machine = Machine(postgres, "collected", tmp_path_factory.mktemp("collecting"), newsroom[1])
    with engine.connected(machine.url) as database, database.session() as session:
        registry.add(session, model, "champion", NOW)
    machine.well("collect")
    machine.alone()
    return "collected"


@pytest.fixture(scope="session")
def understood(
    postgres: Server, newsroom: tuple[Newsroom, Path], collected: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, list[Any]]]:
    """The template of a database in which nothing disturbed the understanding, and its essence."""
    postgres.clone(collected, "understood")
    machine = Machine(postgres, "understood", tmp_path_factory.mktemp("understanding"), newsroom[1])
    machine.well("understand")
    machine.alone()
    return "understood", essence(machine)


@pytest.fixture
def machine_of(postgres: Server, newsroom: tuple[Newsroom, Path], tmp_path: Path) -> Iterator[Make]:
    """Makes a database from a template, with commands to work on it."""
    made: list[Machine] = []

    def make(template: str, name: str = "broken", **environment: str) -> Machine:
        postgres.clone(template, name)
        made.append(Machine(postgres, name, tmp_path, newsroom[1], environment))
        return made[-1]

    yield make
    for machine in made:
        machine.leave()
    postgres.start()


@pytest.fixture
def waiting(machine_of: Make, collected: str) -> Machine:
    """A database in which collected pages wait to be understood."""
    return machine_of(collected)


@pytest.fixture
def whole(understood: tuple[str, dict[str, list[Any]]]) -> dict[str, list[Any]]:
    """The essence of what an undisturbed understanding makes of `waiting`."""
    return understood[1]
