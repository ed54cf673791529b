"""How fast the desk is with years of articles in its database: one key in a real browser, and twenty reviewers at once.

    python bench/desk_load.py [--articles 1000000] [--data FOLDER] [--reviewers 20] [--seconds 60] [--keys 100]

Builds the database (bench/desk_world.py) in a temporary folder, or in `--data`, where a later run finds it again.
Serves it with `kzmonitor review`, as users do, in as many processes as that takes. Measures, in milliseconds, the time
from a key pressed to the next alert painted, and what each page takes for reviewers who think a second between two
requests, then without a pause. Prints tables. The load runs on the same machine as the server and its database, so
figures are of a busy one."""

import argparse
import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median

import httpx
import lxml.html
import psycopg
from playwright.sync_api import sync_playwright

from bench import desk_world
from bench.figures import OURS, Figure, Report
from kzmonitor.accounts import people
from kzmonitor.learn.figures import SPANS
from kzmonitor.store import embedded, engine, schema

TIMEOUT_S = 20
FIGURES_S = 900
BENCH = "desk"
PASSWORD = secrets.token_urlsafe(16)
# What a reviewer does beside deciding, by how often.
ELSEWHERE = {
    "/": 6, "/?label=raid": 2, "/?language=kk": 2, "/?source=vlast": 2, "/?region=KZ-75": 1, "/?status=confirmed": 2,
    "/?status=all": 1, "/?page=20": 1, "/search?q=полиция": 2, "/search?q=журналист+суд": 2, "/search?q=zhurnalist": 1,
    "/overview": 1, "/sources": 1, "/readings": 1, "/missed": 1, "/models": 1, "/subscriptions": 1,
}  # fmt: skip
# Says, in the page, when the form of another alert than that of the key was painted.
PAINTED = """
(() => {
  const alert = () => document.querySelector("#decide")?.getAttribute("action")?.split("?")[0];
  const now = () => performance.timeOrigin + performance.now();
  document.addEventListener("keydown", () => {
    sessionStorage.from = alert(); sessionStorage.pressed = now(); delete sessionStorage.shown;
  }, true);
  const frame = () => {
    if (sessionStorage.pressed && !sessionStorage.shown && alert() && alert() !== sessionStorage.from)
      // After the next frame what stands in this one is on the screen.
      requestAnimationFrame(() => { sessionStorage.shown = now(); });
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})();
"""


@dataclass
class Measured:
    """Milliseconds by what was asked, and what went wrong by what was answered."""

    ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: Counter[str] = field(default_factory=Counter)
    refused: int = 0


