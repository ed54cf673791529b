"""The morning's digest for many subscribers, beside a plain loop.

    python -m bench.digesting [--subscribers 1000] [--alerts 60] [--runs 5] [--out FILE.json]

Both send to a mail server on loopback that is a process of its own. Ours makes a row for each subscriber, chooses what
each is told (labels, regions and languages differ), renders, and writes each row's state down before and after its
message is handed over, so that a killed sender loses and doubles nothing. The peer has the alerts in memory: it renders
one Jinja template for each subscriber and hands the message to smtplib over one connection, and remembers nothing."""

import argparse
import asyncio
import smtplib
import socket
import sys
import tempfile
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session
from jinja2 import Environment
from sqlalchemy import delete

from bench import costs, desk_world, surroundings
from bench.figures import OURS, Figure, Report
from kzmonitor import config
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.digest import outbox, sending
from kzmonitor.digest.period import last_end
from kzmonitor.sources import registry as sources
from kzmonitor.store import Database, embedded
from kzmonitor.store.tables import Delivery, DeliveryItem, Subscriber, new_id

BENCH = "digest"
LANGUAGES = ("ru", "kk", "en")
HOUR = 8
ALERTS_A_DAY = 60
# Of the articles of bench/desk_world.py one in so many opens an alert.
ONE_IN = 10
WEEKS = 3
PEER = "smtplib and Jinja, no outbox"
TEMPLATE = """<html><body><h1>{{ day }}</h1>{% for one in alerts %}
<h2>{{ one.title }}</h2><p>{{ one.text }}</p>
<p>{{ one.labels | join(", ") }} — <a href="{{ one.url }}">{{ one.url }}</a></p>
{% endfor %}</body></html>"""


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--subscribers", type=int, default=1000)
    arguments.add_argument("--alerts", type=int, default=ALERTS_A_DAY, help="alerts of the day")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--serve", nargs=2, metavar=("PORT", "FILE"), help="be the mail server")
    given = arguments.parse_args()
    if given.serve:
        serve(int(given.serve[0]), Path(given.serve[1]))
        return
    figures = measured(given.subscribers, given.alerts, given.runs)
    for one in figures:
        print(f"{one.name} ({one.tool}): {one.value:.4g} {one.unit}", flush=True)
    if given.out:
        Report(figures=figures).write(given.out)


def measured(subscribers: int, alerts: int, runs: int) -> list[Figure]:
    """Messages a second of both, and what each costs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mail = {"KZMONITOR_SMTP_URL": f"smtp://127.0.0.1:{port}", "KZMONITOR_MAIL_FROM": "desk@example.org"}
    with tempfile.TemporaryDirectory() as name, surroundings.database(**mail) as database:
        ready = Path(name) / "ready"
        end = _world(database, subscribers, alerts)
        with surroundings.child("bench.digesting", "--serve", str(port), str(ready), ready=ready):
            own = [ours(database, end, subscribers) for _run in range(runs)]
            peak = costs.peak_mib()
            plain = [peer(port, subscribers, alerts) for _run in range(runs)]
    rate, spent = "messages", "CPU of a message"
    return [
        Figure(BENCH, rate, OURS, "a second", [subscribers / one.wall_s for one in own], peak_mib=peak),
        Figure(BENCH, rate, PEER, "a second", [subscribers / one.wall_s for one in plain]),
        Figure(BENCH, spent, OURS, "ms", [one.all_cpu_s * 1000 / subscribers for one in own], "less"),
        Figure(BENCH, spent, PEER, "ms", [one.all_cpu_s * 1000 / subscribers for one in plain], "less"),
        Figure(BENCH, f"whole digest, {subscribers:,} subscribers", OURS, "s", [one.wall_s for one in own], "less"),
    ]


def _world(database: Database, subscribers: int, alerts: int) -> datetime:
    """Some weeks with so many alerts a day, and those who want to hear of them; the end of the last period."""
    desk_world.DAYS = WEEKS * 7  # it writes two years unless told otherwise
    cluster = embedded.Cluster(config.settings().data)
    desk_world.build(database, cluster.superuser_dsn("kzmonitor"), ONE_IN * alerts * desk_world.DAYS, [])
    end = last_end(desk_world.NOW, HOUR, None)
    subscribe(database, subscribers, end)
    return end


def ours(database: Database, end: datetime, subscribers: int) -> costs.Cost:
    """The way of the product, once; what it noted is removed afterwards."""
    declared, taxonomy = sources.load().sources, read_taxonomy(models_folder() / "taxonomy.yaml")
    with costs.measured(config.settings().data) as cost:
        made = outbox.fill(database, end)
        task = sending.Task(end + timedelta(minutes=1), end=end)
        states = sending.send_waiting(database, declared, taxonomy, config.settings(), task)
    if (made, states["sent"]) != (subscribers, subscribers):
        sys.exit(f"of {subscribers} subscribers {made} got a row; states: {dict(states)}")
    with database.session() as session:
        session.execute(delete(DeliveryItem))
        session.execute(delete(Delivery))
    return cost


def subscribe(database: Database, number: int, end: datetime) -> None:
    """So many daily subscribers of different wishes, long before `end`."""
    with database.session() as session:
        for place in range(number):
            session.add(
                Subscriber(
                    id=new_id(), address=f"reader-{place}@example.org", channel="mail", mode="daily",
                    language=LANGUAGES[place % 3], labels=[desk_world.LABELS[place % 9]] if place % 3 == 0 else [],
                    regions=[f"KZ-{desk_world.REGIONS[place % 20]}"] if place % 5 == 0 else [], hour=HOUR,
                    state="active", min_severity=1 + place % 2, created_at=end - timedelta(days=30),
                )
            )  # fmt: skip


def peer(port: int, subscribers: int, alerts: int) -> costs.Cost:
    """The plain loop."""
    told = [
        {"title": title, "text": text[:300], "labels": ["detention"], "url": f"https://desk.example/alerts/{number}"}
        for number, (_language, title, text, _search) in enumerate(desk_world.bodies(alerts, 1))
    ]
    with costs.measured() as cost:
        template = Environment(autoescape=True).from_string(TEMPLATE)
        with smtplib.SMTP("127.0.0.1", port) as server:
            for place in range(subscribers):
                message = EmailMessage()
                message["From"], message["To"] = "desk@example.org", f"reader-{place}@example.org"
                message["Subject"] = "Digest"
                message.set_content("See the HTML part.")
                chosen = told if place % 3 else told[place % 9 :: 9]
                message.add_alternative(template.render(day=desk_world.NOW, alerts=chosen), subtype="html")
                server.send_message(message)
    return cost


class _Postmaster:
    """Accepts everything and keeps nothing."""

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        return "250 OK"


def serve(port: int, ready: Path) -> None:
    """A mail server, until SIGTERM."""
    loop = asyncio.new_event_loop()
    controller = UnthreadedController(_Postmaster(), hostname="127.0.0.1", port=port, loop=loop)
    controller.begin()
    ready.touch()
    loop.run_forever()


if __name__ == "__main__":
    main()
