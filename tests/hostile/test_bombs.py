"""Bombs end in a state with a name, in bounded memory, and the other sources go on.

Two crawls, in the real child process and with its real limits; patience is short only for what never ends by itself."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import yaml
from sqlalchemy import text

from kzmonitor.collect import crawl
from kzmonitor.collect.crawl import Crawled
from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from kzmonitor.store import Database
from spiders.settings import TIMEOUT_S
from tests.conftest import empty
from tests.hostile.bombs import BOMBS, MEGABYTE, Bomb, feed
from tests.hostile.wicked import Authority, Wicked, plain

pytestmark = pytest.mark.slow
RUNNER = Path(__file__).parent / "impatient.py"
# What drips takes so long three times over; the others end by themselves, however long a busy machine takes over them.
SHORT_S, LONG_S = 6, 4 * TIMEOUT_S
# A crawl of sources that are well takes some 130 MB.
MOST_BYTES = 450 * MEGABYTE
TLS = ("tls-good", "tls-of-its-own", "tls-expired", "tls-of-another-host", "tls-on-a-plain-port", "plain-on-a-tls-port")
LOOK_S = 0.05
WELL = ("beside-bombs", "beside-drips")
NO_PAGES = b"User-agent: *\nDisallow: /news/\n"


@dataclass
class Watched:
    """The most memory that each child of this process ever had, bytes by process."""

    peaks: dict[int, int] = field(default_factory=dict)

    def __enter__(self) -> "Watched":
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self.thread.join()

    def _look(self) -> None:
        me = psutil.Process()
        while not self.over.wait(LOOK_S):
            for child in me.children(recursive=True):
                try:
                    lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
                    if RUNNER.name in " ".join(child.cmdline()):
                        peak = next((line for line in lines if line.startswith("VmHWM")), "VmHWM: 0")
                        self.peaks[child.pid] = int(peak.split()[1]) * 1024
                except (OSError, psutil.Error):
                    continue  # it has ended


@dataclass
class Ended:
    """What is left after the crawl."""

    crawled: dict[str, Crawled]
    polls: dict[str, tuple[str, str | None]]
    entries: dict[str, int]
    hosts: dict[str, Wicked]
    peak: int


@pytest.fixture(scope="module")
def ended(migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    folder = tmp_path_factory.mktemp("bombs")
    authority = Authority(folder)
    record = Record("1", "en", "A court heard the case", "The hearing took place. " * 20)
    dripping = [bomb.name for bomb in BOMBS if "timeout" in bomb.states]
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        hosts = {bomb.name: stack.enter_context(wicked(bomb)) for bomb in BOMBS}
        hosts |= {host.name: stack.enter_context(host) for host in tls_hosts(authority)}
        kinds = {bomb.name: bomb.kind for bomb in BOMBS}
        for name, host in hosts.items():
            declared(folder / "declared", name, host, kinds.get(name, "feed"))
        newsroom = stack.enter_context(Newsroom([Outlet(name, "plain", [record]) for name in WELL]))
        declare(newsroom, folder / "declared")
        patch.setenv("KZMONITOR_DATABASE_URL", migrated.url.render_as_string(hide_password=False))
        patch.setenv("KZMONITOR_ALLOW_LOOPBACK", "1")
        patch.setenv("KZMONITOR_ENV_FILE", "/dev/null")
        patch.setenv("SSL_CERT_FILE", str(authority.file))
        patch.setattr(crawl, "SPIDERS", (str(RUNNER),))
        try:
            for bomb in BOMBS:
                bomb.prepare()
            with Watched() as watched:
                patch.setenv("PATIENCE_S", str(LONG_S))
                crawled = crawl.run([*(hosts.keys() - {*dripping}), WELL[0]], folder / "declared")
                patch.setenv("PATIENCE_S", str(SHORT_S))
                crawled += crawl.run([*dripping, WELL[1]], folder / "declared")
            with migrated.session() as session:
                rows = session.execute(text("select source, state, error from poll")).all()
                counted = session.execute(text("select source, count(*) from entry group by 1")).all()
            yield Ended(
                {one.slug: one for one in crawled}, {row[0]: (row[1], row[2]) for row in rows},
                {row[0]: row[1] for row in counted}, hosts, max(watched.peaks.values()),
            )  # fmt: skip
        finally:
            empty(migrated)


def wicked(bomb: Bomb) -> Wicked:
    """The host of a bomb; it lets nobody fetch the pages that its entries lead to, of which there are thousands."""
    host = Wicked(bomb.name, lambda _path: [], robots=NO_PAGES)
    named = host.host.encode()
    host.answer = lambda _path: bomb.answer(named)
    return host


def tls_hosts(authority: Authority) -> Iterator[Wicked]:
    """A server whose certificate is good, and others."""
    contexts = {
        "tls-good": authority.context(),
        "tls-of-its-own": authority.context(own=True),
        "tls-expired": authority.context(days=-1),
        "tls-of-another-host": authority.context("other.example"),
    }
    for name, context in contexts.items():
        host = Wicked(name, lambda _path: [], context)
        named = host.host.encode()
        host.answer = lambda path, named=named: [plain(feed(named))] if path == "/feed/" else [plain(b"", "404 Gone")]
        yield host
    yield Wicked("tls-on-a-plain-port", lambda _path: [plain(feed(b"a"))])
    yield Wicked("plain-on-a-tls-port", lambda _path: [plain(feed(b"a"))], authority.context())


def declared(folder: Path, name: str, host: Wicked, kind: str) -> None:
    """Write the declaration of a host."""
    folder.mkdir(exist_ok=True)
    url = host.url
    if name in ("tls-on-a-plain-port", "plain-on-a-tls-port"):
        url = url.replace("https:", "x:").replace("http:", "https:").replace("x:", "http:")
    facts = {"name": name, "kind": "local", "languages": ["en"], "hosts": [host.host], "delay_s": 0, "every_minutes": 1}
    facts |= {"feeds": [f"{url}/feed/"]} if kind == "feed" else {"sitemaps": [f"{url}/sitemap.xml"]}
    (folder / f"{name}.yml").write_text(yaml.safe_dump(facts))


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_a_bomb_ends_in_a_named_state(ended: Ended, bomb: Bomb) -> None:
    state, why = ended.polls[bomb.name]
    assert state in bomb.states, (state, why)
    assert ended.crawled[bomb.name].well, ended.crawled[bomb.name]
    assert ended.entries.get(bomb.name, 0) <= bomb.items
    assert ended.hosts[bomb.name].sent <= 3 * bomb.most_sent  # three tries at most


def test_the_memory_of_the_crawl_is_bounded(ended: Ended) -> None:
    assert ended.peak < MOST_BYTES, f"{ended.peak / 1e6:.0f} MB"


@pytest.mark.parametrize("name", WELL)
def test_the_other_source_goes_on(ended: Ended, name: str) -> None:
    assert ended.crawled[name].well
    assert ended.crawled[name].counts["fetched"] == 1


@pytest.mark.parametrize("name", TLS)
def test_only_a_good_certificate_is_accepted(ended: Ended, name: str) -> None:
    state, why = ended.polls[name]
    if name == "tls-good":
        assert (state, ended.entries[name]) == ("ok", 3)
    else:
        assert state in ("tls", "connection", "robots-unreachable"), (state, why)
        assert name not in ended.entries
        assert not [path for path in ended.hosts[name].asked if path == "/feed/"]
