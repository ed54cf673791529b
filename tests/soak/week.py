"""The accelerated week: 720 rounds of 14 sources, a crawl process each, against outlets that fail, edit and withdraw.

    python -m tests.soak.week --out FOLDER [--rounds 720] [--seed 1] [--model FILE]

The newsroom is served here, over HTTP on this machine; the product runs in a process of its own that lives as long as
the run does (worker.py), and starts a crawl a round (runner.py). Each round is told a moment 14 minutes after that of
the round before; the seconds that it then takes are seconds of the virtual clock, too. The virtual week lies in the
past of the machine's clock. Writes FOLDER/week.json; `python -m tests.soak.page` makes the page and the pictures of it.
"""

import argparse
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from kzmonitor.config import Settings
from kzmonitor.files import write_whole
from kzmonitor.newsroom import Fault, Newsroom, Outlet
from kzmonitor.store import Database, embedded, engine
from tests.soak import findings
from tests.soak.elsewhere import unsigned
from tests.soak.mailbox import mailbox
from tests.soak.plan import BAD_CERTIFICATE, LAYOUT, NO_NAME, WEEK_ROUNDS, Change, Item, Outage, Plan, planned
from tests.soak.product import Worker
from tests.soak.stage import DESK, declare_one, declared, layout_of, nameless, outlets_of, prepared

ALMATY = ZoneInfo("Asia/Almaty")
DAILY = {
    "canary": time_of_day(2, 30),
    "months": time_of_day(0, 10),
    "unusual": time_of_day(0, 10),
    "digest": time_of_day(8),
}
EVERY_ROUNDS = {"notices": 4, "metrics": 4}
TROUBLES = {
    "error": Fault(status=500, times=3),
    "reset": Fault(reset_at=0.0, times=3),
    "drip": Fault(drip_s=0.005, drip_bytes=4000, times=1),
}
ADDED = {
    "ru": "Позже редакция дополнила сообщение: адвокат обжаловал решение, заседание назначили на понедельник.",
    "kk": "Кейін редакция хабарды толықтырды: адвокат шешімге шағымданды, отырыс дүйсенбіге белгіленді.",
    "en": "The newsroom added later that the lawyer had appealed, and that a hearing was set for Monday.",
}
SET_CLOCK = text("insert into soak.clock values (:now, clock_timestamp())")
PREDICTED = text(
    """
    select entry.url, max(prediction.created_at)
    from prediction
    join revision on revision.id = prediction.revision
    join article on article.id = revision.article
    join entry on entry.canonical_url = article.canonical_url
    where prediction.created_at > :since
    group by entry.url
    """
)