def main() -> None:
    """Build, serve, measure, print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--articles", type=int, default=1_000_000)
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--reviewers", type=int, default=20)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--keys", type=int, default=100)
    arguments.add_argument("--build-only", action="store_true")
    arguments.add_argument("--out", type=Path, help="figures as JSON")
    given = arguments.parse_args()
    with nullcontext(given.data) if given.data else tempfile.TemporaryDirectory() as folder:
        try:
            with embedded.running(Path(folder)) as cluster:
                reviewers = prepared(cluster, given.articles, given.reviewers)
                if not given.build_only:
                    with served(Path(folder)) as address:
                        figures = measure(address, reviewers, given.seconds, given.keys, given.articles)
                    if given.out:
                        Report(figures=figures).write(given.out)
        finally:
            if not given.data:
                shutil.rmtree(embedded.Cluster(Path(folder)).server_home, ignore_errors=True)


def prepared(cluster: embedded.Cluster, articles: int, number: int) -> list[str]:
    """Pseudonyms of the reviewers of a database that has so many articles; their password is that of this run."""
    with engine.connected(cluster.url()) as database:
        schema.upgrade(database.engine)
        names = [f"reviewer-{one}" for one in range(number)]
        now = desk_world.NOW
        with database.session() as session:
            found = [
                people.find(session, name) or people.add(session, name, "reviewer", by=None, now=now) for name in names
            ]
            for account in found:
                people.set_password(session, account, PASSWORD, by=None, now=now)
            ids = [str(account.id) for account in found]
        if not desk_world.is_built(cluster.superuser_dsn("kzmonitor")):
            began = time.perf_counter()
            took = desk_world.build(database, cluster.superuser_dsn("kzmonitor"), articles, ids)
            slowest = sorted(took.items(), key=lambda step: -step[1])[:5]
            told = ", ".join(f"{name} {seconds:.0f}" for name, seconds in slowest)
            print(f"built {articles:,} articles in {time.perf_counter() - began:.0f} s ({told})", flush=True)
    return names


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the review app on this data, in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KZMONITOR_")}
    command = [sys.executable, "-m", "kzmonitor", "review", "--port", str(port)]
    with subprocess.Popen(
        command, env=environment | {"KZMONITOR_DATA": str(folder)}, stdout=subprocess.DEVNULL
    ) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            until = time.monotonic() + 60
            while not _answers(address):
                if server.poll() is not None or time.monotonic() > until:
                    sys.exit("the review app does not start")
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()


def wait_for_figures(cluster: embedded.Cluster) -> None:
    """Until the app has counted what the overview shows, which it begins when it starts; how long that took."""
    wanted = [f"{kind}:{weeks}" for kind in ("missed", "shares") for weeks in SPANS]
    wanted += [f"overview:{weeks}::" for weeks in SPANS]
    began = time.monotonic()
    with psycopg.connect(cluster.superuser_dsn("kzmonitor"), autocommit=True) as connection:
        counted = "select count(*) from figure where name = any(%s) and made_at > now() - interval '12 hours'"
        while connection.execute(counted, [wanted]).fetchone() != (len(wanted),):
            if time.monotonic() - began > FIGURES_S:
                sys.exit("the figures of the overview are not counted")
            time.sleep(0.5)
    print(f"figures of the overview were counted after {time.monotonic() - began:.0f} s", flush=True)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def measure(address: str, reviewers: Sequence[str], seconds: float, keys: int, articles: int) -> list[Figure]:
    """Print all tables; the figures of them that are kept."""
    times = from_key_to_next(address, reviewers[0], keys)
    print(f"\nfrom a key to the next alert on the screen, {len(times)} keys, ms")
    print(row("", times))
    figures = [Figure(BENCH, f"from a key to the next alert, {articles:,} articles", OURS, "ms", times, "less")]
    for thinking, told in ((1.0, "who think a second between requests"), (0.0, "who never pause")):
        long = seconds if thinking else seconds / 3
        found = asyncio.run(at_once(address, reviewers, long, thinking))
        requests = sum(map(len, found.ms.values()))
        print(f"\n{len(reviewers)} reviewers at once {told}: {requests} answers in {long:.0f} s "
              f"({requests / long:.1f} a second), {found.refused} decided by another first, ms")  # fmt: skip
        print(f"{'':<32}{'n':>6}{'p50':>8}{'p95':>8}{'p99':>8}{'most':>8}")
        for name, ms in sorted(found.ms.items()):
            print(row(name, ms))
        print(row("all", [one for ms in found.ms.values() for one in ms]))
        for answer, number in found.wrong.most_common():
            print(f"WRONG: {answer}: {number} times")
        every = sorted(one for ms in found.ms.values() for one in ms)
        name = f"{len(reviewers)} reviewers {told}, {articles:,} articles"
        figures += [
            Figure(BENCH, f"answers, {name}", OURS, "a second", [requests / long]),
            Figure(BENCH, f"an answer, p95, {name}", OURS, "ms", [every[int(len(every) * 0.95)]], "less"),
            Figure(BENCH, f"an answer, median, {name}", OURS, "ms", every, "less"),
        ]
    return figures


def row(name: str, ms: Sequence[float]) -> str:
    """A line of a table: how many, and percentiles."""
    if not ms:
        return f"{name:<32}{0:>6}"
    ordered = sorted(ms)
    parts = [median(ordered), *(ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.95, 0.99))]
    return f"{name:<32}{len(ms):>6}" + "".join(f"{part:>8.0f}" for part in (*parts, ordered[-1]))


def from_key_to_next(address: str, reviewer: str, keys: int) -> list[float]:
    """Milliseconds for each of so many decisions by key, in Debian's browser."""
    path = shutil.which("chromium") or sys.exit("no chromium; get it with: apt-get install chromium")
    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(PAINTED)
        page.goto(f"{address}/login")
        page.locator("input[name=pseudonym]").fill(reviewer)
        page.locator("input[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator(".row-title").first.click()
        page.locator("#decide").wait_for()
        for number in range(keys):
            page.keyboard.press("c" if number % 3 else "s")
            page.wait_for_function("() => sessionStorage.shown", polling=20)
            times.append(page.evaluate("sessionStorage.shown - sessionStorage.pressed"))
        browser.close()
    return times


async def at_once(address: str, reviewers: Sequence[str], seconds: float, thinking: float) -> Measured:
    """Let all reviewers work for so long; what each request took, redirects and all."""
    found = Measured()
    # Logins are slow on purpose; the clock starts when all are in.
    inside = asyncio.Barrier(len(reviewers))
    async with asyncio.TaskGroup() as group:
        for number, reviewer in enumerate(reviewers):
            group.create_task(_review(address, reviewer, number, inside, seconds, thinking, found))
    return found


async def _review(
    address: str, name: str, number: int, inside: asyncio.Barrier, seconds: float, thinking: float, found: Measured
) -> None:
    chance = Random(number)
    async with httpx.AsyncClient(base_url=address, follow_redirects=True, timeout=TIMEOUT_S) as client:
        await client.post("/login", data={"pseudonym": name, "password": PASSWORD})
        await inside.wait()
        until = time.monotonic() + seconds

        async def timed(kind: str, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
            began = time.perf_counter()
            try:
                response = await ask()
            except httpx.TimeoutException:
                found.wrong[f"{kind} no answer within {TIMEOUT_S} s"] += 1
                response = httpx.Response(504, text="<html></html>")
            found.ms[kind].append((time.perf_counter() - began) * 1000)
            found.refused += response.status_code == 409
            if response.status_code not in (200, 409, 504):
                found.wrong[f"{kind} {response.status_code}"] += 1
            await asyncio.sleep(chance.uniform(0.5, 1.5) * thinking)
            return response

        # Each begins on another page of the list, as people who share the work do.
        shown = await client.get(f"/?page={number % 10 + 1}")
        while time.monotonic() < until:
            page = lxml.html.document_fromstring(shown.text)
            forms = page.cssselect("form#decide")
            if not forms:
                lines = [link.get("href") for link in page.cssselect("a.row-title")]
                if not lines:
                    shown = await timed("/", lambda: client.get("/"))
                    continue
                shown = await timed("/alerts/...", lambda to=chance.choice(lines): client.get(to))
            elif chance.random() < 0.65:
                fields = dict(forms[0].form_values())
                fields["label"] = [value for key, value in forms[0].form_values() if key == "label"]
                fields["decision"] = chance.choice(["confirm", "reject", "reject", "unsure"])
                to = forms[0].get("action")
                shown = await timed("decide, and the next", lambda to=to, sent=fields: client.post(to, data=sent))
                if shown.status_code == 409:
                    shown = await client.get(f"/?page={number % 10 + 1}")
            else:
                to = chance.choices(list(ELSEWHERE), list(ELSEWHERE.values()))[0]
                other = await timed(to, lambda to=to: client.get(to))
                if copies := lxml.html.document_fromstring(other.text).cssselect("a[href^='/captures/']"):
                    await timed("/captures/...", lambda to=copies[0].get("href"): client.get(to))
                shown = other if chance.random() < 0.3 else shown


if __name__ == "__main__":
    main()
