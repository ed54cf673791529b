"""A cluster of five hosts on one machine: the real database, broker, scheduler and workers, with the settings of
docker-compose.yml's profile `cluster` (but for `services.SHORTENED`) and the product's DAGs."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest
from sqlalchemy import URL

from kzmonitor.classify import registry
from kzmonitor.classify.model import Classifier
from kzmonitor.store import engine
from tests.cluster import outlets
from tests.cluster.hosts import Host, NamespaceError, Network, eventually
from tests.cluster.services import ROOT, SHORTENED, Keeper, MissingServerError, Postgres, Services, required_servers

OUTLETS = 10
PLACES = 2  # tasks at a time on a worker
PATIENCE_S = 600  # for what takes a minute where nothing else runs
HOSTS = {"host-1": ["postgres", "redis"], "host-2": ["api-server"], "host-3": [], "host-4": [], "outlets": []}


@dataclass
class Cluster:
    """The hosts of the cluster, and how to look at it from outside."""

    articles: int
    network: Network
    services: Services
    postgres: Postgres
    keeper: Keeper

    def start(self, service: str, host: str) -> None:
        """Start a service of docker-compose.yml on a host; what ends is started again."""
        there = self.host(host)
        self.keeper.keep(there, service, lambda: self.services.start(service, there))

    def start_worker(self, host: str) -> None:
        """Start a worker and the way to the outlets on its host."""
        there = self.host(host)
        plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
        forward = [sys.executable, "-m", "tests.cluster.forward", "127.0.0.1", "outlets"]
        there.start("forward", [*forward, str(outlets.FIRST_PORT), str(OUTLETS)], plain)
        self.keeper.keep(there, "worker", lambda: self.services.start_worker(there, PLACES))

    def start_redis(self) -> None:
        """Start the broker, which remembers nothing."""
        self.services.start_redis(self.host("host-1"))

    def kill_redis(self) -> None:
        """kill -9 of the broker: what stood in it is forgotten."""
        for number in self.host("host-1").processes():
            with suppress(psutil.NoSuchProcess):  # connections of the database beside it come and go
                process = psutil.Process(number)
                if process.name() == "redis-server":
                    process.kill()
                    return
        raise AssertionError("no broker runs on host 1")

    def host(self, name: str) -> Host:
        """One of HOSTS."""
        return self.network.hosts[name]

    def url(self) -> URL:
        """kzmonitor's database, past the network."""
        query = {"host": str(self.postgres.folder)}
        return URL.create("postgresql+psycopg", username="postgres", database="kzmonitor", query=query)

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """The answer of kzmonitor's database."""
        with self.postgres.connect("kzmonitor") as connection:
            return connection.execute(question).fetchall()  # type: ignore[arg-type]

    def unfinished(self) -> int:
        """How much is left to do."""
        [[waiting]] = self.ask(
            f"""select {self.articles} - (select count(*) from prediction)
                + (select count(*) from article_clue where paired and not grouped)
                + (select count(*) from article_clue where not paired)"""
        )
        return int(waiting)

    def progress(self) -> str:
        """How far it has come, for whoever reads a failure."""
        [[fetched, articles, scored]] = self.ask(
            """select (select count(*) from entry where state = 'fetched'), (select count(*) from article),
                (select count(*) from prediction)"""
        )
        return f"of {self.articles} articles {fetched} were fetched, {articles} cut, {scored} scored"