class Week:
    """A plan being played. addresses: of each item that was published, by its record's id."""

    def __init__(
        self, plan: Plan, newsroom: Newsroom, worker: Worker, database: Database, folder: Path, bad_port: int
    ) -> None:
        self.plan, self.newsroom, self.worker, self.database = plan, newsroom, worker, database
        self.home, self.declarations, self.bad_port = folder / "data", folder / "declarations", bad_port
        self.addresses: dict[str, str] = {}
        self.rounds: list[dict[str, Any]] = []
        self._items = [one for one in plan.items if one.at > plan.start]
        self._changes = list(plan.changes)
        self._outages = list(plan.outages)
        self._under_way: list[Outage] = []
        self._since = datetime(2000, 1, 1, tzinfo=UTC)
        for one in plan.items:
            if one.at <= plan.start:
                self._published(one)

    def round(self, number: int) -> dict[str, Any]:
        """Play and measure one round."""
        now = self.plan.at(number)
        self._play(now)
        self.newsroom.requests.clear()
        with self.database.session() as session:
            session.execute(text("delete from soak.clock"))
            session.execute(SET_CLOCK, {"now": now})
        began = time.monotonic()
        with self._disturbed(number) as disturbed:
            answer = self.worker.ask(now, self._works(number))
        peak = self.home / "peak"
        row = {
            "round": number, "now": now.isoformat(), "took_s": round(time.monotonic() - began, 2),
            "requests": len(self.newsroom.requests), "disturbed": disturbed, "answer": answer,
            "crawl_peak": int(peak.read_text()) if peak.exists() else None,
            **self.worker.measured(), **self._stored(),
        }  # fmt: skip
        peak.unlink(missing_ok=True)
        self.rounds.append(row)
        return row

    def _works(self, number: int) -> list[str]:
        now, before = self.plan.at(number), self.plan.at(number - 1)
        every = EVERY_ROUNDS | {"watch": 8 if self.plan.full else 5}
        due = [work for work, rounds in every.items() if number % rounds == rounds - 1]
        for work, hour in DAILY.items():
            moment = datetime.combine(now.astimezone(ALMATY).date(), hour, ALMATY)
            if before < moment <= now:
                due.append(work)
        return ["collect", "understand", "standings", *sorted(due)]

    def _play(self, now: datetime) -> None:
        """Do all that happens until this moment, in its order."""
        while self._items and self._items[0].at <= now:
            one = self._items.pop(0)
            self.newsroom.outlets[one.slug].publish(one.record, now=one.at)
            self._published(one)
        while self._changes and self._changes[0].at <= now:
            self._change(self._changes.pop(0))
        for outage in [one for one in self._under_way if one.end <= now]:
            self._under_way.remove(outage)
            self._end(outage)
        for outage in [one for one in self._outages if one.start <= now]:
            self._outages.remove(outage)
            self._under_way.append(outage)
            self._begin(outage)

    def _published(self, item: Item) -> None:
        outlet = self.newsroom.outlets[item.slug]
        self.addresses[item.record.id] = outlet.address(item.record.id)
        if item.trouble == "gone":
            outlet.block(item.record.id, 404)
        elif item.trouble:
            path = self.addresses[item.record.id].removeprefix(outlet.base_url)
            outlet.fault(path, TROUBLES[item.trouble])

    def _change(self, change: Change) -> None:
        outlet = self.newsroom.outlets[change.slug]
        if change.what == "vanish":
            outlet.delete(change.id, now=change.at)
            return
        record = next(one.record for one in self.plan.items if one.record.id == change.id)
        outlet.edit(change.id, f"{record.text}\n{ADDED[record.lang]}", now=change.at)

    def _begin(self, outage: Outage) -> None:
        outlet, fault = self.newsroom.outlets[outage.slug], outage.kind.fault
        if outage.kind.path == LAYOUT:
            self._dress(outlet, "wordpress" if outlet.layout.name == "plain" else "plain")
        elif fault == NO_NAME:
            self._declare(outage.slug, nameless(outage.slug))
            outlet.fault(outage.kind.path, Fault(redirect=f"http://{nameless(outage.slug)}/feed/"))
        elif fault == BAD_CERTIFICATE:
            outlet.fault(outage.kind.path, Fault(redirect=f"https://127.0.0.1:{self.bad_port}/feed/"))
        else:
            assert isinstance(fault, Fault)
            outlet.fault(outage.kind.path, fault)

    def _end(self, outage: Outage) -> None:
        outlet = self.newsroom.outlets[outage.slug]
        if outage.kind.path == LAYOUT:
            self._dress(outlet, layout_of(self.plan.slugs.index(outage.slug)))
        else:
            outlet.heal(outage.kind.path)
        if outage.kind.fault == NO_NAME:
            self._declare(outage.slug)

    def _declare(self, slug: str, *more: str) -> None:
        declare_one(self.declarations / f"{slug}.yml", self.bad_port, *more)

    @staticmethod
    def _dress(outlet: Outlet, name: str) -> None:
        """Show the pages of an outlet in another layout from now on, under the addresses that they have."""
        with outlet.lock:
            outlet.layout = replace(outlet.layout, name=name)
            outlet.version += 1

    @contextmanager
    def _disturbed(self, number: int) -> Iterator[dict[str, Any]]:
        """What is done to this round once it has asked so much: its crawl killed, or PostgreSQL restarted."""
        done: dict[str, Any] = {}
        restart, after = self.plan.restart
        wanted = after if number == restart else self.plan.kills.get(number)
        over = threading.Event()

        def wait() -> None:
            while not over.wait(0.005):
                if len(self.newsroom.requests) < (wanted or 0):
                    continue
                if number == restart:
                    done["restarted"] = len(self.newsroom.requests)
                    embedded.stop(self.home)
                    with embedded.running(self.home):
                        return
                for crawl in self.worker.crawls():
                    crawl.kill()
                    done["killed"] = len(self.newsroom.requests)
                    return

        thread = threading.Thread(target=wait)
        if wanted:
            thread.start()
        try:
            yield done
        finally:
            over.set()
            if wanted:
                thread.join()

    def _stored(self) -> dict[str, Any]:
        """What the database holds now, and which addresses got a prediction since the round before."""
        with self.database.session() as session:
            rows = session.execute(PREDICTED, {"since": self._since}).all()
            size = session.scalar(text("select pg_database_size(current_database())"))
            sessions = session.scalar(
                text(
                    "select count(*) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                    " and backend_type = 'client backend'"
                )
            )
        self._since = max((row[1] for row in rows), default=self._since)
        return {"predicted": [row[0] for row in rows], "database": size, "sessions": sessions}


def run(plan: Plan, folder: Path, model: bytes | None = None, *, tell: bool = False) -> dict[str, Any]:
    """Play a plan from its start to its end; the measurements and what was found. Everything lies in `folder`."""
    home = folder / "data"
    began = time.monotonic()
    with ExitStack() as open_things:
        bad_port = open_things.enter_context(unsigned())
        box, smtp_port = open_things.enter_context(mailbox())
        newsroom = open_things.enter_context(Newsroom(outlets_of(plan)))
        cluster = open_things.enter_context(embedded.running(home))
        database = open_things.enter_context(engine.connected(cluster.url()))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KZMONITOR_")},
            "KZMONITOR_DATA": str(home), "KZMONITOR_ALLOW_LOOPBACK": "1", "KZMONITOR_ENV_FILE": "/dev/null",
            "KZMONITOR_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}", "KZMONITOR_MAIL_FROM": "monitor@example.org",
            "SOAK_PEAK": str(home / "peak"),
        }  # fmt: skip
        settings = Settings(_env_file=None, data=home, smtp_url=environment["KZMONITOR_SMTP_URL"], mail_from=DESK)  # type: ignore[call-arg, arg-type]
        prepared(database, plan, model, settings)
        worker = Worker(declared(newsroom, folder / "declarations", bad_port), environment, folder / "worker.log")
        open_things.callback(worker.close)
        week = Week(plan, newsroom, worker, database, folder, bad_port)
        for number in range(plan.rounds):
            row = week.round(number)
            if tell and (number % 10 == 9 or "errors" in row["answer"]):
                print(told(row, time.monotonic() - began), flush=True)
            if number % 20 == 19:
                write_whole(folder / "rounds.json", json.dumps(week.rounds).encode())
        result = {
            "plan": {"seed": plan.seed, "start": plan.start.isoformat(), "rounds": plan.rounds},
            "took_s": round(time.monotonic() - began),
            "rounds": week.rounds,
            "findings": findings.all_of(plan, week.rounds, week.addresses, database, box.messages),
        }
    # As root the data of the database lie outside the folder.
    shutil.rmtree(cluster.server_home, ignore_errors=True)
    return result


def told(row: dict[str, Any], passed_s: float) -> str:
    """A round in one line."""
    standing = " ".join(f"{slug}:{state}" for slug, state in row["answer"].get("standings", {}).items())
    return (
        f"round {row['round'] + 1}, {passed_s:.0f} s: {row['took_s']} s, {row['uss'] / 2**20:.0f} MiB, "
        f"{row['files']} files, {row['sessions']} sessions; {standing} {row['answer'].get('errors', '')}"
    )


def start_of(rounds: int, today: datetime) -> datetime:
    """A midnight in Almaty that lies far enough back; a short run begins at three in the morning, so that it sees a
    day of UTC end and a digest go out."""
    day = (today - timedelta(days=9)).astimezone(ALMATY).date()
    return datetime.combine(day, time_of_day(0 if rounds >= WEEK_ROUNDS else 3), ALMATY).astimezone(UTC)


def main() -> None:
    """Run as asked and write the result."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--rounds", type=int, default=WEEK_ROUNDS)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--model", type=Path, help="a trained one; without it, the baseline is trained first")
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    plan = planned(given.seed, given.rounds, start_of(given.rounds, datetime.now(UTC)))
    result = run(plan, given.out.absolute(), given.model.read_bytes() if given.model else None, tell=True)
    write_whole(given.out / "week.json", json.dumps(result, ensure_ascii=False).encode())
    problems = findings.problems(result)
    for line in problems or ["everything as it must be"]:
        print(line)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