@contextmanager
def running(
    articles: int, folder: Path, trained: Classifier, shortened: Mapping[str, str] = SHORTENED
) -> Iterator[Cluster]:
    """Host 1 has database and broker, host 2 Airflow's services, 3 and 4 get a worker each; the outlets with so many
    articles have the fifth. All services are up but for workers and scheduler. folder: for logs and declarations."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    try:
        required_servers()
        # The server's user may not look into the folders of pytest.
        made = TemporaryDirectory(prefix="kzmonitor-cluster-")
        with made as server, Network(HOSTS, folder) as network, Keeper() as keeper:
            dags, sources = folder / "dags", folder / "sources"
            services = Services(folder / "disks", dags, sources, shortened=shortened)
            yield _started(articles, services, network, keeper, Path(server), trained)
    except (NamespaceError, MissingServerError) as error:
        pytest.fail(f"this machine can't be a cluster: {error}", pytrace=False)


def _started(
    articles: int, services: Services, network: Network, keeper: Keeper, server: Path, trained: Classifier
) -> Cluster:
    for made in (services.dags, services.sources):
        made.mkdir()
    for name in ("collect", "understand"):
        (services.dags / f"{name}.py").symlink_to(ROOT / "dags" / f"{name}.py")
    postgres = Postgres(network.hosts["host-1"], server)
    cluster = Cluster(articles, network, services, postgres, keeper)
    postgres.make({name: value for name, value in services.secrets.items() if name.endswith("_DB_PASSWORD")})
    cluster.start_redis()
    _serve_news(cluster, services.sources)

    second = network.hosts["host-2"]
    environment = services.environment("airflow-init", second)
    second.run([sys.executable, "-m", "kzmonitor", "db", "upgrade"], environment)
    with engine.connected(cluster.url()) as database, database.session() as session:
        registry.add(session, trained, "champion", datetime.now(UTC))
    second.run(["bash", str(ROOT / "deploy/init.sh")], environment)
    cluster.start("api-server", "host-2")
    cluster.start("dag-processor", "host-2")
    assert eventually(lambda: reaches(network.hosts["host-3"], "http://api-server:8080/api/v2/version"), PATIENCE_S)
    return cluster


def _serve_news(cluster: Cluster, sources: Path) -> None:
    """The outlets on their host, and a way in to them."""
    plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    there, ports = cluster.host("outlets"), [str(outlets.FIRST_PORT), str(OUTLETS)]
    serve = [sys.executable, "-m", "tests.cluster.outlets", str(cluster.articles), str(OUTLETS), str(sources)]
    forward = [sys.executable, "-m", "tests.cluster.forward"]
    there.start("newsroom", serve, plain)
    there.start("forward", [*forward, there.address, "127.0.0.1", *ports], plain)
    assert eventually(lambda: len(list(sources.glob("*.yml"))) == OUTLETS, PATIENCE_S)


def reaches(host: Host, url: str) -> bool:
    """Whether a host gets an answer."""
    ask = f"import urllib.request; urllib.request.urlopen({url!r}, timeout=5)"
    command = ["ip", "netns", "exec", host.namespace, sys.executable, "-c", ask]
    return subprocess.run(command, capture_output=True).returncode == 0


def assert_done_once(cluster: Cluster) -> None:
    """Each article is stored, cut, scored and grouped once."""
    [[entries, fetched, articles, revisions, scored, scored_texts, twice]] = cluster.ask(
        """select (select count(*) from entry), (select count(*) from entry where state = 'fetched'),
            (select count(*) from article), (select count(*) from revision), (select count(*) from prediction),
            (select count(distinct revision) from prediction),
            (select count(*) - count(distinct article) from incident_article)"""
    )
    assert (entries, fetched, articles, revisions, scored, scored_texts) == (cluster.articles,) * 6
    assert twice == 0
    left_out = cluster.ask(
        """select revision.article from prediction join revision on revision.id = prediction.revision
            where tier is not null except select article from incident_article"""
    )
    assert left_out == []
    assert cluster.ask("select incident from alert group by incident having count(*) > 1") == []
    pages = cluster.ask("select count(*) from capture join entry on entry.canonical_url = capture.canonical_url")
    print(f"pages fetched: {pages[0][0]} for {cluster.articles} articles")


def assert_planted_once(cluster: Cluster) -> None:
    """Each planted event is one incident with one alert and both outlets' reports."""
    told: set[Any] = set()
    for event in outlets.planted():
        found = cluster.ask(
            f"""select incident_article.incident, count(*), count(distinct alert.id) from incident_article
                join article on article.id = incident_article.article
                join revision on revision.id = article.current_revision
                join alert on alert.incident = incident_article.incident
                where revision.title = $event${event.title}$event$ group by 1"""
        )
        assert [row[1:] for row in found] == [(2, 1)], event.title
        told.add(found[0][0])
    assert len(told) == len(outlets.planted())
